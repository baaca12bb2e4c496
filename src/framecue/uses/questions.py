"""Questions about videos with candidate answers, from a file or from arguments."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framecue.checks import is_number, is_whole
from framecue.errors import InputError
from framecue.paths import user_path
from framecue.uses.labels import as_read
from framecue.uses.places import VideoPlace
from framecue.uses.text_files import checked_text, read_text_file
from framecue.uses.truth import place_below
from framecue.validation import shown

__all__ = ["MAX_ANSWERS", "Question", "read_questions"]

MAX_ANSWERS = 1_000
_REQUIRED = ("video", "answers")
_KEYS = (*_REQUIRED, "question", "answer", "start_seconds", "end_seconds")


@dataclass(frozen=True)
class Question:
    """A question about a video with candidate answers.

    Attributes:
        place: the video.
        question: its text; empty where the answers say it all.
        answers: the candidates, two or more, which differ.
        right: the place of the right one; None if that is not known.

    Raises:
        InputError: an answer is blank or there twice (in other case or spaces, too), there are fewer than two or more
            than MAX_ANSWERS, or the right one is not among them.
    """

    place: VideoPlace
    question: str
    answers: tuple[str, ...]
    right: int | None = None

    def __post_init__(self) -> None:
        answers = tuple(checked_text(one, f"answer {number}") for number, one in enumerate(self.answers))
        if not 2 <= len(answers) <= MAX_ANSWERS:
            raise InputError(f"{len(answers)} answers; give two or more to choose from, at most {MAX_ANSWERS}")
        first: dict[str, str] = {}
        for answer in answers:
            other = first.setdefault(as_read(answer), answer)
            if other is not answer:
                same = "is there twice" if other == answer else f"is the same as {shown(other)} to a model"
                raise InputError(f"the answer {shown(answer)} {same}; take one out")
        if self.right is not None and not 0 <= self.right < len(answers):
            raise InputError(f"answer is {self.right}; give the place of the right one, 0 to {len(answers) - 1}")
        object.__setattr__(self, "answers", answers)
        object.__setattr__(self, "question", self.question.strip() and checked_text(self.question, "question"))

    @property
    def texts(self) -> list[str]:
        """The texts with which the video is compared: the question and an answer, with a space between them."""
        return [f"{self.question} {answer}".strip() for answer in self.answers]


def read_questions(file: str | Path) -> tuple[Question, ...]:
    """Return the questions of a JSON Lines file, one a line.

    A line is an object: ``video``, relative to the file's folder; ``answers``, a list of texts; and if wanted
    ``question``, ``answer`` (the right one: its place from 0, or its text), ``start_seconds`` and ``end_seconds``.

    Raises:
        InputError: the file cannot be read, holds no question, or a line is wrong; the message names file and line.
    """
    path = Path(user_path(file))
    found = []
    for number, line in enumerate(io.StringIO(read_text_file(path), newline=None), start=1):
        if line.strip():
            where = f"{path}, line {number}"
            try:
                found.append(_question(path, line, where))
            except InputError as error:
                message = str(error)
                raise InputError(message if message.startswith(where) else f"{where}: {message}") from error
    if not found:
        raise InputError(f"{path}: has no question; give one a line: {_example()}")
    return tuple(found)


def _question(file: Path, line: str, where: str) -> Question:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not JSON ({str(error).splitlines()[0]}); give an object a line: {_example()}") from error
    if not isinstance(record, dict):
        raise InputError(f"is {shown(record)}; give an object: {_example()}")
    unknown = sorted(record.keys() - set(_KEYS))
    lacking = [key for key in _REQUIRED if key not in record]
    if unknown or lacking:
        what = f"unknown key {unknown[0]!r}" if unknown else f"no key {lacking[0]!r}"
        raise InputError(f"{what}; known: {', '.join(_KEYS)}")
    question, answers = record.get("question") or "", record["answers"]
    if not isinstance(question, str):
        raise InputError(f"question is {shown(question)}; give a text")
    if not isinstance(answers, list):
        raise InputError(f"answers is {shown(answers)}; give a list of texts")
    texts = tuple(checked_text(one, f"answers[{place}]") for place, one in enumerate(answers))
    start_seconds, end_seconds = (_seconds(record, name) for name in ("start_seconds", "end_seconds"))
    place = place_below(file, checked_text(record["video"], "video"), start_seconds, end_seconds, where)
    return Question(place, question, texts, _right(record.get("answer"), texts))


def _right(answer: object, answers: tuple[str, ...]) -> int | None:
    """Return the place of the right answer, which is given by its place or by its text."""
    if isinstance(answer, str):
        if answer.strip() not in answers:
            raise InputError(f"answer is {shown(answer)}, which is none of the answers")
        return answers.index(answer.strip())
    if answer is None or is_whole(answer):
        return answer
    raise InputError(f"answer is {shown(answer)}; give the place of the right one, from 0, or its text")


def _seconds(record: dict[str, Any], name: str) -> float | None:
    value = record.get(name)
    if value is None:
        return None
    if not is_number(value):
        raise InputError(f"{name} is {shown(value)}; give a number of seconds")
    return float(value)


def _example() -> str:
    return '{"video": "a.mp4", "question": "what does the dog do?", "answers": ["run", "sleep"], "answer": 0}'
