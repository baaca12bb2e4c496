// From the state to what the server is asked: the keys of `POST /api/search`.

import { isVideo, kept } from "./files.js";

/**
 * Return the body of the request: a document, or a form if a file is a part of the query.
 *
 * @param {object} state of state.js
 * @param {object} others keys of the request that no state has, such as `k`; they lie over those of the state
 */
export function searchBody(state, others) {
  const query = withoutNothing({
    text: state.text.trim() || null,
    then: state.then,
    within: state.then.length ? state.within : null,
    videos: state.like.map(({ id, at }) => withoutNothing({ id, at })),
    right: state.right.map(marked),
    wrong: state.wrong.map(marked),
    all_moments: state.moments || null,
    only: state.only,
    min_confidence: state.fit,
    kind: state.kind,
    after: state.after,
    before: state.before,
    longer_than_seconds: state.longer,
    shorter_than_seconds: state.shorter,
    folder: state.folder,
    path: state.path,
    where: state.where,
    library: state.library,
    ...others,
  });
  const file = state.file === null ? null : kept(state.file)?.file;
  if (!file) return query;
  const form = new FormData();
  form.append("query", JSON.stringify(query));
  form.append(isVideo(file) ? "video" : "image", file, file.name || "pasted");
  return form;
}

function marked({ id, start, end }) {
  return { id, start_seconds: start, end_seconds: end };
}

function withoutNothing(document) {
  const isSomething = (value) => value !== null && value !== undefined && !(Array.isArray(value) && !value.length);
  return Object.fromEntries(Object.entries(document).filter(([, value]) => isSomething(value)));
}
