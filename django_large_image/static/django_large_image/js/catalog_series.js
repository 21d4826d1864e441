/** The values at one place along a key: a chart that is pointed at, or walked through by the arrows. */

import { digits } from './catalog_legend.js';
import { OPEN, mixed } from './catalog_style.js';
import { part, roundStep } from './drawing.js';

const PAGE = 200; // datasets that are asked for at once
const MOST = 1000;
const LEFT = 46;
const EDGE = { top: 10, right: 12, bottom: 20 };
const APART = 34; // pixels between lines
const LABEL = 62; // pixels of a date

/** The key along which values make a series: the first of dates, else of numbers; `undefined` for none. */
export function axisOf(keys) {
  return keys.find(({ kind }) => kind === 'date') ?? keys.find(({ kind }) => kind === 'number');
}

/** Round numbers from one end to the other, about so many. */
function ticks(low, high, count) {
  // No finer than numbers are: their multiples could not be counted.
  const finest = Math.max(Math.abs(low), Math.abs(high)) * 1e-12;
  const step = roundStep(Math.max((high - low) / Math.max(count, 1), finest));
  const found = [];
  for (let tick = Math.ceil(low / step); tick * step <= high + step * 1e-9; tick += 1) found.push(tick * step);
  return found;
}

export class Series {
  /** `on` has `chosen(value)` for a value of the key, and `failed(text)`. */
  constructor(parts, api, on) {
    this.parts = parts;
    this.api = api;
    this.on = on;
    this.axis = axisOf(api.keys);
    this.lines = [];
    this.steps = [];
    parts.series.hidden = true;
    parts['series-close'].addEventListener('click', () => this.close());
    parts.series.addEventListener('keydown', ({ key }) => key === 'Escape' && this.close());
    parts.chart.addEventListener('pointermove', (event) => this.#point(this.#nearest(event)));
    parts.chart.addEventListener('click', (event) => this.#choose(this.#nearest(event)));
    parts.chart.addEventListener('keydown', (event) => this.#walk(event));
    new ResizeObserver(() => this.#draw()).observe(parts.chart);
  }

  close() {
    this.asked = null;
    this.parts.series.hidden = true;
    this.parts.along?.focus();
  }

  /**
   * Show the values at a place. `bands` are `[name, values, color]`, keys that are left open in `values`; where several
   * datasets have the same value of the key, `rule` says what is seen. `here` is that of the dataset that is shown.
   */
  async show(bands, lon, lat, { title, rule, here }) {
    const asked = (this.asked = {});
    const place = this.api.keys.indexOf(this.axis);
    const paths = new Map();
    for (const [name, values, color] of bands) {
      const path = values.with(place, OPEN);
      if (!paths.has(JSON.stringify(path))) paths.set(JSON.stringify(path), { name, path, color });
    }
    this.parts['series-title'].textContent = title;
    this.parts.series.hidden = false;
    this.parts.series.setAttribute('aria-busy', 'true');
    try {
      this.lines = await Promise.all(
        [...paths.values()].map(async ({ name, path, color }) => {
          const found = await this.#all(path, lon, lat, () => asked === this.asked);
          return { name, color: paths.size > 1 ? color : undefined, known: this.#together(found, rule) };
        }),
      );
      if (asked !== this.asked) return;
      const steps = new Set(this.lines.flatMap(({ known }) => [...known.keys()]));
      this.steps = [...steps].sort((one, other) => this.#number(one) - this.#number(other));
      this.#point(this.steps.indexOf(String(here)));
      this.#draw();
    } catch (error) {
      if (asked === this.asked) this.on.failed(error.message);
    } finally {
      if (asked === this.asked) this.parts.series.removeAttribute('aria-busy');
    }
  }

  async #all(path, lon, lat, wanted) {
    const found = [];
    for (let page = 0; page * PAGE < MOST && wanted(); page += 1) {
      const some = await this.api.point(path, lon, lat, { limit: PAGE, page });
      found.push(...some);
      if (some.length < PAGE) break;
    }
    return found;
  }

  /** One value for each value of the key. */
  #together(found, rule) {
    const several = new Map();
    for (const { keys, value } of found) {
      const step = keys[this.axis.name];
      several.set(step, [...(several.get(step) ?? []), value]);
    }
    const values = [...several].map(([step, all]) => [step, mixed(all, rule)]);
    return new Map(values.filter(([, value]) => value !== null));
  }

  #number(step) {
    return this.axis.kind === 'date' ? Date.parse(step) : Number(step);
  }

  /** Draw all lines over both axes. */
  #draw() {
    const { chart } = this.parts;
    const [width, height] = [chart.clientWidth, chart.clientHeight];
    chart.replaceChildren();
    if (!width || this.parts.series.hidden || !this.steps.length) return;
    chart.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const values = this.lines.flatMap(({ known }) => [...known.values()]);
    this.x = this.#scale(this.steps.map((step) => this.#number(step)), LEFT, width - EDGE.right);
    this.y = this.#scale(values, height - EDGE.bottom, EDGE.top);
    this.#axes(width, height);
    for (const { known, color } of this.lines) {
      const places = this.steps.filter((step) => known.has(step)).map((step) => this.#place(step, known));
      const line = part(chart, 'g', {});
      // No attribute: a page's policy may forbid styles in the markup.
      if (color) line.style.color = color;
      line.append(part(chart, 'polyline', { class: 'li-line', points: places.join(' ') }));
      line.append(...places.map(([cx, cy]) => part(chart, 'circle', { class: 'li-value', cx, cy, r: 2.5 })));
      chart.append(line);
    }
    this.mark = part(chart, 'g', { class: 'li-mark' });
    chart.append(this.mark);
    this.#point(this.at);
  }

  /** From numbers to pixels, with the ends of both. */
  #scale(numbers, start, end) {
    const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
    const [low, high] = most > least ? [least, most] : [least - 1, least + 1];
    const scale = (number) => Number((start + ((number - low) / (high - low)) * (end - start)).toFixed(1));
    return Object.assign(scale, { low, high });
  }

  #axes(width, height) {
    const { chart } = this.parts;
    for (const value of ticks(this.y.low, this.y.high, height / APART)) {
      const y = this.y(value);
      chart.append(part(chart, 'line', { class: 'li-rule', x1: LEFT, x2: width - EDGE.right, y1: y, y2: y }));
      chart.append(part(chart, 'text', { x: LEFT - 6, y: y + 4, 'text-anchor': 'end' }, digits(value)));
    }
    const label = (step, x) =>
      chart.append(part(chart, 'text', { x, y: height - 5, 'text-anchor': 'middle' }, step.slice(0, 10)));
    // Both ends, and between them what has room.
    const [first, last] = [LEFT + LABEL / 2, width - EDGE.right - LABEL / 2];
    let free = first;
    label(this.steps[0], first);
    for (const step of this.steps.slice(1, -1)) {
      const x = this.x(this.#number(step));
      if (x < free + 1.3 * LABEL || x > last - 1.3 * LABEL) continue;
      label(step, x);
      free = x;
    }
    if (this.steps.length > 1) label(this.steps.at(-1), last);
  }

  #place(step, known) {
    return [this.x(this.#number(step)), this.y(known.get(step))];
  }

  #nearest({ clientX }) {
    const at = clientX - this.parts.chart.getBoundingClientRect().left;
    const away = this.steps.map((step) => Math.abs(this.x(this.#number(step)) - at));
    return away.indexOf(Math.min(...away));
  }

  /** Mark one value of the key and say what is read there. */
  #point(index) {
    const step = this.steps[index];
    this.at = step === undefined ? -1 : index;
    const said = this.parts['series-value'];
    said.textContent = this.steps.length ? '' : said.dataset.none;
    this.mark?.replaceChildren();
    if (step === undefined || !this.x) return;
    const there = this.lines.filter(({ known }) => known.has(step));
    const several = this.lines.length > 1;
    const read = there.map(({ name, known }) => `${several ? `${name}: ` : ''}${digits(known.get(step))}`);
    said.textContent = `${step} — ${read.join('  ')}`;
    const x = this.x(this.#number(step));
    const { chart } = this.parts;
    const ends = { x1: x, x2: x, y1: EDGE.top, y2: chart.clientHeight - EDGE.bottom };
    const dots = there.map(({ known }) => ({ cx: x, cy: this.y(known.get(step)), r: 4.5 }));
    this.mark.append(part(chart, 'line', ends), ...dots.map((dot) => part(chart, 'circle', dot)));
  }

  #choose(index) {
    if (this.steps[index] !== undefined) this.on.chosen(this.steps[index]);
  }

  #walk(event) {
    const { at } = this;
    const last = this.steps.length - 1;
    const steps = { ArrowLeft: Math.max(at - 1, 0), ArrowRight: Math.min(at + 1, last), Home: 0, End: last };
    if (event.key === 'Enter') this.#choose(at);
    else if (event.key in steps) this.#point(steps[event.key]);
    else return;
    event.preventDefault();
  }
}
