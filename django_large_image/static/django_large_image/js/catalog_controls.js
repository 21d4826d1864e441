/** The panel of the catalogue: one dataset, three as red, green and blue, or a formula; colours, range, legend. */

import { anyOf } from './catalog_api.js';
import { Legend } from './catalog_legend.js';
import {
  INITIAL,
  OWN,
  histogramOf,
  inCategories,
  layerOf,
  openKeys,
  others,
  variablesOf,
} from './catalog_style.js';
import { copyUrl } from './clipboard.js';
import { groups } from './palettes.js';
import { option, optionGroups } from './parts.js';
import { RangeControl } from './range_control.js';

const DELAY = 150;
const MAX_SIBLINGS = 500;
const MODES = ['single', 'rgb', 'compute'];
export const COLORS = ['#e5484d', '#30a46c', '#3e8bff'];
const ADJUSTMENTS = ['gamma', 'contrast', 'saturation'];
// Values of keys under which people store these colours of light; without one the first that there are.
const LIGHT = {
  red: /^(red|b0?4)$/i,
  green: /^(green|b0?3)$/i,
  blue: /^(blue|b0?2)$/i,
  nir: /^(nir|b0?8)$/i,
};

/** Fill a `<select>` with values and choose one. */
function fill(select, values, chosen) {
  select.replaceChildren(...values.map((value) => option(value, value)));
  select.value = chosen;
}

export class CatalogControls {
  /** `changed(layer, style)` follows the reader's hand, a moment later; `failed(text)` tells what is wrong. */
  constructor(parts, api, colormaps, on) {
    this.parts = parts;
    this.api = api;
    this.on = on;
    this.known = new Map();
    this.siblings = [];
    // What the reader chose by hand, for as long as there is such a dataset.
    this.wishes = { channels: [], variables: {} };
    this.values = null;
    this.style = { ...INITIAL, key: api.keys.at(-1).name };
    this.legend = new Legend(parts, api, on.failed);
    this.range = new RangeControl(parts, (part) => this.set(part));
    parts.palette.append(...optionGroups(groups(colormaps)));
    fill(parts.key, api.keys.map(({ name }) => name), this.style.key);
    parts.open.append(...api.keys.map(({ name }) => this.#check(name)));
    this.#listen();
    this.#show();
  }

  #listen() {
    const { parts } = this;
    const on = (name, event, handler) => parts[name].addEventListener(event, handler);
    for (const mode of MODES) {
      on(`mode-${mode}`, 'click', () => this.set({ mode, ...this.#unranged() }));
    }
    on('key', 'change', () => this.#differ(parts.key.value));
    ['red', 'green', 'blue'].forEach((name, index) => {
      on(name, 'change', () => {
        this.wishes.channels[index] = parts[name].value;
        const chosen = (value, place) => (place === index ? parts[name].value : value);
        this.set({ channels: this.style.channels.map(chosen) });
      });
    });
    on('expression', 'change', () => this.set({ expression: parts.expression.value }));
    on('palette', 'change', () => this.set({ palette: parts.palette.value }));
    on('reverse', 'change', () => this.set({ reverse: parts.reverse.checked }));
    on('rule', 'change', () => this.set({ rule: parts.rule.value }));
    for (const name of ADJUSTMENTS) {
      on(name, 'input', () => this.set({ [name]: Number(parts[name].value) }));
    }
    on('unadjust', 'click', () =>
      this.set(Object.fromEntries(ADJUSTMENTS.map((name) => [name, INITIAL[name]]))),
    );
    on('opacity', 'input', () => this.set({ opacity: Number(parts.opacity.value) / 100 }));
    on('copy', 'click', () => this.#copy());
  }

  /** A box that leaves a key open. */
  #check(name) {
    const label = document.createElement('label');
    const box = Object.assign(document.createElement('input'), { type: 'checkbox', value: name });
    label.className = 'li-check';
    label.append(box, ` ${name}`);
    box.addEventListener('change', () => {
      const open = this.api.keys.map((key) => key.name).filter((key) => this.#box(key).checked);
      this.set({ open });
    });
    return label;
  }

  #box(name) {
    return this.parts.open.querySelector(`[value="${CSS.escape(name)}"]`);
  }

  /** Numbers of one band mean nothing for others. */
  #unranged() {
    return { range: 'auto', min: null, max: null };
  }

  /** What is known of a dataset, asked for once. */
  async metadata(values) {
    const name = JSON.stringify(values);
    if (!this.known.has(name)) {
      const asked = this.api.dataset(values);
      this.known.set(name, asked);
      asked.catch(() => this.known.delete(name));
    }
    return this.known.get(name);
  }

  /** Show another dataset in the style that is chosen. Raises `ApiError`. */
  async open(values, metadata) {
    this.values = values;
    this.drawn = null;
    const own = this.parts.palette.querySelector(`[value="${OWN}"]`);
    const described = Boolean(metadata.categories?.length);
    own.hidden = own.disabled = !described;
    const before = this.style.palette === OWN ? '' : this.style.palette;
    await this.#differ(this.style.key, { palette: described ? OWN : before, ...this.#unranged() });
  }

  /** Combine datasets that differ in `key`, and in nothing else, from the one that is shown. */
  async #differ(key, part = {}) {
    const { api, values } = this;
    if (!values) return;
    const query = Object.fromEntries(api.keys.map(({ name }, index) => [name, anyOf([values[index]])]));
    delete query[key];
    let found = [];
    try {
      found = await api.datasets({ ...query, limit: MAX_SIBLINGS });
    } catch (error) {
      this.on.failed(error.message);
    }
    if (values !== this.values) return;
    this.siblings = found.map((keys) => keys[key]);
    const here = values[api.keys.findIndex(({ name }) => name === key)];
    this.set({ ...part, key, ...this.#choices(here) });
  }

  /** The values of the key for colours and variables: those chosen by hand, or the likeliest. */
  #choices(here) {
    const { siblings, wishes } = this;
    const likely = (light) => siblings.find((value) => LIGHT[light]?.test(value));
    const pick = (wish, light, index) =>
      siblings.includes(wish) ? wish : (likely(light) ?? siblings[index] ?? siblings.at(-1) ?? here);
    const channels = ['red', 'green', 'blue'].map((light, index) => pick(wishes.channels[index], light, index));
    const lights = { v1: 'nir', v2: 'red', v3: 'green', v4: 'blue', v5: '' };
    const variables = Object.entries(lights).map(([name, light], index) => [
      name,
      pick(wishes.variables[name], light, index),
    ]);
    return { channels, variables: Object.fromEntries(variables) };
  }

  /** Change a part of the style, show it, and tell the page. */
  set(part) {
    this.style = Object.freeze({ ...this.style, ...part });
    this.#show();
    clearTimeout(this.timer);
    if (this.values) this.timer = setTimeout(() => this.#tell(), DELAY);
  }

  #tell() {
    const layer = layerOf(this.style, this.api.keys, this.values);
    this.on.changed(layer, this.style);
    this.legend.show(this.style, layer);
  }

  #show() {
    const { parts, style } = this;
    for (const mode of MODES) {
      parts[`mode-${mode}`].setAttribute('aria-pressed', String(style.mode === mode));
    }
    const own = inCategories(style);
    const open = openKeys(style);
    parts['key-field'].hidden = style.mode === 'single' || this.api.keys.length < 2;
    for (const { name } of this.api.keys) {
      const box = this.#box(name);
      box.checked = open.includes(name);
      box.parentElement.hidden = style.mode !== 'single' && name === style.key;
    }
    parts['open-field'].hidden = style.mode !== 'single' && this.api.keys.length < 2;
    parts['rule-field'].hidden = !open.length;
    parts.rule.value = style.rule;
    parts.composite.hidden = style.mode !== 'rgb';
    parts.formula.hidden = style.mode !== 'compute';
    parts['palette-field'].hidden = style.mode === 'rgb';
    parts['range-field'].hidden = own;
    parts.adjust.hidden = own || style.mode === 'compute';
    parts['saturation-field'].hidden = style.mode !== 'rgb';
    for (const name of ADJUSTMENTS) {
      parts[name].value = style[name];
      parts[`${name}-value`].value = style[name];
    }
    // Nothing is known of the results of a formula.
    parts.presets.hidden = parts.bars.hidden = style.mode === 'compute';
    parts.key.value = style.key;
    ['red', 'green', 'blue'].forEach((name, index) => fill(parts[name], this.siblings, style.channels[index]));
    parts.expression.value = style.expression;
    this.#variables();
    parts.palette.value = style.palette;
    parts.reverse.checked = style.reverse;
    parts.reverse.disabled = !style.palette || own;
    parts.opacity.value = Math.round(style.opacity * 100);
    parts['opacity-value'].value = `${Math.round(style.opacity * 100)} %`;
    if (style.mode === 'compute') this.range.domain = [-1, 1];
    this.range.show(style);
    this.#histogram();
  }

  #variables() {
    const fields = variablesOf(this.style.expression).map((name) => {
      const label = document.createElement('label');
      const select = document.createElement('select');
      const text = document.createElement('span');
      text.textContent = name;
      fill(select, this.siblings, this.style.variables[name]);
      select.addEventListener('change', () => {
        this.wishes.variables[name] = select.value;
        this.set({ variables: { ...this.style.variables, [name]: select.value } });
      });
      label.append(text, select);
      return label;
    });
    // A choice that has the focus keeps it.
    const focused = [...this.parts.variables.querySelectorAll('select')].indexOf(document.activeElement);
    this.parts.variables.replaceChildren(...fields);
    if (focused >= 0) this.parts.variables.querySelectorAll('select')[focused]?.focus();
  }

  /** The datasets whose samples make the picture: their values, with a name for each. */
  bands() {
    const { style, values, api } = this;
    if (style.mode === 'single') return [[values.at(-1), values]];
    const chosen = style.mode === 'rgb' ? style.channels : this.#used();
    return [...new Set(chosen)].map((value) => [value, others(api.keys, values, style.key, value)]);
  }

  /** The values that a formula names by its variables, or as they are. */
  #used() {
    const { expression, variables } = this.style;
    const names = expression.match(/[A-Za-z_]\w*/g) ?? [];
    return names.map((name) => variables[name] ?? name).filter((value) => this.siblings.includes(value));
  }

  /** Draw the samples of the bands in use, once per choice of them. */
  async #histogram() {
    const { style } = this;
    if (!this.values || style.mode === 'compute') return;
    const bands = this.bands();
    const key = JSON.stringify(bands);
    if (key === this.drawn) return;
    this.drawn = key;
    const known = await Promise.all(bands.map(([, values]) => this.metadata(values).catch(() => null)));
    if (key !== this.drawn) return;
    const histograms = known.map((metadata) => metadata && histogramOf(metadata)).filter(Boolean);
    const accent = getComputedStyle(this.parts.histogram).color;
    this.range.draw(histograms, bands.length > 1 ? COLORS : [accent]);
    this.range.show(this.style);
  }

  async #copy() {
    if (!this.values) return;
    const url = this.api.tiles(layerOf(this.style, this.api.keys, this.values));
    this.say(await copyUrl(url, this.parts.readout.dataset.copied));
  }

  /** Show a line at the foot of the panel. */
  say(text) {
    this.parts.readout.textContent = text;
  }
}
