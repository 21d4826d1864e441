/** The axis of depths beside a log: ticks at round numbers, and the depth under the pointer. */

import { part, roundStep } from './drawing.js';

const SPACE = 56; // pixels between two numbers
const LONG = 9;
const SHORT = 5;
const MINOR = 5;

/** How many digits behind the point tell depths a step apart. */
export function digitsOf(step) {
  return step > 0 ? Math.min(Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), 10) : 2;
}

export class Axis {
  constructor(svg) {
    this.svg = svg;
    this.ticks = part(svg, 'g', {});
    this.cursor = part(svg, 'g', { class: 'li-axis__cursor', visibility: 'hidden' });
    this.cursor.append(part(svg, 'rect', { rx: 3, height: 18, y: -9 }), part(svg, 'text', {}));
    svg.append(this.ticks, this.cursor);
  }

  /** Draw the depths from `from` to `to`; `y(depth)` is where one lies, in pixels. */
  draw(from, to, y) {
    const { width, height } = this.svg.getBoundingClientRect();
    // No finer than numbers are: their multiples could not be counted.
    const finest = Math.max(Math.abs(from), Math.abs(to), 1) * 1e-12;
    const step = roundStep(Math.max(((to - from) * SPACE) / Math.max(height, 1), finest));
    const digits = digitsOf(step);
    const minor = step / MINOR;
    const found = [];
    // Counted, as sums of fractions would drift.
    for (let count = Math.ceil(from / minor); count * minor <= to; count += 1) {
      const depth = count * minor;
      const at = y(depth);
      if (at < -0.5 || at > height + 0.5) continue;
      const long = count % MINOR === 0;
      const ends = { x1: width - (long ? LONG : SHORT), x2: width - 1, y1: at, y2: at };
      found.push(part(this.svg, 'line', ends));
      // None at the ends: half of it would be cut off.
      if (long && at > 6 && at < height - 6) {
        found.push(part(this.svg, 'text', { x: width - LONG - 4, y: at }, depth.toFixed(digits)));
      }
    }
    this.ticks.replaceChildren(...found);
  }

  /** Point at a depth, `null` for none. */
  point(depth, at, digits) {
    this.cursor.setAttribute('visibility', depth === null ? 'hidden' : 'visible');
    if (depth === null) return;
    const { width } = this.svg.getBoundingClientRect();
    const [rect, text] = this.cursor.children;
    this.cursor.setAttribute('transform', `translate(0 ${at})`);
    rect.setAttribute('width', Math.max(width - 4, 0));
    text.setAttribute('x', width - LONG - 4);
    text.textContent = depth.toFixed(digits);
  }
}
