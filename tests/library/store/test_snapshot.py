from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from framecue.library.state import FileState
from framecue.library.store import Snapshot, Store
from framecue.library.store.records import Copy, Held
from framecue.library.store.snapshot import CAPTION_COLUMN, HELD_COLUMNS, held_of

STATE = FileState(1, 2.0)
# path -> (content, size, sidecars), number of segments
FILES = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.tuples(st.tuples(st.text("ab", max_size=3), st.integers(0, 5), st.none() | st.text("xy")), st.integers(1, 4)),
)


def held(video_id: str, num_segments: int) -> Held:
    return Held(video_id, STATE, 60.0, num_segments)


@given(files=FILES, order=st.randoms(use_true_random=False))
def test_rows_are_folded_by_file(files, order) -> None:
    rows = [(path, *file) for path, (file, number) in files.items() for _ in range(number)]
    order.shuffle(rows)
    table = pa.table(
        {
            "path": pa.array([row[0] for row in rows], pa.string()),
            "video_id": pa.array([row[1] for row in rows], pa.string()),
            "size_bytes": pa.array([row[2] for row in rows], pa.int64()),
            "modified_seconds": pa.array([float(row[2]) / 2 for row in rows], pa.float64()),
            "duration_seconds": pa.array([60.0] * len(rows), pa.float64()),
            "sidecars": pa.array([row[3] for row in rows], pa.string()),
            "kind": pa.array(["image" if row[2] % 2 else None for row in rows], pa.string()),
            "reading": pa.array([row[2] % 3 or None for row in rows], pa.int64()),
            "object_tag": pa.array([f'"{row[1]}"' if row[2] % 2 else None for row in rows], pa.string()),
        }
    )
    assert table.schema.names == list(HELD_COLUMNS)
    expected = {
        path: Held(
            video_id,
            FileState(size_bytes, size_bytes / 2, f'"{video_id}"' if size_bytes % 2 else None),
            60.0,
            number,
            sidecars,
            "image" if size_bytes % 2 else "video",
            size_bytes % 3 or None,
        )
        for path, ((video_id, size_bytes, sidecars), number) in sorted(files.items(), key=lambda item: item[0].encode())
    }
    folded = held_of(table)
    assert folded == expected
    assert list(folded) == list(expected)


def test_a_file_has_captions_where_any_of_its_rows_has_one() -> None:
    columns = {
        "path": ["/a", "/b", "/b", "/c"],
        "video_id": ["one", "two", "two", "three"],
        "size_bytes": [1, 2, 2, 3],
        "modified_seconds": [1.0, 2.0, 2.0, 3.0],
        "duration_seconds": [1.0, 2.0, 2.0, 3.0],
        "sidecars": [None] * 4,
    }
    rows = pa.table(columns)

    told = held_of(rows.append_column(CAPTION_COLUMN, pa.array([False, True, False, True])))

    assert {path: held.has_captions for path, held in told.items()} == {"/a": False, "/b": True, "/c": True}
    assert not any(held.has_captions for held in held_of(rows).values())


def test_where_rows_of_a_file_differ_the_last_counts() -> None:
    columns = {
        "path": ["/b", "/a", "/b"],
        "video_id": ["one", "two", "three"],
        "size_bytes": [1, 2, 3],
        "modified_seconds": [1.0, 2.0, 3.0],
        "duration_seconds": [1.0, 2.0, 3.0],
        "sidecars": pa.array(["x", None, None], pa.string()),
    }
    assert held_of(pa.table(columns)) == {
        "/a": Held("two", FileState(2, 2.0), 2.0, 1, None),
        "/b": Held("three", FileState(3, 3.0), 3.0, 2, None),
    }


def test_an_empty_library() -> None:
    snapshot = Snapshot()
    assert (snapshot.held, snapshot.copies, snapshot.paths) == ({}, {}, [])
    assert (snapshot.num_videos, snapshot.num_segments) == (0, 0)


def test_it_follows_what_is_committed() -> None:
    snapshot = Snapshot({"/a": held("A", 2), "/b": held("B", 3)}, {"/c": Copy("A", STATE)})
    assert (snapshot.num_videos, snapshot.num_segments) == (2, 5)
    snapshot.put("/b", held("B2", 1))
    snapshot.put("/d", held("D", 4))
    snapshot.drop("/a")
    snapshot.drop("/none")
    assert {path: item.video_id for path, item in snapshot.held.items()} == {"/b": "B2", "/d": "D"}
    assert (snapshot.num_videos, snapshot.num_segments) == (2, 5)
    snapshot.note("/e", Copy("D", STATE))
    snapshot.note("/b", Copy("D", STATE))
    snapshot.forget("/c")
    snapshot.forget("/none")
    assert snapshot.copies == {"/e": Copy("D", STATE), "/b": Copy("D", STATE)}
    assert snapshot.paths == ["/b", "/d", "/e"]


def test_contents_are_known_by_all_their_files_as_they_change() -> None:
    def paths(snapshot: Snapshot) -> dict[str, list[str]]:
        return {video_id: [file.path for file in each.files] for video_id, each in snapshot.contents.items()}

    snapshot = Snapshot({"/b": held("B", 1), "/a": held("A", 1)}, {"/0": Copy("A", STATE), "/x": Copy("gone", STATE)})
    assert list(paths(snapshot).items()) == [("A", ["/a", "/0"]), ("B", ["/b"])]
    snapshot.put("/b", held("C", 1))
    snapshot.note("/y", Copy("C", STATE))
    assert paths(snapshot) == {"A": ["/a", "/0"], "C": ["/b", "/y"]}
    snapshot.forget("/0")
    snapshot.drop("/b")
    assert paths(snapshot) == {"A": ["/a"]}
    assert snapshot.content("A") == snapshot.contents["A"]
    assert snapshot.content("C") is None
    # A run that was killed may leave a note about a path that has rows.
    snapshot.note("/a", Copy("A", STATE))
    assert paths(snapshot) == {"A": ["/a"]}


def test_it_does_not_change_what_it_was_made_of_and_cannot_be_changed_from_outside() -> None:
    there = {"/a": held("A", 1)}
    snapshot = Snapshot(there)
    view = snapshot.held
    snapshot.put("/b", held("B", 1))
    assert list(there) == ["/a"]
    assert list(view) == ["/a", "/b"]
    assert not hasattr(view, "pop")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.integers(1, 5)), max_size=20))
def test_the_counts_are_always_those_of_what_is_held(steps: list[tuple[str, int | None]]) -> None:
    snapshot = Snapshot({"a": held("A", 7)})
    for path, number in steps:
        if number is None:
            snapshot.drop(path)
        else:
            snapshot.put(path, held("X", number))
        assert snapshot.num_videos == len(snapshot.held)
        assert snapshot.num_segments == sum(item.num_segments for item in snapshot.held.values())


def test_a_library_gives_all_that_it_holds(make_store) -> None:
    store: Store = make_store([{"path": "/b.mp4"}, {"path": "/b.mp4", "start_seconds": 2.0}, {"path": "/a.mp4"}])
    store.note_copies({"/c.mp4": Copy("id of /a.mp4", STATE)})
    snapshot = store.snapshot()
    assert (snapshot.held, snapshot.copies) == (store.held(), store.copies())
    assert snapshot.paths == ["/a.mp4", "/b.mp4", "/c.mp4"]
    assert (snapshot.num_videos, snapshot.num_segments) == (2, 3)
