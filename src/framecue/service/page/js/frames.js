// Which frame a video shows, so that one can go from frame to frame. Browsers know no number of frames a second.

const USUAL_FRAME_SECONDS = 1 / 25;
// What is longer than this between two frames was a jump, not a frame.
const LONGEST_FRAME_SECONDS = 0.25;

/** Watch what a video shows, and return {neighbour(direction)}: a time within the frame after (1) or before it (-1). */
export function watchFrames(video) {
  let frameSeconds = USUAL_FRAME_SECONDS;
  let shown = null;

  if ("requestVideoFrameCallback" in video) {
    const look = (_, frame) => {
      const passed = frame.mediaTime - (shown?.mediaTime ?? Number.NaN);
      const isNext = frame.presentedFrames === (shown?.presentedFrames ?? Number.NaN) + 1;
      if (isNext && passed > 0.001 && passed < LONGEST_FRAME_SECONDS) frameSeconds = passed;
      shown = frame;
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    video.addEventListener("emptied", () => {
      shown = null;
      frameSeconds = USUAL_FRAME_SECONDS;
    });
  }

  return {
    neighbour(direction) {
      // The middle of a frame, as its edges are rounded in one way or the other.
      const isCurrent = shown !== null && Math.abs(shown.mediaTime - video.currentTime) < 2 * frameSeconds;
      const start = isCurrent ? shown.mediaTime : video.currentTime;
      return Math.max(0, start + (direction > 0 ? 1.5 : -0.5) * frameSeconds);
    },
  };
}
