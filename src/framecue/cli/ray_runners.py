"""What hands the work of ``framecue index`` to a cluster, and what ``--dry-run`` tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from framecue.cli.output import log
from framecue.counts import counted

if TYPE_CHECKING:
    from framecue.cluster.runner import RayRunners
    from framecue.cluster.words import RayWords

__all__ = ["Runners", "cluster_document", "cluster_line", "ray_runners"]


@dataclass(frozen=True)
class Runners:
    """What hands work to a cluster.

    Attributes:
        pictures: what makes the runner that encodes.
        words: what makes the one that finds words.
    """

    pictures: RayRunners
    words: RayWords


def ray_runners(ray: str | None, ray_workers: int | None) -> Runners | None:
    """Return what hands work to the cluster that --ray and --ray-workers name; None without --ray.

    Nobody is connected to before there is work.

    Raises:
        InputError: Ray is not installed, or the address is none.
    """
    if ray is None:
        return None
    from framecue.cluster.runner import RayRunners
    from framecue.cluster.words import RayWords

    return Runners(
        RayRunners(ray, num_workers=ray_workers, on_notice=log), RayWords(ray, num_workers=ray_workers, on_notice=log)
    )


def cluster_document(ray: str, ray_workers: int | None, *, num_units: int) -> dict[str, Any]:
    """Ask a cluster what it has, and return what a run would take of it; nothing is started there.

    Raises:
        FramecueError: nobody answers at the address, or the cluster has no processor.
    """
    from framecue.cluster.runner import look_at_cluster

    found = look_at_cluster(ray, num_workers=ray_workers, num_units=num_units)
    return {
        "address": ray,
        "nodes": found.num_nodes,
        "readers": found.num_readers,
        "encoders": found.num_encoders,
        "gpus": found.num_gpus,
    }


def cluster_line(document: dict[str, Any]) -> str:
    """Return in words what a run would take of a cluster."""
    on_gpus = f", each on one of {counted(document['gpus'], 'GPU')}" if document["gpus"] else ""
    return (
        f"cluster  {document['address']}, {counted(document['nodes'], 'node')}: "
        f"{counted(document['readers'], 'process', 'processes')} would read and {document['encoders']} encode{on_gpus}"
    )
