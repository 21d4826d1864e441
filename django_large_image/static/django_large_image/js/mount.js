/** Starts every viewer of the page; `mount(section)` starts one that came later (htmx, a dialog). */

import { Controls, partsOf } from './controls.js';
import { GlobeViewer } from './globe_viewer.js';
import { LargeImage } from './image.js';
import { legacyConfig } from './legacy.js';
import { MapViewer } from './map_viewer.js';
import { Notice } from './notice.js';
import { place, values } from './readout.js';
import { ZoomViewer } from './zoom_viewer.js';

const KINDS = { map: MapViewer, globe: GlobeViewer, zoom: ZoomViewer };
// Below these sizes, in pixels, the panel starts folded (viewer.css has the same width).
const NARROW = 560;
const LOW = 450;

function readConfig(section) {
  const config = JSON.parse(section.querySelector('script[type="application/json"]').textContent);
  return config.legacy ? legacyConfig(config) : config;
}

async function start(section, notice) {
  const parts = partsOf(section);
  const config = readConfig(section);
  if (config.height) section.style.height = config.height;
  const image = await LargeImage.load(config);
  let style;
  const controls = new Controls(section, image, (changed) => {
    style = changed;
    notice.hide();
    viewer.show(style);
  });
  style = controls.style;
  const viewer = await KINDS[config.kind].create(parts.stage, image, config, {
    clicked: async (x, y) => {
      const where = place(x, y, image.geospatial);
      controls.say(where);
      const what = await image.pixel(x, y, style).then(values, (error) => error.message);
      controls.say(`${where} — ${what}`);
    },
    failed: (text) => notice.show(text),
  });
  if (section.clientWidth < NARROW || section.clientHeight < LOW) controls.fold();
  viewer.show(style);
  return { image, viewer, controls };
}

/** Start one viewer; it answers with the event `large-image:ready` or `large-image:error`. */
export async function mount(section) {
  if (section.dataset.state) return;
  // A second try starts from the markup as it was: no control is bound or filled twice.
  const fresh = section.cloneNode(true);
  section.dataset.state = 'loading';
  const notice = new Notice(partsOf(section), () => {
    section.largeImage?.viewer.destroy();
    section.replaceWith(fresh);
    mount(fresh);
  });
  try {
    section.largeImage = await start(section, notice);
    section.dataset.state = 'ready';
    section.dispatchEvent(new CustomEvent('large-image:ready', { bubbles: true, detail: section.largeImage }));
  } catch (error) {
    section.dataset.state = 'error';
    notice.show(error.message);
    section.dispatchEvent(new CustomEvent('large-image:error', { bubbles: true, detail: error }));
  }
}

/** Start the viewers below `root` as they come near the window. */
export function mountAll(root = document) {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        mount(target);
      }
    },
    { rootMargin: '200px' },
  );
  for (const section of root.querySelectorAll('[data-large-image]')) observer.observe(section);
}

mountAll();
