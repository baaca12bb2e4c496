// What there is to see while nothing is asked: how much the library holds, and its videos.

import { get } from "./api.js";
import { announce } from "./announce.js";
import { videoCard } from "./card.js";
import { $, el } from "./dom.js";
import { counted, length } from "./format.js";
import { libraryOf } from "./libraries.js";
import { put } from "./note.js";
import { FILTERS, now } from "./state.js";

const PAGE = 36;
const LOOK_AGAIN_MS = 4000;
// By what `GET /api/indexing` says: what an empty library says, and what there is to do.
const EMPTY = {
  indexing: ["The library is being filled.", "What is found shows here as soon as it can be searched."],
  watched: ["This library holds no videos yet.", "Put some into the folder that the server watches."],
  alone: [
    "This library holds no videos yet.",
    "Put videos in: framecue index FOLDER --library LIBRARY, or start the server with --watch FOLDER.",
  ],
};

let shown = null;
let waiting = 0;

/** Show the library, from its beginning. */
export async function browse() {
  const mine = { library: now().library, list: null, count: 0, total: null, isMore: false };
  shown = mine;
  window.clearTimeout(waiting);
  $("#end").replaceChildren();
  $("#end").dataset.end = "none";
  $("#searching-hint").hidden = true;
  if (document.documentElement.dataset.state !== "empty") put(null, []);
  await browseMore();
}

/** Show the next videos, if there are any. */
export async function browseMore() {
  const mine = shown;
  if (mine === null || mine.isMore || mine.count === mine.total) return;
  mine.isMore = true;
  try {
    const parameters = { library: mine.library, offset: mine.count, limit: PAGE };
    const { total, videos } = await get("/api/videos", parameters);
    if (shown !== mine) return;
    if (mine.total === null) await begin(mine, total);
    if (shown !== mine) return;
    mine.list?.append(...videos.map(videoCard));
    mine.count += videos.length;
    mine.total = videos.length ? total : mine.count;
  } catch (problem) {
    // A library that a server fills from nothing is not there before the first videos are.
    const filling = problem.status === 503 && mine.total === null ? await fillingOf(mine.library) : "alone";
    if (filling !== "alone") sayEmpty(mine, filling);
    else if (shown === mine) fail(problem);
  } finally {
    mine.isMore = false;
  }
}

/** Leave the place to results. */
export function hideBrowse() {
  shown = null;
  window.clearTimeout(waiting);
}

async function begin(mine, total) {
  if (!total) {
    sayEmpty(mine, await fillingOf(mine.library));
    return;
  }
  const library = await libraryOf(mine.library).catch(() => null);
  // Somebody may have searched meanwhile.
  if (shown !== mine) return;
  const many = counted(total, "video");
  const long = library?.duration_seconds ? `, ${length(library.duration_seconds)}` : "";
  const state = now();
  const isFiltered = FILTERS.some((name) => (Array.isArray(state[name]) ? state[name].length : state[name]));
  const hint = isFiltered
    ? "The filters hold for what you search for; here are all videos."
    : "Describe what happens or what is said, or search with a picture or a video: drop it here, or choose it above.";
  put("start", [el("h2", { class: "note-head" }, `${many}${long}`), el("p", {}, hint)]);
  document.documentElement.dataset.state = "start";
  mine.list = el("ol", { class: "grid", role: "list", "aria-label": "Videos" });
  $("#results").replaceChildren(mine.list);
}

/** Say that there is nothing yet, and look again: a library that is being filled shows what it has as soon as it can. */
function sayEmpty(mine, filling) {
  if (shown !== mine) return;
  const [says, hint] = EMPTY[filling];
  document.documentElement.dataset.state = "empty";
  // It looks again and again, and says the same once.
  if ($("#note .note-head")?.textContent !== says) announce(says);
  put("empty", [el("h2", { class: "note-head" }, says), el("p", {}, hint)]);
  waiting = window.setTimeout(() => shown === mine && browse(), LOOK_AGAIN_MS);
}

/** Return which of EMPTY holds. */
async function fillingOf(library) {
  const filling = await get("/api/indexing", { library }).catch(() => null);
  if (filling?.state === "indexing") return "indexing";
  return filling?.watching?.length ? "watched" : "alone";
}

function fail(problem) {
  document.documentElement.dataset.state = "error";
  // The question for the token says it all.
  if (problem.status === 401) return;
  const button = el("button", { class: "button", type: "button", onclick: () => browse() }, "Try again");
  put("error", [el("h2", { class: "note-head" }, problem.message), button]);
}
