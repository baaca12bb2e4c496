"""The commands with a model that encodes videos by itself: a tiny VideoPrism."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from framecue.datasets.captions import Clip, write_captions
from framecue.embedders import load_any_model
from framecue.encoder import load_encoder
from framecue.library import Library
from support.colours import write_clip


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for name in ("red", "blue"):
        write_clip(folder / "test" / f"{name}.mp4", name)
    write_captions(folder, [Clip(folder / "test" / f"{n}.mp4", (f"the {n} car",), "test") for n in ("red", "blue")])
    return folder


def test_index_search_and_evaluate_with_an_embedder(run, videoprism_folder: Path, clips: Path, tmp_path: Path) -> None:
    library = tmp_path / "library.lance"
    made = run("index", clips, "--library", library, "--model", videoprism_folder, "--segments", "whole")
    assert made.code == 0, made.err
    # The library finds its model again by itself, and a second run has nothing to do.
    found = run("search", "the red car", "--library", library, "--json")
    assert found.code == 0, found.err
    encoder = load_any_model(videoprism_folder, device="cpu")
    vectors = {hit["path"]: hit["score"] for hit in json.loads(found.out)["results"]}
    assert len(vectors) == 2
    report = run("evaluate", "--model", videoprism_folder, "--data-dir", clips, "--json")
    assert report.code == 0, report.err
    numbers = json.loads(report.out)
    # What it ranks by is what a search scores by.
    scores = []
    for text in ("the red car", "the blue car"):
        hits = json.loads(run("search", text, "--library", library, "--json").out)["results"]
        scores.append({Path(hit["path"]).stem: hit["score"] for hit in hits})
    right = np.mean(
        [row[name] > row[other] for row, name, other in zip(scores, ("red", "blue"), ("blue", "red"), strict=True)]
    )
    assert numbers["text_to_video"]["R@1"] == pytest.approx(100 * right)
    assert Library(str(library)).fingerprint.encoder == "videoprism"
    assert load_encoder(encoder.spec()).fingerprint() == encoder.spec().fingerprint


def test_the_commands_say_what_does_not_go(run, videoprism_folder: Path, clips: Path, tmp_path: Path) -> None:
    refused = run("evaluate", "--model", videoprism_folder, "--data-dir", clips, "--method", "vop")
    assert refused.code != 0
    assert "a videoprism model encodes videos by itself" in refused.err
    run("datasets", "prepare", "folder", "--data-dir", clips, "--output", tmp_path / "store")
    stored = run("evaluate", "--model", videoprism_folder, "--data-dir", clips, "--frame-store", tmp_path / "store")
    assert stored.code == 1
    assert "takes any frames of a video, and a store has those of a grid; leave out --frame-store" in stored.err
    again = run("evaluate", "--model", videoprism_folder, "--data-dir", clips, "--rerank-with", "runs/x-pool")
    assert again.code != 0
    assert "leave out adapter runs/x-pool" in again.err
