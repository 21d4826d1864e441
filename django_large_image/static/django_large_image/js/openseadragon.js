/** OpenSeadragon from our static files, without touching a copy that the page may have of its own. */

import { loadScript } from './script.js';

const INJECTED = 'data-openseadragon-mobile-css';
let loaded = null;

/** Let OpenSeadragon find the inline style that it would add, which a strict content policy refuses: viewer.css has it. */
function forestallStyle() {
  if (document.querySelector(`style[${INJECTED}]`)) return;
  // Of no namespace: a style in name only.
  const mark = document.createElementNS(null, 'style');
  mark.setAttribute(INJECTED, '');
  document.head.append(mark);
}

export function loadOpenSeadragon(url) {
  const own = window.OpenSeadragon;
  forestallStyle();
  loaded ??= loadScript(url)
    .then(() => {
      const ours = window.OpenSeadragon;
      if (own) window.OpenSeadragon = own;
      return ours;
    })
    .catch((error) => {
      loaded = null;
      throw error;
    });
  return loaded;
}
