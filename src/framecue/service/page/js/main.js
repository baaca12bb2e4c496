// The page begins here: each part is told to begin, and follows the state from then on.

import { startDropping } from "./dropping.js";
import { startKeys } from "./keys.js";
import { closeVideo, openVideo } from "./player.js";
import { startProgress } from "./progress.js";
import { startSelection } from "./selection.js";
import { begin, subscribe } from "./state.js";

startSelection();
startDropping();
startProgress();
subscribe((now, before) => {
  if (now.open === null) {
    if (before?.open) closeVideo();
  } else if (before?.open?.id !== now.open.id || before.open.at !== now.open.at) {
    openVideo({ ...now.open, hit: null });
  }
});
startKeys();
begin();
