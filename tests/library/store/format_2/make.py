"""Makes this folder's library: `PYTHONPATH=OLD/src python make.py OLD FOLDER`, where OLD is the repository at 1d19891.

Everything in the library is written by that commit's own code. It indexes the films in a folder for the time being; as
their paths are absolute, its rows are then written into another library, as if the films lay in /videos.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from framecue.library import Library
from framecue.library.store import Store
from framecue.video import Segmentation, write_video

ROOT = "/videos"
MODIFIED_SECONDS = 1_700_000_000


def write_films(folder: Path, write_clip) -> None:
    """Write four films, one with a cut, a copy of one of them, and what is said in one."""
    write_clip(folder / "red.mp4", "red")
    write_video(folder / "green.mp4", [frame(0, 200, 0)] * 48 + [frame(240, 240, 240)] * 48, frames_per_second=8)
    write_clip(folder / "blue.mp4", "blue")
    write_clip(folder / "it's more" / "yellow.mp4", "yellow")
    shutil.copyfile(folder / "red.mp4", folder / "red again.mp4")
    (folder / "green.srt").write_text("1\n00:00:01,000 --> 00:00:03,000\nA dog runs on the beach\n")
    for number, path in enumerate(sorted(folder.rglob("*.*"))):
        os.utime(path, (MODIFIED_SECONDS + number, MODIFIED_SECONDS + number))


def frame(*colour: int) -> np.ndarray:
    return np.full((48, 64, 3), colour, dtype=np.uint8)


def main(old: Path, folder: Path) -> None:
    spec = importlib.util.spec_from_file_location("old_conftest", old / "tests" / "library" / "conftest.py")
    conftest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conftest)
    films = folder / "videos"
    write_films(films, conftest._write_clip)
    with tempfile.TemporaryDirectory() as scratch:
        model = conftest.ColourModel()
        library = Library(f"{scratch}/library.lance", model=model)
        library.add(films, segmentation=Segmentation("windows", 2.0, 0.0))
        indexed = Store.open(library.uri)
        store = Store.create(str(folder / "library.lance"), indexed.fingerprint, indexed.segmentation)
        for path, rows in indexed.rows_at(list(indexed.held())).items():
            store.write([replace(row, path=path.replace(str(films), ROOT)) for row in rows])
        store.ensure_text_index()
        store.note_copies({path.replace(str(films), ROOT): copy for path, copy in indexed.copies().items()})
        store.optimize()
        # One more commit, which the index does not know yet.
        path, rows = next(iter(store.rows_at([f"{ROOT}/blue.mp4"]).items()))
        store.write(rows, replacing=[path])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
