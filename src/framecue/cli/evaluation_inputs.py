"""What an evaluation reads, which none of its outputs may replace."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from framecue.errors import InputError
from framecue.paths import is_dir, user_path

if TYPE_CHECKING:
    from framecue.datasets.clips import Clip

__all__ = ["refuse_inputs"]

# What the text outputs of an evaluation begin with.
BEGINNINGS = (b"direction,queries,", b"% \\usepackage{booktabs}", b"<!doctype html>")
TREC_ENDINGS = tuple(f".{name}.{kind}" for name in ("t2v", "v2t", "v2t-captions") for kind in ("run", "qrels"))


def refuse_inputs(outputs: Sequence[Path], clips: Sequence[Clip], folders: Iterable[str | Path | None]) -> None:
    """Refuse outputs that are read: the videos and twins, and whatever lies in the folders of dataset and models.

    An earlier evaluation may have written its files into one of these folders; those may be replaced.

    Args:
        outputs: the files to write.
        clips: the gallery.
        folders: where the dataset and the models lie, as folders or by the names of bundled models and of those of the
            hub, which lie in its cache; what is None or no folder here holds nothing.

    Raises:
        InputError: an output is such a file, under its own name or through a link.
    """
    there = [output for output in outputs if output.exists() and not _is_output(output)]
    if not there:
        return
    identities = {_identity(output): output for output in there}
    for path in _inputs(clips, folders):
        found = identities.get(_identity(path))
        if found is not None:
            also = "" if found == path else f" ({path})"
            raise InputError(
                f"{found}: is read by this evaluation{also}, so it is never replaced, --force or not; name another file"
            )


def _inputs(clips: Sequence[Clip], folders: Iterable[str | Path | None]) -> Iterator[Path]:
    for clip in clips:
        yield clip.video
        yield from clip.video.parents  # of a member of an archive, the archive is one of them
        if clip.twin is not None:
            yield clip.twin.video
    for folder in folders:
        for place in () if folder is None else _places(str(folder)):
            for parent, _, names in os.walk(place):
                yield from (Path(parent, name) for name in names)


def _places(name: str) -> Iterator[Path]:
    """Yield the folders that a name may mean: a person's, a bundled model's or adapter's, one of the hub's cache."""
    from framecue.assets import BundledKind, find_bundled
    from framecue.backbone.download import cached_folder
    from framecue.backbone.source import is_hub_name

    kinds: tuple[BundledKind, ...] = ("model", "adapter")
    bundled = [find_bundled(name, kind) for kind in kinds]
    yield from filter(None, bundled)
    if is_hub_name(name):
        yield cached_folder(name)
    elif is_dir(place := user_path(name)):
        yield Path(place)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what a file is the same by under all of its names; None if nothing is there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _is_output(path: Path) -> bool:
    """Whether a file looks like one that an evaluation wrote; only such a file is replaced beside what is read."""
    if path.name.endswith(TREC_ENDINGS):
        return True
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError:
        return False
    if start.startswith(b"PAR1"):
        from framecue.evaluation.ranks import holds_ranks

        return holds_ranks(path)
    return start.lower().startswith(BEGINNINGS)
