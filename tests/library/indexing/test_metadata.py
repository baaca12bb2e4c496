from __future__ import annotations

import csv
import io
import unicodedata
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.library.indexing.metadata import GivenMetadata, read_metadata
from framecue.library.own_values import kind_of

PATHS = ["/a.mp4", "/b.mp4"]
UTC = timezone.utc


def read(given: Any, paths: list[str] = PATHS) -> GivenMetadata:
    return read_metadata(given, paths, where="the library holds")


class Frame:
    """What of pandas is asked for."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def to_dict(self, orient: str) -> list[dict[str, Any]]:
        assert orient == "records"
        return self.rows


ROWS = [{"path": "/a.mp4", "rating": 3}, {"path": "/b.mp4", "rating": 4}]


@pytest.mark.parametrize(
    "given",
    [
        {"/a.mp4": {"rating": 3}, Path("/b.mp4"): {"rating": 4}},
        lambda path: {"rating": 3 if path == "/a.mp4" else 4},
        ROWS,
        iter(ROWS),
        Frame(ROWS),
        pa.Table.from_pylist(ROWS),
        pa.RecordBatch.from_pylist(ROWS),
        {"/x/../a.mp4": {"rating": np.int64(3)}, "/b.mp4": {"rating": 4}},
    ],
    ids=["mapping", "function", "rows", "iterator", "frame", "arrow", "batch", "unusual"],
)
def test_the_same_values_in_every_form(given: Any) -> None:
    found = read(given)
    assert found == GivenMetadata({"/a.mp4": {"rating": 3}, "/b.mp4": {"rating": 4}})
    assert found.kinds({}) == {"rating": "int"}


def test_a_function_may_have_nothing_to_say() -> None:
    assert read(lambda path: None if path == "/a.mp4" else {"a": 1}).by_path == {"/b.mp4": {"a": 1}}


def test_rows_of_a_csv_file_are_texts() -> None:
    rows = csv.DictReader(io.StringIO("path,place\n/a.mp4,Rome\n/b.mp4,\n"))
    assert read(rows).by_path == {"/a.mp4": {"place": "Rome"}, "/b.mp4": {"place": ""}}


def test_a_path_of_the_working_folder_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = str(tmp_path / "a.mp4")
    assert read({"a.mp4": {"a": 1}}, [path]).by_path == {path: {"a": 1}}


@pytest.mark.parametrize(("held", "typed"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_accents_may_be_written_in_either_form(held: Any, typed: Any) -> None:
    path = unicodedata.normalize(held, "/Über é.mp4")
    assert read({unicodedata.normalize(typed, path): {"a": 1}}, [path]).by_path == {path: {"a": 1}}


def test_paths_that_are_not_there_are_named() -> None:
    found = read({"/gone.mp4": {"a": 1}, "/a.mp4": {"a": 2}, "s3://bucket/b.mp4": {"a": 1}})
    assert found.by_path == {"/a.mp4": {"a": 2}}
    assert [(item.path, item.reason) for item in found.skipped] == [
        ("/gone.mp4", "there are values for it, but the library holds no such file"),
        ("s3://bucket/b.mp4", "there are values for it, but the library holds no such file"),
    ]


class NAType:
    """As pandas has it: neither equal to anything nor different."""

    def __eq__(self, other: object) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = None  # type: ignore[assignment]


class Timestamp(datetime):
    """As pandas has it: a datetime that does not do what one does."""

    def replace(self, **changes: Any) -> Timestamp:  # type: ignore[override]
        assert changes == {"nanosecond": 0}
        return self

    def to_pydatetime(self) -> datetime:
        return datetime(self.year, self.month, self.day, tzinfo=self.tzinfo)

    def astimezone(self, *_: Any) -> Timestamp:  # type: ignore[override]
        raise TypeError("Cannot convert tz-naive Timestamp, use tz_localize to localize")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (NAType(), None),
        (float("nan"), None),
        (np.float32("nan"), None),
        (np.datetime64("NaT"), None),
        (np.float32(0.5), 0.5),
        (np.int16(7), 7),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (0, 0),
        (False, False),
        ("", ""),
        (datetime(2024, 5, 1, tzinfo=timezone(timedelta(hours=2))), datetime(2024, 4, 30, 22, tzinfo=UTC)),
        (datetime(2024, 5, 1), datetime(2024, 5, 1).astimezone(UTC)),
        (date(2024, 5, 1), datetime(2024, 5, 1).astimezone(UTC)),
        (np.datetime64("2024-05-01T00:00:00.123456789"), datetime(2024, 5, 1, 0, 0, 0, 123456).astimezone(UTC)),
        (Timestamp(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 1, tzinfo=UTC)),
        (Timestamp(2024, 5, 1), datetime(2024, 5, 1).astimezone(UTC)),
    ],
    ids=lambda value: "NA" if isinstance(value, NAType) else str(value),
)
def test_values_of_other_libraries_are_those_of_python(value: object, plain: object) -> None:
    found = read({"/a.mp4": {"a": value}}).by_path["/a.mp4"]["a"]
    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([1], r"column a of /a\.mp4 is \[1\]; it must be a text, a number, True or False, or a datetime, or None"),
        ({"b": 1}, "is {'b': 1}"),
        (b"a", "is b'a'"),
        (2**63, "a whole number of 64 bits"),
        (float("inf"), "is inf; it must be a finite number"),
        ("\ud800", "a text in Unicode"),
        (1j, "is 1j"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), "a time that this system can convert"),
        (["x" * 200], r"is \['x+\.\.\.; it must"),
    ],
    ids=str,
)
def test_values_that_no_column_can_hold(value: object, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read({"/a.mp4": {"a": value}})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (3, "metadata is a int; give a mapping"),
        ("a.csv", "metadata is a str; give a mapping"),
        ([3], "a row without a column path"),
        ([{"file": "/a.mp4"}], r"a row without a column path \(it has file\)"),
        ([{"path": None}], "the column path of the metadata is None; it must be the path of a video"),
        ([{"path": ""}], "the column path of the metadata is ''"),
        ({3: {}}, "a path of the metadata is 3"),
        ({"/a.mp4": 3}, r"the values for /a\.mp4 are 3; give a mapping"),
        ([{"path": "/a.mp4", "a": 1}, {"path": "/a.mp4", "a": 2}], r"^/a\.mp4 is there twice, with different values"),
        (lambda path: 3, "are 3; give a mapping"),
    ],
)
def test_what_is_no_metadata(given: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read(given)


def test_the_same_row_twice_is_one() -> None:
    assert read([ROWS[0], ROWS[0]]).by_path == {"/a.mp4": {"rating": 3}}


def kinds(*values: Any, held: dict[str, str] | None = None) -> dict[str, str]:
    return GivenMetadata({f"/{n}.mp4": {"a": value} for n, value in enumerate(values)}).kinds(held or {})


def test_a_column_has_one_kind() -> None:
    assert kinds(1, None, 2) == {"a": "int"}
    assert kinds(1, 2.5) == kinds(2.5, 1) == {"a": "float"}
    assert kinds(None) == {}
    assert kinds(3, held={"a": "float"}) == {"a": "float"}
    assert kinds(3, held={"b": "str"}) == {"a": "int"}
    assert kinds(3.0, held={"a": "int"}) == {"a": "int"}


@pytest.mark.parametrize(
    ("values", "held", "says"),
    [
        ([1, "x"], {}, r"column a holds values of int, as 1 of /0\.mp4 is, and /1\.mp4 has 'x', a value of str; give"),
        ([True, 1], {}, r"column a holds values of bool, as True of /0\.mp4 is, and /1\.mp4 has 1, a value of int"),
        ([2.5], {"a": "int"}, r"column a holds values of int, and /0\.mp4 has 2\.5, a value of float"),
        (["x"], {"a": "datetime"}, "column a holds values of datetime, and /0"),
        ([1], {"A": "int"}, "there is a column A, and conditions do not tell it from a"),
    ],
)
def test_a_conflict_names_column_file_and_value(values: list[Any], held: dict[str, str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        kinds(*values, held=held)


def test_names_are_checked_even_without_a_value() -> None:
    with pytest.raises(InputError, match="a column named path is framecue's own"):
        GivenMetadata({"/a.mp4": {"path": None}}).kinds({})


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(), st.datetimes(), st.binary()
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), SCALARS))
def test_any_value_is_plain_or_refused(values: dict[str, Any]) -> None:
    try:
        found = read({"/a.mp4": values}).by_path["/a.mp4"]
    except InputError:
        return
    for value in found.values():
        assert value is None or kind_of(value)
    assert set(found) == set(values)
