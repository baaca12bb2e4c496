// Why a moment was found: seen, said, written, named, with the words that were found.

import { el, icon } from "./dom.js";
import { clock } from "./format.js";

// What the server calls fitting (`fits` of a hit).
export const FITS_FROM = 0.25;
const LONGEST = 120;
const MOST_SHOWN = 2;

/** The legs of a search, as people name them. */
export const LEGS = {
  seen: { name: "Seen", means: "what the picture shows" },
  said: { name: "Said", means: "words that are spoken" },
  written: { name: "Written", means: "words on the screen, and subtitles" },
  named: { name: "Named", means: "the names of the file and its folders" },
  captions: { name: "Caption", means: "texts beside the file" },
  meaning: { name: "Meant", means: "words that mean the same" },
};

/** Return the list of the words for which a hit was found, the surest first; null without any. */
export function whyOf(hit) {
  const told = legsOf(hit).filter((leg) => leg.text !== null);
  told.sort((one, other) => other.strength - one.strength);
  const lines = told.slice(0, MOST_SHOWN).map((leg) => line(leg, hit));
  return lines.length ? el("ul", { class: "why", role: "list", "aria-label": "Found in" }, lines) : null;
}

/** Return the word that a hit was seen, and not only found by words; null if it was not. */
export function seenOf(hit) {
  const legs = legsOf(hit);
  const isSeen = !legs.length || legs.some((leg) => leg.leg === "seen");
  return isSeen ? badge("seen") : null;
}

/**
 * Return whether the score of a hit, or of a part of one, says anything, as `is_seen` of the library does: it does not
 * where words alone speak for it, as they fit and its picture does not.
 */
export function isSeen({ parts, legs, confidence }) {
  if (parts?.length) return parts.every(isSeen);
  if (!legs?.length) return true;
  const seen = legs.find((leg) => leg.leg === "seen");
  if (seen === undefined) return false;
  if ((confidence ?? 0) < FITS_FROM) return true;
  // Of what cannot be judged, at least what is not alike at all has no say.
  return (seen.confidence ?? null) === null ? seen.score > 0 : seen.confidence >= FITS_FROM;
}

function legsOf(hit) {
  return [...(hit.legs ?? []), ...(hit.parts ?? []).flatMap((part) => part.legs ?? [])];
}

function badge(leg) {
  return el("span", { class: "why-leg", dataset: { leg } }, icon(leg), LEGS[leg]?.name ?? leg);
}

function line(leg, hit) {
  // Words from another moment of the video have their time.
  const isElsewhere =
    leg.start_seconds !== null && (leg.end_seconds <= hit.start_seconds || leg.start_seconds >= hit.end_seconds);
  const when = isElsewhere && hit.kind !== "image" ? `${clock(leg.start_seconds)} ` : "";
  const text = el("span", { class: "why-text" }, when, marked(leg.text, leg.spans));
  return el("li", { dataset: { leg: leg.leg } }, badge(leg.leg), " ", text);
}

/**
 * Return a text as nodes, cut around the first of some spans where it is long, with the spans as <mark>.
 *
 * @param {string} text
 * @param {[number, number][]} spans (start, end) in characters of Unicode, not in the units of JavaScript's strings
 */
export function marked(text, spans, longest = LONGEST) {
  const characters = Array.from(text.replace(/\s/g, " "));
  const first = spans[0]?.[0] ?? 0;
  const isLong = characters.length > longest;
  const start = isLong ? Math.max(0, Math.min(first - Math.floor(longest / 3), characters.length - longest)) : 0;
  const end = isLong ? start + longest : characters.length;
  const piece = (from, to) => characters.slice(from, to).join("");
  const nodes = [start > 0 ? "\u2026" : ""];
  let at = start;
  for (const [from, to] of spans) {
    if (from < at || to > end) continue;
    nodes.push(piece(at, from), el("mark", {}, piece(from, to)));
    at = to;
  }
  return [...nodes, piece(at, end), end < characters.length ? "\u2026" : ""].filter((node) => node !== "");
}
