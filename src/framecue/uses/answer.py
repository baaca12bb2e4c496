"""Answering multiple-choice questions about videos, by the nearness of the video to each answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from framecue.checks import is_whole
from framecue.encoder import Encoder
from framecue.errors import InputError, VideoError
from framecue.library.results import Skipped
from framecue.log import log_skipped
from framecue.model import VideoTextModel
from framecue.progress import FilesDone, ProgressCallback
from framecue.uses.accuracy import Share
from framecue.uses.classification import NOT_FINITE, Prediction, predictions
from framecue.uses.compare import Comparer, comparer_of, encode_places, temperature_of
from framecue.uses.labels import PLACEHOLDER, check_templates, phrasings
from framecue.uses.places import VideoPlace
from framecue.uses.questions import Question
from framecue.uses.reading import BATCH_VIDEOS
from framecue.video import VideoSource

__all__ = ["Answered", "Answers", "answer_questions"]


@dataclass(frozen=True)
class Answered:
    """A question with its answers.

    Attributes:
        question: the question.
        answers: all its answers, best first.
        is_right: whether the best one is right; None if that is not known. One that scores the same as another is not.
    """

    question: Question
    answers: tuple[Prediction, ...]
    is_right: bool | None

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        asked = self.question
        return {
            "path": asked.place.path,
            "start_seconds": asked.place.start_seconds,
            "end_seconds": asked.place.end_seconds,
            "question": asked.question,
            "answers": [
                {"answer": one.label, "probability": one.probability, "score": one.score} for one in self.answers
            ],
            "right_answer": None if asked.right is None else asked.answers[asked.right],
            "right": self.is_right,
        }


@dataclass(frozen=True)
class Answers:
    """What became of some questions.

    Attributes:
        temperature: what the cosines were divided by before the softmax.
        questions: those about videos that could be read, in the order in which they were given.
        skipped: the other videos, with reasons.
        num_known: how many questions count, as their right answer is known.
        num_unreadable: how many of them are about videos that could not be read, and count as wrong.
        accuracy: how often the best answer was the right one; None if no right answer is known.
        chance: how often it would be if answers were drawn, in per cent.
    """

    temperature: float
    questions: tuple[Answered, ...]
    skipped: tuple[Skipped, ...]
    num_known: int = 0
    num_unreadable: int = 0
    accuracy: Share | None = None
    chance: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "temperature": self.temperature,
            "questions": [one.to_dict() for one in self.questions],
            "skipped": [one.to_dict() for one in self.skipped],
            "known": self.num_known,
            "unreadable": self.num_unreadable,
            "accuracy": None if self.accuracy is None else self.accuracy.to_dict(),
            "chance": self.chance,
        }


def answer_questions(
    model: VideoTextModel | Encoder,
    questions: Sequence[Question],
    *,
    templates: Sequence[str] = (PLACEHOLDER,),
    source: VideoSource | None = None,
    batch_size: int = BATCH_VIDEOS,
    progress: ProgressCallback | None = None,
) -> Answers:
    """Choose the answer that a video is nearest to, without any training on questions.

    The text of an answer is the question, a space, and the answer. A video with several questions is read once.

    Args:
        model: encodes videos and texts, or compares them.
        questions: one or more.
        templates: with ``{}`` for the question and its answer.
        source: reads the files; None decodes them in other processes, as they may be anybody's.
        batch_size: how many videos go through the model at once.
        progress: called with (files done, files in all).

    Raises:
        InputError: there is no question, a template has no ``{}``, or `batch_size` is below 1.
        NotOfflineError: it is a fusion that is none of framecue's own.
    """
    if not questions:
        raise InputError("no question; give at least one")
    if not is_whole(batch_size) or batch_size < 1:
        raise InputError(f"batch_size is {batch_size!r}; it must be a whole number, 1 or more")
    phrased = check_templates(templates)
    about: dict[VideoPlace, list[int]] = {}
    for number, question in enumerate(questions):
        about.setdefault(question.place, []).append(number)
    comparer: Comparer[Any, Any] = comparer_of(model)
    temperature = temperature_of(model)
    encoded = encode_places(model, comparer, list(about), source=source, batch_size=batch_size)
    found: dict[int, Answered] = {}
    skipped: list[Skipped] = []
    for done, (place, video) in enumerate(encoded, start=1):
        problem = video if isinstance(video, VideoError) else None
        for number in () if problem else about[place]:
            cosines = _cosines(comparer, video, questions[number], phrased)
            if not np.isfinite(cosines).all():
                problem = VideoError(place.path, NOT_FINITE)
                break
            found[number] = _answered(questions[number], cosines, temperature)
        if problem is not None:
            log_skipped(problem.path, problem.reason)
            skipped.append(Skipped(place.name, problem.reason))
        if progress is not None:
            progress(FilesDone(done, place.path), len(about))
    known = [number for number, question in enumerate(questions) if question.right is not None]
    right = sum(bool(found[number].is_right) for number in known if number in found)
    return Answers(
        temperature,
        tuple(found[number] for number in sorted(found)),
        tuple(skipped),
        len(known),
        sum(number not in found for number in known),
        Share.of(right, len(known)) if known else None,
        100 * sum(1 / len(questions[number].answers) for number in known) / len(known) if known else None,
    )


def _cosines(comparer: Comparer[Any, Any], video: Any, question: Question, templates: Sequence[str]) -> np.ndarray:
    candidates = comparer.candidates([phrasings(text, templates) for text in question.texts])
    (row,) = comparer.cosines(candidates, video)
    cosines: np.ndarray = row
    return cosines


def _answered(question: Question, cosines: np.ndarray, temperature: float) -> Answered:
    right = question.right
    is_right = None if right is None else int((cosines >= cosines[right]).sum()) == 1
    return Answered(question, predictions(question.answers, cosines, temperature), is_right)
