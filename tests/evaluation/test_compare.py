"""Comparisons against differences that are computed resample by resample, and Holm's procedure by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import InputError
from framecue.evaluation.bootstrap import Direction, draws
from framecue.evaluation.compare import Comparison, Side, compare, holm, read_side, read_sides
from framecue.evaluation.metrics import RankMetrics
from framecue.evaluation.queries import Queries
from framecue.evaluation.ranks import Ranks, write_ranks
from support.reports import make_report

NUM_VIDEOS = 40
SIZES = np.random.default_rng(8).integers(1, 4, NUM_VIDEOS)
OWNERS = np.repeat(np.arange(NUM_VIDEOS), SIZES)


def run(ranks: np.ndarray, name: str = "a", videos: np.ndarray = OWNERS) -> Ranks:
    """Ranks of texts and, the same for all, of videos."""
    texts = tuple(f"text {number}" for number in range(len(videos)))
    queries = Queries(tuple(f"{video}.mp4" for video in range(videos.max() + 1)), texts, videos)
    directions = {
        "text_to_video": Direction.of(ranks, videos),
        "video_to_text": Direction.of(np.arange(1, videos.max() + 2), np.arange(videos.max() + 1)),
    }
    return Ranks(Path(f"{name}.parquet"), "folder", "test", "model", "main", queries, directions)


def drawn_ranks(seed: int, chance: float) -> np.ndarray:
    return np.random.default_rng(seed).geometric(chance, size=len(OWNERS))


def test_the_difference_of_two_runs_is_paired_by_query_and_drawn_by_video() -> None:
    left, right = drawn_ranks(0, 0.2), drawn_ranks(1, 0.4)
    found = compare([Side("a", (run(left),)), Side("b", (run(right, "b"),))], num_resamples=300, seed=5)
    of_metrics = found.differences[0]["text_to_video"]
    values = {"R@1": [], "median_rank": [], "mean_rank": []}
    for times in np.concatenate(list(draws(NUM_VIDEOS, 300, seed=5))):
        chosen = np.repeat(np.arange(len(OWNERS)), times[OWNERS])
        before, after = (RankMetrics.from_ranks(ranks[chosen]).to_dict() for ranks in (left, right))
        for name, kept in values.items():
            kept.append(after[name] - before[name])
    for name, kept in values.items():
        each = of_metrics[name]
        assert (each.interval.low, each.interval.high) == pytest.approx(tuple(np.percentile(kept, [2.5, 97.5])))
        beyond = min(np.mean(np.array(kept) <= 0), np.mean(np.array(kept) >= 0))
        assert each.p == pytest.approx(min(1.0, 2 * (300 * beyond + 1) / 301))
    whole = [RankMetrics.from_ranks(ranks).recall_at_1 for ranks in (left, right)]
    assert of_metrics["R@1"].value == pytest.approx(whole[1] - whole[0])
    assert [side["text_to_video"]["R@1"] for side in found.metrics] == pytest.approx(whole)
    # The videos' ranks are the same, so there is no difference, whatever is drawn.
    same = found.differences[0]["video_to_text"]["mean_rank"]
    assert (same.value, tuple(same.interval), same.p) == (0, (0, 0), 1)


def test_pairs_make_the_interval_of_a_difference_narrow() -> None:
    ranks = drawn_ranks(0, 0.2)
    better = np.where(np.arange(len(ranks)) % 20 == 0, 1, ranks)
    found = compare([Side("a", (run(ranks),)), Side("b", (run(better),))])
    difference, alone = (
        found.differences[0]["text_to_video"]["R@1"].interval,
        found.intervals[1]["text_to_video"]["R@1"],
    )
    assert difference.high - difference.low < 0.7 * (alone.high - alone.low)


def side_of_seeds(name: str, chances: list[float], seed: int) -> Side:
    return Side(name, tuple(run(drawn_ranks(seed + n, chance), f"{name}{n}") for n, chance in enumerate(chances)))


def test_several_runs_are_drawn_before_the_videos() -> None:
    # The runs of a side are far apart, which one run each cannot show.
    base = side_of_seeds("a", [0.2], 0)
    seeds = side_of_seeds("b", [0.05, 0.9], 10)
    alike = side_of_seeds("c", [0.4, 0.4], 20)
    found = compare([base, seeds, alike])
    far, near = (each["text_to_video"]["R@1"].interval for each in found.differences)
    runs = [run.directions["text_to_video"].metrics.recall_at_1 for run in seeds.runs]
    assert found.metrics[1]["text_to_video"]["R@1"] == pytest.approx(np.mean(runs))
    # One resample in four has the worse run twice, one in four the better one.
    base_recall = found.metrics[0]["text_to_video"]["R@1"]
    assert far.low < runs[0] - base_recall
    assert far.high > runs[1] - base_recall
    assert near.high - near.low < 0.6 * (far.high - far.low)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.04, 0.04]) == pytest.approx([0.08, 0.08])
    assert holm([0.001, 0.5, 0.9]) == pytest.approx([0.003, 1.0, 1.0])
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def test_holm_is_over_the_sides_for_each_metric() -> None:
    sides = [
        side_of_seeds(name, [chance], seed) for seed, (name, chance) in enumerate([("a", 0.2), ("b", 0.3), ("c", 0.5)])
    ]
    found = compare(sides)
    for direction in ("text_to_video", "video_to_text"):
        for metric in ("R@1", "mean_rank"):
            both = [each[direction][metric] for each in found.differences]
            assert [each.p_holm for each in both] == holm([each.p for each in both])
    alone = compare([sides[0], sides[2]]).differences[0]["text_to_video"]["R@1"]
    assert alone.p_holm == alone.p


def test_the_document() -> None:
    found: Comparison = compare([side_of_seeds("a", [0.2], 0), side_of_seeds("b", [0.3, 0.4], 1)], num_resamples=50)
    document = found.to_dict()
    assert (document["num_videos"], document["num_texts"], document["num_resamples"]) == (40, len(OWNERS), 50)
    assert [side["runs"] for side in document["sides"]] == [["a0.parquet"], ["b0.parquet", "b1.parquet"]]
    (difference,) = document["differences"]
    assert (difference["name"], difference["from"]) == ("b", "a")
    assert list(difference["metrics"]["text_to_video"]["R@1"]) == ["difference", "low", "high", "p", "p_holm"]


def test_ranks_of_different_data_are_refused_and_what_differs_is_said() -> None:
    ranks = drawn_ranks(0, 0.2)
    one = run(ranks)
    fewer = run(ranks[: SIZES[0]], "fewer", np.zeros(SIZES[0], dtype=int))
    with pytest.raises(InputError, match=r"a\.parquet and fewer\.parquet are ranks of different data: 40 videos with"):
        compare([Side("a", (one,)), Side("b", (fewer,))])
    texts = ("other", *one.queries.texts[1:])
    other = replace(one, source=Path("b.parquet"), queries=Queries(one.queries.video_ids, texts, one.queries.owners))
    with pytest.raises(
        InputError, match=r"\('0\.mp4', 'text 0'\) and \('0\.mp4', 'other'\) as query 1; compare runs on"
    ):
        compare([Side("a", (one,)), Side("b", (one, other))])
    lacking = replace(one, directions={"text_to_video": one.directions["text_to_video"]})
    with pytest.raises(InputError, match="different data: text_to_video, video_to_text and text_to_video;"):
        compare([Side("a", (one,)), Side("b", (lacking,))])


def test_too_little_to_compare() -> None:
    side = Side("a", (run(drawn_ranks(0, 0.2)),))
    with pytest.raises(InputError, match="1 side to compare; give at least two"):
        compare([side])
    with pytest.raises(InputError, match="num_resamples is 0"):
        compare([side, side], num_resamples=0)


def test_a_side_is_a_file_or_a_folder_of_runs(tmp_path: Path) -> None:
    def write(file: Path, seed: int) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        return write_ranks(make_report(seed=seed), file, dataset="folder", split="test")

    one = write(tmp_path / "run" / "ranks.parquet", 0)
    for seed in range(3):
        write(tmp_path / "method" / f"seed-{seed}" / "ranks.parquet", seed)
    assert [each.source for each in read_side(one).runs] == [one]
    assert [each.source for each in read_side(tmp_path / "run").runs] == [one]
    assert [each.source.parent.name for each in read_side(tmp_path / "method").runs] == ["seed-0", "seed-1", "seed-2"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty: there is no file of ranks in it; write one: framecue evaluate"):
        read_side(tmp_path / "empty")
    with pytest.raises(InputError, match="has no stage 'reranked'"):
        read_side(one, stage="reranked")


def test_a_run_stands_on_one_side(tmp_path: Path) -> None:
    """Compared with itself it says nothing, and counts in Holm's correction."""
    names = ["a", "b"]
    for seed, name in enumerate(names):
        (tmp_path / name).mkdir()
        write_ranks(make_report(seed=seed), tmp_path / name / "ranks.parquet", dataset="folder", split="test")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    one, other = (tmp_path / name for name in names)
    assert [side.name for side in read_sides([one, other])] == [str(one), str(other)]
    for twice in (one, one / "ranks.parquet", tmp_path / "link", tmp_path):
        with pytest.raises(InputError, match=r"ranks\.parquet is a run of .* and of .*; name each run once"):
            read_sides([other, one, twice])


def test_the_order_of_directions_does_not_matter() -> None:
    one = run(drawn_ranks(0, 0.2))
    turned = replace(run(drawn_ranks(1, 0.3), "b"), directions=dict(reversed(one.directions.items())))
    found = compare([Side("a", (one,)), Side("b", (turned, one))], num_resamples=20)
    assert all(each.value == 0 for each in found.differences[0]["text_to_video"].values())
