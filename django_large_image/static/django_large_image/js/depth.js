/** Starts the page of a depth image: the log with its depths, and the panel that says which and in what colours. */

import { copyUrl } from './clipboard.js';
import { DepthApi } from './depth_api.js';
import { INITIAL, ends, lookOf, stopsOf } from './depth_style.js';
import { DepthView } from './depth_view.js';
import { groups, listed, paint, paintStops } from './palettes.js';
import { configOf, isNarrow, optionGroups, partsOf } from './parts.js';
import { RangeControl } from './range_control.js';
import { startPages } from './starting.js';

const BINS = 128;
const DELAY = 150;
const DEPTH_PARTS = { low: 'depth-low', high: 'depth-high', min: 'depth-min', max: 'depth-max' };

class DepthPage {
  static async create(section, notice) {
    const config = configOf(section);
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
    if (isNarrow(this.section)) this.#fold(false);
    await this.view.show(lookOf(this.style, histogram));
  }

  #fill(named) {
    const own = Object.keys(this.stored);
    const all = [...(own.length ? [['own', own]] : []), ...groups(named)];
    this.parts.palette.append(...optionGroups(all));
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
    const own = stored[style.palette];
    parts.swatch.hidden = false;
    if (own) paintStops(parts.swatch, stopsOf(own, style.reverse));
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
    const { view, api, style, histogram } = this;
    const { readout } = this.parts;
    const url = api.frame({ ...view.query, ...lookOf(style, histogram) });
    readout.textContent = await copyUrl(url, readout.dataset.copied);
  }
}

startPages('[data-large-image-depth]', 'largeImageDepth', DepthPage.create);
