// One search at a time: what the state asks for is asked of the server, and what it answers is told to those who show it.

import { post } from "./api.js";
import { kept } from "./files.js";
import { searchBody } from "./request.js";
import { asksForSomething, now, searchKey, subscribe } from "./state.js";

const PAGE = 24;
// The server leaves out no more than 10 000 for a further page.
const MOST_SHOWN = 10_000;
const SLOW_AFTER_MS = 900;
const MOST_TRIES = 4;
const LONGEST_WAIT_SECONDS = 10;
// A refusal while somebody is typing is most often of half a query ("said:"), so it waits a little.
const TYPED_PROBLEM_AFTER_MS = 900;
const MOST_KEPT = 12;

/**
 * The search at hand.
 *   phase    "start" (nothing is asked), "searching", "slow", "done" or "failed"
 *   hits     so far, best first         fits      whether any is likely; null if that cannot be said
 *   names    taught names in the query, as they were understood
 *   isWhole  whether there are no more  isMore    whether more are on their way
 *   problem  of "failed", or why there are no more for now
 */
const START = { phase: "start", hits: [], names: [], fits: null, isWhole: true, isMore: false, problem: null, top: 0 };
const listeners = new Set();
// Searches by what they ask for, so that going back shows at once, and where it was left, what was there.
const earlier = new Map();
let current = START;
let controller = null;

/** Call `listener(search, what)` whenever something is new: `what` is "new", "phase" or "more". */
export function subscribeSearch(listener) {
  listeners.add(listener);
}

/** Return the search as it is. */
export function search() {
  return current;
}

/** Return the hit that was shown of a moment, or null. */
export function hitAt(id, at) {
  return current.hits.find((hit) => hit.video_id === id && hit.start_seconds === at) ?? null;
}

/** Begin: follow the state. */
export function startSearch() {
  subscribe((state, before, how) => {
    if (before !== null && searchKey(state) === searchKey(before)) return;
    if (before !== null) keep(before);
    const known = how === "back" ? earlier.get(searchKey(state)) : null;
    if (known) {
      controller?.abort();
      set(known, "new");
    } else {
      run(state, how);
    }
  });
}

/** Ask the same again, for instance when the server is back. */
export function again() {
  run(now(), "again");
}

/** Forget what was found, as the same would find something else now, and ask again if something is asked for. */
export function anew() {
  earlier.clear();
  if (["done", "failed"].includes(current.phase)) again();
}

/** Ask for the next page, if there is one. */
export async function more() {
  if (current.phase !== "done" || current.isWhole || current.isMore) return;
  const mine = { ...current, isMore: true, problem: null };
  set(mine, "phase");
  try {
    const answer = await searchDocument(now(), { k: PAGE, offset: current.hits.length }, controller);
    if (current !== mine) return;
    const held = new Set(mine.hits.map(nameOf));
    // A library that grows meanwhile moves its pages.
    const added = answer.results.filter((hit) => !held.has(nameOf(hit)));
    const isWhole = answer.results.length < PAGE || mine.hits.length + PAGE > MOST_SHOWN;
    set({ ...mine, hits: [...mine.hits, ...added], isWhole, isMore: false }, "more");
  } catch (problem) {
    if (problem.name !== "AbortError" && current === mine) set({ ...mine, isMore: false, problem }, "phase");
  }
}

async function run(state, how) {
  controller?.abort();
  controller = new AbortController();
  const { signal } = controller;
  // After a reload a dropped file is gone, and what is left of the query may be nothing.
  if (!asksForSomething(state) || (state.file !== null && !kept(state.file) && !asksForSomething({ ...state, file: null }))) {
    set(START, "new");
    return;
  }
  set({ ...current, phase: "searching", problem: null, isMore: false }, "phase");
  const slow = window.setTimeout(() => set({ ...current, phase: "slow" }, "phase"), SLOW_AFTER_MS);
  signal.addEventListener("abort", () => window.clearTimeout(slow));
  try {
    const { results, fits, names = [] } = await searchDocument(state, { k: PAGE, offset: 0 }, { signal });
    if (!signal.aborted) set({ ...START, phase: "done", hits: results, names, fits, isWhole: results.length < PAGE }, "new");
  } catch (problem) {
    if (problem.name === "AbortError") return;
    if (how === "typing" && problem.status === 422) await pause(TYPED_PROBLEM_AFTER_MS);
    if (!signal.aborted) set({ ...START, phase: "failed", problem, hits: problem.isLost ? current.hits : [] }, "new");
  } finally {
    window.clearTimeout(slow);
  }
}

/**
 * Return the server's answer to what a state asks for: the document of `search --json`.
 *
 * A server that has too much to do is asked again when it says so.
 *
 * @param {object} state of state.js
 * @param {object} others keys of the request that lie over those of the state: {in_video: id, all_moments: true, k: 200}
 * @throws {Problem}
 */
export async function searchDocument(state, others, { signal } = {}) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await post("/api/search", searchBody(state, others), { signal });
    } catch (problem) {
      if (problem.status !== 429 || tries === MOST_TRIES) throw problem;
      await pause(1000 * Math.min(problem.retryAfterSeconds ?? tries, LONGEST_WAIT_SECONDS));
      signal?.throwIfAborted();
    }
  }
}

function keep(state) {
  if (current.phase !== "done") return;
  earlier.delete(searchKey(state));
  earlier.set(searchKey(state), { ...current, isMore: false, top: window.scrollY });
  if (earlier.size > MOST_KEPT) earlier.delete(earlier.keys().next().value);
}

function nameOf(hit) {
  return `${hit.video_id}@${hit.start_seconds}`;
}

function pause(milliseconds) {
  return new Promise((resolve) => window.setTimeout(resolve, milliseconds));
}

function set(next, what) {
  current = next;
  for (const listener of listeners) listener(current, what);
}
