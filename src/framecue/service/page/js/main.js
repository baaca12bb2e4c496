// The page begins here: each part is told to begin, and follows the state from then on.

import { startAlarm } from "./alarm.js";
import { startBox } from "./box.js";
import { startDropping } from "./dropping.js";
import { startFilters } from "./filters.js";
import { startHead } from "./head.js";
import { startHelp } from "./help.js";
import { startKeys } from "./keys.js";
import { startLibraries } from "./libraries.js";
import { startMarks } from "./marks.js";
import { startMoving } from "./moving.js";
import { startNames } from "./names.js";
import { startNamesSheet } from "./names_sheet.js";
import { closeVideo, openVideo, startPlayer } from "./player.js";
import { startPreview, stop } from "./preview.js";
import { startProgress } from "./progress.js";
import { startResults } from "./results.js";
import { hitAt, startSearch } from "./search.js";
import { startSelection } from "./selection.js";
import { begin, subscribe } from "./state.js";
import { startTeaching } from "./teach_sheet.js";
import { startThemeSwitch } from "./theme_switch.js";
import { startToken } from "./token.js";
import { startUnderstood } from "./understood.js";

// First what may be needed by whatever follows: the alarm and the question for a token hear of the first request.
startAlarm();
startToken();
startThemeSwitch();
startHead();
startLibraries();
startBox();
startFilters();
startResults();
startMarks();
startUnderstood();
startSearch();
startPreview();
startNames();
startNamesSheet();
startTeaching();
startSelection();
startDropping();
startProgress();
startPlayer();
startMoving();
startHelp();
subscribe((now, before) => {
  if (now.open === null) {
    if (before?.open) closeVideo();
  } else if (before?.open?.id !== now.open.id || before.open.at !== now.open.at) {
    stop();
    openVideo({ ...now.open, hit: hitAt(now.open.id, now.open.at) });
  }
});
startKeys();
begin();
