// The sheet in which a name is taught: what it is called, what kind of thing it is, and the moments that show it.

import { $, el, iconButton } from "./dom.js";
import { divertFiles, learnLimits } from "./dropping.js";
import { createExamples, exampleOf, exampleOfFile, MOST_PICTURES } from "./examples.js";
import { kept } from "./files.js";
import { counted, percent } from "./format.js";
import { isOrdinary, namedSo, saysOf, teach } from "./names.js";
import { qualityOf } from "./quality.js";
import { hitAt } from "./search.js";
import { closeSheet, now, openSheet, subscribe, update } from "./state.js";
import { kindOf, whyNot } from "./uploads.js";

const STOPPED = "Stopped. Nothing was taught.";
const ADVICE = "Three to ten moments are good, in different places and from different sides. What it looks like here is learnt: no faces are recognised.";
const BEGUN = "Looking at the moments …";
const LEARNING = "Learning …";

let sheet = null;
// What is asked of whoever teaches: kept as long as the page is, so "back" and forward lose nothing that was typed.
let draft = null;

/** Begin: make the sheet, which opens and closes as the state says. */
export function startTeaching() {
  sheet = build($("#teach"));
  divertFiles({
    take: (files) => now().sheet === "teach" && sheet.take(files),
    says: () => (now().sheet === "teach" ? "Drop pictures that show it" : null),
  });
  subscribe((state, before) => {
    const isOpen = state.sheet === "teach";
    // After a reload nothing is known of the moments.
    if (isOpen && draft === null) return void window.queueMicrotask(() => update({ sheet: null }, "replace"));
    if (isOpen) sheet.open();
    else if (before?.sheet === "teach") sheet.close();
  });
}

/**
 * Open the sheet for some moments.
 *
 * @param {{like: object[], unlike: object[]}} moments each {id, start, end}, or a hit
 * @param {() => void} [onTaught] called once a name is taught
 */
export function teachFrom({ like, unlike = [] }, onTaught = () => {}) {
  const example = (isIt) => (given) => {
    const hit = given.video_id ? given : hitAt(given.id, given.start);
    const moment = given.video_id ? { id: given.video_id, start: given.start_seconds, end: given.end_seconds } : given;
    return exampleOf(moment, hit, isIt);
  };
  draft = { onTaught };
  sheet.begin([...like.map(example(true)), ...unlike.map(example(false))]);
  openSheet("teach");
}

function build(dialog) {
  const title = el("h2", { id: "teach-title" }, "Teach a name");
  const close = iconButton("close", "Close", () => closeSheet(), { class: "tool sheet-close" });
  const name = el("input", { id: "teach-name", type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", dir: "auto", placeholder: "Rex", "aria-describedby": "teach-known" });
  const known = el("p", { id: "teach-known", class: "teach-hint", hidden: true });
  const coarse = el("input", { id: "teach-coarse", type: "text", autocomplete: "off", autocapitalize: "off", dir: "auto", placeholder: "dog, or spins" });
  const examples = createExamples({ onChange: () => say(null) });
  const chooser = el("input", { type: "file", accept: "image/*,.heic", multiple: true, hidden: true, tabindex: "-1", "aria-hidden": "true" });
  chooser.addEventListener("change", () => {
    take([...chooser.files]);
    chooser.value = "";
  });
  const choose = el("button", { class: "button", type: "button", dataset: { action: "choose-pictures" }, onclick: () => chooser.click() }, "Add pictures …");
  const fromQuery = el("button", { class: "button", type: "button", hidden: true, dataset: { action: "add-searched" }, onclick: () => take([searched()]) }, "Add the picture searched with");
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const bar = el("progress", { "aria-label": "Learnt so far" });
  const status = el("p", { class: "teach-status", role: "status" });
  const stop = el("button", { class: "button", type: "button", dataset: { action: "stop" }, onclick: () => work?.abort() }, "Stop");
  const share = el("span", { class: "teach-share", "aria-hidden": "true" });
  const progress = el("div", { class: "teach-progress", hidden: true }, bar, share, stop);
  const submit = el("button", { class: "button button-main", type: "submit", dataset: { action: "teach" } }, "Teach it");
  const fields = el(
    "fieldset",
    { class: "teach-fields" },
    el("div", { class: "teach-words" }, field("Name", name), field("An ordinary word for what it is or does, if any", coarse)),
    known,
    examples.element,
    el("div", { class: "teach-pictures" }, choose, fromQuery, chooser),
    el("p", { class: "teach-hint" }, ADVICE),
  );
  const form = el("form", { novalidate: true }, fields, problem, el("div", { class: "teach-foot" }, submit));
  const outcome = el("div", { class: "teach-outcome", hidden: true });
  dialog.replaceChildren(el("div", { class: "sheet-head" }, title, close), form, status, progress, outcome);
  let [work, allowed, numFiles] = [null, null, 0];

  name.addEventListener("input", () => (say(null), showKnown()));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (work === null) run();
  });
  dialog.addEventListener("close", () => now().sheet === "teach" && closeSheet());
  dialog.addEventListener("click", (event) => event.target === dialog && work === null && closeSheet());

  function showKnown() {
    const taught = namedSo(name.value);
    known.hidden = taught === null;
    if (taught === null) return;
    known.replaceChildren(el("bdi", {}, taught.name), ` is taught already, from ${counted(taught.examples.length, "example")}: these are added.`);
    if (!coarse.value) coarse.value = taught.coarse ?? "";
  }

  /** Show what the server refuses; an ordinary word may be meant, so it is asked again. */
  function say(refusal) {
    const isAsked = isOrdinary(refusal);
    allowed = isAsked ? name.value : null;
    problem.hidden = refusal === null;
    problem.textContent = refusal === null ? "" : saysOf(refusal);
    submit.textContent = isAsked ? "Teach it all the same" : "Teach it";
    name.setAttribute("aria-invalid", String(isAsked));
  }

  /** Take pictures of the person's own as examples, as far as the server would. */
  async function take(files) {
    const limits = await learnLimits();
    const [pictures, others] = [files.filter((file) => kindOf(file) !== "video"), files.filter((file) => kindOf(file) === "video")];
    const problems = [
      ...others.map((file) => `${file.name} is a video: index it, and select the moments that show it.`),
      ...pictures.map((file) => whyNot(file, limits)),
    ].filter((told) => told !== null);
    const good = pictures.filter((file) => whyNot(file, limits) === null && !examples.pictures().includes(file));
    const room = MOST_PICTURES - examples.pictures().length;
    if (good.length > room) problems.push(`A name is taught from ${MOST_PICTURES} pictures at a time: teach it again with the others.`);
    say(null);
    examples.add(good.slice(0, room).map((file) => exampleOfFile(file, (numFiles += 1))));
    if (problems.length) say(new Error(problems.join(" ")));
    showSearched();
  }

  /** Return the picture that is searched with; null if there is none. */
  function searched() {
    const file = now().file === null ? null : (kept(now().file)?.file ?? null);
    return file !== null && kindOf(file) === "image" ? file : null;
  }

  function showSearched() {
    fromQuery.hidden = searched() === null || examples.pictures().includes(searched());
  }

  async function run() {
    const lesson = { name: name.value, coarse: coarse.value.trim() || null, ...examples.chosen() };
    if (allowed === name.value) lesson.allow_ordinary = true;
    work = new AbortController();
    const { signal } = work;
    say(null);
    status.textContent = BEGUN;
    setBusy(true);
    let refusal = null;
    try {
      const taught = await teach(lesson, { pictures: examples.pictures(), signal, onStep: (done, total) => work?.signal === signal && showStep(done, total) });
      work = null;
      showOutcome(taught);
      draft.onTaught();
    } catch (error) {
      if (error.name !== "AbortError") refusal = error;
      status.textContent = error.name === "AbortError" ? STOPPED : "";
    }
    work = null;
    setBusy(false);
    if (refusal !== null) say(refusal);
    if (!form.hidden) submit.focus();
  }

  function setBusy(isBusy) {
    progress.hidden = !isBusy;
    fields.disabled = submit.hidden = isBusy;
    dialog.toggleAttribute("data-busy", isBusy);
    bar.removeAttribute("value");
    share.textContent = "";
    if (isBusy) stop.focus();
  }

  function showStep(done, total) {
    bar.max = total;
    bar.value = done;
    share.textContent = percent(done / total);
    // Read aloud once, and not each step.
    if (status.textContent !== LEARNING) status.textContent = LEARNING;
  }

  function showOutcome(taught) {
    form.hidden = true;
    status.textContent = "";
    const search = el("button", { class: "button button-main", type: "button", dataset: { action: "search-name" }, onclick: () => searchFor(taught.name) }, "Search for it");
    const done = el("button", { class: "button", type: "button", onclick: () => closeSheet() }, "Close");
    const { quality, says } = qualityOf(taught.examples);
    outcome.hidden = false;
    outcome.replaceChildren(
      el("p", { class: "teach-done", role: "status" }, el("bdi", {}, taught.name), ` is taught, from ${counted(taught.examples.length, "example")}.`),
      el("p", { class: "quality", dataset: { quality } }, says),
      ...(taught.notices ?? []).map((notice) => el("p", { class: "teach-hint" }, notice)),
      el("div", { class: "teach-foot" }, done, search),
    );
    search.focus();
  }

  return {
    /** Show some moments in it, with nothing typed. */
    begin(given) {
      work?.abort();
      form.hidden = false;
      outcome.hidden = true;
      name.value = coarse.value = status.textContent = "";
      known.hidden = true;
      examples.show(given);
      showSearched();
      say(null);
    },
    /** Take files that were dropped or pasted while it is open; none while a name is learnt. */
    take(files) {
      if (work === null && !form.hidden) take(files);
      return true;
    },
    open() {
      if (dialog.open) return;
      dialog.showModal();
      if (!form.hidden) name.focus();
    },
    close() {
      work?.abort();
      dialog.close();
    },
  };
}

/** Search for a name, and for nothing else; "back" leads to what was before the sheet. */
export function searchFor(name) {
  update({ sheet: null, text: name, then: [], within: null, like: [], file: null, open: null }, "replace");
}

function field(label, input) {
  return el("label", { class: "field" }, el("span", {}, label), input);
}
