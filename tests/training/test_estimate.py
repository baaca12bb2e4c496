from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from framecue.datasets.captions import Clip, write_captions
from framecue.errors import DatasetError, RecipeError
from framecue.training import estimate as estimate_module
from framecue.training.estimate import Estimate, Pace, estimate_run
from framecue.training.recipe import Recipe, check_recipe
from framecue.training.run import run_recipe
from framecue.video import PlainFrameSource
from support.colours import COLOURS, write_clip


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six videos to train on, one of them with two captions, and two to validate."""
    folder = tmp_path_factory.mktemp("data")
    clips = []
    for number, colour in enumerate(COLOURS):
        captions = (colour, f"all {colour}") if number == 0 else (colour,)
        clips.append(Clip(write_clip(folder / f"{colour}.mp4", colour, seed=number), captions, "train"))
    for number, colour in enumerate(("red", "blue")):
        clips.append(Clip(write_clip(folder / f"val-{colour}.mp4", colour, seed=50 + number), (colour,), "val"))
    write_captions(folder, clips)
    return folder


@pytest.fixture
def recipe(tiny_clip: Path, data: Path, tmp_path: Path) -> Callable[..., Recipe]:
    """Make a recipe; keywords of the schedule, and others beside it."""

    def make(schedule: dict[str, Any] | None = None, **changes: Any) -> Recipe:
        content = {
            "output_dir": str(tmp_path / "run"),
            "backbone": str(tiny_clip),
            "method": "mean-pool",
            "options": {"num_frames": 2, "num_test_frames": 2},
            "dataset": {"name": "folder", "data_dir": str(data)},
            "schedule": {"batch_size": 3, "num_epochs": 2, "num_workers": 0, **(schedule or {})},
        }
        return check_recipe({**content, **changes}, source="test")

    return make


def estimate(made: Recipe) -> Estimate:
    return estimate_run(made, frame_source=PlainFrameSource())


def test_its_steps_are_those_that_the_run_makes_and_nothing_is_written(recipe, tmp_path: Path) -> None:
    for number, schedule in enumerate(({}, {"max_steps": 4}, {"stop_step": 2}, {"gradient_accumulation_steps": 2})):
        output = tmp_path / f"run {number}"
        made = recipe({**schedule, "report_to": [], "eval_steps": 100}, output_dir=str(output))
        found = estimate(made)
        assert not output.exists()
        assert (found.examples, found.videos, found.validation_videos) == (7, 6, 2)
        assert found.epochs == found.steps / found.steps_per_epoch
        assert found.steps == run_recipe(made, frame_source=PlainFrameSource()).steps, schedule


def test_the_callers_random_numbers_stay(recipe) -> None:
    before = torch.random.get_rng_state()
    estimate(recipe())
    assert torch.equal(torch.random.get_rng_state(), before)


def test_memory_is_counted(recipe) -> None:
    prompts = {"num_frames": 2, "num_visual_prompts": 2, "num_text_prompts": 2}
    full, frozen = estimate(recipe()), estimate(recipe(method="vop", options=prompts))
    assert full.memory.parameters == 4 * full.parameters
    assert full.trained == full.parameters
    assert full.memory.gradients == 4 * full.trained
    assert full.memory.optimiser == 8 * full.trained
    assert frozen.trained < frozen.parameters / 10
    assert frozen.memory.gradients == 4 * frozen.trained
    averaged = estimate(recipe({"ema_decay": 0.9})).memory
    assert averaged.optimiser == 12 * full.trained
    parts = (averaged.parameters, averaged.gradients, averaged.optimiser, averaged.activations)
    assert averaged.total == sum(parts)


def test_what_is_kept_grows_with_the_videos_at_once(recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate_module, "ENOUGH_SECONDS", 0.0)  # two videos, however fast
    kept = {size: estimate(recipe({"batch_size": size})).memory.activations for size in (2, 6)}
    assert kept[6] == pytest.approx(3 * kept[2], rel=0.01)
    micro = estimate(recipe({"batch_size": 6, "micro_batch_size": 2})).memory.activations
    assert micro == kept[2]
    # At the least, each layer of the image tower keeps what enters it: 2 videos of 2 frames of 5 tokens.
    assert kept[2] > 2 * 2 * 2 * 5 * 32 * 4


def test_what_is_kept_is_what_autograd_keeps() -> None:
    weight = torch.nn.Parameter(torch.ones(8, 8))
    entered = torch.ones(3, 8)
    with estimate_module._counting({weight.data_ptr()}) as counted:
        (entered @ weight).relu()
    # What entered, for the weight's gradient, and what relu returns; the weight does not count.
    assert counted() == 2 * 3 * 8 * 4


def test_more_videos_are_timed_where_steps_are_fast(recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def attempt(step: Any, examples: list[Any], **options: Any) -> tuple[float, int]:
        tried.append(len(examples))
        assert len({one.video_id for one in examples}) == len(examples)
        if len(examples) > limit:
            raise torch.OutOfMemoryError
        return seconds * len(examples), 1000 * len(examples)

    monkeypatch.setattr(estimate_module, "_try", attempt)
    for seconds, limit, wanted in (
        (0.01, 999, [2, 8, 32, 48]),
        (0.1, 999, [2, 8]),
        (9, 999, [2]),
        (0.01, 9, [2, 8, 32]),
    ):
        tried.clear()
        found = estimate(recipe({"batch_size": 48}))
        assert tried == wanted
        assert found.pace.tried_videos == max(each for each in wanted if each <= limit)
        assert found.pace.step_seconds == pytest.approx(48 * seconds)
        assert found.memory.activations == 48_000


def test_time_is_that_of_the_slower_of_computing_and_reading() -> None:
    pace = Pace(device="cpu", tried_videos=2, step_seconds=3.0, read_seconds=0.5, workers=4)
    assert pace.seconds(steps=10, batch_size=8) == 30
    assert pace.seconds(steps=10, batch_size=80) == 100
    alone = Pace(device="cpu", tried_videos=2, step_seconds=3.0, read_seconds=0.5, workers=0)
    assert alone.seconds(steps=10, batch_size=8) == 70


def test_computing_twice_takes_longer(recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate_module, "_try", lambda *_, **__: (1.0, 1))
    found = [
        estimate(recipe({"batch_size": 2, **more})).pace.step_seconds
        for more in ({}, {"micro_batch_size": 2}, {"micro_batch_size": 2, "gradient_checkpointing": True})
    ]
    assert found == pytest.approx([1, 4 / 3, 5 / 3])


def test_what_would_stop_the_run_stops_the_estimate(recipe, tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        estimate(recipe(dataset={"name": "folder", "data_dir": str(tmp_path)}))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "adapter_model.safetensors").write_text("mine")
    with pytest.raises(RecipeError, match="is no run's, and would be replaced"):
        estimate(recipe())
