// The elements of the player, and what they show; player.js decides what that is.

import { el, icon, iconButton } from "./dom.js";
import { clock, day, span } from "./format.js";
import { createReasons } from "./reasons.js";
import { createWords } from "./spoken.js";
import { createStage } from "./stage.js";
import { createStrip } from "./strip.js";

/** Fill the dialog, and return its parts. */
export function buildPlayer(dialog, { onTime, onMoment, onSeek, onClose, onPrevious, onNext, onAgain, onMore, onWhy, onClip, onLink }) {
  const stage = createStage({
    onTime,
    onStage(name, sentence) {
      dialog.dataset.stage = name;
      tell(sentence);
    },
    onOffset: (seconds) => words.captions(stage.video, seconds),
  });
  const strip = createStrip({ onMoment, onSeek });
  const words = createWords({ onSeek });
  const reasons = createReasons({ onSeek });
  const title = el("h2", { id: "player-title", class: "player-title" });
  const path = el("p", { class: "player-path" });
  const moment = el("span", { class: "player-moment", dataset: { part: "moment" } });
  const saying = el("p", { class: "player-saying", role: "status" });
  // The page's own place for what is read aloud lies behind the dialog, where nothing is read.
  const aloud = el("p", { class: "visually-hidden", role: "status" });
  const tell = (sentence) => (aloud.textContent = sentence);
  const button = (name, action, label, onclick, attributes = {}) =>
    el("button", { type: "button", class: "button player-button", dataset: { action }, onclick, ...attributes }, icon(name), el("span", {}, label));

  const previous = iconButton("previous", "Previous matching moment", onPrevious, { class: "tool", dataset: { action: "previous" } });
  const next = iconButton("next", "Next matching moment", onNext, { class: "tool", dataset: { action: "next" } });
  const again = iconButton("again", "Play the moment again", onAgain, { class: "tool", dataset: { action: "again" } });
  const more = button("like", "more", "More like this", onMore);
  const whyButton = button("why", "why", "Why", onWhy, { "aria-expanded": "false", "aria-controls": "player-reasons" });
  const clip = button("save", "clip", "Save clip", onClip);
  const link = button("link", "link", "Copy link", onLink);

  const head = el(
    "header",
    { class: "player-head" },
    el("div", { class: "player-names" }, title, path),
    iconButton("close", "Close", onClose, { class: "tool", dataset: { action: "close" } }),
  );
  const actions = el(
    "div",
    { class: "player-actions" },
    el("div", { class: "player-moments", role: "group", "aria-label": "Moments" }, previous, moment, next, again),
    el("div", { class: "player-buttons" }, more, whyButton, clip, link),
  );
  dialog.replaceChildren(
    head,
    el("div", { class: "player-main" }, stage.element, strip.element, actions, saying, reasons.element),
    words.element,
    aloud,
  );

  // Escape, and whatever else closes a dialog: the address follows, and then the dialog.
  dialog.addEventListener("cancel", (event) => (event.preventDefault(), onClose()));
  dialog.addEventListener("close", onClose);
  dialog.addEventListener("click", (event) => {
    if (event.target !== dialog) return;
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const isInside = event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
    if (!isInside) onClose();
  });

  function showWhy(isShown) {
    reasons.element.hidden = !isShown;
    whyButton.setAttribute("aria-expanded", String(isShown));
    return isShown;
  }

  return {
    dialog, stage, strip, words, reasons,
    /** Show that a video is being opened. */
    begin() {
      stage.clear();
      strip.begin(0);
      words.show([]);
      words.element.hidden = true;
      showWhy(false);
      title.textContent = "Opening …";
      path.textContent = saying.textContent = moment.textContent = "";
      for (const each of [previous, next, again, clip]) each.disabled = true;
      for (const each of [more, whyButton]) each.hidden = false;
    },
    /** Show that nothing is known of a video: there is nothing to do with it. */
    cannotOpen() {
      title.textContent = "It cannot be opened";
      for (const each of [more, whyButton, link]) each.hidden = true;
    },
    /** Show what a video is called, where it is, and which actions make sense for it. */
    describe(file) {
      const [first] = file.files;
      title.textContent = first?.name ?? file.id;
      const when = file.recorded ? day(file.recorded) : null;
      path.textContent = [first?.path, when].filter(Boolean).join(" · ");
      path.title = first?.path ?? "";
      const isPicture = file.kind === "image";
      words.element.hidden = !file.words.length;
      actions.dataset.kind = file.kind;
      clip.hidden = link.hidden = isPicture;
      actions.firstChild.hidden = isPicture;
    },
    /** Show which moment is open, and how many there are to go to. */
    showMoment(opened, { number, count, hasPrevious, hasNext }) {
      moment.textContent = opened === null ? "" : span(opened.startSeconds, opened.endSeconds);
      if (number > 0) moment.append(el("small", {}, `${number} of ${count}`));
      moment.setAttribute("aria-label", opened === null ? "" : `Moment ${clock(opened.startSeconds)} to ${clock(opened.endSeconds)}${number > 0 ? `, ${number} of ${count}` : ""}`);
      previous.disabled = !hasPrevious;
      next.disabled = !hasNext;
      again.disabled = clip.disabled = opened === null;
    },
    /** Have something read aloud that is seen anyway. */
    tell,
    toggleWhy: () => showWhy(reasons.element.hidden),
    isWhyShown: () => !reasons.element.hidden,
    seeWhy: () => reasons.element.scrollIntoView({ block: "nearest" }),
    saying: (sentence) => (saying.textContent = sentence),
  };
}
