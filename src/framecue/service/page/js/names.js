// The names that a library was taught: asked for once, and told to those who show them.

import { address, ask, get, post } from "./api.js";
import { anew, subscribeSearch } from "./search.js";
import { now, subscribe } from "./state.js";

const LOOK_EVERY_MS = 600;

/**
 * What is known of a library's names.
 *   library    its name, null for the first
 *   mayTeach   whether the server was started so that it takes names
 *   names      as `GET /api/names` has them; null before it has answered
 *   problem    why they cannot be shown, or null
 */
let known = nothing(null);
const listeners = new Set();

function nothing(library) {
  return { library, mayTeach: false, names: null, problem: null };
}

/** Begin: ask for the names of the library that is searched, and of another once that is. */
export function startNames() {
  subscribe((state, before) => {
    if (before !== null && state.library === before.library) return;
    set(nothing(state.library));
    look();
  });
  // A server that did not answer, or another who has taught something since.
  subscribeSearch(({ phase, names }, what) => {
    if (what === "new" && phase === "done" && (known.names === null || names.some((name) => namedSo(name) === null))) look();
  });
}

/** Call `listener(known)` whenever something else is known, and once now. */
export function subscribeNames(listener) {
  listeners.add(listener);
  listener(known);
}

/** Return what is known. */
export function namesKnown() {
  return known;
}

/** Ask once more. */
export async function look() {
  const { library } = now();
  try {
    const answer = await get("/api/names", { library });
    if (library === now().library) set({ library, mayTeach: answer.may_teach, names: answer.names, problem: null });
  } catch (problem) {
    if (library === now().library) set({ ...known, problem });
  }
}

/** Return the taught name that a text is, in whatever case and with whatever spaces between its words; null if none is. */
export function namedSo(text) {
  const wanted = plain(text);
  return known.names?.find(({ name }) => plain(name) === wanted) ?? null;
}

function plain(text) {
  return text.normalize("NFC").trim().replace(/\s+/gu, " ").toLowerCase();
}

/** Return where the picture of a name is; with the time at which it was taught, so that a browser shows no older one. */
export function pictureOf({ name, taught }) {
  return address("/api/names/picture", { name, library: known.library, taught });
}

/**
 * Have a name taught, and return it as the server does.
 *
 * @param {object} lesson {name, like, unlike, coarse, allow_ordinary}; `like` and `unlike` are moments
 * @param {object} options
 * @param {File[]} options.pictures what it means as well, each a picture of the person's own
 * @param {AbortSignal} options.signal stops it; what was taught before stays
 * @param {(done: number, total: number) => void} options.onStep
 * @throws {Problem}; an AbortError where `signal` was used
 */
export async function teach(lesson, { pictures = [], signal, onStep }) {
  const { library } = now();
  const following = window.setInterval(() => follow(library, lesson.name, onStep), LOOK_EVERY_MS);
  try {
    return await post("/api/names", withPictures(forLibrary(lesson, library), pictures), { signal });
  } finally {
    window.clearInterval(following);
    changed();
  }
}

function withPictures(lesson, pictures) {
  if (!pictures.length) return lesson;
  const form = new FormData();
  form.append("lesson", JSON.stringify(lesson));
  for (const picture of pictures) form.append("image", picture, picture.name || "pasted.png");
  return form;
}

/** Whether a name was refused as it is an ordinary word, which may be meant: then it is asked again. */
export function isOrdinary(refusal) {
  return refusal?.document?.ordinary === true;
}

/** Return what the server refuses, without the key by which a program says that a word is meant: here a button does. */
export function saysOf(refusal) {
  return refusal.message.replace(' ("allow_ordinary": true)', "");
}

/** Forget a name: it is an unknown word again. @throws {Problem} */
export async function forget(name) {
  const { library } = now();
  await ask("/api/names", { method: "DELETE", parameters: { name, library } });
  await changed();
}

/** Call what a name means by another name. @throws {Problem} */
export async function rename(name, newName, { allowOrdinary = false } = {}) {
  const { library } = now();
  const body = forLibrary({ name, new_name: newName, ...(allowOrdinary ? { allow_ordinary: true } : {}) }, library);
  const headers = { "Content-Type": "application/json" };
  await ask("/api/names", { method: "PATCH", headers, body: JSON.stringify(body) });
  await changed();
}

/** Tell how far the teaching of a name is; where nobody knows, nothing is told. */
async function follow(library, name, onStep) {
  const answer = await get("/api/names", { library }).catch(() => null);
  const { teaching } = answer ?? {};
  if (teaching && plain(teaching.name) === plain(name) && teaching.total > 0) onStep(teaching.done, teaching.total);
}

/** What was found before may have been found without the name, or with it. */
async function changed() {
  anew();
  await look();
}

function forLibrary(body, library) {
  return library === null ? body : { ...body, library };
}

function set(next) {
  known = next;
  for (const listener of listeners) listener(known);
}
