"""Whether a model's files are still those from which its graphs were made, without reading them.

A graph belongs to a fingerprint, which holds a hash of the weights. Hashing takes as long as loading, so it is done
once, when a graph is made; beside the graphs ``sources.json`` notes the names, sizes and times of the files that
had that hash, and where. Files that look otherwise, or lie elsewhere, are taken for others until they were hashed.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from framecue.errors import FramecueError, OutputError
from framecue.exported.cache import FORMAT, Identity, graph_folder

__all__ = ["SourceFiles", "has_known_sources", "note_sources", "source_files"]

_FILE = "sources.json"
# Copies of one model in several folders; the earliest are forgotten.
_MAX_NOTED = 8


@dataclass(frozen=True)
class SourceFiles:
    """The files of one folder of a model, as they were when they were hashed.

    Attributes:
        place: the model or the adapter as a fingerprint with absolute places names it.
        folder: where its files lie.
        files: of each its name, its size in bytes and when it was changed, in nanoseconds.
        are_all: whether the folder holds no other files.
    """

    place: str
    folder: str
    files: tuple[tuple[str, int, int], ...]
    are_all: bool


def source_files(place: str, folder: str | os.PathLike[str], *, only: Sequence[str] | None = None) -> SourceFiles:
    """Return what the files of a folder look like now.

    Args:
        place: as in `SourceFiles`.
        folder: where they are; of folders in it only files that are named are looked at.
        only: the names of the files that count, those in folders of it with ``/``; None for all.

    Raises:
        OSError: the folder or one of the files is not there.
    """
    names = sorted(os.listdir(folder)) if only is None else sorted(only)  # noqa: PTH208 (names are what is wanted)
    found = []
    for name in names:
        status = Path(folder, name).stat()  # of what a link leads to: the hub's cache is links
        if not stat.S_ISDIR(status.st_mode):
            found.append((name, status.st_size, status.st_mtime_ns))
    return SourceFiles(place, os.fspath(folder), tuple(found), only is None)


def has_known_sources(fingerprint: Identity) -> bool:
    """Whether the files of a model are those that had the fingerprint's hashes when they were read last.

    Args:
        fingerprint: of the model, with absolute places.
    """
    noted = {source.place: source for source in _read(fingerprint)}
    return all(place in noted and _is_unchanged(noted[place]) for place in fingerprint.places())


def note_sources(fingerprint: Identity, sources: Sequence[SourceFiles]) -> None:
    """Note that the files of a model have the fingerprint's hashes.

    Raises:
        OutputError: it cannot be written.
    """
    given = {source.place for source in sources}
    kept = [source for source in _read(fingerprint) if source.place not in given]
    document = {"format": FORMAT, "sources": [asdict(source) for source in [*kept, *sources][-_MAX_NOTED:]]}
    folder = graph_folder(fingerprint)
    partial = folder / f".partial-{os.getpid()}-{_FILE}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(document, indent=2), encoding="utf-8")
        partial.replace(folder / _FILE)
    except OSError as error:
        raise OutputError(folder, f"cannot be written ({error.strerror or error})") from error


def _is_unchanged(noted: SourceFiles) -> bool:
    only = [name for name, _, _ in noted.files]
    try:
        now = source_files(noted.place, noted.folder, only=None if noted.are_all else only)
    except OSError:
        return False
    return now == noted


def _read(fingerprint: Identity) -> list[SourceFiles]:
    try:
        document: dict[str, Any] = json.loads((graph_folder(fingerprint) / _FILE).read_bytes())
        if document["format"] != FORMAT:
            return []
        return [
            SourceFiles(
                str(source["place"]),
                str(source["folder"]),
                tuple((str(name), int(size), int(changed)) for name, size, changed in source["files"]),
                bool(source["are_all"]),
            )
            for source in document["sources"]
        ]
    except (OSError, ValueError, KeyError, TypeError, RecursionError, FramecueError):
        return []
