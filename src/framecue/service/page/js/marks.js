// Moments that are marked as right or not right: the search is ordered once more by them. They are kept for this search
// alone, in the address like all of it, so "back" takes them away again.

import { $, el, icon, iconButton } from "./dom.js";
import { counted } from "./format.js";
import { subscribeNames } from "./names.js";
import { search, subscribeSearch } from "./search.js";
import { asksForSomething, now, subscribe, update } from "./state.js";
import { teachFrom } from "./teach_sheet.js";

/** Begin: the line above the results that says that they are in another order, and takes it back. */
export function startMarks() {
  const place = $("#marked");
  const says = el("p", { class: "marked-says" });
  const undo = el("button", { class: "button button-small", type: "button", dataset: { action: "undo" }, onclick: takeBack }, "Undo");
  const teach = el("button", { class: "button button-small", type: "button", dataset: { action: "teach" }, onclick: teachMarked }, "Teach a name …");
  place.replaceChildren(icon("order"), says, teach, undo);
  let mayTeach = false;
  const show = (state) => {
    place.hidden = !isMarked(state) || !asksForSomething(state);
    teach.hidden = !mayTeach || !state.right.length;
    const done = search().phase === "failed" ? "Marked" : "Ordered once more by what you marked";
    says.textContent = `${done}: ${counts(state)}. It holds for this search alone.`;
  };
  subscribeNames((known) => {
    mayTeach = known.mayTeach;
    show(now());
  });
  subscribe(show);
  subscribeSearch((found, what) => what === "new" && show(now()));
}

/** Whether anything is marked. */
export function isMarked({ right, wrong }) {
  return right.length + wrong.length > 0;
}

/** Return what is marked, in words: "2 right, 1 not right". */
export function counts({ right, wrong }) {
  const said = [[right, "right"], [wrong, "not right"]].filter(([list]) => list.length);
  return said.map(([list, what]) => `${list.length} ${what}`).join(", ");
}

/**
 * Mark hits, and search once more.
 *
 * @param {"right" | "wrong"} which what they are; a hit that was marked otherwise is so no longer
 */
export function mark(which, hits) {
  const moments = hits.map(momentOf);
  const { right, wrong } = without(moments);
  const next = { right, wrong };
  next[which] = [...next[which], ...moments];
  update({ ...next, open: null });
}

/** Return what stands on the card of a hit that is marked: what it is marked as, and a way to take that back; or null. */
export function markOn(hit) {
  const moment = momentOf(hit);
  const which = ["right", "wrong"].find((name) => now()[name].some((other) => isSame(other, moment)));
  if (!which) return null;
  const label = which === "right" ? "Marked as right. Take it back" : "Marked as not right. Take it back";
  return iconButton(which, label, () => update(without([moment])), { class: "card-mark", dataset: { marked: which } });
}

function teachMarked() {
  const { right, wrong } = now();
  teachFrom({ like: right, unlike: wrong });
}

function takeBack() {
  update({ right: [], wrong: [] });
  // The button that was pressed goes.
  $("#results").focus({ preventScroll: true });
}

function without(moments) {
  const stays = (each) => !moments.some((moment) => isSame(moment, each));
  const { right, wrong } = now();
  return { right: right.filter(stays), wrong: wrong.filter(stays) };
}

function momentOf(hit) {
  return { id: hit.video_id, start: hit.start_seconds, end: hit.end_seconds };
}

function isSame(one, other) {
  return one.id === other.id && one.start === other.start && one.end === other.end;
}

/** Return how many there are, for those who do not see the line; empty where nothing is marked. */
export function markedAloud(state) {
  return isMarked(state) ? `Ordered once more by ${counted(state.right.length + state.wrong.length, "marked moment")}.` : "";
}
