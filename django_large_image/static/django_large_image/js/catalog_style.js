/** How the page shows a dataset: an unchanging value, and the path and the query that it becomes. */

import { pathOf } from './catalog_api.js';

export const OWN = 'explicit'; // the colours of the dataset's own categories
export const OPEN = '*'; // any value of a key
const CHANNELS = ['r', 'g', 'b'];
const NAMES = /[A-Za-z_]\w*/g;

export const INITIAL = Object.freeze({
  mode: 'single', // single | rgb | compute
  key: '', // in which the datasets of a composite or a formula differ
  channels: Object.freeze(['', '', '']),
  variables: Object.freeze({}),
  expression: '(v1 - v2) / (v1 + v2)',
  palette: '', // none: grey
  reverse: false,
  range: 'auto', // auto: percentiles 2 to 98 | full | manual
  min: null,
  max: null,
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

/** The ends of the stretch in numbers, from what is known of the dataset. */
export function numbers(style, metadata) {
  if (style.mode === 'compute') return formulaEnds(style);
  const [low, high] = metadata.range ?? [null, null];
  const percentile = (percent) => metadata.percentiles?.[percent - 1];
  if (style.range === 'auto') return [percentile(2) ?? low, percentile(98) ?? high];
  return style.range === 'manual' ? [style.min ?? low, style.max ?? high] : [low, high];
}

export function paletteOf({ palette, reverse }) {
  return palette && palette !== OWN && reverse ? `${palette}_r` : palette;
}

/** The values of the other keys, with that of `key` left out, or something else in its place. */
export function others(keys, values, key, ...instead) {
  const place = keys.findIndex(({ name }) => name === key);
  return [...values.slice(0, place), ...instead, ...values.slice(place + 1)];
}

/** The path and the query of the tiles that show the dataset of `values`. */
export function layerOf(style, keys, values) {
  if (style.mode === 'single') {
    const stretch = style.palette === OWN ? null : ends(style);
    return {
      path: `singleband/${pathOf(values)}`,
      query: { stretch_range: stretch, colormap: paletteOf(style) },
    };
  }
  const path = [style.mode, pathOf(others(keys, values, style.key))].filter(Boolean).join('/');
  const key = style.key === keys.at(-1).name ? null : style.key;
  if (style.mode === 'rgb') {
    const ranges = CHANNELS.map((name) => [`${name}_range`, ends(style)]);
    const bands = CHANNELS.map((name, index) => [name, style.channels[index]]);
    return { path, query: { key, ...Object.fromEntries([...bands, ...ranges]) } };
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
    },
  };
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
