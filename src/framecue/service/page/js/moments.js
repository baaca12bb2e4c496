// The moments of one video that a search has found, as the player's strip shows them. No elements here.

// Where no confidence can be said (a picture was asked for), what comes near the best of the video matches.
const NEAR_THE_BEST = 0.7;
// Where nothing fits, the nearest are marked nevertheless, so that there is something to look at.
const NUM_NEAREST = 3;
const SLACK_SECONDS = 0.05;

/**
 * Return the moments of a search's results in the order of time.
 *
 * @param {object[]} results of `POST /api/search` with `in_video`
 * @returns {{startSeconds: number, endSeconds: number, sureness: number, matches: boolean, hit: object}[]} `sureness` in
 *   [0, 1]: the confidence where it is known, else how near the score comes to the best of these
 */
export function momentsOf(results) {
  const known = results.some((hit) => hit.confidence !== null && hit.confidence !== undefined);
  const scores = results.map((hit) => hit.score);
  const [least, most] = [Math.min(...scores), Math.max(...scores)];
  const moments = results.map((hit) => {
    const sureness = known ? (hit.confidence ?? 0) : most > least ? (hit.score - least) / (most - least) : 1;
    const matches = known ? hit.fits === true : sureness >= NEAR_THE_BEST;
    return { startSeconds: hit.start_seconds, endSeconds: hit.end_seconds, sureness, matches, hit };
  });
  if (!moments.some((moment) => moment.matches)) {
    const best = [...moments].sort((one, other) => other.sureness - one.sureness).slice(0, NUM_NEAREST);
    for (const moment of best) moment.matches = true;
  }
  return moments.sort((one, other) => one.startSeconds - other.startSeconds || one.endSeconds - other.endSeconds);
}

/** Whether any of the moments is one that the search is sure of; without confidences, whether there are any. */
export function anyFits(moments) {
  return moments.some(({ hit }) => hit.fits === true || hit.confidence === null || hit.confidence === undefined);
}

/** Return the moment at a time: the surest that holds it; null between moments. */
export function momentAt(moments, seconds) {
  const there = moments.filter(
    ({ startSeconds, endSeconds }) =>
      startSeconds - SLACK_SECONDS <= seconds && (seconds < endSeconds || endSeconds - startSeconds < SLACK_SECONDS),
  );
  return there.reduce((best, each) => (best === null || each.sureness > best.sureness ? each : best), null);
}

/** Return the first moment that starts after a time, or null. */
export function momentAfter(moments, seconds) {
  return moments.find(({ startSeconds }) => startSeconds > seconds + SLACK_SECONDS) ?? null;
}

/** Return the last moment that starts before the one at a time does, or null. */
export function momentBefore(moments, seconds) {
  const here = momentAt(moments, seconds)?.startSeconds ?? seconds;
  return moments.findLast(({ startSeconds }) => startSeconds < here - SLACK_SECONDS) ?? null;
}
