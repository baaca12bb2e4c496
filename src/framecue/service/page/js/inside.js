// The search at hand, asked of one video alone.

import { post } from "./api.js";
import { searchBody } from "./request.js";
import { now } from "./state.js";

/**
 * Return the document of the page's search within one video, all its moments and not the best alone.
 *
 * @param {string} id of the video
 * @param {object} options `k` and `offset` as a search has them, `explain` whether frames are looked at again
 * @throws {Problem}
 */
export async function searchInside(id, { k, offset = 0, explain = false, signal }) {
  const body = searchBody(now(), { k, offset });
  const more = { in_video: id, all_moments: true, explain };
  if (!(body instanceof FormData)) return post("/api/search", { ...body, ...more }, { signal });
  body.set("query", JSON.stringify({ ...JSON.parse(body.get("query")), ...more }));
  return post("/api/search", body, { signal });
}
