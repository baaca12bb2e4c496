"""Importing LanceDB without what a library in a folder never uses of it.

LanceDB's package imports a client for its servers, of several hundred pydantic models (``lance_namespace``), and
pyarrow's part for data sets imports pandas to see whether a number is one of its. Together they take longer than all
else that a search does. Here the client's names are stand-ins until something uses one, and pandas is not found while
pyarrow looks for it. pyarrow asks again when a table is to become a data frame, but would no longer know a data frame
that it is given; so this is for a process of which it is known what it does, the command line's.

Where a later LanceDB cannot be imported in this way, it is imported as ever.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType, new_class
from typing import Any

__all__ = ["import_lean"]

# What talks to servers, and what turns texts into vectors, which models do here. A group becomes real as a whole, and
# alone: LanceDB asks for the second whenever it makes a table, and the first could not be imported any more by then, as
# its classes are derived from some whose signatures have stand-ins in them.
_GROUPS = (
    (
        *("lance_namespace", "lance_namespace_urllib3_client"),
        *("lancedb.remote", "lancedb.namespace", "lancedb.catalog", "lancedb.functions"),
    ),
    ("lancedb.embeddings",),
)
# Imported as it is: a small file of exceptions, which LanceDB names in `except`.
_REAL = "lance_namespace.errors"


def import_lean() -> None:
    """Let LanceDB, if this process imports it later, be imported without its client and pandas; nothing is imported."""
    if "lancedb" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _StandIn(type):
    """The class of the stand-ins: whatever is done with one is done with the name it stands for, imported then."""

    home: str

    def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any], **options: Any) -> Any:
        real = tuple(_real(base) if isinstance(base, _StandIn) else base for base in bases)
        if real != bases:  # a class that is derived from a stand-in is an ordinary class
            return new_class(name, real, options, lambda body: body.update(members))
        return super().__new__(cls, name, bases, members)

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        return _real(cls)(*arguments, **named)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_real(cls), name)

    def __instancecheck__(cls, instance: object) -> bool:
        # What has not been imported has no instances: LanceDB asks that of a table before each full text search.
        return not _is_stand_in(cls.home) and isinstance(instance, _real(cls))

    def __subclasscheck__(cls, subclass: type) -> bool:
        return not _is_stand_in(cls.home) and issubclass(subclass, _real(cls))


class _StandInModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _StandIn(name, (), {"home": self.__name__})
        setattr(self, name, made)
        return made


class _Finder(MetaPathFinder, Loader):
    """Finds the stand-ins for the client, and for a while no pandas."""

    def __init__(self) -> None:
        self._is_pandas_hidden = False
        self.groups = set(_GROUPS)

    def stands_in_for(self, name: str) -> bool:
        """Whether a module is not to be imported."""
        return name != _REAL and any(_is_within(name, group) for group in self.groups)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `MetaPathFinder.find_spec`."""
        if fullname == "lancedb":
            self._import_pyarrow()
        elif fullname == "pandas" and self._is_pandas_hidden:
            raise ModuleNotFoundError("pandas is not looked for here", name="pandas")
        elif self.stands_in_for(fullname):
            return self._stand_in(fullname)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """See `Loader.create_module`."""
        return _StandInModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing; see `Loader.exec_module`."""

    def _import_pyarrow(self) -> None:
        if "pandas" in sys.modules:
            return
        self._is_pandas_hidden = True
        try:
            import_module("pyarrow.dataset")
        finally:
            self._is_pandas_hidden = False

    def _stand_in(self, name: str) -> ModuleSpec | None:
        spec = ModuleSpec(name, self, is_package=True)
        if "." not in name:
            real = PathFinder.find_spec(name)
            if real is None:
                return None
            # Its file of exceptions is found below it.
            spec.submodule_search_locations = real.submodule_search_locations
        return spec


def _is_within(name: str, packages: Sequence[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _is_stand_in(name: str) -> bool:
    """Whether a module is one that nobody has used yet."""
    return any(isinstance(finder, _Finder) and finder.stands_in_for(name) for finder in sys.meta_path)


_lock = RLock()


def _real(stand_in: _StandIn) -> Any:
    """Return what a stand-in stands for; the first of a group has it imported."""
    with _lock:
        group = next(group for group in _GROUPS if _is_within(stand_in.home, group))
        for finder in sys.meta_path:
            if isinstance(finder, _Finder):
                finder.groups.discard(group)
        for name, module in list(sys.modules.items()):
            if isinstance(module, _StandInModule) and _is_within(name, group):
                del sys.modules[name]
        return getattr(import_module(stand_in.home), stand_in.__name__)
