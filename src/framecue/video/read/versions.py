"""Which versions of ffmpeg's libraries read the files."""

from __future__ import annotations

import av

__all__ = ["ffmpeg_versions"]


def ffmpeg_versions() -> dict[str, str]:
    """Return the version of PyAV, and of each of ffmpeg's libraries that it brings, by name."""
    libraries = {name: ".".join(map(str, version)) for name, version in sorted(av.library_versions.items())}
    return {"av": av.__version__, **libraries}
