from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import framecue
from framecue.datasets.moji_motion import files as moji_files
from framecue.datasets.moji_motion.files import write_clips
from framecue.datasets.moji_motion.grammar import PHRASES
from framecue.datasets.moji_motion.meaning import Act, Meaning
from framecue.errors import InputError
from framecue.model import VideoTextModel
from framecue.uses import Classification, Question, TrueLabel, VideoPlace, answer_questions, classify
from framecue.video import PlainFrameSource
from support.colours import ColourEncoder, write_clip

SOURCE = PlainFrameSource()
COLOURS = ["red", "green", "blue", "yellow"]


def of_colours(videos: list[str], **options: object) -> Classification:
    given = {"labels": COLOURS, "templates": ["{}"], "source": SOURCE, **options}
    return classify(ColourEncoder(), videos, given.pop("labels"), **given)  # type: ignore[arg-type]


@pytest.fixture
def clips(tmp_path: Path) -> list[str]:
    return [str(write_clip(tmp_path / f"{colour}.mp4", colour)) for colour in COLOURS]


def test_each_video_gets_its_likeliest_labels(clips: list[str]) -> None:
    found = of_colours(clips, top_k=2, batch_size=3)
    assert [one.place.path for one in found.videos] == clips
    assert [one.predictions[0].label for one in found.videos] == COLOURS
    assert (found.num_labels, found.templates, found.temperature, found.skipped) == (4, ("{}",), 0.01, ())
    for one in found.videos:
        best, second = one.predictions
        assert best.score > second.score
        assert best.probability >= second.probability
        assert (one.true_label, one.true_rank) == (None, None)
    everything = of_colours(clips[:1], top_k=9).videos[0].predictions
    assert sorted(one.label for one in everything) == sorted(COLOURS)
    assert sum(one.probability for one in everything) == pytest.approx(1)
    scores = np.array([one.score for one in everything])
    powers = np.exp(scores / 0.01 - scores.max() / 0.01)
    assert [one.probability for one in everything] == pytest.approx((powers / powers.sum()).tolist())


def test_one_corrupt_video_does_not_stop_the_others(clips: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    late = VideoPlace(clips[0], 100.0, 200.0)
    done = []
    videos = [clips[0], str(tmp_path / "bad.mp4"), late, clips[1], str(tmp_path / "none.mp4"), clips[0]]
    found = of_colours(videos, batch_size=2, progress=lambda number, total: done.append((float(number), total)))
    assert [one.predictions[0].label for one in found.videos] == ["red", "green"]
    assert [Path(item.path).name for item in found.skipped] == ["bad.mp4", "red.mp4@1:40-3:20", "none.mp4"]
    assert done == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]  # a video that is named twice is one


def test_a_vector_that_is_not_finite_is_a_reason(clips: list[str]) -> None:
    class Broken(ColourEncoder):
        def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
            vectors = super().embed_videos(pixel_values)
            vectors[0] = np.nan
            return vectors

    found = classify(Broken(), clips, COLOURS, templates=["{}"], source=SOURCE)
    assert [one.predictions[0].label for one in found.videos] == COLOURS[1:]
    assert [item.reason for item in found.skipped] == ["the model gives no finite vector for it"]


def test_accuracy_counts_unreadable_videos_as_wrong_and_leaves_unknown_ones_out(clips: list[str]) -> None:
    gone = clips[0] + ".gone"
    true = [*zip(clips[:3], ["red", "green", "yellow"], strict=True), (gone, "blue"), ("/elsewhere.mp4", "red")]
    truth = [TrueLabel(VideoPlace(path), label, "truth.csv, line 2") for path, label in true]
    found = of_colours([*clips, gone], truth=truth, top_k=1)
    assert [(one.true_label, one.true_rank == 1) for one in found.videos] == [
        ("red", True),
        ("green", True),
        ("yellow", False),
        (None, False),
    ]
    accuracy = found.accuracy
    assert accuracy is not None
    assert (accuracy.num_videos, accuracy.num_unreadable) == (4, 1)
    assert (accuracy.top_1.percent, accuracy.top_5.percent) == (50.0, 75.0)
    assert of_colours(clips).accuracy is None
    with pytest.raises(InputError, match=r"truth\.csv, line 2: the label 'pink' is not among the 4 labels"):
        of_colours(clips, truth=[TrueLabel(VideoPlace(clips[0]), "pink", "truth.csv, line 2")])


def test_a_tie_counts_against_the_true_label(clips: list[str]) -> None:
    class Between(ColourEncoder):
        def embed_texts(self, texts: object) -> np.ndarray:
            return np.eye(4, dtype=np.float32)[: len(texts)]  # type: ignore[arg-type]

        def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
            return np.full((len(pixel_values), 4), 0.5, dtype=np.float32)

    truth = [TrueLabel(VideoPlace(clips[0]), "red", "x")]
    found = classify(Between(), clips[:1], COLOURS, templates=["{}"], truth=truth, source=SOURCE)
    assert found.videos[0].true_rank == 4
    assert [one.label for one in found.videos[0].predictions] == COLOURS
    assert found.accuracy is not None
    assert found.accuracy.top_1.percent == 0


def test_a_window_is_classified_alone(tmp_path: Path) -> None:
    from framecue.video import write_video

    frames = [np.full((48, 64, 3), colour, dtype=np.uint8) for colour in ((220, 30, 30), (30, 30, 220))]
    path = str(tmp_path / "two.mp4")
    write_video(path, [frames[0]] * 8 + [frames[1]] * 8, frames_per_second=8)
    found = of_colours([VideoPlace(path, 0.0, 0.9), VideoPlace(path, 1.1, 2.0)])  # type: ignore[list-item]
    assert [one.predictions[0].label for one in found.videos] == ["red", "blue"]
    assert found.to_dict()["videos"][1]["start_seconds"] == 1.1


def test_a_fusion_classifies_as_its_similarity_says(
    make_model: Callable[..., VideoTextModel], videos: list[str]
) -> None:
    model = make_model("x-pool", num_test_frames=2)
    labels, templates = ["cat", "dog", "car"], ["a {}", "the {} is here"]
    found = classify(model, videos, labels, templates=templates, source=SOURCE, batch_size=2)
    with torch.inference_mode():
        for one in found.videos:
            frames = model.frame_features(model.read_video(one.place.path, source=SOURCE)[None])
            for prediction in one.predictions:
                texts = model.text_features(*model.tokenize([t.replace("{}", prediction.label) for t in templates]))
                assert prediction.score == pytest.approx(model.similarity(texts, frames).mean().item(), abs=1e-5)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"top_k": 0}, "top_k is 0; it must be a whole number, 1 or more"),
        ({"batch_size": True}, "batch_size is True"),
        ({"labels": ["red"]}, "only one label"),
        ({"templates": ["x"]}, "has no {} for the label"),
    ],
)
def test_options_that_make_no_sense(clips: list[str], options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError) as caught:
        of_colours(clips, **options)
    assert says in str(caught.value)


def test_no_video() -> None:
    with pytest.raises(InputError, match="no video; give at least one"):
        of_colours([])
    with pytest.raises(InputError, match=r"https://a/b\.mp4: no place in an object store"):
        of_colours(["https://a/b.mp4"])


def test_the_shipped_model_knows_motions_it_was_not_trained_to_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clip of each motion. Among eleven labels chance is 1 of 11, and among four answers 1 of 4."""
    monkeypatch.setattr(moji_files, "IMAGE_SIZE", 96)
    motions = list(PHRASES)
    actors = ["panda", "rocket", "frog"]
    meanings = [Meaning(Act(actors[number % 3], motion)) for number, motion in enumerate(motions)]
    clips = write_clips(tmp_path, meanings, seed=5, twins=False)
    model = framecue.load_model("moji-clip", adapter="moji-prompt-switch", device="cpu")
    labels = [PHRASES[motion][0] for motion in motions]
    paths = [str(clip.video) for clip in clips]
    truth = [TrueLabel(VideoPlace(path), label, "x") for path, label in zip(paths, labels, strict=True)]
    templates = [f"the {actor} {{}}" for actor in actors]
    found = classify(model, paths, labels, templates=templates, truth=truth, source=SOURCE).accuracy
    assert found is not None
    assert found.top_1.low > 100 / 11
    assert found.top_5.percent >= 80
    questions = [
        Question(VideoPlace(path), f"here the {act.actor}", tuple(labels[(number + k) % 11] for k in range(4)), 0)
        for number, (path, act) in enumerate(zip(paths, (meaning.first for meaning in meanings), strict=True))
    ]
    answers = answer_questions(model, questions, source=SOURCE)
    assert answers.accuracy is not None
    assert answers.chance == 25
    assert answers.accuracy.low > 25


@pytest.mark.parametrize("method", ["mean-pool", "x-pool"])
def test_labels_that_the_model_reads_as_the_same_are_refused(
    make_model: Callable[..., VideoTextModel], videos: list[str], method: str
) -> None:
    model = make_model(method, num_test_frames=2)
    # What comes after the last token that the model takes is cut off.
    long = "cat " * model.backbone.text.context_length
    labels = ["dog", f"{long}a", "car", f"{long}dog"]
    with pytest.raises(
        InputError, match=r"\(label 2\) and 'cat .* \(label 4\) are the same to the model; take one out"
    ):
        classify(model, videos[:1], labels, templates=["{}", "a {}"], source=SOURCE)
    assert classify(model, videos[:1], labels[:3], templates=["{}", "a {}"], source=SOURCE).num_labels == 3
