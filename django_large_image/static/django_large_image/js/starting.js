/** Starts sections; each answers with the event `large-image:ready` or `large-image:error`. */

import { Notice } from './notice.js';
import { partsOf } from './parts.js';

function answer(section, state, detail) {
  section.dataset.state = state;
  section.dispatchEvent(new CustomEvent(`large-image:${state}`, { bubbles: true, detail }));
}

/** Keep what `create(section, notice)` makes as a property of the section; `retry` follows the notice's button. */
export async function start(section, property, create, retry) {
  const notice = new Notice(partsOf(section), retry);
  section.dataset.state = 'loading';
  try {
    section[property] = await create(section, notice);
    answer(section, 'ready', section[property]);
  } catch (error) {
    notice.show(error.message);
    answer(section, 'error', error);
  }
}

/** Start the sections that are found, each a page of its own: a second try loads all of it. */
export function startPages(selector, property, create) {
  for (const section of document.querySelectorAll(selector)) {
    start(section, property, create, () => window.location.reload());
  }
}
