from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from framecue.cli.info import _length
from framecue.library import Library
from framecue.library.store import Store
from framecue.library.store.passages import PassageState
from framecue.library.store.words_notes import AskedWords
from framecue.words.passages import RULES
from framecue.words.request import WordsRequest
from framecue.words.timed_text import TimedText
from support.naming_colours import NamingColours
from support.sentences import IdeaEncoder


@pytest.fixture
def uri(run, loader, tmp_path: Path, clips: Path) -> str:
    uri = str(tmp_path / "videos.lance")
    assert run("index", clips, "--library", uri, "--model", "clip", "--adapter", "tuned").code == 0
    loader.asked.clear()
    return uri


def test_json(run, loader, uri: str, clips: Path) -> None:
    before = (Path(uri) / "segments.lance").stat().st_ctime - 600
    result = run("info", uri, "--json")
    assert (result.code, result.err) == (0, "")
    info = json.loads(result.out)
    assert (info["library"], info["images"]) == (uri, 0)
    assert info["duration_seconds"] == sum(file["duration_seconds"] for file in info["files"])
    assert info["size_bytes"] == sum(file.stat().st_size for file in Path(uri).rglob("*") if file.is_file())
    assert before <= info["first_indexed_seconds"] <= info["last_indexed_seconds"] <= time.time()
    assert (info["num_indexed_segments"], info["has_text_index"]) == (None, True)
    assert (info["videos"], info["segments"]) == (4, 4)
    assert info["fingerprint"] == loader.models[0].fingerprint().to_dict()
    assert [file["path"] for file in info["files"]] == [
        str(clips / name) for name in ("blue.mp4", "green.mp4", "more/yellow.mp4", "red.mp4")
    ]
    assert [file["duration_seconds"] for file in info["files"]] == pytest.approx([1, 2, 1, 1], abs=0.05)
    assert loader.asked == []


def rows_of(out: str) -> list[list[str]]:
    return [re.split(r"  +", line.strip()) for line in out.splitlines() if line.strip()]


def test_it_tells_people_what_they_want_to_know(run, uri: str, clips: Path) -> None:
    shutil.copy(clips / "red.mp4", clips / "more" / "red again.mp4")
    assert run("index", clips, "--library", uri).code == 0
    result = run("info", uri)
    assert (result.code, result.err) == (0, "")
    rows = {row[0]: row[1:] for row in rows_of(result.out)}
    assert list(rows) == [
        *("library", "videos", "duplicates", "moments", "size on disk", "folders", f"1 in {clips / 'more'}"),
        *("indexed", "index", "text index", "model"),
    ]
    assert rows["library"] == [uri]
    assert rows["videos"] == ["4, 5 s"]
    assert rows["duplicates"] == ["1, stored once"]
    assert rows["moments"] == ["4"]
    assert re.fullmatch(r"\d+\.\d [kM]B", rows["size on disk"][0])
    assert rows["folders"] == [f"3 in {clips}"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d( to \d{4}-\d\d-\d\d \d\d:\d\d)?", rows["indexed"][0])
    assert rows["index"] == ["none, a search looks at every moment"]
    assert rows["text index"] == ["has names"]
    assert rows["model"] == ["clip, mean-pool (tuned)"]
    assert "green.mp4" not in result.out


def test_nobody_takes_words_for_what_cannot_be_searched(run, uri: str, clips: Path) -> None:
    assert run("index", clips, "--library", uri).code == 0
    Store.open(uri).words_notes.note_asked([AskedWords(request=WordsRequest(source="speech"), kind="said")])
    rows = {row[0]: row[1:] for row in rows_of(run("info", uri).out)}
    assert rows["text index"] == ["has names; what is said and written has an index of its own"]


@pytest.mark.parametrize(
    ("beside", "kinds", "says"),
    [
        ((), ["names"], "has names"),
        (("red.srt",), ["names", "subtitles"], "has names and subtitles"),
        (("late.srt",), ["names"], "has names"),
        (("red.srt", "captions"), ["names", "captions", "subtitles"], "has names, captions and subtitles"),
    ],
)
def test_the_text_index_has_what_there_is(
    run, uri: str, clips: Path, monkeypatch: pytest.MonkeyPatch, beside: tuple[str, ...], kinds: list[str], says: str
) -> None:
    if "late.srt" in beside:
        (clips / "red.srt").write_text("1\n01:00:00,100 --> 01:00:00,900\na rose\n")
        assert run("index", clips, "--library", uri).code == 0
    if "red.srt" in beside:
        (clips / "red.srt").write_text("1\n00:00:00,100 --> 00:00:00,900\na rose\n")
        assert run("index", clips, "--library", uri).code == 0
    if "captions" in beside:
        store = Store.open(uri)
        for path, rows in store.rows_at([str(clips / "red.mp4")]).items():
            store.write([replace(row, caption="a red square") for row in rows], replacing=[path])
    assert json.loads(run("info", uri, "--json").out)["text_kinds"] == kinds
    assert {row[0]: row[1:] for row in rows_of(run("info", uri).out)}["text index"] == [says]


def test_files_are_listed_where_they_are_asked_for(run, uri: str, clips: Path) -> None:
    shutil.copy(clips / "red.mp4", clips / "more" / "red again.mp4")
    assert run("index", clips, "--library", uri).code == 0
    rows = rows_of(run("info", uri, "--files").out)
    assert ["0:02", str(clips / "green.mp4")] in rows
    assert [str(clips / "more" / "red again.mp4"), str(clips / "red.mp4")] in rows


def test_pictures_are_counted_apart(run, uri: str) -> None:
    store = Store.open(uri)
    store.table.lance.update(where="path LIKE '%red%'", values={"kind": "image"})
    rows = {row[0]: row[1:] for row in rows_of(run("info", uri).out)}
    assert rows["videos"][0].startswith("3, ")
    assert rows["pictures"] == ["1"]
    assert json.loads(run("info", uri, "--json").out)["images"] == 1


def test_an_empty_library(run, uri: str, clips: Path) -> None:
    assert run("remove", clips, "--library", uri).code == 0
    rows = {row[0]: row[1:] for row in rows_of(run("info", uri, "--files").out)}
    assert rows["videos"] == ["none"]
    assert "folders" not in rows
    assert rows["indexed"] == ["at a time that is not noted"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.6, "1 min 0 s"), (211, "3 min 31 s"), (3599.9, "1 h 0 min"), (4_000_000, "1,111 h 6 min")],
)
def test_lengths(seconds: float, text: str) -> None:
    assert _length(seconds) == text


def test_missing_library_is_one_line(run, tmp_path: Path) -> None:
    result = run("info", tmp_path / "none.lance")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: no library at ")
    assert result.err.count("\n") == 1


def test_words_that_came_after_their_meanings_have_a_row(run, uri: str, clips: Path) -> None:
    assert run("index", clips, "--library", uri).code == 0
    assert "without meaning" not in run("info", uri).out
    store = Store.open(uri)
    store.passages.begin(PassageState(IdeaEncoder().fingerprint, RULES, words_version=0))
    store.words.write(store.held()[str(clips / "red.mp4")].video_id, "speech", [TimedText(0, 1, "Hello.", "said")])
    rows = {row[0]: row[1:] for row in rows_of(run("info", uri).out)}
    assert rows["without meaning"] == ["the words of 1 file; `framecue index PATHS` makes it"]
    # Where nothing is made yet, the row of the meanings says so.
    store.passages.begin(PassageState(IdeaEncoder().fingerprint, RULES))
    rows = {row[0]: row[1:] for row in rows_of(run("info", uri).out)}
    assert "without meaning" not in rows
    assert "not made yet" in rows["meaning"][0]


def test_a_shipped_adapter_in_json(run) -> None:
    result = run("info", "moji-prompt-switch", "--json")
    assert (result.code, result.err) == (0, "")
    info = json.loads(result.out)
    assert (info["method"], info["backbone"], info["offline"]) == ("prompt-switch", "moji-clip", True)
    assert info["share_of_backbone"] == info["trainable_parameters"] / info["backbone_parameters"]
    assert info["options"]["num_prompts"] == 6
    assert info["size_bytes"] > 1000
    assert info["scores"]["validation"]["R@1"] > 0


def test_a_shipped_adapter_for_people(run) -> None:
    result = run("info", "moji-prompt-switch")
    assert (result.code, result.err) == (0, "")
    lines = [line.split() for line in result.out.splitlines()]
    for row in (["method", "prompt-switch"], ["backbone", "moji-clip"], ["offline", "yes"]):
        assert row in lines
    assert any(line[:2] == ["trainable", "parameters"] and "of the backbone's" in " ".join(line) for line in lines)
    assert any(line[:4] == ["scores", "validation", "twin", "accuracy"] for line in lines)
    assert any(line[:3] == ["size", "on", "disk"] and line[-1] == "MB" for line in lines)


def test_an_adapter_that_is_cut_short_is_one_line(run, tmp_path: Path) -> None:
    (tmp_path / "adapter_model.safetensors").write_bytes(b"\x10")
    result = run("info", tmp_path)
    assert (result.code, result.out) == (1, "")
    assert result.err == f"Error: {tmp_path}: not an adapter folder, it has no adapter_config.json\n"
    config = {"method": "vop", "options": {}, "backbone": "x", "revision": "y", "framecue_version": "0.1.0"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    result = run("info", tmp_path)
    assert (result.code, result.out) == (1, "")
    assert result.err.count("\n") == 1
    assert "the file may be cut short" in result.err


def test_a_library_is_shown_without_the_models_libraries(uri: str) -> None:
    script = (
        "import sys; from framecue.cli.main import main\n"
        f"assert main(['info', {uri!r}]) == 0\n"
        "assert not {'torch', 'transformers'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_taught_names_have_a_row(run, naming: NamingColours, taught_library: str) -> None:
    library = Library(taught_library, model=naming)
    library.teach("Rex", like=library.search("red", k=1))
    rows = {row[0]: row[1:] for row in rows_of(run("info", taught_library).out)}
    assert rows["taught names"] == ["Rex"]
    assert json.loads(run("info", taught_library, "--json").out)["names"] == ["Rex"]
