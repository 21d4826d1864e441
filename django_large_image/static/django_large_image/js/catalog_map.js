/** The map of the catalogue: the base map, footprints, and the tiles of one layer. */

import { explainTile } from './api.js';
import { addBaseMap } from './base_map.js';
import { loadLeaflet } from './leaflet.js';
import { MERCATOR_LATITUDE, roundTheWorld } from './map_viewer.js';

const MAX_ZOOM = 24;
const NARROW = 900; // pixels of the stage, below which panels lie over the map
const WORLD = [[-60, -170], [75, 170]];

export class CatalogMap {
  /** Build the map in `stage`; `on` has `clicked(lng, lat)`, `moved()` and `failed(text)`. */
  static async create(stage, config, on) {
    const L = await loadLeaflet(config.assets.leaflet);
    return new CatalogMap(L, stage, config, on);
  }

  constructor(L, stage, config, on) {
    this.L = L;
    this.on = on;
    this.tileSize = config.tileSize;
    this.stage = stage;
    this.map = L.map(stage, {
      zoomControl: false,
      maxZoom: MAX_ZOOM,
      maxBounds: [[-89, -540], [89, 540]],
      maxBoundsViscosity: 0.5,
      worldCopyJump: false,
    });
    this.map.attributionControl.setPrefix('<a href="https://leafletjs.com">Leaflet</a>');
    addBaseMap(L, this.map, config);
    L.control.zoom({ position: 'bottomleft' }).addTo(this.map);
    L.control.scale({ imperial: false, maxWidth: 140, position: 'bottomleft' }).addTo(this.map);
    // Below the tiles: they must not tint what is shown.
    this.map.createPane('li-footprints').style.zIndex = 180;
    this.renderer = L.svg({ pane: 'li-footprints', padding: 0.5 });
    this.footprints = L.layerGroup().addTo(this.map);
    this.boundsList = [];
    stage.setAttribute('role', 'application');
    stage.setAttribute('aria-label', `${config.title}: arrows move, + and - zoom, Enter reads the values`);
    this.map.on('click', ({ latlng }) => on.clicked(latlng.lng, latlng.lat));
    this.map.on('moveend', () => on.moved());
    stage.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.target !== stage) return;
      event.preventDefault();
      on.clicked(...this.center());
    });
    this.map.fitBounds(WORLD, { animate: false });
    new ResizeObserver(() => this.map.invalidateSize({ animate: false })).observe(stage);
  }

  /** Draw the bounds `[west, south, east, north]` of the datasets found; `null` for an unknown place. */
  draw(boundsList) {
    const below = { pane: 'li-footprints', renderer: this.renderer };
    const style = { className: 'li-footprint', weight: 1, interactive: false, ...below };
    this.boundsList = boundsList;
    this.highlight(-1);
    this.footprints.clearLayers();
    // Once where many lie at the same place.
    const places = new Map(boundsList.filter(Boolean).map((bounds) => [bounds.join(), bounds]));
    for (const bounds of places.values()) {
      this.footprints.addLayer(this.L.rectangle(this.#box(bounds), style));
    }
  }

  /** Show one footprint above all; -1 for none. */
  highlight(index) {
    this.here?.remove();
    const bounds = this.boundsList[index];
    const style = { className: 'li-footprint li-footprint--here', weight: 3, interactive: false };
    this.here = bounds ? this.L.rectangle(this.#box(bounds), style).addTo(this.map) : null;
  }

  /** Mark the place of the dataset that is shown: its hull where there is one, its bounds otherwise; nothing for neither. */
  outline(hull, bounds) {
    this.shown?.remove();
    const style = { className: 'li-footprint li-footprint--shown', weight: 2, interactive: false };
    if (hull) this.shown = this.L.geoJSON(hull, { style: () => style, interactive: false });
    else this.shown = bounds && this.L.rectangle(this.#box(bounds), style);
    this.shown?.addTo(this.map);
  }

  /** The dataset with the smallest footprint round a place, by its number; -1 where there is none. */
  at(lng, lat) {
    let [found, least] = [-1, Infinity];
    this.boundsList.forEach((bounds, index) => {
      if (!bounds || !holds(bounds, lng, lat)) return;
      const [west, south, east, north] = bounds;
      const area = (east - west) * (north - south);
      if (area < least) [found, least] = [index, area];
    });
    return found;
  }

  /** Bring a place into sight, between the panels where there is room. */
  fit(bounds, options = {}) {
    const wide = this.map.getSize().x > NARROW;
    const inset = (selector) => {
      const width = this.stage.parentElement.querySelector(selector)?.offsetWidth ?? 0;
      return wide && width ? width + 20 : 8;
    };
    this.map.fitBounds(this.#box(bounds), {
      animate: false,
      paddingTopLeft: [inset('.li-search'), 12],
      paddingBottomRight: [inset('[data-li=panel]'), 24],
      ...options,
    });
  }

  /** Longitude and latitude of the middle of what is in sight. */
  center() {
    const { lng, lat } = this.map.getCenter();
    return [lng, lat];
  }

  /** West, south, east and north of what is in sight, as a parameter. */
  view() {
    const box = this.map.getBounds();
    const [west, east] = [box.getWest(), box.getEast()];
    const whole = east - west >= 360;
    const turns = Math.floor((west + 180) / 360) * 360;
    const sides = whole ? [-180, 180] : [west - turns, east - turns];
    const clamp = (lat) => Math.min(Math.max(lat, -90), 90);
    return [sides[0], clamp(box.getSouth()), sides[1], clamp(box.getNorth())]
      .map((degrees) => Number(degrees.toFixed(6)))
      .join(',');
  }

  /** Show tiles; the old ones stay until the new ones are there. An empty URL shows nothing. */
  show(url, opacity, bounds) {
    if (url === this.url) {
      this.layer?.setOpacity(opacity);
      return;
    }
    this.url = url;
    const previous = this.layer;
    this.layer = url ? this.#tiles(url, opacity, bounds).addTo(this.map) : null;
    if (!previous) return;
    if (!this.layer) previous.remove();
    this.layer?.once('load', () => previous.remove());
    this.layer?.once('remove', () => previous.remove());
  }

  #tiles(url, opacity, bounds) {
    const Tiles = roundTheWorld(this.L);
    const layer = new Tiles(url, {
      opacity,
      bounds: bounds && this.#box(bounds),
      tileSize: this.tileSize,
      maxZoom: MAX_ZOOM,
      noWrap: true,
      updateWhenZooming: false,
      className: 'li-tiles',
    });
    let told = false;
    layer.on('tileerror', async ({ tile }) => {
      if (told || url !== this.url) return;
      told = true;
      const why = await explainTile(tile.src);
      if (why && url === this.url) this.on.failed(why);
    });
    return layer;
  }

  #box([west, south, east, north]) {
    const clamp = (lat) => Math.min(Math.max(lat, -MERCATOR_LATITUDE), MERCATOR_LATITUDE);
    return this.L.latLngBounds([clamp(south), west], [clamp(north), east < west ? east + 360 : east]);
  }
}

/** Whether a place lies within bounds, whatever turn of the Earth it is written in. */
export function holds([west, south, east, north], lng, lat) {
  const width = east < west ? east + 360 - west : east - west;
  return lat >= south && lat <= north && (((lng - west) % 360) + 360) % 360 <= width;
}
