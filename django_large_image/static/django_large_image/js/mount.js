/** Starts every viewer of the page; `mount(section)` starts one that came later (htmx, a dialog). */

import { Controls } from './controls.js';
import { GlobeViewer } from './globe_viewer.js';
import { LargeImage } from './image.js';
import { legacyConfig } from './legacy.js';
import { MapViewer } from './map_viewer.js';
import { configOf, isNarrow, partsOf } from './parts.js';
import { place, values } from './readout.js';
import { start } from './starting.js';
import { ZoomViewer } from './zoom_viewer.js';

const KINDS = { map: MapViewer, globe: GlobeViewer, zoom: ZoomViewer };
// Below this height, in pixels, the panel starts folded.
const LOW = 450;

async function create(section, notice) {
  const parts = partsOf(section);
  const written = configOf(section);
  const config = written.legacy ? legacyConfig(written) : written;
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
  if (isNarrow(section) || section.clientHeight < LOW) controls.fold();
  viewer.show(style);
  return { image, viewer, controls };
}

/** Start one viewer; it answers with the event `large-image:ready` or `large-image:error`. */
export async function mount(section) {
  if (section.dataset.state) return;
  // A second try starts from the markup as it was: no control is bound or filled twice.
  const fresh = section.cloneNode(true);
  await start(section, 'largeImage', create, () => {
    section.largeImage?.viewer.destroy();
    section.replaceWith(fresh);
    mount(fresh);
  });
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
