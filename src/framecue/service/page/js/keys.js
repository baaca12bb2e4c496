// The keys of the page, and the sheet that lists them.

const GROUPS = ["Search", "Results", "Player"];
const keys = [];

/**
 * Add a key.
 *
 * @param {object} key
 * @param {string} key.key as `KeyboardEvent.key` has it, such as "m" or "ArrowDown"
 * @param {string} [key.does] what it does, for the sheet: "More like this"; without it the key is not listed
 * @param {string} [key.group] where it stands in the sheet, one of GROUPS
 * @param {string | string[]} [key.shown] how the key is written there, or several that belong together, if not as `key`
 * @param {() => boolean} [key.when] whether it holds now; without one, while nothing lies over the page
 * @param {(event: KeyboardEvent) => void} [key.run] left out where the key is the browser's own
 */
export function addKey(key) {
  keys.push({ group: "Results", when: isFree, ...key });
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

/** Return the keys by group, for the sheet: [group, keys], the groups in the order in which one meets them. */
export function keysByGroup() {
  const groups = Map.groupBy(keys.filter((key) => key.does), (key) => key.group);
  return GROUPS.filter((group) => groups.has(group)).map((group) => [group, groups.get(group)]);
}

/** Whether nothing lies over the page: no dialog, and no panel of a filter. */
export function isFree() {
  return document.querySelector("dialog[open], :popover-open") === null;
}

function isTypedInto(element) {
  return element.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") ?? false;
}
