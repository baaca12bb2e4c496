"""Which of ffmpeg's readers of files may open one, and words for files that only name others.

ffmpeg guesses a file's kind from its content, whatever its name, and many kinds (playlists, manifests, descriptions of
streams, numbered series, filter graphs, scripts) have it open other files, or the network.
"""

from __future__ import annotations

import re

__all__ = ["DEMUXERS", "is_playlist", "is_text"]

# Each holds all of its content itself. Left out, besides what is above: subtitles and drawn text, devices, mlv (opens
# the files numbered after it), vobsub (opens the file of the same name), raw pictures without a header.
_VIDEO = """
    3g2 3gp 4xm anm asf asf_o avi avs bethsoftvid bfi bink bmv c93 cdg cdxl cine dfa dhav dsicin dv dxa ea film_cpk
    filmstrip flic flv frm gdv gxf hnm idcin iff ifv
    ipu iv8 ivf jv kux live_flv lmlm4 luodat lvf lxf matroska mgsts mj2 mm mods moflex mov mp4 m4a mpeg mpegts mtv
    mv mvi mxf mxg nsv nut nuv ogg paf pmp pva r3d rl2 rm ivr roq rpl sdr2 sga smjpeg smk smush ser simbiosis_imx
    siff swf thp tmv tiertexseq ty txd vividas vivo vmd vidc wc3movie webm wsvqa wtv xmv yop yuv4mpegpipe
"""
_RAW_VIDEO = """
    apv av1 avs2 avs3 cavsvideo dirac dnxhd evc h261 h263 h264 hevc ingenient m4v mjpeg mjpeg_2000 mpegvideo obu vc1
    vc1test vvc
"""
_PICTURES = """
    alias_pix apng bmp_pipe brender_pix cri_pipe dds_pipe dpx_pipe exr_pipe fits gem_pipe gif gif_pipe hdr_pipe ico
    j2k_pipe jpeg_pipe jpegls_pipe jpegxl_anim jpegxl_pipe jpegxs_pipe pam_pipe pbm_pipe pcx_pipe pfm_pipe pgm_pipe
    pgmyuv_pipe pgx_pipe phm_pipe photocd_pipe pictor_pipe png_pipe ppm_pipe psd_pipe qdraw_pipe qoi_pipe sgi_pipe
    sunrast_pipe tiff_pipe vbn_pipe webp_pipe xbm_pipe xpm_pipe xwd_pipe
"""
# For the words alone: of a file of sound one wants to hear that it is one.
_SOUND = """
    aac ac3 ac4 aiff amr amrnb amrwb ape au caf dsf dts dtshd eac3 flac gsm mlp mp3 mpc mpc8 oma rso sox tak truehd
    tta voc w64 wav wv xwma
"""
DEMUXERS = ",".join(f"{_VIDEO} {_RAW_VIDEO} {_PICTURES} {_SOUND}".split())
"""ffmpeg's names of the kinds of files that are opened, for its option ``format_whitelist``."""

_PLAYLIST = re.compile(
    r"""
    \A\s*(?:
        ffconcat\b | \#EXT | v=0\s | \[(?:playlist|reference)\] | RTSPtext | SMILtext | \#\s*VobSub\ index
        | (?:file|https?|rtsps?|rtmps?|mms[htu]?|ftp|udp|rtp|srt)://\S+\s*$
        | (?:\#[^\n]*\n\s*)* file\s+(?:\S+|'[^'\n]*'|"[^"\n]*")\s*$ | (?:REM\b[^\n]*\n\s*)* FILE\s+"
    )
    | \A\s* (?:<[?!][^>]*>\s*)* <(?:\w+:)?
        (?:MPD|smil|asx|playlist|SmoothStreamingMedia|AssetMap|PackingList|CompositionPlaylist|VolumeIndex|mlt|wpl|xspf
        |manifest|fcpxml|xmeml|timedtext)\b
    | \A\s* (?:<\?xml[^>]*>\s*)? <\?(?:wpl|zpl|quicktime)\b
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)


def is_playlist(head: bytes) -> bool:
    """Whether a file only names others, from its first kilobytes."""
    return _PLAYLIST.search(_decoded(head)) is not None


def is_text(head: bytes) -> bool:
    """Whether a file is text, from its first kilobytes."""
    text = _decoded(head)
    odd = sum(char == "\ufffd" or char < "\t" for char in text)
    return bool(text) and "\0" not in text and odd <= len(text) // 10


def _decoded(head: bytes) -> str:
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return head.decode(encoding, errors="replace")
