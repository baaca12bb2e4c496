// What `serve --watch` is doing: GET /api/indexing, shown in #progress.

/** Begin: ask now and then, and only while the page is visible. */
export function startProgress() {}
