// The address of what is searched for, to send to somebody: it holds the whole state, but for a file that was dropped.

import { announce } from "./announce.js";
import { el, icon } from "./dom.js";
import { asksForSomething, subscribe } from "./state.js";

const SAID_FOR_MS = 2000;

/** Return the button that copies the address of the search; it is there only while there is one that can be shared. */
export function shareButton() {
  const label = el("span", {}, "Copy link");
  const button = el("button", { class: "view", type: "button", dataset: { action: "share" } }, icon("link"), label);
  button.addEventListener("click", async () => {
    const said = (await copy(window.location.href)) ? "Copied" : "Copy it from the address bar";
    label.textContent = said;
    announce(said);
    window.setTimeout(() => (label.textContent = "Copy link"), SAID_FOR_MS);
  });
  subscribe((state) => (button.hidden = !asksForSomething({ ...state, file: null })));
  return button;
}

/** Put a text into the clipboard, and return whether that was possible. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without https, and not on this machine, a page has no clipboard but the old one.
  }
  const field = el("textarea", { class: "visually-hidden", readonly: true }, text);
  document.body.append(field);
  const focused = document.activeElement;
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  focused?.focus({ preventScroll: true });
  return isCopied;
}
