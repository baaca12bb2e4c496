// The sheet with the names that the library was taught: what each means, how well it was learnt, and what can be done to it.

import { $, el, iconButton } from "./dom.js";
import { counted, place, span } from "./format.js";
import { changeButtons } from "./name_changes.js";
import { look, namesKnown, subscribeNames } from "./names.js";
import { qualityOf, rankText } from "./quality.js";
import { addressOf, closeSheet, now, openSheet, subscribe, update } from "./state.js";
import { searchFor } from "./teach_sheet.js";
import { nameIcon } from "./understood.js";

const NONE = "No names are taught yet.";
const HOW = "Search for something, select the moments that show what you mean, and choose “Teach a name”.";
const OTHER_MODEL = "It was taught to another model. Searches do not understand it until the library is indexed again, which teaches it anew.";

/** Begin: the button in the head, and the sheet. */
export function startNamesSheet() {
  const dialog = $("#names");
  const button = iconButton("name", "Taught names", () => openSheet("names"), { class: "tool", id: "names-button", "aria-haspopup": "dialog", hidden: true });
  $("#names-tool").replaceChildren(button);
  const list = el("ul", { class: "names", role: "list", "aria-label": "Taught names" });
  const none = el("div", { class: "names-none" });
  const aloud = el("p", { class: "visually-hidden", role: "status" });
  const close = iconButton("close", "Close", () => closeSheet(), { class: "tool sheet-close" });
  dialog.replaceChildren(el("div", { class: "sheet-head" }, el("h2", { id: "names-title", tabindex: "-1" }, "Taught names"), close), list, none, aloud);
  dialog.addEventListener("close", () => now().sheet === "names" && closeSheet());
  dialog.addEventListener("click", (event) => event.target === dialog && closeSheet());

  /** Say how something went, and put the focus where one goes on, as what was pressed is gone. */
  const done = (sentence) => {
    aloud.textContent = sentence;
    $("#names-title").focus();
  };
  let drawn = null;
  const draw = ({ mayTeach, names, problem }) => {
    button.hidden = !mayTeach && !names?.length;
    // Drawn anew, a list would take away what is being typed into it.
    const shown = JSON.stringify([mayTeach, names, problem?.message]);
    if (!dialog.open || shown === drawn) return;
    drawn = shown;
    list.replaceChildren(...(names ?? []).map((name) => item(name, { mayTeach, done })));
    none.hidden = Boolean(names?.length);
    none.replaceChildren(...noneOf({ mayTeach, names, problem }));
  };
  subscribeNames(draw);
  subscribe((state, before) => {
    if (state.sheet === "names" && !dialog.open) {
      dialog.showModal();
      aloud.textContent = "";
      drawn = null;
      draw(namesKnown());
      look();
    } else if (state.sheet !== "names" && before?.sheet === "names") {
      dialog.close();
    }
  });
}

function noneOf({ mayTeach, names, problem }) {
  if (names !== null) return [el("p", {}, NONE), mayTeach && el("p", {}, HOW)].filter(Boolean);
  return [el("p", problem ? { class: "problem" } : {}, problem?.message ?? "Looking …")];
}

function item(name, { mayTeach, done }) {
  const { quality, says } = qualityOf(name.examples);
  const isNot = name.unlike?.length ? ` \u00b7 ${name.unlike.length} that is not it` : "";
  const kind = [name.coarse && el("bdi", {}, name.coarse), name.coarse && " \u00b7 ", counted(name.examples.length, "example"), isNot];
  const search = el("button", { class: "button button-small", type: "button", "aria-label": `Search: ${name.name}`, dataset: { action: "search-name" }, onclick: () => searchFor(name.name) }, "Search");
  const tools = el("div", { class: "name-tools" }, search);
  const own = el("li", { class: "name", dataset: { name: name.name } }, el("span", { class: "name-stage" }, nameIcon(name, "name-picture")));
  const examples = el("ul", { role: "list" }, name.examples.map(exampleLine));
  own.append(
    el(
      "div",
      { class: "name-about" },
      el("h3", { class: "name-name" }, el("bdi", {}, name.name)),
      el("p", { class: "name-kind" }, kind),
      name.fits ? el("p", { class: "quality", dataset: { quality } }, says) : el("p", { class: "problem" }, OTHER_MODEL),
      el("details", { class: "name-examples" }, el("summary", {}, "Examples"), examples),
      tools,
    ),
  );
  if (mayTeach) tools.append(...changeButtons(name.name, { tools, done }));
  return own;
}

function exampleLine(example) {
  const rank = rankText(example);
  const when = example.kind === "image" ? "" : `, ${span(example.start_seconds, example.end_seconds)}`;
  const called = [el("bdi", {}, example.path ? place(example.path).name : "a picture"), when];
  return el(
    "li",
    { title: example.hit ?? example.path },
    example.is_held && example.video_id ? momentLink(example, called) : el("span", {}, called, " (not in the library)"),
    rank && el("span", { class: "name-rank" }, ` ${rank}`),
  );
}

function momentLink({ video_id: id, start_seconds, kind }, called) {
  const opened = { sheet: null, open: { id, at: kind === "image" ? null : start_seconds } };
  const link = el("a", { href: addressOf({ ...now(), ...opened }) }, called);
  link.addEventListener("click", (event) => {
    // Another tab or window is the browser's business.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    update(opened);
  });
  return link;
}
