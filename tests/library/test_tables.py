from __future__ import annotations

import pickle
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from framecue.errors import InputError, LibraryNotFoundError
from framecue.library import Filters, Library, Query
from framecue.library.store import Store


@pytest.fixture
def library(tmp_path: Path, clips: Path, make_model) -> Library:
    made = Library(tmp_path / "l.lance", model=make_model())
    taken = datetime(2024, 5, 1, tzinfo=timezone.utc)
    made.add(
        clips,
        metadata=lambda path: {"rating": len(Path(path).stem), "taken": taken, "good": "red" in path, "place": "Rome"},
    )
    return made


def names(hits: list) -> set[str]:
    return {Path(hit.path).stem for hit in hits}


def test_own_columns_filter_and_come_with_the_hits(library: Library) -> None:
    assert names(library.search("red", filters=Filters(where="rating > 3"))) == {"blue", "green", "yellow"}
    assert names(library.search("red", filters=Filters(where="good AND place = 'Rome'"))) == {"red"}
    day = Filters(where="taken >= timestamp '2024-05-01' AND taken < timestamp '2024-05-02'")
    assert len(library.search("red", filters=day)) == 4
    (best, *_) = library.search("red")
    assert best.metadata == {
        "rating": 3,
        "taken": datetime(2024, 5, 1, tzinfo=timezone.utc),
        "good": True,
        "place": "Rome",
    }
    assert pickle.loads(pickle.dumps(best)) == best
    assert len({best, best}) == 1


def test_a_condition_with_an_unknown_column_lists_ones_own(library: Library) -> None:
    with pytest.raises(InputError, match=r"there is no column rated; columns: .*rating, taken, good, place$"):
        library.search("red", filters=Filters(where="rated > 3"))


def test_hits_without_own_columns_have_no_metadata(tmp_path: Path, clips: Path, make_model) -> None:
    library = Library(tmp_path / "plain.lance", model=make_model())
    library.add(clips)
    assert {tuple(hit.metadata) for hit in library.search("red")} == {()}
    assert library.metadata_columns == {}


def test_a_hit_has_the_text_about_its_moment(library: Library, clips: Path) -> None:
    assert {hit.text for hit in library.search("red")} == {None}
    (clips / "red.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nIt is red.\n")
    library.add(clips)
    for options in ({}, {"hybrid": True}, {"all_moments": True}):
        (best, *others) = library.search(Query("red"), **options)
        assert best.text == "It is red."
        assert {hit.text for hit in others} == {None}


def test_values_can_be_changed_without_a_model(library: Library, clips: Path) -> None:
    plain = Library(library.uri)
    report = plain.set_metadata({clips / "red.mp4": {"rating": 10, "note": "again"}, "/gone.mp4": {"rating": 1}})
    assert report.updated == 1
    assert [item.path for item in report.skipped] == ["/gone.mp4"]
    found = Store.open(library.uri).metadata()[str(clips / "red.mp4")]
    assert (found["rating"], found["note"], found["place"]) == (10, "again", "Rome")
    assert plain.set_metadata({clips / "red.mp4": {"rating": None}}).updated == 1
    assert names(library.search("red", filters=Filters(where="rating IS NULL"))) == {"red"}
    assert plain.set_metadata({clips / "red.mp4": {"rating": None}}).updated == 0
    with pytest.raises(InputError, match=r"column rating holds values of int, and .*red\.mp4 has 'x', a value of str"):
        plain.set_metadata({clips / "red.mp4": {"rating": "x"}})
    with pytest.raises(
        InputError, match=r"no values to set: /gone\.mp4: there are values for it, but the library holds"
    ):
        plain.set_metadata({"/gone.mp4": {"rating": 1}})
    assert library.search("red")[0].metadata["note"] == "again"


def test_a_copy_has_no_values_of_its_own(library: Library, clips: Path) -> None:
    copy = clips / "z.mp4"
    copy.write_bytes((clips / "red.mp4").read_bytes())
    library.add(clips, metadata={copy: {"rating": 9}})
    assert library.search("red")[0].metadata["rating"] == 3
    report = library.set_metadata({copy: {"rating": 9}, clips / "red.mp4": {"rating": 4}})
    assert [(item.path, item.reason) for item in report.skipped] == [
        (str(copy), f"it is a copy of {clips / 'red.mp4'}, whose values count")
    ]


def test_columns_can_be_taken_out(library: Library, clips: Path) -> None:
    library.drop_metadata("rating", "taken")
    assert library.metadata_columns == {"good": "bool", "place": "str"}
    assert set(library.search("red")[0].metadata) == {"good", "place"}
    library.set_metadata({clips / "red.mp4": {"rating": "high"}})
    assert library.metadata_columns["rating"] == "str"
    with pytest.raises(InputError, match="has no column path of your own"):
        library.drop_metadata("path")


def test_a_library_as_a_table(library: Library) -> None:
    table = library.to_arrow(columns=["path", "rating"], filters=Filters(where="rating > 3", path="*.mp4"))
    assert table.column("rating").to_pylist() == [4, 5, 6]
    assert library.to_arrow(vectors=True).column("vector").type.list_size == 4
    assert "vector" not in library.to_arrow().column_names
    batches = list(library.to_batches(columns=["path"], batch_rows=3))
    assert sorted(path for batch in batches for path in batch.column("path").to_pylist()) == sorted(
        library.to_arrow().column("path").to_pylist()
    )


def test_what_makes_no_table(library: Library, tmp_path: Path) -> None:
    for wrong in (0, 1.5, True):
        with pytest.raises(InputError, match=f"batch_rows is {wrong}; it must be a whole number, 1 or more"):
            library.to_batches(batch_rows=wrong)
    with pytest.raises(InputError, match="there is no column rated"):
        library.to_arrow(filters=Filters(where="rated > 3"))
    with pytest.raises(InputError, match="there is no column 'rated'"):
        library.to_arrow(columns=["rated"])
    with pytest.raises(InputError, match="filters is 'x'; it must be Filters, or None"):
        library.to_arrow(filters="x")  # type: ignore[arg-type]
    with pytest.raises(LibraryNotFoundError):
        Library(tmp_path / "none.lance").to_arrow()
    with pytest.raises(LibraryNotFoundError):
        Library(tmp_path / "none.lance").set_metadata({"/a.mp4": {"a": 1}})
    assert not (tmp_path / "none.lance").exists()


def test_without_pandas_the_message_names_it(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match=r"^to_pandas needs pandas, .*; pip install pandas, or use to_arrow\(\)$"):
        library.to_pandas()


def test_with_pandas_it_is_a_frame(library: Library) -> None:
    pandas = pytest.importorskip("pandas")
    library.set_metadata({str(Path(library.to_arrow().column("path")[0].as_py())): {"rating": None}})
    frame = library.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["rating"].dtype == "float64"  # for the missing one, so whole numbers are floats now
    frame = frame.dropna(subset=["rating"])
    frame["rating"] = frame["rating"] + 1
    assert library.set_metadata(frame[["path", "rating"]]).updated == 3
    assert library.to_pandas()["rating"].dropna().tolist() == frame["rating"].tolist()
    assert library.metadata_columns["rating"] == "int"


def test_a_condition_that_fails_for_a_row(library: Library) -> None:
    filters = Filters(where="cast(path as int) > 1")
    for ask in (
        lambda: library.search("red", filters=filters),
        lambda: library.count_videos(filters),
        lambda: library.to_arrow(filters=filters),
        lambda: list(library.to_batches(filters=filters)),
    ):
        with pytest.raises(InputError, match=r"the condition \(where\) .* cannot be used: .*(?i:cannot cast string)"):
            ask()


@pytest.mark.parametrize("batch_rows", [2**31, 2**63, 10**30])
def test_batches_of_any_size(library: Library, batch_rows: int) -> None:
    assert sum(batch.num_rows for batch in library.to_batches(batch_rows=batch_rows)) == library.to_arrow().num_rows
