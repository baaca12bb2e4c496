"""The options by which a command hands its work to a Ray cluster."""

from __future__ import annotations

import click

from framecue.cli.options import Command

__all__ = ["check_ray", "ray_options"]


def ray_options(command: Command) -> Command:
    """Add --ray (``ray``) and --ray-workers (``ray_workers``) to a command, which gives both to ``check_ray``."""
    command = click.option(
        "--ray-workers",
        metavar="NUMBER",
        type=click.IntRange(min=1),
        help="With --ray: how many processes of the cluster do the work.  [default: as many as it has GPUs, or cores]",
    )(command)
    return click.option(
        "--ray",
        metavar="ADDRESS",
        help="Hand the work to a Ray cluster (extra ray): auto for the one that this machine belongs to, HOST:PORT of "
        "its head, or local, which starts one here for this run alone.",
    )(command)


def check_ray(ray: str | None, ray_workers: int | None) -> None:
    """Refuse --ray-workers without --ray, an address that is none, and a cluster where Ray is not installed.

    Raises:
        UsageError: --ray is missing.
        InputError: the address is none, or the extra is not installed.
    """
    if ray is None:
        if ray_workers is not None:
            raise click.UsageError("--ray-workers is given without --ray; it says how many processes of a cluster work")
        return
    from framecue.cluster.connect import check_address, check_extra

    check_address(ray)
    check_extra()
