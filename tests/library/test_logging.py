"""What a run logs, and that nothing is printed without a handler."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from framecue.library import Library

SUPPORT = Path(__file__).parents[1] / "pythonpath"


def test_a_run_says_what_it_does(
    tmp_path: Path, clips: Path, make_model, write_clip, caplog: pytest.LogCaptureFixture
) -> None:
    library = Library(tmp_path / "l.lance", model=make_model())
    (clips / "bad.mp4").write_text("no video")
    with caplog.at_level(logging.INFO, "framecue"):
        library.add([clips, tmp_path / "gone.mp4"])
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [message.split(": ")[0] for message in warnings] == [
        f"skipped {tmp_path / 'gone.mp4'}",
        f"skipped {clips / 'bad.mp4'}",
    ]
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert f"encoded {clips / 'red.mp4'}: 1 segments" in told
    assert told[-1] == f"{library.uri}: 4 files encoded, 2 skipped"
    caplog.clear()
    (clips / "red.mp4").rename(clips / "rot.mp4")
    (clips / "blue again.mp4").write_bytes((clips / "blue.mp4").read_bytes())
    with caplog.at_level(logging.INFO, "framecue"):
        library.add(clips)
    assert f"{clips / 'red.mp4'} was moved to {clips / 'rot.mp4'}" in caplog.messages
    assert f"{clips / 'blue again.mp4'} is a copy of {clips / 'blue.mp4'}" in caplog.messages


SCRIPT = """
import sys
from pathlib import Path
from framecue.library.store.lean import import_lean
import_lean()
from framecue.library import Library
from support.colours import ColourEncoder, write_clip
folder = Path(sys.argv[1])
write_clip(folder / "clips" / "red.mp4", "red")
(folder / "clips" / "bad.mp4").write_text("no video")
library = Library(folder / "l.lance", model=ColourEncoder())
assert len(library.add(folder / "clips").skipped) == 1
assert library.search("red", hybrid=True)
library.optimize()
"""


def test_nothing_is_printed_unless_somebody_listens(tmp_path: Path) -> None:
    script = f"import sys; sys.path.insert(0, {str(SUPPORT)!r})\n" + SCRIPT
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
