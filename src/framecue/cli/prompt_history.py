"""What was typed at the prompt of ``framecue search``, kept between runs in the user's state folder.

What somebody looks for in their own videos is private: the file is readable by its user alone, and is not written where
FRAMECUE_HISTORY or the prompt's own command says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from framecue.outputs import written_beside
from framecue.paths import user_path

if TYPE_CHECKING:
    from prompt_toolkit.history import History

__all__ = ["HISTORY_VARIABLE", "history_file", "open_history"]

HISTORY_VARIABLE = "FRAMECUE_HISTORY"
_OFF = ("", "off", "no", "0")
# Some thousands of lines; of a file that is larger, the newer half stays.
_MOST_BYTES = 500_000


def history_file() -> Path | None:
    """Return the file in which the history is kept; None where none is wanted, or there is no home folder."""
    named = os.environ.get(HISTORY_VARIABLE)
    if named is not None:
        return None if named.strip().lower() in _OFF else Path(user_path(named))
    from platformdirs import user_state_path

    place = user_state_path("framecue", appauthor=False) / "search-history"
    return place if place.is_absolute() else None


def open_history(file: Path, *, is_kept: Callable[[], bool]) -> History:
    """Return the history that a file holds, to which new lines are added as they are typed.

    Args:
        file: the file; it need not exist, and neither need its folder.
        is_kept: is asked at each line whether it is to be written.

    Raises:
        OSError: the file cannot be read or written.
    """
    from prompt_toolkit.history import FileHistory

    class SwitchedHistory(FileHistory):
        """Writes only what is to be kept; the rest is known until the prompt ends."""

        def store_string(self, string: str) -> None:
            if is_kept():
                super().store_string(string)

    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _shorten(file)
    # Made here, so that nobody else may read it.
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    return SwitchedHistory(str(file))


def _shorten(file: Path) -> None:
    """Keep the newer half of a history that has become large."""
    if not file.is_file() or file.stat().st_size <= _MOST_BYTES:
        return
    content = file.read_bytes()
    # An entry starts with an empty line and a comment that says when it was typed.
    start = content.find(b"\n#", len(content) - _MOST_BYTES // 2)
    with written_beside(file, overwrite=True) as partial:
        partial.touch(mode=0o600)
        partial.write_bytes(content[start:] if start >= 0 else b"")
