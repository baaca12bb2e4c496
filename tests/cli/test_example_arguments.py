from __future__ import annotations

import io
from pathlib import Path

import pytest

from framecue.cli.example_arguments import GivenExample, read_example_lines, read_examples
from framecue.errors import InputError
from framecue.library import VideoSpan


@pytest.mark.parametrize(
    ("words", "examples"),
    [
        ([], []),
        (["1,4"], [1, 4]),
        (["1", "4"], [1, 4]),
        (["2-4"], [2, 3, 4]),
        (["a.mp4@0-5", "b c.mp4@1:02-1:07.5"], [VideoSpan("a.mp4", 0, 5), VideoSpan("b c.mp4", 62, 67.5)]),
        (
            ["a.mp4", "0:40-0:45", "0:50-0:55", "b.png"],
            [VideoSpan("a.mp4", 40, 45), VideoSpan("a.mp4", 50, 55), "b.png"],
        ),
        (["a.mp4", "1-3"], [VideoSpan("a.mp4", 1, 3)]),
        (["0:40-0:45", "a.mp4"], [VideoSpan("a.mp4", 40, 45)]),
        (["a.mp4", "2", "s3://films/b.mp4"], ["a.mp4", 2, "s3://films/b.mp4"]),
        # As the table shows a result; and as a picture is named.
        (["3  0.812  0:40-0:45  a b.mp4"], [VideoSpan("a b.mp4", 40, 45)]),
        (["a.png@0:00-0:00"], ["a.png"]),
    ],
)
def test_examples(words: list[str], examples: list[GivenExample]) -> None:
    assert read_examples(words, option="--like") == examples


def test_files_without_an_ending_and_of_odd_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("clip", "a@9-2"):
        (tmp_path / name).touch()
    assert read_examples(["clip", "a@9-2", "~/clip"], option="--like") == ["clip", "a@9-2", str(tmp_path / "clip")]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["tomorrow"], r"--like 'tomorrow' names no moment, file or result; give PATH@START-END"),
        (["a.mp4", " "], "--like has an empty value"),
        (["0:40-0:45"], "'0:40-0:45' names no moment"),
        (["a.mp4@9-2"], "ends before it starts"),
        (["a.mp4", "9-2"], "ends before it starts"),
        (["4-2"], "counts backwards"),
    ],
)
def test_what_names_nothing(words: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_examples(words, option="--like")


def lines(text: str, *, null: bool = False) -> list[GivenExample]:
    return [*read_example_lines(io.BytesIO(text.encode()), null=null, option="--like")]


def test_standard_input() -> None:
    json_line = '{"rank": 1, "hit": "c.mp4@0:01-0:02", "path": "c.mp4"}'
    assert lines(f"a.mp4@0-5\r\n\n{json_line}\nb.png\n") == [
        VideoSpan("a.mp4", 0, 5),
        VideoSpan("c.mp4", 1, 2),
        "b.png",
    ]
    assert lines("a\nb.mp4@0-5\0c.png\0", null=True) == [VideoSpan("a\nb.mp4", 0, 5), "c.png"]
    with pytest.raises(InputError, match="standard input, line 2: 'nothing here' names no moment"):
        lines("a.mp4@0-5\nnothing here\n")
    with pytest.raises(InputError, match="--like is -, and no hit came on standard input"):
        lines("\n")
