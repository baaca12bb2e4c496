from __future__ import annotations

from types import SimpleNamespace

import pytest

from framecue.library.store import tuning
from framecue.library.store.table import Table
from framecue.library.store.tuning import Way, ways


def table(num_rows: int, passing: int = 0, *, is_known: bool = True, **details: int) -> Table:
    """A table of so many rows, of which so many pass whatever is asked; its index has details."""
    plan = f"LanceRead: refine_filter={'--' if is_known else 'path'}\n  ScalarIndexQuery: query=[...]"
    search = SimpleNamespace(explain_plan=lambda: plan)
    search.where = search.select = lambda _: search
    index = SimpleNamespace(columns=["vector"], index_details=details)
    lance = SimpleNamespace(
        count_rows=lambda where=None: num_rows if where is None else passing,
        list_indices=lambda: [index],
        search=lambda: search,
    )
    return Table("films.lance", lance)  # type: ignore[arg-type]


def test_without_an_index_or_for_many_results_every_vector_is_looked_at() -> None:
    every = Way(num_found=10)
    assert ways(table(1_000_000), limit=10, exact=True) == [every]
    assert ways(table(900), limit=10) == [every]
    bare = table(1_000_000)
    bare.lance.list_indices = list  # type: ignore[method-assign]
    assert ways(bare, limit=10, where="x") == [every]


def test_the_probes_follow_the_partitions_of_the_index_that_is_there() -> None:
    (now,) = ways(table(1_000_000, target_partition_size=1000), limit=10)
    (older,) = ways(table(1_000_000, target_partition_size=4096), limit=10)
    (untold,) = ways(table(1_000_000), limit=10)
    assert (now.probes, older.probes, untold.probes) == (253, 125, 250)
    assert (now.num_found, now.refine_factor, now.goes_on) == (10, 10, False)


@pytest.mark.parametrize(
    ("passing", "expected"),
    [
        (0, ["every"]),
        (20_000, ["every"]),
        (20_001, ["by index", "goes on"]),
        (150_000, ["by index", "goes on"]),
        (200_000, ["later", "by index", "goes on"]),
        (1_000_000, ["later", "by index", "goes on"]),
    ],
)
def test_what_a_condition_leaves_says_when_it_is_looked_at(passing: int, expected: list[str]) -> None:
    found = ways(table(1_000_000, passing), limit=512, where="x")
    named = [
        "every" if way.probes is None else "later" if way.filters_later else "goes on" if way.goes_on else "by index"
        for way in found
    ]
    assert named == expected
    assert [way.enough for way in found] == [*[512] * (len(found) - 1), 0]
    if expected[0] == "later":
        assert found[0].num_found >= 512 * 1_000_000 / passing


def test_what_indexes_do_not_know_is_not_counted() -> None:
    unknown = table(1_000_000, is_known=False)
    unknown.lance.count_rows = lambda where=None: 1_000_000 if where is None else pytest.fail("read for a count")
    later, through = ways(unknown, limit=10, where="x")
    assert (later.filters_later, later.enough, through.goes_on) == (True, 10, True)
    assert tuning.MOST_SHARE * 1_000_000 > later.num_found > 10
    # However many are wanted, it is seen by few how large a share passes.
    assert ways(unknown, limit=5000, where="x")[0].num_found == 5000
    assert ways(unknown, limit=150, where="x")[0].num_found == 200


def test_as_many_rows_are_found_as_it_takes_if_so_many_pass() -> None:
    later = ways(table(1_000_000, is_known=False), limit=512, where="x")[0]
    assert later.again(0) is None
    assert later.again(512) is None
    more = later.again(51)
    assert more is not None
    assert more.num_found >= 512 * 512 / 51
    assert (more.filters_later, more.enough, more.again(1)) == (True, 512, None)
    # What passes is spread over more partitions than as many others.
    assert later.probes is not None
    assert more.probes is not None
    assert later.probes < more.probes < later.probes * 512 / 51
    # So many that they are found by their codes alone; few are compared by their vectors.
    assert more.refine_factor == 0
    fewer = ways(table(1_000_000, is_known=False), limit=10, where="x")[0].again(5)
    assert fewer is not None
    assert fewer.refine_factor == 1
    # Where hardly any pass, comparing every row takes no longer.
    assert later.again(5) is None
