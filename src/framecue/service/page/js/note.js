// What stands above the results and below them, in a sentence: that nothing fits, that nothing was found, that all is shown.

import { announce } from "./announce.js";
import { $, el } from "./dom.js";
import { counted } from "./format.js";
import { libraryOf } from "./libraries.js";
import { markedAloud } from "./marks.js";
import { again, more, search } from "./search.js";
import { FILTERS, now, update } from "./state.js";

export const NOTHING_FITS = "Nothing here fits well; the nearest:";
const SLOW = "Still searching. The first search of a library takes longer, as the model gets to know it.";
const LOADING_MODEL = "The model is being loaded. It stays loaded, so later searches are quick.";
// What is longer is no headline.
const LONG = 110;
const LOADING = "Loading more\u2026";

/** Show what there is to say of a search. */
export function showNote(found) {
  $("#searching-hint").hidden = found.phase !== "slow";
  if (found.phase === "slow") showSlow();
  if (found.phase === "searching" || found.phase === "slow") return;
  const [kind, ...content] = noteOf(found);
  put(kind, content);
}

/** Say why a search takes its time, as soon as the server has told. */
async function showSlow() {
  const hint = $("#searching-hint");
  hint.textContent = "";
  const library = await libraryOf(now().library).catch(() => null);
  if (search().phase !== "slow") return;
  hint.textContent = ["waiting", "loading"].includes(library?.model?.state) ? LOADING_MODEL : SLOW;
  announce(hint.textContent);
}

/** Put something above the results, or nothing: `kind` is its data-note. */
export function put(kind, content) {
  const note = $("#note");
  // The button that was pressed goes; the box is where one goes on.
  if (note.contains(document.activeElement)) $("#query").focus({ preventScroll: true });
  note.hidden = !kind;
  note.dataset.note = kind ?? "";
  note.replaceChildren(...content);
}

/** Show below the results whether there are more. */
export function showEnd({ phase, hits, isWhole, isMore, problem }) {
  const end = $("#end");
  const isOver = phase === "done" && isWhole && hits.length > 0;
  const state = phase !== "done" || !hits.length ? "none" : problem ? "problem" : isWhole ? "all" : "more";
  end.dataset.end = isMore ? "loading" : state;
  if (isMore) end.replaceChildren(LOADING);
  else if (state === "problem") {
    end.replaceChildren(el("p", { class: "problem" }, problem.message), button("Load more", () => more()));
  } else end.replaceChildren(isOver ? `That is all: ${counted(hits.length, noun())}.` : "");
}

/** Say a search's result for those who do not see it. */
export function tellAloud({ phase, hits, names, fits, isWhole, problem }) {
  if (phase === "failed") announce(problem.message);
  if (phase !== "done") return;
  const all = isWhole ? "" : "The first ";
  const text = hits.length ? `${all}${counted(hits.length, "result")}.` : "Nothing was found.";
  const understood = names.length ? `Understood: ${names.join(", ")}.` : "";
  const fit = fits === false && hits.length ? "Nothing here fits well." : "";
  announce([understood, markedAloud(now()), fit, text].filter(Boolean).join(" "));
}

function noteOf({ phase, hits, fits, problem }) {
  if (phase === "failed") {
    // The question for the token says it all.
    if (problem.status === 401) return [null];
    if (hits.length) return ["stale", el("p", {}, `${problem.message} Below is what was found before.`)];
    const isOurs = problem.isLost || problem.status >= 429;
    return ["error", heading(problem.message), isOurs && button("Try again", () => again())].filter(Boolean);
  }
  if (!hits.length) return ["none", heading("Nothing was found."), ...wayOut()];
  if (fits === false) return ["fits-not", heading(NOTHING_FITS)];
  return [null];
}

function wayOut() {
  const state = now();
  const isFiltered = FILTERS.some((name) => (Array.isArray(state[name]) ? state[name].length : state[name]));
  if (!isFiltered) return [el("p", {}, "Say it in other words, or with fewer.")];
  const cleared = Object.fromEntries(FILTERS.map((name) => [name, emptyOf(name)]));
  return [
    el("p", {}, "No video that the filters let through has it."),
    button("Search without filters", () => update(cleared)),
  ];
}

/** Return what a filter is when it lets all through. */
export function emptyOf(name) {
  return { only: [], moments: false }[name] ?? null;
}

function noun() {
  return now().moments ? "moment" : "result";
}

function heading(text) {
  return el("h2", { class: "note-head", "data-long": text.length > LONG }, text);
}

function button(label, onclick) {
  return el("button", { class: "button", type: "button", onclick }, label);
}
