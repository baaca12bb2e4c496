// The list of results: drawn anew for a new search, lengthened for more of it, by date where that is asked for.

import { browse, browseMore, hideBrowse } from "./browse.js";
import { hitCard } from "./card.js";
import { $, el } from "./dom.js";
import { showEnd, showNote, tellAloud } from "./note.js";
import { dateGroup } from "./format.js";
import { more, search, subscribeSearch } from "./search.js";
import { now, subscribe } from "./state.js";

// How far below the window the next page is asked for, so that nobody who scrolls has to wait.
const AHEAD = "900px";

/** Begin. */
export function startResults() {
  subscribeSearch((found, what) => {
    document.documentElement.dataset.state = stateOf(found);
    if (what === "more") add(found.hits.slice(shown()));
    if (what === "new") draw(found);
    if (what !== "more" && found.phase !== "start") showNote(found);
    if (found.phase !== "start") showEnd(found);
    if (what === "new") tellAloud(found);
  });
  subscribe((state, before) => {
    if (before !== null && state.group !== before.group && search().hits.length) redraw();
  });
  const observer = new IntersectionObserver(
    (entries) => entries.some((entry) => entry.isIntersecting) && nextPage(),
    { rootMargin: AHEAD },
  );
  observer.observe($("#end"));
  // What has come may be too little to push the end out of sight, and an observer tells changes only.
  subscribeSearch((found, what) => {
    if (what === "phase") return;
    observer.unobserve($("#end"));
    observer.observe($("#end"));
  });
}

/** Show the same again, for instance where pictures could not be loaded. */
export function redraw() {
  draw({ ...search(), top: window.scrollY });
}

function nextPage() {
  if (search().phase === "start") browseMore();
  else more();
}

function stateOf({ phase, hits }) {
  if (phase === "done") return hits.length ? "results" : "none";
  return { start: "start", failed: "error" }[phase] ?? "searching";
}

function shown() {
  return $("#results").querySelectorAll("[data-hit]").length;
}

function draw(found) {
  if (found.phase === "start") {
    $("#results").replaceChildren();
    browse();
    return;
  }
  hideBrowse();
  const results = $("#results");
  const hadFocus = results.contains(document.activeElement);
  results.replaceChildren();
  add(found.hits);
  window.scrollTo({ top: found.top, behavior: "instant" });
  // What had the focus is gone; the next in its place takes it, or a reader would start at the top of the page.
  if (hadFocus) ($(".card-link", results) ?? results).focus({ preventScroll: true });
}

function add(hits) {
  const isByDate = now().group === "date";
  const lists = new Map();
  for (const hit of hits) {
    const { key, label } = isByDate ? dateGroup(hit.recorded) : { key: null, label: null };
    if (!lists.has(key)) lists.set(key, listOf(key, label));
    lists.get(key).append(hitCard(hit));
  }
}

/** Return the list of a group, made in its place if it is not there yet: later dates first. */
function listOf(key, label) {
  const results = $("#results");
  if (key === null) {
    if (!results.firstElementChild) results.append(el("ol", { class: "grid", role: "list", "aria-label": "Results" }));
    return results.firstElementChild;
  }
  const groups = [...results.children];
  const there = groups.find((group) => group.dataset.group === key);
  if (there) return $("ol", there);
  const list = el("ol", { class: "grid", role: "list", "aria-label": `Results: ${label}` });
  const group = el("section", { class: "group", dataset: { group: key } }, el("h2", { class: "group-name" }, label), list);
  results.insertBefore(group, groups.find((other) => other.dataset.group < key) ?? null);
  return list;
}
