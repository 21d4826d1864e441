/** The panel of one viewer: reads and shows the style, tells the viewer when it changes. */

import { copyUrl } from './clipboard.js';
import { groups, paint } from './palettes.js';
import { option, optionGroups, partsOf } from './parts.js';
import { RangeControl } from './range_control.js';
import { INITIAL, bandsOf } from './style.js';

const BINS = 64;
const DELAY = 150;

export class Controls {
  /** `image` is what `image.js` loads; `changed(style)` follows the reader's hand, a moment later. */
  constructor(section, image, changed) {
    this.parts = partsOf(section);
    this.image = image;
    this.changed = changed;
    this.initial = { ...INITIAL, composite: image.composite };
    this.style = this.initial;
    this.range = new RangeControl(this.parts, (part) => this.#ranged(part));
    this.#fill();
    this.#listen();
    this.#show();
  }

  #fill() {
    const { mode, palette, frame } = this.parts;
    const composite = mode?.querySelector('[value="composite"]');
    if (composite) composite.hidden = composite.disabled = this.image.bands.length < 2;
    for (const { index, label } of this.image.bands) {
      mode?.append(option(index, label));
      for (const channel of ['red', 'green', 'blue']) {
        this.parts[channel]?.append(option(index, String(index)));
      }
    }
    palette?.append(...optionGroups(groups(this.image.colormaps)));
    if (frame) frame.max = this.image.frames - 1;
    if (this.parts['frame-field']) this.parts['frame-field'].hidden = this.image.frames < 2;
  }

  #listen() {
    const { parts } = this;
    const on = (name, event, handler) => parts[name]?.addEventListener(event, handler);
    on('mode', 'change', () => this.set({ mode: parts.mode.value, ...this.#unranged() }));
    ['red', 'green', 'blue'].forEach((channel, index) => {
      on(channel, 'change', () => {
        const composite = [...this.style.composite];
        composite[index] = Number(parts[channel].value);
        this.set({ composite });
      });
    });
    on('palette', 'change', () => this.set({ palette: parts.palette.value, ...this.#single() }));
    on('reverse', 'change', () => this.set({ reverse: parts.reverse.checked, ...this.#single() }));
    on('opacity', 'input', () => this.set({ opacity: Number(parts.opacity.value) / 100 }));
    on('frame', 'input', () => this.set({ frame: Number(parts.frame.value) }));
    on('reset', 'click', () => this.set(this.initial));
    on('copy', 'click', () => this.#copy());
    on('toggle', 'click', () => this.#toggle());
    // Inside a form (the admin's) Enter would submit the form.
    on('panel', 'keydown', (event) => {
      if (event.key !== 'Enter' || event.target.tagName !== 'INPUT') return;
      event.preventDefault();
      event.target.dispatchEvent(new Event('change'));
    });
  }

  /** Change a part of the style, show it, and tell the viewer. */
  set(part) {
    this.style = Object.freeze({ ...this.style, ...part });
    this.#show();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.changed(this.style), DELAY);
  }

  /** A palette needs one band: the first, unless one is chosen. */
  #single() {
    const single = /^\d+$/.test(this.style.mode);
    return single ? {} : { mode: String(this.image.bands[0]?.index ?? 1) };
  }

  /** Numbers of one band mean nothing for another. */
  #unranged() {
    return this.style.range === 'manual' ? { range: 'auto', min: null, max: null } : {};
  }

  #ranged(part) {
    const stored = this.style.mode === 'stored';
    const mode = this.image.bands.length > 2 ? 'composite' : this.#single().mode;
    this.set({ ...part, ...(stored ? { mode } : {}) });
  }

  #show() {
    const { parts, style } = this;
    const value = (name, text) => parts[name] && (parts[name].value = text);
    value('mode', style.mode);
    ['red', 'green', 'blue'].forEach((channel, index) => value(channel, style.composite[index]));
    value('palette', style.palette);
    value('opacity', Math.round(style.opacity * 100));
    value('opacity-value', `${Math.round(style.opacity * 100)} %`);
    value('frame', style.frame);
    value('frame-value', `${style.frame + 1} / ${this.image.frames}`);
    if (parts.reverse) {
      parts.reverse.checked = style.reverse;
      parts.reverse.disabled = !style.palette;
    }
    if (parts.composite) parts.composite.hidden = style.mode !== 'composite';
    if (parts['palette-field']) parts['palette-field'].hidden = style.mode === 'composite';
    if (parts.swatch) paint(parts.swatch, this.image.assets.palettes, style.palette, style.reverse);
    this.range.show(style);
    this.#histogram();
  }

  /** Ask for the histogram of the bands in use, once per choice of bands and frame. */
  async #histogram() {
    const chosen = bandsOf(this.style);
    const bands = chosen.length ? chosen : this.image.bands.length > 2 ? this.image.composite : [1];
    const frame = this.image.frames > 1 ? { frame: this.style.frame } : {};
    const key = JSON.stringify([bands, frame]);
    if (key === this.drawn || !this.parts.histogram) return;
    this.drawn = key;
    const answers = await Promise.all(
      bands.map((band) => this.image.api.histogram({ band, bins: BINS, ...frame }).catch(() => [])),
    );
    if (key !== this.drawn) return;
    // A server that ignores `band` answers with all of them.
    const found = answers.map((list, index) => list[list.length > 1 ? bands[index] - 1 : 0]);
    const accent = getComputedStyle(this.parts.histogram).color;
    const colors = bands.length > 1 ? ['#e5484d', '#30a46c', '#3e8bff'] : [accent];
    this.range.draw(found.filter(Boolean), colors);
    this.range.show(this.style);
  }

  #toggle() {
    const open = this.parts.toggle.getAttribute('aria-expanded') !== 'true';
    this.parts.toggle.setAttribute('aria-expanded', String(open));
    if (this.parts.body) this.parts.body.hidden = !open;
  }

  /** Start folded where the panel would cover the picture. */
  fold() {
    if (this.parts.toggle?.getAttribute('aria-expanded') === 'true') this.#toggle();
  }

  async #copy() {
    this.say(await copyUrl(this.image.tileUrl(this.style), this.parts.readout?.dataset.copied));
  }

  /** Show a line at the foot of the panel. */
  say(text) {
    if (this.parts.readout) this.parts.readout.textContent = text;
  }
}
