from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

import framecue
from framecue.checkpoint import read_adapter_config
from framecue.cli.train import _usage
from framecue.training import run as run_module
from framecue.training.usage import Usage


@pytest.fixture
def recipe(clip_folder: Path, data: Path, tmp_path: Path) -> Callable[..., Path]:
    """Write a recipe of three steps."""

    def write(**changes: Any) -> Path:
        content = {
            "output_dir": str(tmp_path / "run"),
            "backbone": str(clip_folder),
            "method": "prompt-switch",
            "options": {"num_frames": 2, "num_test_frames": 2, "num_prompts": 2, "captioner_layers": 1},
            "dataset": {"name": "folder", "data_dir": str(data)},
            "schedule": {
                "batch_size": 2,
                "max_steps": 3,
                "eval_steps": 1,
                "logging_steps": 1,
                "learning_rate": 0.001,
                "backbone_learning_rate": 0.001,
                "warmup_ratio": 0,
                "num_workers": 0,
            },
        }
        file = tmp_path / "recipe.yaml"
        file.write_text(yaml.safe_dump(content | changes), encoding="utf-8")
        return file

    return write


@pytest.fixture
def stop_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractContextManager[None]]:
    """Press Ctrl-C after the checkpoint of a step."""
    from transformers import TrainerCallback

    run_recipe = run_module.run_recipe

    @contextmanager
    def stop_at(is_the_step: Callable[[int], bool]) -> Iterator[None]:
        class Stop(TrainerCallback):
            def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                if is_the_step(state.global_step):
                    raise KeyboardInterrupt

        def interrupted(*args: Any, callbacks: list[Any], **options: Any) -> Any:
            return run_recipe(*args, callbacks=[*callbacks, Stop()], **options)

        with monkeypatch.context() as patch:
            patch.setattr(run_module, "run_recipe", interrupted)
            yield

    return stop_at


def test_a_recipe_becomes_an_adapter_that_can_be_used(
    run, recipe, clip_folder: Path, data: Path, tmp_path: Path, clips: Path
) -> None:
    output = tmp_path / "run"
    result = run("train", recipe(), "--json")
    assert result.code == 0
    document = json.loads(result.out)
    assert document["adapter"] == str(output)
    assert document["steps"] == 3
    assert 0 <= document["validation"]["R@1"] <= 100
    assert read_adapter_config(output).method == "prompt-switch"
    assert list(output.rglob("events.out.tfevents.*"))  # for TensorBoard
    # A program of its own tells transformers to be quiet; in this process it was imported before.
    lines = [line for line in result.err.splitlines() if not line.startswith("[transformers]")]
    steps = [line for line in lines if re.match(r"step \d of 3: (loss|eval_R@1) ", line)]
    assert len(steps) >= 6
    assert all(line.startswith("step ") for line in lines), result.err

    untrained = framecue.load_model(clip_folder).encode_text(["the cat rises"])
    trained = framecue.load_model(clip_folder, adapter=output).encode_text(["the cat rises"])
    assert not torch.allclose(untrained, trained, atol=1e-4)
    options = ("--model", clip_folder, "--adapter", output)
    assert run("evaluate", *options, "--data-dir", data, "--json").code == 0
    assert run("caption", *options, clips / "red.mp4").code == 0
    library = tmp_path / "videos.lance"
    assert run("index", clips, "--library", library, *options).code == 0
    found = run("search", "the cat rises", "--library", library, "--json")
    assert len(json.loads(found.out)["results"]) == 4


def test_people_get_the_adapters_folder(run, recipe, tmp_path: Path) -> None:
    result = run(
        "train", recipe(method="mean-pool", options={"num_frames": 2, "num_test_frames": 2}), "schedule.max_steps=1"
    )
    assert (result.code, result.out) == (0, f"{tmp_path / 'run'}\n")
    assert re.fullmatch(r"1 step; validation: R@1 \d+.*", result.err.splitlines()[-1])


def test_overrides(run, recipe, tmp_path: Path) -> None:
    options = "options={num_frames: 1, num_test_frames: 1}"
    result = run(
        "train",
        recipe(),
        "schedule.max_steps=2",
        f"output_dir={tmp_path / 'other'}",
        "method=mean-pool",
        options,
        "--json",
    )
    assert result.code == 0
    assert json.loads(result.out)["steps"] == 2
    config = read_adapter_config(tmp_path / "other")
    assert (config.method, config.options["num_frames"]) == ("mean-pool", 1)
    assert not (tmp_path / "run").exists()


def test_a_run_that_was_stopped_goes_on_and_ends_as_if_it_had_not_been(run, recipe, tmp_path: Path, stop_at) -> None:
    # Every frame of the clips, so that no frames are drawn at random.
    file = recipe(method="mean-pool", options={"num_frames": 8, "num_test_frames": 8})
    whole = run("train", file, f"output_dir={tmp_path / 'whole'}", "--json")
    assert whole.code == 0

    with stop_at(lambda step: step == 2):
        stopped = run("train", file, "--json")
    assert (stopped.code, stopped.out) == (130, "")
    last = tmp_path / "run" / "checkpoints" / "checkpoint-2"
    assert [line for line in stopped.err.splitlines() if line][-1:] == [
        f"stopped: the same command goes on from {last}"
    ]
    assert re.search(r"^step 2 of 3: loss .*; about 0:\d\d left$", stopped.err, flags=re.MULTILINE)
    assert not (tmp_path / "run" / "adapter_model.safetensors").exists()

    resumed = run("train", file, "--json")
    assert resumed.code == 0
    assert resumed.err.splitlines()[0] == "goes on from step 2 of 3"
    assert "step 1 of 3" not in resumed.err
    one, other = json.loads(resumed.out), json.loads(whole.out)
    assert (one["steps"], one["validation"]) == (other["steps"], other["validation"])
    ours, theirs = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("run", "whole"))
    assert ours.keys() == theirs.keys()
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], rtol=0, atol=1e-6)


def test_without_a_checkpoint_a_run_that_is_stopped_says_so(run, recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "run_recipe", stopped)
    result = run("train", recipe())
    said = "there is no checkpoint yet (schedule.eval_steps=1), so the same command begins anew"
    assert (result.code, result.err.split("\n")) == (130, ["", f"stopped: {said}", ""])


def test_a_terminal_gets_a_bar_and_its_cursor_back(run, recipe, stop_at, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes any stream for a terminal
    monkeypatch.setenv("TERM", "xterm")
    with stop_at(lambda step: step == 2):
        result = run("train", recipe(method="mean-pool", options={"num_frames": 1, "num_test_frames": 1}))
    assert result.code == 130
    assert "Training" in result.err
    assert "2/3" in result.err
    assert "step 1 of 3: loss" in result.err
    hide, show = "\x1b[?25l", "\x1b[?25h"
    assert -1 < result.err.rfind(hide) < result.err.rfind(show) < result.err.rfind("stopped: ")


def test_another_recipe_in_the_same_folder_is_refused(run, recipe, tmp_path: Path) -> None:
    file = recipe(method="mean-pool", options={"num_frames": 1, "num_test_frames": 1})
    assert run("train", file, "schedule.max_steps=1").code == 0
    result = run("train", file, "schedule.max_steps=1", "schedule.learning_rate=0.01")
    assert (result.code, result.out) == (1, "")
    assert result.err.count("\n") == 1
    assert str(tmp_path / "run") in result.err
    assert "output_dir" in result.err


def test_a_loss_that_is_not_finite_stops_the_run(run, recipe, clip_folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken-clip"
    model = framecue.load_model(clip_folder)
    with torch.no_grad():
        model.backbone.model.visual_projection.weight.fill_(torch.nan)
    model.backbone.save(broken)
    file = recipe(method="mean-pool", options={"num_frames": 1, "num_test_frames": 1})
    result = run("train", file, f"backbone={broken}", "--json")
    assert (result.code, result.out) == (1, "")
    (error,) = [line for line in result.err.splitlines() if line.startswith("Error: ")]
    assert error.startswith("Error: the loss became nan at step ")
    assert "learning_rate" in error


def test_wrong_usage(run) -> None:
    result = run("train")
    assert result.code == 2
    assert "Missing argument 'RECIPE'" in result.err


def test_what_a_run_took_is_told_where_it_is_known() -> None:
    assert _usage(Usage(12.345, 2_500_000_000, 81_000_000_000)) == [
        "12.3 samples a second",
        "at most 2.50 GB of memory",
        "at most 81.00 GB on the GPU",
    ]
    assert _usage(Usage(None, None, None)) == []


def test_a_run_without_validation_says_so(run, recipe) -> None:
    result = run("train", recipe(), "schedule.validation=none")
    assert result.code == 0, result.err
    assert re.search(
        r"^3 steps; nothing was validated; [\d.e+]+ samples a second; at most [\d.]+ GB of memory", result.err, re.M
    )


def test_a_dry_run_tells_what_a_run_would_take_and_writes_nothing(
    run, recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = {"name": "A paper", "text_to_video": {"R@1": 47.8}, "source": "its table", "note": "a guess"}
    file = recipe(paper=paper)
    before = sorted(tmp_path.rglob("*"))
    result = run("train", file, "--dry-run")
    assert result.code == 0
    lines = result.out.splitlines()
    assert [line.split()[0] for line in lines] == [
        *("data", "steps", "parameters", "memory", "time", "paper", "nothing")
    ]
    assert lines[0] == "data        4 captions of 4 videos; validation: 2 videos"
    assert lines[1] == "steps       3 of 2 videos, 2 an epoch: 1.5 epochs"
    assert lines[-2] == "paper       A paper: text to video R@1 47.8 (its table); a guess"
    document = json.loads(run("train", file, "--dry-run", "--json").out)
    assert (document["steps"], document["batch_size"], document["paper"]["source"]) == (3, 2, "its table")
    assert sorted(tmp_path.rglob("*")) == before
    monkeypatch.setenv("WORLD_SIZE", "2")
    refused = run("train", file, "--dry-run")
    assert (refused.code, "--dry-run is for one process" in refused.err) == (1, True)


def test_a_dry_run_downloads_nothing(run, recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    class Download:
        size_bytes = 605_000_000

    monkeypatch.setattr("framecue.backbone.download.find_download", lambda name: Download())
    result = run("train", recipe(), "--dry-run")
    assert result.code == 1
    assert "is not on this machine (605 MB), and --dry-run writes nothing; " in result.err


@pytest.mark.parametrize("options", [("--dry-run",), ()])
def test_missing_data_are_told_of_before_a_model_is_downloaded(
    run, recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    def asked(name: str, **options: object) -> None:
        raise AssertionError("the hub is asked")

    monkeypatch.setattr("framecue.backbone.download.find_download", asked)
    file = recipe(backbone="some/model", dataset={"name": "folder", "data_dir": str(tmp_path / "nowhere")})
    result = run("train", file, *options)
    assert result.code == 1
    assert str(tmp_path / "nowhere") in result.err


def test_an_unknown_recipe_is_answered_with_the_shipped_ones(run) -> None:
    result = run("train", "msr-vtt-9k/nothing")
    assert result.code == 1
    assert "; msvd/: prompt-switch, x-pool" in result.err
