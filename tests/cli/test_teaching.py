from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, cast

import pytest

from framecue.cli.teaching import allowing_ordinary, teach_name, told_taught
from framecue.errors import InputError, OrdinaryWordError
from framecue.library import Library, TaughtExample, TaughtName


def name(*kinds: str, **other: Any) -> TaughtName:
    examples = tuple(TaughtExample("/a", "x", kind=kind, rank=1, num_compared=9) for kind in kinds)
    values = {"coarse": None, "num_tokens": 1, "unlike": (), "fits": True, "taught_at": 0.0, **other}
    return TaughtName("dog", examples=examples, **values)


class Taught:
    """A library, as far as teaching asks: "dog" is an ordinary word."""

    uri = "/a.lance"

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def teach(self, word: str, **given: Any) -> TaughtName:
        self.asked.append({"name": word, **given})
        given["on_wait"]()
        if not given["allow_ordinary"]:
            raise OrdinaryWordError(word)
        given["on_step"](1, 2)
        return name("video")


def teach(library: Taught, **given: Any) -> TaughtName:
    return teach_name(cast(Library, library), "dog", like=["/a.mp4"], coarse="animal", num_tokens=2, **given)


def test_what_is_given_reaches_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    library = Taught()
    assert teach(library, yes=True) == name("video")
    (asked,) = library.asked
    assert {key: asked[key] for key in ("name", "like", "unlike", "coarse", "num_tokens", "allow_ordinary")} == {
        **{"name": "dog", "like": ["/a.mp4"], "unlike": (), "coarse": "animal", "num_tokens": 2},
        "allow_ordinary": True,
    }
    assert capsys.readouterr() == ("", "waiting for another run that writes /a.lance\n")


def test_where_nobody_can_be_asked_an_ordinary_word_is_refused() -> None:
    library = Taught()
    with pytest.raises(OrdinaryWordError):
        teach(library)
    assert [asked["allow_ordinary"] for asked in library.asked] == [False]


@pytest.mark.parametrize("answer", [True, False])
def test_a_person_is_asked(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    questions = []

    def confirm(text: str, **_: Any) -> bool:
        questions.append(text)
        return answer

    monkeypatch.setattr("click.confirm", confirm)
    library = Taught()
    if answer:
        assert teach(library) == name("video")
        assert [asked["allow_ordinary"] for asked in library.asked] == [False, True]
    else:
        with pytest.raises(InputError, match="'dog' was not taught; choose a name that is not an ordinary word"):
            teach(library)
    assert questions == ["'dog' is an ordinary word, and every search with it would mean this alone. Teach it?"]


def test_a_name_that_is_none_asks_nobody() -> None:
    assert allowing_ordinary(lambda is_allowed: name("video"), yes=False) == name("video")


@pytest.mark.parametrize(
    ("found", "place", "says"),
    [
        (name("video", "image"), None, ["taught dog from 2 examples; good", "search with it: framecue search dog"]),
        (
            name("image", coarse="animal", notices=("It stands apart.",)),
            "my videos.lance",
            [
                "taught dog from 1 picture (is: animal); good",
                "It stands apart.",
                "search with it: framecue search dog --library 'my videos.lance'",
            ],
        ),
    ],
)
def test_what_is_said(
    capsys: pytest.CaptureFixture[str], found: TaughtName, place: str | None, says: list[str]
) -> None:
    told_taught(found, place=place)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(says)
    assert all(line.startswith(begin) for line, begin in zip(lines, says, strict=True))


def test_how_a_name_like_an_option_is_searched_for(capsys: pytest.CaptureFixture[str]) -> None:
    told_taught(replace(name("video"), name="--rex"), place="my.lance")
    assert capsys.readouterr().err.splitlines()[-1] == "search with it: framecue search --library my.lance -- --rex"
