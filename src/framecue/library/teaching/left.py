"""The names of a library that its model does not know: which there is something to be done about, and which are left.

It imports nothing that reads files, as every run of indexing looks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from framecue.library.files.interface import Files
from framecue.library.store import Store
from framecue.library.store.taught_names import KeptExample, KeptName

__all__ = ["ALL_GONE", "NamesOutcome", "names_due", "names_left"]

ALL_GONE = "none of its examples is there any more; teach it anew, or forget it"
"""Why a name is left."""
_DUE = "the next run of indexing teaches it again"


class _Report(TypedDict):
    """What a report says about names."""

    names_taught: list[str]
    names_left: dict[str, str]


@dataclass
class NamesOutcome:
    """What a run did about names.

    Attributes:
        taught: those that were taught again to the library's model.
        left: those that could not be, with reasons.
    """

    taught: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)

    def report(self) -> _Report:
        """Return what an ``AddReport`` says of it."""
        return {"names_taught": self.taught, "names_left": self.left}


def names_due(store: Store, files: Files) -> list[KeptName]:
    """Return the names that there is something to be done about; quick, and no model is needed.

    They were taught to another model than the library's, which has not been found unable to learn them, and at least
    one of their examples is there.

    Raises:
        LibraryError: the library cannot be read.
    """
    names = [name for name in store.names.others() if name.failed_for != store.names.made_for]
    if not names:
        return []
    # Pictures are kept apart from what a search reads.
    names = [kept for name in names if (kept := store.names.find(name.name)) is not None]
    held = store.held_ids({example.video_id for name in names for example in name.examples if example.video_id})
    return [name for name in names if any(_may_be_there(example, held, files) for example in name.examples)]


def names_left(store: Store | None, files: Files) -> dict[str, str]:
    """Return the names that searches do not understand, with reasons.

    Raises:
        LibraryError: the library cannot be read.
    """
    if store is None:
        return {}
    others = store.names.others()
    if not others:
        return {}
    made_for, due = store.names.made_for, {name.name for name in names_due(store, files)}
    reasons = {name.name: name.failure for name in others if name.failed_for == made_for}
    return {name.name: reasons.get(name.name) or (_DUE if name.name in due else ALL_GONE) for name in others}


def _may_be_there(example: KeptExample, held: set[str], files: Files) -> bool:
    if example.picture is not None or example.video_id in held:
        return True
    return example.path is not None and not files.is_missing(example.path)
