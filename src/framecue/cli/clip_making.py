"""Cutting hits out of their videos, one after the other, with a line about each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from framecue.cli.clip_names import ClipNames
from framecue.cli.output import log
from framecue.counts import counted
from framecue.errors import InputError
from framecue.paths import user_path
from framecue.video import STALL_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from framecue.video import Cut

__all__ = ["MadeClips", "cut_hits"]

# If a clip starts early by less than this, it is not mentioned.
_EARLY_SECONDS = 0.5


@dataclass
class MadeClips:
    """What became of hits.

    Attributes:
        clips: what was written.
        skipped: the names of the hits of which nothing was, with the errors.
    """

    clips: list[Cut] = field(default_factory=list)
    skipped: list[tuple[str, InputError]] = field(default_factory=list)


def cut_hits(
    hits: Sequence[tuple[str, float, float] | InputError],
    output: str | None,
    *,
    force: bool,
    exact: bool = False,
    kept: Callable[[], Iterable[str | Path]] | None = None,
    stall_seconds: float = STALL_SECONDS,
) -> MadeClips:
    """Cut hits out; one that cannot be costs that one alone.

    Args:
        hits: the path, the start and the end in seconds of each; or what is wrong with what should have been one.
        output: the file for one hit, or the folder; None for the working folder.
        force: whether to replace files that exist.
        exact: whether to encode in any case.
        kept: files that are never replaced.
        stall_seconds: how long nothing may come of a file.

    Raises:
        InputError: nothing was written.
        click.UsageError: the output is a file, and there are several hits.
    """
    from framecue.video import IsolatedReader, clip_video, format_hit

    names = ClipNames(output, num_hits=len(hits), overwrite=force)
    made = MadeClips()
    with IsolatedReader(stall_seconds=stall_seconds) as reader:
        for hit in hits:
            name = str(hit)
            try:
                if isinstance(hit, InputError):
                    raise hit
                path, start_seconds, end_seconds = hit
                name = format_hit(path, start_seconds, end_seconds)
                source = user_path(path)
                target = names.target(source, start_seconds, end_seconds)
                cut = clip_video(
                    source, target, start_seconds, end_seconds, exact=exact, overwrite=force, kept=kept, reader=reader
                )
            except InputError as error:
                if len(hits) == 1:
                    raise
                log(f"skipped {error}")
                made.skipped.append((name, error))
                continue
            made.clips.append(cut)
            _tell(cut, source, start_seconds)
    if not made.clips:
        raise InputError(f"none of the {counted(len(hits), 'moment')} could be cut out")
    return made


def _tell(cut: Cut, source: str, start_seconds: float) -> None:
    """Say in a line what was written, and what is not as one may expect."""
    from framecue.video import format_hit

    made = "copied" if cut.is_copied else "encoded anew"
    if cut.why_encoded:
        made += f" as {cut.why_encoded}"
    how = ", ".join([made, *_missing_sound(cut)])
    log(f"{cut.output}: {format_hit(source, cut.start_seconds, cut.end_seconds)}, {how}")
    # Others begin with the picture that is shown at the moment's start, as --exact does.
    if start_seconds - cut.start_seconds > _EARLY_SECONDS and cut.output.suffix.lower() in (".mkv", ".webm"):
        early = f"starts {start_seconds - cut.start_seconds:.1f} s early, at the keyframe before"
        log(f"{early}; --exact or an mp4 file starts at the moment itself")


def _missing_sound(cut: Cut) -> list[str]:
    """Return what is said of the sound that is not in a clip; nothing if all of it is."""
    if not cut.sounds_left_out:
        return []
    what = "without sound" if cut.num_sounds == 0 else "without some of the sound"
    return [f"{what}: {'; '.join(cut.sounds_left_out)}"]
