"""How a vector search goes about it: by the approximate index or vector by vector, and when a condition is looked at.

All of it follows from how many rows there are, how many results are wanted, and how many rows a condition leaves.
`benchmarks/ann.py` measures what is chosen here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from lancedb.index import IndexConfig
from lancedb.query import LanceVectorQueryBuilder

from framecue.library.store.index import VECTOR, rows_per_partition, vector_index
from framecue.library.store.table import Table

__all__ = ["Way", "ways"]

# The number of partitions that are looked at grows with the square root of the number there are. Texts lie apart from
# pictures in CLIP's space, so the vectors nearest to a text are spread over more partitions than those nearest to a
# picture.
LEAST_PROBES, PROBES_OF_ROOT = 10, 8.0
# How many candidates' vectors are read for each result, and how many at least.
CANDIDATES_PER_RESULT, LEAST_CANDIDATES = 2, 100
# If more than this share of the rows is wanted, reading the candidates one by one takes as long as reading all rows.
MOST_SHARE = 0.01
# If indexes know that a condition leaves a smaller share of the rows than the first, and no more rows than the second,
# every row that it leaves is looked at: no fewer are near the query in so few of the index's partitions.
LEAST_SHARE, MOST_LOOKED_AT = 0.1, 20_000
# If they know that it leaves a larger share than this, the rows nearest to the query are found first, and those of them
# kept that pass. Telling the index which rows pass takes longer, as they are many.
SHARE_FILTERED_LATER = 0.2
# So many more are found than would do if as many passed near the query as anywhere.
_MARGIN, _LEAST_MORE = 1.3, 20
# Where no index knows a condition, it is compared with so many of the nearest rows first. As large a share of those
# passes as says how many are then found; if it takes more than this share of all rows, every row is compared.
_MOST_TRIED, MOST_SHARE_FOUND = 200, 0.03
# What passes lies farther away than as many others, so in more partitions: with this power of how rare it is, few are
# missed (`benchmarks/ann.py`, "a glob"; with 0.5 none is, and it takes a tenth longer).
_PROBES_OF_RARITY = 0.25
# Of so many rows, those that are nearest by their codes hold those that are nearest.
_FOUND_BY_CODES = 1000


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to search.

    Attributes:
        probes: how many partitions of the index are looked at; None to look at every vector instead.
        goes_on: whether more partitions are looked at, all of them if need be, until there are enough results.
        num_found: how many rows LanceDB is asked for.
        refine_factor: how many candidates' vectors are read for each of these; 0 if they are found by their codes
            alone, so that no vector of a row that does not pass is read.
        filters_later: whether the condition is looked at for these rows alone.
        enough: with so many results or more, no other way has to be tried.
        most_found: how many rows :meth:`again` may find; 0 where this way is not tried again.
    """

    num_found: int
    probes: int | None = None
    goes_on: bool = False
    refine_factor: int = 1
    filters_later: bool = False
    enough: int = 0
    most_found: int = 0

    def again(self, num_passing: int) -> Way | None:
        """Return this way with as many rows as it takes if as many pass as of those that it has found, else None.

        Args:
            num_passing: how many of the rows that it has found pass.
        """
        if not num_passing or num_passing >= self.enough:
            return None
        num_found = math.ceil(_MARGIN * self.enough * self.num_found / num_passing) + _LEAST_MORE
        if num_found > self.most_found:
            return None
        assert self.probes is not None  # ways without an index are not tried again
        probes = math.ceil(self.probes * (self.num_found / num_passing) ** _PROBES_OF_RARITY)
        return replace(
            self, num_found=num_found, probes=probes, refine_factor=_least_refine_factor(num_found), most_found=0
        )

    def apply(self, search: LanceVectorQueryBuilder, where: str | None) -> LanceVectorQueryBuilder:
        """Set up LanceDB's builder, which has the vector."""
        if where is not None:
            search = search.where(where, prefilter=not self.filters_later)
        search = search.limit(self.num_found)
        if self.probes is None:
            return search.bypass_vector_index()
        # A maximum of 0 means none.
        search = search.minimum_nprobes(self.probes).maximum_nprobes(0 if self.goes_on else self.probes)
        return search.refine_factor(self.refine_factor) if self.refine_factor else search


def ways(table: Table, *, limit: int, where: str | None = None, exact: bool = False) -> list[Way]:
    """Return the ways to search a table, to be tried one after the other until one finds enough.

    Args:
        table: of segments.
        limit: how many results are wanted.
        where: a condition; None for none.
        exact: whether to look at every vector even if there is an index.

    Raises:
        LibraryError: the library cannot be read.
    """
    num_rows = table.count()
    index = None if exact or limit > MOST_SHARE * num_rows else table.read(lambda: vector_index(table))
    every = Way(num_found=limit)
    if index is None:
        return [every]
    probes = _probes(index, num_rows)
    by_index = Way(num_found=limit, probes=probes, refine_factor=_refine_factor(limit))
    if where is None:
        return [by_index]
    num_passing = _num_passing(table, where)
    if num_passing is None:
        # How many pass could be counted only by reading what the condition names of all rows. So it is tried whether
        # enough of the nearest ones pass; if not, all are read, once.
        found = min(4 * limit + _LEAST_MORE, max(limit, _MOST_TRIED))
        through = _filtering(by_index, probes=2 * probes, goes_on=True)
        first = _later(by_index, num_found=found, enough=limit, num_rows=num_rows)
        return [*(replace(way, most_found=int(MOST_SHARE_FOUND * num_rows)) for way in first), through]
    share = num_passing / num_rows
    if share < LEAST_SHARE and num_passing <= MOST_LOOKED_AT:
        return [every]
    enough = min(limit, num_passing)
    probes = math.ceil(probes / math.sqrt(share))
    first = [_filtering(by_index, probes=probes, enough=enough), _filtering(by_index, probes=probes, goes_on=True)]
    if share < SHARE_FILTERED_LATER:
        return first
    num_found = math.ceil(_MARGIN * limit / share) + _LEAST_MORE
    return [*_later(by_index, num_found=num_found, enough=enough, num_rows=num_rows), *first]


def _later(way: Way, *, num_found: int, enough: int, num_rows: int) -> list[Way]:
    """Return the way that finds rows first and keeps those that pass; none if that means too many rows."""
    if num_found > MOST_SHARE * num_rows:
        return []
    refine_factor = _least_refine_factor(num_found)
    return [Way(num_found=num_found, probes=way.probes, refine_factor=refine_factor, filters_later=True, enough=enough)]


def _filtering(way: Way, *, probes: int, goes_on: bool = False, enough: int = 0) -> Way:
    return Way(num_found=way.num_found, probes=probes, goes_on=goes_on, refine_factor=way.refine_factor, enough=enough)


def _least_refine_factor(num_found: int) -> int:
    return 0 if num_found >= _FOUND_BY_CODES else max(1, math.ceil(LEAST_CANDIDATES / num_found))


def _refine_factor(limit: int) -> int:
    return max(CANDIDATES_PER_RESULT, math.ceil(LEAST_CANDIDATES / limit))


def _probes(index: IndexConfig, num_rows: int) -> int:
    """Return how many partitions of an index are looked at; those of an older framecue are larger."""
    details = index.index_details or {}
    num_each = int(details.get("target_partition_size", rows_per_partition(num_rows)))
    return math.ceil(max(LEAST_PROBES, PROBES_OF_ROOT * math.sqrt(num_rows / num_each)))


def _num_passing(table: Table, where: str) -> int | None:
    """Return how many rows a condition leaves, if indexes alone can tell; None otherwise."""
    plan = table.read(lambda: table.lance.search().where(where).select([VECTOR]).explain_plan())
    # LanceDB names the look-up in its plan, and what is left to be compared row by row. Should it word this otherwise
    # one day, searches are as before and only take longer.
    is_known = "ScalarIndexQuery" in plan and "refine_filter=--" in plan
    return table.count(where) if is_known else None
