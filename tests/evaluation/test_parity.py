"""One model, trained on MojiMotion through `folder`: the command, its TREC files, mteb and brute force agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
import pytest
import torch
from ir_measures import Success, nDCG

from framecue.cli.main import main
from framecue.datasets.captions import Clip, read_captions, write_captions
from framecue.datasets.moji_motion.files import draw_meanings, write_clips
from framecue.evaluation.run_folder import model_of_run
from framecue.model import load_model
from framecue.training.recipe import check_recipe
from framecue.training.run import run_recipe
from framecue.video import PlainFrameSource

NUM_TRAIN, NUM_TEST = 6, 14


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("moji")
    clips: list[Clip] = []
    for split, count in (("train", NUM_TRAIN), ("val", 2), ("test", NUM_TEST)):
        place = folder / split
        drawn = list(draw_meanings(split, num_clips=count, rng=np.random.default_rng(5)))
        clips += write_clips(place, drawn, seed=5, twins=False)
    write_captions(folder, clips)
    return folder


@pytest.fixture(scope="module")
def run_folder(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "mine"
    recipe: dict[str, Any] = {
        "output_dir": str(folder),
        "backbone": "moji-clip",
        "method": "vop",
        "options": {"num_frames": 1, "num_test_frames": 1},
        "dataset": {"name": "folder", "data_dir": str(data)},
        "schedule": {"batch_size": 4, "max_steps": 2, "eval_steps": 2},
    }
    run_recipe(check_recipe(recipe, source="test"), frame_source=PlainFrameSource())
    return folder


def brute_force(model: Any, clips: list[Clip]) -> dict[str, dict[str, float]]:
    """Recalls and nDCG@10 from one similarity at a time, sorted with the right answers last among equals."""
    texts = [(number, text) for number, clip in enumerate(clips) for text in clip.captions]
    text_vectors = [model.encode_text([text])[0].double() for _, text in texts]
    video_vectors = [model.encode_video([clip.video], source=PlainFrameSource())[0].double() for clip in clips]
    table = [[float(text @ video) for video in video_vectors] for text in text_vectors]

    def places(scores: list[float], right: list[bool]) -> list[int]:
        order = sorted(range(len(scores)), key=lambda each: (-scores[each], right[each]))
        return [place for place, each in enumerate(order, start=1) if right[each]]

    of_texts = [
        places(row, [video == own for video in range(len(clips))]) for row, (own, _) in zip(table, texts, strict=True)
    ]
    by_group, by_caption = [], []
    for video in range(len(clips)):
        column = [row[video] for row in table]
        best = [
            max(s for s, (own, _) in zip(column, texts, strict=True) if own == group) for group in range(len(clips))
        ]
        by_group.append(places(best, [group == video for group in range(len(clips))]))
        by_caption.append(places(column, [own == video for own, _ in texts]))

    def summary(found: list[list[int]]) -> dict[str, float]:
        gains = [
            sum(1 / np.log2(1 + place) for place in each if place <= 10)
            / sum(1 / np.log2(1 + place) for place in range(1, min(len(each), 10) + 1))
            for each in found
        ]
        firsts = [each[0] for each in found]
        return {
            **{f"R@{depth}": 100 * float(np.mean([first <= depth for first in firsts])) for depth in (1, 5, 10)},
            "mean_rank": float(np.mean(firsts)),
            "nDCG@10": 100 * float(np.mean(gains)),
        }

    return {
        "text_to_video": summary(of_texts),
        "video_to_text": summary(by_group),
        "video_to_text_by_caption": summary(by_caption),
    }


@pytest.mark.isolated
def test_the_command_its_trec_files_and_brute_force_agree(
    run_folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(run_folder), "--data-dir", str(data), "--trec", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    found = model_of_run(run_folder)
    with torch.inference_mode():
        expected = brute_force(load_model(found.backbone, adapter=found.adapter), read_captions(data, "test"))
    # Else the three would agree on anything.
    assert 0 < expected["text_to_video"]["R@1"] < 100
    for direction, numbers in expected.items():
        assert {name: document[direction][name] for name in numbers} == pytest.approx(numbers), direction
    for direction, name in (
        ("text_to_video", "t2v"),
        ("video_to_text", "v2t"),
        ("video_to_text_by_caption", "v2t-captions"),
    ):
        scored = ir_measures.calc_aggregate(
            [Success @ 1, Success @ 5, Success @ 10, nDCG @ 10],
            ir_measures.read_trec_qrels(str(tmp_path / f"out.{name}.qrels")),
            ir_measures.read_trec_run(str(tmp_path / f"out.{name}.run")),
        )
        for measure, value in scored.items():
            key = "nDCG@10" if measure == nDCG @ 10 else f"R@{measure.params['cutoff']}"
            assert 100 * value == pytest.approx(expected[direction][key]), (direction, key)


@pytest.mark.isolated
def test_mteb_and_brute_force_agree(run_folder: Path, data: Path) -> None:
    pytest.importorskip("mteb", reason="the extra mteb is not installed")
    from framecue.mteb import MtebModel
    from support.mteb_tasks import score_with_mteb

    found = model_of_run(run_folder)
    model, clips = load_model(found.backbone, adapter=found.adapter), read_captions(data, "test")
    with torch.inference_mode():
        expected = brute_force(model, clips)
    # Among mteb's candidates are all captions, and each of a video's own is right: the second of the conventions. Its
    # recall is the share of them that was found, its hit rate what papers call recall.
    for direction, text_first in (("text_to_video", True), ("video_to_text_by_caption", False)):
        scored = score_with_mteb(MtebModel(model), clips, text_first=text_first)
        measures = {"nDCG@10": "ndcg_at_10", **{f"R@{depth}": f"hit_rate_at_{depth}" for depth in (1, 5, 10)}}
        for key, measure in measures.items():
            # It rounds to five places.
            assert scored[measure] == pytest.approx(expected[direction][key] / 100, abs=1e-5), (direction, key)
