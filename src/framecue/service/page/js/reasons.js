// Why a moment was found: what each way of looking has found of it, and the frame that is nearest to the query.

import { clockFine } from "./clock.js";
import { el } from "./dom.js";
import { clock, percent, span } from "./format.js";
import { LEGS, isSeen, marked } from "./why.js";

/** Return the panel; `onSeek(seconds)` is called for a time in it. */
export function createReasons({ onSeek }) {
  const list = el("dl", { class: "reasons-list" });
  const more = el("p", { class: "reasons-more", role: "status" });
  const element = el("section", { class: "reasons", "aria-label": "Why it was found", id: "player-reasons", hidden: true }, list, more);

  let hasParts = false;
  let hasScore = true;

  function row(name, ...what) {
    list.append(el("div", {}, el("dt", {}, name), el("dd", {}, ...what)));
  }

  function time(seconds, write = clock) {
    return el("button", { type: "button", class: "reasons-time", onclick: () => onSeek(seconds) }, write(seconds));
  }

  function leg({ leg, text, spans, score, confidence, rank, start_seconds: start }, hasScore) {
    // What lies elsewhere in the video has a time, and says nothing of how likely this moment is.
    const sure = confidence === null || confidence === undefined ? [] : [`${percent(confidence)} likely`];
    const alone = [...sure, ...(rank ? [`rank ${rank}`] : [])].join(", ");
    const says = alone ? ` By this alone: ${alone}.` : "";
    if (text === null || text === undefined) {
      return row(LEGS[leg]?.name ?? leg, `${hasScore ? `Likeness ${score.toFixed(3)}.` : ""}${says}`);
    }
    const quoted = el("q", { dir: "auto" }, marked(text, spans ?? []));
    return row(LEGS[leg]?.name ?? leg, quoted, `${says} `, start == null ? null : time(start));
  }

  return {
    element,
    /** Show what is known of a hit without asking again. */
    show(hit) {
      list.replaceChildren();
      more.textContent = "";
      hasParts = (hit.parts ?? []).length > 0;
      // The frame is one of the first part's moment.
      hasScore = isSeen(hasParts ? hit.parts[0] : hit);
      if (hit.confidence !== null && hit.confidence !== undefined) {
        row("How sure", `${percent(hit.confidence)}${hit.fits ? "" : ": probably not what was asked for"}`);
      }
      for (const each of hit.legs ?? []) leg(each, hasScore);
      for (const part of hit.parts ?? []) {
        const likeness = isSeen(part) ? `, likeness ${part.score.toFixed(3)}` : "";
        row(part.part, time(part.start_seconds), ` ${span(part.start_seconds, part.end_seconds)}${likeness}.`);
        for (const each of part.legs) leg(each, isSeen(part));
      }
      if (!(hit.legs ?? []).length && !(hit.parts ?? []).length) row("Seen", `Likeness ${hit.score.toFixed(3)}.`);
    },
    /** Show that the video is being looked at, or that it cannot be. */
    say(sentence) {
      more.textContent = sentence;
    },
    /** Add what the frames say: the explanation of a hit. */
    explain({ parts, frame, problem }) {
      more.textContent = problem ? `Its frames cannot be looked at: ${problem}` : "";
      if (frame && hasScore) row("Nearest frame", time(frame.at_seconds, clockFine), ` Likeness ${frame.score.toFixed(3)}.`);
      // What happens one after another stands there already, with its times.
      if (parts.length < 2 || hasParts || !hasScore) return;
      for (const { part, weight, score } of parts) {
        row(part, `Likeness ${score.toFixed(3)}${weight === 1 ? "" : `, with the weight ${weight}`}.`);
      }
    },
  };
}
