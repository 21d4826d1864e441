/** The picture of a log from one depth to another: loaded as it is moved, by hand, wheel and keyboard. */

import { explainTile } from './api.js';
import { Axis, digitsOf } from './depth_axis.js';
import { Rows } from './depth_rows.js';

const DELAY = 80;
const STEP = 1.5;
const MAX_HEIGHT = 2048;
const LEAST_ROWS = 4;

/** Load a picture. Raises an error with the server's words. */
async function load(url) {
  const picture = new Image();
  picture.src = url;
  try {
    await picture.decode();
  } catch {
    throw new Error((await explainTile(url)) ?? 'The picture cannot be shown.');
  }
  return picture;
}

export class DepthView {
  /** `on` has the callbacks `moved(from, to)`, `clicked(column, row, depth)` and `failed(text)`. */
  constructor(parts, api, on) {
    this.parts = parts;
    this.api = api;
    this.on = on;
    const { depth_min: least, depth_max: most, step } = api.image;
    [this.least, this.most] = [least, most];
    [this.from, this.to] = [least, most];
    // Of depths that are chosen; rows are told apart by fewer.
    this.digits = digitsOf(step / 10);
    this.readable = digitsOf(step);
    this.narrowest = Math.min(LEAST_ROWS * step, most - least);
    this.axis = new Axis(parts.axis);
    this.pointers = new Map();
    this.#listen();
  }

  #listen() {
    const { frame, strip, stage } = this.parts;
    frame.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.#zoomAt(STEP ** (-event.deltaY / 200), this.#y(event));
    }, { passive: false });
    frame.addEventListener('pointerdown', (event) => this.#down(event));
    frame.addEventListener('pointermove', (event) => this.#move(event));
    for (const name of ['pointerup', 'pointercancel']) {
      frame.addEventListener(name, (event) => this.#up(event));
    }
    // A finger leaves as soon as it has pointed.
    frame.addEventListener('pointerleave', ({ pointerType }) => pointerType !== 'touch' && this.#point(null));
    frame.addEventListener('keydown', (event) => this.#key(event));
    strip.addEventListener('pointerdown', (event) => this.#jump(event));
    strip.addEventListener('pointermove', (event) => event.buttons && this.#jump(event));
    new ResizeObserver(() => this.rows && (this.#follow(), this.#later())).observe(stage);
  }

  /** Show the log in the colours of a query, at the depths where it is. */
  async show(look) {
    this.look = look;
    await Promise.all([this.#load(), this.#loadWhole()]);
  }

  /** Go to other depths, as far as there are such. */
  go(from, to) {
    const span = Math.min(Math.max(to - from, this.narrowest), this.most - this.least);
    this.from = Math.min(Math.max(from, this.least), this.most - span);
    // Not by a sum: the last row lies on the end exactly.
    this.to = this.from + span >= this.most ? this.most : this.from + span;
    this.on.moved(this.from, this.to);
    this.#follow();
    this.#later();
  }

  whole() {
    this.go(this.least, this.most);
  }

  get query() {
    // The ends of the image are those of the server, whatever the digits.
    const from = this.from > this.least ? this.from : null;
    const to = this.to < this.most ? this.to : null;
    return { depth_min: from, depth_max: to };
  }

  get #height() {
    return this.parts.frame.clientHeight;
  }

  #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#load(), DELAY);
  }

  #rowsWanted() {
    return Math.min(Math.max(1, Math.round(this.#height * window.devicePixelRatio)), MAX_HEIGHT);
  }

  /** Load rows and picture of the depths asked for, and show both at once. */
  async #load() {
    const asked = (this.asked = {});
    const section = this.parts.stage.parentElement;
    const query = { ...this.query, height: this.#rowsWanted() };
    section.dataset.busy = 'true';
    try {
      const url = this.api.frame({ ...query, ...this.look });
      const [rows, picture] = await Promise.all([this.api.depths(query), load(url)]);
      if (asked !== this.asked) return;
      this.rows = new Rows(rows);
      this.url = url;
      this.parts.picture.src = picture.src;
      this.parts.picture.classList.toggle('li-sharp', this.rows.count < this.#height);
      this.#follow();
    } catch (error) {
      if (asked === this.asked) this.on.failed(error.message);
    } finally {
      if (asked === this.asked) delete section.dataset.busy;
    }
  }

  async #loadWhole() {
    const look = this.look;
    try {
      const [rows, picture] = await Promise.all([
        this.all ?? this.api.depths({ height: MAX_HEIGHT / 4 }),
        load(this.api.frame({ height: MAX_HEIGHT / 4, ...look })),
      ]);
      if (look !== this.look) return;
      this.all = rows;
      this.allRows = new Rows(rows);
      this.parts.whole.src = picture.src;
      this.#follow();
    } catch {
      // The frame itself says what is wrong.
    }
  }

  /** Move what is there to where it belongs until the rest comes. */
  #follow() {
    if (this.allRows) {
      const [top, bottom] = [this.from, this.to].map((depth) => this.allRows.place(depth));
      const { part } = this.parts;
      part.style.top = `${Math.min(Math.max(top, 0), 1) * 100}%`;
      part.style.bottom = `${(1 - Math.min(Math.max(bottom, 0), 1)) * 100}%`;
    }
    if (!this.rows) return;
    const { start, scale } = this.#projection();
    this.parts.picture.style.transform = `translateY(${-start * scale}px) scaleY(${scale / this.#height})`;
    this.axis.draw(this.from, this.to, (depth) => (this.rows.place(depth) - start) * scale);
    if (this.pointed !== undefined) this.#point(this.pointed);
  }

  /** Where the picture lies: its place at the upper edge, and pixels for all of it. */
  #projection() {
    const { rows } = this;
    // Half a row beyond the first and the last depth: rows are shown in full.
    const half = 0.5 / rows.count;
    let [start, end] = [rows.place(this.from), rows.place(this.to)];
    if (Math.abs(start - half) <= 2 * half) start = 0;
    if (Math.abs(1 - half - end) <= 2 * half) end = 1;
    return { start, scale: this.#height / Math.max(end - start, half) };
  }

  #y(event) {
    return event.clientY - this.parts.frame.getBoundingClientRect().top;
  }

  #place(y) {
    const { start, scale } = this.#projection();
    return start + y / scale;
  }

  #depth(y) {
    return this.rows.depth(this.#place(y));
  }

  #zoomAt(factor, y) {
    if (!this.rows) return;
    const depth = Math.min(Math.max(this.#depth(y), this.from), this.to);
    this.go(depth - (depth - this.from) / factor, depth + (this.to - depth) / factor);
  }

  #down(event) {
    if (event.button) return;
    this.parts.frame.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { y: this.#y(event), moved: 0 });
  }

  #move(event) {
    if (!this.rows) return;
    const y = this.#y(event);
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) {
      this.#point(y);
      return;
    }
    const before = [...this.pointers.values()].map((each) => each.y);
    pointer.moved += Math.abs(y - pointer.y);
    const shift = y - pointer.y;
    pointer.y = y;
    if (before.length === 1) {
      const moved = (shift / this.#height) * (this.to - this.from);
      this.#pan(-moved);
    } else {
      const after = [...this.pointers.values()].map((each) => each.y);
      const spread = ([first, second]) => Math.max(Math.abs(first - second), 8);
      this.#zoomAt(spread(after) / spread(before), (after[0] + after[1]) / 2);
    }
  }

  #up(event) {
    const pointer = this.pointers.get(event.pointerId);
    this.pointers.delete(event.pointerId);
    if (pointer && pointer.moved < 4 && event.type === 'pointerup') this.#read(event.clientX, this.#y(event));
  }

  #pan(depths) {
    const span = this.to - this.from;
    const from = Math.min(Math.max(this.from + depths, this.least), this.most - span);
    this.go(from, from + span);
  }

  #jump(event) {
    if (!this.allRows) return;
    const { top, height } = this.parts.strip.getBoundingClientRect();
    const depth = this.allRows.depth((event.clientY - top) / height);
    this.#pan(depth - (this.from + this.to) / 2);
  }

  #point(y) {
    const { cursor } = this.parts;
    this.pointed = y;
    delete cursor.dataset.value;
    cursor.hidden = y === null || !this.rows;
    if (cursor.hidden) {
      this.axis.point(null);
      return;
    }
    cursor.style.top = `${y}px`;
    // What is said of it lies within the picture.
    cursor.classList.toggle('li-cursor--low', y < this.#height / 2);
    this.axis.point(this.#depth(y), y, this.readable);
  }

  #read(clientX, y) {
    if (!this.rows) return;
    const { left, width } = this.parts.frame.getBoundingClientRect();
    const columns = this.api.image.width;
    const column = Math.min(Math.max(Math.floor(((clientX - left) / width) * columns), 0), columns - 1);
    const place = this.#place(y);
    this.#point(y);
    this.on.clicked(column, this.rows.row(place), this.rows.depth(place).toFixed(this.readable));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const span = this.to - this.from;
    const middle = this.#height / 2;
    const acts = {
      ArrowUp: () => this.#pan(-span / 10),
      ArrowDown: () => this.#pan(span / 10),
      PageUp: () => this.#pan(-span * 0.9),
      PageDown: () => this.#pan(span * 0.9),
      Home: () => this.#pan(-Infinity),
      End: () => this.#pan(Infinity),
      '+': () => this.#zoomAt(STEP, middle),
      '=': () => this.#zoomAt(STEP, middle),
      '-': () => this.#zoomAt(1 / STEP, middle),
      0: () => this.whole(),
      Enter: () => {
        const { left, width } = this.parts.frame.getBoundingClientRect();
        this.#read(left + width / 2, middle);
      },
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
