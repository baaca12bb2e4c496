"""Methods, datasets and encoders that other packages add to framecue, found by their entry points.

If a package says in its `pyproject.toml` ::

    [project.entry-points."framecue.methods"]
    my-method = "my_package.my_module:MyMethod"

the name works wherever a built-in one does. Nothing of the package is imported before the name is used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from framecue.errors import InputError, UnknownNameError

__all__ = ["Registry"]

T = TypeVar("T")


@dataclass(frozen=True)
class Registry(Generic[T]):
    """The names of one kind of thing: framecue's own, and those of installed packages.

    Attributes:
        kind: what a name stands for, such as ``"method"``.
        group: the entry points' group, such as ``"framecue.methods"``.
        built_in: framecue's own things by name. A script may add to it to register something for itself.
        why_not: given a name and the object that a package registers under it, returns why the object cannot be used;
            None if it can.
    """

    kind: str
    group: str
    built_in: Mapping[str, T]
    why_not: Callable[[str, Any], str | None] = lambda name, found: None

    def names(self) -> list[str]:
        """Return all names, framecue's own first; nothing is imported."""
        return list(dict.fromkeys([*self.built_in, *self._entries()]))

    def get(self, name: str) -> T:
        """Return what a name stands for.

        Raises:
            UnknownNameError: no such name; the known ones are listed.
            InputError: the name is registered twice, or the package's object cannot be loaded or used; the package is
                named.
        """
        entries = self._entries().get(name, ())
        if len(entries) + (name in self.built_in) > 1:
            places = [*(["framecue itself"] if name in self.built_in else []), *map(_package, entries)]
            raise InputError(
                f"the {self.kind} {name!r} stands twice: in {' and in '.join(places)}; "
                "uninstall a package, or have its name changed"
            )
        if name in self.built_in:
            return self.built_in[name]
        if not entries:
            raise UnknownNameError(self.kind, name, self.names())
        return self._loaded(name, entries[0])

    def load_all(self) -> tuple[dict[str, T], dict[str, str]]:
        """Load every name, for a list that one broken package must not spoil.

        Returns:
            (what each name stands for, for every other name the reason why it cannot be used).
        """
        found: dict[str, T] = {}
        failed: dict[str, str] = {}
        for name in self.names():
            try:
                found[name] = self.get(name)
            except InputError as error:
                failed[name] = str(error)
        return found, failed

    def _entries(self) -> dict[str, list[EntryPoint]]:
        return _entries(self.group, tuple(sys.path))

    def _loaded(self, name: str, entry: EntryPoint) -> T:
        where = f"{self.kind} {name!r} of {_package(entry)} ({entry.value})"
        try:
            found: T = entry.load()
        except (Exception, SystemExit) as error:  # somebody else's module may raise anything
            told = " ".join(f"{type(error).__name__}: {error}".split())
            raise InputError(f"{where} cannot be loaded ({told}); mend or uninstall the package") from error
        reason = self.why_not(name, found)
        if reason is not None:
            raise InputError(f"{where} cannot be used: {reason}; mend or uninstall the package")
        return found


@cache
def _entries(group: str, path: tuple[str, ...]) -> dict[str, list[EntryPoint]]:
    """Return a group's entry points by name.

    Args:
        group: of entry points.
        path: where packages are searched; if it changes, they are searched again.
    """
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=group):
        found.setdefault(entry.name, []).append(entry)
    return found


def _package(entry: EntryPoint) -> str:
    name = None if entry.dist is None else entry.dist.metadata["Name"]
    return f"package {name or entry.value.partition(':')[0].partition('.')[0]}"
