"""What is made of the answers to questions about films."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from framecue.evaluation.moments import Window


@pytest.fixture
def module(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("answers")


def hit(
    video: str, start: float, end: float, *, score: float = 0.5, confidence: float | None = None
) -> SimpleNamespace:
    return SimpleNamespace(
        path=str(Path("films") / video), start_seconds=start, end_seconds=end, score=score, confidence=confidence
    )


def test_figures_and_their_interval(module: ModuleType) -> None:
    collection = SimpleNamespace(films=[SimpleNamespace(name=f"{number}.mp4") for number in range(20)])
    right = [Window(f"{number}.mp4", 0, 10) for number in range(20)]
    queries = [module.FilmQuery("seen", str(number), (window,), "seen") for number, window in enumerate(right)]
    hits = [[hit(window.video, 0, 10) if number < 15 else hit("x.mp4", 0, 10)] for number, window in enumerate(right)]
    figures = module.figures(module.Asked(queries, hits), collection)
    assert figures["R@1"] == figures["MR-full-R1@0.7"] == figures["MR-full-mAP"] == 75.0
    low, high = figures["R@1 interval"]
    assert 45 <= low < 65
    assert 85 < high <= 100


def test_false_alarms_at_a_recall(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEG_OF_KIND", {"seen": "seen", "said": "said"})

    def asked(kind: str, about: str, values: np.ndarray, name: str) -> object:
        queries = [module.FilmQuery(kind, str(number), (), about) for number in range(len(values))]
        return module.Asked(queries, [[hit("a.mp4", 0, 1, **{name: float(value)})] for value in values])

    # By the cosine those that are there and those that are not are the same; by the confidence a tenth of these are.
    there, sure = np.linspace(0.2, 0.4, 100), np.linspace(0.5, 1.0, 100)
    nowhere, unsure = np.linspace(0.2, 0.4, 50), np.r_[np.full(45, 0.1), np.full(5, 0.9)]
    answers = {
        "seen": {
            module.PICTURE: asked("seen", "seen", there, "score"),
            module.BOX: asked("seen", "seen", sure, "confidence"),
        },
        "absent": {
            module.PICTURE: asked("absent", "seen", nowhere, "score"),
            module.BOX: asked("absent", "seen", unsure, "confidence"),
        },
    }
    answers["said"] = answers["seen"]
    found = module.false_alarms(answers)
    for name in ("seen", "all"):
        assert found[name]["score"] == pytest.approx(96, abs=3)
        assert found[name]["confidence"] == pytest.approx(10)
        assert (there >= found[name]["score threshold"]).mean() >= 0.95
    # Of a search by picture alone there are no confidences here: all are as little sure, and pass.
    assert found["seen, by picture alone"]["score"] == found["seen"]["score"]
    assert found["seen, by picture alone"]["confidence"] == 100.0


def test_orders_are_told_apart_by_titles(module: ModuleType) -> None:
    slots = [
        SimpleNamespace(start_seconds=5.0 * place, end_seconds=5.0 * place + 4, title=title)
        for place, title in enumerate(["One", "Two", None, "Three"])
    ]
    collection = SimpleNamespace(films=[SimpleNamespace(name="a.mp4", slots=slots)])
    windows = [Window("a.mp4", 0, 9), Window("a.mp4", 10, 19)]
    queries = [module.FilmQuery("order", str(number), (window,), "seen") for number, window in enumerate(windows)]
    asked = module.Asked(queries, [[hit("a.mp4", 10, 19)], [hit("a.mp4", 10, 19)]])
    assert module.by_titles({"--then": asked}, collection) == {"--then": {"1 of 2 titled": 100.0, "2 of 2 titled": 0.0}}


def test_the_right_order_is_compared_with_the_other_one_alone(module: ModuleType) -> None:
    query = module.FilmQuery(
        "order", "a, then b", (Window("a.mp4", 0, 9),), "seen", ("a", "b"), (Window("b.mp4", 5, 9),)
    )
    elsewhere, right, wrong = hit("c.mp4", 0, 9), hit("a.mp4", 4, 12), hit("b.mp4", 0, 8)
    answers = [[elsewhere, right, wrong], [wrong, right], [elsewhere], [hit("b.mp4", 0, 5), right], []]
    collection = SimpleNamespace(films=[SimpleNamespace(name="a.mp4"), SimpleNamespace(name="b.mp4")])
    told = module.right_way_round(module.Asked([query] * len(answers), answers), collection)
    assert (told["questions"], told["right first"]) == (3, pytest.approx(200 / 3))
    # All are questions of one film, so that films that are drawn anew change nothing.
    assert told["interval"] == pytest.approx([200 / 3, 200 / 3])
    assert module.right_way_round(module.Asked([query], [[elsewhere]]), collection) == {}


def test_what_finds_nothing_passes_no_threshold(module: ModuleType) -> None:
    assert module.best([], "confidence") < -1
    assert module.best([hit("a.mp4", 0, 1)], "confidence") < -1
    assert module.best([hit("a.mp4", 0, 1, confidence=0.2), hit("a.mp4", 2, 3, confidence=0.3)], "confidence") == 0.3


def test_tuning_takes_what_answers_better(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = [module.FilmQuery("said", "a", (Window("a.mp4", 0, 10),), "said")]
    wanted = {"said": module.TRIED["said"][-1], "elsewhere": module.TRIED["elsewhere"][0]}

    def ask(library: object, asked: object, only: object = (), weights: object = None) -> object:
        num_right = sum(getattr(weights, name) == value for name, value in wanted.items())
        return module.Asked(queries, [[hit("a.mp4", 0, 4 + 3 * num_right)]])

    monkeypatch.setattr(module, "ask", ask)
    assert module.tune(None, queries) == replace(module.WEIGHTS, **wanted)


def test_the_curve_of_what_is_meant_is_fitted_to_what_is_right(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    slope, middle = 1.5, 1.0
    heights = rng.uniform(-4, 6, size=4000)
    is_right = rng.random(len(heights)) < 1 / (1 + np.exp(-slope * (heights - middle)))
    window = Window("a.mp4", 0, 10)
    # What is nowhere has no right moment; some of what is there is not found either.
    queries = [
        module.FilmQuery("meaning", str(number), (window,), "meaning")
        if is_right[number] or number % 2
        else module.FilmQuery("absent", str(number), (), "seen")
        for number in range(len(heights))
    ]
    others = [module.FilmQuery("said", "b", (window,), "said"), module.FilmQuery("absent", "c", (), "written")]

    def ask(library: object, asked: list[object], only: object = (), weights: object = None) -> object:
        assert only == ("meaning",)
        assert not {query.text for query in asked} & {"b", "c"}
        strengths = 1 / (1 + np.exp(-module.MEANT_SLOPE * (heights - module.MEANT_MIDDLE)))
        hits = []
        for query in asked:
            number = int(query.text)
            found = hit("a.mp4", *((0, 10) if is_right[number] else (20, 30)))
            found.legs = [SimpleNamespace(leg="meaning", strength=float(strengths[number]), text="a sentence")]
            hits.append([found])
        return module.Asked(asked, hits)

    monkeypatch.setattr(module, "ask", ask)
    fitted = module.fitted_meaning(None, [*queries, *others], frozenset({"a title"}))
    assert fitted == pytest.approx((slope, middle), abs=0.15)


def test_the_seed_of_tuning_is_not_reported(
    run_benchmark: Callable[..., ModuleType], module: ModuleType, capsys
) -> None:
    assert module.TUNING_SEED != module.REPORTED_SEED
    if missing := module.why_not():
        pytest.skip(f"films with words cannot be made: {missing}")
    with pytest.raises(SystemExit):
        run_benchmark("answers", "--seed", module.TUNING_SEED)
    assert "is the one of --tune and --fit; report another" in capsys.readouterr().err
