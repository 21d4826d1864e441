/** The palettes of the server, and a picture of each whose colours are known. */

import { getJson } from './api.js';

const SIMPLE = { red: '000000ff0000', green: '000000008000', blue: '0000000000ff' };
const FAVOURITES = ['viridis', 'magma', 'inferno', 'plasma', 'cividis', 'turbo', 'terrain', 'RdYlGn'];
// What each canvas waits for.
const asked = new WeakMap();
let known = null;

/** Nine colours per palette as hexadecimal digits, fetched once per page. */
function swatches(url) {
  known ??= getJson(url).catch(() => ({}));
  return known;
}

/** The names of palettes by the library they come from; where the project does not tell, those of `swatches`. */
export async function listed(url, swatches) {
  return url ? getJson(url) : { palettes: Object.keys(await getJson(swatches)) };
}

/** Names in groups: favourites first, then as the server groups them; `_r` twins are left to the check box. */
export function groups(colormaps) {
  const all = Object.entries(colormaps ?? {}).filter(([, names]) => Array.isArray(names));
  const names = new Set(all.flatMap(([, list]) => list));
  const plain = (list) => list.filter((name) => !name.endsWith('_r') || !names.has(name.slice(0, -2)));
  const favourites = FAVOURITES.filter((name) => names.has(name));
  return [
    ...(favourites.length ? [['favourites', favourites]] : []),
    ...all.map(([group, list]) => [group, plain(list).filter((name) => !favourites.includes(name))]),
  ].filter(([, list]) => list.length);
}

/** A colour of 0-255 each, with or without alpha, as style sheets write it. */
export function css([red, green, blue, alpha = 255]) {
  return `rgb(${red} ${green} ${blue} / ${alpha / 255})`;
}

/** Paint the palette over the width of the canvas; grey for none, nothing for one that is unknown. */
export async function paint(canvas, url, palette, reverse) {
  const own = {};
  asked.set(canvas, own);
  const table = { ...SIMPLE, ...(await swatches(url)) };
  if (asked.get(canvas) !== own) return;
  const digits = palette ? (table[palette] ?? table[palette.replace(/_r$/, '')]) : '000000ffffff';
  canvas.hidden = !digits;
  if (!digits) return;
  const colors = digits.match(/.{6}/g).map((hex) => `#${hex}`);
  if (reverse !== (!table[palette] && palette.endsWith('_r'))) colors.reverse();
  paintStops(canvas, colors.map((color, index) => [index / (colors.length - 1), color]));
}

/** Paint stops `[position, color]`, in the order of their positions, over the width of the canvas. */
export function paintStops(canvas, stops) {
  asked.delete(canvas);
  const context = canvas.getContext('2d');
  const gradient = context.createLinearGradient(0, 0, canvas.width, 0);
  for (const [position, color] of stops) gradient.addColorStop(position, color);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = gradient;
  context.fillRect(0, 0, canvas.width, canvas.height);
}
