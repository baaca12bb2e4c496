// What is shown of the opened video: the video, a picture, or why there is nothing.

import { address, get, sentence } from "./api.js";
import { waitForConversion } from "./conversion.js";
import { el } from "./dom.js";
import { watchFrames } from "./frames.js";
import { createPlayback } from "./playback.js";
import { now } from "./state.js";

const NOT_HERE = "This browser does not play such a file.";

/**
 * Return the stage.
 *
 * @param {object} listeners
 * @param {(stage: string) => void} listeners.onStage which of "loading", "converting", "playing-original", "converted",
 *   "picture", "gone" and "failed" it is in
 * @param {(seconds: number) => void} listeners.onTime where the video is, many times a second while it plays
 * @param {(offsetSeconds: number) => void} listeners.onOffset which time of the file is the time 0 of the <video>
 */
export function createStage({ onStage, onTime, onOffset }) {
  // One element for all videos: a browser that lets it play with sound once lets it play on.
  const video = el("video", { id: "player-video", controls: true, playsinline: true, preload: "auto", tabindex: "0" });
  const picture = el("img", { class: "stage-picture", alt: "", hidden: true });
  const share = el("progress", { class: "stage-share", max: "1", "aria-label": "Converting the video" });
  const words = el("p", {});
  const message = el("div", { class: "stage-message", hidden: true }, words, share);
  const note = el("p", { class: "stage-note", hidden: true });
  const element = el("div", { class: "stage" }, el("div", { class: "stage-frame" }, picture, video, message), note);
  const frames = watchFrames(video);
  const playback = createPlayback(video, {
    onConverting: ({ converted }) => enter("converting", `${reasonOf(converted)} It is being converted\u2026`),
    onShare: showShare,
    onLoading: () => enter("loading"),
    onPlaying(way, offsetSeconds) {
      enter(way.converted ? "converted" : "playing-original", way.converted ? noteOf(way.converted) : "");
      onOffset(offsetSeconds);
    },
  });
  let work = new AbortController();

  const tell = () => video.readyState > 0 && onTime(playback.seconds);
  for (const event of ["timeupdate", "seeking", "seeked"]) video.addEventListener(event, tell);
  // Four times a second, as browsers tell it, a line would jump.
  const follow = () => {
    tell();
    if (!video.paused && !video.ended) window.requestAnimationFrame(follow);
  };
  video.addEventListener("play", follow);

  function enter(stage, text = "") {
    const showsVideo = stage === "playing-original" || stage === "converted" || stage === "loading";
    const dialog = element.closest("dialog");
    const hadFocus = document.activeElement === video || document.activeElement === dialog;
    video.hidden = !showsVideo;
    picture.hidden = showsVideo || !picture.getAttribute("src");
    message.hidden = showsVideo || stage === "picture";
    words.textContent = text;
    share.hidden = stage !== "converting";
    note.hidden = stage !== "converted" || !text;
    note.textContent = note.hidden ? "" : text;
    // Whoever looks for the sentence finds it where it stands.
    for (const each of [note, words]) delete each.dataset.part;
    if (text) (note.hidden ? words : note).dataset.part = "stage-note";
    element.dataset.stage = stage;
    // The focus that a hidden element loses would leave the keyboard nowhere.
    if (hadFocus && dialog?.open) (video.hidden ? dialog : video).focus();
    onStage(stage, text);
  }

  function showShare(fraction) {
    if (fraction === null) share.removeAttribute("value");
    else share.value = fraction;
  }

  async function play(file, startSeconds, signal) {
    try {
      await playback.start(file, startSeconds, signal);
    } catch (problem) {
      if (!signal.aborted) await explain(file, problem, signal);
    }
  }

  /** A browser says little of what went wrong: ask the server whether the file is still there. */
  async function explain(file, problem, signal) {
    try {
      const again = await get(`/api/videos/${file.id}`, { library: now().library }, { signal });
      if (isGone(again)) enter("gone", goneSentence(again));
      else enter("failed", `${nameOf(file)} cannot be played. ${again.media?.problem ? sentence(again.media.problem) : problem.message}`);
    } catch (other) {
      if (!signal.aborted) enter("failed", other.message);
    }
  }

  /** Show a picture's file, or what the server makes of it where the browser cannot show it. */
  async function showPicture(file, signal) {
    const { media } = file;
    const original = media.plays === false && media.converted ? [] : [media.url];
    for (const url of [...original, ...(media.converted ? [media.converted.url] : [])]) {
      try {
        if (url !== media.url) await waitForConversion(url, { signal, onShare: showShare });
        picture.src = address(url);
        enter("picture");
        return await picture.decode();
      } catch {
        if (signal.aborted) return undefined;
      }
    }
    return explain(file, new Error("This browser cannot show it."), signal);
  }

  return {
    element,
    video,
    seek: playback.seek,
    play: playback.play,
    get seconds() {
      return playback.seconds;
    },
    /** Show a video of `GET /api/videos/{id}` at a time; `poster` is the address of a picture of it. */
    show(file, { startSeconds, poster }) {
      this.clear();
      const { signal } = work;
      picture.src = poster;
      picture.alt = file.kind === "image" ? nameOf(file) : "";
      if (isGone(file) || !file.media?.url) {
        return enter("gone", isGone(file) ? goneSentence(file) : sentence(file.media?.problem ?? "its file cannot be read"));
      }
      if (file.kind === "image") return void showPicture(file, signal);
      video.poster = poster;
      video.setAttribute("aria-label", nameOf(file));
      return void play(file, startSeconds, signal);
    },
    toggle() {
      if (video.paused) playback.play();
      else video.pause();
    },
    /** Go on or back by one frame, and stand still there. */
    step(direction) {
      video.pause();
      playback.seek(playback.seconds - video.currentTime + frames.neighbour(direction));
    },
    fullScreen: () => (document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen?.().catch(() => {})),
    fail: (text) => enter("failed", text),
    clear() {
      work.abort();
      work = new AbortController();
      playback.stop();
      picture.removeAttribute("src");
      enter("loading");
    },
  };
}

function nameOf(file) {
  return file.files[0]?.name ?? "This video";
}

function reasonOf({ reason }) {
  return reason ? sentence(reason) : NOT_HERE;
}

function noteOf(converted) {
  const pieces = converted.span_seconds ? " It comes in pieces: the strip below shows all of it." : "";
  return `Converted for this page. ${reasonOf(converted)}${pieces}`;
}

function isGone(file) {
  return file.files.length > 0 && file.files.every((each) => !each.is_there);
}

function goneSentence(file) {
  const paths = file.files.map((each) => each.path).join(", ");
  return `The file is gone: it was at ${paths}. Put it back to play it; what was found of it stays in the library.`;
}
