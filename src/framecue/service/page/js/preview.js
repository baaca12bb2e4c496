// A result plays from its moment while the pointer rests on it or the focus is on it: silently, and only one at a time.

import { address } from "./api.js";
import { $, el } from "./dom.js";
import { now } from "./state.js";

const REST_MS = 140;
// A moment that is shorter is hardly seen; it goes on into what follows.
const LEAST_SECONDS = 2;

// Videos that the browser cannot play: their pictures stay. The player asks the server for another form of them.
const silent = new Set();
let playing = null;
let waiting = 0;

/** Begin: follow the pointer and the focus among the cards of #results. */
export function startPreview() {
  const results = $("#results");
  const isStill = window.matchMedia("(prefers-reduced-motion: reduce)");
  const begin = (card) => {
    if (card === null || isStill.matches || card === playing?.card) return;
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => play(card), REST_MS);
  };
  results.addEventListener("pointerover", (event) => event.pointerType === "mouse" && begin(cardOf(event.target)));
  results.addEventListener("pointerout", (event) => {
    if (cardOf(event.target) !== cardOf(event.relatedTarget)) stop();
  });
  results.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && begin(cardOf(event.target)));
  results.addEventListener("focusout", (event) => {
    if (cardOf(event.target) !== cardOf(event.relatedTarget)) stop();
  });
  results.addEventListener("click", stop);
  document.addEventListener("visibilitychange", () => document.hidden && stop());
}

/** Stop what is playing among the results, if anything is. */
export function stop() {
  window.clearTimeout(waiting);
  if (playing === null) return;
  const { video, card } = playing;
  playing = null;
  delete card.dataset.playing;
  video.pause();
  // Without this the browser goes on loading.
  video.removeAttribute("src");
  video.load();
  video.remove();
}

function cardOf(element) {
  return element?.closest?.(".card") ?? null;
}

function play(card) {
  stop();
  const { id, kind } = card.dataset;
  if (kind === "image" || silent.has(id) || !card.isConnected || document.querySelector("dialog[open]")) return;
  const start = Number(card.dataset.start);
  const end = Math.max(Number(card.dataset.end), start + LEAST_SECONDS);
  const video = el("video", { class: "card-video", muted: true, playsinline: true, "aria-hidden": "true" });
  video.muted = true;
  const isMine = () => playing?.video === video;
  video.addEventListener("loadedmetadata", () => (video.currentTime = start));
  video.addEventListener("timeupdate", () => {
    if (isMine() && video.currentTime >= end) video.currentTime = start;
  });
  video.addEventListener("ended", () => {
    if (!isMine()) return;
    video.currentTime = start;
    video.play().catch(() => {});
  });
  // Not before the moment is there: else the beginning of the video flashes.
  video.addEventListener("seeked", () => isMine() && (card.dataset.playing = ""));
  video.addEventListener("error", () => {
    if (!isMine()) return;
    silent.add(id);
    stop();
  });
  playing = { video, card };
  $(".card-stage", card).append(video);
  video.src = address(`/media/${id}`, { library: now().library });
  video.play().catch(() => {});
}
