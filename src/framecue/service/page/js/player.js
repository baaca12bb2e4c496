// The opened video.
//
// main.js calls these two as the address says, and nobody else does: to open a moment, call `open(id, at)` of state.js, to
// close it, `close()` of state.js. So "back" closes the player, and a shared address opens it.

import { address, get } from "./api.js";
import { moreLikeThis } from "./card.js";
import { spokenTime } from "./clock.js";
import { $ } from "./dom.js";
import { clock } from "./format.js";
import { momentAfter, momentAt, momentBefore, momentsOf } from "./moments.js";
import { buildPlayer } from "./player_parts.js";
import { addPlayerKeys } from "./player_keys.js";
import { saveClip } from "./saving.js";
import { hitAt, searchDocument } from "./search.js";
import { asksForSomething, close, now, open } from "./state.js";

const MOST_MOMENTS = 200;
const UNKNOWN = "This library does not hold the video. It was taken out since, or is in another library.";
// A word is not marked as heard at each of sixty frames a second.
const WORDS_STEP_SECONDS = 0.1;

let parts = null;
let opener = null;
let work = new AbortController();
let shown = nothing();

function nothing() {
  return { id: null, file: null, moments: [], moment: null, hit: null, wordsAt: -1 };
}

/** Begin: make the player's elements, and tell keys.js the keys. */
export function startPlayer() {
  parts = build();
}

/**
 * Show a video at a moment, whether or not another is open.
 *
 * @param {{id: string, at: number | null, hit: object | null}} moment `at` in seconds, null for the beginning; `hit` is the
 *   hit of `POST /api/search` that was chosen, null if the address was opened as it is
 */
export async function openVideo({ id, at, hit }) {
  if (!parts.dialog.open) {
    opener = document.activeElement;
    parts.dialog.showModal();
    parts.stage.video.focus();
  }
  if (shown.id === id && shown.file !== null) return goTo(at ?? 0, hit);
  work.abort();
  work = new AbortController();
  const { signal } = work;
  shown = { ...nothing(), id, hit: hit ?? hitAt(id, at ?? 0) };
  parts.begin();
  try {
    const file = await get(`/api/videos/${id}`, { library: now().library }, { signal });
    if (signal.aborted) return;
    shown.file = file;
    showFile(file, at ?? 0);
    await findMoments(at, signal);
  } catch (problem) {
    if (signal.aborted) return;
    if (shown.file === null) parts.cannotOpen();
    parts.stage.fail(problem.status === 404 ? UNKNOWN : problem.message);
  }
}

/** Put the player away, and the focus back to where it was. */
export function closeVideo() {
  work.abort();
  shown = nothing();
  parts.stage.clear();
  parts.dialog.close();
  const place = opener?.isConnected && opener !== document.body ? opener : $("#results");
  place.focus({ preventScroll: opener === place });
}

function build() {
  const built = buildPlayer($("#player"), {
    onTime: follow,
    onMoment: (moment) => openMoment(moment),
    onSeek: (seconds) => seek(seconds),
    onClose: close,
    onPrevious: previous,
    onNext: next,
    onAgain: again,
    onMore: more,
    onWhy: why,
    onClip: clip,
    onLink: link,
  });
  addPlayerKeys({
    dialog: built.dialog,
    stage: built.stage,
    actions: { previous, next, again, more, why, seek },
  });
  return built;
}

function showFile(file, at) {
  const start = (momentAt(segmentsOf(file), at) ?? { startSeconds: at }).startSeconds;
  const segment = shown.hit?.segment_seconds?.[0] ?? shown.hit?.start_seconds ?? start;
  const poster = address(`/thumbnails/${file.id}/${segment}`, { library: now().library });
  parts.describe(file);
  parts.strip.begin(file.duration_seconds);
  parts.words.show(file.words);
  parts.stage.show(file, { startSeconds: at, poster });
  follow(at);
}

/** Find all moments of the video that match what is searched for, and among them the one that is open. */
async function findMoments(at, signal) {
  if (!asksForSomething(now())) {
    parts.strip.say("Search for something, and its moments are marked here.");
    return mark(at ?? 0);
  }
  parts.strip.say("Looking for all matching moments …");
  try {
    const found = await searchDocument(now(), inside({ k: MOST_MOMENTS, offset: 0 }), { signal });
    if (signal.aborted) return;
    shown.moments = momentsOf(found.results);
    parts.strip.show(shown.moments);
    parts.words.mark(found.results);
  } catch (problem) {
    if (signal.aborted) return;
    parts.strip.say(problem.message);
  }
  mark(at ?? 0);
}

/** Return what a search is asked beside the page's own, for it to be of all moments of the opened video alone. */
function inside(options) {
  return { in_video: shown.id, all_moments: true, ...options };
}

/** Take the moment at a time for the one that is open. */
function mark(at) {
  const before = shown.moment?.hit;
  const own = shown.hit && { startSeconds: shown.hit.start_seconds, endSeconds: shown.hit.end_seconds, hit: shown.hit };
  const isOwn = own && Math.abs(own.startSeconds - at) < 0.05;
  shown.moment = momentAt(shown.moments, at) ?? (isOwn ? own : null);
  if (isOwn && shown.moment?.startSeconds !== own.startSeconds) shown.moment = own;
  shown.moment ??= momentAt(segmentsOf(shown.file), at);
  parts.strip.mark(shown.moment);
  const matching = matchingMoments();
  parts.showMoment(shown.moment, {
    number: matching.indexOf(shown.moment) + 1,
    count: matching.length,
    hasPrevious: momentBefore(matching, at) !== null,
    hasNext: momentAfter(matching, at) !== null,
  });
  if (parts.isWhyShown() && shown.moment?.hit !== before) tellWhy();
}

function segmentsOf(file) {
  return file.moments.map((each) => ({ startSeconds: each.start_seconds, endSeconds: each.end_seconds, sureness: 0 }));
}

function matchingMoments() {
  return shown.moments.filter((moment) => moment.matches);
}

function goTo(at, hit) {
  if (hit) shown.hit = hit;
  parts.stage.seek(at);
  parts.stage.play();
  mark(at);
}

function follow(seconds) {
  parts.strip.moveTo(seconds);
  if (Math.abs(seconds - shown.wordsAt) < WORDS_STEP_SECONDS) return;
  shown.wordsAt = seconds;
  parts.words.moveTo(seconds);
}

function seek(seconds) {
  parts.stage.seek(seconds);
  follow(parts.stage.seconds);
}

function openMoment(moment) {
  // The address is told once; who chooses the open moment again wants to see it again.
  if (now().open?.at === moment.startSeconds) goTo(moment.startSeconds, null);
  else open(shown.id, moment.startSeconds);
  parts.tell(`Moment at ${spokenTime(moment.startSeconds)}`);
}

function next() {
  const moment = momentAfter(matchingMoments(), shown.moment?.startSeconds ?? parts.stage.seconds);
  if (moment) openMoment(moment);
}

function previous() {
  const moment = momentBefore(matchingMoments(), shown.moment?.startSeconds ?? parts.stage.seconds);
  if (moment) openMoment(moment);
}

function again() {
  seek(shown.moment?.startSeconds ?? now().open?.at ?? 0);
  parts.stage.play();
}

/** Search for what looks like the video does now. */
function more() {
  // Before anything of it has come, the moment that was asked for is what is meant.
  const seconds = shown.file === null ? (now().open?.at ?? null) : parts.stage.seconds;
  const at = seconds === null || shown.file?.kind === "image" ? null : Math.round(seconds * 10) / 10;
  moreLikeThis({ id: shown.id, at });
}

function why() {
  if (parts.toggleWhy()) tellWhy();
}

async function tellWhy() {
  const hit = shown.moment?.hit ?? shown.hit;
  if (!hit) return parts.reasons.say("It was opened without a search.");
  parts.reasons.show(hit);
  parts.seeWhy();
  const place = shown.moments.map((moment) => moment.hit).find((each) => each.start_seconds === hit.start_seconds)?.rank;
  if (!place) return;
  const { signal } = work;
  parts.reasons.say("Looking at its frames …");
  try {
    const [found] = (await searchDocument(now(), inside({ k: 1, offset: place - 1, explain: true }), { signal })).results;
    parts.reasons.say("");
    if (found?.explanation && (shown.moment?.hit ?? shown.hit) === hit) parts.reasons.explain(found.explanation);
    parts.seeWhy();
  } catch (problem) {
    if (!signal.aborted) parts.reasons.say(problem.message);
  }
}

async function clip() {
  const { id, moment } = shown;
  if (moment === null) return;
  parts.saying("Cutting the moment out …");
  try {
    await saveClip({ id, startSeconds: moment.startSeconds, endSeconds: moment.endSeconds });
    parts.saying("The clip is among your downloads.");
  } catch (problem) {
    parts.saying(problem.message);
  }
}

async function link() {
  const at = Math.round(parts.stage.seconds * 10) / 10;
  const url = new URL(window.location.href);
  url.searchParams.set("t", at);
  try {
    await navigator.clipboard.writeText(url.href);
    parts.saying(`The link to ${clock(at)} is copied.`);
  } catch {
    // Browsers give the clipboard to pages from this machine or by https alone.
    window.history.replaceState(window.history.state, "", url);
    parts.saying("The address above leads to this moment: copy it from there.");
  }
}
