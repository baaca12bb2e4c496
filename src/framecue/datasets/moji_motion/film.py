"""A long video of many acts, with the times at which they happen, to try searches for moments on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from framecue.datasets.moji_motion.actors import textures
from framecue.datasets.moji_motion.files import FRAMES_PER_SECOND, IMAGE_SIZE
from framecue.datasets.moji_motion.grammar import caption
from framecue.datasets.moji_motion.meaning import Meaning
from framecue.datasets.moji_motion.render import draw
from framecue.datasets.moji_motion.scene import BACKGROUNDS, make_scene
from framecue.errors import InputError
from framecue.video import write_video

__all__ = ["Event", "write_film"]

_FRAMES_AT_A_TIME = 64


@dataclass(frozen=True)
class Event:
    """Something that happens in a film.

    Attributes:
        start_seconds: when its first frame is shown.
        end_seconds: when its last frame ends.
        meaning: what happens.
        caption: the same in words.
    """

    start_seconds: float
    end_seconds: float
    meaning: Meaning
    caption: str


def write_film(
    path: str | Path,
    script: Sequence[tuple[Meaning | None, float]],
    *,
    seed: int,
    cuts: bool = True,
    overwrite: bool = False,
) -> list[Event]:
    """Draw a film, 224 x 224 pixels at 12 frames a second.

    Args:
        path: the mp4 file.
        script: what happens one after the other, each with its length in seconds; None for an empty stage.
        seed: of places, sizes, backgrounds and captions.
        cuts: whether each item has its own background, so that the film cuts from one to the next; otherwise all share
            one.
        overwrite: replace a file that exists.

    Returns:
        What happens when, without the empty stages.

    Raises:
        InputError: the script is empty, an item is shorter than a frame, or the file exists.
        OutputError: the file cannot be written.
        DatasetError: the extra `demo` is not installed.
    """
    if not script:
        raise InputError("a film needs at least one item in its script")
    counts = [round(seconds * FRAMES_PER_SECOND) for _, seconds in script]
    if min(counts) < 1:
        raise InputError(f"an item of the script is shorter than a frame, 1/{FRAMES_PER_SECOND} s")
    textures(8)  # raises if the extra is not installed, before anything is touched
    rng = np.random.default_rng(seed)
    stage = BACKGROUNDS[rng.integers(len(BACKGROUNDS))].astype(np.float32)
    events: list[Event] = []

    def frames() -> Iterator[np.ndarray]:
        num_before = 0
        for (meaning, _), count in zip(script, counts, strict=True):
            background = BACKGROUNDS[rng.integers(len(BACKGROUNDS))].astype(np.float32) if cuts else stage
            if meaning is None:
                empty = np.broadcast_to(background.astype(np.uint8), (IMAGE_SIZE, IMAGE_SIZE, 3))
                for _ in range(count):
                    yield empty
            else:
                scene = replace(make_scene(meaning, rng), background=background)
                times = (np.arange(count) + 0.5) / count
                for start in range(0, count, _FRAMES_AT_A_TIME):
                    sprites = scene.sprites(times[start : start + _FRAMES_AT_A_TIME])
                    yield from draw(sprites, IMAGE_SIZE).permute(0, 2, 3, 1).numpy()
                start_seconds, end_seconds = (n / FRAMES_PER_SECOND for n in (num_before, num_before + count))
                events.append(Event(start_seconds, end_seconds, meaning, caption(meaning, rng)))
            num_before += count

    write_video(path, frames(), frames_per_second=FRAMES_PER_SECOND, overwrite=overwrite)
    return events
