// What is read aloud when something has changed that a sighted person sees.

import { $ } from "./dom.js";

let waiting = 0;

/** Say something once what else is being said is done; the latest wins. */
export function announce(text) {
  const place = $("#announcer");
  window.clearTimeout(waiting);
  // Emptied first, so that the same sentence is said again.
  place.textContent = "";
  waiting = window.setTimeout(() => (place.textContent = text), 150);
}
