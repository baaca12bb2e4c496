// A picture or a video that is dropped, pasted or chosen is a query: update({file: keep(file)}) of state.js and files.js.

import { announce } from "./announce.js";
import { get } from "./api.js";
import { $, el, icon, iconButton } from "./dom.js";
import { keep } from "./files.js";
import { update } from "./state.js";
import { sizeText, whyNot } from "./uploads.js";

const SAID_FOR_MS = 12_000;

let chooser = null;
let limits = null;
let hiding = 0;
const SEARCH = "Drop a picture or a video to search with it";
// Where files go while something else than a search is open: {take(files), says()}.
let elsewhere = { take: () => false, says: () => null };

/** Begin: listen to the page, and put the button into #dropping-tool. */
export function startDropping() {
  chooser = el("input", { type: "file", accept: "image/*,video/*,.mkv,.avi,.heic", hidden: true, tabindex: "-1", "aria-hidden": "true" });
  chooser.addEventListener("change", () => {
    take([...chooser.files]);
    chooser.value = "";
  });
  const label = "Search with a picture or a video";
  $("#dropping-tool").replaceChildren(
    iconButton("picture", label, chooseFile, { class: "tool", dataset: { action: "choose-file" } }),
    chooser,
  );
  $("#dropping").replaceChildren(
    el("div", { class: "dropping-frame" }, icon("picture"), el("p", {}, SEARCH), el("p", { class: "dropping-limits" })),
  );
  $("#drop-problem") ?? document.body.append(el("p", { id: "drop-problem", class: "drop-problem", role: "alert", hidden: true }));
  listenToDrags();
  document.addEventListener("paste", paste);
}

/**
 * Have files go elsewhere than into a query while something else is open.
 *
 * @param {{take: (files: File[]) => boolean, says: () => string | null}} place `take` returns whether it has taken them,
 *   and `says` what dropping a file does there; null where it is a query as ever
 */
export function divertFiles(place) {
  elsewhere = place;
}

/** Open the browser's dialog for a file. */
export function chooseFile() {
  learnLimits();
  chooser.click();
}

function listenToDrags() {
  const veil = $("#dropping");
  // What is dragged from the page itself is no query.
  let [isOwn, depth] = [false, 0];
  const isFile = (event) => !isOwn && [...(event.dataTransfer?.types ?? [])].includes("Files");
  const show = (isOver) => {
    if (isOver) {
      bringUp(veil);
      $("p", veil).textContent = elsewhere.says() ?? SEARCH;
    }
    veil.hidden = !isOver;
    if (isOver) veil.dataset.dropping = "over";
    else delete veil.dataset.dropping;
  };
  document.addEventListener("dragstart", () => (isOwn = true));
  document.addEventListener("dragend", () => (isOwn = false));
  document.addEventListener("dragenter", (event) => {
    if (!isFile(event)) return;
    depth += 1;
    if (depth === 1) learnLimits();
    show(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!isFile(event)) return;
    depth = Math.max(0, depth - 1);
    if (depth === 0) show(false);
  });
  document.addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  });
  document.addEventListener("drop", (event) => {
    depth = 0;
    show(false);
    if (isOwn) return;
    // A browser would leave the page for a file or an address that is dropped on it; a text may go into the box.
    const types = [...event.dataTransfer.types];
    if (!types.includes("Files")) {
      if (!types.includes("text/uri-list")) return;
      event.preventDefault();
      return say("Only a file can be dropped here: save the picture first, or copy it and paste it.");
    }
    event.preventDefault();
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
    if (entries.some((entry) => entry?.isDirectory)) return say("A folder cannot be a query: drop a picture or a video.");
    take([...event.dataTransfer.files]);
  });
}

function paste(event) {
  const files = [...(event.clipboardData?.files ?? [])];
  // Text that is copied from an office program comes with a picture of itself.
  if (!files.length || event.clipboardData.getData("text/plain")) return;
  event.preventDefault();
  take(files);
}

/** Search with the first of some files, if it can be searched with. */
async function take(files) {
  if (!files.length || elsewhere.take(files)) return;
  const problem = whyNot(files[0], await learnLimits());
  if (problem !== null) return say(problem);
  $("#drop-problem").hidden = true;
  const [file] = files;
  // An opened video would hide what is found.
  update({ file: keep(file), like: [], open: null });
  const others = files.length > 1 ? " Of several files, the first is searched with." : "";
  announce(`Searching with ${file.name || "the pasted picture"}.${others}`);
  if (others) say(others.trim());
}

/** Learn what a file may be at most, once; without an answer the server itself refuses what is too large. */
export function learnLimits() {
  limits ??= get("/api/limits").then(showLimits, () => ((limits = null), {}));
  return limits;
}

function showLimits(known) {
  const { image_bytes: image, video_bytes: video } = known;
  const both = image === video ? `Up to ${sizeText(image)}` : `A picture of up to ${sizeText(image)}, a video of up to ${sizeText(video)}`;
  const text = image && video ? both : "";
  $(".dropping-limits").textContent = text;
  $("[data-action=choose-file]").title = `Search with a picture or a video${text ? ` (${text[0].toLowerCase()}${text.slice(1)})` : ""}`;
  return known;
}

/** Put an element where it is seen: an open dialog lies over all that is not in it. */
function bringUp(element) {
  const place = $("dialog[open]") ?? document.body;
  if (element.parentElement !== place) place.append(element);
}

function say(sentence) {
  const place = $("#drop-problem");
  bringUp(place);
  place.textContent = sentence;
  place.hidden = false;
  window.clearTimeout(hiding);
  hiding = window.setTimeout(() => (place.hidden = true), SAID_FOR_MS);
}
