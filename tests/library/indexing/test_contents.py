"""Where each content is: what is held, what is found again, and which copy takes over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.library.files.local import LOCAL_FILES, LocalFiles
from framecue.library.indexing.contents import Contents, find_replacements
from framecue.library.state import FileState
from framecue.library.store.records import Copy, Held

ABSENT = FileState(1, 1.0)


def held(path: Path, content: str) -> Held:
    """Write a file; return what a library holds of it."""
    copy = noted(path, content)
    return Held(copy.video_id, copy.state, 1.0, 1)


def noted(path: Path, content: str) -> Copy:
    """Write a file; return the note that it is a copy."""
    path.write_text(content)
    return Copy(LOCAL_FILES.content_hash(str(path)), FileState.of(path.stat()))


def change(path: Path, content: str, *, seconds: float = 1000.0) -> None:
    path.write_text(content)
    os.utime(path, (seconds, seconds))


paths, ids = st.sampled_from(["/a", "/b", "/c"]), st.sampled_from(["X", "Y"])


@given(st.lists(st.tuples(paths, st.none() | ids), max_size=12))
def test_what_is_held_follows_what_is_put_and_dropped(steps: list[tuple[str, str | None]]) -> None:
    contents, expected = Contents({}, ()), dict[str, str]()
    for path, video_id in steps:
        if video_id is None:
            contents.drop(path)
            expected.pop(path, None)
        else:
            contents.put(path, Copy(video_id, ABSENT))
            expected[path] = video_id
        assert {path: contents.video_id(path) for path in ("/a", "/b", "/c")} == {
            path: expected.get(path) for path in ("/a", "/b", "/c")
        }
        assert contents.video_ids() == set(expected.values())
        assert [contents.has(video_id) for video_id in "XY"] == [video_id in expected.values() for video_id in "XY"]


def test_a_content_is_found_where_it_is_held_and_still_there(tmp_path: Path) -> None:
    gone, there = tmp_path / "gone.mp4", tmp_path / "there.mp4"
    items = {str(gone): held(gone, "content"), str(there): held(there, "content")}
    gone.unlink()
    video_id = items[str(there)].video_id
    contents = Contents(items, items.keys())
    assert contents.find(video_id, new_path="/new.mp4") == (str(there), True)
    there.unlink()
    # The first of those that held it: whose rows go along.
    assert contents.find(video_id, new_path="/new.mp4") == (str(gone), False)
    contents.drop(str(gone))
    assert contents.find(video_id, new_path="/new.mp4") == (str(there), False)
    contents.drop(str(there))
    assert contents.find(video_id, new_path="/new.mp4") == (None, False)
    assert contents.find("never held", new_path="/new.mp4") == (None, False)


def test_a_file_with_other_content_holds_the_old_one_no_more(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    contents = Contents({str(path): held(path, "content")}, {str(path)})
    video_id = contents.video_id(str(path))
    assert video_id is not None
    change(path, "content")  # only touched
    assert contents.find(video_id, new_path="/new.mp4") == (str(path), True)
    change(path, "CONTENT")
    assert contents.find(video_id, new_path="/new.mp4") == (str(path), False)


class NoCase(LocalFiles):
    """A file system that does not tell cases apart: the old spelling leads to the file as well."""

    def state(self, path: str) -> FileState:
        return super().state(self.real(path))

    def content_hash(self, path: str) -> str:
        return super().content_hash(self.real(path))

    def is_same(self, path: str, other: str) -> bool:
        return super().is_same(self.real(path), self.real(other))

    def real(self, path: str) -> str:
        folder = Path(path).parent
        return next((str(file) for file in folder.iterdir() if file.name.lower() == Path(path).name.lower()), path)


def test_a_file_whose_name_only_changed_case_has_moved(tmp_path: Path) -> None:
    old, new = tmp_path / "A.mp4", tmp_path / "a.mp4"
    item = held(new, "content")

    def find(files: LocalFiles, seen: set[str]) -> tuple[str | None, bool]:
        return Contents({str(old): item}, seen, files=files).find(item.video_id, new_path=str(new))

    assert find(NoCase(), {str(new)}) == (str(old), False)
    # What the run found under both names is two files, whatever they look like.
    assert find(NoCase(), {str(old), str(new)}) == (str(old), True)
    # Where the old name leads to a file of its own, that is one.
    old.write_text("content")
    assert find(LocalFiles(), {str(new)}) == (str(old), True)


def test_the_same_name_in_another_encoding_of_accents_has_moved(tmp_path: Path) -> None:
    old, new = tmp_path / "caf\u00e9.mp4", tmp_path / "cafe\u0301.mp4"
    item = held(new, "content")
    if not old.exists():
        old.symlink_to(new)  # as if the file system took both for one
    contents = Contents({str(old): item}, {str(new)})
    assert contents.find(item.video_id, new_path=str(new)) == (str(old), False)
    other = tmp_path / "tea.mp4"
    assert contents.find(item.video_id, new_path=str(other)) == (str(old), True)


def test_an_heir_is_a_copy_that_is_there_before_one_that_is_not(tmp_path: Path) -> None:
    away, changed, there, second, other = (tmp_path / f"{name}.mp4" for name in "abcde")
    copies = {str(path): noted(path, "content") for path in (away, changed, there, second)}
    copies[str(other)] = noted(other, "another")
    video_id, other_id = copies[str(there)].video_id, copies[str(other)].video_id
    away.unlink()
    change(changed, "CONTENT")

    def replacements(*video_ids: str, known: dict[str, Copy]) -> dict[str, tuple[str, Copy]]:
        return find_replacements(LOCAL_FILES, video_ids, known)

    assert replacements(video_id, known=copies) == {video_id: (str(there), copies[str(there)])}
    assert replacements(video_id, other_id, "nobody's", known=copies) == {
        video_id: (str(there), copies[str(there)]),
        other_id: (str(other), copies[str(other)]),
    }
    # Its disk may be away: better than to lose the rows. A file that has other content now is nobody's heir.
    known = {path: copies[path] for path in (str(away), str(changed))}
    assert replacements(video_id, known=known) == {video_id: (str(away), copies[str(away)])}
    assert replacements(video_id, known={str(changed): copies[str(changed)]}) == {}
    assert replacements(known=copies) == {}


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_of_copies_that_are_away_the_first_by_path_inherits(names: str) -> None:
    copies = {f"/nowhere/{name}.mp4": Copy("X", ABSENT) for name in names}
    assert find_replacements(LOCAL_FILES, {"X"}, copies) == {"X": ("/nowhere/a.mp4", Copy("X", ABSENT))}
