from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace

import lancedb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.library import Filters
from framecue.library.files.exclude import Exclude
from framecue.library.search.filters import glob_pattern
from framecue.library.store.paths import forget_paths, matching_paths
from framecue.library.store.sql import quoted
from framecue.library.store.table import Table

# Signs that mean something to SQL, to LIKE, to regular expressions, to globs, and a few that mean nothing.
LETTERS = "aB%_'\"\\[]!-*?.+^$(){}|&~#<>\n \u00e9\u65e5;`"


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in Berlin."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="module")
def choose():
    """Ask LanceDB itself which of some paths pass a condition."""
    database = lancedb.connect("memory://")

    def choose(paths: list[str], condition: str | None) -> set[str]:
        table = database.create_table("t", pa.table({"path": pa.array(paths, pa.string())}), mode="overwrite")
        search = table.search().limit(len(paths))
        return set((search if condition is None else search.where(condition)).to_arrow()["path"].to_pylist())

    return choose


def named(paths: list[str], glob: str) -> set[str]:
    """Which of some paths a glob matches where a library's paths are known, instead of in LanceDB."""
    forget_paths()
    lance = SimpleNamespace(list_indices=lambda: [SimpleNamespace(columns=["path"])], search=lambda: lance)
    lance.select, lance.to_arrow = lambda _: lance, lambda timeout: pa.table({"path": pa.array(paths, pa.string())})
    for _ in range(2):
        found = matching_paths(Table("a.lance", lance), 1, glob_pattern(glob), most=len(paths))  # type: ignore[arg-type]
    forget_paths()
    assert found is not None
    return set(found)


names = st.text(LETTERS, min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))
some_paths = st.lists(names, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


@settings(max_examples=40, deadline=None)
@given(st.lists(some_paths, min_size=1, max_size=12), some_paths)
@example(["/a%/x", "/aB/x", "/a%x", "/a%"], "/a%")
@example(["/it's/x", "/it''s/x"], "/it's")
@example(["/a\\/x", "/a/x"], "/a\\")
def test_a_folder_means_what_is_below_it_whatever_its_name(choose, paths: list[str], folder: str) -> None:
    paths = [*paths, f"{folder}/below", f"{folder}beside", folder]
    assert choose(paths, Filters(folder=folder).condition()) == {
        path for path in paths if path.startswith(f"{folder}/")
    }


def matches(parts: tuple[str, ...], glob: tuple[str, ...]) -> bool:
    if not glob:
        return True  # a folder that matches: and all below it
    if glob[0] == "**":
        return any(matches(parts[start:], glob[1:]) for start in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], glob[0]) and matches(parts[1:], glob[1:])


globs = st.lists(
    st.one_of(st.just("**"), names, st.sampled_from(["*", "a*", "?", "[!a]", "[a-c]*", "[]a]", "[!]]", "*.mp4"])),
    min_size=1,
    max_size=3,
).map("/".join)


@settings(max_examples=50, deadline=None)
@given(st.lists(some_paths, min_size=1, max_size=12), globs, st.booleans())
@example(["/a/[b]", "/a/b"], "[[]b]", False)
@example(["/a\\b/c.mp4"], "a\\b", False)
@example(["/x/y", "/x"], "x", True)
@example(["/+/9", "/x"], "[+-9]", False)
@example(["/a/b", "/a.b"], "a[+-9]b", False)
@example(["/a", "/a/b", "/b"], "a/**", True)
@example(["/a/a", "/a/b/a", "/a"], "a/**/a/**/**", True)
def test_globs_mean_what_fnmatch_says_name_by_name(choose, paths: list[str], glob: str, is_whole: bool) -> None:
    if not glob.strip("/. ") or glob.startswith(("~", "./")):
        return
    # Text that is in the glob as well, so that something matches.
    paths = [*paths, f"/top/{glob}".replace("**", "x/y"), "/" + glob.replace("**", "z")]
    wanted = tuple(part for part in glob.split("/") if part != ".")
    expected = set()
    for path in paths:
        parts = tuple(path[1:].split("/"))
        starts = range(1 if is_whole else len(parts))
        if any(matches(parts[start:], wanted) for start in starts):
            expected.add(path)
    found = choose(paths, Filters(path=f"/{glob}" if is_whole else glob).condition())
    assert found == expected
    assert named(paths, f"/{glob}" if is_whole else glob) == expected


sets = st.builds("[{}{}]".format, st.sampled_from(["", "!"]), st.text(LETTERS, min_size=1, max_size=4))
signs = st.one_of(st.sampled_from([*LETTERS, "*", "?"]), sets)
name_globs = st.one_of(st.just("**"), st.lists(signs, min_size=1, max_size=5).map("".join))


@settings(max_examples=50, deadline=None)
@given(st.lists(some_paths, min_size=10, max_size=30), st.lists(name_globs, min_size=1, max_size=3).map("/".join))
@example(["/a\nb/c", "/a\nb/x", "/x\n", "/a/x/\n"], "/x")
@example(["/a/b", "/a+b", "/a.b", "/a0b"], "a[+-9]b")
def test_a_search_and_an_indexing_run_mean_the_same_by_a_glob(choose, paths: list[str], glob: str) -> None:
    glob = f"/{glob}"
    if not glob.strip("/. "):
        return
    exclude = Exclude([glob])
    expected = set()
    for path in paths:
        ways = ["/".join(path.split("/")[:end]) for end in range(2, path.count("/") + 2)]
        if any(exclude(way, root="/") for way in ways):
            expected.add(path)
    assert choose(paths, Filters(path=glob).condition()) == expected
    assert named(paths, glob) == expected


def test_files_that_were_looked_up_are_named(choose) -> None:
    paths = ["/a/it's.mp4", "/a/b.mp4", "/a/c.mp4"]
    filters = Filters(path="*.mp4", folder="/a")
    assert choose(paths, filters.condition(paths=paths[:2])) == set(paths[:2])
    assert choose(paths, filters.condition(paths=[])) == set()


@pytest.mark.parametrize("glob", ["x", "/a?b/x", "**/x", "[!a]", "/a\nb/x", "/*/x"])
def test_names_may_hold_newlines(choose, glob: str) -> None:
    assert choose(["/a\nb/x", "/a\nb/x/c\nd", "/a"], Filters(path=glob).condition()) == {"/a\nb/x", "/a\nb/x/c\nd"}


def test_many_stars_are_looked_for_in_a_moment(choose) -> None:
    # As many as would keep an engine that tries out each split busy for good.
    paths = ["/" + "/".join("a" * 25) + "/yes.mp4", "/" + "a" * 3000]
    assert choose(paths, Filters(path="**/a/" * 25 + "yes.mp4").condition()) == {paths[0]}
    assert choose(paths, Filters(path="**/a/" * 25 + "no.mp4").condition()) == set()
    assert choose(paths, Filters(path="*a" * 40 + "b").condition()) == set()


def test_a_glob_without_a_slash_is_a_name_at_any_depth_and_case_counts(choose) -> None:
    paths = ["/a/b.mp4", "/a/B.MP4", "/b.mp4/c.avi", "/a/xb.mp4"]
    assert choose(paths, Filters(path="b.mp4").condition()) == {"/a/b.mp4", "/b.mp4/c.avi"}


def test_home_in_globs_and_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/me")
    monkeypatch.chdir(tmp_path)
    assert glob_pattern("~/x") == glob_pattern("/me/x")
    assert Filters(folder="~/x").condition() == "starts_with(path, '/me/x/')"
    assert Filters(folder="x/../y").condition() == f"starts_with(path, {quoted(f'{tmp_path}/y/')})"
    assert Filters(folder="/").condition() == "starts_with(path, '/')"


def test_numbers_and_dates(berlin: None) -> None:
    def seconds(*parts: int, zone: timezone) -> float:
        return datetime(*parts, tzinfo=zone).timestamp()  # type: ignore[arg-type]

    winter, summer = timezone(timedelta(hours=1)), timezone(timedelta(hours=2))
    filters = Filters(longer_than_seconds=5, shorter_than_seconds=7.25, after="2024-01-31", before="2024-06-01T18:30")
    first = f">= {seconds(2024, 1, 31, zone=winter)!r}"
    last = f"< {seconds(2024, 6, 1, 18, 30, zone=summer)!r}"
    assert filters.condition() == (
        "duration_seconds > 5.0 AND duration_seconds < 7.25 "
        f"AND ((recorded_seconds {first} AND recorded_seconds {last}) "
        f"OR (recorded_seconds IS NULL AND modified_seconds {first} AND modified_seconds {last}))"
    )
    utc = seconds(2024, 6, 1, 18, zone=timezone.utc)
    for text in ("2024-06-01T18:00Z", "2024-06-01T18:00+00:00", "2024-06-01 20:00", datetime(2024, 6, 1, 20)):
        assert Filters(after=text).condition() == (
            f"((recorded_seconds >= {utc!r}) OR (recorded_seconds IS NULL AND modified_seconds >= {utc!r}))"
        )
        assert Filters(after=text).condition(complete={"recorded_seconds"}) == f"recorded_seconds >= {utc!r}"
        assert Filters(after=text).condition(["modified_seconds"]) == f"modified_seconds >= {utc!r}"
    assert Filters(after=date(2024, 6, 1)).condition() == Filters(after="2024-06-01").condition()


def test_nothing_filters_nothing() -> None:
    assert Filters().condition() is None


def test_a_condition_stays_one_beside_the_others(choose) -> None:
    both = Filters(folder="/a", where="path = '/b/x' OR path = '/a/x'").condition()
    assert choose(["/a/x", "/b/x", "/a/y"], both) == {"/a/x"}


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("", "is empty"),
        ("1=1) OR (1=1", "its parentheses do not match"),
        ("(1=1", "its parentheses do not match"),
        ("path = 'x' -- '", "-- has no place in it"),
        ("path = 'x'; DROP TABLE segments", "; has no place in it"),
        ("path = /* x */ 'y'", r"/\* has no place in it"),
        ("path = $$x$$", r"\$ has no place in it"),
        ("path = 'x", "a ' is not closed"),
        ('path = "x', 'a " is not closed'),
    ],
)
def test_sql_that_would_not_stay_in_its_place_is_refused(where: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        Filters(where=where)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["path = 'a;b--c/*d$)('", "\"path\" = 'it''s'", "`path` LIKE '%(%'"])
def test_what_is_in_quotes_is_text(where: str) -> None:
    assert Filters(where=where).condition() == f"({where})"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"folder": ""}, "the name of the folder is empty"),
        ({"path": ""}, "the glob of paths is ''"),
        ({"path": "/"}, "the glob of paths is '/'"),
        ({"path": 3}, "the glob of paths is 3"),
        ({"longer_than_seconds": -1}, "longer_than_seconds is -1; it must be a number of seconds"),
        ({"shorter_than_seconds": float("nan")}, "shorter_than_seconds is nan"),
        ({"longer_than_seconds": 5, "shorter_than_seconds": 5}, "no video lasts longer than 5 s and less than 5 s"),
        ({"after": "soon"}, "after is 'soon', which is no date; write 2024-05-31"),
        ({"before": "2024-13-01"}, "before is '2024-13-01', which is no date"),
        ({"after": 3}, "after is 3, which is no date"),
        (
            {"after": "2024-02-01", "before": "2024-01-01"},
            "no file was recorded after 2024-02-01 and before 2024-01-01",
        ),
    ],
)
def test_filters_that_make_no_sense(options, says: str) -> None:
    with pytest.raises(InputError, match=says):
        Filters(**options)


def test_a_folder_is_a_path_too() -> None:
    assert os.sep == "/"
    assert Filters(folder=Path("/a")).condition() == Filters(folder="/a/").condition()
