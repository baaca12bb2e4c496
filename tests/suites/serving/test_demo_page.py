"""What the demo says at its end: the line opens the page on what it has just indexed."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from support.server_process import run_server

# The program as `python -m framecue` runs it, with fewer clips than a minute's worth.
SMALL_DEMO = """
import sys
import framecue.cli.demo as demo
demo.NUM_CLIPS = 14
sys.argv = [{main!r}, "demo", "--dir", {folder!r}]
from framecue.cli.main import main
sys.exit(main())
"""


@pytest.mark.slow
def test_the_demos_last_line_opens_the_page_on_what_it_indexed(tmp_path: Path) -> None:
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    import framecue

    main = Path(framecue.__file__).with_name("__main__.py")
    folder = tmp_path / "my demo"
    program = SMALL_DEMO.format(main=str(main), folder=str(folder))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    begins, _, command = done.stdout.splitlines()[-1].partition(": ")
    assert begins == "In the browser"
    with run_server([*shlex.split(command), "--port", "0"]) as server:
        with urllib.request.urlopen(server.url, timeout=60) as answer:
            assert answer.headers.get_content_type() == "text/html"
            assert "<title>framecue</title>" in answer.read().decode()
        with urllib.request.urlopen(f"{server.url}/api/libraries", timeout=60) as answer:
            (library,) = json.load(answer)["libraries"]
        assert library["num_videos"] == 19
