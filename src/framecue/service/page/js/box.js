// The search box: what is typed is searched for after a pause, and at once with Enter.

import { $ } from "./dom.js";
import { asksForSomething, now, subscribe, update } from "./state.js";
import { again, search } from "./search.js";

const PAUSE_MS = 260;
const ONLY_SPACES = "There are only spaces in the box. Describe what happens, or what is said.";

/** Begin. */
export function startBox() {
  const box = $("#query");
  let waiting = 0;
  const searchFor = (how) => {
    window.clearTimeout(waiting);
    if (box.value !== now().text) update({ text: box.value }, how);
    else if (how === "push") update({}, "push");
  };
  box.addEventListener("input", (event) => {
    showProblem(null);
    window.clearTimeout(waiting);
    // A word that an input method has not finished is no query yet.
    if (!event.isComposing) waiting = window.setTimeout(() => searchFor("typing"), PAUSE_MS);
  });
  box.addEventListener("compositionend", () => (waiting = window.setTimeout(() => searchFor("typing"), PAUSE_MS)));
  $("#search").addEventListener("submit", (event) => {
    event.preventDefault();
    const isSame = box.value === now().text;
    searchFor("push");
    if (box.value && !asksForSomething(now())) showProblem(ONLY_SPACES);
    // The same once more: perhaps the library has more by now.
    else if (isSame && ["done", "failed"].includes(search().phase)) again();
    // A phone's keyboard covers what was found.
    if (window.matchMedia("(pointer: coarse)").matches) box.blur();
  });
  subscribe((state, before, how) => {
    if (how !== "typing" && box.value !== state.text) box.value = state.text;
    document.title = state.text.trim() ? `${state.text.trim()} \u2013 framecue` : "framecue";
  });
}

/** Put the cursor into the box, with its text selected. */
export function focusBox() {
  $("#query").focus();
  $("#query").select();
}

function showProblem(text) {
  const place = $("#query-problem");
  place.hidden = text === null;
  place.textContent = text ?? "";
  $("#query").setAttribute("aria-invalid", String(text !== null));
}
