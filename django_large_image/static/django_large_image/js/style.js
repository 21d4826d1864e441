/** The style that the controls describe, and the query parameters it becomes. Styles are never changed in place. */

export const INITIAL = Object.freeze({
  mode: 'stored', // stored | composite | the number of a band, as text
  composite: Object.freeze([1, 2, 3]),
  palette: '',
  reverse: false,
  range: 'auto', // auto | percentile | full | manual
  min: null,
  max: null,
  opacity: 1,
  frame: 0,
});

const CHANNELS = ['#f00', '#0f0', '#00f'];

function limits(style) {
  if (style.range === 'percentile') return { min: 'min:0.02', max: 'max:0.02' };
  if (style.range === 'full') return { min: 'full', max: 'full' };
  if (style.range !== 'manual') return {};
  return {
    ...(style.min === null ? {} : { min: style.min }),
    ...(style.max === null ? {} : { max: style.max }),
  };
}

/** The bands whose values the range applies to. */
export function bandsOf(style) {
  if (style.mode === 'stored') return [];
  return style.mode === 'composite' ? style.composite : [Number(style.mode)];
}

/** Query parameters of a tile; `frames` says how many frames the image has. */
export function toParams(style, frames = 1) {
  const frame = frames > 1 ? { frame: style.frame } : {};
  if (style.mode === 'stored') return frame;
  if (style.mode === 'composite') {
    const bands = style.composite.map((band, index) => ({
      band,
      palette: CHANNELS[index],
      ...limits(style),
      ...frame,
    }));
    return { style: JSON.stringify({ bands }), ...frame };
  }
  const palette = style.palette && style.reverse ? `${style.palette}_r` : style.palette;
  return { band: style.mode, palette, ...limits(style), ...frame };
}
