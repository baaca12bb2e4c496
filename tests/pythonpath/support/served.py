"""What the tests of the service serve: six clips and a film of MojiMotion, with what is said in them, in a library."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from framecue.library import Library

__all__ = ["SAID", "Served", "copied", "make_served"]

NUM_CLIPS, NUM_SCENES, SCENE_SECONDS, SEED = 6, 4, 4.0, 13
SAID = ("A stitch in time saves nine.", "The early bird catches the worm.", "All that glitters is not gold.")
"""What is said in the film, a sentence in each of its first scenes, from half a second on for two seconds."""


@dataclass(frozen=True)
class Served:
    """What is served.

    Attributes:
        folder: holds `clips/*.mp4`, `film.mp4` with `film.srt`, and `videos.lance`.
        library: where the library is.
        clips: each clip's path and what happens in it.
        film: the film's path.
        scenes: (start in seconds, end in seconds, what happens) of the film.
    """

    folder: str
    library: str
    clips: Sequence[tuple[str, str]]
    film: str
    scenes: Sequence[tuple[float, float, str]]


def make_served(folder: Path) -> Served:
    """Draw the clips and the film, and index them with the shipped model; a folder that is complete is read."""
    notes = folder / "served.json"
    if not notes.is_file():
        notes.write_text(json.dumps(asdict(_make(folder))), encoding="utf-8")
    return Served(**json.loads(notes.read_text(encoding="utf-8")))


def copied(served: Served, folder: Path) -> Path:
    """Return a copy of the library alone, which may be written to; its rows name the same files."""
    return shutil.copytree(served.library, folder / "videos.lance")


def _make(folder: Path) -> Served:
    from framecue.datasets.moji_motion.files import draw_meanings, write_clips
    from framecue.datasets.moji_motion.film import write_film
    from framecue.model import load_model

    drawn = list(draw_meanings("test", num_clips=NUM_CLIPS + NUM_SCENES, rng=np.random.default_rng(SEED)))
    clips = write_clips(folder, drawn[:NUM_CLIPS], seed=SEED, twins=False, overwrite=True)
    film = folder / "film.mp4"
    script = [(meaning, SCENE_SECONDS) for meaning in drawn[NUM_CLIPS:]]
    events = write_film(film, script, seed=SEED, overwrite=True)
    cues = [
        f"{number}\n00:00:{start:02d},500 --> 00:00:{start + 2:02d},500\n{text}\n"
        for number, (start, text) in enumerate(zip((0, 4, 8), SAID, strict=True), start=1)
    ]
    (folder / "film.srt").write_text("\n".join(cues), encoding="utf-8")
    place = folder / "videos.lance"
    library = Library(place, model=load_model("moji-clip", adapter="moji-prompt-switch"))
    report = library.add([*(str(clip.video) for clip in clips), str(film)], words_from=("subtitles",))
    assert not report.skipped
    return Served(
        folder=str(folder),
        library=str(place),
        clips=[(str(clip.video), clip.captions[0]) for clip in clips],
        film=str(film),
        scenes=[(event.start_seconds, event.end_seconds, event.caption) for event in events],
    )
