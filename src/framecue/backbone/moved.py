"""Finding a model folder that was moved: the hash of its weights tells it from all others."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from huggingface_hub import constants

from framecue.backbone.hashing import hash_of_folder
from framecue.backbone.source import config_file_of
from framecue.paths import is_dir

__all__ = ["find_model", "is_model", "nearby_folders"]

# Hashing reads all of a model's weights, so it is not done for a whole disk of models.
_MAX_TRIES = 12
_MAX_FOLDERS = 2000


def is_model(folder: Path, revision: str | None) -> bool:
    """Whether a folder holds the model whose weights have this hash; a folder that cannot be read does not."""
    if revision is None or config_file_of(folder) is None:
        return False
    try:
        return hash_of_folder(folder) == revision
    except Exception:  # safetensors raises whatever its reader raises
        return False


def find_model(lost: str, revision: str | None, *, near: Iterable[str] = ()) -> Path | None:
    """Return a folder that holds the model which is not at its place any more; None if there is none.

    Folders of the same name are tried first, at most a dozen in all.

    Args:
        lost: the folder in which it was.
        revision: the hash of its weights.
        near: places beside which to look, besides the working folder, the old place and the hub's cache.
    """
    name = Path(lost).name
    folders = [*nearby_folders([*near, lost]), *_cached()]
    likely = [folder for folder in dict.fromkeys(folders) if config_file_of(folder) is not None]
    likely.sort(key=lambda folder: folder.name != name)
    return next((folder for folder in likely[:_MAX_TRIES] if is_model(folder, revision)), None)


def nearby_folders(places: Iterable[str]) -> Iterator[Path]:
    """Yield the working folder and the folders beside some places, and those in them, to a depth of two."""
    roots = dict.fromkeys([Path.cwd(), *(_above(place) for place in places if "://" not in place)])
    left = _MAX_FOLDERS
    for root in roots:
        for folder in (root, *_folders_in(root)):
            yield folder
            left -= 1
            if left <= 0:
                return


def _folders_in(root: Path, depth: int = 2) -> Iterator[Path]:
    with suppress(OSError), os.scandir(root) as entries:
        found = sorted(Path(entry.path) for entry in entries if not entry.name.startswith(".") and entry.is_dir())
        for folder in found:
            yield folder
            if depth > 1:
                yield from _folders_in(folder, depth - 1)


def _above(place: str) -> Path:
    """Return the nearest folder above a place that is there."""
    folder = Path(place).absolute().parent
    return next(above for above in (folder, *folder.parents) if is_dir(above))


def _cached() -> Iterator[Path]:
    with suppress(OSError):
        yield from sorted(Path(constants.HF_HUB_CACHE).glob("models--*/snapshots/*"))
