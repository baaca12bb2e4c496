// The opened video.
//
// main.js calls these two as the address says, and nobody else does: to open a moment, call `open(id, at)` of state.js, to
// close it, `close()` of state.js. So "back" closes the player, and a shared address opens it.

/**
 * Show a video at a moment, whether or not another is open.
 *
 * @param {{id: string, at: number | null, hit: object | null}} moment `at` in seconds, null for the beginning; `hit` is the
 *   hit of `POST /api/search` that was chosen, null if the address was opened as it is
 */
export async function openVideo({ id, at, hit }) {}

/** Put the player away, and the focus back to where it was. */
export function closeVideo() {}
