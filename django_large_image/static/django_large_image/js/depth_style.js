/** The colours of a log: an unchanging value, and the query that it becomes. */

import { css } from './palettes.js';

export const INITIAL = Object.freeze({
  palette: '', // none: grey
  reverse: false,
  range: 'full', // full | percentile | manual
  min: null,
  max: null,
});

/** The value below which a share of the values of a histogram lies. */
export function percentile({ hist, bin_edges: edges }, share) {
  let left = share * hist.reduce((sum, count) => sum + count, 0);
  const bin = hist.findIndex((count) => (left -= count) <= 0);
  if (bin < 0) return edges.at(-1);
  const within = hist[bin] ? (left + hist[bin]) / hist[bin] : 0;
  return edges[bin] + within * (edges[bin + 1] - edges[bin]);
}

/** The ends of the range in numbers; `null` is that of the image. */
export function ends({ range, min, max }, histogram) {
  if (range === 'manual') return [min, max];
  if (range === 'percentile' && histogram) return [0.02, 0.98].map((share) => Number(percentile(histogram, share).toPrecision(4)));
  return [null, null];
}

/** The parameters of a frame. */
export function lookOf(style, histogram) {
  const [min, max] = ends(style, histogram);
  const palette = style.palette && style.reverse ? `${style.palette}_r` : style.palette;
  return { colormap: palette, min, max };
}

function written(color) {
  if (Array.isArray(color)) return css(color);
  return /^([0-9a-f]{6}|[0-9a-f]{8})$/i.test(color) ? `#${color}` : color;
}

/** The stops of a colour map that is stored here as a canvas takes them. */
export function stopsOf(stored, reverse) {
  const stops = stored.map(([position, color]) => [reverse ? 1 - position : position, written(color)]);
  // Of two at one position the first ends what is before.
  return reverse ? stops.reverse() : stops;
}
