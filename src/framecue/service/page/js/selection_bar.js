// The bar of what is selected: how much, and what can be made of it.

import { get, postForFile, sentence } from "./api.js";
import { el, icon, iconButton } from "./dom.js";
import { counted, number } from "./format.js";
import { subscribeNames } from "./names.js";
import { saveClip, saveFile } from "./saving.js";
import { asksForSomething, now, subscribe } from "./state.js";

const REMEMBERED = "framecue-export-format";

/**
 * Fill the bar.
 *
 * @param {object} does
 * @param {() => {hit: object, query: string}[]} does.selected what is selected, in order, and by what it was found
 */
export function buildBar(element, { selected, onShown, onClear, onMark, onTeach }) {
  const count = el("p", { class: "selection-count", dataset: { part: "count" } });
  const format = el("select", { "aria-label": "Format", onchange: () => remember(format.value) });
  const action = (name, label, onclick, attributes = {}) =>
    el("button", { type: "button", class: "button", dataset: { action: name }, onclick, ...attributes }, label);
  const exporting = action("export", "Export", () => run("Exporting …", exportAll), { class: "button button-main" });
  const clips = action("clips", "Save clips", () => run("Cutting …", saveClips));
  const marking = (which, label, name) => action(which, [icon(which), label], () => onMark(which), { title: name });
  const marks = el(
    "span",
    { class: "selection-marks", role: "group", "aria-label": "Order the search once more" },
    marking("right", "Right", "This is what I am looking for: order the search once more (+)"),
    marking("wrong", "Not right", "This is not what I am looking for: order the search once more (-)"),
  );
  const teaching = action("teach", "Teach a name …", onTeach, { hidden: true });
  subscribe((state) => (marks.hidden = !asksForSomething(state)));
  subscribeNames(({ mayTeach }) => (teaching.hidden = !mayTeach));
  const shown = action("select-shown", "Select all shown", onShown);
  const clear = iconButton("close", "Clear the selection", onClear, { class: "tool", dataset: { action: "clear" } });
  const saying = el("p", { class: "selection-saying", role: "status" });
  const meant = el("div", { class: "selection-row" }, count, marks, teaching, clear);
  const kept = el("div", { class: "selection-row" }, shown, el("span", { class: "selection-export" }, format, exporting), clips);
  element.replaceChildren(meant, kept, saying);
  let [formats, most, learning] = [null, Infinity, null];

  /** Ask which formats there are, when they are first needed. */
  async function learn() {
    formats = [];
    try {
      const known = await get("/api/export/formats");
      formats = known.formats;
      most = known.most_hits ?? Infinity;
      if (known.problem) saying.textContent = sentence(known.problem);
    } catch (problem) {
      formats = null;
      saying.textContent = problem.message;
    }
    format.replaceChildren(...(formats ?? []).map(({ name, suffix, description }) => el("option", { value: name }, `${description} (${suffix})`)));
    const before = remembered();
    if (formats?.some(({ name }) => name === before)) format.value = before;
    exporting.disabled = format.hidden = !formats?.length;
  }

  async function exportAll() {
    // Whoever is quick asks before it is known what there is.
    await learning;
    if (!formats?.length) return saying.textContent;
    const hits = selected().map(exported);
    if (hits.length > most) return `${number(hits.length)} moments are selected; ${number(most)} at most are exported at once.`;
    const library = now().library;
    const file = await postForFile("/api/export", { hits, format: format.value, ...(library ? { library } : {}) });
    saveFile({ ...file, name: file.name || `framecue.${format.value}` });
    return `${counted(hits.length, "moment")} exported: ${file.name || format.value}.`;
  }

  async function saveClips() {
    const all = selected().filter(({ hit }) => hit.kind !== "image");
    if (!all.length) return "Pictures alone are selected, and clips are cut out of videos.";
    for (const [place, { hit }] of all.entries()) {
      saying.textContent = `Cutting ${place + 1} of ${all.length} …`;
      await saveClip({ id: hit.video_id, startSeconds: hit.start_seconds, endSeconds: hit.end_seconds });
    }
    return `${counted(all.length, "clip")} saved among your downloads.`;
  }

  /** Do one thing at a time, and say how it went. */
  async function run(begun, work) {
    const buttons = [exporting, clips];
    saying.textContent = begun;
    for (const each of buttons) each.setAttribute("aria-disabled", "true");
    try {
      saying.textContent = await work();
    } catch (problem) {
      saying.textContent = problem.message;
    } finally {
      for (const each of buttons) each.removeAttribute("aria-disabled");
    }
  }

  // A button that is at work keeps the focus, so it is not disabled but does nothing.
  element.addEventListener("click", (event) => event.target.closest("[aria-disabled]") && event.stopPropagation(), true);

  return {
    /** Put the focus where what is selected is exported: by Tab the way there leads through all results. */
    focus: () => (exporting.disabled ? clips : exporting).focus(),
    /** Show how many moments are selected, and how many of them the page shows no longer. */
    show(numSelected, numElsewhere) {
      element.hidden = numSelected === 0;
      document.documentElement.toggleAttribute("data-selecting", numSelected > 0);
      const elsewhere = numElsewhere ? ` (${number(numElsewhere)} not shown now)` : "";
      count.textContent = `${counted(numSelected, "moment")} selected${elsewhere}`;
      saying.textContent = "";
      if (numSelected > 0 && formats === null) learning = learn();
    },
  };
}

/** Return a selected moment as `POST /api/export` takes it. */
function exported({ hit, query }) {
  const { video_id: id, start_seconds, end_seconds, score, confidence } = hit;
  return { id, start_seconds, end_seconds, query, score, confidence };
}

function remember(name) {
  try {
    window.localStorage.setItem(REMEMBERED, name);
  } catch {
    // A browser that keeps nothing: the first format next time.
  }
}

function remembered() {
  try {
    return window.localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}
