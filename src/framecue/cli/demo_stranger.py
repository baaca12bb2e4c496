"""Somebody whom the demo's model has never seen: drawn in four clips, taught by three, and looked for in the fourth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from framecue.cli.demo_search import DemoSearch

if TYPE_CHECKING:
    from framecue.library import Library, TaughtName

__all__ = ["NAME", "STRANGER", "DemoLesson", "teach_stranger", "write_stranger"]

NAME, STRANGER = "Leo", "lion"
# What it does in the three clips by which it is taught, and in the fourth.
_MOTIONS = ("left", "spin", "grow", "fall")


@dataclass(frozen=True)
class DemoLesson:
    """What came of teaching the name.

    Attributes:
        name: as the library keeps it.
        examples: the paths of the clips by which it was taught.
        search: by the name and what happens in the fourth clip, after that.
        rank_before: the fourth clip's place in the same search before the name was taught; None if it was far down.
        seconds: how long teaching took.
    """

    name: TaughtName
    examples: Sequence[str]
    search: DemoSearch
    rank_before: int | None
    seconds: float

    @property
    def rank(self) -> int | None:
        """The fourth clip's place; None if it is not among the results."""
        return next((hit.rank for hit in self.search.hits if self.search.is_right(hit)), None)

    def in_words(self) -> str:
        """Return what came of it, in a line."""
        place = "not among the first" if self.rank is None else f"at place {self.rank}"
        before = "far down" if self.rank_before is None else f"at {self.rank_before}"
        return (
            f"{self.name.name} was taught from {len(self.examples)} clips in {self.seconds:.0f} s: "
            f'"{self.search.query}" finds a fourth one {place}, which was {before} before.'
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the lesson for the JSON document, without how long it took, which is never the same."""
        return {
            "name": self.name.name,
            "examples": list(self.examples),
            "rank_before": self.rank_before,
            "rank": self.rank,
            **self.search.to_dict(),
        }


def write_stranger(folder: Path, *, seed: int, overwrite: bool) -> list[Path]:
    """Draw the four clips, and return their files.

    Args:
        folder: gets them; made if it is missing.
        seed: of places, sizes and backgrounds.
        overwrite: whether to replace those of an earlier demo.

    Raises:
        DatasetError: the folder holds something else, or cannot be written to, or the extra `demo` is not installed.
    """
    from framecue.datasets.moji_motion.files import write_clips
    from framecue.datasets.moji_motion.meaning import Act, Meaning

    meanings = [Meaning(Act(STRANGER, motion)) for motion in _MOTIONS]
    return [clip.video for clip in write_clips(folder, meanings, seed=seed, twins=False, overwrite=overwrite)]


def teach_stranger(library: Library, paths: Sequence[str], *, top: int) -> DemoLesson:
    """Teach a library the name by three of the clips, and look for the fourth.

    Args:
        library: holds the clips, and has a model.
        paths: of the four clips, as the library has them.
        top: how many results the search has.

    Raises:
        FramecueError: it cannot be taught.
    """
    from framecue.cli.teaching import teach_name
    from framecue.datasets.moji_motion.grammar import PHRASES

    *examples, fourth = paths
    query = f"{NAME} {PHRASES[_MOTIONS[-1]][0]}"
    # Also where an earlier demo has taught it.
    library.forget_name(NAME)
    before = library.search(query, k=library.count_videos())
    rank_before = next((hit.rank for hit in before if hit.path == fourth), None)
    start = perf_counter()
    name = teach_name(library, NAME, like=examples)
    seconds = perf_counter() - start
    search = DemoSearch(query, fourth, library.search(query, k=top))
    return DemoLesson(name, examples, search, rank_before, seconds)
