from __future__ import annotations

import av

from framecue.video.read.versions import ffmpeg_versions


def test_pyav_and_the_libraries_that_decode() -> None:
    versions = ffmpeg_versions()
    assert versions["av"] == av.__version__
    assert versions["libavcodec"].count(".") == 2
    assert {"libavformat", "libavutil", "libswscale"} <= versions.keys()
