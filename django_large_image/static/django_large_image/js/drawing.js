/** What charts have in common: parts of an SVG, and round numbers along an axis. */

/** A part of a drawing: its tag, its attributes, its text. */
export function part({ namespaceURI }, tag, attributes, text) {
  const made = document.createElementNS(namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** The smallest of 1, 2 and 5 times a power of ten that is no less than a number. */
export function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * 0.999999);
}
