"""A table's files joined and its index made by a Ray cluster, by LanceDB's own tasks for it (lance-ray).

Each of as many tasks as there are workers encodes the vectors of some files (a file holds a million rows at most, so a
smaller table is one task's). What they have made is committed as segments of one index, of which then one is made. The
partitions are computed in this process, and this process commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TypedDict

from framecue.cluster.connect import check_extra, connected
from framecue.cluster.each_node import ask_each_node
from framecue.cluster.variables import store_variables
from framecue.errors import InputError, LibraryError, first_line
from framecue.library.store.index_builder import TablePlace, VectorIndexing
from framecue.object_store.stores import s3_endpoint
from framecue.paths import is_url

__all__ = ["RayIndexBuilder", "ray_index_builder"]

_TYPE = "IVF_RQ"
# What the tasks need of each node, and may not differ in: each writes files that the others and LanceDB read.
_PACKAGES = ("pylance", "lance-ray")


@contextmanager
def ray_index_builder(address: str, *, num_workers: int | None = None) -> Iterator[RayIndexBuilder]:
    """Yield what makes indexes on a cluster, connected to it until the block ends.

    Args:
        address: ``auto``, ``local`` or HOST:PORT.
        num_workers: how many tasks at once; None for as many as the cluster has cores.

    Raises:
        InputError: Ray or lance-ray is not installed, or the address is none.
        FramecueError: nobody answers there, or the nodes do not fit this machine.
    """
    check_extra()
    if find_spec("lance_ray") is None:
        raise InputError(
            "an index is made on a cluster by lance-ray, which is not installed; install the extra ray "
            '(pip install "framecue[ray]"), or leave out --ray'
        )
    with connected(address):
        import ray

        _check_nodes(address)
        yield RayIndexBuilder(num_workers or max(int(ray.cluster_resources().get("CPU", 1)), 1))


class _Training(TypedDict):
    """How an index is made, in the words of Lance's own package."""

    num_partitions: int
    metric: str
    sample_rate: int
    num_bits: int
    max_iters: int
    target_partition_size: int


class RayIndexBuilder:
    """Makes indexes on the cluster that this process is connected to; an ``IndexBuilder`` for ``Library.optimize``.

    Args:
        num_workers: how many tasks at once, 1 or more.
    """

    def __init__(self, num_workers: int) -> None:
        self.num_workers = num_workers

    def rehearse(self, place: TablePlace, indexing: VectorIndexing) -> None:
        """Do in this process, with a small table on this disk, what the others do on the cluster."""
        import lance

        table = lance.dataset(place.uri)
        table.optimize.compact_files(target_rows_per_fragment=table.count_rows())
        table.create_index(indexing.column, _TYPE, name=_name(indexing.column), **_training(indexing))

    def join_files(self, place: TablePlace) -> None:
        """Join a table's small files; each task rewrites some."""
        import lance_ray

        with _told(place):
            lance_ray.compact_files(place.uri, num_workers=self.num_workers, storage_options=_options(place))

    def make_index(self, place: TablePlace, indexing: VectorIndexing) -> None:
        """Make the index on the vectors: the partitions here, and one segment by each task."""
        import lance_ray

        with _told(place):
            lance_ray.create_index(
                place.uri,
                indexing.column,
                _TYPE,
                _name(indexing.column),
                num_workers=self.num_workers,
                num_segments=self.num_workers,
                storage_options=_options(place),
                **_training(indexing),
            )

    def merge_index(self, place: TablePlace, name: str, num_segments: int) -> None:
        """Make one segment of the several of an index; their codes are joined, not computed again."""
        import lance

        table = lance.dataset(place.uri, storage_options=_options(place))
        table.optimize.optimize_indices(index_names=[name], num_indices_to_merge=num_segments)


def _options(place: TablePlace) -> dict[str, str]:
    """Return how tasks speak to the object store: as this process does, credentials of its environment included.

    The names are those of the environment's variables in small letters, as Lance reads them.
    """
    if not is_url(place.uri):
        return dict(place.storage_options)
    options = {name.lower(): value for name, value in store_variables().items()}
    if place.uri.startswith("s3://") and (endpoint := s3_endpoint()):
        options["aws_endpoint"] = endpoint
    return options | dict(place.storage_options)


def _name(column: str) -> str:
    """Return the name that LanceDB gives to an index of a column."""
    return f"{column}_idx"


def _training(indexing: VectorIndexing) -> _Training:
    return {
        "num_partitions": indexing.num_partitions,
        "metric": indexing.distance,
        "sample_rate": indexing.sample_rate,
        "num_bits": indexing.num_bits,
        "max_iters": indexing.max_iterations,
        # Otherwise LanceDB would later join partitions until they are as large as it wants them by itself.
        "target_partition_size": indexing.rows_per_partition,
    }


@contextmanager
def _told(place: TablePlace) -> Iterator[None]:
    """Turn what tasks and Ray raise into an error that says where the table has to be.

    Raises:
        LibraryError: something did not go well on the cluster.
    """
    import ray

    try:
        yield
    except (ray.exceptions.RayError, RuntimeError, ValueError, OSError) as error:
        reason = first_line(error)
        hint = ""
        if "not found" in reason.lower() or "no such file" in reason.lower():
            hint = "; every node has to reach the library: put it into an object store, or a folder that all share"
        raise LibraryError(f"{place.uri} cannot be optimized by the cluster: {reason}{hint}") from error


def _check_nodes(address: str) -> None:
    """Raise if a node of the cluster lacks what its tasks need, or has another release of it than this machine.

    Raises:
        LibraryError: it is so; the message names the node.
    """
    wanted = _installed(_PACKAGES)
    for node, found in ask_each_node(_installed, _PACKAGES):
        if found != wanted:
            raise LibraryError(
                f"{address}: node {node['NodeManagerAddress']} has {_listed(found)}, and this machine "
                f"{_listed(wanted)}; install the same releases everywhere (pip install 'framecue[ray]')"
            )


def _installed(packages: Iterable[str]) -> dict[str, str | None]:
    """Return the releases of packages that are installed where this runs; None for one that is not."""
    found: dict[str, str | None] = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _listed(releases: Mapping[str, str | None]) -> str:
    return " and ".join(f"{name} {release or '(missing)'}" for name, release in releases.items())
