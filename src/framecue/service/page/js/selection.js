// Moments that are selected: by the checkboxes of their cards, with the mouse and the keyboard. The selection outlives a
// search, so that a list can be gathered from several.

import { announce } from "./announce.js";
import { $, el } from "./dom.js";
import { counted, place, span } from "./format.js";
import { addKey, isFree } from "./keys.js";
import { mark } from "./marks.js";
import { namesKnown } from "./names.js";
import { buildBar } from "./selection_bar.js";
import { asksForSomething, now } from "./state.js";
import { teachFrom } from "./teach_sheet.js";

// What stands beside a moment in a timeline: by what it was found.
const LONGEST_QUERY = 500;
// In the order in which they were selected, as that is the order in which they are exported.
const selected = new Map();
const hits = new WeakMap();
let bar = null;
let last = null;
let library = null;

/** Begin: make the bar in #selection, and tell keys.js the keys. */
export function startSelection() {
  bar = buildBar($("#selection"), {
    selected: () => [...selected.values()],
    onShown: selectShown,
    onClear: clear,
    onMark: (which) => markAll(which, [...selected.values()].map(({ hit }) => hit)),
    onTeach: teachSelected,
  });
  addKey({ key: "x", does: "Select; with Shift all up to here", when: () => focused() !== null, run: () => toggle(focused(), false) });
  addKey({ key: "e", does: "To the export of what is selected", when: () => isFree() && selected.size > 0, run: () => bar.focus() });
  addKey({ key: "+", shown: ["+", "\u2212"], does: "Mark what is selected, or this, as right or not right", when: canMark, run: () => markHere("right") });
  addKey({ key: "-", when: canMark, run: () => markHere("wrong") });
  addKey({ key: "t", does: "Teach a name from what is selected", when: () => isFree() && selected.size > 0 && namesKnown().mayTeach, run: teachSelected });
  addKey({ key: "X", when: () => focused() !== null, run: () => toggle(focused(), true) });
}

/**
 * Return what stands in the corner of a hit's card: a checkbox that selects it.
 *
 * @param {object} hit of `POST /api/search`
 */
export function selectionControl(hit) {
  // A selection is of one library: its moments are exported together.
  if (library !== now().library) {
    library = now().library;
    if (selected.size) clear();
  }
  const when = hit.kind === "image" ? "" : `, ${span(hit.start_seconds, hit.end_seconds)}`;
  const box = el("input", {
    type: "checkbox",
    class: "select-box",
    "aria-label": `Select ${place(hit.path).name}${when}`,
    dataset: { select: nameOf(hit) },
    onclick: (event) => choose(box, box.checked, event.shiftKey),
  });
  box.checked = selected.has(nameOf(hit));
  hits.set(box, hit);
  return el("label", { class: "select card-tool", title: "Select (x)" }, box);
}

function nameOf(hit) {
  return `${hit.video_id}@${hit.start_seconds}-${hit.end_seconds}`;
}

function boxes() {
  return [...$("#results").querySelectorAll("[data-select]")];
}

function focused() {
  return isFree() ? (document.activeElement?.closest("#results .card")?.querySelector("[data-select]") ?? null) : null;
}

function toggle(box, isRange) {
  box.checked = !box.checked;
  choose(box, box.checked, isRange);
}

/** Select a card or no longer; with a range, all between it and the one before it too. */
function choose(box, isOn, isRange) {
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
  for (const each of isRange && from >= 0 ? all.slice(from, to + 1) : [box]) set(each, isOn);
  last = box;
  show();
}

function set(box, isOn) {
  box.checked = isOn;
  const hit = hits.get(box);
  if (!isOn) selected.delete(nameOf(hit));
  else if (!selected.has(nameOf(hit))) selected.set(nameOf(hit), { hit, query: now().text.trim().slice(0, LONGEST_QUERY) });
}

function selectShown() {
  for (const box of boxes()) set(box, true);
  show();
}

function canMark() {
  return isFree() && asksForSomething(now()) && (selected.size > 0 || focused() !== null);
}

function markHere(which) {
  markAll(which, selected.size ? [...selected.values()].map(({ hit }) => hit) : [hits.get(focused())]);
}

/** Mark hits for the search at hand; then they are selected no longer, as other ones are marked next. */
function markAll(which, marked) {
  if (selected.size) clear();
  mark(which, marked);
}

function teachSelected() {
  teachFrom({ like: [...selected.values()].map(({ hit }) => hit) }, clear);
}

function clear() {
  selected.clear();
  for (const box of boxes()) box.checked = false;
  // The button that was pressed goes away with the bar.
  if ($("#selection").contains(document.activeElement)) (last?.isConnected ? last : $("#results")).focus();
  show();
}

function show() {
  const onPage = new Set(boxes().map((box) => box.dataset.select));
  const numElsewhere = [...selected.keys()].filter((name) => !onPage.has(name)).length;
  bar.show(selected.size, numElsewhere);
  announce(selected.size ? `${counted(selected.size, "moment")} selected` : "Nothing is selected");
}
