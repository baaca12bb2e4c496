"""The file name endings by which videos and pictures are found."""

__all__ = ["AMBIGUOUS_SUFFIXES", "IMAGE_SUFFIXES", "VIDEO_SUFFIXES"]

# fmt: off
VIDEO_SUFFIXES = frozenset((
    # Phones, cameras, action cameras, drones and dashcams.
    ".3g2", ".3gp", ".3gp2", ".3gpp", ".3gpp2", ".360", ".avi", ".dv", ".glv", ".insv", ".k3g", ".lrf", ".lrv", ".m2t",
    ".m2ts", ".m4v", ".mod", ".mov", ".mp4", ".mp4v", ".mpg4", ".mqv", ".mts", ".mxf", ".qt", ".tod",
    # Films, discs, downloads, screen recordings.
    ".apng", ".asf", ".divx", ".evo", ".f4p", ".f4v", ".flv", ".gif", ".ismv", ".m1v", ".m2p", ".m2v", ".mj2",
    ".mjp2", ".mk3d", ".mkv", ".mp2v", ".mpe", ".mpeg", ".mpg", ".mpeg2", ".mpeg4", ".mpg2", ".mpv", ".mpv2", ".ogm",
    ".ogg", ".ogv", ".ogx", ".rm", ".rmvb", ".rv", ".vob", ".vro", ".webm", ".wm", ".wmv", ".xesc", ".xvid",
    # Television and surveillance recorders.
    ".dav", ".dvr-ms", ".gxf", ".h264", ".h265", ".hevc", ".ifv", ".mxg", ".nsv", ".nuv", ".pva", ".rec", ".tp", ".trp",
    ".ts", ".tts", ".ty", ".wtv",
    # What players, editors and encoders write.
    ".264", ".265", ".266", ".amv", ".avc", ".cdxl", ".cine", ".dif", ".drc", ".fli", ".flc", ".h261", ".h263", ".h266",
    ".h26l", ".ivf", ".ivr", ".kux", ".mjpeg", ".mjpg", ".mlv", ".moflex", ".mtv", ".nut", ".obu", ".roq", ".smk",
    ".thp", ".vc1", ".viv", ".vivo", ".vvc", ".y4m",
))
# fmt: on
"""File name endings (lower case) under which a folder is searched for videos."""

IMAGE_SUFFIXES = frozenset(
    (".avif", ".bmp", ".heic", ".heif", ".hif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
)
"""File name endings (lower case) of pictures, for which a folder is searched where pictures are wanted."""

# fmt: off
AMBIGUOUS_SUFFIXES = frozenset((
    ".dav", ".dif", ".drc", ".dv", ".m2t", ".mod", ".mpv", ".mts", ".mtv", ".nut", ".obu", ".qt", ".rec", ".rm", ".tod",
    ".tp", ".trp", ".ts", ".tts", ".ty", ".viv", ".wm",
))
# fmt: on
"""Endings of videos that texts, tracker music and other files have as well (TypeScript, go.mod): what is in a file of
such a name is looked at before it is taken for a video."""
