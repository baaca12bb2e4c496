"""Which sound tracks a file has, and which one of them is listened to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from framecue.errors import InputError, VideoError
from framecue.video.read.languages import iso_639_1

__all__ = ["SoundTrack", "check_track", "choose_track", "track_of"]

# Tracks that speak about the film, or are made for some of its hearers, beside the one that is its sound.
_ASIDE_MARKS = Disposition.comment | Disposition.descriptions | Disposition.visual_impaired | Disposition.karaoke
_ASIDE_MARKS |= Disposition.hearing_impaired | Disposition.clean_effects


@dataclass(frozen=True)
class SoundTrack:
    """A sound track of a file, as the file describes it.

    Attributes:
        number: among the file's sound tracks, from 1.
        codec: what it is encoded with, in ffmpeg's words; None if this build of ffmpeg does not know it.
        language: its ISO 639-1 code, or what stands there if it has none; None if the file does not say.
        title: what it is called; None if the file does not say.
        is_default: whether it is marked as the one to be heard.
    """

    number: int
    codec: str | None
    language: str | None = None
    title: str | None = None
    is_default: bool = False

    def __str__(self) -> str:
        facts = [text for text in (self.codec or "an unknown codec", self.language, self.title) if text]
        return f"{self.number} ({', '.join(facts)})"


def check_track(wanted: int | str | None) -> None:
    """Refuse what names no sound track.

    Raises:
        InputError: it is a number below 1, or no code of a language.
    """
    if isinstance(wanted, int) and wanted < 1:
        raise InputError(f"there is no sound track {wanted}: they are counted from 1")
    if isinstance(wanted, str) and iso_639_1(wanted) is None:
        raise InputError(f"there is no sound track {wanted!r}: give its number, from 1, or its language, such as de")


def track_of(stream: AudioStream, number: int) -> SoundTrack:
    """Return what a file says of one of its sound tracks.

    Args:
        stream: the track.
        number: which one it is, from 1.
    """
    told = {name.lower(): text.strip() for name, text in stream.metadata.items()}
    return SoundTrack(
        number,
        # PyAV's types leave out that there is no context for a codec that ffmpeg does not know.
        stream.codec_context.name if cast(object, stream.codec_context) is not None else None,
        iso_639_1(told.get("language")),
        told.get("title") or None,
        bool(stream.disposition & Disposition.default),
    )


def choose_track(path: str | Path, container: InputContainer, wanted: int | str | None) -> SoundTrack | None:
    """Choose the sound track of an open file that is listened to.

    Of those that can be decoded it is the first one that is marked as the default, as a player does, or else the first;
    a commentary, or what is made for the hard of hearing or the blind, only where there is nothing else.

    Args:
        path: the file, for messages.
        container: it, open.
        wanted: the number of another track, from 1; or a language, by any code of ISO 639: the first track in it, by
            the same order, is taken, and in a file without one the usual track.

    Returns:
        None if the file has no sound.

    Raises:
        InputError: what is wanted names no sound track.
        VideoError: it has no track of this number, or none that can be decoded.
    """
    check_track(wanted)
    tracks = [track_of(stream, number) for number, stream in enumerate(container.streams.audio, start=1)]
    if not tracks:
        return None
    listed = f"it has {', '.join(map(str, tracks))}"
    if isinstance(wanted, int):
        if wanted > len(tracks):
            raise VideoError(path, f"it has no sound track {wanted}; {listed}", cause="content")
        tracks = [tracks[wanted - 1]]
    decodable = [track for track in tracks if track.codec is not None]
    if not decodable:
        raise VideoError(path, f"its sound is in a codec that this build of ffmpeg does not know; {listed}")
    aside = {
        number for number, stream in enumerate(container.streams.audio, start=1) if stream.disposition & _ASIDE_MARKS
    }
    language = iso_639_1(wanted) if isinstance(wanted, str) else None
    return min(
        decodable,
        key=lambda track: (
            language is not None and track.language != language,
            track.number in aside,
            not track.is_default,
            track.number,
        ),
    )
