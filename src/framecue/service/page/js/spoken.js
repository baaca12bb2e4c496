// What is said and written in the opened video, followed as it plays; each line leads to where it is said.

import { spokenTime } from "./clock.js";
import { el } from "./dom.js";
import { clock } from "./format.js";
import { markedLine, markingsOf } from "./markings.js";

// Who scrolls wants to read: the list stays where it is for so long.
const READING_MS = 5000;
const KINDS = { said: "Said", written: "Written" };

/**
 * Return the list of words.
 *
 * @param {(seconds: number) => void} onSeek a line was chosen
 */
export function createWords({ onSeek }) {
  const list = el("ol", { class: "words-list", "aria-label": "Said and written", dataset: { part: "words" }, tabindex: "-1" });
  const find = el("input", { type: "search", class: "words-find", placeholder: "Find in these words", "aria-label": "Find in these words", autocomplete: "off", oninput: narrow });
  const kinds = el("div", { class: "words-kinds", role: "group", "aria-label": "Which words" });
  const none = el("p", { class: "words-none", hidden: true });
  const head = el("div", { class: "words-head" }, el("h3", { id: "words-title" }, "Words"), kinds, find);
  const element = el("section", { class: "words", "aria-labelledby": "words-title" }, head, none, list);
  let [lines, buttons, kind, readingUntil, current] = [[], [], null, 0, null];

  for (const event of ["wheel", "touchmove", "pointerdown"]) {
    list.addEventListener(event, () => (readingUntil = Date.now() + READING_MS), { passive: true });
  }
  list.addEventListener("focusin", () => (readingUntil = Date.now() + READING_MS));

  function draw(markings) {
    buttons = lines.map((line) =>
      el(
        "button",
        { type: "button", class: "words-line", dataset: { start: line.start_seconds, kind: line.kind }, onclick: () => onSeek(line.start_seconds) },
        el("span", { class: "words-time", "aria-hidden": "true" }, clock(line.start_seconds)),
        el("span", { class: "visually-hidden" }, `${spokenTime(line.start_seconds)}${line.kind === "written" ? ", written" : ""}: `),
        el("span", { class: "words-text", lang: line.language ?? null, dir: "auto" }, markedLine(line.text, markings)),
        line.kind === "written" ? el("span", { class: "words-kind", "aria-hidden": "true" }, "written") : null,
      ),
    );
    list.replaceChildren(...buttons.map((button) => el("li", {}, button)));
    narrow();
  }

  function narrow() {
    const wanted = find.value.trim().toLocaleLowerCase();
    let count = 0;
    lines.forEach((line, index) => {
      const fits = (kind === null || line.kind === kind) && line.text.toLocaleLowerCase().includes(wanted);
      buttons[index].parentElement.hidden = !fits;
      count += fits ? 1 : 0;
    });
    none.hidden = count > 0;
    none.textContent = lines.length ? "None of these words." : "No words are known of this video.";
  }

  function drawKinds() {
    const there = Object.keys(KINDS).filter((each) => lines.some((line) => line.kind === each));
    const choices = there.length > 1 ? [null, ...there] : [];
    kinds.hidden = !choices.length;
    kinds.replaceChildren(
      ...choices.map((each) =>
        el("button", {
          type: "button", class: "words-choice", "aria-pressed": String(each === kind),
          onclick: () => choose(each),
        }, each === null ? "All" : KINDS[each]),
      ),
    );
  }

  function choose(each) {
    kind = each;
    drawKinds();
    narrow();
    // The button that was pressed is a new one now.
    kinds.querySelector("[aria-pressed=true]").focus();
  }

  function follow(button) {
    if (Date.now() < readingUntil || list.contains(document.activeElement)) return;
    const isSmooth = !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const top = button.offsetTop - list.offsetTop - list.clientHeight / 3;
    list.scrollTo({ top, behavior: isSmooth ? "smooth" : "auto" });
  }

  return {
    element,
    /** Show the words of `GET /api/videos/{id}`. */
    show(words) {
      [lines, kind, readingUntil, current] = [words, null, 0, null];
      find.value = "";
      find.hidden = words.length < 8;
      drawKinds();
      draw(markingsOf([]));
      list.scrollTop = 0;
    },
    /** Mark in them what the search has found, by its hits in this video. */
    mark(hits) {
      draw(markingsOf(hits));
      current = null;
    },
    moveTo(seconds) {
      let first = null;
      lines.forEach((line, index) => {
        const isNow = line.start_seconds <= seconds && seconds < Math.max(line.end_seconds, line.start_seconds + 0.5);
        if (isNow !== buttons[index].hasAttribute("aria-current")) {
          if (isNow) buttons[index].setAttribute("aria-current", "true");
          else buttons[index].removeAttribute("aria-current");
        }
        if (isNow && first === null && !buttons[index].parentElement.hidden) first = buttons[index];
      });
      if (first !== null && first !== current) follow(first);
      if (first !== null) current = first;
    },
    /** Give a video captions made of what is said, for the browser's own button for them; its time 0 is at the offset. */
    captions(video, offsetSeconds) {
      const old = video.textTracks[0];
      for (const cue of [...(old?.cues ?? [])]) old.removeCue(cue);
      const said = lines.filter((line) => line.kind === "said" && line.end_seconds > Math.max(line.start_seconds, offsetSeconds));
      if (!said.length) return;
      const track = old ?? video.addTextTrack("captions", "Said", said[0].language ?? "");
      if (track.mode === "disabled") track.mode = "hidden";
      for (const line of said) {
        const start = Math.max(0, line.start_seconds - offsetSeconds);
        track.addCue(new VTTCue(start, line.end_seconds - offsetSeconds, escaped(line.text)));
      }
    },
  };
}

/** Return a text as a caption's markup writes it. */
function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
