"""Evaluation of an encoder that is no `VideoTextModel`: the tests' own, which is written without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framecue.datasets.captions import Clip, Twin
from framecue.errors import NotOfflineError
from framecue.evaluation.any_encoder import EncoderModel, as_evaluated
from framecue.evaluation.reading import embed_videos
from framecue.evaluation.report import evaluate_clips
from framecue.video import PlainFrameSource, write_video
from support.colour_model import ColourModel
from support.colours import COLOURS, ColourEncoder, write_clip


def clips_of(folder: Path, captions: dict[str, str]) -> list[Clip]:
    return [Clip(write_clip(folder / f"{name}.mp4", name), (text,), "test") for name, text in captions.items()]


def test_its_own_vectors_are_ranked(tmp_path: Path) -> None:
    encoder = ColourEncoder()
    clips = clips_of(tmp_path, {"red": "red", "green": "green", "blue": "blue", "white": "white"})
    report = evaluate_clips(encoder, clips, frame_source=PlainFrameSource())
    assert report.retrieval.to_dict()["text_to_video"]["R@1"] == 100
    assert encoder.batches == [4]
    # Two captions exchanged: their queries find each other's clips.
    wrong = clips_of(tmp_path, {"red": "green", "green": "red", "blue": "blue", "white": "white"})
    numbers = evaluate_clips(encoder, wrong, frame_source=PlainFrameSource()).retrieval.to_dict()
    assert numbers["text_to_video"]["R@1"] == numbers["video_to_text"]["R@1"] == 50


def test_twins_are_compared(tmp_path: Path) -> None:
    clip, *_ = clips_of(tmp_path, {"red": "red"})
    twin = Twin(write_clip(tmp_path / "blue.mp4", "blue"), ("blue",))
    with_twin = Clip(clip.video, clip.captions, "test", twin)
    assert evaluate_clips(ColourEncoder(), [with_twin], frame_source=PlainFrameSource()).twin_accuracy == 100


def test_a_second_stage_of_framecues_own_reads_in_its_own_way(tmp_path: Path) -> None:
    clips = clips_of(tmp_path, {"red": "red", "blue": "blue"})
    first, second = ColourEncoder(num_frames=2), ColourModel()
    report = evaluate_clips(first, clips, rerank_with=second, frame_source=PlainFrameSource())
    assert report.reranked is not None
    assert report.reranked.retrieval.to_dict()["text_to_video"]["R@1"] == 100


def test_embeddings_are_those_of_the_encoder(tmp_path: Path) -> None:
    file, encoder = write_clip(tmp_path / "green.mp4", "green"), ColourEncoder()
    source = PlainFrameSource()
    frames = source.read_frames(file, encoder.sampling, short_side=encoder.short_side).pixels
    expected = encoder.embed_videos(encoder.prepare(frames)[None])
    assert embed_videos(as_evaluated(encoder), [file], frame_source=source).numpy() == pytest.approx(expected)


def test_a_window_of_a_file_is_a_clip(tmp_path: Path) -> None:
    halves = np.zeros((16, 16, 16, 3), dtype=np.uint8)
    halves[:8], halves[8:] = COLOURS["red"], COLOURS["blue"]
    file = tmp_path / "halves.mp4"
    write_video(file, halves, frames_per_second=4)
    clips = [
        Clip(file, ("red",), "test", start_seconds=0, end_seconds=2),
        Clip(file, ("blue",), "test", start_seconds=2, end_seconds=4),
    ]
    report = evaluate_clips(ColourEncoder(), clips, frame_source=PlainFrameSource())
    assert report.retrieval.to_dict()["text_to_video"]["R@1"] == 100


def test_one_that_needs_the_query_is_refused_and_framecues_own_is_left_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(NotOfflineError, match="method mean-pool needs the query to encode a video"):
        EncoderModel(ColourEncoder(offline=False))
    model = ColourModel()
    assert as_evaluated(model) is model
