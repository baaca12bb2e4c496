// What `serve --watch` is doing: GET /api/indexing, shown in #progress.

import { announce } from "./announce.js";
import { get, sentence } from "./api.js";
import { $, el, iconButton } from "./dom.js";
import { counted, number } from "./format.js";
import { now, subscribe } from "./state.js";

// While something happens, and while nothing does.
const BUSY_MS = 2000;
const IDLE_MS = 30_000;
const MOST_PATHS = 200;
const PUT_AWAY = "framecue-indexing-put-away";

let timer = 0;
let before = null;

/** Begin: ask now and then, and only while the page is visible. */
export function startProgress() {
  document.addEventListener("visibilitychange", () => (document.hidden ? window.clearTimeout(timer) : look()));
  if (!document.hidden) look();
  // What one library's folders have to say says nothing of another.
  subscribe((state, earlier) => {
    if (earlier === null || state.library === earlier.library) return;
    before = null;
    $("#progress").hidden = true;
    look();
  });
}

async function look() {
  window.clearTimeout(timer);
  const { library } = now();
  let state;
  try {
    state = await get("/api/indexing", { library });
  } catch (problem) {
    if (library !== now().library) return;
    // A server that is lost says so elsewhere; one that watches nothing has nothing to say.
    if (problem.status !== 404) again(IDLE_MS);
    return;
  }
  if (library !== now().library) return;
  tell(state);
  show(state);
  // A server that watches no folder when it starts watches none later.
  if (state.state !== "none") again(["indexing", "waiting"].includes(state.state) ? BUSY_MS : IDLE_MS);
}

function again(milliseconds) {
  if (!document.hidden) timer = window.setTimeout(look, milliseconds);
}

/** Say beginnings and ends for those who do not see them, and not each step between. */
function tell(state) {
  if (before !== null && state.state !== before.state) {
    if (state.state === "indexing") announce("New files are being indexed.");
    if (state.state === "up to date") announce(`The library is up to date. ${resultOf(state)}`.trim());
  }
  before = state;
}

function show(state) {
  const place = $("#progress");
  place.hidden = !isNews(state) || isPutAway(state);
  if (place.hidden) return;
  place.dataset.state = state.problem ? "trouble" : state.state.replaceAll(" ", "-");
  // Drawn anew, the list of skipped files would close under the hand that has opened it.
  const wasOpen = $("details", place)?.open ?? false;
  const scrolled = $(".progress-skipped ul", place)?.scrollTop ?? 0;
  const hadFocus = place.contains(document.activeElement) ? document.activeElement.tagName : null;
  place.replaceChildren(
    el("div", { class: "progress-row" }, el("p", { class: "progress-text" }, sentenceOf(state)), bar(state), closeButton(state)),
    ...remarksOf(state),
    ...skipped(state.skipped, wasOpen),
  );
  const list = $(".progress-skipped ul", place);
  if (list) list.scrollTop = scrolled;
  if (hadFocus) $(hadFocus.toLowerCase(), place)?.focus();
}

function isNews(state) {
  if (state.state === "none") return false;
  return state.state !== "up to date" || state.skipped.length > 0 || remarksOf(state).length > 0;
}

/** Return what has gone wrong, or the last thing that there is to say to a person, such as that a folder is gone. */
function remarksOf({ problem, notices, skipped }) {
  if (problem) return [el("p", { class: "problem" }, sentence(problem))];
  const listed = new Set(skipped.map(({ path, reason }) => `${path}: ${reason}`));
  const [last] = (notices ?? []).filter((notice) => !listed.has(notice)).slice(-1);
  return last === undefined ? [] : [el("p", { class: "progress-notice" }, sentence(last))];
}

function nameOf({ state, skipped, problem, notices }) {
  return JSON.stringify([state, skipped.map((each) => each.path), problem, notices]);
}

/** What a person has put away stays away, also after a reload, until there is something else to say. */
function isPutAway(state) {
  try {
    return window.sessionStorage.getItem(PUT_AWAY) === nameOf(state);
  } catch {
    return false;
  }
}

function putAway(state) {
  try {
    window.sessionStorage.setItem(PUT_AWAY, nameOf(state));
  } catch {
    // A browser that keeps nothing: it is put away until the next look.
  }
}

function closeButton(state) {
  if (state.state === "indexing") return "";
  const close = () => {
    putAway(state);
    $("#progress").hidden = true;
    $("#results").focus({ preventScroll: true });
  };
  return iconButton("close", "Put away", close, { class: "tool" });
}

function sentenceOf(state) {
  if (state.state === "indexing") {
    const { progress } = state;
    if (!progress) return "Indexing: looking for new files …";
    return `Indexing: ${number(Math.floor(progress.done))} of ${counted(progress.total, oneOf(progress.unit))}. What is indexed can be found already.`;
  }
  if (state.state === "waiting") return `${counted(state.waiting, "file")} just changed: indexed as soon as nothing writes to ${state.waiting === 1 ? "it" : "them"} any more.`;
  if (state.state === "stopped") return "Watching has stopped: new files are not indexed until the server is started again.";
  return `The library is up to date. ${resultOf(state)}`.trim();
}

/** Return a unit's singular: "videos" comes as "video". */
function oneOf(unit) {
  return unit.replace(/s$/, "");
}

function resultOf({ last }) {
  if (!last) return "";
  const told = [
    [last.added, "added"],
    [last.changed, "changed"],
    [last.removed, "removed"],
  ];
  const parts = told.filter(([count]) => count > 0).map(([count, what]) => `${counted(count, "file")} ${what}`);
  return parts.length ? `${parts.join(", ")}.` : "";
}

function bar({ state, progress }) {
  if (state !== "indexing") return "";
  const known = progress && progress.total > 0;
  return el("progress", { "aria-label": "Indexed so far", max: known ? progress.total : 1, value: known ? progress.done : null });
}

function skipped(files, isOpen) {
  if (!files.length) return [];
  const shown = files.slice(0, MOST_PATHS);
  const rest = files.length - shown.length;
  return [
    el(
      "details",
      { class: "progress-skipped", open: isOpen },
      el("summary", {}, `${counted(files.length, "file")} could not be indexed`),
      el(
        "ul",
        { role: "list", tabindex: "0", "aria-label": "Files that could not be indexed" },
        shown.map(({ path, reason }) => el("li", {}, el("span", { class: "progress-path" }, path), el("span", { class: "progress-reason" }, reason))),
        rest > 0 && el("li", {}, `and ${number(rest)} more: framecue info lists them`),
      ),
    ),
  ];
}
