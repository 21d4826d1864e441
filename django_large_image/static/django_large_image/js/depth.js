/** Starts the page of a depth image: the log with its depths, and the panel that says which and in what colours. */

import { option, partsOf } from './controls.js';
import { DepthApi } from './depth_api.js';
import { INITIAL, ends, lookOf, paintStops } from './depth_style.js';
import { DepthView } from './depth_view.js';
import { Notice } from './notice.js';
import { groups, listed, paint } from './palettes.js';
import { RangeControl } from './range_control.js';

const BINS = 128;
const DELAY = 150;
// Below this width, in pixels, the panel starts folded (viewer.css has the same).
const NARROW = 560;
const DEPTH_PARTS = { low: 'depth-low', high: 'depth-high', min: 'depth-min', max: 'depth-max' };

class DepthPage {
  static async create(section, notice) {
    const config = JSON.parse(section.querySelector('script[type="application/json"]').textContent);
    const page = new DepthPage(section, config, notice);
    await page.#start();
    return page;
  }

  constructor(section, config, notice) {
    this.section = section;
    this.config = config;
    this.notice = notice;
    this.parts = partsOf(section);
    this.api = new DepthApi(config);
    this.style = INITIAL;
  }

  async #start() {
    const { parts, api, config, notice } = this;
    const [stored, named, histogram] = await Promise.all([
      api.stored().catch(() => ({})),
      listed(config.urls.colormaps, config.assets.palettes).catch(() => null),
      api.histogram(BINS).catch(() => null),
    ]);
    [this.stored, this.histogram] = [stored, histogram];
    this.#fill(named);
    this.range = new RangeControl(parts, (part) => this.set(part));
    const { minimum: min, maximum: max } = config.image;
    // Of a long log it is that of a sample.
    if (histogram) this.range.draw([{ ...histogram, min, max }], [getComputedStyle(parts.histogram).color]);
    this.view = new DepthView(parts, api, {
      moved: (from, to) => this.#moved(from, to),
      clicked: (column, row, depth) => this.#read(column, row, depth),
      failed: (text) => notice.show(text),
    });
    const own = Object.entries(DEPTH_PARTS).map(([name, part]) => [name, parts[part]]);
    this.depths = new RangeControl(Object.fromEntries(own), (part) => this.#chosen(part));
    this.depths.domain = [this.view.least, this.view.most];
    this.#listen();
    this.#moved(this.view.from, this.view.to);
    this.#show();
    if (this.section.clientWidth < NARROW) this.#fold(false);
    await this.view.show(lookOf(this.style, histogram));
  }

  #fill(named) {
    const own = Object.keys(this.stored);
    for (const [group, names] of [...(own.length ? [['own', own]] : []), ...groups(named)]) {
      const element = document.createElement('optgroup');
      element.label = group;
      element.append(...names.map((name) => option(name, name)));
      this.parts.palette.append(element);
    }
  }

  #listen() {
    const { parts } = this;
    const on = (name, event, handler) => parts[name].addEventListener(event, handler);
    on('palette', 'change', () => this.set({ palette: parts.palette.value }));
    on('reverse', 'change', () => this.set({ reverse: parts.reverse.checked }));
    on('reset', 'click', () => this.view.whole());
    on('copy', 'click', () => this.#copy());
    on('toggle', 'click', () => this.#fold(parts.toggle.getAttribute('aria-expanded') !== 'true'));
  }

  #fold(open) {
    this.parts.toggle.setAttribute('aria-expanded', String(open));
    this.parts.body.hidden = !open;
  }

  /** Change a part of the style, show it, and a moment later the log in it. */
  set(part) {
    this.style = Object.freeze({ ...this.style, ...part });
    this.#show();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.notice.hide();
      this.view.show(lookOf(this.style, this.histogram));
    }, DELAY);
  }

  #show() {
    const { parts, style, stored } = this;
    parts.palette.value = style.palette;
    parts.reverse.checked = style.reverse;
    parts.reverse.disabled = !style.palette;
    if (stored[style.palette]) paintStops(parts.swatch, stored[style.palette], style.reverse);
    else paint(parts.swatch, this.config.assets.palettes, style.palette, style.reverse);
    const [min, max] = ends(style, this.histogram);
    this.range.show({ range: style.range === 'auto' ? 'full' : style.range, min, max });
  }

  /** What the sliders and the numbers say of depths. */
  #chosen({ min, max }) {
    const { view } = this;
    const [from, to] = [Math.max(min ?? view.least, view.least), Math.min(max ?? view.most, view.most)];
    if (from > to) {
      this.#moved(view.from, view.to);
      this.notice.show(this.parts.readout.dataset.reversed);
      return;
    }
    this.notice.hide();
    view.go(from, to);
  }

  #moved(from, to) {
    const { least, most, digits } = this.view;
    // The ends of the log as they are: a rounded one would leave out its last row.
    const shown = (depth) => (depth <= least || depth >= most ? depth : Number(depth.toFixed(digits)));
    this.depths.show({ range: 'manual', min: shown(from), max: shown(to) });
  }

  async #read(column, row, depth) {
    const { cursor, readout } = this.parts;
    const words = readout.dataset;
    const where = `${words.depth} ${depth}, ${words.column} ${column + 1}`;
    const asked = (this.reading = {});
    readout.textContent = where;
    const what = await this.api.value(column, row).then(
      (value) => (typeof value === 'number' ? String(Number(value.toPrecision(6))) : words.nothing),
      (error) => error.message,
    );
    if (asked !== this.reading) return;
    readout.textContent = `${where}: ${what}`;
    // Where the panel is folded.
    cursor.dataset.value = what;
  }

  async #copy() {
    const { view, api, parts, style, histogram } = this;
    const text = new URL(api.frame({ ...view.query, ...lookOf(style, histogram) }), window.location.href).href;
    try {
      await navigator.clipboard.writeText(text);
      parts.readout.textContent = parts.readout.dataset.copied;
    } catch {
      parts.readout.textContent = text; // no clipboard without HTTPS: the text can be selected
    }
  }
}

/** Start one page; it answers with the event `large-image:ready` or `large-image:error`. */
async function mount(section) {
  const notice = new Notice(partsOf(section), () => window.location.reload());
  section.dataset.state = 'loading';
  try {
    section.largeImageDepth = await DepthPage.create(section, notice);
    section.dataset.state = 'ready';
    section.dispatchEvent(new CustomEvent('large-image:ready', { bubbles: true }));
  } catch (error) {
    section.dataset.state = 'error';
    notice.show(error.message);
    section.dispatchEvent(new CustomEvent('large-image:error', { bubbles: true, detail: error }));
  }
}

for (const section of document.querySelectorAll('[data-large-image-depth]')) mount(section);
