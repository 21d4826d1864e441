/** The facts of an image beside its form field, from the metadata action; says what is wrong with a broken file. */

import { getJson } from './api.js';

function facts(metadata) {
  // `projection` is the one that was asked for; the file's own stands with its bounds.
  const projection = metadata.sourceBounds?.srs ?? metadata.projection ?? '';
  const count = metadata.bandCount ?? (metadata.bands && Object.keys(metadata.bands).length);
  const dtype = metadata.dtype ? ` · ${metadata.dtype}` : '';
  const frames = Array.isArray(metadata.frames) ? metadata.frames.length : 0;
  return {
    size: metadata.sizeX && `${metadata.sizeX} × ${metadata.sizeY} px`,
    bands: count && `${count}${dtype}`,
    frames: frames > 1 && String(frames),
    projection: metadata.geospatial ? shorten(projection) : 'none (pixels)',
    levels: metadata.levels && String(metadata.levels),
  };
}

/** A projection by its code where it has one: `epsg:32618`, `+init=epsg:32618` or a whole WKT. */
function shorten(projection) {
  const code = /epsg["':,\s]+(\d+)["\]\s]*$/i.exec(String(projection));
  if (code) return `EPSG:${code[1]}`;
  const name = /^\w+\["([^"]+)"/.exec(String(projection));
  return name ? name[1] : String(projection).slice(0, 80) || 'yes';
}

async function fill(summary) {
  const problem = summary.querySelector('[data-li="problem"]');
  const picture = summary.querySelector('.li-thumbnail');
  picture?.addEventListener('error', () => (picture.dataset.state = 'broken'));
  if (picture?.complete && !picture.naturalWidth) picture.loading = 'eager';
  if (!summary.dataset.metadata) return;
  try {
    const metadata = await getJson(summary.dataset.metadata);
    for (const [name, text] of Object.entries(facts(metadata))) {
      if (!text) continue;
      const [term, value] = summary.querySelectorAll(`[data-fact="${name}"]`);
      value.textContent = text;
      term.hidden = value.hidden = false;
    }
  } catch (error) {
    if (picture) picture.dataset.state = 'broken';
    problem.textContent = error.message;
    problem.hidden = false;
    const viewer = summary.querySelector('.li-viewer');
    if (viewer) viewer.hidden = true;
  }
}

for (const summary of document.querySelectorAll('[data-large-image-summary]')) fill(summary);
