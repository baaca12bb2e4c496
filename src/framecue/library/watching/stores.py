"""Looking at folders in object stores, which send no events: a store that does not answer has lost nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from framecue.library.files.exclude import Exclude
from framecue.library.files.interface import Files
from framecue.library.results import Skipped
from framecue.library.state import FileState

__all__ = ["StoreLook"]


@dataclass
class StoreLook:
    """Lists folders in stores again and again, and tells when one begins or ends to say nothing.

    Args:
        files: where they lie.
        suffixes: of the files that matter.
        exclude: what to leave out.
        on_notice: called with a line for a person.
        on_back: called with a folder that is there again, in which anything may have changed.
    """

    files: Files
    suffixes: Collection[str]
    exclude: Exclude
    on_notice: Callable[[str], None]
    on_back: Callable[[str], None]
    _silent: frozenset[str] = field(default=frozenset(), init=False)

    def __call__(self, roots: Collection[str]) -> dict[str, FileState] | None:
        """Return the state of each file below some URLs; None while a store does not say what is there."""
        states: dict[str, FileState] = {}
        silent: dict[str, str] = {}
        for root, found in self.files.find(list(roots), suffixes=self.suffixes, exclude=self.exclude):
            if not isinstance(found, Skipped):
                states[found.path] = found.state
            elif found.path == root and self.files.may_be_away(root):
                silent[root] = found.reason
        for root, reason in silent.items():
            if root not in self._silent:
                self.on_notice(f"{root}: {reason}; waiting for it, and the library keeps what it holds of it")
        for root in sorted(self._silent - silent.keys()):
            self.on_notice(f"{root} is there")
            self.on_back(root)
        self._silent = frozenset(silent)
        return None if silent else states
