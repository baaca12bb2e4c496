"""Opening a hit in a player: at its moment if the player is known, else as the system opens files.

No shell is involved, and a path is absolute, so a file's name is never more than a name.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from framecue.cli.output import log
from framecue.cli.shown_paths import shown_path
from framecue.errors import InputError, VideoError
from framecue.paths import is_url
from framecue.times import clock

if TYPE_CHECKING:
    from framecue.library import Hit

__all__ = ["NO_SUCH_FILE", "PLAYERS", "PLAYER_VARIABLE", "open_hit", "player_command"]

NO_SUCH_FILE = "no such file; `framecue index FOLDER --prune` takes it out of the library, or finds where it was moved"
IN_A_STORE = "it lies in an object store, where no player can open it; cut the moment out with `framecue clip`"
PLAYER_VARIABLE = "FRAMECUE_PLAYER"
PLAYERS: dict[str, Callable[[float], list[str]]] = {
    "mpv": lambda seconds: [f"--start={seconds:.3f}"],
    "vlc": lambda seconds: [f"--start-time={seconds:.3f}"],
    "celluloid": lambda seconds: [f"--mpv-start={seconds:.3f}"],
    "iina": lambda seconds: [f"--mpv-start={seconds:.3f}"],
    "mplayer": lambda seconds: ["-ss", f"{seconds:.3f}"],
    "ffplay": lambda seconds: ["-ss", f"{seconds:.3f}"],
}
"""Players that can begin at a time, in the order in which they are looked for, with the arguments that say it."""
# The players that are taken without being named.
_USUAL = ("mpv", "vlc", "celluloid", "iina")
_OPENERS = ("open",) if sys.platform == "darwin" else ("xdg-open",)
# A player that fails at once (no display, a missing library) does so within this time.
_START_SECONDS = 1.0


def open_hit(hits: Sequence[Hit], rank: int) -> None:
    """Open one of the results in a player, and say in a line which and how.

    Args:
        hits: the results that are shown.
        rank: the place of the wanted one, as shown.

    Raises:
        InputError: there is no such result, or nothing to open it with.
        VideoError: its file is gone, or the player fails.
    """
    hit = next((hit for hit in hits if hit.rank == rank), None)
    if hit is None:
        shown = f"{hits[0].rank} to {hits[-1].rank}" if len(hits) > 1 else str(hits[0].rank)
        raise InputError(f"there is no result {rank} to open; shown: {shown}")
    if is_url(hit.path):
        raise VideoError(hit.path, IN_A_STORE)
    if not Path(hit.path).is_file():
        raise VideoError(hit.path, NO_SUCH_FILE)
    command = player_command(hit.path, hit.start_seconds)
    moment = f"{shown_path(hit.path)} at {clock(hit.start_seconds)}"
    if command is None:
        log(f"opening {moment}")
        os.startfile(hit.path)  # type: ignore[attr-defined,unused-ignore]  # on Windows alone
        return
    log(f"opening {moment} with {Path(command[0]).stem}")
    _start(command, hit.path)


def player_command(path: str, start_seconds: float) -> list[str] | None:
    """Return the command that opens a file at a time; None for Windows' own way.

    FRAMECUE_PLAYER names the player, with arguments if wanted. Else a known player that is installed is taken, and else
    what the system has for the file, which begins at the beginning.

    Raises:
        InputError: there is nothing to open it with, or FRAMECUE_PLAYER cannot be used.
    """
    if wanted := os.environ.get(PLAYER_VARIABLE, "").strip():
        program, *arguments = _words(wanted)
        found = shutil.which(program)
        if found is None:
            raise InputError(
                f"{PLAYER_VARIABLE} is {wanted!r}, and there is no program {program}; name one that is there"
            )
        return [found, *arguments, *_at(found, start_seconds), path]
    # A picture is for the system's viewer.
    for name in () if _is_picture(path) else _USUAL:
        if found := shutil.which(name):
            return [found, *_at(found, start_seconds), path]
    if hasattr(os, "startfile"):
        return None
    for name in _OPENERS:
        if found := shutil.which(name):
            return [found, path]
    raise InputError(f"there is no player to open it with; install mpv or VLC, or name one in {PLAYER_VARIABLE}")


def _words(command: str) -> list[str]:
    """Take a command apart as a shell would; a program whose path has spaces may stand alone."""
    if Path(command).is_file():
        return [command]
    try:
        return shlex.split(command)
    except ValueError as error:
        raise InputError(f"{PLAYER_VARIABLE} is {command!r}, which is no command: {error}") from error


def _at(program: str, seconds: float) -> list[str]:
    """Return the arguments with which a program begins at a time; none if it is not known, or begins there anyway."""
    arguments = PLAYERS.get(Path(program).stem.lower())
    return arguments(seconds) if arguments and seconds > 0 else []


def _is_picture(path: str) -> bool:
    from framecue.video import IMAGE_SUFFIXES

    return Path(path).suffix.lower() in IMAGE_SUFFIXES


def _start(command: Sequence[str], path: str) -> None:
    """Start a player that outlives this process, and has nothing of its terminal.

    Raises:
        VideoError: it cannot be started, or fails at once.
    """
    nothing = subprocess.DEVNULL
    try:
        process = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)
    except (OSError, ValueError) as error:
        raise VideoError(path, f"cannot be opened with {command[0]} ({error})") from error
    try:
        code = process.wait(_START_SECONDS)
    except subprocess.TimeoutExpired:
        process.returncode = 0  # it plays on; nobody waits for it, which Python would warn of
        return
    if code:
        raise VideoError(path, f"{command[0]} ended with code {code}; name another player in {PLAYER_VARIABLE}")
