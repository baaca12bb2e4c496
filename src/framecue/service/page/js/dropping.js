// A picture or a video that is dropped, pasted or chosen is a query: update({file: keep(file)}) of state.js and files.js.

/** Begin: listen to the page, and put the button into #dropping-tool. */
export function startDropping() {}
