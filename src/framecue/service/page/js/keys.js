// The keys of the page, and the sheet that lists them.

const keys = [];

/**
 * Add a key.
 *
 * @param {object} key
 * @param {string} key.key as `KeyboardEvent.key` has it, such as "m" or "ArrowDown"
 * @param {string} key.does what it does, for the sheet: "More like this"
 * @param {string} [key.group] where it stands in the sheet: "Search", "Results", "Player"
 * @param {string} [key.shown] how the key is written there, if not as `key`
 * @param {() => boolean} [key.when] whether it holds now; it always does without
 * @param {(event: KeyboardEvent) => void} key.run
 */
export function addKey(key) {
  keys.push({ group: "Results", when: () => true, ...key });
}

/** Listen. Keys with a modifier stay the browser's, and letters those of a field that is typed into. */
export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isTypedInto(event.target) && event.key !== "Escape") return;
    const found = keys.find((key) => key.key === event.key && key.when());
    if (!found) return;
    event.preventDefault();
    found.run(event);
  });
}

/** Return the keys by group, for the sheet. */
export function keysByGroup() {
  return Map.groupBy(keys.filter((key) => key.does), (key) => key.group);
}

function isTypedInto(element) {
  return element.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") ?? false;
}
