"""The table is read back by Python's reader and by pyarrow's, and no cell of it is a formula."""

from __future__ import annotations

import csv
import io
from fractions import Fraction

import pyarrow.csv
import pytest

from framecue.errors import VideoError
from framecue.timelines.csv import COLUMNS, write_csv
from framecue.timelines.pick import Pick, Remark
from framecue.video import VideoTimebase
from support.picks import NTSC, assembly_of, pick

FORMULAS = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "=cmd|' /C calc'!A0", "\ufeff=1"]


def rows(picks: list[Pick], timebase: object) -> list[dict[str, str]]:
    content = write_csv(assembly_of(picks, timebase))
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_hit_is_a_line() -> None:
    one = pick(words=(Remark("said", "hello; you", 1.5, 2.0),), parts=(Remark("part", "a panda", 1.0, 2.0),))
    (row,) = rows([one], VideoTimebase(30 * NTSC, timecode="01:00:00;00"))
    assert row == {
        "query": "a dog",
        "rank": "1",
        "confidence": "0.8",
        "score": "0.3125",
        "name": "dog.mp4",
        "start_seconds": "1.0",
        "end_seconds": "3.5",
        "start_timecode": "01:00:01;00",
        "end_timecode": "01:00:03;15",
        "frames_per_second": "29.97",
        "kind": "video",
        "words": "said: hello; you",
        "parts": "1.000-2.000 a panda",
        "path": "/films/dog.mp4",
        "hit": "/films/dog.mp4@0:01-0:03.5",
        "video_id": "",
    }


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_is_a_formula(formula: str) -> None:
    one = pick(f"/films/{formula.replace('/', '')}.mp4", query=formula, words=(Remark("", formula),))
    (row,) = rows([one], VideoTimebase(Fraction(25)))
    for column in ("query", "words") if "/" in formula else ("query", "name", "words"):
        assert row[column].startswith("'")
    # The path leads to the file, and is none.
    assert row["path"] == one.path


def test_numbers_below_zero_stay_numbers() -> None:
    (row,) = rows([pick(score=-0.25)], VideoTimebase(Fraction(25)))
    assert float(row["score"]) == -0.25


def test_names_with_commas_quotes_and_ends_of_lines_stay_whole() -> None:
    path = '/films/a, "b"\nc ü.mp4'
    (row,) = rows([pick(path)], VideoTimebase(Fraction(25)))
    assert (row["path"], row["name"]) == (path, 'a, "b" c ü.mp4')


def test_a_name_that_is_not_utf8_does_not_spoil_the_table() -> None:
    (row,) = rows([pick("/films/a\udcff.mp4")], VideoTimebase(Fraction(25)))
    assert (row["path"], row["name"]) == ("/films/a\\udcff.mp4", "a\ufffd.mp4")


def test_what_is_not_known_is_empty() -> None:
    picks = [pick("/gone.mp4"), pick("/p.png", 0.0, 0.0, kind="image", confidence=None)]
    gone, still = rows(picks, {"/gone.mp4": VideoError("/gone.mp4", "no such file")})
    assert (gone["start_seconds"], gone["start_timecode"], gone["frames_per_second"]) == ("1.0", "", "")
    assert (still["start_seconds"], still["end_seconds"], still["confidence"], still["kind"]) == ("", "", "", "image")


def test_other_readers_of_tables_read_it() -> None:
    content = write_csv(assembly_of([pick(), pick("/films/a\nb.mp4", rank=2)], VideoTimebase(Fraction(25))))
    options = pyarrow.csv.ParseOptions(newlines_in_values=True)
    table = pyarrow.csv.read_csv(io.BytesIO(content), parse_options=options)
    assert tuple(table.column_names) == COLUMNS
    assert table["rank"].to_pylist() == [1, 2]
