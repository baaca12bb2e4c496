// A file that the server has made, kept where the browser keeps downloads.

import { ask, fileName } from "./api.js";
import { el } from "./dom.js";
import { now } from "./state.js";

const MOST_TRIES = 5;

/** Keep a file under a name. */
export function saveFile({ blob, name }) {
  const url = URL.createObjectURL(blob);
  const link = el("a", { href: url, download: name || "framecue" });
  link.click();
  // Browsers take the content after the click has returned.
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Ask again, when the server says, what it has too much to do for. */
async function patiently(request) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await request();
    } catch (problem) {
      if (problem.status !== 429 || tries === MOST_TRIES) throw problem;
      await new Promise((resolve) => window.setTimeout(resolve, 1000 * (problem.retryAfterSeconds ?? tries)));
    }
  }
}

/**
 * Have a moment cut out of its video, and keep it.
 *
 * It is fetched rather than followed as a link, as a link would lead to the document that says what is wrong.
 *
 * @throws {Problem}
 */
export async function saveClip({ id, startSeconds, endSeconds }, { signal } = {}) {
  const parameters = { start: startSeconds, end: endSeconds, library: now().library };
  const answer = await patiently(() => ask(`/clips/${id}`, { parameters, signal }));
  const name = fileName(answer.headers.get("Content-Disposition"));
  saveFile({ blob: await answer.blob(), name: name || "clip.mp4" });
}
