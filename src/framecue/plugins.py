"""What other packages add to framecue, found by their entry points: methods, datasets, encoders.

A package says in its `pyproject.toml` ::

    [project.entry-points."framecue.methods"]
    my-method = "my_package.my_module:MyMethod"

and the name works wherever a built-in one does. Nothing of the package is imported before the name is used.
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
    """Names of one kind of thing: framecue's own, and those of packages that are installed beside it.

    Attributes:
        kind: what a name stands for, such as ``"method"``.
        group: the entry points' group, such as ``"framecue.methods"``.
        built_in: framecue's own by name. It may be added to, which is how a script registers something for itself.
        why_not: says why what a package's name leads to cannot be used, given the name and it; None where it can.
    """

    kind: str
    group: str
    built_in: Mapping[str, T]
    why_not: Callable[[str, Any], str | None] = lambda name, found: None

    def names(self) -> list[str]:
        """Return every name, framecue's own first; nothing is imported."""
        return list(dict.fromkeys([*self.built_in, *self._entries()]))

    def get(self, name: str) -> T:
        """Return what a name stands for.

        Raises:
            UnknownNameError: no such name; the known ones are listed.
            InputError: the name stands twice, or what the package has under it cannot be loaded or used. The package is
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
        """Load every name: for a list, which one broken package must not take away.

        Returns:
            What each name stands for, and why the other names cannot be used.
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
        except Exception as error:  # whatever it is that somebody else's module raises
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
        path: where packages are looked for, so that what was found is looked for again when it changes.
    """
    found: dict[str, list[EntryPoint]] = {}
    for entry in entry_points(group=group):
        found.setdefault(entry.name, []).append(entry)
    return found


def _package(entry: EntryPoint) -> str:
    name = None if entry.dist is None else entry.dist.metadata["Name"]
    return f"package {name or entry.value.partition(':')[0].partition('.')[0]}"
