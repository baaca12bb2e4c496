"""Where exported graphs lie: a folder a model in the user's cache, found by what identifies the model's vectors.

`FRAMECUE_CACHE` names another folder for the cache. A model's folder holds graphs (``text.onnx``), what they need
beside them (``text.onnx.data``, ``tokenizer.json``), and ``graph.json``, which lists the graphs that are whole. A graph
comes onto that list after its files have their names, so nobody ever opens half of one, and a graph that is listed is
never written again.

Everything here can be made anew, so it may be deleted at any time. `FRAMECUE_GRAPHS=off` makes and uses none.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from framecue.encoder import Fingerprint
from framecue.errors import InputError, OutputError
from framecue.user_cache import CACHE_VARIABLE, user_cache

__all__ = [
    "CACHE_VARIABLE",
    "FORMAT",
    "GRAPHS_VARIABLE",
    "MAX_CACHE_BYTES",
    "RECORD",
    "Identity",
    "NewGraph",
    "cache_folder",
    "clear_cache",
    "forget_graph",
    "graph_folder",
    "graph_key",
    "is_wanted",
    "read_folder",
    "read_graphs",
    "trim_cache",
    "user_cache",
    "write_graph",
]

GRAPHS_VARIABLE = "FRAMECUE_GRAPHS"
FORMAT = 1
"""Of graph.json and of what the graphs take and give; another number is another folder."""

MAX_CACHE_BYTES = 10_000_000_000
"""How much all graphs together may take on disk: when one is written, those that were not used for longest go."""

RECORD = "graph.json"
"""What lists the graphs of a folder."""

_LOCK = ".lock"
_PARTIAL = ".partial-"
# What an older framecue is writing has changed within this time; what is older was left by killed processes.
_PARTIAL_SECONDS = 24 * 3600.0
# How exactly it is known when a graph was used last.
_USE_SECONDS = 3600.0


class Identity(Protocol):
    """What a model is known by: a :class:`~framecue.encoder.Fingerprint`, or that of a sentence encoder."""

    def places(self) -> list[str]:
        """Return where its files are: names on the hub, or folders."""

    def content(self) -> dict[str, Any]:
        """Return what it computes, wherever its files are."""

    def to_dict(self) -> dict[str, Any]:
        """Return all of it, as in JSON."""


@dataclass
class NewGraph:
    """A graph that is being written.

    Attributes:
        folder: an empty folder, into which all the files of the graph go.
        details: what graph.json is to say of it: what was checked and how far it was off, versions, and so on.
    """

    folder: Path
    details: dict[str, Any] = field(default_factory=dict)


def is_wanted() -> bool:
    """Whether graphs are made and used without being asked for: always, unless `FRAMECUE_GRAPHS` is ``off``."""
    return os.environ.get(GRAPHS_VARIABLE, "").strip().lower() not in ("off", "0", "no", "false")


def cache_folder() -> Path:
    """Return the folder that holds all graphs; it need not exist.

    Raises:
        InputError: as `user_cache` does.
    """
    return user_cache() / "graphs"


def graph_key(fingerprint: Identity) -> str:
    """Return a name for what a model computes, 32 hexadecimal digits, wherever its files lie."""
    text = json.dumps({"format": FORMAT, "fingerprint": fingerprint.content()}, sort_keys=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def graph_folder(fingerprint: Identity) -> Path:
    """Return the folder of a model's graphs; it need not exist.

    Raises:
        InputError: as `cache_folder` does.
    """
    return cache_folder() / graph_key(fingerprint)


def read_graphs(fingerprint: Identity) -> dict[str, dict[str, Any]]:
    """Return what graph.json says of each graph of a model that is whole, by the graph's name; empty without any.

    A graph is listed for exactly this model. That its files were not damaged since is not looked at.
    """
    try:
        folder = graph_folder(fingerprint)
    except InputError:
        return {}
    graphs = _read_record(folder)
    if graphs:
        _note_use(folder)
    return graphs


def read_folder(folder: Path) -> tuple[Fingerprint, dict[str, dict[str, Any]]] | None:
    """Return the model of a folder of graphs, wherever it lies, and what graph.json says of each; None if it is none.

    Raises:
        LibraryError: a later framecue has written the fingerprint.
    """
    try:
        document = json.loads((folder / RECORD).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    graphs = _read_record(folder)
    named = document.get("fingerprint") if isinstance(document, dict) else None
    return (Fingerprint.from_dict(named), graphs) if graphs and isinstance(named, dict) else None


@contextmanager
def write_graph(fingerprint: Identity, name: str, *, folder: Path | None = None) -> Iterator[NewGraph]:
    """Give a folder to write a graph's files into, and list the graph when the block ends.

    Several processes may write the same graph at once: the first that is done counts, and the others' is dropped. A
    block that fails leaves nothing, and what a killed process has left goes when the next graph is written.

    Args:
        fingerprint: of the model.
        name: the graph's, such as ``text.onnx``.
        folder: where to, as for a model that is given to somebody; None for its folder in the cache.

    Raises:
        OutputError: the cache cannot be written.
        InputError: as `cache_folder` does.
    """
    from framecue.outputs import partial_beside  # here, as a search that only reads graphs has to start fast

    is_cached, folder = folder is None, folder or graph_folder(fingerprint)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_partials(folder)
        partial = partial_beside(folder / "graph")
        partial.mkdir()
    except OSError as error:
        raise _not_written(folder, error) from error
    new = NewGraph(partial)
    try:
        yield new
        _list(folder, fingerprint, name, new)
        if is_cached:
            trim_cache(keep=folder)
    except OSError as error:
        raise _not_written(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def forget_graph(fingerprint: Identity, name: str) -> None:
    """Take a graph off the list, as one that turned out to be damaged, so that it is made anew; no error if none is."""
    folder = graph_folder(fingerprint)
    graphs = _read_record(folder)
    if name not in graphs:
        return
    with suppress(OSError), _locked(folder):
        graphs = _read_record(folder)
        files = graphs.pop(name, {}).get("files", [])
        _write_record(folder, fingerprint, graphs)
        still_used = {file for details in graphs.values() for file in details.get("files", [])}
        for file in set(files) - still_used:
            (folder / file).unlink(missing_ok=True)


def clear_cache() -> int:
    """Delete all graphs, and return how many bytes that frees."""
    folder = cache_folder()
    freed = sum(_size(entry) for entry in _folders(folder))
    shutil.rmtree(folder, ignore_errors=True)
    return freed


def trim_cache(max_bytes: int = MAX_CACHE_BYTES, *, keep: Path | None = None) -> list[Path]:
    """Delete the folders of models that were not used for longest until the rest is small enough.

    Args:
        max_bytes: what may stay.
        keep: a folder that stays in any case.

    Returns:
        The folders that were deleted.
    """
    folders = sorted(_folders(cache_folder()), key=_last_use)
    sizes = {folder: _size(folder) for folder in folders}
    total, deleted = sum(sizes.values()), []
    for folder in folders:
        if total <= max_bytes:
            break
        if folder != keep:
            shutil.rmtree(folder, ignore_errors=True)
            total -= sizes[folder]
            deleted.append(folder)
    return deleted


def _list(folder: Path, fingerprint: Identity, name: str, new: NewGraph) -> None:
    """Move a graph's files to their places and put it on the list, unless another process has done so meanwhile."""
    with _locked(folder):
        graphs = _read_record(folder)
        if name in graphs:
            return
        files = sorted(new.folder.iterdir())
        for file in files:
            file.replace(folder / file.name)
        graphs[name] = {**new.details, "files": [file.name for file in files]}
        _write_record(folder, fingerprint, graphs)


def _read_record(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads((folder / RECORD).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    graphs = document.get("graphs") if isinstance(document, dict) and document.get("format") == FORMAT else None
    if not isinstance(graphs, dict) or not all(
        isinstance(details, dict) and isinstance(details.get("files"), list) for details in graphs.values()
    ):
        return {}
    return graphs


def _write_record(folder: Path, fingerprint: Identity, graphs: Mapping[str, Mapping[str, Any]]) -> None:
    document = {"format": FORMAT, "fingerprint": fingerprint.to_dict(), "graphs": graphs}
    partial = folder / f"{_PARTIAL}{os.getpid()}.json"
    partial.write_text(json.dumps(document, indent=2), encoding="utf-8")
    partial.replace(folder / RECORD)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from changing a folder's list; what is done meanwhile takes milliseconds."""
    from filelock import FileLock

    with FileLock(folder / _LOCK):
        yield


def _note_use(folder: Path) -> None:
    with suppress(OSError):
        if time.time() - _last_use(folder) > _USE_SECONDS:
            os.utime(folder / RECORD)


def _last_use(folder: Path) -> float:
    for place in (folder / RECORD, folder):
        with suppress(OSError):
            return place.stat().st_mtime
    return 0.0


def _folders(cache: Path) -> list[Path]:
    with suppress(OSError):
        return [entry for entry in cache.iterdir() if entry.is_dir() and not entry.is_symlink()]
    return []


def _size(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with suppress(OSError):
            total += file.lstat().st_size
    return total


def _remove_partials(folder: Path) -> None:
    for entry in folder.glob(f"{_PARTIAL}*"):
        with suppress(OSError):
            if time.time() - entry.stat().st_mtime > _PARTIAL_SECONDS:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def _not_written(folder: Path, error: OSError) -> OutputError:
    return OutputError(folder, f"cannot be written ({error.strerror or error}); {CACHE_VARIABLE} names another folder")
