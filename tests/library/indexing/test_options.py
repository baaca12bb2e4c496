from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from pydantic import TypeAdapter

from framecue.errors import InputError
from framecue.library.indexing.options import AddKeywords, AddOptions
from framecue.video import STALL_SECONDS, Segmentation
from framecue.words.request import WordsRequest


def test_what_they_are_where_nothing_is_said() -> None:
    options = AddOptions()
    assert (options.exclude, options.prune, options.segmentation, options.captions) == ((), False, None, False)
    assert options.stall_seconds == STALL_SECONDS


def test_the_keywords_are_the_fields() -> None:
    assert get_type_hints(AddKeywords) == get_type_hints(AddOptions)
    assert not AddKeywords.__required_keys__


@pytest.mark.parametrize(
    ("exclude", "kept"),
    [("drafts", ("drafts",)), (["a", "b/**"], ("a", "b/**")), (iter(["a"]), ("a",)), ((), ())],
)
def test_globs_are_kept_as_a_tuple(exclude, kept: tuple[str, ...]) -> None:
    options = AddOptions(exclude=exclude)
    assert options.exclude == kept
    assert hash(options) == hash(AddOptions(exclude=kept))


def test_they_do_not_change_with_what_they_were_made_of() -> None:
    globs = ["a"]
    options = AddOptions(exclude=globs)
    globs.append("b")
    assert options.exclude == ("a",)
    with pytest.raises(FrozenInstanceError):
        options.prune = True  # type: ignore[misc]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"exclude": [""]}, "the glob to exclude is ''"),
        ({"exclude": "  "}, "the glob to exclude is '  '"),
        ({"stall_seconds": 0}, "stall_seconds is 0; it must be above 0"),
        ({"stall_seconds": -1.5}, "stall_seconds is -1.5"),
        ({"stall_seconds": float("inf")}, "stall_seconds is inf"),
        ({"stall_seconds": float("nan")}, "stall_seconds is nan"),
        ({"max_cpu_seconds": 0}, "max_cpu_seconds is 0; it must be above 0"),
        ({"max_cpu_seconds": float("inf")}, "max_cpu_seconds is inf"),
        ({"max_megapixels": -1}, "max_megapixels is -1"),
        ({"max_megapixels": "many"}, "max_megapixels is 'many'"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        AddOptions(**wrong)  # type: ignore[arg-type]


def test_pydantic_reads_them_as_a_service_does() -> None:
    adapter = TypeAdapter(AddOptions)
    given = {"exclude": ["a"], "prune": True, "segmentation": {"kind": "windows", "segment_seconds": 4}}
    assert adapter.validate_python(given) == AddOptions(
        exclude=("a",), prune=True, segmentation=Segmentation("windows", 4.0)
    )
    with pytest.raises(InputError, match=r"stall_seconds is 0\.0"):
        adapter.validate_json('{"stall_seconds": 0}')
    assert adapter.json_schema()["properties"].keys() == get_type_hints(AddOptions).keys()


def test_importing_them_costs_little() -> None:
    program = "import sys; from framecue.library import AddOptions; AddOptions(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    heavy = {"torch", "transformers", "lancedb", "av", "numpy", "pyarrow", "pydantic", "PIL"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize(
    "options",
    [
        {"prune": "no"},
        {"captions": 1},
        {"exclude": 5},
        {"exclude": [5]},
        {"exclude": None},
        {"exclude": b"x"},
        {"stall_seconds": "5"},
        {"stall_seconds": True},
        {"segmentation": "whole"},
    ],
)
def test_a_value_of_another_kind_is_refused_by_its_name(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        AddOptions(**options)


def test_words_are_asked_for_by_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (AddOptions().words_asked(), AddOptions().words_dropped()) == ({}, frozenset())
    asked = AddOptions(speech="small", speech_language="de", screen_text=True, words_from="lyrics").words_asked()
    assert asked == {
        "lyrics": WordsRequest(source="lyrics"),
        "screen": WordsRequest(source="screen"),
        "speech": WordsRequest(source="speech", model="small", language="de"),
    }
    dropped = AddOptions(speech=False, no_words_from=["subtitles", "subtitles"]).words_dropped()
    assert dropped == {"speech", "subtitles"}
    # A folder is meant wherever a later run is started.
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    for model in ("model", Path("model")):
        assert AddOptions(screen_text=model).words_asked()["screen"].model == str(tmp_path / "model")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"speech": 3}, "speech is 3"),
        ({"speech": ""}, "speech is ''"),
        ({"screen_text": []}, "screen_text"),
        ({"speech_language": "de"}, "without speech"),
        ({"speech": False, "speech_language": "de"}, "without speech"),
        ({"speech": True, "speech_language": ""}, "speech_language"),
        ({"words_from": [""]}, "words_from"),
        ({"no_words_from": 3}, "no_words_from"),
        ({"speech": True, "no_words_from": "speech"}, "choose one"),
        ({"no_words_from": "sidecars"}, "say subtitles"),
        ({"words_from": "sidecars"}, "say subtitles"),
    ],
)
def test_words_that_cannot_be_asked_for_so_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        AddOptions(**options)
