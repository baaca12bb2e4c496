// Moments that are selected, and what is done with them.

/** Begin: make the bar in #selection, and tell keys.js the keys. */
export function startSelection() {}

/**
 * Return what stands in the corner of a hit's card: a checkbox that selects it.
 *
 * @param {object} hit of `POST /api/search`
 */
export function selectionControl(hit) {
  return null;
}
