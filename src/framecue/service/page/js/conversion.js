// A video that the browser cannot play is converted by the server, which takes a while. A long one comes in pieces.

import { ask } from "./api.js";

const ASK_EVERY_SECONDS = 1;
const LONGEST_WAIT_SECONDS = 10;

/**
 * Return the piece of a converted video that holds a time: {url, startSeconds, endSeconds}.
 *
 * Pieces lie on a grid, so that the server finds again what it has made. What is played of a piece begins at 0.
 *
 * @param {{url: string, span_seconds: number | null}} converted of the media document
 */
export function pieceAt(converted, seconds, durationSeconds) {
  const span = converted.span_seconds;
  if (!span) return { url: converted.url, startSeconds: 0, endSeconds: null };
  const last = Math.max(0, Math.ceil(durationSeconds / span) - 1);
  const place = Math.min(last, Math.max(0, Math.floor(seconds / span)));
  const [startSeconds, endSeconds] = [place * span, Math.min((place + 1) * span, durationSeconds)];
  const joint = converted.url.includes("?") ? "&" : "?";
  return { url: `${converted.url}${joint}start=${startSeconds}&end=${endSeconds}`, startSeconds, endSeconds };
}

/**
 * Wait until a converted file is there.
 *
 * @param {(fraction: number | null) => void} onShare how much of it is done; null if that is not known
 * @throws {Problem} with the sentence that the server gives, if it cannot be made
 */
export async function waitForConversion(url, { signal, onShare }) {
  onShare(null);
  for (;;) {
    const { isThere, fraction, afterSeconds } = await look(url, signal);
    if (isThere) return;
    onShare(fraction);
    await wait(1000 * Math.min(afterSeconds, LONGEST_WAIT_SECONDS), signal);
  }
}

async function look(url, signal) {
  try {
    // The answer shall not wait for the file, and bring no more of it than there has to be.
    const answer = await ask(url, { signal, headers: { Prefer: "respond-async", Range: "bytes=0-0" } });
    if (answer.status !== 202) return { isThere: true };
    const { state, share } = await answer.json();
    return { isThere: false, fraction: state === "converting" ? share : null, afterSeconds: ASK_EVERY_SECONDS };
  } catch (problem) {
    // Too much is being converted at once: its turn will come.
    const waits = (problem.status === 429 || problem.status === 503) && problem.retryAfterSeconds !== null;
    if (!waits) throw problem;
    return { isThere: false, fraction: null, afterSeconds: problem.retryAfterSeconds };
  }
}

function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = window.setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (window.clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
