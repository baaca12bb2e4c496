"""What commands need to describe themselves costs no decoder."""

import subprocess
import sys

import framecue.video

CHEAP = [
    "CLIP_SUFFIXES",
    "IMAGE_SUFFIXES",
    "SEGMENTATION_KINDS",
    "STALL_SECONDS",
    "Segmentation",
    "VIDEO_SUFFIXES",
    "format_hit",
    "parse_hit",
]


def test_every_name_is_there():
    assert len(framecue.video.__all__) == len(set(framecue.video.__all__)) > len(CHEAP)
    for name in framecue.video.__all__:
        assert getattr(framecue.video, name) is not None


def test_constants_import_nothing_heavy():
    script = (
        f"from framecue.video import {', '.join(CHEAP)}\n"
        "import sys\n"
        "heavy = {'av', 'numpy', 'PIL', 'scenedetect'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
