/** The search: a form with a field for each key, and the list of what was found. */

import { anyOf } from './catalog_api.js';
import { option } from './parts.js';

const PAGE = 50;
const DELAY = 250;
const MAX_HINTS = 200;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export class Search {
  /**
   * `on` has `found(datasets)` for the datasets in the list, `pointed(index)` for that under the hand (-1: none),
   * `chosen(index)`, `failed(text)`, and `view()`, which returns the bounding box in sight.
   */
  constructor(parts, api, on) {
    this.parts = parts;
    this.api = api;
    this.on = on;
    this.datasets = [];
    this.hints = new Map();
    this.asked = 0;
    for (const key of api.keys) parts.filters.append(this.#field(key));
    parts.search.addEventListener('submit', (event) => {
      event.preventDefault();
      this.start();
    });
    parts.search.addEventListener('input', () => this.later());
    parts.search.addEventListener('reset', () => this.later());
    parts.more.addEventListener('click', () => this.#load(this.page + 1));
    parts.list.addEventListener('keydown', (event) => this.#move(event));
  }

  #field({ name, kind, description }) {
    const label = element('span', { textContent: name, title: description });
    if (kind === 'text') {
      const hints = element('datalist', { id: `li-hints-${name}` });
      const input = element('input', { type: 'search', name, autocomplete: 'off' });
      input.placeholder = this.parts.filters.dataset.any;
      input.setAttribute('list', hints.id);
      this.hints.set(name, hints);
      return element('label', { className: 'li-field' }, label, input, hints);
    }
    const side = (suffix, text) => {
      const input = element('input', { type: kind, name: `${name}__${suffix}`, placeholder: text });
      if (kind === 'number') input.step = 'any';
      input.setAttribute('aria-label', `${name} ${text}`);
      return input;
    };
    const { from, to } = this.parts.filters.dataset;
    const pair = element('div', { className: 'li-pair' }, side('gte', from), side('lte', to));
    const field = element('div', { className: 'li-field' }, label, pair);
    field.setAttribute('role', 'group');
    field.setAttribute('aria-label', name);
    return field;
  }

  /** The query of the form: several values of a text are separated by commas, unless there is one with commas. */
  query() {
    const query = {};
    for (const [name, text] of new FormData(this.parts.search)) {
      const value = text.trim();
      if (!value) continue;
      query[name] = this.hints.has(name) ? anyOf(this.#several(name, value)) : value;
    }
    if (this.parts.within.checked) query.bbox = this.on.view();
    return query;
  }

  #several(name, text) {
    const known = [...this.hints.get(name).options].map(({ value }) => value);
    const parts = text.split(',').map((part) => part.trim()).filter(Boolean);
    return known.includes(text) || !parts.length ? [text] : parts;
  }

  /** Search a moment later, as the reader is still typing. */
  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.start(), DELAY);
  }

  /** What is in sight has changed. */
  moved() {
    if (this.parts.within.checked) this.later();
  }

  /** Search anew. */
  start() {
    clearTimeout(this.timer);
    return this.#load(0);
  }

  async #load(page) {
    const asked = ++this.asked;
    this.parts.results.setAttribute('aria-busy', 'true');
    try {
      const found = await this.api.datasets({ ...this.query(), limit: PAGE, page });
      // Whoever asks later is answered last.
      if (asked !== this.asked) return;
      this.page = page;
      this.datasets = page ? [...this.datasets, ...found] : found;
      this.#show(found, page);
      this.on.found(this.datasets);
    } catch (error) {
      if (asked === this.asked) this.on.failed(error.message);
    } finally {
      if (asked === this.asked) this.parts.results.removeAttribute('aria-busy');
    }
  }

  #show(found, page) {
    const { list, count, more } = this.parts;
    const first = page ? list.children.length : 0;
    const rows = found.map((keys, index) => this.#row(keys, first + index));
    if (page) list.append(...rows);
    else list.replaceChildren(...rows);
    more.hidden = found.length < PAGE;
    const { none, one, many } = count.dataset;
    const total = this.datasets.length;
    count.textContent = total ? `${total}${more.hidden ? '' : '+'} ${total === 1 ? one : many}` : none;
    this.mark(this.chosen);
    for (const [name, hints] of this.hints) this.#hint(hints, found.map((keys) => keys[name]));
  }

  #hint(hints, values) {
    const known = new Set([...hints.options].map(({ value }) => value));
    for (const value of values) {
      if (known.size >= MAX_HINTS || known.has(value)) continue;
      known.add(value);
      hints.append(option(value, value));
    }
  }

  #row(keys, index) {
    const values = this.api.values(keys);
    const [first, ...rest] = values.map((value, place) =>
      element('span', { textContent: value, title: this.api.keys[place].name }),
    );
    const button = element('button', { type: 'button' }, first, ...rest);
    button.dataset.values = JSON.stringify(values);
    const on = (event, call) => button.addEventListener(event, call);
    // What is shown is not covered by its own footprint.
    const point = () => this.on.pointed(button.getAttribute('aria-current') === 'true' ? -1 : index);
    const leave = () => this.on.pointed(-1);
    on('click', () => {
      leave();
      this.on.chosen(index);
    });
    on('pointerenter', point);
    on('pointerleave', leave);
    on('focus', point);
    on('blur', leave);
    return element('li', {}, button);
  }

  /** Arrows, Home and End go through the list. */
  #move(event) {
    const rows = [...this.parts.list.querySelectorAll('button')];
    const here = rows.indexOf(document.activeElement);
    const steps = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: rows.length - 1 };
    const next = rows[steps[event.key]];
    if (here < 0 || !next) return;
    event.preventDefault();
    next.focus();
  }

  /** Mark the dataset with these values as the one that is shown. */
  mark(values) {
    this.chosen = values;
    const text = JSON.stringify(values ?? null);
    for (const button of this.parts.list.querySelectorAll('button')) {
      const here = button.dataset.values === text;
      button.setAttribute('aria-current', String(here));
      if (here) button.scrollIntoView({ block: 'nearest' });
    }
  }
}
