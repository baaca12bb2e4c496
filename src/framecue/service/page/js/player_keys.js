// The keys of the opened video.

import { addKey } from "./keys.js";

const STEP_SECONDS = 5;
const SMALL_STEP_SECONDS = 1;

/**
 * Add them; they hold while the player is open, and leave buttons and fields the keys that those have themselves.
 *
 * With the focus on the video, the space bar is the browser's: it plays and pauses, or presses the one of the browser's own
 * controls that has the focus, which a page cannot tell.
 */
export function addPlayerKeys({ dialog, stage, actions }) {
  const isOpen = () => dialog.open;
  const add = (key, does, run, options = {}) => addKey({ key, does, run, group: "Player", when: isOpen, ...options });
  const leavesButtons = () => isOpen() && !document.activeElement?.matches("button, a, summary, input, select, video");

  function jump(direction, event) {
    actions.seek(stage.seconds + direction * (event.shiftKey ? SMALL_STEP_SECONDS : STEP_SECONDS));
  }

  add(" ", "Play or pause", stage.toggle, { shown: "Space", when: leavesButtons });
  // A browser's own controls move by these keys too, and before anybody else hears of them.
  dialog.addEventListener("keydown", listenFirst, { capture: true });

  function listenFirst(event) {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.target !== stage.video || direction === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    jump(direction, event);
  }

  add("ArrowLeft", "5 seconds back, on; 1 with Shift", (event) => jump(-1, event), { shown: ["\u2190", "\u2192"] });
  add("ArrowRight", null, (event) => jump(1, event));
  add(",", "A frame back, on", () => stage.step(-1), { shown: [",", "."] });
  add(".", null, () => stage.step(1));
  add("n", "Next, previous matching moment", actions.next, { shown: ["n", "p"] });
  add("p", null, actions.previous);
  add("r", "The moment again", actions.again);
  add("m", "More like this", actions.more);
  add("w", "Why it was found", actions.why);
  add("f", "Full screen", () => void stage.fullScreen());
}
