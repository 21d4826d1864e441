/** Leaflet from our static files, without touching a copy that the page may have of its own. */

import { loadScript } from './script.js';

let loaded = null;

export function loadLeaflet(url) {
  loaded ??= loadScript(url)
    .then(() => window.L.noConflict())
    .catch((error) => {
      loaded = null;
      throw error;
    });
  return loaded;
}
