// How well a name was learnt, in words: where each example comes if it is looked for by the others. No elements here.

import { counted } from "./format.js";

// What comes among so many is on the first screen; in a small library that would say nothing, so there it is fewer.
const NEAR = 10;
const NEAR_SHARE = 0.1;

/**
 * Return how good a name is.
 *
 * @param {{rank: number | null, num_compared: number}[]} examples of a taught name
 * @returns {{quality: "unknown" | "good" | "fair" | "poor", says: string}} `says` is a sentence or two
 */
export function qualityOf(examples) {
  const ranked = examples.filter(({ rank }) => rank !== null && rank !== undefined);
  if (!ranked.length) return { quality: "unknown", says: "How good it is cannot be told from one example alone." };
  const isNear = ({ rank, num_compared: compared }) => rank <= Math.max(1, Math.min(NEAR, Math.ceil(NEAR_SHARE * compared)));
  const near = ranked.filter(isNear);
  const compared = Math.max(...ranked.map((each) => each.num_compared));
  const among = `of ${counted(compared, "moment")}`;
  const worst = Math.max(...ranked.map(({ rank }) => rank));
  if (near.length === ranked.length) {
    const where = worst === 1 ? "comes first" : `is among the first ${worst}`;
    return { quality: "good", says: `Good: looked for by the others, each example ${where} ${among}.` };
  }
  const many = `${near.length} of ${counted(ranked.length, "example")}`;
  const found = `${near.length ? many : "none of the examples"} ${near.length > 1 ? "are" : "is"} found by the others`;
  if (2 * near.length >= ranked.length) return { quality: "fair", says: `Fair: ${found}. More examples help.` };
  return { quality: "poor", says: `Poor: ${found}. Teach it with more examples, or with ones that look more alike.` };
}

/** Return where an example comes if it is looked for by the others; null where that is not known. */
export function rankText({ rank, num_compared: compared }) {
  return rank === null || rank === undefined ? null : `found by the others at place ${rank} of ${compared}`;
}
