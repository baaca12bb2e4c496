"""A run that is killed while it looks for words: nothing is lost, nothing is heard twice that was committed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from framecue.library import Library
from framecue.library.store import Store
from framecue.words.sources import WORD_SOURCES
from support.scripted_words import Spoken

PROGRAM = """
import sys, time
sys.path.insert(0, sys.argv[1])
from framecue.library import Library
from framecue.library.indexing import words_run
from framecue.words.sources import WORD_SOURCES
from support.colours import ColourEncoder
from support.scripted_words import Spoken

words_run.LINES_PER_COMMIT = 1

class Slow(Spoken):
    def __call__(self, request):
        source = super().__call__(request)
        find = source.find
        def slowly(unit, reader):
            yield from find(unit, reader)
            print(unit.path, flush=True)
            time.sleep(0.02)
        source.find = slowly
        return source

WORD_SOURCES.built_in["speech"] = Slow("speech")
Library(sys.argv[2], model=ColourEncoder()).add(sys.argv[3], speech=True, no_words_from="subtitles")
"""
NUM_CLIPS = 12


@pytest.mark.skipif(os.name != "posix", reason="kills a process as POSIX does")
def test_a_killed_run_goes_on_where_it_was(
    tmp_path: Path, write_clip, colour_model, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write_clip(tmp_path / "clips" / "00.mp4", "red", seconds=0.25)
    for number in range(1, NUM_CLIPS):
        # Bytes after the last box make another content of the same picture.
        copy = first.with_name(f"{number:02}.mp4")
        copy.write_bytes(first.read_bytes() + b"\0\0\0\x0cfree" + number.to_bytes(4, "big"))
    library = Library(tmp_path / "videos.lance", model=colour_model)
    library.add(first.parent)
    colour_model.batches.clear()

    support = str(Path(__file__).parents[1] / "pythonpath")
    arguments = [sys.executable, "-c", PROGRAM, support, library.uri, str(first.parent)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    heard = [process.stdout.readline().strip() for _ in range(5)]
    time.sleep(0.01)  # somewhere in a commit, or between two
    process.send_signal(signal.SIGKILL)
    heard += [line.strip() for line in process.communicate()[0].splitlines()]
    assert process.returncode == -signal.SIGKILL

    committed = len(Store.open(library.uri).words_notes.done())
    assert 0 < committed <= len(heard) < NUM_CLIPS
    speech = Spoken("speech")
    monkeypatch.setitem(WORD_SOURCES.built_in, "speech", speech)  # type: ignore[arg-type]
    library.add(first.parent)  # nobody has to ask again
    again = [path for path, _ in speech.heard]
    assert len(again) == NUM_CLIPS - committed
    assert colour_model.batches == []
    store = Store.open(library.uri)
    for held in store.held().values():
        assert len(store.timed_texts(held.video_id)) == 2, "each line is there once"
