"""The names of codecs as browsers take them (RFC 6381): ``avc1.64001F``, ``hvc1.1.6.L93.B0``, ``mp4a.40.2``."""

from __future__ import annotations

from framecue.video.read.streams import PictureStream, SoundStream

__all__ = ["picture_codec", "sound_codec"]

_SPS = 7  # the kind of H.264's unit that says the profile and level
_H264_PROFILES = {"Baseline": "42", "Constrained Baseline": "42", "Main": "4D", "Extended": "58", "High": "64"}
_H264_PROFILES |= {"High 10": "6E", "High 4:2:2": "7A", "High 4:4:4 Predictive": "F4"}
# Those of which one name says all, by ffmpeg's names.
_PICTURES = {"vp8": "vp8", "theora": "theora", "mpeg4": "mp4v.20.9", "h263": "s263"}
_SOUNDS = {
    **{"mp3": "mp4a.6B", "mp2": "mp4a.69", "opus": "opus", "vorbis": "vorbis", "flac": "flac", "alac": "alac"},
    **{"ac3": "ac-3", "eac3": "ec-3", "dts": "dtsc", "amr_nb": "samr", "amr_wb": "sawb"},
}
_AAC_PROFILES = {"Main": 1, "LC": 2, "SSR": 3, "LTP": 4, "HE-AAC": 5, "HE-AACv2": 29}
_AAC_LC, _AAC_ESCAPE = 2, 31


def picture_codec(picture: PictureStream) -> str | None:
    """Return the name of a codec of pictures; None if browsers have none for it."""
    make = {"h264": _h264, "hevc": _hevc, "vp9": _vp9, "av1": _av1}.get(picture.codec)
    return make(picture) if make else _PICTURES.get(picture.codec)


def sound_codec(sound: SoundStream) -> str | None:
    """Return the name of a codec of sound; None if browsers have none for it."""
    if sound.codec == "aac":
        return f"mp4a.40.{_aac_object(sound)}"
    return _SOUNDS.get(sound.codec or "")


def _h264(picture: PictureStream) -> str:
    """Return ``avc1.PPCCLL``: profile, constraints and level, two hexadecimal digits each."""
    setup = picture.setup
    if len(setup) > 3 and setup[0] == 1:  # avcC
        return f"avc1.{setup[1:4].hex().upper()}"
    place = setup.find(b"\0\0\1")
    while place >= 0:
        unit = setup[place + 3 : place + 7]
        if len(unit) == 4 and unit[0] & 0x1F == _SPS:
            return f"avc1.{unit[1:4].hex().upper()}"
        place = setup.find(b"\0\0\1", place + 3)
    return f"avc1.{_H264_PROFILES.get(picture.profile or '', '64')}00{picture.level or 40:02X}"


def _hevc(picture: PictureStream) -> str:
    """Return ``hvc1.`` with the profile, its compatibility, tier and level, and constraints, as ISO 14496-15 has it."""
    name = picture.tag if picture.tag in ("hev1", "hvc1") else "hvc1"
    setup = picture.setup
    if len(setup) > 12 and setup[0] == 1:  # hvcC
        space, tier, profile = setup[1] >> 6, setup[1] >> 5 & 1, setup[1] & 0x1F
        flags = int(f"{int.from_bytes(setup[2:6], 'big'):032b}"[::-1], 2)
        constraints = setup[6:12].rstrip(b"\0") or b"\0"
        words = [f"{' ABC'[space].strip()}{profile}", f"{flags:X}", f"{'LH'[tier]}{setup[12]}"]
        return ".".join([name, *words, *(f"{byte:X}" for byte in constraints)])
    profile, flags = (2, 4) if picture.bits > 8 else (1, 6)
    return f"{name}.{profile}.{flags}.L{picture.level or 120}.B0"


def _vp9(picture: PictureStream) -> str:
    """Return ``vp09.PP.LL.DD``: profile, level and bits; files do not say the level where it is not read here."""
    is_usual = "420" in (picture.pixel_format or "420")
    profile = (0 if is_usual else 1) + (2 if picture.bits > 8 else 0)
    level = 10 if picture.level is None else picture.level
    return f"vp09.{profile:02}.{level:02}.{picture.bits:02}"


def _av1(picture: PictureStream) -> str:
    """Return ``av01.P.LLT.DD``: profile, level, tier and bits."""
    setup = picture.setup
    if len(setup) > 2 and setup[0] == 0x81:  # av1C
        profile, level, tier = setup[1] >> 5, setup[1] & 0x1F, "MH"[setup[2] >> 7]
    else:
        profile, level, tier = 0, picture.level or 8, "M"
    return f"av01.{profile}.{level:02}{tier}.{picture.bits:02}"


def _aac_object(sound: SoundStream) -> int:
    """Return the kind of AAC, which is the first five bits of what its decoder is set up with."""
    kind = sound.setup[0] >> 3 if sound.setup else 0
    if kind == _AAC_ESCAPE and len(sound.setup) > 1:
        return 32 + ((sound.setup[0] & 7) << 3 | sound.setup[1] >> 5)
    return kind or _AAC_PROFILES.get(sound.profile or "", _AAC_LC)
