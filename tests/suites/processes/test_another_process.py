"""What another process loads, reads, says and goes on with, where everything is imported and loaded anew.

The same is tested within a process beside what it is of: `tests/test_encoder.py`, `tests/test_pickling.py`,
`tests/backbone/test_load_backbone.py`, `tests/cli/test_bad_input.py` and `tests/cli/test_train.py`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import methodcaller
from pathlib import Path

import numpy as np
import pytest
import yaml

import framecue
from framecue.backbone import load_backbone
from framecue.datasets.captions import Clip, write_captions
from framecue.library import Library
from framecue.model import load_model
from support.colours import write_clip


def test_a_models_description_loads_it(tmp_path: Path) -> None:
    model = framecue.load_model("moji-clip", adapter="moji-prompt-switch", device="cpu")
    (tmp_path / "spec").write_bytes(pickle.dumps(model.spec()))
    script = (
        "import pickle, sys; spec = pickle.load(open(sys.argv[1], 'rb')); assert 'torch' not in sys.modules; "
        "print(spec.load().embed_texts(['a cat'])[0, :3].tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "spec")], capture_output=True, text=True, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(json.loads(done.stdout), model.embed_texts(["a cat"])[0, :3], atol=1e-5)


def test_a_pickled_library_is_searched_with_its_model(clip_folder: Path, tmp_path: Path) -> None:
    write_clip(tmp_path / "red.mp4", "red")
    library = Library(tmp_path / "l.lance", model=load_model(clip_folder, device="cpu"))
    library.add(tmp_path / "red.mp4")
    (expected,) = library.search("a red car")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (hit,) = pool.apply(methodcaller("search", "a red car"), (library,))
    assert hit.path == expected.path
    assert hit.score == pytest.approx(expected.score, abs=1e-6)


def test_loading_and_saving_a_backbone_say_nothing(clip_folder: Path, tmp_path: Path) -> None:
    # In a process of its own: what transformers says once, another test may have heard.
    script = (
        "import sys\n"
        "from framecue.backbone import load_backbone\n"
        "backbone = load_backbone(sys.argv[1])\n"
        "backbone.tokenize(['a red car'])\n"
        "backbone.save(sys.argv[2])\n"
    )
    command = [sys.executable, "-c", script, str(clip_folder), str(tmp_path / "copy")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert load_backbone(tmp_path / "copy").revision == load_backbone(clip_folder).revision


def test_bad_input_is_one_line_where_libraries_could_still_write_lines_and_tracebacks(tmp_path: Path) -> None:
    path = tmp_path / "bad" / "cut-in-its-pictures.mp4"
    content = write_clip(path, "red", seconds=4).read_bytes()
    path.write_bytes(content[: content.index(b"mdat") + 24])
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    for args in (
        ["index", str(path.parent), "--library", str(tmp_path / "l.lance"), "--model", "moji-clip"],
        ["search", "a cat", "--library", str(tmp_path / "l.lance")],
    ):
        program = [sys.executable, "-m", "framecue", *args]
        done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=200, env=environment)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: ")
        assert done.stderr.count("\n") == 1
        assert str(path if args[0] == "index" else tmp_path / "l.lance") in done.stderr


@pytest.fixture
def recipe(clip_folder: Path, tmp_path: Path) -> Path:
    """A recipe of five thousand steps, with a checkpoint after each."""
    splits = {"train": ("red", "green", "blue", "yellow"), "val": ("white", "black")}
    folder = tmp_path / "data"
    clips = [
        Clip(write_clip(folder / split / f"{colour}.mp4", colour), (colour,), split)
        for split, colours in splits.items()
        for colour in colours
    ]
    write_captions(folder, clips)
    content = {
        "output_dir": str(tmp_path / "run"),
        "backbone": str(clip_folder),
        "method": "mean-pool",
        "options": {"num_frames": 2, "num_test_frames": 2},
        "dataset": {"name": "folder", "data_dir": str(folder)},
        "schedule": {
            "batch_size": 2,
            "max_steps": 5000,
            "eval_steps": 1,
            "logging_steps": 1,
            "learning_rate": 0.001,
            "backbone_learning_rate": 0.001,
            "warmup_ratio": 0,
            "num_workers": 0,
        },
    }
    file = tmp_path / "recipe.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


@contextmanager
def training(file: Path, log: Path) -> Iterator[Callable[[Callable[[], bool]], subprocess.Popen[bytes]]]:
    """Train in a process, which is killed at the end; gives what waits until something is so."""
    program = [sys.executable, "-m", "framecue", "train", str(file)]
    with log.open("wb") as out, subprocess.Popen(program, stdout=out, stderr=out) as process:

        def until(is_so: Callable[[], bool]) -> subprocess.Popen[bytes]:
            while not is_so():
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            return process

        try:
            yield until
        finally:
            process.kill()


def test_a_killed_training_run_goes_on_from_its_last_checkpoint(recipe: Path, tmp_path: Path) -> None:
    checkpoints, log = tmp_path / "run" / "checkpoints", tmp_path / "log"

    def steps_saved() -> list[int]:
        return [int(path.name.rpartition("-")[2]) for path in checkpoints.glob("checkpoint-*")]

    with training(recipe, log) as until:
        # Not that the second exists: the third deletes it, and may have done so between two looks.
        until(lambda: max(steps_saved(), default=0) >= 2)
    told = log.read_text().splitlines()
    assert told[0].startswith("step 1 of 5000: loss ")
    assert all(line.startswith("step ") for line in told), told
    # The last one may have been cut short by the kill.
    done = max(steps_saved())
    with training(recipe, log) as until:
        process = until(lambda: f"step {done + 2} of 5000: loss" in log.read_text())
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    told = log.read_text().splitlines()
    went_on = re.fullmatch(r"goes on from step (\d+) of 5000", told[0])
    assert went_on is not None, told
    assert max(1, done - 1) <= int(went_on[1]) <= done
    assert f"step {int(went_on[1]) + 1} of 5000: loss" in log.read_text()
