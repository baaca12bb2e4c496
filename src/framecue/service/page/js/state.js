// What is searched for and what is open. It lives in the page's address, so that a search can be shared, reloaded, and
// left and come back to; everything else on the page follows from it.
//
// A state is a frozen object:
//   text      what stands in the box
//   then      texts of what happens after that, in order
//   within    seconds from the end of one thing to the next at most, or null
//   like      moments to search with: [{id, at}], `at` in seconds or null for the whole video
//   file      a number that stands for a dropped picture or video (js/files.js), or null; it is not in the address
//   kind      "video", "image" or null         after, before   "2026-05-31" or null
//   longer, shorter   seconds or null          folder, path    text or null ("path" is a glob)
//   only      names of legs                    fit             least confidence, in [0, 1], or null
//   where     a condition, or null             moments         whether a video may come several times
//   library   a name, or null for the first    group           "date" or null
//   right, wrong   moments that were marked, for this search alone: [{id, start, end}] in seconds
//   open      {id, at} of the opened video, or null
//   sheet     "names" or "teach", what lies over the page, or null; "teach" is not in the address, as its examples are not

const EMPTY = Object.freeze({
  text: "", then: [], within: null, like: [], file: null, kind: null, after: null, before: null, longer: null,
  shorter: null, folder: null, path: null, only: [], fit: null, where: null, moments: false, library: null, group: null,
  right: [], wrong: [], open: null, sheet: null,
});

/** What narrows a search down; without a text, a moment or a file they find nothing by themselves. */
export const FILTERS = ["kind", "after", "before", "longer", "shorter", "folder", "path", "only", "fit", "where", "moments"];

const PLAIN = ["kind", "after", "before", "folder", "path", "where", "library", "group"];
const NUMBERS = ["within", "longer", "shorter", "fit"];
const LISTS = ["then", "only"];
const MARKS = ["right", "wrong"];
// With another of these it is another search, and what was marked in the one before says nothing of it.
const ASKED = ["text", "then", "like", "file", "library"];
const SHARED_SHEETS = ["names"];

let current = read();
const listeners = new Set();

/** Return the state as it is. */
export function now() {
  return current;
}

/** Return what a search, and not the way it is shown, depends on, as a text that can be compared. */
export function searchKey(state) {
  const { open, group, sheet, ...rest } = state;
  return JSON.stringify(rest);
}

/** Whether there is something to search for; what comes then, comes after something. */
export function asksForSomething(state) {
  return Boolean(state.text.trim() || state.like.length || state.file !== null);
}

/** Call `listener(now, before)` after each change, and once at the beginning with `before` null. */
export function subscribe(listener) {
  listeners.add(listener);
}

/** Tell everybody the state that the page was opened with. */
export function begin() {
  window.addEventListener("popstate", (event) => change(read(event.state), "back"));
  tell(null);
}

/**
 * Change the state, and the address with it.
 *
 * @param {object} changes of the state's keys
 * @param {"push" | "replace" | "typing"} [how] whether "back" leads to what was before: it does after "push", not after
 *   "replace"; "typing" makes one step of all that is typed until something else happens.
 */
export function update(changes, how = "push") {
  const next = Object.freeze({ ...current, ...marksAfter(changes), ...changes });
  const url = addressOf(next);
  const isSame = url === addressOf(current) && next.file === current.file && next.sheet === current.sheet;
  const wasTyping = window.history.state?.typing === true;
  const entry = { typing: how === "typing", file: next.file, sheet: next.sheet, inside: true };
  if (how === "push" && isSame) {
    // The same again is no step; it only ends the typing.
    window.history.replaceState({ ...window.history.state, typing: false }, "", url);
  } else if (how === "replace" || (how === "typing" && (wasTyping || isSame))) {
    window.history.replaceState({ ...window.history.state, ...entry }, "", url);
  } else {
    window.history.pushState(entry, "", url);
  }
  change(next, how);
}

/** Close the opened video: by going back, if it was opened from the page, so that "back" does not open it again. */
export function close() {
  if (current.open === null) return;
  if (window.history.state?.opened) window.history.back();
  else update({ open: null }, "replace");
}

/** Open a video; "back" closes it. If one is open already, the address follows to this one without a further step. */
export function open(id, at) {
  const isOpen = current.open !== null;
  const opened = isOpen ? Boolean(window.history.state?.opened) : true;
  update({ open: { id, at } }, isOpen ? "replace" : "push");
  window.history.replaceState({ ...window.history.state, opened }, "");
}

/** Lay a sheet over the page; "back" takes it away. */
export function openSheet(sheet) {
  if (current.sheet === sheet) return;
  update({ sheet }, "push");
  window.history.replaceState({ ...window.history.state, laid: true }, "");
}

/** Take the sheet away: by going back, if it was laid from the page. */
export function closeSheet() {
  if (current.sheet === null) return;
  if (window.history.state?.laid) window.history.back();
  else update({ sheet: null }, "replace");
}

/** Return the address of a state, for links and for sharing; a dropped file is not in it. */
export function addressOf(state) {
  const search = new URLSearchParams();
  if (state.text) search.set("q", state.text);
  for (const { id, at } of state.like) search.append("like", at === null ? id : `${id}@${at}`);
  for (const name of [...PLAIN, ...NUMBERS]) if (state[name] !== null && state[name] !== "") search.set(name, state[name]);
  for (const name of LISTS) for (const value of state[name]) search.append(name, value);
  if (state.moments) search.set("moments", "all");
  for (const name of MARKS) for (const { id, start, end } of state[name]) search.append(name, `${id}@${start}-${end}`);
  if (SHARED_SHEETS.includes(state.sheet)) search.set("sheet", state.sheet);
  if (state.open !== null) {
    search.set("v", state.open.id);
    if (state.open.at !== null) search.set("t", state.open.at);
  }
  const text = search.toString();
  return `${window.location.pathname}${text ? `?${text}` : ""}`;
}

function read(entry = window.history.state) {
  const search = new URLSearchParams(window.location.search);
  const state = { ...EMPTY, text: search.get("q") ?? "" };
  for (const name of PLAIN) state[name] = search.get(name) || null;
  for (const name of NUMBERS) state[name] = number(search.get(name));
  for (const name of LISTS) state[name] = search.getAll(name).filter(Boolean);
  state.like = search.getAll("like").filter(Boolean).map(moment);
  state.moments = search.get("moments") === "all";
  for (const name of MARKS) state[name] = search.getAll(name).map(marked).filter((each) => each !== null);
  const shared = search.get("sheet");
  state.sheet = SHARED_SHEETS.includes(shared) ? shared : (entry?.sheet ?? null);
  state.open = search.get("v") ? { id: search.get("v"), at: number(search.get("t")) } : null;
  state.file = entry?.file ?? null;
  return Object.freeze(state);
}

function moment(text) {
  const [id, at] = text.split("@");
  return { id, at: number(at ?? null) };
}

function marked(text) {
  const [id, span] = text.split("@");
  const [start, end] = (span ?? "").split("-").map(number);
  return id && start !== null && end !== null && end !== undefined ? { id, start, end } : null;
}

/** Return what becomes of the marks by some changes: they hold for one search. */
function marksAfter(changes) {
  const isOther = (name) => name in changes && JSON.stringify(changes[name]) !== JSON.stringify(current[name]);
  return ASKED.some(isOther) ? { right: [], wrong: [] } : {};
}

function number(text) {
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : null;
}

function change(next, how) {
  const before = current;
  current = next;
  tell(before, how);
}

function tell(before, how = null) {
  for (const listener of listeners) listener(current, before, how);
}
