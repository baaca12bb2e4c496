// Playing a file in the one <video>: as it is, else converted, whole or piece by piece. Times are those of the whole file.

import { address } from "./api.js";
import { pieceAt, waitForConversion } from "./conversion.js";

// So far from the end a video still shows its last frame.
const BEFORE_END_SECONDS = 0.05;
const SLACK_SECONDS = 0.01;
// The next piece is asked for when so much of one has been played.
const AHEAD_FROM = 0.4;

/**
 * Return what plays files.
 *
 * @param {HTMLVideoElement} video
 * @param {object} listeners
 * @param {(way: object) => void} listeners.onConverting a converted piece has to be waited for
 * @param {(fraction: number | null) => void} listeners.onShare how much of it is done
 * @param {() => void} listeners.onLoading the browser is about to load
 * @param {(way: object, offsetSeconds: number) => void} listeners.onPlaying it shows the way; its own time 0 is at the offset
 */
export function createPlayback(video, { onConverting, onShare, onLoading, onPlaying }) {
  // What is shown, where the person wants to be, and what ends the waiting for a piece.
  let [piece, wanted, step] = [null, 0, null];

  const offset = () => piece?.startSeconds ?? 0;
  const isInside = (seconds) =>
    piece !== null && (piece.endSeconds === null || (seconds >= piece.startSeconds - SLACK_SECONDS && seconds < piece.endSeconds));

  function place(seconds) {
    const end = Number.isFinite(video.duration) ? Math.max(0, video.duration - BEFORE_END_SECONDS) : Infinity;
    video.currentTime = Math.min(Math.max(0, seconds - offset()), end);
  }

  /** Show the pieces of a way one after the other, or where somebody seeks to; it ends by a problem only. */
  async function follow(way, durationSeconds, signal) {
    for (;;) {
      step = new AbortController();
      const both = AbortSignal.any([signal, step.signal]);
      try {
        piece = way.converted ? pieceAt(way.converted, wanted, durationSeconds) : { url: way.url, startSeconds: 0, endSeconds: null };
        await show(way, both);
        wanted = await endOf(way, durationSeconds, both);
      } catch (error) {
        if (signal.aborted || !step.signal.aborted) throw error;
      }
    }
  }

  async function show(way, signal) {
    if (way.converted) {
      // What played so far would go on unseen.
      video.pause();
      onConverting(way);
      await waitForConversion(piece.url, { signal, onShare });
    }
    onLoading();
    video.src = address(piece.url);
    await happens(video, "loadedmetadata", signal);
    if (!video.videoWidth) throw new Error("This browser plays its sound only, not its pictures.");
    place(wanted);
    onPlaying(way, piece.startSeconds);
    play();
  }

  /** Wait until a piece is over, and return where the next begins. */
  async function endOf(way, durationSeconds, signal) {
    const { endSeconds } = piece;
    if (endSeconds === null || endSeconds >= durationSeconds - SLACK_SECONDS) return happens(video, "never", signal);
    const next = pieceAt(way.converted, endSeconds + SLACK_SECONDS, durationSeconds);
    const ahead = () => {
      if (video.currentTime < AHEAD_FROM * (endSeconds - piece.startSeconds)) return;
      video.removeEventListener("timeupdate", ahead);
      // Should it fail, that is told when it is needed.
      waitForConversion(next.url, { signal, onShare: () => {} }).catch(() => {});
    };
    video.addEventListener("timeupdate", ahead, { signal });
    await happens(video, "ended", signal);
    return next.startSeconds;
  }

  function play() {
    // Not before the person has touched the page, in some browsers: then it waits, at the moment.
    video.play().catch(() => {});
  }

  return {
    play,
    get seconds() {
      return piece === null ? wanted : video.currentTime + offset();
    },
    seek(seconds) {
      wanted = Math.max(0, seconds);
      if (piece !== null && !isInside(wanted)) step?.abort();
      else if (video.readyState > 0) place(wanted);
    },
    /**
     * Play a file of `GET /api/videos/{id}` from a time on, in the first way that works.
     *
     * @throws {Error} that says in a sentence why none does
     */
    async start(file, startSeconds, signal) {
      let last = new Error("Nothing of it can be played.");
      wanted = startSeconds;
      for (const way of waysToPlay(file.media, video)) {
        try {
          await follow(way, file.duration_seconds, signal);
        } catch (problem) {
          if (signal.aborted) throw problem;
          last = problem;
          if (video.currentTime > 0) wanted = video.currentTime + offset();
        }
      }
      throw last;
    },
    /** Stop, and let go of the file, so that nothing more of it is loaded. */
    stop() {
      piece = null;
      video.pause();
      video.removeAttribute("src");
      video.removeAttribute("poster");
      video.load();
    },
  };
}

/** Return the ways to play a file, the better first: as it is, where this browser says it can; else converted. */
function waysToPlay(media, video) {
  const original = { url: media.url, converted: null };
  if (!media.converted) return [original];
  const converted = { url: null, converted: media.converted };
  if (media.plays === false) return [converted];
  return media.type && video.canPlayType(media.type) === "" ? [converted, original] : [original, converted];
}

/** Wait for an event of a video; an error, or the signal, ends the waiting. */
function happens(video, name, signal) {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const options = { signal: AbortSignal.any([signal, over.signal]) };
    const end = (settle, value) => (over.abort(), settle(value));
    video.addEventListener(name, () => end(resolve), options);
    video.addEventListener("error", () => end(reject, problemOf(video)), options);
    if (signal.aborted) end(reject, signal.reason);
    signal.addEventListener("abort", () => end(reject, signal.reason), { once: true });
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
