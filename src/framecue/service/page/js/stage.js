// What is shown of the opened video: itself, a version that the browser can play, a picture, or why there is nothing.

import { address, get } from "./api.js";
import { el } from "./dom.js";
import { conversionOf } from "./conversion.js";
import { watchFrames } from "./frames.js";
import { now } from "./state.js";

// So far from the end a video still shows its last frame.
const BEFORE_END_SECONDS = 0.05;

/**
 * Return the stage.
 *
 * @param {object} listeners
 * @param {(stage: string, sentence: string) => void} listeners.onStage which of "loading", "converting", "playing-original",
 *   "converted", "picture", "gone" and "failed" it is in, and what there is to say of it
 * @param {(seconds: number) => void} listeners.onTime where the video is, several times a second while it plays
 */
export function createStage({ onStage, onTime }) {
  // One element for all videos: a browser that lets it play with sound once lets it play on.
  const video = el("video", { id: "player-video", controls: true, playsinline: true, preload: "auto", tabindex: "0" });
  const picture = el("img", { class: "stage-picture", alt: "", hidden: true });
  const share = el("progress", { class: "stage-share", max: "1", "aria-label": "Converting the video" });
  const message = el("div", { class: "stage-message", hidden: true }, el("p", {}), share);
  const note = el("p", { class: "stage-note", dataset: { part: "stage-note" }, hidden: true });
  const element = el("div", { class: "stage" }, el("div", { class: "stage-frame" }, picture, video, message), note);
  const frames = watchFrames(video);
  let work = new AbortController();
  let name = "";

  const tell = () => onTime(video.currentTime);
  for (const event of ["timeupdate", "seeking", "seeked"]) video.addEventListener(event, tell);
  // Four times a second, as browsers tell it, a line would jump.
  const follow = () => {
    tell();
    if (!video.paused && !video.ended) window.requestAnimationFrame(follow);
  };
  video.addEventListener("play", follow);

  function enter(stage, sentence = "") {
    const showsVideo = stage === "playing-original" || stage === "converted" || stage === "loading";
    video.hidden = !showsVideo;
    picture.hidden = showsVideo || !picture.getAttribute("src");
    message.hidden = showsVideo || stage === "picture";
    message.firstChild.textContent = sentence;
    share.hidden = stage !== "converting";
    note.hidden = stage !== "converted" || !sentence;
    note.textContent = note.hidden ? "" : sentence;
    element.dataset.stage = stage;
    onStage(stage, sentence);
  }

  /** Try the ways to play a video in turn, each where the one before it was. */
  async function play(ways, id, startSeconds, signal) {
    let [at, last] = [startSeconds, null];
    for (const way of ways) {
      try {
        if (way.isConverted) {
          enter("converting", `${way.reason} It is being converted.`);
          await conversionOf(id, { signal, onShare: showShare });
        }
        signal.throwIfAborted();
        enter("loading");
        await load(way, at, signal);
        enter(way.isConverted ? "converted" : "playing-original", way.isConverted ? `Converted to be played here: ${way.reason}` : "");
        video.play().catch(() => {}); // Not before the person has touched the page, in some browsers: it waits, at the moment.
        const problem = await brokenWhilePlaying(video, signal);
        at = video.currentTime;
        throw problem;
      } catch (problem) {
        if (signal.aborted) return;
        last = problem;
      }
    }
    await explainFailure(id, last, signal);
  }

  function showShare(fraction) {
    if (fraction === null) share.removeAttribute("value");
    else share.value = fraction;
  }

  async function load(way, at, signal) {
    video.src = address(way.url, { library: now().library });
    await loaded(video, signal);
    if (!video.videoWidth) throw new Error("This browser plays its sound only, not its pictures.");
    seek(at);
  }

  function seek(seconds) {
    const end = Number.isFinite(video.duration) ? Math.max(0, video.duration - BEFORE_END_SECONDS) : seconds;
    video.currentTime = Math.min(Math.max(0, seconds), end);
  }

  /** A browser says little of what went wrong: ask the server whether the file is still there. */
  async function explainFailure(id, problem, signal) {
    try {
      const file = await get(`/api/videos/${id}`, { library: now().library }, { signal });
      if (isGone(file)) return enter("gone", goneSentence(file));
      return enter("failed", `${name} cannot be played. ${problem?.message ?? ""}`.trim());
    } catch (other) {
      if (!signal.aborted) enter("failed", other.message);
    }
  }

  return {
    element,
    video,
    get seconds() {
      return picture.hidden || !video.hidden ? video.currentTime : 0;
    },
    /** Show a video of `GET /api/videos/{id}` at a time; `poster` is the address of a picture of it. */
    show(file, { startSeconds, poster }) {
      this.clear();
      const { signal } = work;
      name = file.files[0]?.name ?? "This video";
      picture.alt = file.kind === "image" ? name : "";
      if (isGone(file)) {
        picture.src = poster;
        return enter("gone", goneSentence(file));
      }
      if (file.kind === "image") {
        picture.src = address(file.media.url, { library: now().library });
        return enter("picture");
      }
      picture.src = poster;
      video.poster = poster;
      video.setAttribute("aria-label", name);
      return void play(waysToPlay(file.media, video), file.id, startSeconds, signal);
    },
    seek,
    play: () => void video.play().catch(() => {}),
    toggle: () => (video.paused ? void video.play().catch(() => {}) : video.pause()),
    /** Go on or back by one frame, and stand still there. */
    step(direction) {
      video.pause();
      seek(frames.neighbour(direction));
    },
    fullScreen: () => (document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen?.().catch(() => {})),
    fail: (sentence) => enter("failed", sentence),
    /** Stop, and let go of the file, so that nothing more of it is loaded. */
    clear() {
      work.abort();
      work = new AbortController();
      video.pause();
      video.removeAttribute("src");
      video.removeAttribute("poster");
      video.load();
      picture.removeAttribute("src");
      enter("loading");
    },
  };
}

function isGone(opened) {
  return opened.files.length > 0 && opened.files.every((file) => !file.is_there);
}

function goneSentence(opened) {
  const paths = opened.files.map((file) => file.path).join(", ");
  return `The file is gone: it was at ${paths}. Put it back to play it; what was found of it stays in the library.`;
}

/** Return the ways to play a file, the better first: as it is, where this browser says it can; else converted. */
function waysToPlay(media, video) {
  const original = { url: media.url, isConverted: false };
  if (!media.converted) return [original];
  const converted = { url: media.converted.url, isConverted: true, reason: sentenceOf(media) };
  if (media.plays === false) return [converted];
  return media.type && video.canPlayType(media.type) === "" ? [converted, original] : [original, converted];
}

function sentenceOf(media) {
  const reason = media.converted.reason || "this browser does not play such a file";
  const begun = reason[0].toUpperCase() + reason.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** Wait until a video's size and length are known. */
function loaded(video, signal) {
  return new Promise((resolve, reject) => {
    const options = { signal, once: true };
    video.addEventListener("loadedmetadata", resolve, options);
    video.addEventListener("error", () => reject(problemOf(video)), options);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** Wait until it goes wrong, which for most videos is never. */
function brokenWhilePlaying(video, signal) {
  return new Promise((resolve, reject) => {
    video.addEventListener("error", () => resolve(problemOf(video)), { signal, once: true });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function problemOf(video) {
  const sentences = {
    [MediaError.MEDIA_ERR_NETWORK]: "It stopped arriving from the server.",
    [MediaError.MEDIA_ERR_DECODE]: "Its data is damaged, or of a kind that this browser cannot decode.",
    [MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED]: "This browser cannot play it.",
  };
  return new Error(sentences[video.error?.code] ?? "It cannot be played.");
}
