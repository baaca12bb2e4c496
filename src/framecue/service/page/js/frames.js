// Which frame a video shows, so that one can go from frame to frame. Browsers know no number of frames a second.

const USUAL_FRAME_SECONDS = 1 / 25;
// What is longer or shorter than this between two frames was a jump, not a frame.
const [SHORTEST_SECONDS, LONGEST_SECONDS] = [1 / 250, 0.5];

/** Watch what a video shows, and return {neighbour(direction)}: a time within the frame after (1) or before it (-1). */
export function watchFrames(video) {
  let [shown, shortest] = [null, null];

  if ("requestVideoFrameCallback" in video) {
    const look = (_, frame) => {
      const passed = frame.mediaTime - (shown ?? Number.NaN);
      // Browsers leave out frames that they are late for, so the shortest time between two is that of a frame.
      if (passed > SHORTEST_SECONDS && passed < LONGEST_SECONDS) shortest = Math.min(shortest ?? Infinity, passed);
      shown = frame.mediaTime;
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    video.addEventListener("emptied", () => ([shown, shortest] = [null, null]));
  }

  return {
    neighbour(direction) {
      const frameSeconds = shortest ?? USUAL_FRAME_SECONDS;
      const since = video.currentTime - (shown ?? Number.NaN);
      // What was told last may be some frames behind what is shown.
      const isCurrent = since > -SHORTEST_SECONDS && since < frameSeconds;
      if (!isCurrent) return Math.max(0, video.currentTime + direction * frameSeconds);
      // The middle of a frame, as its edges are rounded in one way or the other.
      return Math.max(0, shown + (direction > 0 ? 1.5 : -0.5) * frameSeconds);
    },
  };
}
