// Which taught names of the query were understood, as chips above the results.

import { $, el, icon } from "./dom.js";
import { namesKnown, namedSo, pictureOf, subscribeNames } from "./names.js";
import { search, subscribeSearch } from "./search.js";
import { openSheet } from "./state.js";

/** Begin. */
export function startUnderstood() {
  subscribeSearch((found, what) => what !== "more" && show(found));
  subscribeNames(() => show(search()));
}

function show({ names, phase }) {
  const place = $("#understood");
  place.hidden = !names.length || phase === "start";
  if (place.hidden) return;
  place.replaceChildren(el("span", { class: "understood-says" }, "Understood:"), ...names.map(chip));
}

function chip(name) {
  const known = namedSo(name);
  const text = el("bdi", { class: "chip-name" }, known?.name ?? name);
  if (known === null || namesKnown().names === null) return el("span", { class: "chip chip-part", dataset: { name, on: "" } }, icon("name"), text);
  const picture = nameIcon(known, "understood-picture");
  const label = `${known.name}, a taught name`;
  const open = () => openSheet("names");
  return el("button", { class: "chip chip-part", type: "button", "aria-label": label, title: label, dataset: { name, on: "" }, onclick: open }, picture, text);
}

/** Return the picture of a name, or an icon where it has none. */
export function nameIcon(name, kind) {
  const picture = el("img", { class: kind, src: pictureOf(name), alt: "", decoding: "async", onerror: () => picture.replaceWith(icon("name")) });
  return picture;
}
