from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.uses.places import VideoPlace
from framecue.uses.questions import Question, read_questions

GOOD: dict[str, Any] = {"video": "a.mp4", "question": "what?", "answers": ["run", "sit"], "answer": 1}


def write(folder: Path, *records: object) -> Path:
    (folder / "q.jsonl").write_text("\n\n".join(map(json.dumps, records)) + "\n")
    return folder / "q.jsonl"


def test_questions_of_a_file(tmp_path: Path) -> None:
    place = VideoPlace(str(tmp_path / "a.mp4"))
    window = {"start_seconds": 1, "end_seconds": 2.5}
    file = write(tmp_path, GOOD, {**GOOD, "answer": "run"}, {"video": "a.mp4", "answers": [" a ", "b"], **window})
    assert read_questions(str(file)) == (
        Question(place, "what?", ("run", "sit"), 1),
        Question(place, "what?", ("run", "sit"), 0),
        Question(place._replace(start_seconds=1.0, end_seconds=2.5), "", ("a", "b"), None),
    )


def test_the_texts_are_question_and_answer() -> None:
    place = VideoPlace("a.mp4")
    assert Question(place, " what? ", ("run", " sit")).texts == ["what? run", "what? sit"]
    assert Question(place, "", ("run", "sit")).texts == ["run", "sit"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"answers": ["run"]}, "1 answers; give two or more"),
        ({"answers": ["run", "run"]}, "the answer 'run' is there twice"),
        ({"answers": ["Run", "sit", "run"]}, "the answer 'run' is the same as 'Run' to a model; take one out"),
        ({"answers": ["run", " "]}, "answers[1]: is ' '"),
        ({"answers": "run"}, "answers is 'run'; give a list"),
        ({"answer": 2}, "answer is 2; give the place of the right one, 0 to 1"),
        ({"answer": -1}, "answer is -1"),
        ({"answer": True}, "answer is True"),
        ({"answer": "stand"}, "answer is 'stand', which is none of the answers"),
        ({"answer": 1.0}, "answer is 1.0"),
        ({"question": 3}, "question is 3"),
        ({"video": None}, "video: is None"),
        ({"start_seconds": "1"}, "start_seconds is '1'"),
        ({"start_seconds": 3, "end_seconds": 2}, "the window is from 3 s to 2 s"),
        ({"Answer": 1}, "unknown key 'Answer'; known: video, answers, question"),
    ],
)
def test_a_bad_question_is_named_with_its_line(tmp_path: Path, changed: dict[str, Any], says: str) -> None:
    file = write(tmp_path, GOOD, {**GOOD, **changed})
    with pytest.raises(InputError) as caught:
        read_questions(file)
    assert str(caught.value).startswith(f"{file}, line 3: ")
    assert str(caught.value).count(str(file)) == 1
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "has no question"), ("[1]\n", "is [1]"), ("{\n", "is not JSON"), ('{"video": "a"}', "no key")],
)
def test_a_bad_file(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "q.jsonl").write_text(content)
    with pytest.raises(InputError) as caught:
        read_questions(tmp_path / "q.jsonl")
    assert says in str(caught.value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from([*GOOD, "start_seconds", "end_seconds"]), value=ANYTHING)
def test_whatever_a_key_holds_it_is_read_or_refused_by_line(tmp_path: Path, key: str, value: object) -> None:
    file = write(tmp_path, {**GOOD, key: value})
    found, message = (), ""
    try:
        found = read_questions(file)
    except InputError as error:
        message = str(error)
    assert "\n" not in message
    if found:
        assert len(found[0].texts) == len(found[0].answers) >= 2
    else:
        assert message.startswith(f"{file}, line 1: ")
