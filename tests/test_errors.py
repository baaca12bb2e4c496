from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue import errors
from framecue.errors import OrdinaryWordError, UnknownNameError, VideoError, first_line


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("no such file", "no such file"),
        ("It broke.\nSee the manual.", "It broke"),
        ("\n  it broke ...\r\nmore", "it broke"),
        ("", "ValueError"),
        (" \n ", "ValueError"),
        ("...", "ValueError"),
    ],
)
def test_the_first_line_of_an_error(message: str, line: str) -> None:
    assert first_line(ValueError(message)) == line


@given(st.text())
def test_a_first_line_is_one_line_and_never_empty(message: str) -> None:
    line = first_line(RuntimeError(message))
    assert line.splitlines() == [line]
    assert not line.endswith(".")


def test_every_error_is_in_the_tree_that_the_module_draws() -> None:
    kinds = {name for name in errors.__all__ if name.endswith("Error")}
    assert errors.__doc__ is not None
    drawn = {word for line in errors.__doc__.splitlines() for word in line.split() if word in kinds}
    assert drawn == kinds
    assert all(issubclass(getattr(errors, name), errors.FramecueError) for name in kinds)


def test_an_unknown_name_lists_the_known_ones() -> None:
    error = UnknownNameError("method", "vopp", ["vop", "full"])
    assert str(error) == "unknown method 'vopp'; known: full, vop"
    assert (error.kind, error.name, error.known) == ("method", "vopp", ["full", "vop"])


def test_an_ordinary_word_is_told_by_its_name_and_comes_through_another_process() -> None:
    error = pickle.loads(pickle.dumps(OrdinaryWordError("dog", "--yes")))
    assert (error.name, error.option) == ("dog", "--yes")
    assert str(error).startswith("'dog' is an ordinary word: once taught")
    assert str(error).endswith("(--yes)")
    assert str(OrdinaryWordError("7")).startswith("'7' is a number: once taught")
    assert str(OrdinaryWordError("x")).startswith("'x' is a letter: once taught")


def test_a_video_error_comes_through_another_process() -> None:
    error = pickle.loads(pickle.dumps(VideoError("a.mp4", "it is empty")))
    assert str(error) == "a.mp4: it is empty"
    assert (str(error.path), error.reason) == ("a.mp4", "it is empty")
