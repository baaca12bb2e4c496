// All moments of the opened video that match, along its time: the taller and stronger, the surer.

import { address } from "./api.js";
import { spokenTime } from "./clock.js";
import { el } from "./dom.js";
import { clock, counted, percent, span } from "./format.js";
import { anyFits } from "./moments.js";
import { now } from "./state.js";

/**
 * Return the strip.
 *
 * @param {object} listeners
 * @param {(moment: object) => void} listeners.onMoment a moment (of moments.js) was chosen
 * @param {(seconds: number) => void} listeners.onSeek a place between the moments was clicked
 */
export function createStrip({ onMoment, onSeek }) {
  const bars = el("div", { class: "strip-bars" });
  const here = el("span", { class: "strip-here", hidden: true });
  const steps = el("div", { class: "strip-steps", "aria-hidden": "true" });
  const playhead = el("span", { class: "strip-playhead" });
  const track = el(
    "div",
    { class: "strip-track", role: "group", "aria-label": "Matching moments", dataset: { part: "strip" } },
    here,
    bars,
    steps,
    playhead,
  );
  const peek = el("div", { class: "strip-peek", "aria-hidden": "true", hidden: true }, el("img", { alt: "" }), el("span", {}));
  const note = el("p", { class: "strip-note" });
  const ends = el("span", { class: "strip-end" });
  const element = el("div", { class: "strip" }, el("div", { class: "strip-room" }, track, peek), el("div", { class: "strip-foot" }, note, ends));
  let [durationSeconds, buttons] = [0, []];

  const share = (seconds) => (durationSeconds > 0 ? Math.min(1, Math.max(0, seconds / durationSeconds)) : 0);
  const css = (part) => `${(100 * part).toFixed(3)}%`;

  function place(element, { startSeconds, endSeconds }) {
    element.style.left = css(share(startSeconds));
    element.style.width = css(share(endSeconds) - share(startSeconds));
  }

  function bar(moment) {
    const strength = Math.max(0, Math.min(1, moment.sureness));
    const shape = el("span", { class: "strip-bar" });
    shape.style.height = css(0.12 + 0.88 * strength);
    shape.style.opacity = String((moment.matches ? 0.55 : 0.2) + 0.45 * strength);
    if (!moment.matches) {
      place(shape, moment);
      return shape;
    }
    const button = el(
      "button",
      {
        type: "button",
        class: "strip-moment",
        tabindex: "-1",
        "aria-label": `${spokenTime(moment.startSeconds)} to ${spokenTime(moment.endSeconds)}${sure(moment, ", ")}`,
        dataset: { start: moment.startSeconds, end: moment.endSeconds, matching: "" },
        onclick: () => onMoment(moment),
        onpointerenter: () => showPeek(moment),
        onpointerleave: hidePeek,
        onfocus: () => (rove(button), showPeek(moment)),
        onblur: hidePeek,
      },
      shape,
    );
    place(button, moment);
    return button;
  }

  function step({ part, start_seconds: startSeconds, end_seconds: endSeconds }, at) {
    const element = el("span", { class: "strip-step", title: part }, String(at + 1));
    place(element, { startSeconds, endSeconds });
    return element;
  }

  function showPeek(moment) {
    const start = moment.hit.segment_seconds?.[0] ?? moment.startSeconds;
    peek.firstChild.src = address(`/thumbnails/${moment.hit.video_id}/${start}`, { library: now().library });
    peek.lastChild.textContent = span(moment.startSeconds, moment.endSeconds) + sure(moment, " · ");
    peek.hidden = false;
    // Beside the moment, and never over an edge of the strip.
    const middle = share((moment.startSeconds + moment.endSeconds) / 2) * track.clientWidth;
    const half = peek.offsetWidth / 2;
    peek.style.left = `${Math.max(half, Math.min(track.clientWidth - half, middle))}px`;
  }

  function hidePeek() {
    peek.hidden = true;
  }

  /** Of all moments, the tab key reaches one; the arrows go on from there. */
  function rove(button) {
    for (const each of buttons) each.tabIndex = each === button ? 0 : -1;
  }

  track.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(document.activeElement);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    buttons[Math.max(0, Math.min(buttons.length - 1, to))].focus();
  });

  track.addEventListener("click", (event) => {
    if (event.target.closest("button")) return;
    const { left, width } = track.getBoundingClientRect();
    onSeek(((event.clientX - left) / width) * durationSeconds);
  });

  return {
    element,
    /** Show that the moments are being looked for, or why there are none. */
    say(sentence) {
      note.textContent = sentence;
    },
    /** Show a video's length, with no moments yet. */
    begin(seconds) {
      durationSeconds = seconds;
      buttons = [];
      bars.replaceChildren();
      here.hidden = true;
      steps.replaceChildren();
      hidePeek();
      element.hidden = !(seconds > 0);
      ends.textContent = clock(seconds);
      note.textContent = "";
    },
    show(moments) {
      bars.replaceChildren(...moments.map(bar));
      buttons = [...bars.querySelectorAll("button")];
      if (buttons.length) buttons[0].tabIndex = 0;
      note.textContent = sentenceOf(moments);
    },
    /** Mark the moment that is open. */
    mark(moment) {
      here.hidden = moment === null;
      if (moment !== null) place(here, moment);
      // Of one thing after another, where each is.
      steps.replaceChildren(...(moment?.hit?.parts ?? []).map(step));
      for (const button of buttons) {
        const isHere = moment !== null && Number(button.dataset.start) === moment.startSeconds;
        if (isHere) {
          button.setAttribute("aria-current", "true");
          if (!track.contains(document.activeElement)) rove(button);
        } else button.removeAttribute("aria-current");
      }
    },
    moveTo(seconds) {
      playhead.style.left = css(share(seconds));
    },
  };
}

function sure({ hit }, before) {
  return hit.confidence === null || hit.confidence === undefined ? "" : `${before}${percent(hit.confidence)} fit`;
}

function sentenceOf(moments) {
  const count = moments.filter((moment) => moment.matches).length;
  if (!anyFits(moments)) return count ? "Nothing here is a clear match; the nearest moments are marked." : "Nothing here matches.";
  return counted(count, "matching moment");
}
