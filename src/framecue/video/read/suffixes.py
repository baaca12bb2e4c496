"""The file name endings by which videos and pictures are found."""

__all__ = ["IMAGE_SUFFIXES", "VIDEO_SUFFIXES"]

# fmt: off
VIDEO_SUFFIXES = frozenset((
    ".3gp", ".asf", ".avi", ".divx", ".f4v", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg",
    ".mts", ".ogv", ".ts", ".vob", ".webm", ".wmv",
))
# fmt: on
"""File name endings (lower case) under which a folder is searched for videos."""

IMAGE_SUFFIXES = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"))
"""File name endings (lower case) of still images, which are read as videos of one frame."""
