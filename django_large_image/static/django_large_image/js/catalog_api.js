/** The paths of one catalogue, below the page's own. */

import { getJson, withQuery } from './api.js';
import { listed } from './palettes.js';

/**
 * The values of keys as the path of a dataset. Servers take `%2F` for a slash like any other, so that one within a value
 * is escaped twice, as is a percent sign that would be read as such an escape.
 */
export function pathOf(values) {
  const escaped = values.map((value) => value.replace(/%(?=2F|25)/gi, '%25').replaceAll('/', '%2F'));
  return escaped.map(encodeURIComponent).join('/');
}

/** The values of such a path. */
export function valuesOf(path) {
  const unescaped = (escape) => (escape === '%25' ? '%' : '/');
  return path.split('/').map((value) => decodeURIComponent(value).replace(/%(?:2F|25)/gi, unescaped));
}

/** Any of several values in a search, whatever their characters. */
export function anyOf(values) {
  return JSON.stringify(values);
}

export class CatalogApi {
  constructor(config) {
    this.base = config.base;
    this.keys = config.keys;
    this.token = config.token;
    this.names = config.urls.colormaps;
    this.swatches = config.assets.palettes;
  }

  /** The values of a dataset in the order of the catalogue's keys; `keys` is an object. */
  values(keys) {
    return this.keys.map(({ name }) => keys[name]);
  }

  /** One page of a search: the keys of the datasets, one object for each. */
  async datasets(query) {
    return (await getJson(withQuery(`${this.base}datasets`, query))).datasets;
  }

  /** What is known of several datasets: the columns asked for, in the order of `several`. */
  metadata(several, columns) {
    return getJson(withQuery(`${this.base}metadata`, { columns: JSON.stringify(columns) }), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-CSRFToken': this.token },
      body: JSON.stringify({ keys: several }),
    });
  }

  /** What is known of one dataset, measured if need be. */
  dataset(values) {
    const columns = JSON.stringify(['bounds', 'convex_hull', 'range', 'percentiles', 'categories']);
    return getJson(withQuery(`${this.base}metadata/${pathOf(values)}`, { columns }));
  }

  /** The URL of the tiles of a layer `{path, query}`, with `{z}`, `{x}`, `{y}` left in it. */
  tiles({ path, query }) {
    return withQuery(`${this.base}${path}/{z}/{x}/{y}.png`, query);
  }

  /** West, south, east and north of all that a layer shows. */
  async bounds({ path, query }) {
    return (await getJson(withQuery(`${this.base}${path}/tilejson.json`, query))).bounds;
  }

  /** Which value has which colour, in so many steps unless there are categories. */
  async legend({ path, query }, steps) {
    return (await getJson(withQuery(`${this.base}${path}`, { ...query, num_values: steps }))).colormap;
  }

  /** The values at a place of the datasets that a path of values names, one page of them, the oldest first. */
  async point(values, lon, lat, { limit, page = 0 }) {
    const query = { lon, lat, limit, page };
    return (await getJson(withQuery(`${this.base}point/${pathOf(values)}`, query))).values;
  }

  /** The names of colour maps by the library they come from. */
  colormaps() {
    return listed(this.names, this.swatches);
  }
}
