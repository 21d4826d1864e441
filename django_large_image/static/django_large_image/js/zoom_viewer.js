/** The zoom viewer: OpenSeadragon over an image's own pixels, by Deep Zoom or by an IIIF service. */

import { getJson, withQuery } from './api.js';
import { loadOpenSeadragon } from './openseadragon.js';
import { partsOf } from './parts.js';
import { toParams } from './style.js';

const WIDE = 700; // pixels of the stage
const CLOSEST = 16; // screen pixels per pixel of the image
const SHARP = 2; // beyond this many, whole pixels rather than a blur
const STEP = 1.6;
const QUARTER = 90;

// How stored pixels are shown, by the numbers of EXIF: rows and columns exchanged, then mirrored.
const TRANSPOSED = [5, 6, 7, 8];
const MIRRORED_ACROSS = [2, 3, 6, 7];
const MIRRORED_DOWN = [3, 4, 7, 8];

/** Whether JPEG shows an image well in a style: a scan in its stored colours, nothing transparent. */
function fitsJpeg(image, style) {
  // A few pixels are looked at one by one.
  if (Math.max(image.width, image.height) <= image.tileSize) return false;
  const names = image.bands.map((band) => band.name).join();
  const opaque = image.bands.every((band) => band.nodata === undefined);
  return style.mode === 'stored' && opaque && ['red,green,blue', 'gray'].includes(names);
}

export class ZoomViewer {
  /** Build the viewer in `stage`; `on` has the callbacks `clicked(x, y)` and `failed(text)`. */
  static async create(stage, image, config, on) {
    const [OpenSeadragon, info] = await Promise.all([
      loadOpenSeadragon(config.assets.openseadragon),
      config.urls['iiif-info'] ? getJson(config.urls['iiif-info']) : null,
    ]);
    return new ZoomViewer(OpenSeadragon, stage, image, info, on);
  }

  constructor(OpenSeadragon, stage, image, info, on) {
    this.OpenSeadragon = OpenSeadragon;
    this.image = image;
    this.orientation = image.metadata.orientation ?? 1;
    const { width, height } = image;
    // Of the image the right way up.
    [this.width, this.height] = TRANSPOSED.includes(this.orientation) ? [height, width] : [width, height];
    this.info = info;
    this.on = on;
    this.viewer = new OpenSeadragon.Viewer({
      ...this.#options(stage),
      // Without it the page shines through between tiles.
      subPixelRoundingForTransparency: OpenSeadragon.SUBPIXEL_ROUNDING_OCCURRENCES.ONLY_AT_REST,
    });
    this.#listen();
    this.#label(stage);
    this.#buttons(partsOf(stage.parentElement));
  }

  #options(stage) {
    const panel = stage.parentElement.querySelector('.li-panel')?.offsetWidth ?? 0;
    const wide = stage.clientWidth > WIDE;
    const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    return {
      element: stage,
      // Browsers keep few WebGL contexts, and a page may have many viewers.
      drawer: 'canvas',
      showNavigationControl: false,
      showNavigator: wide && this.width > stage.clientWidth,
      navigatorPosition: 'BOTTOM_LEFT',
      navigatorSizeRatio: 0.16,
      navigatorBackground: 'transparent',
      navigatorBorderColor: 'transparent',
      navigatorDisplayRegionColor: '#3e8bff',
      // Beside the panel where there is room for both.
      viewportMargins: { left: 8, top: 8, bottom: 8, right: 8 + (wide ? panel : 0) },
      visibilityRatio: 0.3,
      maxZoomPixelRatio: Math.max(CLOSEST, stage.clientWidth / this.width),
      animationTime: calm ? 0 : 0.5,
      blendTime: calm ? 0 : 0.1,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    };
  }

  #listen() {
    const { viewer } = this;
    viewer.addHandler('canvas-click', ({ quick, position }) => quick && this.#read(position));
    viewer.addHandler('canvas-key', (event) => {
      const act = this.#keys[event.originalEvent.key];
      if (!act || event.originalEvent.ctrlKey || event.originalEvent.metaKey) return;
      event.preventDefaultAction = true;
      event.originalEvent.preventDefault();
      act();
    });
    viewer.addHandler('zoom', () => this.#sharpen());
    viewer.addHandler('tile-load-failed', async ({ tile, tiledImage }) => {
      if (this.told || tiledImage !== this.layer) return;
      this.told = true;
      const why = await this.image.api.explainTile(tile.getUrl());
      if (why && tiledImage === this.layer) this.on.failed(why);
    });
  }

  /** What OpenSeadragon does not do by itself, or in tiny steps. */
  #keys = {
    Enter: () => {
      const { x, y } = this.viewer.viewport.getContainerSize();
      this.#read(new this.OpenSeadragon.Point(x / 2, y / 2));
    },
    '+': () => this.#zoomBy(STEP),
    '=': () => this.#zoomBy(STEP),
    '-': () => this.#zoomBy(1 / STEP),
    0: () => this.home(),
  };

  #zoomBy(factor) {
    this.viewer.viewport.zoomBy(factor);
    this.viewer.viewport.applyConstraints();
  }

  #label(stage) {
    const { canvas } = this.viewer;
    canvas.setAttribute('role', 'application');
    canvas.setAttribute(
      'aria-label',
      `${this.image.title}: arrows move, + and - zoom, 0 shows all, R turns, Enter reads the values`,
    );
    stage.querySelector('.navigator')?.setAttribute('aria-hidden', 'true');
  }

  #buttons(parts) {
    const { viewport } = this.viewer;
    const on = (name, act) => parts[name]?.addEventListener('click', act);
    on('zoom-in', () => this.#zoomBy(STEP));
    on('zoom-out', () => this.#zoomBy(1 / STEP));
    on('zoom-home', () => this.home());
    on('zoom-turn', () => viewport.setRotation(viewport.getRotation() + QUARTER));
    on('zoom-full', () => this.#fullScreen());
  }

  /** The whole viewer, its panel too, over the whole screen. */
  #fullScreen() {
    const section = this.viewer.element.closest('.li-viewer');
    if (document.fullscreenElement) document.exitFullscreen();
    else section.requestFullscreen?.().catch(() => {});
  }

  /** Show the whole image, upright. */
  home() {
    this.viewer.viewport.setRotation(0);
    this.viewer.viewport.goHome();
  }

  #read(position) {
    if (!this.layer) return;
    const { x, y } = this.layer.viewerElementToImageCoordinates(position);
    const { width, height } = this;
    if (x >= 0 && y >= 0 && x < width && y < height) this.on.clicked(...this.#stored(x, y));
  }

  /** The middle of the stored pixel that is shown at a place: values are asked for by those. */
  #stored(x, y) {
    const [column, row] = [Math.floor(x) + 0.5, Math.floor(y) + 0.5];
    const across = MIRRORED_ACROSS.includes(this.orientation) ? this.width - column : column;
    const down = MIRRORED_DOWN.includes(this.orientation) ? this.height - row : row;
    return TRANSPOSED.includes(this.orientation) ? [down, across] : [across, down];
  }

  #sharpen() {
    if (!this.layer) return;
    const zoom = this.layer.viewportToImageZoom(this.viewer.viewport.getZoom(true));
    this.viewer.drawer.setImageSmoothingEnabled(zoom < SHARP);
  }

  /** Show the image in a style; the old picture stays until the new one is there. */
  show(style) {
    const source = this.#source(style);
    if (source.address === this.url) {
      this.layer?.setOpacity(style.opacity);
      this.opacity = style.opacity;
      return;
    }
    this.url = source.address;
    this.opacity = style.opacity;
    this.told = false;
    this.viewer.addTiledImage({
      tileSource: source,
      opacity: style.opacity,
      success: ({ item }) => this.#shown(item, source.address),
      error: ({ message }) => this.on.failed(message),
    });
  }

  #shown(item, url) {
    const { world, viewport } = this.viewer;
    if (url !== this.url) {
      // Another style was asked for meanwhile.
      world.removeItem(item);
      return;
    }
    const before = Array.from({ length: world.getItemCount() }, (_, index) => world.getItemAt(index));
    const retire = () => before.filter((old) => old !== item).forEach((old) => world.removeItem(old));
    item.setOpacity(this.opacity);
    this.layer = item;
    if (before.length === 1) viewport.goHome(true);
    this.#sharpen();
    if (item.getFullyLoaded()) retire();
    else item.addOnceHandler('fully-loaded-change', retire);
  }

  /** A tile source of OpenSeadragon; `address` is the same for the same pictures. */
  #source(style) {
    const params = toParams(style, this.image.frames);
    const suffix = fitsJpeg(this.image, style) ? 'jpg' : 'png';
    const source = this.info ? this.#iiif(params, suffix) : this.#deepZoom(params, suffix);
    source.address = source.getTileUrl(source.maxLevel, 0, 0);
    return source;
  }

  #deepZoom(params, suffix) {
    const { image, OpenSeadragon } = this;
    // Tiles as large as those of the file send its blocks as they are.
    const layout = { tile_size: image.tileSize, overlap: 0 };
    const address = image.api.urls['deepzoom-tile'].replace(/\.png(?=\/?(\?|$))/, `.${suffix}`);
    const url = withQuery(address, { ...layout, ...params });
    return new OpenSeadragon.TileSource({
      width: this.width,
      height: this.height,
      tileSize: layout.tile_size,
      tileOverlap: layout.overlap,
      getTileUrl: (level, x, y) => url.replace('{z}', level).replace('{x}', x).replace('{y}', y),
    });
  }

  #iiif(params, suffix) {
    const { IIIFTileSource } = this.OpenSeadragon;
    const description = IIIFTileSource.prototype.configure({ ...this.info, tileFormat: suffix });
    const source = new IIIFTileSource({ ...description, tileFormat: suffix });
    const plain = source.getTileUrl;
    source.getTileUrl = (...place) => withQuery(plain.apply(source, place), params);
    return source;
  }

  destroy() {
    this.viewer.destroy();
  }
}
