"""The runner for a cluster: the second implementation of what carries out the units of an indexing run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace

from framecue.cluster.connect import check_cluster, connected
from framecue.cluster.crew import Kind
from framecue.cluster.driving import Drive, DrivePlan
from framecue.cluster.report import ClusterReport
from framecue.cluster.resources import Staff, plan_staff
from framecue.cluster.variables import store_variables
from framecue.encoder import Computation, SaysComputation
from framecue.errors import InputError
from framecue.library.indexing.encode import EncodedVideo, FailedUnit
from framecue.library.indexing.runner import EncodingTask
from framecue.library.indexing.unit import Unit
from framecue.library.indexing.words_runner import ReadLimits
from framecue.paths import exists, is_url
from framecue.progress import FilesDone

__all__ = ["RayRunner", "RayRunners", "look_at_cluster"]

# Files by which it is seen whether a node sees what the driver does.
_SAMPLE_FILES = 3


class RayRunner:
    """Runs units on a cluster; :class:`RayRunners` makes it."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive

    def run(
        self,
        units: Iterable[Unit],
        *,
        known: Set[str] = frozenset(),
        on_progress: Callable[[FilesDone], None] | None = None,
    ) -> Iterator[EncodedVideo | FailedUnit]:
        """Yield the result of each unit, in any order; see :meth:`framecue.library.indexing.runner.Runner.run`."""
        return self._drive.run(units, known=known, on_progress=on_progress)


class RayRunners:
    """Makes the runners of runs on one cluster: give it to ``Library.add`` as ``runner``.

    Nobody is connected to before there is something to encode.

    Args:
        address: ``auto`` for the cluster that this machine belongs to, ``local`` to start one here, or HOST:PORT.
        num_workers: how many encoders work at once, each with what reads for it; None for as many as the cluster has
            room for.
        on_notice: called with a line for people.

    Attributes:
        report: what the last run on the cluster was like; None if none was needed.

    Raises:
        InputError: Ray is not installed, the address is none, or the number is not above 0.

    Example:
        >>> library.add("/shared/videos", runner=RayRunners("auto"))  # doctest: +SKIP
    """

    def __init__(
        self, address: str = "auto", *, num_workers: int | None = None, on_notice: Callable[[str], None] | None = None
    ) -> None:
        check_cluster(address, num_workers)
        self.address, self.num_workers, self.on_notice = address, num_workers, on_notice
        self.report: ClusterReport | None = None

    @contextmanager
    def __call__(self, task: EncodingTask) -> Iterator[RayRunner]:
        """Connect to the cluster and start actors as they are needed; they end with the block.

        Raises:
            InputError: frames are to be decoded on a GPU, which a cluster's readers do not.
            FramecueError: nobody answers at the address.
        """
        if task.gpu_tally is not None:
            raise InputError("videos are to be decoded on a GPU and by a cluster at once; leave out one of them")
        options = task.segment_encoder().options  # raises where captions cannot be had
        spec, computation = task.encoder.spec(), _computation(task)
        if computation is not None and computation.runtime == "onnx" and spec.exported is None:
            raise InputError(
                "a graph in this machine's cache is to encode, which the nodes of a cluster have not; give the model "
                "itself (--runtime torch), or the folder of an exported one (framecue export) that all nodes have"
            )
        if self.on_notice:
            # Which takes seconds.
            self.on_notice("cluster: starting Ray" if self.address == "local" else "cluster: connecting to Ray")
        with connected(self.address):
            from framecue.cluster.ray_crew import RayCrew, node_resources

            takes_gpu = computation is None or computation.runtime == "torch"
            staff = plan_staff(
                node_resources(), num_workers=self.num_workers, takes_gpu=takes_gpu, num_units=len(task.units)
            )
            self.report = ClusterReport(num_gpus=staff.num_gpus)
            if staff.num_gpus and spec.precision == "float32" and self.on_notice:
                self.on_notice("the cluster's GPUs compute in float32, as this machine; --dtype bfloat16 is faster")
            spec = replace(spec, device=None if staff.num_gpus else "cpu")
            limits = ReadLimits(
                stall_seconds=task.stall_seconds,
                max_cpu_seconds=task.max_cpu_seconds,
                max_megapixels=task.max_megapixels,
                spool_gb=task.spool_gb,
            )
            arguments: dict[Kind, Sequence[object]] = {
                "reader": (limits, store_variables()),
                "encoder": (spec, task.segmentation, task.captions, store_variables()),
            }
            plan = DrivePlan(
                num_readers=staff.num_readers,
                num_encoders=staff.num_encoders,
                options=options,
                computation=computation,
                most_bytes=staff.most_bytes,
                sample=_sample(task.units),
            )
            crew = RayCrew(staff.resources, arguments)
            try:
                yield RayRunner(Drive(crew, plan, self.report, on_notice=self.on_notice))
            finally:
                crew.close()


def look_at_cluster(address: str, *, num_workers: int | None, num_units: int) -> Staff:
    """Return what a run would take of a cluster; nothing is started there.

    Args:
        address: as for :class:`RayRunners`.
        num_workers: likewise.
        num_units: how many files there are to read.

    Raises:
        InputError: Ray is not installed, or the cluster has no processor.
        FramecueError: nobody answers at the address.
    """
    with connected(address):
        from framecue.cluster.ray_crew import node_resources

        return plan_staff(node_resources(), num_workers=num_workers, takes_gpu=True, num_units=num_units)


def _computation(task: EncodingTask) -> Computation | None:
    encoder = task.encoder
    return encoder.computation if isinstance(encoder, SaysComputation) else None


def _sample(units: Sequence[Unit]) -> tuple[str, ...]:
    """Return some of the files on disks, which are here."""
    found: list[str] = []
    for unit in units:
        if not is_url(unit.path) and exists(unit.path):
            found.append(unit.path)
            if len(found) == _SAMPLE_FILES:
                break
    return tuple(found)
