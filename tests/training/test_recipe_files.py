from __future__ import annotations

from pathlib import Path

import pytest

from framecue.errors import RecipeError
from framecue.training.recipe import read_recipe
from framecue.training.recipe_files import read_content


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write recipes into the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(**texts: str) -> None:
        for name, text in texts.items():
            (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")

    return write


def test_a_recipe_takes_from_its_base_what_it_does_not_say(write) -> None:
    write(
        one="{method: vop, schedule: {batch_size: 4, seed: 1}, teachers: [a], options: {num_frames: 2}}",
        two="{method: vop-p, schedule: {seed: 2, num_epochs: 9}}",
        own="{base: [one.yaml, two.yaml], output_dir: runs/x, schedule: {num_epochs: 3}, teachers: [b]}",
    )
    assert read_content("own.yaml", []) == {
        "method": "vop-p",
        "schedule": {"batch_size": 4, "seed": 2, "num_epochs": 3},
        "teachers": ["b"],
        "options": {"num_frames": 2},
        "output_dir": "runs/x",
    }


def test_a_recipe_of_ones_own_may_be_based_on_a_shipped_one(write) -> None:
    write(own="{base: msr-vtt-9k/vop-fc, output_dir: runs/mine, schedule: {learning_rate: 3e-4}}")
    recipe, shipped = (read_recipe(name, ("data_dir=data",)) for name in ("own.yaml", "msr-vtt-9k/vop-fc"))
    assert recipe.dataset.model_dump()["data_dir"] == Path("data")
    assert (recipe.schedule.learning_rate, shipped.schedule.learning_rate) == (3e-4, 1e-3)
    changed = {"output_dir": recipe.output_dir, "schedule": recipe.schedule}
    assert shipped.model_copy(update=changed) == recipe


def test_a_file_comes_before_a_bundled_recipe_of_its_name(write, tmp_path: Path) -> None:
    (tmp_path / "msr-vtt-9k").mkdir()
    (tmp_path / "msr-vtt-9k" / "vop").write_text("{method: mine}")
    write()
    assert read_content("msr-vtt-9k/vop", []) == {"method": "mine"}


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (
            {"own": "{base: nothing}"},
            r"^nothing: no such recipe file \(the base of own\.yaml\); give a YAML file",
        ),
        ({"own": "{base: own.yaml}"}, r"^own\.yaml: 'base' leads in a circle: own\.yaml -> own\.yaml$"),
        ({"own": "{base: a.yaml}", "a": "{base: own.yaml}"}, r"circle: own\.yaml -> a\.yaml -> own\.yaml$"),
        ({"own": "{base: 3}"}, "'base' must be a recipe's file or bundled name, or a list of 1 to 4, got 3"),
        ({"own": "{base: []}"}, r"a list of 1 to 4, got \[\]"),
        ({"own": "{base: [a, b, c, d, e]}"}, "a list of 1 to 4, got "),
        ({"own": "{base: [{}]}"}, r"got \[\{\}\]"),
        (
            {"own": "{base: a.yaml}", "a": "{base: b.yaml}", "b": "{base: c.yaml}", "c": "{base: d.yaml}"},
            r"^c\.yaml: has a base, and is the base of 3 others in a row, which is too many",
        ),
        ({"own": "{base: a.yaml}", "a": "[1]"}, r"^a\.yaml: a recipe is a mapping of keys to values"),
        ({"own": "{base: a.yaml}", "a": "{a: b: c}"}, r"^a\.yaml: not a YAML file"),
    ],
)
def test_a_base_that_cannot_be_used(write, texts: dict[str, str], says: str) -> None:
    write(**texts)
    with pytest.raises(RecipeError, match=says) as caught:
        read_content("own.yaml", [])
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_answered_with_the_known_ones_by_data_set() -> None:
    with pytest.raises(RecipeError) as caught:
        read_recipe("msr-vtt-9k/vopp")
    told = str(caught.value)
    assert told.startswith(
        "msr-vtt-9k/vopp: no such recipe file; give a YAML file or one of the bundled recipes: moji-"
    )
    assert "; msvd/: prompt-switch, x-pool" in told
    assert "bases" not in told


def test_the_folder_of_the_data_is_asked_for() -> None:
    with pytest.raises(RecipeError, match=r"^msvd/x-pool: 'dataset.data_dir' is missing; give data_dir=DIR, the "):
        read_recipe("msvd/x-pool")
    with pytest.raises(RecipeError, match=r"^moji-mean-pool: unknown key 'dataset.data_dir'; allowed: "):
        read_recipe("moji-mean-pool", ("data_dir=x",))
