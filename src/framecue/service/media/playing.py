"""What browsers play and what they do not, and what of a file has to be made anew so that they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from framecue.service.media.codecs import picture_codec, sound_codec
from framecue.video.read.streams import FileStreams, PictureStream, SoundStream

__all__ = ["Playability", "Plays", "playability"]

Plays = Literal["yes", "perhaps", "no"]

_ORDER: tuple[Plays, ...] = ("yes", "perhaps", "no")

_MP4, _MATROSKA = "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"
# What people call the kinds of files, by ffmpeg's names.
_KINDS = {
    **{"avi": "AVI", "mpegts": "MPEG-TS", "mpeg": "MPEG-PS", "asf": "Windows Media", "flv": "Flash", "ogg": "Ogg"},
    **{"mxf": "MXF", "rm": "RealMedia", "wtv": "WTV", "dv": "DV", "gif": "GIF", "nut": "NUT"},
}
_CODECS = {
    **{"h264": "H.264", "hevc": "HEVC", "mpeg4": "MPEG-4 part 2", "mpeg2video": "MPEG-2", "mpeg1video": "MPEG-1"},
    **{"vp8": "VP8", "vp9": "VP9", "av1": "AV1", "prores": "ProRes", "dnxhd": "DNxHD", "theora": "Theora"},
    **{"mjpeg": "Motion JPEG", "wmv1": "WMV 7", "wmv2": "WMV 8", "wmv3": "WMV 9", "vc1": "VC-1", "h263": "H.263"},
    **{"msmpeg4v1": "MS-MPEG-4", "msmpeg4v2": "MS-MPEG-4", "msmpeg4v3": "DivX 3", "flv1": "Sorenson H.263"},
    **{"aac": "AAC", "ac3": "AC-3", "eac3": "E-AC-3", "dts": "DTS", "truehd": "TrueHD", "mp3": "MP3", "mp2": "MP2"},
    **{"wmav1": "WMA", "wmav2": "WMA", "wmapro": "WMA Pro", "alac": "ALAC", "opus": "Opus", "vorbis": "Vorbis"},
    **{"flac": "FLAC", "amr_nb": "AMR", "amr_wb": "AMR", "cook": "RealAudio"},
}
_EIGHT_BITS = ("yuv420p", "yuvj420p")
_MP4_SOUNDS = ("aac", "mp3", "opus", "flac")
_WEBM_SOUNDS = ("opus", "vorbis")
# Some browsers have decoders for these.
_RARE_SOUNDS = ("ac3", "eac3", "alac")


class _Finding(NamedTuple):
    """Whether browsers play a part of a file, and what the reason calls it where not all do."""

    plays: Plays
    name: str = ""


@dataclass(frozen=True)
class Playability:
    """What browsers make of a file.

    Attributes:
        type: of the file, with its codecs, for ``canPlayType``.
        plays: "yes" if each of today's browsers plays it, "perhaps" if some do, "no" if none does.
        reason: why not all play it, a sentence; None if they do.
        copies_picture: whether its pictures can be put into an mp4 as they are, for browsers.
        copies_sound: whether the sound can; True where there is none.
    """

    type: str
    plays: Plays
    reason: str | None
    copies_picture: bool
    copies_sound: bool


def playability(streams: FileStreams) -> Playability:
    """Return what browsers make of a file."""
    container, picture, sound = _container(streams), _picture(streams), _sound(streams)
    worst = max((container.plays, picture.plays, sound.plays), key=_ORDER.index)
    picture_alone = _picture_alone(streams.picture)
    return Playability(
        type=_type_of(streams),
        plays=worst,
        reason=None if worst == "yes" else _reason(worst, container, picture, sound),
        copies_picture=picture_alone.plays == "yes" and streams.picture.codec in ("h264", "vp9"),
        copies_sound=streams.sound is None or streams.sound.codec in ("aac", "mp3", "opus"),
    )


def _container(streams: FileStreams) -> _Finding:
    if streams.format == _MP4 or streams.is_webm:
        return _Finding("yes")
    if streams.format == _MATROSKA:
        return _Finding("perhaps", "Matroska files")
    kind = _KINDS.get(streams.format, streams.format.split(",")[0].upper())
    return _Finding("no", f"{kind} files")


def _picture(streams: FileStreams) -> _Finding:
    picture = streams.picture
    if picture.codec == "vp8" and streams.format == _MP4:
        return _Finding("no", "VP8 in an mp4 file")
    return _picture_alone(picture)


def _picture_alone(picture: PictureStream) -> _Finding:
    name = _CODECS.get(picture.codec, picture.codec)
    is_usual = picture.pixel_format in _EIGHT_BITS
    is_deep = picture.pixel_format == "yuv420p10le"
    if picture.codec in ("h264", "vp8", "vp9") and is_usual:
        return _Finding("yes")
    if picture.codec in ("h264", "vp9") and is_deep:
        return _Finding("perhaps", f"{name} of 10 bits")
    if picture.codec in ("hevc", "av1") and (is_usual or is_deep):
        return _Finding("perhaps", name)
    if picture.codec in ("h264", "hevc", "vp9", "av1"):
        return _Finding("no", f"{name} in the format {picture.pixel_format}")
    return _Finding("no", name)


def _sound(streams: FileStreams) -> _Finding:
    sound = streams.sound
    if sound is None:
        return _Finding("yes")
    name = "sound in a codec that is not known" if sound.codec is None else f"{_sound_name(sound)} sound"
    if sound.codec in (_WEBM_SOUNDS if streams.is_webm else _MP4_SOUNDS):
        return _Finding("yes")
    return _Finding("perhaps" if sound.codec in _RARE_SOUNDS else "no", name)


def _sound_name(sound: SoundStream) -> str:
    codec = sound.codec or ""
    return "PCM" if codec.startswith("pcm_") else _CODECS.get(codec, codec)


def _reason(worst: Plays, *parts: _Finding) -> str:
    """Return a sentence that names what the worst parts are."""
    names = [part.name for part in parts if part.plays == worst]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"Browsers do not play {listed}." if worst == "no" else f"Not every browser plays {listed}."


def _type_of(streams: FileStreams) -> str:
    """Return the media type with codecs; without them where browsers have no name for one."""
    if streams.format == _MP4:
        # A QuickTime file is read by what reads mp4, under whose name browsers know it.
        kind = "video/mp4"
    elif streams.format == _MATROSKA:
        kind = "video/webm" if streams.is_webm else "video/x-matroska"
    else:
        known = {"avi": "video/x-msvideo", "mpegts": "video/mp2t", "mpeg": "video/mpeg", "asf": "video/x-ms-wmv"}
        known |= {"flv": "video/x-flv", "ogg": "video/ogg", "gif": "image/gif"}
        kind = known.get(streams.format, "application/octet-stream")
    codecs = [picture_codec(streams.picture)]
    if streams.sound is not None:
        codecs.append(sound_codec(streams.sound))
    named = [codec for codec in codecs if codec is not None]
    return f'{kind}; codecs="{", ".join(named)}"' if len(named) == len(codecs) else kind
