from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from framecue.errors import InputError
from framecue.model import VideoTextModel
from framecue.uses.answer import answer_questions
from framecue.uses.places import VideoPlace
from framecue.uses.questions import Question
from framecue.video import Frames, PlainFrameSource
from support.colours import ColourEncoder, write_clip


class CountingSource(PlainFrameSource):
    """Notes what is read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def read_frames(self, path: str | Path | bytes, *args: object, **options: object) -> Frames:
        self.read.append(Path(str(path)).name)
        return super().read_frames(path, *args, **options)  # type: ignore[arg-type]


@pytest.fixture
def clips(tmp_path: Path) -> dict[str, VideoPlace]:
    return {colour: VideoPlace(str(write_clip(tmp_path / f"{colour}.mp4", colour))) for colour in ("red", "green")}


def test_a_video_with_several_questions_is_read_once(clips: dict[str, VideoPlace], tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    bad = VideoPlace(str(tmp_path / "bad.mp4"))
    questions = [
        Question(clips["red"], "", ("green", "red", "blue"), 1),
        Question(clips["green"], "", ("blue", "white"), 0),
        Question(bad, "", ("blue", "red"), 0),
        Question(clips["red"], "", ("yellow", "blue")),
        Question(clips["red"], "", ("white", "red"), 0),
    ]
    source = CountingSource()
    done = []
    found = answer_questions(
        ColourEncoder(), questions, source=source, progress=lambda number, total: done.append((float(number), total))
    )
    assert source.read == ["red.mp4", "green.mp4", "bad.mp4"]
    assert done == [(1, 3), (2, 3), (3, 3)]
    assert [one.question for one in found.questions] == [questions[0], questions[1], questions[3], questions[4]]
    assert [one.is_right for one in found.questions] == [
        True,
        found.questions[1].answers[0].label == "blue",
        None,
        False,
    ]
    assert found.questions[0].answers[0].label == "red"
    assert [Path(item.path).name for item in found.skipped] == ["bad.mp4"]
    assert (found.num_known, found.num_unreadable) == (4, 1)
    assert found.to_dict()["unreadable"] == 1
    assert found.accuracy is not None
    assert found.accuracy.percent == 25 * sum(bool(one.is_right) for one in found.questions)
    assert found.chance == pytest.approx(100 * (1 / 3 + 1 / 2 + 1 / 2 + 1 / 2) / 4)
    document = found.questions[0].to_dict()
    assert (document["right_answer"], document["right"]) == ("red", True)


def test_without_known_answers_there_is_no_accuracy(clips: dict[str, VideoPlace]) -> None:
    found = answer_questions(ColourEncoder(), [Question(clips["red"], "", ("green", "red"))], source=PlainFrameSource())
    assert (found.num_known, found.accuracy, found.chance) == (0, None, None)
    assert sum(one.probability for one in found.questions[0].answers) == pytest.approx(1)


def test_a_tie_is_not_right(clips: dict[str, VideoPlace]) -> None:
    class Same(ColourEncoder):
        def embed_texts(self, texts: object) -> np.ndarray:
            return np.ones((len(texts), 4), dtype=np.float32) / 2  # type: ignore[arg-type]

    found = answer_questions(Same(), [Question(clips["red"], "", ("a", "b"), 0)], source=PlainFrameSource())
    assert found.questions[0].is_right is False


@pytest.mark.parametrize("method", ["mean-pool", "x-pool"])
def test_an_answer_scores_as_question_and_answer_in_one_text(
    make_model: Callable[..., VideoTextModel], videos: list[str], method: str
) -> None:
    model = make_model(method, num_test_frames=2)
    question = Question(VideoPlace(videos[0]), "the cat is", ("here", "in the car"))
    found = answer_questions(model, [question], templates=["there {}"], source=PlainFrameSource())
    with torch.inference_mode():
        frames = model.frame_features(model.read_video(videos[0], source=PlainFrameSource())[None])
        for one in found.questions[0].answers:
            text = model.text_features(*model.tokenize([f"there the cat is {one.label}"]))
            assert one.score == pytest.approx(model.similarity(text, frames).item(), abs=1e-5)


def test_what_cannot_be_asked(clips: dict[str, VideoPlace]) -> None:
    with pytest.raises(InputError, match="no question"):
        answer_questions(ColourEncoder(), [])
    question = Question(clips["red"], "", ("a", "b"))
    with pytest.raises(InputError, match="batch_size is 0"):
        answer_questions(ColourEncoder(), [question], batch_size=0)
    with pytest.raises(InputError, match=r"has no \{\}"):
        answer_questions(ColourEncoder(), [question], templates=["a video"])
