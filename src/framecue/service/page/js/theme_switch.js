// The switch between light and dark. What the system has is no choice, so whoever goes back to it follows it again.

import { $, icon } from "./dom.js";

const KEY = "framecue-theme";

/** Begin. */
export function startThemeSwitch() {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  $("#theme").addEventListener("click", () => switchTheme(dark));
  dark.addEventListener("change", () => show(dark));
  show(dark);
}

/** Switch to the other theme. */
export function switchTheme(dark = window.matchMedia("(prefers-color-scheme: dark)")) {
  const next = isDark(dark) ? "light" : "dark";
  const isTheSystems = next === (dark.matches ? "dark" : "light");
  if (isTheSystems) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    if (isTheSystems) window.localStorage.removeItem(KEY);
    else window.localStorage.setItem(KEY, next);
  } catch {
    // A browser that keeps nothing: the choice holds until the page is closed.
  }
  show(dark);
}

function isDark(dark) {
  return (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
}

function show(dark) {
  const button = $("#theme");
  const label = isDark(dark) ? "Light theme" : "Dark theme";
  button.setAttribute("aria-label", label);
  button.title = label;
  button.replaceChildren(icon(isDark(dark) ? "sun" : "moon"));
}
