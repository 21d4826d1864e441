/** The globe: CesiumJS with the image draped over it. */

import { loadScript } from './script.js';

const MARGIN = 0.15; // of the image's size, left around it
const WHOLE_EARTH = 2.6e7; // metres from the centre

/**
 * Run something that asks for `eval('this')` where eval is forbidden: knockout, inside Cesium's bundle, finds the global
 * object that way while it loads. Any other code still meets the real eval.
 */
async function withGlobalThis(load) {
  const real = window.eval;
  window.eval = (code) => (code === 'this' ? window : real(code));
  try {
    await load();
  } finally {
    window.eval = real;
  }
}

async function loadCesium(base) {
  if (window.Cesium?.CesiumWidget) return window.Cesium;
  window.CESIUM_BASE_URL = base;
  try {
    await withGlobalThis(() => loadScript(`${base}Cesium.js`));
  } catch {
    throw new Error(
      `The globe needs CesiumJS, which is not at ${base}. Install the npm package “cesium”, serve its ` +
        "folder Build/Cesium and name its address in LARGE_IMAGE['CESIUM_URL'].",
    );
  }
  if (!window.Cesium?.CesiumWidget) throw new Error('CesiumJS cannot run on this page.');
  obeyPolicy(window.Cesium);
  return window.Cesium;
}

/** Keep Cesium from what a strict Content-Security-Policy refuses: scripts from blobs, style attributes. */
function obeyPolicy(Cesium) {
  // Without the copies in its bundle Cesium takes its workers from the files beside it.
  window.CESIUM_WORKERS = undefined;
  // It would find out by a style attribute; the style sheet of the page scales the canvas anyway.
  Cesium.FeatureDetection.supportsImageRenderingPixelated = () => false;
  const logo = Cesium.buildModuleUrl('Assets/Images/ion-credit.png');
  Cesium.CreditDisplay.cesiumCredit = new Cesium.Credit(
    `<a href="https://cesium.com/" target="_blank"><img src="${logo}" alt="Cesium ion"></a>`,
    true,
  );
}

/**
 * Where Cesium puts its credits. It adds a style element beside them, which a strict Content-Security-Policy refuses;
 * inside a shadow root of our own the same rules become a constructed style sheet, which it allows.
 */
function creditBox(stage) {
  const host = document.createElement('div');
  host.className = 'li-credits';
  stage.append(host);
  const root = host.attachShadow({ mode: 'open' });
  const append = root.appendChild.bind(root);
  root.appendChild = (node) => {
    if (node.tagName !== 'STYLE') return append(node);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(node.textContent);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    return node;
  };
  const box = document.createElement('div');
  append(box);
  return box;
}

/** The parts of the image's bounds on each side of the antimeridian, in degrees. */
export function rectangles({ west, south, east, north }) {
  if (east - west >= 360) return [[-180, south, 180, north]];
  const shift = Math.floor((west + 180) / 360) * 360;
  const [left, right] = [west - shift, east - shift];
  if (right <= 180) return [[left, south, right, north]];
  return [[left, south, 180, north], [-180, south, right - 360, north]];
}

export class GlobeViewer {
  /** Build the viewer in `stage`; `on` has the callbacks `clicked(x, y)` and `failed(text)`. */
  static async create(stage, image, config, on) {
    if (!image.geospatial) {
      throw new Error('This image has no place on Earth: it can be shown in 2D only.');
    }
    const Cesium = await loadCesium(config.assets.cesium);
    const viewer = new GlobeViewer(Cesium, stage, image, on);
    await viewer.addBase(config.basemap);
    return viewer;
  }

  constructor(Cesium, stage, image, on) {
    this.Cesium = Cesium;
    this.image = image;
    this.on = on;
    this.layers = [];
    try {
      this.widget = new Cesium.CesiumWidget(stage, {
        baseLayer: false,
        creditContainer: creditBox(stage),
        creditViewport: stage,
        requestRenderMode: true,
        showRenderLoopErrors: false,
        msaaSamples: 1,
      });
    } catch {
      throw new Error('The globe needs WebGL, which this browser does not offer.');
    }
    this.scene = this.widget.scene;
    this.scene.globe.baseColor = Cesium.Color.fromCssColorString('#31495c');
    // The colours of the image are data: no haze over them.
    this.scene.globe.showGroundAtmosphere = false;
    this.scene.fog.enabled = false;
    this.scene.renderError.addEventListener(() => on.failed('The globe cannot be drawn any further.'));
    this.#listen();
    this.home();
  }

  /** The project's tiles, else the picture of the Earth that comes with Cesium. */
  async addBase({ url, attribution }) {
    const { Cesium } = this;
    const provider = url
      ? new Cesium.UrlTemplateImageryProvider({ url, credit: attribution || undefined, maximumLevel: 18 })
      : await Cesium.TileMapServiceImageryProvider.fromUrl(
          Cesium.buildModuleUrl('Assets/Textures/NaturalEarthII'),
        ).catch(() => null);
    if (provider) this.scene.imageryLayers.addImageryProvider(provider, 0);
    this.scene.requestRender();
  }

  #listen() {
    const { Cesium } = this;
    const { canvas } = this.widget;
    const handler = new Cesium.ScreenSpaceEventHandler(canvas);
    handler.setInputAction(({ position }) => this.#pick(position), Cesium.ScreenSpaceEventType.LEFT_CLICK);
    this.handler = handler;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    canvas.setAttribute(
      'aria-label',
      `${this.image.title} on a globe: arrows turn, + and - zoom, Home shows all, Enter reads the values`,
    );
    canvas.addEventListener('pointerdown', () => canvas.focus({ preventScroll: true }));
    canvas.addEventListener('keydown', (event) => this.#key(event));
  }

  #pick(position) {
    const { Cesium } = this;
    const point = this.scene.camera.pickEllipsoid(position, this.scene.globe.ellipsoid);
    if (!point) return;
    const { longitude, latitude } = Cesium.Cartographic.fromCartesian(point);
    this.on.clicked(Cesium.Math.toDegrees(longitude), Cesium.Math.toDegrees(latitude));
  }

  #key(event) {
    const { camera, canvas } = this.scene;
    const height = camera.positionCartographic.height;
    const turn = Math.min(height / 6.4e6, 1) * 0.2;
    const actions = {
      ArrowLeft: () => camera.rotateRight(-turn),
      ArrowRight: () => camera.rotateLeft(-turn),
      ArrowUp: () => camera.rotateDown(-turn),
      ArrowDown: () => camera.rotateUp(-turn),
      '+': () => camera.zoomIn(height * 0.3),
      '=': () => camera.zoomIn(height * 0.3),
      '-': () => camera.zoomOut(height * 0.4),
      Home: () => this.home(),
      Enter: () => this.#pick({ x: canvas.clientWidth / 2, y: canvas.clientHeight / 2 }),
    };
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
    this.scene.requestRender();
  }

  /** Look at the whole image. */
  home() {
    const { Cesium } = this;
    const { west, south, east, north } = this.image.bounds;
    const [width, height] = [east - west, north - south];
    if (width > 100 || height > 100) {
      const destination = Cesium.Cartesian3.fromDegrees((west + east) / 2, (south + north) / 2, WHOLE_EARTH);
      this.scene.camera.setView({ destination });
    } else {
      const wrap = (lon) => Cesium.Math.negativePiToPi(Cesium.Math.toRadians(lon));
      const radians = (lat) => Cesium.Math.toRadians(Math.min(Math.max(lat, -90), 90));
      this.scene.camera.setView({
        destination: new Cesium.Rectangle(
          wrap(west - width * MARGIN),
          radians(south - height * MARGIN),
          wrap(east + width * MARGIN),
          radians(north + height * MARGIN),
        ),
      });
    }
    this.scene.requestRender();
  }

  /** Show the image in a style; the old picture stays until the new one is there. */
  show(style) {
    const url = this.image.tileUrl(style);
    if (url !== this.url) {
      this.url = url;
      const previous = this.layers;
      this.layers = rectangles(this.image.bounds).map((part) => this.#layer(url, part));
      this.#retire(previous);
    }
    for (const layer of this.layers) layer.alpha = style.opacity;
    this.scene.requestRender();
  }

  #layer(url, [west, south, east, north]) {
    const { Cesium } = this;
    const provider = new Cesium.UrlTemplateImageryProvider({
      url,
      rectangle: Cesium.Rectangle.fromDegrees(west, Math.max(south, -90), east, Math.min(north, 90)),
      tileWidth: this.image.tileSize,
      tileHeight: this.image.tileSize,
      maximumLevel: Math.max(this.image.levels - 1, 0),
      enablePickFeatures: false,
    });
    let told = false;
    provider.errorEvent.addEventListener(async ({ x, y, level }) => {
      if (told || url !== this.url) return;
      told = true;
      const tile = url.replace('{z}', level).replace('{x}', x).replace('{y}', y);
      const why = await this.image.api.explainTile(tile);
      if (why && url === this.url) this.on.failed(why);
    });
    return this.scene.imageryLayers.addImageryProvider(provider);
  }

  #retire(previous) {
    if (!previous.length) return;
    const stop = this.scene.globe.tileLoadProgressEvent.addEventListener((waiting) => {
      if (waiting > 0) return;
      stop();
      for (const layer of previous) this.scene.imageryLayers.remove(layer);
      this.scene.requestRender();
    });
  }

  destroy() {
    this.handler.destroy();
    this.widget.destroy();
  }
}
