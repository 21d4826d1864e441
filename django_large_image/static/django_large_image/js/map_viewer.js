/** The 2D viewer: Leaflet as a web map, or over the pixels of an image that has no place on Earth. */

import { addBaseMap } from './base_map.js';
import { loadLeaflet } from './leaflet.js';

export const MERCATOR_LATITUDE = 85.0511;
const CLOSER_THAN_NATIVE = 4; // levels of magnification beyond the image's own pixels
const SMALL = 8; // ... and for images of a few pixels
const WIDE = 700; // pixels of the stage

/**
 * Tiles whose columns count on beyond the antimeridian. Leaflet's own wrapping compares wrapped tiles with the bounds, so
 * that an image from 170 to 190 degrees would lose its eastern half.
 */
export function roundTheWorld(L) {
  return L.TileLayer.extend({
    getTileUrl(coords) {
      const columns = 2 ** this._getZoomForUrl();
      const wrapped = L.point(((coords.x % columns) + columns) % columns, coords.y);
      wrapped.z = coords.z;
      return L.TileLayer.prototype.getTileUrl.call(this, wrapped);
    },
  });
}

export class MapViewer {
  /** Build the viewer in `stage`; `on` has the callbacks `clicked(x, y)` and `failed(text)`. */
  static async create(stage, image, config, on) {
    const L = await loadLeaflet(config.assets.leaflet);
    return new MapViewer(L, stage, image, config, on);
  }

  constructor(L, stage, image, config, on) {
    this.L = L;
    this.image = image;
    this.on = on;
    this.inset = stage.parentElement.querySelector('.li-panel')?.offsetWidth ?? 0;
    this.native = Math.max(image.levels - 1, 0);
    this.map = image.geospatial ? this.#geographic(stage, config) : this.#pixels(stage);
    this.map.attributionControl?.setPrefix('<a href="https://leafletjs.com">Leaflet</a>');
    this.map.on('click', ({ latlng }) => on.clicked(latlng.lng, latlng.lat));
    this.map.on('zoomend', () => this.#sharpen());
    stage.setAttribute('role', 'application');
    stage.setAttribute('aria-label', `${image.title}: arrows move, + and - zoom, Enter reads the values`);
    this.map.getContainer().addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.target !== this.map.getContainer()) return;
      event.preventDefault();
      const { lng, lat } = this.map.getCenter();
      on.clicked(lng, lat);
    });
    this.home();
    // The stage may get its size later: an accordion, a tab, a phone turned round.
    new ResizeObserver(() => this.map.invalidateSize({ animate: false })).observe(stage);
  }

  #options() {
    return { zoomControl: true, fadeAnimation: true, keyboard: true, boxZoom: true };
  }

  #geographic(stage, config) {
    const { L, image } = this;
    const { west, south, east, north } = image.bounds;
    const clamp = (lat) => Math.min(Math.max(lat, -MERCATOR_LATITUDE), MERCATOR_LATITUDE);
    this.bounds = L.latLngBounds([clamp(south), west], [clamp(north), east]);
    // An image all round the Earth goes on without an edge.
    this.covered = east - west < 359 ? this.bounds : L.latLngBounds([-90, west - 720], [90, east + 720]);
    const map = L.map(stage, {
      ...this.#options(),
      maxZoom: this.native + CLOSER_THAN_NATIVE,
      maxBounds: [[-89, west - 360], [89, east + 360]],
      maxBoundsViscosity: 0.5,
    });
    addBaseMap(L, map, config);
    L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
    return map;
  }

  #pixels(stage) {
    const { L, image } = this;
    // One unit is one pixel of the image at its finest level; y runs downwards as the rows do.
    const scale = 2 ** -this.native;
    const crs = L.extend({}, L.CRS.Simple, { transformation: new L.Transformation(scale, 0, scale, 0) });
    this.bounds = this.covered = L.latLngBounds([0, 0], [image.height, image.width]);
    return L.map(stage, {
      ...this.#options(),
      crs,
      minZoom: -2,
      maxZoom: this.native + SMALL,
      maxBounds: this.bounds.pad(1),
      maxBoundsViscosity: 0.5,
      attributionControl: true,
    });
  }

  /** Show the whole image. */
  home() {
    // Beside the panel where there is room for both.
    const inset = this.map.getSize().x > WIDE ? this.inset : 0;
    this.map.fitBounds(this.bounds, {
      animate: false,
      paddingTopLeft: [8, 8],
      paddingBottomRight: [8 + inset, 8],
    });
    this.#sharpen();
  }

  /** Whole pixels rather than a blur once the reader looks closer than the image is sampled. */
  #sharpen() {
    this.map.getContainer().classList.toggle('li-sharp', this.map.getZoom() > this.native + 1);
  }

  /** Show the image in a style; the old picture stays until the new one is there. */
  show(style) {
    const url = this.image.tileUrl(style);
    if (url === this.url) {
      this.layer.setOpacity(style.opacity);
      return;
    }
    this.url = url;
    const previous = this.layer;
    this.layer = this.#tiles(url, style.opacity).addTo(this.map);
    if (!previous) return;
    const retire = () => this.map.removeLayer(previous);
    this.layer.once('load', retire);
    this.layer.once('remove', retire);
  }

  #tiles(url, opacity) {
    const { L, image } = this;
    const Tiles = image.geospatial ? roundTheWorld(L) : L.TileLayer;
    const layer = new Tiles(url, {
      opacity,
      bounds: this.covered,
      tileSize: image.tileSize,
      minZoom: -2,
      minNativeZoom: 0,
      maxNativeZoom: this.native,
      maxZoom: this.native + SMALL,
      noWrap: true,
      updateWhenZooming: false,
      className: 'li-tiles',
    });
    if (!image.geospatial) layer.on('tileloadstart', (event) => this.#clip(event));
    let told = false;
    layer.on('tileerror', async ({ tile }) => {
      if (told || url !== this.url) return;
      told = true;
      const why = await image.api.explainTile(tile.src);
      if (why && url === this.url) this.on.failed(why);
    });
    return layer;
  }

  /** Hide what a tile at the right or lower edge has beyond the image. */
  #clip({ tile, coords }) {
    const size = this.image.tileSize;
    const scale = 2 ** (this.native - coords.z);
    const beyond = (length, index) => {
      const rest = length / scale - index * size;
      return rest >= size ? 0 : Math.max(100 - (rest / size) * 100, 0);
    };
    const right = beyond(this.image.width, coords.x);
    const bottom = beyond(this.image.height, coords.y);
    if (right || bottom) tile.style.clipPath = `inset(0 ${right}% ${bottom}% 0)`;
  }

  destroy() {
    this.map.remove();
  }
}
