// One result: its picture, its time, how well it fits, and why it is there.

import { address } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { clock, day, percent, place, score as scoreText, span } from "./format.js";
import { markOn } from "./marks.js";
import { selectionControl } from "./selection.js";
import { addressOf, now, open, update } from "./state.js";
import { isSeen, seenOf, whyOf } from "./why.js";

/** Return the card of a hit of `POST /api/search`. */
export function hitCard(hit) {
  const at = hit.start_seconds;
  const isPicture = hit.kind === "image";
  const time = isPicture ? null : span(at, hit.end_seconds);
  const moment = { id: hit.video_id, at: isPicture ? null : at };
  const card = frame({
    moment,
    path: hit.path,
    segment: hit.segment_seconds?.[0] ?? at,
    badge: isPicture ? "Picture" : time,
    recorded: hit.recorded,
    fit: fitOf(hit),
    details: [whyOf(hit), partsOf(hit)],
    tools: [
      iconButton("like", "More like this", () => moreLikeThis(moment), { class: "card-tool", "data-action": "more" }),
      selectionControl(hit),
    ],
    mark: markOn(hit),
  });
  card.dataset.hit = "";
  Object.assign(card.dataset, { start: at, end: hit.end_seconds, rank: hit.rank, kind: hit.kind });
  return card;
}

/** Return the card of a video of `GET /api/videos`, which opens it at its beginning. */
export function videoCard(video) {
  const isPicture = video.kind === "image";
  const card = frame({
    moment: { id: video.id, at: null },
    path: video.path,
    segment: 0,
    badge: isPicture ? "Picture" : clock(video.duration_seconds),
    recorded: video.recorded,
  });
  Object.assign(card.dataset, { video: "", start: 0, end: video.duration_seconds, kind: video.kind });
  return card;
}

/** Search for what looks like a moment, and for nothing else. */
export function moreLikeThis({ id, at }) {
  update({ text: "", then: [], within: null, file: null, like: [{ id, at }], open: null });
}

function frame({ moment, path, segment, badge, recorded, fit, details = [], tools = [], mark = null }) {
  const { id, at } = moment;
  const { name, folder } = place(path);
  const library = now().library;
  const picture = el("img", {
    class: "card-picture",
    src: address(`/thumbnails/${id}/${segment}`, { library }),
    alt: "",
    loading: "lazy",
    decoding: "async",
    onerror: () => picture.replaceWith(icon("film")),
  });
  const link = el(
    "a",
    { class: "card-link", href: addressOf({ ...now(), open: moment }), title: path },
    el("span", { class: "card-stage" }, picture, badge && el("span", { class: "card-time" }, badge)),
    el("span", { class: "card-name" }, name),
  );
  link.addEventListener("click", (event) => {
    // Another tab or window is the browser's business.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    open(id, at);
  });
  const where = [folder, recorded && day(recorded)].filter(Boolean).join(" \u00b7 ");
  const used = tools.filter(Boolean);
  return el(
    "li",
    { class: "card", dataset: { id, at: at ?? "" } },
    link,
    fit,
    details,
    el("p", { class: "card-place" }, where),
    mark,
    used.length > 0 && el("div", { class: "card-tools" }, used),
  );
}

function fitOf(hit) {
  const name = el("span", { class: "visually-hidden" }, "score ");
  // Where words alone speak for it, the cosine says nothing.
  const hasScore = isSeen(hit);
  const score = hasScore && el("span", { class: "fit-score" }, name, scoreText(hit.score));
  // Of a query with a picture or a moment it cannot be said how well anything fits.
  if (hit.confidence === null) return el("p", { class: "fit", title: hasScore ? "Score (cosine)" : null }, seenOf(hit), score);
  const bar = el("span", { class: "fit-bar", "aria-hidden": "true" });
  bar.style.setProperty("--fit", hit.confidence);
  const cosine = hasScore ? ` Score (cosine): ${hit.score.toFixed(3)}.` : "";
  const says = `How likely it is what you asked for: ${percent(hit.confidence)}.${cosine}`;
  return el(
    "p",
    { class: "fit", title: says, dataset: { fits: hit.fits } },
    bar,
    el("span", { class: "fit-share" }, `${percent(hit.confidence)} fit`),
    seenOf(hit),
    score,
  );
}

function partsOf(hit) {
  if (!hit.parts?.length) return null;
  const lines = hit.parts.map((part) =>
    el("li", {}, el("span", { class: "parts-time" }, clock(part.start_seconds)), " ", part.part),
  );
  return el("ol", { class: "parts", "aria-label": "One after another" }, lines);
}
