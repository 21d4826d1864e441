/** Which value has which colour: a bar with its ends, or the list of categories. */

import { inCategories, legendOf } from './catalog_style.js';
import { css } from './palettes.js';

const STEPS = 64;

/** A number in at most five digits. */
export function digits(value) {
  return String(Number(value.toPrecision(5)));
}

export class Legend {
  constructor(parts, api, failed) {
    this.parts = parts;
    this.api = api;
    this.failed = failed;
    this.categories = [];
  }

  /** Show the legend of a layer in a style. */
  async show(style, layer) {
    const { parts } = this;
    const asked = (this.asked = {});
    const own = inCategories(style);
    const wanted = legendOf(style, layer);
    this.categories = [];
    parts.classes.hidden = !own;
    parts.scale.hidden = own || !wanted;
    if (!wanted) return;
    try {
      const entries = await this.api.legend(wanted, STEPS);
      if (asked !== this.asked) return;
      if (own) this.#list(entries);
      else this.#paint(entries);
    } catch (error) {
      if (asked === this.asked) this.failed(error.message);
    }
  }

  /** The name of the category that holds a value. */
  nameOf(value) {
    const holds = ({ value: own }) => {
      const [low, high] = Array.isArray(own) ? own : [own, own];
      return value >= (low ?? -Infinity) && value <= (high ?? Infinity);
    };
    return this.categories.find(holds)?.name ?? '';
  }

  #list(entries) {
    this.categories = entries;
    const items = entries.map(({ value, rgba, name }) => {
      const item = document.createElement('li');
      const patch = document.createElement('span');
      patch.className = 'li-patch';
      patch.style.backgroundColor = css(rgba);
      item.append(patch, name ?? [value].flat().map((end) => end ?? '').join(' – '));
      return item;
    });
    this.parts.classes.replaceChildren(...items);
  }

  #paint(entries) {
    const context = this.parts.swatch.getContext('2d');
    const { width, height } = context.canvas;
    const step = width / entries.length;
    context.clearRect(0, 0, width, height);
    entries.forEach(({ rgba }, index) => {
      context.fillStyle = css(rgba);
      context.fillRect(Math.floor(index * step), 0, Math.ceil(step), height);
    });
    this.parts['scale-low'].textContent = digits(entries[0].value);
    this.parts['scale-high'].textContent = digits(entries.at(-1).value);
  }
}
