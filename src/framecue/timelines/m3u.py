"""A playlist (.m3u): the hits one after the other, as VLC plays them, each from its start to its end."""

from __future__ import annotations

from framecue.timelines.assembly import STILL_SECONDS, Assembly
from framecue.timelines.pick import Pick

__all__ = ["write_m3u"]

# A player would not show what is shorter.
_LEAST_SECONDS = 0.1


def write_m3u(assembly: Assembly) -> bytes:
    """Return an assembly as the content of an .m3u file, in UTF-8; files are named by URLs, which are ASCII."""
    lines = ["#EXTM3U", f"#PLAYLIST:{assembly.title}"]
    for pick in assembly.picks:
        lines += _entry(pick)
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def _entry(pick: Pick) -> list[str]:
    end_seconds = max(pick.end_seconds, pick.start_seconds + _LEAST_SECONDS)
    seconds = STILL_SECONDS if pick.is_picture else end_seconds - pick.start_seconds
    title = f"{pick.query}: {pick.name}" if pick.query else pick.name
    options = (
        [f"image-duration={STILL_SECONDS:g}"]
        if pick.is_picture
        else [f"start-time={pick.start_seconds:.3f}", f"stop-time={end_seconds:.3f}"]
    )
    return [
        # A whole number, as many players take no other.
        f"#EXTINF:{max(1, round(seconds))},{title}",
        *(f"#EXTVLCOPT:{option}" for option in options),
        pick.url,
    ]
