"""``framecue clip``: cut a hit out of its video."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framecue.cli.output import log, print_json
from framecue.paths import user_path

if TYPE_CHECKING:
    from framecue.video import Cut

# If a clip starts early by less than this, it is not mentioned.
_EARLY_SECONDS = 0.5


@click.command()
@click.argument("hit")
@click.option("-o", "--output", required=True, metavar="FILE", help="What to write: mp4, m4v, mov, mkv or webm.")
@click.option("--exact", is_flag=True, help="Encode anew, so that not a frame is too much.")
@click.option("--force", is_flag=True, help="Replace the output if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def clip(hit: str, output: str, exact: bool, force: bool, as_json: bool) -> None:
    """Cut a moment out of a video, without encoding it anew where possible.

    HIT is PATH@START-END, as `framecue search --json` prints it; times are seconds, m:ss or h:mm:ss, with decimals if
    wanted. In mp4, m4v and mov the clip starts at the moment's first frame; in mkv and webm it starts at the keyframe
    before it, unless it is encoded anew (--exact).

    \b
    framecue clip "holiday.mp4@1:01.5-1:06.5" --output dog.mp4
    """  # noqa: D301 (click reads the backspace character)
    from framecue.video import clip_video, format_hit, parse_hit

    path, start_seconds, end_seconds = parse_hit(hit)
    source, target = (user_path(name) for name in (path, output))
    cut = clip_video(source, target, start_seconds, end_seconds, exact=exact, overwrite=force)
    how = ", ".join(["copied" if cut.is_copied else "encoded anew", *_missing_sound(cut)])
    log(f"{cut.output}: {format_hit(source, cut.start_seconds, cut.end_seconds)}, {how}")
    if start_seconds - cut.start_seconds > _EARLY_SECONDS:
        early = f"starts {start_seconds - cut.start_seconds:.1f} s early, at the keyframe before"
        log(f"{early}; --exact or an mp4 file starts at the moment itself")
    if as_json:
        print_json(cut.to_dict())


def _missing_sound(cut: Cut) -> list[str]:
    """Return what is said of the sound that is not in a clip; nothing if all of it is."""
    if not cut.sounds_left_out:
        return []
    what = "without sound" if cut.num_sounds == 0 else "without some of the sound"
    return [f"{what}: {'; '.join(cut.sounds_left_out)}"]
