/** The paths of one depth image, below `base`. */

import { getJson, withQuery } from './api.js';

export class DepthApi {
  constructor(config) {
    this.base = config.base;
    this.image = config.image;
  }

  /** The URL of the frame of a query. */
  frame(query, suffix = 'png') {
    return withQuery(`${this.base}frame.${suffix}`, query);
  }

  /** Which rows a frame has: `{start, stop, depths}`. */
  depths(query) {
    return getJson(withQuery(`${this.base}depths`, query));
  }

  /** The value at a column and row of the whole image; `null` where there is none. */
  async value(column, row) {
    const found = await getJson(withQuery(`${this.base}data/pixel`, { left: column, top: row }));
    return found.value[0];
  }

  /** The histogram of all values, `null` where there are none. */
  async histogram(bins) {
    return (await getJson(withQuery(`${this.base}data/histogram`, { bins })))[0] ?? null;
  }

  /** The colour maps that are stored here: `{name: stops}`. */
  async stored() {
    const found = await getJson(`${this.base}../colormaps/`);
    return Object.fromEntries(found.map(({ name, stops }) => [name, stops]));
  }
}
