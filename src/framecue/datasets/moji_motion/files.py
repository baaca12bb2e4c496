"""MojiMotion as files: clips in H.264 and a `captions.jsonl`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from framecue.datasets.captions import CAPTIONS_FILE, write_captions
from framecue.datasets.clips import Clip, Twin
from framecue.datasets.moji_motion.actors import textures
from framecue.datasets.moji_motion.clips import draw_meaning
from framecue.datasets.moji_motion.grammar import captions
from framecue.datasets.moji_motion.meaning import SPLITS, Meaning, split_of
from framecue.datasets.moji_motion.render import draw
from framecue.datasets.moji_motion.scene import make_scene
from framecue.errors import DatasetError, InputError, UnknownNameError
from framecue.paths import exists
from framecue.video import write_video

__all__ = [
    "FRAMES_PER_SECOND",
    "IMAGE_SIZE",
    "NUM_CAPTIONS",
    "UNFINISHED_FILE",
    "draw_meanings",
    "held_meanings",
    "split_sizes",
    "write_clips",
]

IMAGE_SIZE = 224
FRAMES_PER_SECOND = 12
NUM_CAPTIONS = 3
UNFINISHED_FILE = ".moji-motion-unfinished"
"""Lies in a folder as long as its clips are being written: those of a run that was killed may be replaced."""

_SHARES = {"train": 0.8, "val": 0.1}
_TRIES = 2_000


def split_sizes(num_clips: int, split: str | None) -> dict[str, int]:
    """Return how many clips each split gets: 80, 10 and 10 per cent, or all if one split is named.

    Raises:
        InputError: there are fewer than one clip, or the split is unknown.
    """
    if num_clips < 1:
        raise InputError(f"the number of clips must be at least 1, got {num_clips}")
    if split is not None:
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
        return {split: num_clips}
    sizes = {name: int(share * num_clips) for name, share in _SHARES.items()}
    return sizes | {"test": num_clips - sum(sizes.values())}


def draw_meanings(split: str, *, num_clips: int, rng: np.random.Generator) -> Iterator[Meaning]:
    """Yield the meanings of a split's clips; outside the training split all of them differ, including their twins'.

    Raises:
        DatasetError: the split does not have that many different meanings.
    """
    seen: set[Meaning] = set()
    for index in range(num_clips):
        for _ in range(_TRIES):
            meaning = draw_meaning(rng, split=split)
            if split == "train" or meaning not in seen:
                break
        else:
            raise DatasetError(f"MojiMotion's {split} split has no more than about {index} different clips to give")
        seen |= {meaning, meaning.reversed()}
        yield meaning


def write_clips(
    folder: str | Path,
    meanings: Sequence[Meaning],
    *,
    seed: int,
    twins: bool = True,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[Clip]:
    """Draw one clip for each meaning, with order twins for test clips, and write the files and their captions.

    A clip is 224 x 224 pixels and two to three seconds long, at 12 frames a second. Its look depends only on the seed,
    its place in the list and its meaning.

    Args:
        folder: gets `clips/*.mp4`, `twins/*.mp4` and `captions.jsonl`; made if it is missing.
        meanings: the meanings of the clips; each belongs to one split.
        seed: of places, sizes, backgrounds and captions.
        twins: whether to write the order twins of test clips too.
        overwrite: whether to replace a MojiMotion dataset in the folder, and clips there; another dataset is never
            touched.
        progress: called with (done, total).

    Raises:
        DatasetError: the folder already holds a dataset or such clips, or cannot be written to, or the extra `demo` is
            not installed.
    """
    target = Path(folder)
    if exists(target / CAPTIONS_FILE) and not overwrite:
        raise DatasetError(f"{target}: already holds a dataset ({CAPTIONS_FILE}); give another folder or --force")
    textures(8)  # raises if the extra is not installed, before anything is touched
    places = ("clips", "twins") if twins else ("clips",)
    if not overwrite:
        _refuse_others(target, [target / place / _name(index) for place in places for index in range(len(meanings))])
    try:
        _clear(target)
        for name in places:
            (target / name).mkdir(parents=True, exist_ok=True)
        (target / UNFINISHED_FILE).touch()
    except OSError as error:
        raise DatasetError(f"{target}: cannot be made ({error.strerror})") from error
    written = []
    for index, meaning in enumerate(meanings):
        rng = np.random.default_rng([seed, index])
        written.append(_write_clip(target, _name(index), meaning, rng, twins=twins))
        if progress is not None:
            progress(index + 1, len(meanings))
    write_captions(target, written)
    (target / UNFINISHED_FILE).unlink(missing_ok=True)
    return written


def _name(index: int) -> str:
    return f"{index:05d}.mp4"


def _refuse_others(folder: Path, files: Sequence[Path]) -> None:
    """Refuse to replace files that MojiMotion did not write; those of a run that was killed are its own."""
    if exists(folder / UNFINISHED_FILE):
        return
    for file in files:
        if os.path.lexists(file):
            raise DatasetError(f"{file}: exists already; give another folder or --force")


def held_meanings(folder: str | Path) -> list[str] | None:
    """Return the meanings (their keys) of the MojiMotion dataset in a folder, in its order; None if there is none.

    Raises:
        DatasetError: it holds a dataset that MojiMotion did not make.
    """
    records = _held_records(Path(folder))
    return None if records is None else [record["meaning"] for record in records]


def _held_records(folder: Path) -> list[dict[str, Any]] | None:
    """Return the lines of `captions.jsonl`, None if there is none; their files may have been deleted by hand."""
    file = folder / CAPTIONS_FILE
    if not exists(file):
        return None
    try:
        records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError):
        records = [None]
    if not all(isinstance(record, dict) and isinstance(record.get("meaning"), str) for record in records):
        raise DatasetError(
            f"{folder}: holds a dataset ({CAPTIONS_FILE}) that MojiMotion did not make, which is never overwritten; "
            "give another folder"
        )
    return records


def _clear(folder: Path) -> None:
    """Delete the MojiMotion dataset in a folder, if there is one.

    `captions.jsonl` is deleted first: if anything stops the run after that, no captions lie beside the wrong clips.
    """
    records = _held_records(folder) or []
    (folder / CAPTIONS_FILE).unlink(missing_ok=True)
    for record in records:
        twin = record.get("twin")
        for place, name in (("clips", record.get("video")), ("twins", twin and twin.get("video"))):
            if isinstance(name, str):
                (folder / place / Path(name).name).unlink(missing_ok=True)


def _write_clip(folder: Path, name: str, meaning: Meaning, rng: np.random.Generator, *, twins: bool) -> Clip:
    num_frames = int(rng.integers(2 * FRAMES_PER_SECOND, 3 * FRAMES_PER_SECOND + 1))
    times = (np.arange(num_frames) + 0.5) / num_frames
    frames = draw(make_scene(meaning, rng).sprites(times), IMAGE_SIZE).permute(0, 2, 3, 1).numpy()
    video = folder / "clips" / name
    # What is in the way was looked at before the first one.
    write_video(video, frames, frames_per_second=FRAMES_PER_SECOND, overwrite=True)
    split, twin = split_of(meaning), None
    texts = captions(meaning, rng, num_captions=NUM_CAPTIONS)
    if twins and split == "test" and meaning.reversed() != meaning:
        twin = Twin(folder / "twins" / name, captions(meaning.reversed(), rng, num_captions=NUM_CAPTIONS))
        write_video(twin.video, frames[::-1], frames_per_second=FRAMES_PER_SECOND, overwrite=True)
    return Clip(video, texts, split, twin, {"meaning": meaning.key()})
