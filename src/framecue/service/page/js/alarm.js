// A server that is lost, and one that is back.

import { address, when } from "./api.js";
import { $ } from "./dom.js";
import { search, again } from "./search.js";
import { redraw } from "./results.js";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 10_000;
const BACK_SHOWN_MS = 3000;
const LOST = "The server cannot be reached. Trying again\u2026";
const BACK = "The server is back.";

let isLost = false;

/** Begin. */
export function startAlarm() {
  when("lost", () => {
    if (isLost) return;
    isLost = true;
    show("lost", LOST);
    lookAgain(FIRST_WAIT_MS);
  });
  when("found", () => isLost && back());
  window.addEventListener("online", () => isLost && look(FIRST_WAIT_MS));
}

function lookAgain(wait) {
  window.setTimeout(() => look(wait), wait);
}

async function look(wait) {
  if (!isLost) return;
  try {
    // Any answer will do: one that is a refusal says more than this could.
    await fetch(address("/healthz"), { cache: "no-store" });
    back();
  } catch {
    lookAgain(Math.min(2 * wait, LONGEST_WAIT_MS));
  }
}

function back() {
  if (!isLost) return;
  isLost = false;
  show("back", BACK);
  window.setTimeout(() => isLost || show(null, ""), BACK_SHOWN_MS);
  if (search().phase === "failed") again();
  else if (document.documentElement.dataset.state === "error" || $(".card-stage > .icon")) redraw();
}

function show(kind, text) {
  const alarm = $("#alarm");
  alarm.hidden = kind === null;
  alarm.dataset.alarm = kind ?? "";
  alarm.textContent = text;
}
