from __future__ import annotations

from framecue.training.recipe import check_recipe
from framecue.training.recipe_difference import difference

GIVEN = {
    "output_dir": "runs/one",
    "backbone": "moji-clip",
    "method": "prompt-switch",
    "dataset": {"name": "folder", "data_dir": "data"},
    "schedule": {"max_steps": 2},
}


def difference_with(**changed: object) -> str:
    return difference(check_recipe(dict(GIVEN), source="a"), check_recipe({**GIVEN, **changed}, source="b"))


def test_the_keys_that_differ_are_named_with_both_values() -> None:
    assert difference_with() == ""
    assert difference_with(schedule={"max_steps": 3}) == "schedule.max_steps 2 there, 3 here"
    assert difference_with(adapter="runs/zero") == "adapter not given there, runs/zero here"
    assert difference_with(options={"num_frames": 12}) == "options.num_frames not given there, 12 here"


def test_of_many_keys_the_first_ones_are_named_and_long_values_are_cut() -> None:
    changed = {"seed": 1, "max_steps": 3, "batch_size": 4, "num_epochs": 9}
    told = difference_with(backbone="x" * 100, schedule=changed)
    assert told.startswith(f"backbone moji-clip there, {'x' * 60}\u2026 here; ")
    assert told.count(" there, ") == 3
    assert told.endswith("; 2 more")
