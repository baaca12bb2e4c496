"""Writing files and folders so that nothing of the user's is lost: beside their place first, then renamed.

What is half written lies in the same folder under a name that begins with ``.framecue-partial-``. A run that is killed
may leave it there; the next one that writes into the folder removes it.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from platform import node
from uuid import uuid4

from framecue.errors import InputError, OutputError, OutputExistsError
from framecue.paths import NOT_WRITABLE, exists, is_dir, url_as_written

__all__ = ["check_output", "folder_beside", "partial_beside", "refuse_url", "written_beside"]

_PREFIX = ".framecue-partial-"
_PARTIAL = re.compile(re.escape(_PREFIX) + r"(?P<machine>[0-9a-f]{8})-(?P<process>\d+)-[0-9a-f]{8}(\.\w+)?")


def check_output(
    output: str | os.PathLike[str], *, overwrite: bool = False, kept: Callable[[], Iterable[str | Path]] | None = None
) -> None:
    """Refuse a file that must not be written, before any work is done for it.

    Args:
        output: the file.
        overwrite: whether one that exists may be replaced.
        kept: files that are never replaced, by whatever name the output means one of them; they are asked for only if
            the output exists.

    Raises:
        InputError: it is on no disk, or something is there that may not be replaced.
        OutputError: there is no such folder, or no file can have this name.
    """
    path = Path(output)
    refuse_url(output)
    if not is_dir(path.parent):  # said now, not when the work is done
        raise OutputError(path, f"cannot be written ({os.strerror(errno.ENOENT)})")
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise OutputError(path, f"cannot be written ({_reason(error)})") from error
    if is_dir(path):
        raise InputError(f"{path}: is a folder; name the file to write")
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISLNK(found.st_mode):
        raise InputError(f"{path}: is no regular file; name another file")
    if kept is not None:
        for other in kept():
            if _is_same(path, other):
                also = "" if Path(other) == path else f" ({other})"
                raise InputError(f"{path}: is the video itself{also}, which is never replaced; name another file")
    if not overwrite:
        raise OutputExistsError(path)


def refuse_url(output: str | os.PathLike[str]) -> None:
    """Refuse a place in an object store or on the web.

    Raises:
        InputError: it is one.
    """
    url = url_as_written(output)
    if url is not None and not exists(output):
        raise InputError(f"{url}: {NOT_WRITABLE}")


@contextmanager
def written_beside(
    output: str | os.PathLike[str], *, overwrite: bool = False, kept: Callable[[], Iterable[str | Path]] | None = None
) -> Iterator[Path]:
    """Give a name to write to, and let what was written take its place when the block ends.

    If the block fails, or this process is killed, whatever was at the place is still there, whole.

    Args:
        output: the file or the folder; an empty folder that exists may be given for a folder.
        overwrite: whether a file that exists may be replaced.
        kept: files that are never replaced; see :func:`check_output`.

    Yields:
        A name in the same folder, at which nothing is, with the output's own ending.

    Raises:
        InputError: as ``check_output`` does, before the block runs, and also if something has appeared at the place
            meanwhile.
        OutputError: it cannot be written.
    """
    path = Path(output)
    check_output(path, overwrite=overwrite, kept=kept)
    partial = partial_beside(path)
    try:
        yield partial
        try:
            if overwrite:
                partial.replace(path)
            else:
                _rename_to_nothing(partial, path)
        except FileExistsError:
            raise OutputExistsError(path) from None
        except OSError as error:
            raise OutputError(path, f"cannot be written ({_reason(error)})") from error
    except OSError as error:
        if error.filename != str(partial):
            raise
        # Nobody has named the file that could not be written.
        raise OutputError(path, f"cannot be written ({_reason(error)})") from error
    finally:
        _remove(partial)


@contextmanager
def folder_beside(output: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Give a new folder to write to, and let what was written into it take its place when the block ends.

    Args:
        output: the folder, which need not exist.
        overwrite: whether files in it may be replaced by those of the same names; otherwise it has to be empty.

    Yields:
        An empty folder beside it.

    Raises:
        InputError: there is something already, before the block runs.
        OutputError: it cannot be written.
    """
    path = Path(output)
    refuse_url(path)
    try:
        if exists(path) and (not is_dir(path) or (not overwrite and any(path.iterdir()))):
            raise InputError(f"{path}: holds something already; name a new or an empty folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = partial_beside(path)
        partial.mkdir()
    except (OSError, ValueError) as error:
        raise OutputError(path, f"cannot be written ({_reason(error)})") from error
    try:
        yield partial
        try:
            if not is_dir(path):
                partial.rename(path)
            else:
                for made in sorted(partial.iterdir()):
                    (made.replace if overwrite else made.rename)(path / made.name)
        except OSError as error:
            raise OutputError(path, f"cannot be written ({_reason(error)})") from error
    finally:
        _remove(partial)


def partial_beside(path: Path) -> Path:
    """Return a name beside a file or a folder to write it under, after removing what killed runs have left there.

    At the name is nothing; it has the file's own ending.
    """
    _remove_partials(path.parent)
    return path.parent / f"{_PREFIX}{_machine()}-{os.getpid()}-{uuid4().hex[:8]}{_ending(path)}"


def _remove_partials(folder: Path) -> None:
    """Remove what killed processes of this machine have left half written in a folder."""
    with suppress(OSError):
        for entry in os.scandir(folder):
            match = _PARTIAL.fullmatch(entry.name)
            if match and match["machine"] == _machine() and not _is_running(int(match["process"])):
                _remove(Path(entry.path))


def _rename_to_nothing(partial: Path, path: Path) -> None:
    """Rename a file or a folder, but not onto anything."""
    if os.name != "nt" and not is_dir(partial):
        try:
            os.link(partial, path)  # fails where something is, as a rename does not
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            pass
        else:
            return
    if os.path.lexists(path):
        raise FileExistsError
    partial.rename(path)


def _remove(partial: Path) -> None:
    with suppress(OSError):
        if is_dir(partial) and not partial.is_symlink():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            partial.unlink(missing_ok=True)


def _is_same(path: Path, other: str | Path) -> bool:
    """Whether two names stand for one file: through links, hard links, or a file system that ignores case."""
    with suppress(OSError, ValueError):
        return path.samefile(other)
    return False


def _ending(path: Path) -> str:
    """Return a file's ending, which some writers go by, if it is an ordinary one."""
    return path.suffix if re.fullmatch(r"\.\w{1,16}", path.suffix, re.ASCII) else ""


def _machine() -> str:
    return blake2b(node().encode(errors="replace"), digest_size=4).hexdigest()


def _is_running(process: int) -> bool:
    if os.name == "nt":  # where asking would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)
