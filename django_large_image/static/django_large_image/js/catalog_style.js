/** How the page shows a dataset: an unchanging value, and the path and the query that it becomes. */

import { pathOf } from './catalog_api.js';

export const OWN = 'explicit'; // the colours of the dataset's own categories
export const OPEN = '*'; // any value of a key
const CHANNELS = ['r', 'g', 'b'];
const NAMES = /[A-Za-z_]\w*/g;

export const INITIAL = Object.freeze({
  mode: 'single', // single | rgb | compute
  key: '', // in which the datasets of a composite or a formula differ
  open: Object.freeze([]), // names of keys any value of which is shown: a mosaic
  rule: 'first', // what is seen where several lie: first (the newest) | last | min | max | mean
  channels: Object.freeze(['', '', '']),
  variables: Object.freeze({}),
  expression: '(v1 - v2) / (v1 + v2)',
  palette: '', // none: grey
  reverse: false,
  range: 'auto', // auto: percentiles 2 to 98 | full | manual
  min: null,
  max: null,
  gamma: 1,
  contrast: 0,
  saturation: 1,
  opacity: 1,
});

/** The names `v1` to `v5` that an expression uses. */
export function variablesOf(expression) {
  const used = new Set(expression.match(NAMES) ?? []);
  return ['v1', 'v2', 'v3', 'v4', 'v5'].filter((name) => used.has(name));
}

/** The ends of the stretch as the server reads them: `null` is the least or the greatest value. */
function ends({ range, min, max }) {
  if (range === 'auto') return JSON.stringify(['p2', 'p98']);
  return JSON.stringify(range === 'full' ? [null, null] : [min, max]);
}

/** The ends of a formula, of whose results nothing is known. */
function formulaEnds({ range, min, max }) {
  return range === 'manual' ? [min ?? -1, max ?? 1] : [-1, 1];
}

/** Whether a dataset is shown in the colours of its own categories. */
export function inCategories({ mode, palette }) {
  return mode === 'single' && palette === OWN;
}

/** Gamma, contrast and saturation as the server reads them; none for a formula. */
function transformOf({ mode, gamma, contrast, saturation }) {
  if (mode === 'compute') return null;
  const bands = mode === 'rgb' ? 'rgb' : '1';
  const operations = [
    gamma === 1 ? '' : `gamma ${bands} ${gamma}`,
    contrast ? `sigmoidal ${bands} ${contrast} 0.5` : '',
    mode === 'single' || saturation === 1 ? '' : `saturation ${saturation}`,
  ];
  return operations.filter(Boolean).join(', ');
}

function paletteOf({ palette, reverse }) {
  return palette && palette !== OWN && reverse ? `${palette}_r` : palette;
}

/** The values of the other keys, with that of `key` left out, or something else in its place. */
export function others(keys, values, key, ...instead) {
  const place = keys.findIndex(({ name }) => name === key);
  return [...values.slice(0, place), ...instead, ...values.slice(place + 1)];
}

/** The names of keys that are left open; that which tells the bands of a composite apart cannot be. */
export function openKeys({ open, mode, key }) {
  return mode === 'single' ? open : open.filter((name) => name !== key);
}

/** The values of a path, `OPEN` in the place of those of the keys `open`. */
export function opened(keys, values, open) {
  return values.map((value, index) => (open.includes(keys[index].name) ? OPEN : value));
}

/** What is read where several datasets lie, of their values from the oldest to the newest; `null` for none. */
export function mixed(values, rule) {
  const known = values.filter((value) => typeof value === 'number');
  if (!known.length) return null;
  if (rule === 'min' || rule === 'max') return Math[rule](...known);
  if (rule === 'mean') return known.reduce((sum, value) => sum + value, 0) / known.length;
  return known.at(rule === 'last' ? 0 : -1);
}

/** The path and the query of the tiles that show the dataset of `chosen`, or the mosaic that it belongs to. */
export function layerOf(style, keys, chosen) {
  const open = openKeys(style);
  const values = opened(keys, chosen, open);
  const rule = open.length && style.rule !== 'first' ? style.rule : null;
  if (style.mode === 'single') {
    const own = style.palette === OWN;
    const query = { stretch_range: own ? null : ends(style), colormap: paletteOf(style) };
    const transform = own ? null : transformOf(style);
    return { path: `singleband/${pathOf(values)}`, query: { ...query, color_transform: transform, rule } };
  }
  const path = [style.mode, pathOf(others(keys, values, style.key))].filter(Boolean).join('/');
  const key = style.key === keys.at(-1).name ? null : style.key;
  if (style.mode === 'rgb') {
    const ranges = CHANNELS.map((name) => [`${name}_range`, ends(style)]);
    const bands = CHANNELS.map((name, index) => [name, style.channels[index]]);
    const query = { key, ...Object.fromEntries([...bands, ...ranges]) };
    return { path, query: { ...query, color_transform: transformOf(style), rule } };
  }
  const used = variablesOf(style.expression).map((name) => [name, style.variables[name]]);
  return {
    path,
    query: {
      key,
      expression: style.expression,
      ...Object.fromEntries(used),
      stretch_range: JSON.stringify(formulaEnds(style)),
      colormap: paletteOf(style),
      rule,
    },
  };
}

/** The path and the query of the legend of a layer; `null` for a picture of three bands. */
export function legendOf({ mode }, { path, query }) {
  if (mode === 'rgb') return null;
  if (mode === 'single') return { path: path.replace(/^singleband/, 'legend'), query };
  return { path: 'legend', query: { stretch_range: query.stretch_range, colormap: query.colormap } };
}

/**
 * A histogram of equal bins from the least value, the 99 percentiles and the greatest: between two neighbours lies one
 * percent of the samples. `null` where nothing was measured.
 */
export function histogramOf({ range, percentiles }, bins = 64) {
  if (!percentiles?.length || !range) return null;
  const [min, max] = range;
  const edges = [min, ...percentiles, max];
  const width = (max - min) / bins || 1;
  const hist = new Array(bins).fill(0);
  const binOf = (value) => Math.min(Math.max(Math.floor((value - min) / width), 0), bins - 1);
  for (let index = 0; index + 1 < edges.length; index += 1) {
    const [start, end] = [edges[index], edges[index + 1]];
    const [first, last] = [binOf(start), binOf(end)];
    for (let bin = first; bin <= last; bin += 1) {
      const overlap = Math.min(end, min + (bin + 1) * width) - Math.max(start, min + bin * width);
      hist[bin] += first === last ? 1 : Math.max(overlap, 0) / (end - start);
    }
  }
  return { hist, bin_edges: hist.map((_, bin) => min + bin * width).concat(max), min, max };
}
