// Times of a video where the player needs more than format.js: finer ones, and ones for ears.

import { clock } from "./format.js";

/** Return seconds to a tenth: "0:12.3". */
export function clockFine(seconds) {
  const tenths = Math.max(0, Math.floor(seconds * 10 + 1e-6));
  return `${clock(tenths / 10)}.${tenths % 10}`;
}

/** Return seconds in words, for a screen reader: "1 minute 2 seconds". */
export function spokenTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(whole / 3600), "hour"],
    [Math.floor(whole / 60) % 60, "minute"],
    [whole % 60, "second"],
  ];
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`);
  return said.join(" ") || "0 seconds";
}
