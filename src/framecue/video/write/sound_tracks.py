"""Which sound tracks a clip gets, and what is said of those that it does not get."""

from __future__ import annotations

from dataclasses import dataclass

import av
from av.stream import Disposition, Stream

from framecue.video.write.sound import SoundPacket, Stretch, track_name

__all__ = ["HeardSound", "describe", "find_heard"]

_TOLD = ("language", "title")
# Languages of which QuickTime files know another of their two codes.
_QUICKTIME_LANGUAGES = {
    **{"cze": "ces", "deu": "ger", "ell": "gre", "fas": "per", "fre": "fra", "isl": "ice", "nld": "dut"},
    **{"rum": "ron", "slo": "slk", "swe": "sve", "zho": "chi"},
}


@dataclass(frozen=True)
class HeardSound:
    """What is heard in a moment.

    Attributes:
        numbers: the tracks that are heard, as numbers among the stretch's.
        left_out: a line for each track that is not taken along, why.
    """

    numbers: tuple[int, ...]
    left_out: tuple[str, ...]


def find_heard(stretch: Stretch, *, is_decoded: bool, one: bool = False) -> HeardSound:
    """Read on until each of the tracks has been heard.

    Args:
        stretch: what to read.
        is_decoded: whether a track has to be decodable.
        one: take one track alone, that which players play: the one that is marked as such, else the first.

    Raises:
        VideoError: the file cannot be opened.
    """
    with stretch.open() as sound:
        missing = {stream.index: "has no sound there" for stream in sound.streams}
        for packet in sound.packets(sound.streams) if missing else ():
            stream = packet.stream
            if stream.index not in missing:
                continue
            missing[stream.index] = "cannot be decoded"
            if not is_decoded or _is_decodable(packet):
                del missing[stream.index]
                if not missing:
                    break
        numbers = tuple(n for n, stream in enumerate(sound.streams) if stream.index not in missing)
        if one:
            marked = (n for n in numbers if sound.streams[n].disposition & Disposition.default)
            numbers = (next(marked, numbers[0]),) if numbers else ()
        left_out = [
            f"{track_name(stream)} {missing[stream.index]}" for stream in sound.streams if stream.index in missing
        ]
        left_out += [f"{name} has no sound there" for name in sound.absent]
        left_out += [f"{name} is not known to this build of ffmpeg" for name in sound.unknown]
        return HeardSound(numbers, tuple(left_out))


def describe(output: Stream, source: Stream) -> None:
    """Give a stream of a clip the language, the title and the marks (default, forced, commentary) of its source."""
    told = {name.lower(): text for name, text in source.metadata.items() if name.lower() in _TOLD}
    if "language" in told and output.container.format.name == "mov":
        told["language"] = _QUICKTIME_LANGUAGES.get(told["language"], told["language"])
    output.metadata.update(told)
    output.disposition = source.disposition


def _is_decodable(packet: SoundPacket) -> bool:
    try:
        return bool(packet.decode())
    except (av.FFmpegError, ValueError):
        return False
