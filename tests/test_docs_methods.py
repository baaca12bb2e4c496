"""docs/methods.md: a section a method, with its options, parameters and recipe; and the example runs as written."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from framecue.backbone import Backbone
from framecue.backbone.meta import backbone_without_weights
from framecue.checkpoint import save_adapter
from framecue.datasets.registry import DATASETS
from framecue.methods import METHODS, Method, MethodConfig, build_method
from framecue.methods.contrastive import contrastive_loss
from framecue.methods.counting import ParameterCount, count_parameters
from framecue.model import VideoTextModel, load_model
from framecue.training.recipe import check_recipe

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
NUM_FRAMES = 12
SMALL: dict[str, dict[str, Any]] = {"prompt-switch": {"num_prompts": 2}}


def sections(text: str, level: str) -> dict[str, str]:
    """Headings of a level to what stands below them, down to the next heading of that level or a higher one."""
    parts = re.split(rf"^(#{{2,{len(level)}}}) (.+)\n", text, flags=re.MULTILINE)[1:]
    return {
        title.strip("`"): body
        for marks, title, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
        if marks == level
    }


def fences(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def named_options(text: str) -> dict[str, Any]:
    """The code spans `name: default` outside of code blocks."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return {name: yaml.safe_load(default) for name, default in re.findall(r"`(\w+): ([^`]+)`", prose)}


def rows_of(text: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def number(cell: str) -> int:
    return int(cell.replace(" ", ""))


CHAPTERS, METHOD_SECTIONS = sections(TEXT, "##"), sections(TEXT, "###")
TABLE = {row[0].split("`")[1]: row[1:] for row in rows_of(CHAPTERS["What each trains"])}
BASE_RECIPE = yaml.safe_load(fences(CHAPTERS["How to train one"], "yaml")[0])
EXAMPLE, REGISTRY_LINES = fences(CHAPTERS["Write your own method"], "python")


def defaults(config: type[MethodConfig]) -> dict[str, Any]:
    return config().to_dict()  # as in a file: a tuple is a list there


def test_every_dataset_has_a_row_with_its_keys() -> None:
    rows = rows_of(CHAPTERS["How to train one"])
    assert [row[0].strip("`") for row in rows] == list(DATASETS)
    for name, _, keys in rows:
        fields = DATASETS[name.strip("`")].model_fields
        assert re.findall(r"`(\w+)`", keys) == [field for field in fields if field != "name"]


def test_every_method_has_a_section_and_a_row() -> None:
    assert list(METHOD_SECTIONS) == list(METHODS)
    assert list(TABLE) == list(METHODS)


def test_the_options_of_every_method_are_named_with_their_defaults() -> None:
    assert named_options(CHAPTERS["Options of every method"]) == defaults(MethodConfig)


@pytest.mark.parametrize("name", METHODS)
def test_every_option_is_named_in_the_methods_section_with_its_default(name: str) -> None:
    common = defaults(MethodConfig).items()
    own = {option: value for option, value in defaults(METHODS[name].Config).items() if (option, value) not in common}
    named = {option: value for option, value in named_options(METHOD_SECTIONS[name]).items() if option in own}
    assert named == own
    assert not set(named_options(METHOD_SECTIONS[name])) - set(defaults(METHODS[name].Config))


@pytest.mark.parametrize("name", METHODS)
def test_the_recipe_lines_of_a_section_make_a_recipe(name: str) -> None:
    snippets = fences(METHOD_SECTIONS[name], "yaml")
    assert snippets
    for snippet in snippets:
        lines = yaml.safe_load(snippet)
        assert set(lines) == {"method", "options"}
        recipe = check_recipe({**BASE_RECIPE, **lines}, source="methods.md")
        assert recipe.method == name


@pytest.fixture(scope="module")
def count() -> Callable[[str], ParameterCount]:
    """Counts as `framecue methods` does."""
    backbone = backbone_without_weights()
    options = {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES}
    return lambda name: count_parameters(name, backbone, options)


@pytest.mark.parametrize("name", METHODS)
def test_the_table_has_the_parameters_that_are_trained(name: str, count: Callable[[str], ParameterCount]) -> None:
    _, trainable, new, offline, _ = TABLE[name]
    counted = count(name)
    assert (number(trainable), number(new)) == (counted.trainable, counted.new)
    assert offline == ("yes" if METHODS[name].offline else "no")


def test_the_sizes_around_the_table(count: Callable[[str], ParameterCount]) -> None:
    vop, chapter = count("vop"), CHAPTERS["What each trains"]
    assert number(re.findall(r"ViT-B/32 \(([\d ]+) parameters", chapter)[0]) == vop.backbone
    assert f"{NUM_FRAMES} frames a video" in chapter
    shares = [f"{100 * vop.trainable / 119.8e6:.3f}", f"{100 * vop.share:.3f}"]
    assert re.findall(r"(0\.\d+) %", chapter) == shares


@pytest.mark.parametrize("name", METHODS)
@torch.no_grad()
def test_the_table_says_which_methods_see_the_order_of_frames(name: str, backbone: Backbone) -> None:
    torch.manual_seed(0)
    method = build_method(name, {"num_frames": 4, "num_test_frames": 4, **SMALL.get(name, {})}, backbone).eval()
    for _, parameter in method.new_parameters():  # as if trained: what starts at zero says nothing yet
        parameter.add_(0.3 * torch.randn_like(parameter))
    videos = torch.randn(2, 4, 3, 32, 32)
    texts = method.encode_text(backbone, *backbone.tokenize(["the cat falls", "a red car is on the left"]))
    ahead, back = (method.similarity(texts, method.encode_frames(backbone, v)) for v in (videos, videos.flip(1)))
    assert TABLE[name][-1] == ("yes" if (ahead - back).abs().max() > 1e-4 else "no")


def test_the_released_rates_go_with_the_methods_defaults() -> None:
    rows = rows_of(CHAPTERS["Released rates"])
    names = [row[0].split("`")[1] for row in rows]
    assert names == [name for name in METHODS if name in names]
    for name, (_, new, backbone, batch, epochs, words, frames) in zip(names, rows, strict=True):
        known = defaults(METHODS[name].Config)
        assert 1e-7 <= float(backbone) <= float(new) <= 1e-3
        assert all(cell == "\N{EN DASH}" or number(cell) > 0 for cell in (batch, epochs))
        assert number(frames) == known["num_frames"]
        assert number(words) == known.get("max_words", number(words))
    assert {name for name in METHODS if "max_words" in defaults(METHODS[name].Config)} <= set(names)
    # The one rate beside new and backbone.
    text, factor = CHAPTERS["Released rates"], defaults(METHODS["teachclip"].Config)["weigher_rate"]
    rates = {name: row[1] for name, row in zip(names, rows, strict=True)}
    weigher = re.findall(r"weigher has (\S+), ten times", text)[0]
    assert float(weigher) == pytest.approx(factor * float(rates["teachclip"]))


def test_the_counts_in_the_sections_are_what_the_options_train() -> None:
    backbone = backbone_without_weights()

    def trained(name: str, **options: Any) -> int:
        return count_parameters(name, backbone, options).trainable

    def spoken(name: str) -> set[int]:
        return {number(found) for found in re.findall(r"\d[\d ]*\d", METHOD_SECTIONS[name].replace("\n  ", " "))}

    frozen = {"train_backbone": False, "captioner": False}
    counts = {
        "bias": {trained("bias", attention_inputs=True)},
        "partial": {trained("partial", trains="both-layers")},
        "x-clip": {trained("x-clip", released=True) - trained("x-clip")},
        "teachclip": {trained("teachclip") - trained("clip4clip")},
        "prompt-switch": {
            trained("prompt-switch", train_backbone=False),
            trained("prompt-switch", **frozen),
            trained("prompt-switch", **frozen, aggregation="none"),
            trained("prompt-switch", deep=True) - trained("prompt-switch"),
            trained("prompt-switch", switch="learned") - trained("prompt-switch"),
        },
    }
    for name, wanted in counts.items():
        assert wanted <= spoken(name), name


def test_the_table_of_hooks_names_all_of_them() -> None:
    hooks = [row[0].strip("`") for row in rows_of(CHAPTERS["Write your own method"])]
    assert len(hooks) == len(set(hooks))
    assert set(hooks) == {name for name in vars(Method) if not name.startswith("_")}


class TestTheExample:
    """The worked example: the file and the registry line as the document has them."""

    @pytest.fixture
    def name(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
        """The example's name in the registry, in which it is for the test."""
        imported, entry = [line for line in REGISTRY_LINES.splitlines() if line.strip()]
        origin, class_name = re.fullmatch(r"from (\S+) import (\w+)", imported).groups()
        name, entered = re.fullmatch(r' {4}"(\S+)": (\w+),', entry).groups()
        assert entered == class_name
        assert f"`{origin.rpartition('.')[2]}.py`" in CHAPTERS["Write your own method"]
        file = tmp_path / "example.py"
        file.write_text(EXAMPLE, encoding="utf-8")
        monkeypatch.setitem(METHODS, name, getattr(self.load_file(origin, file, monkeypatch), class_name))
        return name

    @staticmethod
    def load_file(origin: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
        """Import a file under a name, for the test."""
        spec = importlib.util.spec_from_file_location(origin, file)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, origin, module)
        spec.loader.exec_module(module)
        return module

    @staticmethod
    def make(folder: Path, name: str, **options: Any) -> VideoTextModel:
        return load_model(folder, method=name, options={"num_frames": 4, "num_test_frames": 4, **options})

    def test_it_is_one_short_file(self, name: str) -> None:
        assert len(EXAMPLE.splitlines()) < 80
        assert name not in [*TABLE, "mean-pool"]
        assert f"python benchmarks/methods.py --resume --variants mean-pool {name}\n" in TEXT

    def test_untrained_it_is_mean_pooling(self, name: str, clip_folder: Path) -> None:
        model = self.make(clip_folder, name)
        plain = self.make(clip_folder, "mean-pool")
        for frames in (4, 3, 9):  # other numbers of frames than in training, too
            pixels = torch.randn(2, frames, 3, 32, 32, generator=torch.Generator().manual_seed(frames))
            torch.testing.assert_close(model.encode_frames(pixels), plain.encode_frames(pixels), rtol=0, atol=1e-6)
            torch.testing.assert_close(
                model.encode_frames(pixels), model.encode_frames(pixels.flip(1)), rtol=0, atol=1e-5
            )

    @pytest.mark.parametrize("train_backbone", [True, False])
    def test_what_it_trains(self, name: str, train_backbone: bool, clip_folder: Path) -> None:
        model = self.make(clip_folder, name, train_backbone=train_backbone)
        model.method.freeze(model.backbone)
        assert {p.requires_grad for p in model.backbone.parameters()} == {train_backbone}
        (parameter,) = [p for _, p in model.method.new_parameters()]
        assert parameter.requires_grad
        assert parameter.shape == (4, model.embedding_dim)
        counted = count_parameters(name, backbone_without_weights(), {"train_backbone": train_backbone})
        assert counted.new == NUM_FRAMES * 512
        assert counted.trainable == counted.new + train_backbone * counted.backbone

    @pytest.mark.parametrize("train_backbone", [True, False])
    def test_trained_it_tells_a_video_from_the_same_played_backwards(
        self, name: str, train_backbone: bool, clip_folder: Path, tmp_path: Path
    ) -> None:
        torch.manual_seed(0)
        model = self.make(clip_folder, name, train_backbone=train_backbone)
        clips = torch.randn(2, 4, 3, 32, 32)
        pixels = torch.cat([clips, clips.flip(1)])
        tokens = model.tokenize(["the cat falls", "a red car", "the cat rises", "a blue car"])
        model.method.freeze(model.backbone)
        groups = [
            {"params": [p for p in model.backbone.parameters() if p.requires_grad], "lr": 1e-3},
            {"params": [p for _, p in model.method.new_parameters()], "lr": 3e-2},
        ]
        optimiser = torch.optim.AdamW([group for group in groups if group["params"]])
        for _ in range(100):
            outputs = model(pixels, *tokens)
            similarities = model.similarity(outputs["text_features"], outputs["frame_features"])
            contrastive_loss(similarities, model.backbone.logit_scale).backward()
            optimiser.step()
            optimiser.zero_grad()
        similarities = self.compare(model, pixels, tokens)
        own, of_the_twin = similarities.diagonal(), similarities[[0, 1, 2, 3], [2, 3, 0, 1]]
        assert bool((own > of_the_twin + 0.05).all())

        save_adapter(
            tmp_path, backbone=model.backbone, method=model.method, method_name=name, version="test", scores={}
        )
        loaded = load_model(clip_folder, adapter=tmp_path)
        torch.testing.assert_close(self.compare(loaded, pixels, tokens), similarities, rtol=0, atol=1e-6)

    @pytest.mark.slow
    def test_it_gets_a_row_in_the_comparison(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.syspath_prepend(ROOT / "benchmarks")
        benchmark = self.load_file("benchmark_of_methods", ROOT / "benchmarks" / "methods.py", monkeypatch)
        budget = {"--seeds": 0, "--steps": 1, "--batch-size": 2, "--test-clips": 4, "--factor": 1}
        words = [str(word) for pair in budget.items() for word in pair]
        places = ["--output-dir", str(tmp_path / "runs"), "--work-dir", str(tmp_path / "work")]
        monkeypatch.setattr(
            sys, "argv", ["methods.py", "--variants", "mean-pool", name, "--start", "a=moji-clip", *words, *places]
        )
        benchmark.main()
        rows = rows_of(capsys.readouterr().out.split("| claim")[0])
        assert [row[0] for row in rows] == ["`mean-pool`", f"`{name}`"]

    @staticmethod
    @torch.no_grad()
    def compare(model: VideoTextModel, pixels: Tensor, tokens: tuple[Tensor, Tensor]) -> Tensor:
        return model.similarity(model.text_features(*tokens), model.frame_features(pixels))
