// The row of chips under the box: parts of the query that are no text, filters, and ways to show the results. A chip says
// what holds; a click on it opens its panel, its cross takes it away.

import { address, get } from "./api.js";
import { $, el, icon, iconButton } from "./dom.js";
import { isVideo, kept } from "./files.js";
import { clock, place } from "./format.js";
import { CHIPS } from "./filter_chips.js";
import { now, subscribe, update } from "./state.js";
import { viewButtons } from "./views.js";

const NARROW = "(max-width: 40rem)";
const GAP_PIXELS = 6;

/** Begin. */
export function startFilters() {
  const parts = el("div", { class: "parts-row" });
  const chips = CHIPS.map(chipOf);
  const clear = el("button", { class: "chip-clear", type: "button", onclick: clearAll }, "Clear all");
  $("#filters").append(parts, ...chips.map((chip) => chip.element), clear, viewButtons());
  subscribe((state) => {
    for (const chip of chips) chip.show(state);
    showParts(parts, state);
    clear.hidden = CHIPS.filter((chip) => chip.says(state) !== null).length < 2;
  });
}

function clearAll() {
  update(Object.assign({}, ...CHIPS.map((chip) => chip.nothing)));
  $("#filters .chip-main").focus();
}

function chipOf({ name, label, nothing, says, panel: contentOf }) {
  const form = el("form", {});
  const panel = el("div", { class: "panel", popover: "auto", role: "dialog", "aria-label": label, dataset: { panel: name } }, form);
  const text = el("span", {});
  const main = el("button", { class: "chip-main", type: "button", "aria-haspopup": "dialog" }, text, icon("down"));
  const remove = iconButton("close", `Remove the filter: ${label}`, () => {
    update(nothing);
    main.focus();
  }, { class: "chip-remove" });
  const element = el("div", { class: "chip", dataset: { filter: name } }, main, remove, panel);
  main.popoverTargetElement = panel;
  main.setAttribute("aria-expanded", "false");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    panel.hidePopover();
  });
  panel.addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") form.replaceChildren(el("h2", { class: "panel-name" }, label), ...contentOf(now()));
  });
  panel.addEventListener("toggle", (event) => {
    main.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState !== "open") return;
    put(panel, main);
    (panel.querySelector("input:checked") ?? panel.querySelector("input"))?.focus();
  });
  const show = (state) => {
    const said = says(state);
    text.textContent = said ?? label;
    main.title = said ?? "";
    main.setAttribute("aria-label", said === null ? label : `${label}: ${said}`);
    element.toggleAttribute("data-on", said !== null);
    remove.hidden = said === null;
  };
  return { element, show };
}

/** Put an open panel under its chip; on a narrow screen it lies at the bottom, as the style sheet says. */
function put(panel, chip) {
  if (window.matchMedia(NARROW).matches) {
    panel.style.removeProperty("left");
    panel.style.removeProperty("top");
    return;
  }
  const box = chip.getBoundingClientRect();
  const left = Math.max(GAP_PIXELS, Math.min(box.left, window.innerWidth - panel.offsetWidth - 2 * GAP_PIXELS));
  panel.style.left = `${left}px`;
  panel.style.top = `${box.bottom + GAP_PIXELS}px`;
}

/** Show the moments and the file that are searched with. */
function showParts(row, state) {
  const likes = state.like.map((moment) => {
    const rest = state.like.filter((other) => other !== moment);
    const [seen, name] = [icon("film"), el("span", { class: "chip-name" }, "Like this")];
    describe(moment, state.library, seen, name).catch(() => {});
    return part("like", seen, name, () => update({ like: rest }));
  });
  const own = state.file === null ? [] : [filePart(kept(state.file))];
  row.replaceChildren(...likes, ...own);
}

function filePart(held) {
  const remove = () => update({ file: null });
  const name = (text) => el("span", { class: "chip-name", title: text }, text);
  if (held === null) return part("file", icon("film"), name("The file is gone since the reload; drop it again"), remove);
  const { file, url } = held;
  // Not each browser can show what framecue can read.
  const seen = isVideo(file) ? icon("film") : el("img", { src: url, alt: "", onerror: () => seen.replaceWith(icon("film")) });
  return part("file", seen, name(`Like ${file.name || "what was pasted"}`), remove);
}

function part(kind, seen, name, remove) {
  const cross = iconButton("close", "Remove from the search", () => {
    remove();
    $("#query").focus();
  }, { class: "chip-remove" });
  return el("div", { class: "chip chip-part", dataset: { part: kind, on: "" } }, seen, name, cross);
}

/** Put the name and the picture of a moment into its chip, once they are known. */
async function describe({ id, at }, library, seen, name) {
  const video = await get(`/api/videos/${encodeURIComponent(id)}`, { library });
  const file = place(video.files?.[0]?.path ?? "").name || "this";
  name.textContent = `Like ${at === null || video.kind === "image" ? "" : `${clock(at)} of `}${file}`;
  name.title = name.textContent;
  const starts = (video.moments ?? []).map((moment) => moment.start_seconds);
  const start = starts.findLast((seconds) => seconds <= (at ?? 0)) ?? starts[0] ?? 0;
  const picture = el("img", {
    alt: "",
    onload: () => seen.replaceWith(picture),
    src: address(`/thumbnails/${encodeURIComponent(id)}/${start}`, { library }),
  });
}
