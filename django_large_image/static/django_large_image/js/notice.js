/** The message over a viewer when something is wrong. */

export class Notice {
  constructor(parts, retry) {
    this.parts = parts;
    parts.retry?.addEventListener('click', retry);
  }

  show(text) {
    const { notice, 'notice-text': line } = this.parts;
    if (!notice) return;
    (line ?? notice).textContent = text;
    notice.hidden = false;
  }

  hide() {
    if (this.parts.notice) this.parts.notice.hidden = true;
  }
}
