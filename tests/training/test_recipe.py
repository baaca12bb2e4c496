from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from framecue.assets import ASSETS, bundled_names
from framecue.datasets.folder import FolderData
from framecue.datasets.moji_motion.config import MojiClipsData, MojiStillsData
from framecue.errors import InputError, RecipeError, UnknownNameError
from framecue.training.recipe import Recipe, check_recipe, read_recipe

BUNDLED = bundled_names("recipe")
GOOD = """
output_dir: runs/one
backbone: some/clip
method: prompt-switch
options: {num_frames: 6}
dataset:
  name: moji-motion
  num_examples: 1000
schedule:
  batch_size: 16
  learning_rate: 1e-5
"""


@pytest.fixture
def write(tmp_path: Path):
    def made(text: str) -> Path:
        file = tmp_path / "recipe.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return made


def message(file: Path, *overrides: str) -> str:
    """The one line of the error."""
    with pytest.raises(InputError) as caught:
        read_recipe(file, overrides)
    assert isinstance(caught.value, RecipeError | UnknownNameError)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_good_recipe(write) -> None:
    recipe = read_recipe(write(GOOD))
    assert recipe.output_dir == Path("runs/one")
    assert (recipe.method, recipe.options) == ("prompt-switch", {"num_frames": 6})
    assert recipe.dataset == MojiClipsData(name="moji-motion", num_examples=1000, num_val=500, seed=0)
    assert recipe.schedule.learning_rate == 0.00001  # YAML 1.1 reads 1e-5 as a text
    assert (recipe.schedule.batch_size, recipe.schedule.num_epochs) == (16, 5)  # given; the default


@pytest.mark.parametrize(
    ("text", "value"), [("1e-5", 1e-5), ("1.0e-5", 1e-5), ("5E-4", 5e-4), ("0.001", 1e-3), ("1", 1.0), ("3e+0", 3.0)]
)
def test_numbers_as_people_write_them(write, text: str, value: float) -> None:
    assert read_recipe(write(GOOD), (f"schedule.learning_rate={text}",)).schedule.learning_rate == value
    assert read_recipe(write(GOOD), (f"options.caption_loss_weight={text}",)).options["caption_loss_weight"] == value


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("{name: folder, data_dir: videos}", FolderData(name="folder", data_dir=Path("videos"))),
        ("{name: moji-stills, num_examples: 5, seed: 3}", MojiStillsData(name="moji-stills", num_examples=5, seed=3)),
    ],
)
def test_each_dataset_has_keys_of_its_own(write, data: str, expected: object) -> None:
    assert read_recipe(write(GOOD), (f"dataset={data}",)).dataset == expected


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("methode=x", ["'methode'", "did you mean 'method'?", "output_dir"]),
        ("schedule.batchsize=16", ["'schedule.batchsize'", "did you mean 'schedule.batch_size'?", "num_epochs"]),
        ("dataset.num_example=7", ["'dataset.num_example'", "did you mean 'dataset.num_examples'?", "num_val"]),
        ("dataset.data_dir=x", ["'dataset.data_dir'", "num_examples"]),
        ("options.num_frame=6", ["'options.num_frame'", "did you mean 'options.num_frames'?", "num_prompts"]),
        ("schedule.batch_size=many", ["'schedule.batch_size'", "integer", "'many'"]),
        ("schedule.batch_size=1.5", ["'schedule.batch_size'", "integer", "1.5"]),
        ("schedule.batch_size=true", ["'schedule.batch_size'", "True"]),
        ("schedule.batch_size=1", ["'schedule.batch_size'", "greater than 1", "got 1"]),
        ("schedule.warmup_ratio=1.5", ["'schedule.warmup_ratio'", "less than 1", "1.5"]),
        ("schedule.learning_rate=0", ["'schedule.learning_rate'", "greater than 0", "got 0"]),
        ("schedule.learning_rate=1e39", ["'schedule.learning_rate'", "at most 1000", "1e+39"]),
        ("schedule.learning_rate=.inf", ["'schedule.learning_rate'", "finite", "inf"]),
        ("schedule.learning_rate=.nan", ["'schedule.learning_rate'", "finite", "nan"]),
        ("schedule.seed=9999999999", ["'schedule.seed'", "less than 4294967296"]),
        ("schedule.bf16=maybe", ["'schedule.bf16'", "'maybe'"]),
        ("schedule=fast", ["'schedule'", "section", "'fast'"]),
        ("dataset=moji-motion", ["'dataset'", "section", "'moji-motion'"]),
        ("dataset.name=msr-vt", ["'msr-vt'", "dataset", "known: activitynet, didemo, folder"]),
        ("dataset={num_examples: 5}", ["'dataset.name'", "missing", "activitynet, didemo, folder"]),
        ("dataset={name: moji-stills}", ["'dataset.num_examples'", "missing"]),
        ("dataset.num_examples=0", ["'dataset.num_examples'", "greater than 0", "got 0"]),
        ("method=prompt-swich", ["unknown method 'prompt-swich'", "mean-pool, ", "prompt-switch"]),
        ("initialise=zero", ["'initialise'", "'pretrained' or 'random'", "'zero'"]),
        ("options=[1]", ["'options'", "section", "[1]"]),
        ("options.num_frames=six", ["'options.num_frames'", "integer", "'six'"]),
        ("options.captioner=3", ["'options.captioner'", "boolean", "3"]),
        ("options.num_frames=7", ["options of prompt-switch", "num_prompts"]),
        ("output_dir=", ["'output_dir'", "None"]),
        ("save_backbone=[1111111111, 2222222222, 3333333333, 4444444444, 5555555555, 6666666666, 7777777]", ["..."]),
    ],
)
def test_a_wrong_key_or_value_is_named_in_one_line(write, override: str, parts: list[str]) -> None:
    file = write(GOOD)
    said = message(file, override)
    for part in parts:
        assert part in said
    assert len(said.removeprefix(str(file))) < 500


def test_a_missing_key_is_named(write) -> None:
    said = message(write("output_dir: x\ndataset: {name: folder, data_dir: y}\n"))
    assert "'backbone' is missing" in said
    assert "'method' is missing" in said


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: [1", "not a YAML file"),
        ("- a\n- b\n", "a mapping of keys"),
        ("", "a mapping of keys"),
        ("just words", "a mapping of keys"),
        (GOOD + "method: mean-pool\n", "the key 'method' stands there twice"),
        (GOOD + "  batch_size: 8\n", "the key 'batch_size' stands there twice"),
    ],
)
def test_a_file_that_is_no_recipe(write, text: str, part: str) -> None:
    said = message(write(text))
    assert "recipe.yaml" in said
    assert part in said


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_bytes(b"\xff\xfe\x00\x81")
    assert "not a YAML file" in message(file)


def test_a_missing_file(tmp_path: Path) -> None:
    assert message(tmp_path / "none.yaml").startswith(
        f"{tmp_path / 'none.yaml'}: no such recipe file; give a YAML file"
    )
    assert "moji-prompt-switch" in message(tmp_path / "none.yaml")
    assert "no such recipe file" in message(tmp_path)  # a folder


def test_overrides(write) -> None:
    recipe = read_recipe(write(GOOD), ("schedule.batch_size=32", "dataset.seed=4", "adapter=runs/zero", "options={}"))
    assert (recipe.schedule.batch_size, recipe.dataset.seed, recipe.adapter, recipe.options) == (32, 4, "runs/zero", {})
    assert recipe.schedule.learning_rate == 1e-5  # the section's other keys stay


@pytest.mark.parametrize("sections", ["", "schedule:\n"])
def test_an_override_makes_the_section_that_is_missing_or_empty(write, sections: str) -> None:
    text = "output_dir: x\nbackbone: b\nmethod: mean-pool\ndataset: {name: folder, data_dir: d}\n" + sections
    assert read_recipe(write(text), ("schedule.batch_size=9",)).schedule.batch_size == 9


@pytest.mark.parametrize("override", ["schedule.batch_size", "=3", "schedule.=3", ".x=1", "schedule..seed=1"])
def test_an_override_that_is_not_key_and_value(write, override: str) -> None:
    said = message(write(GOOD), override)
    assert repr(override) in said
    assert "schedule.batch_size=16" in said


def test_an_override_below_something_that_is_no_section(write) -> None:
    assert "'method' is not a section" in message(write(GOOD), "method.name=x")
    assert "not YAML" in message(write(GOOD), "adapter=[1")


def test_a_recipe_written_down_reads_the_same(write) -> None:
    recipe = read_recipe(write(GOOD))
    again = read_recipe(write(yaml.safe_dump(recipe.model_dump(mode="json"))))
    assert again == recipe


def test_a_recipe_cannot_be_changed(write) -> None:
    recipe = read_recipe(write(GOOD))
    with pytest.raises(ValueError, match="frozen"):
        recipe.method = "mean-pool"


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_recipe_is_good_and_opened_by_name(name: str) -> None:
    overrides = ["schedule.seed=7"]
    if "/" in name:  # of a data set in a folder
        overrides.append("data_dir=data")
    recipe = read_recipe(name, tuple(overrides))
    assert isinstance(recipe, Recipe)
    assert recipe == read_recipe(ASSETS / "recipes" / f"{name}.yaml", tuple(overrides))


def test_the_shipped_models_have_their_recipes() -> None:
    runs = ("moji-stills", *(f"moji-clips-{number}" for number in (1, 2, 3, 4)), "moji-clip", "moji-prompt-switch")
    assert {*runs, "moji-mean-pool", "moji-titles", "moji-titles-2", "moji-titles-3", "moji-vop-fc"} <= set(BUNDLED)


CHOOSY = """
from typing import Literal

from pydantic import Field

from framecue.datasets.base import FileDataset


class Choosy(FileDataset):
    name: Literal["choosy"] = "choosy"
    limit: int = Field(gt=0)

    def clips(self, split):
        return []
"""


def test_a_packages_dataset_is_read_and_checked_as_framecues_own(write, install) -> None:
    install("acme", {"framecue.datasets": {"choosy": "acme:Choosy", "broken": "acme:No"}}, CHOOSY)
    recipe = read_recipe(write(GOOD), ("dataset={name: choosy, data_dir: videos, limit: 3}",))
    assert (type(recipe.dataset).__name__, recipe.dataset.limit) == ("Choosy", 3)
    assert recipe.model_dump(mode="json")["dataset"] == {"name": "choosy", "data_dir": "videos", "limit": 3}
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
    said = message(write(GOOD), "dataset={name: choosy, data_dir: videos, limit: 0}")
    assert said.endswith("'dataset.limit' must be greater than 0, got 0")
    said = message(write(GOOD), "dataset={name: choosy, data_dir: videos, limits: 2}")
    assert "unknown key 'dataset.limits' (did you mean 'dataset.limit'?); allowed: data_dir, limit, name" in said
    assert "known: activitynet, broken, choosy, didemo" in message(write(GOOD), "dataset.name=chosy")
    with pytest.raises(InputError, match=r"dataset 'broken' of package acme \(acme:No\) cannot be loaded"):
        read_recipe(write(GOOD), ("dataset={name: broken}",))


def test_a_packages_methods_options_are_checked(write, install) -> None:
    source = """
from dataclasses import dataclass
from framecue.methods import Method, MethodConfig

@dataclass(frozen=True, kw_only=True)
class Config(MethodConfig):
    num_frames: int = 4
    widths: tuple[int, ...] = (1, 2)

class Mine(Method):
    Config = Config
    paper = "none"
"""
    install("acme", {"framecue.methods": {"mine": "acme:Mine"}}, source)
    recipe = read_recipe(write(GOOD), ("method=mine", "options={widths: [3, 4]}"))
    assert recipe.options == {"widths": [3, 4]}
    assert "'options.widths.1' must be an integer, got 'x'" in message(
        write(GOOD), "method=mine", "options={widths: [3, x]}"
    )
    said = message(write(GOOD), "method=mine", "options={num_frames: 0}")
    assert "'options.num_frames' must be at least 1, got 0" in said


@pytest.mark.parametrize(
    "value",
    ["2024-99-99", "!!int abc", "!!float abc", "!!bool abc", "!!timestamp abc", "!!omap 3", "9" * 5000, "[" * 5000],
    ids=lambda value: value[:20],
)
def test_a_value_that_yaml_cannot_make_is_one_line(write, value: str) -> None:
    with pytest.raises(RecipeError, match="not a YAML file"):
        read_recipe(write(GOOD + f"\nadapter: {value}\n"))
    with pytest.raises(RecipeError, match="the value is not YAML"):
        read_recipe(write(GOOD), (f"adapter={value}",))


BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 10)}]\n" for n in range(10))
TOO_MUCH = {
    "aliases": f"{BOMB}output_dir: *a9\n",
    "aliases of mappings": "a0: &a0 {x: 1}\n"
    + "".join(f"a{n}: &a{n} {{{', '.join(f'k{i}: *a{n - 1}' for i in range(10))}}}\n" for n in range(1, 10)),
    "an alias in itself": "output_dir: &a [*a]\n",
    "an alias in itself, in a mapping": "options: &a {x: *a}\n",
    "hexadecimal": "output_dir: 0x" + "f" * 200_000,
    "binary": "output_dir: 0b" + "1" * 200_000,
    "octal": "output_dir: 0" + "7" * 200_000,
    "decimal": "output_dir: " + "9" * 200_000,
    "sexagesimal": "output_dir: " + ":".join(["1"] * 100_000),
    "sexagesimal with a point": "output_dir: " + ":".join(["1"] * 100_000) + ".5",
    "a float": "output_dir: 1." + "1" * 200_000,
    "many values": "output_dir: [" + "1," * 20_000 + "]",
    "large": "output_dir: " + "a" * 2_000_000,
}


@pytest.mark.parametrize("text", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_a_recipe_that_takes_all_memory_or_time(tmp_path: Path, text: str) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(text)
    with pytest.raises(RecipeError, match=r"holds more than|give at most|has at most") as caught:
        read_recipe(file)
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    "value", ["!!timestamp x", "!!int x", "!!float x", "!!bool x", "!!binary é", "2024-99-99", "1:99:x"]
)
def test_a_value_that_is_not_what_it_says_is_told_in_words(tmp_path: Path, value: str) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(f"output_dir: {value}\n")
    with pytest.raises(RecipeError) as caught:
        read_recipe(file)
    assert "object has no attribute" not in str(caught.value)
    if value.startswith("!!"):
        assert "cannot be read as" in str(caught.value) or "failed" in str(caught.value)


def test_a_value_with_many_aliases_is_shown_and_counted_as_one() -> None:
    from framecue.training.recipe import check_recipe

    value: list[object] = ["x"] * 10
    for _ in range(9):
        value = [value] * 10
    with pytest.raises(RecipeError, match="'output_dir' must be") as caught:
        check_recipe({"output_dir": value}, source="here")
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("rule", ["last", "none"])
def test_patience_needs_validations(rule: str) -> None:
    content = yaml.safe_load(GOOD)
    content["schedule"] = {"early_stopping_patience": 2, "validation": rule}
    with pytest.raises(RecipeError, match=f"'early_stopping_patience' stops by validations; 'validation' is {rule}, "):
        check_recipe(content, source="it")
    content["schedule"]["validation"] = "mean-of-last-5"
    assert check_recipe(content, source="it").schedule.early_stopping_patience == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("weight_decay_on", "norms"),
        ("validation", "test"),
        ("report_to", ["mlflow"]),
        ("ema_decay", 1),
        ("adam_epsilon", 0),
        ("early_stopping_patience", 0),
    ],
)
def test_values_that_a_schedule_does_not_take(key: str, value: object) -> None:
    content = yaml.safe_load(GOOD)
    content["schedule"] = {key: value}
    with pytest.raises(RecipeError, match=rf"^it: 'schedule\.{key}"):
        check_recipe(content, source="it")
