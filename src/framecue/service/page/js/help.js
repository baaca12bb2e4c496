// The sheet with the keys, and with what may be typed into the box.

import { $, el, iconButton } from "./dom.js";
import { keysByGroup } from "./keys.js";

const TYPED = [
  ["a dog runs on the beach", "what happens, in plain words"],
  ["a door opens, then a man comes in", "one thing after another"],
  ['"good morning"', "these very words, said, written or in a name"],
  ["said:tomorrow", "only what is said"],
  ["written:exit", "only what is written on the screen or in subtitles"],
  ["seen:a red car", "only what is seen"],
  ["name:holiday", "only names of files and folders"],
];

/** Show the sheet. */
export function showHelp() {
  const help = $("#help");
  if (help.open) return;
  const close = iconButton("close", "Close", () => help.close(), { class: "tool sheet-close" });
  const groups = keysByGroup().map(([group, keys]) => section(group, keys.map((key) => [kbd(key), key.does])));
  help.replaceChildren(
    el("div", { class: "sheet-head" }, el("h2", { id: "help-title" }, "Keyboard and search"), close),
    el(
      "div",
      { class: "help" },
      section("What you can type", TYPED.map(([typed, means]) => [el("code", {}, typed), means])),
      groups,
      section("With the mouse", [
        [document.createTextNode("Rest on a result"), "it plays from its moment"],
        [document.createTextNode("Drop or paste a file"), "search with a picture or a video"],
      ]),
    ),
  );
  help.showModal();
}

/** Begin: the button, and a click beside the sheet that closes it. */
export function startHelp() {
  $("#help-button").addEventListener("click", showHelp);
  for (const sheet of document.querySelectorAll("#help")) {
    sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  }
}

function section(name, rows) {
  const lines = rows.flatMap(([what, means]) => [el("dt", {}, what), el("dd", {}, means)]);
  return el("section", { class: "help-group" }, el("h3", {}, name), el("dl", {}, lines));
}

function kbd(key) {
  const shown = [key.shown ?? key.key].flat();
  return el("span", {}, shown.map((name) => el("kbd", {}, name)));
}
