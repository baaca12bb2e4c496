// How well a name was learnt, in words: where each example comes if it is looked for by the others. No elements here.

import { counted } from "./format.js";

// As `framecue names` has it: what is on the first page is found; a small library's first page holds nearly all of it, so
// there a fifth counts. Where many moments show the same, an example that agrees with the others is as good as found.
const PAGE = 10;
const SHARE = 5;

/**
 * Return how good a name is.
 *
 * @param {{rank: number | null, num_compared: number, agrees?: boolean | null}[]} examples of a taught name
 * @returns {{quality: "unknown" | "good" | "fair" | "poor", says: string}} `says` is a sentence or two
 */
export function qualityOf(examples) {
  const ranked = examples.filter(({ rank }) => rank !== null && rank !== undefined);
  if (!ranked.length) return { quality: "unknown", says: "How well it is found cannot be told from one example." };
  const isNear = ({ rank, num_compared: compared }) => rank <= Math.min(PAGE, Math.max(1, Math.floor(compared / SHARE)));
  const found = ranked.filter((each) => isNear(each) || each.agrees);
  const isBehindAlike = found.some((each) => !isNear(each));
  const worst = Math.max(...ranked.map(({ rank }) => rank));
  const of = counted(Math.max(...ranked.map((each) => each.num_compared)), "moment");
  if (found.length === ranked.length && isBehindAlike) {
    const says = `Good: the examples go together; many moments look the same, so the last one comes at place ${worst} of ${of}.`;
    return { quality: "good", says };
  }
  if (found.length === ranked.length) {
    const place = worst === 1 ? "first" : `among the first ${worst}`;
    return { quality: "good", says: `Good: each example is found by the others, ${place} of ${of}.` };
  }
  const [quality, word] = 2 * found.length >= ranked.length ? ["fair", "Fair"] : ["poor", "Poor"];
  const where = isBehindAlike ? "near the top or behind moments that look the same" : "near the top";
  const near = `the others find ${found.length} of ${counted(ranked.length, "example")} ${where}, and the last one at place ${worst} of ${of}`;
  return { quality, says: `${word}: ${near}. More examples that show it clearly make it better.` };
}

/** Return where an example comes if it is looked for by the others; null where that is not known. */
export function rankText({ rank, num_compared: compared }) {
  return rank === null || rank === undefined ? null : `found by the others at place ${rank} of ${compared}`;
}
