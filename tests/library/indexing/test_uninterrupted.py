from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from framecue.library import Library
from framecue.library.indexing import ledger, pace
from framecue.library.indexing.uninterrupted import uninterrupted
from framecue.library.store import Store


def interrupt_soon(seconds: float = 0.05) -> None:
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()


def test_ctrl_c_waits_for_the_action() -> None:
    done: list[int] = []

    def action() -> None:
        interrupt_soon()
        time.sleep(0.3)
        done.append(1)

    with pytest.raises(KeyboardInterrupt):
        uninterrupted(action)
    assert done == [1]


def test_what_the_action_raises_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        uninterrupted(lambda: 1 // 0)  # type: ignore[arg-type,return-value]
    uninterrupted(lambda: None)


def test_ctrl_c_in_a_commit_stores_nothing_twice(
    tmp_path: Path, write_clip: Any, colour_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "ROWS_PER_COMMIT", 2)
    monkeypatch.setattr(pace, "FRAMES_PER_ENCODE", 1)
    for number in range(6):
        write_clip(tmp_path / "clips" / f"{number}.mp4", "red", seed=number)
    real = Store.write
    commits: list[int] = []

    def write(self: Store, rows: Any, **options: Any) -> None:
        real(self, rows, **options)
        commits.append(len(rows))
        if len(commits) == 2:
            # The rows are in the table, and whoever waits for them does not know it yet.
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)

    monkeypatch.setattr(Store, "write", write)
    library = Library(tmp_path / "videos.lance", model=colour_model)
    with pytest.raises(KeyboardInterrupt):
        library.add(tmp_path / "clips")
    assert Store.open(library.uri).num_rows() == 4
    assert library.info().num_videos == 4
    monkeypatch.setattr(Store, "write", real)
    assert library.add(tmp_path / "clips").added == 2
    assert Store.open(library.uri).num_rows() == 6
