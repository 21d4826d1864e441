/** What lies under an image on the web map: the project's own tiles, else land and a graticule without any network. */

import { getJson } from './api.js';

const STEPS = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
const WORLDS = [-360, 0, 360];

/** Put the base map on the map, in a pane below the image. */
export function addBaseMap(L, map, config) {
  map.createPane('li-base').style.zIndex = 150;
  if (config.basemap.url) {
    const options = { attribution: config.basemap.attribution, pane: 'li-base', maxZoom: 30 };
    L.tileLayer(config.basemap.url, { ...options, maxNativeZoom: 18 }).addTo(map);
    return;
  }
  map.createPane('li-mesh').style.zIndex = 151;
  addLand(L, map, config.assets.land);
  addGraticule(L, map);
}

/** How to draw in a pane of the base map; colours are the style sheet's, so that they follow light and dark. */
function drawing(L, pane, className) {
  return { renderer: L.svg({ pane, padding: 0.5 }), pane, className, interactive: false, weight: 1 };
}

async function addLand(L, map, url) {
  // Without it the graticule is still there: a picture of the land is a courtesy.
  const land = await getJson(url).catch(() => null);
  if (!land) return;
  const style = { ...drawing(L, 'li-base', 'li-land'), fillOpacity: 1 };
  for (const shift of WORLDS) {
    const rings = land.rings.map((polygon) =>
      polygon.map((ring) => ring.map(([x, y]) => [y, x + shift])),
    );
    L.polygon(rings, style).addTo(map);
  }
}

function addGraticule(L, map) {
  const style = drawing(L, 'li-mesh', 'li-graticule');
  const lines = L.layerGroup().addTo(map);
  const draw = () => {
    const bounds = map.getBounds().pad(0.5);
    const span = bounds.getEast() - bounds.getWest();
    const step = STEPS.find((size) => span / size > 8) ?? STEPS.at(-1);
    const [south, north] = [Math.max(bounds.getSouth(), -85), Math.min(bounds.getNorth(), 85)];
    lines.clearLayers();
    for (let x = Math.ceil(bounds.getWest() / step) * step; x < bounds.getEast(); x += step) {
      lines.addLayer(L.polyline([[south, x], [north, x]], style));
    }
    for (let y = Math.ceil(south / step) * step; y < north; y += step) {
      lines.addLayer(L.polyline([[y, bounds.getWest()], [y, bounds.getEast()]], style));
    }
  };
  map.on('moveend', draw);
  if (map._loaded) draw();
}
