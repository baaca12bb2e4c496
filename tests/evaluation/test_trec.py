"""TREC files, scored by another program: `trec_eval`'s own code, by way of `ir-measures`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import ir_measures
import numpy as np
import pytest
from ir_measures import RR, Success, nDCG

from framecue.errors import InputError
from framecue.evaluation.metrics import RankMetrics
from framecue.evaluation.trec import trec_files, write_trec
from support.reports import make_report, report_of

NAMES = {"t2v": "text_to_video", "v2t": "video_to_text", "v2t-captions": "video_to_text_by_caption"}


def scored(prefix: Path, direction: str, measures: Iterable[object]) -> dict[object, float]:
    run = list(ir_measures.read_trec_run(f"{prefix}.{direction}.run"))
    qrels = list(ir_measures.read_trec_qrels(f"{prefix}.{direction}.qrels"))
    return ir_measures.calc_aggregate(list(measures), qrels, run)


def agrees(prefix: Path, direction: str, metrics: RankMetrics, ranks: np.ndarray | None = None) -> None:
    recalls = {Success @ depth: getattr(metrics, f"recall_at_{depth}") for depth in (1, 5, 10, 50)}
    found = scored(prefix, direction, [*recalls, nDCG @ 10, RR])
    for measure, expected in {**recalls, nDCG @ 10: metrics.ndcg_at_10}.items():
        assert 100 * found[measure] == pytest.approx(expected), f"{measure} of {direction}"
    if ranks is not None:
        assert found[RR] == pytest.approx(np.mean(1 / ranks))


@pytest.mark.parametrize("sizes", [(2, 1, 3, 1, 1, 2), (1,) * 60, (1, 12, 1, 1, 2, 30, 1)])
@pytest.mark.parametrize("ties", [False, True])
def test_another_program_gives_the_same_figures(tmp_path: Path, sizes: tuple[int, ...], ties: bool) -> None:
    rng = np.random.default_rng(sum(sizes))
    owners = np.repeat(np.arange(len(sizes)), sizes)
    matrix = rng.normal(size=(len(owners), len(sizes)))
    matrix[np.arange(len(owners)), owners] += 0.7
    if ties:
        matrix = np.rint(matrix * 2) / 2
    report = report_of(matrix, sizes=sizes, missing=(1,))
    files = write_trec(report, tmp_path / "out")
    assert files == trec_files(tmp_path / "out", has_groups=sum(sizes) > len(sizes))
    assert sorted(tmp_path.iterdir()) == sorted(files)
    for direction, name in NAMES.items():
        scores = report.main.directions.get(name)
        if scores is not None:
            found = np.where(scores.ranks <= scores.num_candidates, scores.ranks, np.inf)
            agrees(tmp_path / "out", direction, scores.metrics, found)
        else:
            assert sum(sizes) == len(sizes)


def test_similarities_that_single_precision_cannot_tell_apart_keep_their_order(tmp_path: Path) -> None:
    close = 0.5 + 1e-12 * np.array([[2, 1, 3], [5, 6, 4], [1, 2, 3]])
    report = report_of(close, sizes=(1, 1, 1))
    assert report.main.directions["text_to_video"].ranks.tolist() == [2, 1, 1]
    write_trec(report, tmp_path / "out")
    agrees(tmp_path / "out", "t2v", report.main.directions["text_to_video"].metrics)
    lines = [line.split() for line in (tmp_path / "out.t2v.run").read_text().splitlines()]
    assert [line[3] for line in lines] == ["1", "2", "3"] * 3
    scores = [np.float32(line[4]) for line in lines[:3]]
    assert scores[0] > scores[1] > scores[2]
    assert scores == pytest.approx([0.5] * 3, abs=1e-6)


def test_names_have_no_spaces_and_documents_are_named(tmp_path: Path) -> None:
    write_trec(make_report(), tmp_path / "out")
    first = (tmp_path / "out.t2v.run").read_text().splitlines()[0].split(" ")
    assert (first[0], first[1], first[3], first[5]) == ("clips/0%20a.mp4#0", "Q0", "1", "framecue")
    assert (tmp_path / "out.t2v.qrels").read_text().splitlines()[1] == "clips/0%20a.mp4#1 0 clips/0%20a.mp4 1"
    assert (tmp_path / "out.v2t.qrels").read_text().splitlines()[0] == "clips/0%20a.mp4 0 clips/0%20a.mp4#any 1"
    captions = (tmp_path / "out.v2t-captions.qrels").read_text().splitlines()
    assert captions[:2] == [f"clips/0%20a.mp4 0 clips/0%20a.mp4#{place} 1" for place in (0, 1)]
    assert len(captions) == 10


@pytest.mark.parametrize("depth", [1, 5, 7, 30])
def test_a_depth_leaves_what_is_before_it_as_it_is(tmp_path: Path, depth: int) -> None:
    rng = np.random.default_rng(0)
    report = report_of(np.rint(rng.normal(size=(30, 20)) * 3), sizes=(1, 2) * 10)
    write_trec(report, tmp_path / "out", depth=depth)
    for direction, name in NAMES.items():
        lines = (tmp_path / f"out.{direction}.run").read_text().splitlines()
        queries = len(report.main.directions[name].ranks)
        assert len(lines) == queries * min(depth, 30 if direction == "v2t-captions" else 20)
        found = scored(tmp_path / "out", direction, [Success @ min(depth, 5)])
        share = 100 * np.mean(report.main.directions[name].ranks <= min(depth, 5))
        assert 100 * found[Success @ min(depth, 5)] == pytest.approx(share)


def test_nothing_is_replaced_unless_told(tmp_path: Path) -> None:
    (tmp_path / "out.v2t.qrels").write_text("mine")
    with pytest.raises(InputError, match=r"out\.v2t\.qrels: exists already"):
        write_trec(make_report(), tmp_path / "out")
    assert [file.name for file in tmp_path.iterdir()] == ["out.v2t.qrels"]
    write_trec(make_report(), tmp_path / "out", overwrite=True)
    assert (tmp_path / "out.v2t.qrels").read_text() != "mine"
    with pytest.raises(InputError, match="depth of the TREC files is 0"):
        write_trec(make_report(), tmp_path / "other", depth=0)
