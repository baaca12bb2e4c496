"""What a dataset is, in one place: its splits with their counts, the files they come from, and where people get them.

`framecue datasets`, `framecue datasets check` and the table in docs/datasets.md all read the cards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["DatasetCard", "SplitCard"]


@dataclass(frozen=True)
class SplitCard:
    """What a split holds, as it is published.

    Attributes:
        split: the split's name.
        videos: how many videos the published lists name; None where that is not known, or not fixed.
        captions: how many captions they have; None likewise.
        source: the files that it is read from.
        options: the options under which the split is this one; empty if it always is.
        note: what has to be known of it, such as which videos are held out.
    """

    split: str
    videos: int | None = None
    captions: int | None = None
    source: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the split as JSON shows it."""
        return {
            "split": self.split,
            "options": dict(self.options),
            "videos": self.videos,
            "captions": self.captions,
            "source": self.source,
            "note": self.note,
        }


@dataclass(frozen=True)
class DatasetCard:
    """What a dataset is.

    Attributes:
        about: one sentence.
        splits: what each split holds.
        homes: addresses of the pages where people get the files.
        paper: where it is from.
    """

    about: str
    splits: tuple[SplitCard, ...] = ()
    homes: tuple[str, ...] = ()
    paper: str = ""

    def split(self, name: str, options: Mapping[str, Any]) -> SplitCard | None:
        """Return the card of a split under some options; None if there is none."""
        for card in self.splits:
            if card.split == name and all(options.get(key) == value for key, value in card.options.items()):
                return card
        return None

    @property
    def where_from(self) -> str:
        """Return where people get the files, for the end of a message; empty if nobody has said."""
        return f"; people get it from {' and '.join(self.homes)}" if self.homes else ""
