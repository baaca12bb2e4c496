from __future__ import annotations

import sys
from typing import Any, cast

import pytest

from framecue.cli.teach_hint import likely_name, teach_hint
from framecue.errors import LibraryError
from framecue.library import Hit, Library, SearchResult


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Rex catches a frisbee", "Rex"),
        ("the dog chases rex", "rex"),
        ("Aunt Zelda in the kitchen", "Zelda"),
        ("Zelda Quimby's house", "Zelda Quimby"),
        ("Rex, Zelda and Max", "Rex"),
        ("rex", "rex"),
        ("a dog runs on the beach", None),
        ("Dogs running", None),
        ("", None),
        ("said:Rex a dog", None),
        ('said:"Rex comes home" a dog', None),
        ("ein hund springt ins wasser", None),
    ],
)
def test_what_looks_like_a_name(text: str, name: str | None) -> None:
    assert likely_name(text) == name


class Taught:
    """A library, as far as a hint looks."""

    def __init__(self, *names: object, error: Exception | None = None) -> None:
        self.names, self.error = names, error

    def taught_names(self) -> list[object]:
        if self.error:
            raise self.error
        return [*self.names]


def found(confidence: float | None) -> SearchResult:
    return SearchResult(
        "x",
        [Hit(rank, "/a.mp4", 0, 1, 0.5, video_id="x", duration_seconds=1, confidence=confidence) for rank in (1, 2)],
    )


def hint(
    text: str | None, *, confidence: float | None = 0.01, library: Any = None, place: str | None = None
) -> str | None:
    return teach_hint(cast(Library, library or Taught()), found(confidence), text, place=place)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)


@pytest.mark.usefixtures("terminal")
def test_where_it_helps() -> None:
    assert (hint("rex runs") or "").endswith(": framecue teach rex --like 1,2")
    assert (hint("Rex runs", confidence=0.9) or "").startswith("hint: where results show Rex, teach it")
    assert (hint("Zelda Quimby runs", place="my videos.lance") or "").endswith(
        "teach 'Zelda Quimby' --like 1,2 --library 'my videos.lance'"
    )


@pytest.mark.usefixtures("terminal")
def test_where_it_does_not() -> None:
    assert hint("rex runs", confidence=0.9) is None
    assert hint("rex runs", confidence=None) is None
    assert hint("a dog runs") is None
    assert hint(None) is None
    assert hint("Rex runs", library=Taught("Leo")) is None
    assert hint("Rex runs", library=Taught(error=LibraryError("it cannot be read"))) is None
    assert teach_hint(cast(Library, Taught()), SearchResult("x", []), "Rex") is None


def test_nothing_is_said_outside_a_terminal() -> None:
    assert hint("Rex runs") is None
