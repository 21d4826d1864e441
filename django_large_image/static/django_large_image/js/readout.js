/** The values of one pixel as one line of text. */

function number(value) {
  if (typeof value !== 'number') return String(value);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/** Where: degrees with their hemispheres, or column and row. */
export function place(x, y, geospatial) {
  if (!geospatial) return `x ${Math.floor(x)}, y ${Math.floor(y)}`;
  const degrees = (value, positive, negative) =>
    `${Math.abs(value).toFixed(4)}° ${value < 0 ? negative : positive}`;
  return `${degrees(y, 'N', 'S')}, ${degrees(((((x + 180) % 360) + 360) % 360) - 180, 'E', 'W')}`;
}

/** What: the bands' own values where the server gives them, the colours otherwise. */
export function values(pixel) {
  const bands = pixel?.bands ?? pixel?.value ?? pixel ?? {};
  const entries = Object.entries(bands).filter(
    ([, value]) => typeof value === 'number' || typeof value === 'string',
  );
  if (!entries.length) return 'no value here';
  return entries.map(([name, value]) => `${name}: ${number(value)}`).join('  ');
}
