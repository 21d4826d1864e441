/** What every section has: parts with names, what the server says of it, and choices. */

// Below this width, in pixels, a panel starts folded (viewer.css has the same).
const NARROW = 560;

/** The parts of a section by their `data-li` names. */
export function partsOf(section) {
  const found = [...section.querySelectorAll('[data-li]')];
  return Object.fromEntries(found.map((element) => [element.dataset.li, element]));
}

/** What the template says of a section. */
export function configOf(section) {
  return JSON.parse(section.querySelector('script[type="application/json"]').textContent);
}

/** Whether an open panel would cover most of a section. */
export function isNarrow(section) {
  return section.clientWidth < NARROW;
}

/** An `<option>`. */
export function option(value, label) {
  const element = document.createElement('option');
  element.value = value;
  element.textContent = label;
  return element;
}

/** An `<optgroup>` for each pair of a label and its values. */
export function optionGroups(groups) {
  return groups.map(([label, values]) => {
    const element = document.createElement('optgroup');
    element.label = label;
    element.append(...values.map((value) => option(value, value)));
    return element;
  });
}
