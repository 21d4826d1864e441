/** Starts the page of a catalogue: the search leads to datasets, the map shows them, the panel styles them. */

import { CatalogApi, pathOf, valuesOf } from './catalog_api.js';
import { COLORS, CatalogControls } from './catalog_controls.js';
import { CatalogMap, holds } from './catalog_map.js';
import { Search } from './catalog_search.js';
import { Series } from './catalog_series.js';
import { mixed, openKeys, opened } from './catalog_style.js';
import { configOf, isNarrow, partsOf } from './parts.js';
import { place, values as shown } from './readout.js';
import { startPages } from './starting.js';

// Datasets at one place, of which one is seen.
const MANY = 200;

class CatalogPage {
  static async create(section, notice) {
    const config = configOf(section);
    const page = new CatalogPage(section, config, notice);
    await page.#start(config);
    return page;
  }

  constructor(section, config, notice) {
    this.section = section;
    this.notice = notice;
    this.parts = partsOf(section);
    this.api = new CatalogApi(config);
    this.boundsOf = new Map();
    this.failed = (text) => notice.show(text);
  }

  async #start(config) {
    const { parts, api, failed } = this;
    const colormaps = await api.colormaps().catch(() => null);
    this.map = await CatalogMap.create(parts.stage, config, {
      clicked: (lng, lat) => this.#clicked(lng, lat),
      moved: () => this.search?.moved(),
      failed,
    });
    this.controls = new CatalogControls(parts, api, colormaps, {
      changed: (layer, style) => this.#show(layer, style),
      failed,
    });
    this.series = new Series(parts, api, {
      chosen: (value) => this.open(this.controls.values.with(api.keys.indexOf(this.series.axis), value)),
      failed,
    });
    parts.along.hidden = !this.series.axis;
    parts.along.append(` ${this.series.axis?.name ?? ''}`);
    parts.along.addEventListener('click', () => this.#along(this.place ?? this.map.center()));
    this.search = new Search(parts, api, {
      found: (datasets) => this.#found(datasets),
      pointed: (index) => this.map.highlight(index),
      chosen: (index) => this.open(api.values(this.search.datasets[index])),
      failed,
      view: () => this.map.view(),
    });
    this.#folds();
    await this.search.start();
    await this.#linked();
  }

  /** Show the dataset that the address names behind its `#`. */
  async #linked() {
    const values = valuesOf(window.location.hash.slice(1));
    if (values.length === this.api.keys.length && values.every(Boolean)) await this.open(values);
  }

  /** Both panels fold; where the page is narrow, one at a time is open. */
  #folds() {
    const names = ['search-', ''];
    const fold = (name, open) => {
      this.parts[`${name}toggle`].setAttribute('aria-expanded', String(open));
      this.parts[`${name}body`].hidden = !open;
    };
    const narrow = () => isNarrow(this.section);
    for (const name of names) {
      this.parts[`${name}toggle`].addEventListener('click', () => {
        const open = this.parts[`${name}toggle`].getAttribute('aria-expanded') !== 'true';
        if (open && narrow()) names.forEach((other) => fold(other, false));
        fold(name, open);
      });
    }
    this.uncover = () => narrow() && names.forEach((name) => fold(name, false));
    if (narrow()) fold('', false);
  }

  /** Draw the footprints of what was found, those not known yet asked for at once. */
  async #found(datasets) {
    const several = datasets.map((keys) => this.api.values(keys));
    const unknown = several.filter((values) => !this.boundsOf.has(pathOf(values)));
    const known = await this.#places(unknown);
    unknown.forEach((values, index) => this.boundsOf.set(pathOf(values), known[index]));
    if (datasets !== this.search.datasets) return;
    const bounds = several.map((values) => this.boundsOf.get(pathOf(values)) ?? null);
    this.map.draw(bounds);
    const places = bounds.filter(Boolean);
    // The first look is at all that there is.
    if (this.looked || !places.length) return;
    this.looked = true;
    const least = (side) => Math.min(...places.map((box) => box[side]));
    const most = (side) => Math.max(...places.map((box) => box[side]));
    this.map.fit([least(0), least(1), most(2), most(3)], { maxZoom: 12 });
  }

  /** The bounds of datasets, `null` for one whose raster cannot be read. */
  async #places(several) {
    if (!several.length) return [];
    const bounds = async (some) => (await this.api.metadata(some, ['bounds'])).map((found) => found.bounds);
    try {
      return await bounds(several);
    } catch (error) {
      // One of them spoils the answer for all.
      const each = several.map((values) => bounds([values]).catch(() => [null]));
      const found = (await Promise.all(each)).flat();
      if (!found.some(Boolean)) this.failed(error.message);
      return found;
    }
  }

  /** Show a layer where it lies: a mosaic goes beyond the dataset that it was chosen by. */
  async #show(layer, style) {
    const asked = (this.showing = {});
    this.notice.hide();
    try {
      const mosaic = openKeys(style).length > 0;
      const bounds = mosaic ? await this.api.bounds(layer) : this.bounds;
      if (asked !== this.showing) return;
      this.extent = bounds;
      this.map.outline(mosaic ? null : this.hull, mosaic ? null : bounds);
      this.map.show(this.api.tiles(layer), style.opacity, bounds);
    } catch (error) {
      if (asked === this.showing) this.failed(error.message);
    }
  }

  /** Show a dataset: zoom to it, style it, tell where it lies. */
  async open(values) {
    this.opening = values;
    this.looked = true;
    this.notice.hide();
    this.section.dataset.busy = 'true';
    try {
      const metadata = await this.controls.metadata(values);
      if (this.opening !== values) return;
      const { bounds } = metadata;
      const moved = JSON.stringify(bounds) !== JSON.stringify(this.bounds);
      this.bounds = this.extent = bounds;
      this.hull = metadata.convex_hull;
      this.map.outline(this.hull, bounds);
      this.search.mark(values);
      window.history.replaceState(null, '', `#${pathOf(values)}`);
      this.uncover();
      this.parts.shown.textContent = values.join(' · ');
      this.parts.panel.hidden = false;
      if (moved && bounds) this.map.fit(bounds);
      await this.controls.open(values, metadata);
    } catch (error) {
      if (this.opening === values) this.failed(error.message);
    } finally {
      if (this.opening === values) delete this.section.dataset.busy;
    }
  }

  /** Read the values of what is shown; elsewhere show the dataset that lies there. */
  async #clicked(lng, lat) {
    if (this.controls.values && this.extent && holds(this.extent, lng, lat)) {
      this.place = [lng, lat];
      await Promise.all([this.#read(lng, lat), this.parts.series.hidden || this.#along(this.place)]);
      return;
    }
    const index = this.map.at(lng, lat);
    if (index >= 0) await this.open(this.api.values(this.search.datasets[index]));
  }

  async #read(lng, lat) {
    const where = place(lng, lat, true);
    const asked = (this.reading = {});
    this.controls.say(where);
    let what;
    try {
      const { rule } = this.controls.style;
      const found = await Promise.all(
        this.#bands().map(async ([name, values]) => {
          const entries = await this.api.point(values, lng, lat, { limit: MANY });
          const value = mixed(entries.map((entry) => entry.value), rule);
          return [name, value, value === null ? entries.find(({ error }) => error)?.error : undefined];
        }),
      );
      what = found.find(([, , error]) => error)?.[2] ?? this.#said(found);
    } catch (error) {
      what = error.message;
    }
    if (asked === this.reading) this.controls.say(`${where} — ${what}`);
  }

  #said(found) {
    const there = found.filter(([, value]) => value !== null);
    const name = found.length === 1 && there.length ? this.controls.legend.nameOf(there[0][1]) : '';
    const text = shown(Object.fromEntries(there));
    return name ? `${text} (${name})` : text;
  }

  /** The names, the paths and the colours of the bands of what is shown. */
  #bands() {
    const { controls, api } = this;
    const open = openKeys(controls.style);
    const bands = controls.bands();
    const color = (index) => (bands.length > 1 ? COLORS[index] : undefined);
    return bands.map(([name, values], index) => [name, opened(api.keys, values, open), color(index)]);
  }

  /** Show the values at a place along the key of dates. */
  #along([lng, lat]) {
    const { controls, api, series } = this;
    const { rule } = controls.style;
    const here = controls.values[api.keys.indexOf(series.axis)];
    this.uncover();
    return series.show(this.#bands(), lng, lat, { title: place(lng, lat, true), rule, here });
  }
}

startPages('[data-large-image-catalog]', 'largeImageCatalog', CatalogPage.create);
