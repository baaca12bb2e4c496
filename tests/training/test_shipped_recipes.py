"""The shipped recipes of the field's data sets: each takes two steps with a tiny model on a folder of that shape."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import yaml

from framecue.assets import ASSETS, bundled_names
from framecue.backbone import load_backbone
from framecue.checkpoint import read_adapter_config, save_adapter
from framecue.methods import build_method
from framecue.training.recipe import Recipe, read_recipe
from framecue.training.run import run_recipe
from framecue.video import PlainFrameSource
from support.published import write_data

NAMES = [name for name in bundled_names("recipe") if "/" in name]
VOP = ["vop", "vop-c", "vop-f", "vop-fc", "vop-fp", "vop-p"]
SHORT = ["max_steps=2", "batch_size=2", "num_workers=0", "report_to=[]", "eval_steps=2", "validation=none"]


@cache
def shipped(name: str) -> Recipe:
    return read_recipe(name, ("data_dir=data",))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of each data set, with videos."""
    folder = tmp_path_factory.mktemp("published")
    names = {shipped(name).dataset.name for name in NAMES}
    for name in names:
        write_data(name, folder / name)
    return {name: folder / name for name in names}


@pytest.fixture(scope="module")
def teachers(clip_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Adapters of the methods that the recipe of a student names."""
    folder = tmp_path_factory.mktemp("teachers")
    for name in shipped("msr-vtt-9k/teachclip").teachers:
        method = Path(name).name
        backbone = load_backbone(clip_folder)
        made = build_method(method, {"num_frames": 12, "num_test_frames": 12}, backbone)
        save_adapter(folder / method, backbone=backbone, method=made, method_name=method, version="test")
    return [str(path) for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("name", NAMES)
def test_two_steps(name: str, clip_folder: Path, folders: dict[str, Path], teachers: list[str], tmp_path: Path) -> None:
    whole = shipped(name)
    overrides = [f"schedule.{each}" for each in SHORT]
    overrides += [
        f"data_dir={folders[whole.dataset.name]}",
        f"backbone={clip_folder}",
        f"output_dir={tmp_path / 'run'}",
    ]
    if whole.teachers:
        overrides.append(f"teachers={teachers}")
    if "val_holdout" in type(whole.dataset).model_fields:
        overrides.append("dataset.val_holdout=1")
    run = run_recipe(read_recipe(name, tuple(overrides)), frame_source=PlainFrameSource())
    assert run.steps == 2
    assert read_adapter_config(run.adapter).method == whole.method
    # What lies beside the results is whole: it needs no base.
    beside = yaml.safe_load((run.adapter / "recipe.yaml").read_text())
    assert "base" not in beside
    assert beside["options"] == whole.options
    assert beside["paper"]["name"] == whole.paper.name if whole.paper else False


def test_the_names_are_those_of_the_papers() -> None:
    grouped: dict[str, list[str]] = {}
    for name in NAMES:
        folder, _, method = name.partition("/")
        grouped.setdefault(folder, []).append(method)
    assert grouped == {
        "activitynet": VOP,
        "didemo": VOP,
        "lsmdc": ["prompt-switch", *VOP, "x-pool"],
        "msr-vtt-7k": [*VOP, "x-pool"],
        "msr-vtt-9k": [
            *("adapter-attn", "adapter-ffn", "bias", "clip4clip", "dgl", "full", "mv-adapter", "partial", "proj"),
            *("prompt-switch", "teachclip", "tempme", "ts2-net", *VOP, "x-clip", "x-pool"),
        ],
        "msvd": ["prompt-switch", "x-pool"],
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_name_says_what_the_recipe_does(name: str) -> None:
    folder, _, method = name.partition("/")
    recipe = shipped(name)
    train_set = getattr(recipe.dataset, "train_set", None)
    assert f"{recipe.dataset.name}-{train_set}" == folder if train_set else recipe.dataset.name == folder
    assert recipe.method == method
    assert recipe.output_dir == Path("runs") / name
    assert recipe.backbone == "openai/clip-vit-base-patch32"
    # The test split chooses nothing.
    assert recipe.schedule.validation in ("best", "mean-of-last-5")


@pytest.mark.parametrize("name", NAMES)
def test_each_tells_the_papers_figures_or_that_nobody_looked(name: str) -> None:
    paper = shipped(name).paper
    assert paper is not None
    assert bool(paper.text_to_video) == (paper.source != "not looked up")
    assert all(0 < value < 100 for value in (*paper.text_to_video.values(), *paper.video_to_text.values()))


def test_released_rates() -> None:
    """The values of docs/training.md that have a recipe."""
    rates = {
        "msr-vtt-9k/prompt-switch": (1e-5, 1e-6, 32, 5, 0.2, "all", 0.999, 1e-6),
        "msr-vtt-9k/x-pool": (3e-5, 1e-6, 32, 5, 0.2, "all", 0.999, 1e-6),
        "msvd/x-pool": (1e-5, 1e-6, 32, 5, 0.2, "all", 0.999, 1e-6),
        "msr-vtt-9k/clip4clip": (1e-4, 1e-7, 128, 5, 0.2, "all-but-biases", 0.98, 1e-6),
        "msr-vtt-9k/ts2-net": (1e-4, 1e-7, 128, 5, 0.2, "all-but-biases", 0.98, 1e-6),
        "msr-vtt-9k/x-clip": (1e-4, 1e-7, 300, 5, 0.2, "all-but-biases", 0.98, 1e-6),
        "msr-vtt-9k/teachclip": (1e-4, 1e-7, 120, 10, 0.2, "all-but-biases", 0.98, 1e-6),
        "msr-vtt-9k/dgl": (2e-3, 1e-7, 128, 5, 0.2, "all-but-biases", 0.98, 1e-6),
        "msr-vtt-9k/tempme": (6e-4, 1e-7, 128, 5, 0.2, "all-but-biases", 0.98, 1e-6),
        "msr-vtt-9k/mv-adapter": (5e-6, 1e-7, 128, 5, 0.2, "all-but-biases", 0.98, 1e-6),
    }
    for name, values in rates.items():
        found = shipped(name).schedule
        assert values == (
            *(found.learning_rate, found.backbone_learning_rate, found.batch_size, found.num_epochs),
            *(found.weight_decay, found.weight_decay_on, found.adam_beta2, found.adam_epsilon),
        ), name


def test_every_base_is_used() -> None:
    recipes = ASSETS / "recipes"
    used = {base for file in recipes.glob("*/*.yaml") for base in yaml.safe_load(file.read_text()).get("base", [])}
    assert used == {f"bases/{file.stem}" for file in (recipes / "bases").glob("*.yaml")}
