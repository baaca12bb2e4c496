// A video that the browser cannot play is converted by the server, which takes a while.

import { get, Problem } from "./api.js";
import { now } from "./state.js";

const ASK_EVERY_MS = 1000;

/**
 * Wait until the converted version of a video is there.
 *
 * @param {(fraction: number | null) => void} onShare how much of it is done; null if that is not known
 * @throws {Problem} with the sentence that the server gives, if it cannot be made
 */
export async function conversionOf(id, { signal, onShare }) {
  onShare(null);
  for (;;) {
    const state = await ask(id, signal);
    if (state.state === "ready") return;
    if (state.state === "failed") throw new Problem(state.problem ?? "The video cannot be converted.", 422, state);
    onShare(state.fraction ?? null);
    await wait(ASK_EVERY_MS, signal);
  }
}

async function ask(id, signal) {
  try {
    return await get(`/api/videos/${id}/converted`, { library: now().library }, { signal });
  } catch (problem) {
    // Too much is being converted at once: its turn will come.
    if (problem.status === 429 || problem.status === 503) return { state: "making", fraction: null };
    throw problem;
  }
}

function wait(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = window.setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (window.clearTimeout(timer), reject(signal.reason)), { once: true });
  });
}
