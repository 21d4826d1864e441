/** One image as the viewers need it: its size, bands, frames, bounds and levels, read once from the server. */

import { ApiError, ImageApi } from './api.js';
import { toParams } from './style.js';

export const WEB_MERCATOR = 'EPSG:3857';

function bandList(bands, metadata) {
  const entries = Object.entries(bands ?? metadata.bands ?? {});
  const list = entries
    .filter(([index]) => Number(index) > 0)
    .map(([index, band]) => {
      const name = band?.interpretation ?? '';
      return { index: Number(index), name, label: `Band ${index}${name ? ` · ${name}` : ''}` };
    });
  return list.length ? list : [{ index: 1, name: '', label: 'Band 1' }];
}

/** The bands for red, green and blue: by name, else the first three. */
function compositeOf(bands) {
  return ['red', 'green', 'blue'].map((name, position) => {
    const named = bands.find((band) => band.name === name);
    return (named ?? bands[Math.min(position, bands.length - 1)]).index;
  });
}

/** Bounds with east > west: an image across the antimeridian ends beyond 180 degrees. */
export function unwrapped({ xmin, xmax, ymin, ymax }) {
  return { west: xmin, east: xmax < xmin ? xmax + 360 : xmax, south: ymin, north: ymax };
}

/** Whether the image is shown where it lies on Earth: the zoom viewer shows all images in their own pixels. */
function onMap(config, metadata) {
  return Boolean(config.kind !== 'zoom' && metadata.geospatial && metadata.bounds);
}

function frameCount(metadata) {
  const frames = Array.isArray(metadata.frames) ? metadata.frames : [];
  return Math.max(1, ...frames.map((entry) => (entry.Frame ?? entry.Index ?? 0) + 1), 1);
}

export class LargeImage {
  /** Read what the image is. Raises `ApiError` with the server's words. */
  static async load(config) {
    const api = new ImageApi(config.urls);
    const metadata = await api.metadata();
    if (!metadata) throw new ApiError('The image has no metadata to choose a view by.');
    const [bands, tiles, colormaps] = await Promise.all([
      api.bands().catch(() => null),
      api.tilesMetadata(onMap(config, metadata) ? { projection: WEB_MERCATOR } : {}).catch(() => null),
      api.colormaps().catch(() => null),
    ]);
    return new LargeImage(config, api, metadata, bands, tiles, colormaps);
  }

  constructor(config, api, metadata, bands, tiles, colormaps) {
    this.api = api;
    this.assets = config.assets;
    this.title = config.title;
    this.metadata = metadata;
    this.colormaps = colormaps;
    this.geospatial = onMap(config, metadata);
    this.bands = bandList(bands, metadata);
    this.composite = compositeOf(this.bands);
    this.frames = frameCount(metadata);
    this.levels = tiles?.levels ?? metadata.levels ?? 1;
    this.tileSize = tiles?.tile_size ?? metadata.tileWidth ?? 256;
    this.width = metadata.sizeX;
    this.height = metadata.sizeY;
    this.bounds = this.geospatial ? unwrapped(metadata.bounds) : null;
  }

  /** The URL of the tiles in a style, `{z}`, `{x}` and `{y}` left in it. */
  tileUrl(style) {
    const projection = this.geospatial ? { projection: WEB_MERCATOR } : {};
    return this.api.tile({ ...projection, ...toParams(style, this.frames) });
  }

  /** The values at a place: `x`, `y` are degrees on a map, pixels otherwise. */
  pixel(x, y, style) {
    const frame = this.frames > 1 ? { frame: style.frame } : {};
    const units = this.geospatial ? 'EPSG:4326' : 'pixels';
    return this.api.pixel({ left: x, top: y, units, ...frame });
  }
}
