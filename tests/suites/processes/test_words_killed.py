"""A run that is killed while it looks for words: nothing is lost, nothing is heard twice that was committed.

The run stays at a place of ours until it is killed there, so no clock says what was done by then. Runs that end at the
same places in one process are in `tests/library/indexing/test_words_run.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from framecue.library import Library
from framecue.library.store import Store
from framecue.words.sources import WORD_SOURCES
from support.colours import ColourEncoder
from support.fixtures import colour_model, readers_of_this_process
from support.scripted_words import Spoken

__all__ = ["colour_model", "readers_of_this_process"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills a process as POSIX does")

PROGRAM = Path(__file__).with_name("run_words_until.py")
NAMES = [f"{number}.mp4" for number in range(4)]
NUM_DONE = 2
PLACES = ("before a file", "within a file", "before the lines", "before the note")
SOURCES = ("speech", "screen", "subtitles")
# So that a commit is of one source, and places are counted by files.
ALONE = ["--no-words-from", "subtitles"]

Lines = dict[str, list[tuple[str, str]]]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with four videos, and a library of their pictures."""
    from support.colours import write_clip

    folder = tmp_path_factory.mktemp("killed")
    first = write_clip(folder / "clips" / NAMES[0], "red", seconds=0.25)
    for number, name in enumerate(NAMES[1:]):
        # Bytes after the last box make another content of the same picture.
        (first.parent / name).write_bytes(first.read_bytes() + b"\0\0\0\x0cfree" + number.to_bytes(4, "big"))
    Library(folder / "pictures.lance", model=ColourEncoder()).add(first.parent)
    return folder


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> dict[str, Spoken]:
    """The sources of this process, by name."""
    made = {name: Spoken(name) for name in SOURCES}
    for name, source in made.items():
        monkeypatch.setitem(WORD_SOURCES.built_in, name, source)  # type: ignore[arg-type]
    return made


def run_until_killed(arguments: list[str], place: str, *, source: str) -> None:
    """Run `framecue index` until it has passed a place as often as `NUM_DONE` says, and kill it there the next time."""
    command = [sys.executable, str(PROGRAM), json.dumps(["index", *arguments]), place, str(NUM_DONE), source]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        while (line := process.stdout.readline()) and line.strip() != "here":
            pass
        assert line, process.stderr.read()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.returncode == -signal.SIGKILL


def held_lines(library: Library, clips: Path) -> Lines:
    """Return for each file the source and the text of its lines, in the order in which the library has them."""
    store = Store.open(library.uri)
    held = store.held()
    return {
        name: [(line.source, line.text.text) for line in store.timed_texts(held[str(clips / name)].video_id)]
        for name in NAMES
    }


def names_noted(library: Library, clips: Path, source: str, model: str) -> list[str]:
    """Return the names of the files of which it is noted that a source with a model is done."""
    store = Store.open(library.uri)
    held, done = store.held(), store.words_notes.done()
    return [
        name
        for name in NAMES
        if (note := done.get((held[str(clips / name)].video_id, source))) and model in note.fingerprint
    ]


@pytest.mark.parametrize(
    ("option", "source", "place"),
    [
        *[("--speech", "speech", place) for place in PLACES],
        ("--screen-text", "screen", "before a file"),
        ("--screen-text", "screen", "before the note"),
    ],
)
def test_a_killed_run_goes_on_with_exactly_the_rest(
    tmp_path: Path,
    pictures: Path,
    spoken: dict[str, Spoken],
    colour_model: ColourEncoder,
    option: str,
    source: str,
    place: str,
) -> None:
    library, clips = Library(tmp_path / "videos.lance", model=colour_model), pictures / "clips"
    shutil.copytree(pictures / "pictures.lance", library.uri)
    run_until_killed([str(clips), "-l", library.uri, option, *ALONE, "--model", "colours"], place, source=source)

    # A place within a file is passed once for each of its two lines.
    done = NAMES[: NUM_DONE // 2 if place == "within a file" else NUM_DONE]
    assert names_noted(library, clips, source, "usual") == done
    library.add(clips)  # nobody has to ask again
    assert spoken[source].names() == [name for name in NAMES if name not in done]
    assert colour_model.batches == [], "no picture is encoded"
    assert held_lines(library, clips) == held_lines_of_a_whole_run(tmp_path, clips, source)
    assert library.add(clips).words == []


@pytest.mark.parametrize("place", PLACES)
def test_a_run_that_is_killed_while_another_model_listens_goes_on_with_that_model(
    tmp_path: Path, pictures: Path, spoken: dict[str, Spoken], colour_model: ColourEncoder, place: str
) -> None:
    library, clips = Library(tmp_path / "videos.lance", model=colour_model), pictures / "clips"
    shutil.copytree(pictures / "pictures.lance", library.uri)
    library.add(clips, speech="first", screen_text=True)
    before = held_lines(library, clips)
    for each in spoken.values():
        each.heard.clear()
    run_until_killed(
        [str(clips), "-l", library.uri, "--speech-model", "second", "--model", "colours"], place, source="speech"
    )

    done = NAMES[: NUM_DONE // 2 if place == "within a file" else NUM_DONE]
    assert names_noted(library, clips, "speech", "second") == done
    between = held_lines(library, clips)
    in_hand = NAMES[len(done)]
    for name in NAMES:
        kept = [line for line in before[name] if line[0] != "speech"]
        assert [line for line in between[name] if line[0] != "speech"] == kept, "only speech is done again"
        is_taken_out = name == in_hand and place == "before the lines"
        assert between[name] == (kept if is_taken_out else before[name]), "no file is half old and half new"
    library.add(clips)
    assert spoken["speech"].heard == [(str(clips / name), "second") for name in NAMES if name not in done]
    assert (spoken["screen"].heard, spoken["subtitles"].heard) == ([], [])
    assert held_lines(library, clips) == before
    assert names_noted(library, clips, "speech", "second") == NAMES
    assert library.add(clips).words == []


def held_lines_of_a_whole_run(tmp_path: Path, clips: Path, source: str) -> Lines:
    """Return the lines of a run that nobody has killed."""
    library = Library(tmp_path / "whole.lance", model=ColourEncoder())
    library.add(
        clips, speech=source == "speech" or None, screen_text=source == "screen" or None, no_words_from="subtitles"
    )
    lines = held_lines(library, clips)
    assert all([source for source, _ in several] == [source] * 2 for several in lines.values())
    return lines
