// Two ways to show the results otherwise: every moment of a video, and by date.

import { el, icon } from "./dom.js";
import { search } from "./search.js";
import { shareButton } from "./share.js";
import { now, subscribe, update } from "./state.js";
import { FITS_FROM } from "./why.js";

/** Return the buttons, at the end of the row of chips. */
export function viewButtons() {
  const moments = button("moments", "moments", "Every moment", toggleMoments);
  const dates = button("group", "calendar", "By date", toggleDates);
  subscribe((state) => {
    moments.setAttribute("aria-pressed", String(state.moments));
    dates.setAttribute("aria-pressed", String(state.group === "date"));
  });
  return el("div", { class: "views" }, moments, dates, shareButton());
}

/** Show each video with all its moments, or with its best. */
export function toggleMoments() {
  update({ moments: !now().moments });
}

/**
 * Show the results by date, or by how well they fit.
 *
 * By date, what hardly fits may come first. So where something fits, the rest is left out; the chip says so, and takes it back.
 */
export function toggleDates() {
  const { group, fit } = now();
  if (group) update({ group: null, fit: fit === FITS_FROM ? null : fit });
  else update({ group: "date", fit: fit ?? (search().fits ? FITS_FROM : null) });
}

function button(view, picture, label, onclick) {
  return el("button", { class: "view", type: "button", dataset: { view }, onclick }, icon(picture), label);
}
