"""Rows of a table that are done, kept beside its output until that is complete: a run that was stopped goes on.

The folder ``OUTPUT.parts`` holds ``run.json``, which says what the rows are made with, and ``part-00000.parquet`` and
so on, each written in one step. It is removed when the output has taken its place.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from framecue.encoder import Encoder, Fingerprint
from framecue.errors import FramecueError, InputError, VideoError
from framecue.outputs import written_beside
from framecue.uses.embedding_table import GROUP_BYTES, Schema, read_part, size_in_memory, write_part, writing

__all__ = ["KEEP_SECONDS", "KeptRows", "kept_rows", "parts_folder"]

KEEP_SECONDS = 15.0
"""How often what is done is kept: about so much work is lost where a run is killed."""
VERSION = 1
RUN_FILE, LOCK_FILE = "run.json", ".framecue.lock"
_STATES, _FAILURES = b"framecue.states", b"framecue.failures"

State = tuple[int, int]
"""A file's size in bytes and when it was changed, in nanoseconds; zeros for what is no file."""


class _Place(NamedTuple):
    state: State
    part: Path
    row: int


class KeptRows:
    """The rows that are kept in a folder, by the first column's value.

    Args:
        folder: the folder, of which this process has the lock.
        schema: the table's columns.
    """

    def __init__(self, folder: Path, schema: Schema) -> None:
        self._folder, self._schema = folder, schema
        self._key = schema.names[0]
        self._places: dict[str, _Place] = {}
        self._failures: dict[str, tuple[State, VideoError]] = {}
        self._new: list[tuple[State, Mapping[str, Any]]] = []
        self._new_failures: list[tuple[str, State, VideoError]] = []
        self._num_bytes, self._kept_at = 0, time.monotonic()
        self._loaded: tuple[Path, list[dict[str, Any]]] | None = None
        self.num_parts = 0
        for part in sorted(folder.glob("part-*.parquet")):
            self._find(part)

    @property
    def num_rows(self) -> int:
        """How many rows are kept."""
        return len(self._places)

    def has(self, key: str, state: State) -> bool:
        """Whether a row is kept, or why there is none, of a file in this state."""
        held = self._places.get(key) or self._failures.get(key)
        return held is not None and held[0] == state

    def row(self, key: str) -> Mapping[str, Any] | VideoError:
        """Return a row that is kept, or why there is none; those of one part are in memory at a time."""
        if key not in self._places:
            return self._failures[key][1]
        _, part, number = self._places[key]
        if self._loaded is None or self._loaded[0] != part:
            self._loaded = part, read_part(part)[0]
        return self._loaded[1][number]

    def add(self, key: str, state: State, row: Mapping[str, Any] | VideoError) -> None:
        """Take a row that is done, or why there is none; what another try may mend is not kept."""
        if not isinstance(row, VideoError):
            self._new.append((state, row))
            self._num_bytes += size_in_memory(row)
        elif row.cause is not None:
            self._new_failures.append((key, state, row))

    def write_if_due(self) -> None:
        """Write what is new if the last time is a while ago, or if it is much."""
        if time.monotonic() - self._kept_at >= KEEP_SECONDS or self._num_bytes >= GROUP_BYTES:
            self.write()

    def write(self) -> None:
        """Write what is new as a part.

        Raises:
            OutputError: it cannot be written.
        """
        if self._new:
            about = {
                _STATES: json.dumps([state for state, _ in self._new]).encode(),
                _FAILURES: json.dumps(
                    [[key, state, error.reason, error.cause] for key, state, error in self._new_failures]
                ).encode(),
            }
            part = self._folder / f"part-{self.num_parts:05d}.parquet"
            write_part(part, [row for _, row in self._new], self._schema, about)
            self.num_parts += 1
            self._new, self._new_failures, self._num_bytes = [], [], 0
        self._kept_at = time.monotonic()

    def _find(self, part: Path) -> None:
        """Note what a part holds."""
        try:
            rows, about = read_part(part, only=self._key)
            states = [(int(size), int(time_ns)) for size, time_ns in json.loads(about[_STATES])]
            for number, (row, state) in enumerate(zip(rows, states, strict=True)):
                self._places[row[self._key]] = _Place(state, part, number)
            for key, (size, time_ns), reason, cause in json.loads(about[_FAILURES]):
                self._failures[key] = (int(size), int(time_ns)), VideoError(key, reason, cause=cause)
        except (InputError, ValueError, KeyError, TypeError) as error:
            raise _RefusedError(
                f"{part}: cannot be read, though a run has kept it; remove it, and its rows are made again"
            ) from error
        self.num_parts = int(part.stem.removeprefix("part-")) + 1


def parts_folder(output: str | PathLike[str]) -> Path:
    """Return the folder in which the rows of an output are kept until it is complete."""
    return Path(f"{Path(output)}.parts")


@contextmanager
def kept_rows(output: str | PathLike[str], schema: Schema, model: Encoder) -> Iterator[KeptRows]:
    """Give the rows that an earlier run has kept for an output, to which new ones are added.

    Where the block fails or is interrupted, what was done stays for the next run; where it ends, nothing does.

    Args:
        output: the file that is being made.
        schema: its columns.
        model: makes the rows.

    Raises:
        InputError: the folder is not such a one, another run uses it, or its rows were made with another model or have
            other columns.
        OutputError: it cannot be written to.
    """
    folder = parts_folder(output)
    if folder.is_symlink() or (folder.exists() and not _is_ours(folder)):
        raise InputError(
            f"{folder}: is in the way, as unfinished embeddings are kept there; move it, or name another output"
        )
    with writing(folder):
        folder.mkdir(exist_ok=True)
        lock = FileLock(folder / LOCK_FILE)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise InputError(f"{output}: another run is making it; wait for its end, or name another output") from error
    keep = False
    try:
        _check_run(folder, output, _run_of(schema, model))
        kept = KeptRows(folder, schema)
        try:
            yield kept
        except BaseException:
            # What was done is worth keeping also where the disk is full or the run is stopped.
            with suppress(FramecueError, OSError):
                kept.write()
            keep = kept.num_parts > 0
            raise
    except _RefusedError as error:
        keep = True
        raise InputError(str(error)) from None
    finally:
        lock.release()
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


class _RefusedError(InputError):
    """The rows that are kept are of another run."""


def _run_of(schema: Schema, model: Encoder) -> dict[str, Any]:
    spec = model.spec()
    return {
        "version": VERSION,
        "columns": schema.names,
        "fingerprint": spec.fingerprint.with_absolute_places().to_dict(),
        "dtype": spec.precision,
    }


def _check_run(folder: Path, output: str | PathLike[str], run: dict[str, Any]) -> None:
    """Note what a folder's rows are made with, or refuse one whose rows are others."""
    file = folder / RUN_FILE
    if any(folder.glob("part-*.parquet")):
        way_out = f"go on with the same, or remove {folder} to begin anew"
        try:
            held = json.loads(file.read_text(encoding="utf-8"))
            differing = {
                name: (held[name], run[name]) for name in ("version", "columns", "dtype") if held[name] != run[name]
            }
            ours, theirs = (Fingerprint.from_dict(one["fingerprint"]) for one in (held, run))
            differing |= ours.differences(theirs)
        except (OSError, ValueError, KeyError, TypeError, FramecueError) as error:
            raise _RefusedError(f"{file}: cannot be read, so nobody knows what it goes with; {way_out}") from error
        if differing:
            name, (before, now) = next(iter(differing.items()))
            raise _RefusedError(
                f"{output}: was begun by a run whose {name} was {_shown(before)}, and now it is {_shown(now)}; "
                f"{way_out}"
            )
        return
    with writing(file), written_beside(file, overwrite=True) as partial:
        partial.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")


def _shown(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else "none" if value is None else str(value)


def _is_ours(folder: Path) -> bool:
    """Whether a folder holds nothing but what is written here."""
    names = {RUN_FILE, LOCK_FILE}
    return folder.is_dir() and all(
        entry.name in names or entry.name.startswith((".framecue-partial-", "part-")) for entry in folder.iterdir()
    )
