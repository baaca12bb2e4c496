// Where in the words of a video the words of the query are.

import { marked } from "./why.js";

/**
 * Return what is to be marked in the words of a video.
 *
 * @param {object[]} hits of `POST /api/search`: their legs say what was found, and where in which text
 * @returns {{byText: Map<string, number[][]>, words: RegExp | null}} the spans of texts that were found, and the words
 *   themselves for other texts
 */
export function markingsOf(hits) {
  const legs = hits.flatMap((hit) => [...(hit.legs ?? []), ...(hit.parts ?? []).flatMap((part) => part.legs ?? [])]);
  const byText = new Map();
  const words = new Set();
  for (const leg of legs) {
    if (leg.text && leg.spans?.length) byText.set(leg.text, leg.spans);
    for (const word of leg.words ?? []) if (word.trim()) words.add(word.trim());
  }
  return { byText, words: words.size ? expressionOf([...words]) : null };
}

/** Return a line of words as nodes, with <mark> around what was found. */
export function markedLine(text, { byText, words }) {
  const spans = byText.get(text) ?? (words ? [...text.matchAll(words)].map(spanOf) : []);
  return marked(text, spans, Infinity);
}

/** Return where a match is in characters of Unicode, as the server counts them. */
function spanOf(match) {
  const start = Array.from(match.input.slice(0, match.index)).length;
  return [start, start + Array.from(match[0]).length];
}

/** Words match as a whole, in whatever case; where a script puts no spaces between words, anywhere. */
function expressionOf(words) {
  const longestFirst = words.sort((one, other) => other.length - one.length);
  const patterns = longestFirst.map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const spaceless =
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
  const whole = (pattern) => (spaceless.test(pattern) ? pattern : `(?<![\\p{L}\\p{N}])${pattern}(?![\\p{L}\\p{N}])`);
  return new RegExp(patterns.map(whole).join("|"), "giu");
}
