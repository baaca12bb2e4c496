// Moving among the results by keyboard, and what a key does to the one that has the focus.

import { focusBox } from "./box.js";
import { moreLikeThis } from "./card.js";
import { $ } from "./dom.js";
import { showHelp } from "./help.js";
import { addKey, isFree } from "./keys.js";
import { switchTheme } from "./theme_switch.js";
import { toggleDates, toggleMoments } from "./views.js";

/** Begin: tell the keys. */
export function startMoving() {
  addKey({ key: "/", does: "To the search box", group: "Search", run: focusBox });
  addKey({ key: "Enter", does: "Search at once; open a result", group: "Search", when: () => false });
  addKey({ key: "ArrowDown", when: () => isFree() && !focused(), run: () => focus(0) });
  addKey({ key: "Escape", does: "Close; from a result to the box", group: "Search", when: () => isFree() && focused(), run: focusBox });
  addKey({ key: "?", does: "This sheet", group: "Search", run: showHelp });
  addKey({ key: "d", does: "Light or dark", group: "Search", run: () => switchTheme() });

  addKey({ key: "ArrowRight", shown: ["\u2190", "\u2191", "\u2192", "\u2193"], does: "From result to result", when: onResult, run: () => move(1) });
  addKey({ key: "ArrowLeft", when: onResult, run: () => move(-1) });
  addKey({ key: "ArrowDown", when: onResult, run: () => moveRow(1) });
  addKey({ key: "ArrowUp", when: onResult, run: () => moveRow(-1) });
  addKey({ key: "Home", when: onResult, run: () => focus(0) });
  addKey({ key: "End", when: onResult, run: () => focus(links().length - 1) });
  addKey({ key: "m", does: "More like this", when: () => isFree() && momentOf() !== null, run: () => moreLikeThis(momentOf()) });
  addKey({ key: "g", does: "By date, or by how well they fit", run: toggleDates });
  addKey({ key: "a", does: "Every moment of a video, or its best", run: toggleMoments });

  // In the box a key is text, but for this one.
  $("#query").addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" || event.isComposing || !links().length) return;
    event.preventDefault();
    focus(0);
  });
}

function links() {
  return [...$("#results").querySelectorAll(".card-link")];
}

function focused() {
  return document.activeElement?.closest("#results .card") ?? null;
}

function onResult() {
  return isFree() && focused() !== null;
}

function momentOf() {
  const card = focused() ?? $("#results .card:hover");
  if (card === null) return null;
  return { id: card.dataset.id, at: card.dataset.at === "" ? null : Number(card.dataset.at) };
}

function focus(place) {
  const all = links();
  const link = all[Math.max(0, Math.min(place, all.length - 1))];
  link?.focus({ preventScroll: true, focusVisible: true });
  link?.closest(".card").scrollIntoView({ block: "nearest" });
}

function move(by) {
  focus(links().indexOf($(".card-link", focused())) + by);
}

/** Move to the nearest result of the next row, or from the first row to the box. */
function moveRow(by) {
  const all = links();
  const boxes = all.map((link) => link.getBoundingClientRect());
  const here = boxes[all.indexOf($(".card-link", focused()))];
  const beyond = boxes.filter((box) => (box.top - here.top) * by > here.height / 2);
  if (!beyond.length) {
    if (by < 0) focusBox();
    return;
  }
  const row = by * Math.min(...beyond.map((box) => box.top * by));
  const near = beyond.filter((box) => Math.abs(box.top - row) < here.height / 2);
  const next = near.reduce((best, box) => (Math.abs(box.left - here.left) < Math.abs(best.left - here.left) ? box : best));
  focus(boxes.indexOf(next));
}
