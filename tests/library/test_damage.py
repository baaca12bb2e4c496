"""A folder of damaged and odd files: all are accounted for, the good ones are indexed, and nothing stops a run."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from framecue.cli.main import main
from framecue.errors import VideoError
from framecue.library import Library, Query, VideoMoment
from framecue.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES

_spec = importlib.util.spec_from_file_location("damage", Path(__file__).with_name("damage.py"))
assert _spec is not None
assert _spec.loader is not None
damage = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(damage)

NUM_FILES = 300

pytestmark = [
    pytest.mark.isolated,
    pytest.mark.skipif(sys.platform == "win32", reason="needs links, pipes and names of bytes"),
]


def make_corpus(folder: Path) -> tuple[set[str], set[str]]:
    """Write NUM_FILES files; gives those that have to be indexed, and those that cannot be."""
    folder.mkdir()
    good = damage.make_good(folder)
    fine, unusable = damage.make_oddities(folder, good)
    (folder / "absurd").mkdir()
    for name, data in damage.absurd_headers(good):
        (folder / "absurd" / name).write_bytes(data)
    (folder / "damaged").mkdir()
    rng = np.random.default_rng(0)
    endings = list(good)
    for number in range(NUM_FILES - len(listed(folder))):
        ending = endings[number % len(endings)]
        name, data = damage.mutate(good[ending].read_bytes(), rng)
        (folder / "damaged" / f"{number:03} {name}.{ending}").write_bytes(data)
    return {*map(str, good.values()), *map(str, fine)}, set(map(str, unusable))


def listed(folder: Path) -> set[str]:
    """Everything that a person would say is a video or a picture here, by its name."""
    return {
        os.path.join(parent, name)  # noqa: PTH118 (Path would lose nothing here, but str is what is compared)
        for parent, _, names in os.walk(folder)
        for name in names
        if Path(name).suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES
    }


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], colour_model):
    """`framecue index --json` in this process, with the tests' encoder."""
    monkeypatch.setattr("framecue.model.load_model", lambda *args, **options: colour_model)

    def index(*args: object) -> tuple[dict, list[str]]:
        capfd.readouterr()
        code = main(["index", *map(str, args), "--model", "colours", "--json"])
        out, err = capfd.readouterr()
        assert code == 0, err
        return json.loads(out), err.splitlines()

    return index


def test_three_hundred_damaged_files(tmp_path: Path, index) -> None:
    folder, uri = tmp_path / "videos", tmp_path / "videos.lance"
    good, unusable = make_corpus(folder)
    everything = listed(folder)
    assert len(everything) == NUM_FILES
    report, lines = index(folder, "--images", "--library", uri)

    held = {file.path for file in Library(uri).info().files}
    skipped = {item["path"]: item["reason"] for item in report["skipped"]}
    copies = {copy["path"] for copy in report["duplicates"]}
    # A transport stream of which a text is left, or nothing, is one of the other files that are called so.
    passed = everything - held - copies - skipped.keys()
    assert report["passed_over"] == {"images": 0, "sounds": 0, "others": len(passed), "clips": 0}
    assert {Path(path).suffix for path in passed} <= {".ts"}
    assert len(held) + len(copies) + len(skipped) + len(passed) == NUM_FILES
    assert good <= held
    assert unusable - passed <= skipped.keys()
    assert (report["added"], report["videos"] + report["images"]) == (len(held), len(held))
    assert 50 < len(skipped) < 250

    assert all(reason.strip() and "\n" not in reason for reason in skipped.values())
    assert not [reason for reason in skipped.values() if "defect" in reason or "crashed" in reason]
    # Each has its line; ffmpeg and the decoding process have none.
    assert len([line for line in lines if line.startswith("skipped ")]) == len(skipped)
    assert len([line for line in lines if line.startswith("duplicate ")]) == len(copies)
    doubts = {item["path"] for item in report["warnings"]}
    assert len([line for line in lines if line.startswith("warning ")]) == len(doubts)
    assert doubts <= held - good
    assert len(lines) == len(skipped) + len(copies) + len(doubts) + (2 if passed else 1)

    again = Library(uri).plan(folder, images=True)
    assert set(again.unchanged) == held | copies
    # What is wrong with nearly each is what it holds, so it is not read again; memory and rights may be there later.
    left = {item.path: item.reason for item in again.still_unreadable}
    assert left.items() <= skipped.items()
    may_pass = ("(Cannot allocate memory)", "(Operation not permitted)")
    assert not [skipped[unit.path] for unit in again.units if not skipped[unit.path].endswith(may_pass)]
    assert {*left, *(unit.path for unit in again.units), *(item.path for item in again.skipped)} == skipped.keys()


CRASHING = """
import ctypes, sys, time
from pathlib import Path
from framecue.video import read_moments
from framecue.video.isolate import serve

def read(path, options, is_wanted):
    for event in read_moments(path, options, is_wanted):
        yield event
        if Path(path).name.startswith("crash"):
            ctypes.string_at(0)
        if Path(path).name.startswith("hang"):
            time.sleep(600)

serve.main(lambda question, decide: read(question.path, question.options, decide))
"""


def test_a_crash_in_native_code_and_a_hang_cost_one_file_each(
    tmp_path: Path, index, write_clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "framecue.video.isolate.process._BOOTSTRAP", f"import sys; sys.path[:] = sys.argv[1:]\n{CRASHING}"
    )
    names = ["a.mp4", "crash 1.mp4", "crash 2.mp4", "e.mp4", "hang.mp4", "z.mp4"]
    for number, name in enumerate(names):
        write_clip(tmp_path / "clips" / name, "red", seed=number)
    report, lines = index(tmp_path / "clips", "--library", tmp_path / "l.lance", "--stall-seconds", "2")
    skipped = {Path(item["path"]).name: item["reason"] for item in report["skipped"]}
    assert skipped.keys() == {"crash 1.mp4", "crash 2.mp4", "hang.mp4"}
    assert "SIGSEGV" in skipped["crash 1.mp4"]
    assert "SIGSEGV" in skipped["crash 2.mp4"]
    assert "nothing came of it for 2 seconds" in skipped["hang.mp4"]
    held = [Path(file.path).name for file in Library(tmp_path / "l.lance").info().files]
    assert held == ["a.mp4", "e.mp4", "z.mp4"]
    assert len(lines) == 4


ANSWERING = """
import ctypes
from pathlib import Path
from framecue.video.isolate import serve

def answer(question, decide):
    if Path(question.path).name.startswith("crash"):
        ctypes.string_at(0)
    yield from question.answer(decide)

serve.main(answer)
"""


def test_a_search_outlives_a_file_that_crashes_the_decoder(
    tmp_path: Path, colour_model, write_clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "clips"
    write_clip(folder / "a.mp4", "red")
    write_clip(folder / "crash.mp4", "red", seed=1)
    library = Library(tmp_path / "l.lance", model=colour_model)
    library.add(folder)
    monkeypatch.setattr(
        "framecue.video.isolate.process._BOOTSTRAP", f"import sys; sys.path[:] = sys.argv[1:]\n{ANSWERING}"
    )
    # What the library holds is not read; this is another file.
    crash = write_clip(tmp_path / "crash too.mp4", "red", seed=2)
    for query in (Query(images=crash), Query(videos=crash), Query(videos=VideoMoment(crash, 0.5))):
        with pytest.raises(VideoError, match=r"crash too\.mp4: the decoder crashed on this file \(SIGSEGV\)"):
            library.search(query)
    fine = write_clip(tmp_path / "fine.mp4", "red", seed=3)
    hits = {Path(hit.path).name: hit.explanation for hit in library.search(Query(videos=fine), explain=True)}
    assert hits["a.mp4"].frame is not None
    assert hits["crash.mp4"].frame is None
    assert hits["crash.mp4"].problem.startswith("the decoder crashed on this file (SIGSEGV)")


def test_no_process_is_started_for_a_search_that_reads_no_file(
    tmp_path: Path, colour_model, write_clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "clips" / "a.mp4", "red")
    library = Library(tmp_path / "l.lance", model=colour_model)
    library.add(clip)
    monkeypatch.setattr("framecue.video.isolate.process._BOOTSTRAP", "raise SystemExit('started')")
    assert len(library.search("red")) == 1
    assert len(library.search(Query(videos=clip))) == 1
