// The libraries of the server, and the choice among them if there are several.

import { get } from "./api.js";
import { $, el } from "./dom.js";
import { now, subscribe, update } from "./state.js";

let asked = null;

/** Begin. */
export function startLibraries() {
  const choice = $("#library");
  choice.addEventListener("change", () => {
    const first = choice.options[0].value;
    // Moments and folders of one library mean nothing in another.
    const left = { like: [], folder: null, open: null };
    update({ library: choice.value === first ? null : choice.value, ...left });
  });
  subscribe(() => show(choice));
  libraries().then((all) => {
    choice.replaceChildren(...all.map(({ name }) => el("option", { value: name }, name)));
    $("#library-choice").hidden = all.length < 2;
    show(choice);
  }, () => {});
}

/** Return one of the libraries by its name, null for the first, as `GET /api/libraries` has it; undefined if there is none. */
export async function libraryOf(name) {
  const all = await libraries({ isFresh: true });
  return name === null ? all[0] : all.find((library) => library.name === name);
}

async function libraries({ isFresh = false } = {}) {
  if (asked === null || isFresh) {
    asked = get("/api/libraries").then((document) => document.libraries);
    asked.catch(() => (asked = null));
  }
  return asked;
}

function show(choice) {
  const name = now().library ?? choice.options[0]?.value;
  if (name !== undefined) choice.value = name;
}
