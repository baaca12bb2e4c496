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
const EMPTY_HINT = "Put videos in: framecue index FOLDER --library LIBRARY, or start the server with --watch FOLDER.";

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
  put(null, []);
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
    if (shown === mine) fail(problem);
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
    document.documentElement.dataset.state = "empty";
    put("empty", [el("h2", { class: "note-head" }, "This library holds no videos yet."), el("p", {}, EMPTY_HINT)]);
    announce("This library holds no videos yet.");
    // One that is being filled shows what it has as soon as it has something.
    waiting = window.setTimeout(() => shown === mine && browse(), LOOK_AGAIN_MS);
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
    : "Describe what happens, or what is said. A picture or a video dropped here is a question too.";
  put("start", [el("h2", { class: "note-head" }, `${many}${long}`), el("p", {}, hint)]);
  document.documentElement.dataset.state = "start";
  mine.list = el("ol", { class: "grid", role: "list", "aria-label": "Videos" });
  $("#results").replaceChildren(mine.list);
}

function fail(problem) {
  document.documentElement.dataset.state = "error";
  const button = el("button", { class: "button", type: "button", onclick: () => browse() }, "Try again");
  put("error", [el("h2", { class: "note-head" }, problem.message), button]);
}
