from __future__ import annotations

from pathlib import Path

import pytest

from framecue.errors import InputError, LibraryError, LibraryNotFoundError
from framecue.library.store import normal_uri
from framecue.library.store.lock import LOCK_FILE
from framecue.library.store.place import check_free, check_there, is_begun
from framecue.library.store.table import TABLE
from support.object_server import Bucket


def test_normal_uri_makes_local_places_absolute_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert normal_uri("a/../x.lance") == str(tmp_path / "x.lance")
    assert normal_uri(Path("~/x.lance")) == str(tmp_path / "home" / "x.lance")
    assert normal_uri("s3://bucket/x.lance") == "s3://bucket/x.lance"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("S3://bucket//films//x.lance/", "s3://bucket/films/x.lance"),
        ("s3://bucket/my films.lance", "s3://bucket/my films.lance"),
        ("gs://bucket", "gs://bucket"),
        ("file:///films/a%20b.lance", "/films/a b.lance"),
        ("file://localhost/films/x.lance/", "/films/x.lance"),
    ],
)
def test_the_url_of_a_library_has_one_form(written: str, normal: str) -> None:
    assert normal_uri(written) == normal


@pytest.mark.parametrize("odd", ["s3://bucket/a#b", "s3://bucket/a%20b", "gs://bucket/what?"])
def test_a_url_that_lancedb_would_read_otherwise_is_refused(odd: str) -> None:
    with pytest.raises(InputError, match=r"a library's URL cannot have '[#%?]' in it; name another place"):
        normal_uri(odd)


def test_in_an_object_store_a_library_is_where_its_table_has_a_commit(bucket: Bucket) -> None:
    uri = f"{bucket.url}/x.lance"
    bucket.put(f"x.lance/{TABLE}.lance/data/left-behind.lance", b"")
    bucket.put("x.lance/.framecue.lease", b"")
    check_free(uri)
    assert not is_begun(uri)
    with pytest.raises(LibraryNotFoundError, match="make one with `framecue index PATH --library"):
        check_there(uri)
    bucket.put(f"x.lance/{TABLE}.lance/_versions/1.manifest", b"")
    check_there(uri)
    assert is_begun(uri)
    with pytest.raises(LibraryError, match="exists already and cannot become a new library; name another place"):
        check_free(uri)


@pytest.mark.parametrize("left", [[], [LOCK_FILE], [LOCK_FILE, f"{TABLE}.lance/_transactions/"]])
def test_what_a_killed_run_leaves_before_its_first_commit_is_a_free_place(tmp_path: Path, left: list[str]) -> None:
    place = tmp_path / "x.lance"
    for name in left:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).mkdir() if name.endswith("/") else (place / name).touch()
    with pytest.raises(LibraryNotFoundError, match="make one with `framecue index PATH --library"):
        check_there(str(place))
    check_free(str(place))
    assert place.is_dir()


@pytest.mark.parametrize("there", [f"{TABLE}.lance/_versions/1.manifest", f"{TABLE}.lance/data/x", "copies.lance/x"])
def test_what_has_data_is_not_free(tmp_path: Path, there: str) -> None:
    (tmp_path / there).parent.mkdir(parents=True)
    (tmp_path / there).touch()
    with pytest.raises(LibraryError, match="exists already and cannot become a new library; name another place"):
        check_free(str(tmp_path))
