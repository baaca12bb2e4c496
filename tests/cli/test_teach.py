from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecue.cli.teach import MOST_TOKENS
from framecue.library import Library
from framecue.names import taught
from support.naming_colours import NamingColours


def names(uri: str) -> list[str]:
    return [name.name for name in Library(uri).taught_names()]


def test_from_a_search_to_a_taught_name_to_the_next_search(run, taught_library: str, clips: Path) -> None:
    place = ("--library", taught_library)
    assert "green.mp4" not in run("search", "Rex", "-k", 1, *place).out
    shown = json.loads(run("search", "green", "-k", 2, *place, "--json").out)["results"]
    result = run("teach", "Rex", "--like", "1,2", *place)
    assert (result.code, result.out) == (0, "")
    lines = result.err.splitlines()
    assert lines[0] == "--like, results of the last search, green:"
    assert [line.partition(". ")[0] for line in lines[1:3]] == ["1", "2"]
    assert lines[1].endswith("green.mp4@0:00-0:02")
    assert lines[3].startswith("taught Rex from 2 examples; ")
    assert lines[-1] == f"search with it: framecue search Rex --library {taught_library}"
    (name,) = Library(taught_library).taught_names()
    assert [example.path for example in name.examples] == [hit["path"] for hit in shown]
    found = json.loads(run("search", "rex", "-k", 1, *place, "--json").out)["results"]
    assert found[0]["path"] in [hit["path"] for hit in shown]


def test_moments_pictures_and_files_of_which_some_are_not_meant(
    run, taught_library: str, clips: Path, naming: NamingColours, tmp_path: Path
) -> None:
    Image.fromarray(np.full((40, 60, 3), (30, 200, 30), np.uint8)).save(tmp_path / "leaf.png")
    like = (f"{clips}/green.mp4@0-2", clips / "more" / "yellow.mp4", "0:00-0:01", tmp_path / "leaf.png")
    result = run(
        *("teach", "our leaf", "--like", *like, "--unlike", clips / "red.mp4", "--is", "plant", "--tokens", 2),
        *("--library", taught_library, "--json"),
    )
    assert result.code == 0
    document = json.loads(result.out)
    assert document["library"] == taught_library
    assert (document["name"], document["coarse"]) == ("our leaf", "plant")
    assert [Path(example["path"]).name for example in document["examples"]] == ["green.mp4", "yellow.mp4", "leaf.png"]
    assert [example["kind"] for example in document["examples"]] == ["video", "video", "image"]
    assert [Path(example["path"]).name for example in document["unlike"]] == ["red.mp4"]
    (lesson,) = naming.lessons
    assert (lesson.coarse, lesson.num_tokens, len(lesson.examples), len(lesson.unlike)) == ("plant", 2, 3, 1)


def test_what_each_example_shows(run, taught_library: str, clips: Path, naming: NamingColours) -> None:
    like = ("--like", clips / "green.mp4", clips / "blue.mp4")
    result = run("teach", "Rex", *like, "--shows", "Rex swims", "", "--library", taught_library)
    assert result.code == 0, result.err
    (lesson,) = naming.lessons
    assert lesson.texts == (("{} swims", 0),)
    refused = run("teach", "Max", *like, "--shows", "a cat swims", "", "--library", taught_library)
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "a cat swims" in refused.err
    assert names(taught_library) == ["Rex"]


def test_an_option_without_an_example_says_what_it_takes(run, taught_library: str) -> None:
    for words in (["--like"], ["--like", "--library", taught_library], ["--like", "1", "--unlike"]):
        result = run("teach", "Rex", *words)
        assert (result.code, result.err.count("\n")) == (2, 1)
        assert "has nothing behind it; give PATH@START-END as `framecue search --format hit` prints it, a" in result.err
        assert result.err.endswith("; see `framecue teach --help`\n")


def test_a_library_that_is_not_there_is_said_to_be(run, tmp_path: Path) -> None:
    result = run("teach", "Rex", "--like", "1,4", "--library", tmp_path / "vidoes.lance")
    assert (result.code, result.err.count("\n")) == (1, 1)
    assert "no library at" in result.err


def test_explain_says_which_names_were_understood(run, taught_library: str, clips: Path) -> None:
    assert run("teach", "Rex", "--like", clips / "green.mp4", "--library", taught_library).code == 0
    result = run("search", "rex", "--explain", "--library", taught_library)
    assert re.search(r"taught names: Rex \(its examples 1\.000, \d+% of the score\)", result.out)
    assert "taught names" not in run("search", "green", "--explain", "--library", taught_library).out


def test_a_name_is_taught_again_with_more_examples(run, taught_library: str, clips: Path) -> None:
    place = ("--library", taught_library)
    assert run("teach", "Rex", "--like", clips / "green.mp4", *place).code == 0
    result = run("teach", "rex", "--like", clips / "blue.mp4", *place)
    assert "from 2 examples" in result.err
    assert len(Library(taught_library).taught_names()[0].examples) == 2


def test_hits_on_standard_input(run, taught_library: str, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = f"{clips}/green.mp4@0:00-0:01\n{clips}/blue.mp4\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    assert run("teach", "Rex", "--like", "-", "--library", taught_library).code == 0
    assert len(Library(taught_library).taught_names()[0].examples) == 2


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "there is nothing to teach: give a NAME"),
        (["--like", "1", "Rex"], "there is no NAME: give it first"),
        (["Rex"], "there are no examples"),
        (["old", "Rex", "--like", "1"], "put several words in quotes"),
        (["Rex", "--like", "-", "--unlike", "-"], "standard input is one of them"),
        (["Rex", "--like", "1", "--null"], "--null is given without -"),
        (["Rex", "--like", "1", "--tokens", "5"], "5 is not in the range"),
        (["Rex", "--like", "1", "2", "--shows", "Rex"], "--shows has 1 text, and --like 2 examples; give one for each"),
    ],
)
def test_wrong_usage(run, args: list[str], says: str) -> None:
    result = run("teach", *args)
    assert (result.code, result.out) == (2, "")
    assert says in result.err
    assert result.err.count("\n") == 1


def test_bad_input_is_one_line_and_nothing_is_written(run, taught_library: str, clips: Path) -> None:
    red = f"{clips}/red.mp4"
    for args, says in (
        (["Rex", "--like", "1"], "no search of library"),
        (["Rex", "--like", "tomorrow"], "names no moment, file or result"),
        (["Rex", "--like", "gone.mp4@0-1"], "gone.mp4"),
        (["Rex", "--like", f"{red}@50-60"], "red.mp4"),
        (["Rex", "--like", red, "--unlike", red], "red.mp4"),
        (["", "--like", red], "name"),
        (["x" * 101, "--like", red], "101"),
        (["?!", "--like", red], "no letter"),
        (["dog", "--like", red], "choose another name, or say that it is meant (--yes)"),
    ):
        result = run("teach", *args, "--library", taught_library)
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith("Error: ")
        assert says in result.err
        assert result.err.count("\n") == 1
    assert names(taught_library) == []


def test_an_ordinary_word_is_taught_where_that_is_meant(run, taught_library: str, clips: Path) -> None:
    result = run("teach", "dog", "--like", clips / "red.mp4", "--library", taught_library, "--yes")
    assert result.code == 0
    assert names(taught_library) == ["dog"]


def test_ctrl_c_while_it_learns_leaves_the_name_as_it_was(
    run, taught_library: str, clips: Path, naming: NamingColours
) -> None:
    place = ("--library", taught_library)
    assert run("teach", "Rex", "--like", clips / "red.mp4", *place).code == 0
    naming.stop_at = 1
    result = run("teach", "Rex", "--like", clips / "blue.mp4", *place)
    assert (result.code, result.out) == (130, "")
    assert result.err.strip() == "stopped"
    (name,) = Library(taught_library).taught_names()
    assert [Path(example.path or "").name for example in name.examples] == ["red.mp4"]


def test_a_model_without_such_a_text_tower(run, loader, clips: Path, tmp_path: Path) -> None:
    uri = tmp_path / "videos.lance"
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    result = run("teach", "Rex", "--like", clips / "red.mp4", "--library", uri)
    assert (result.code, result.out) == (1, "")
    assert "cannot be taught names" in result.err


def test_the_number_of_tokens_is_that_of_the_names() -> None:
    assert MOST_TOKENS == taught.MOST_TOKENS
