from __future__ import annotations

import os
from pathlib import Path

import pytest

from framecue.cluster import connect
from framecue.cluster.words import NodeWords, RayWords, WordsStaff, plan_words_staff
from framecue.cores import THREADS_VARIABLE, num_cores
from framecue.errors import InputError
from framecue.library.indexing.words_runner import ReadLimits, WordsWork
from framecue.words.request import WordsRequest
from framecue.words.source import WordsUnit
from framecue.words.sources import WORD_SOURCES
from support.scripted_words import Spoken


@pytest.fixture
def speech(monkeypatch: pytest.MonkeyPatch) -> Spoken:
    made = Spoken("speech")
    monkeypatch.setitem(WORD_SOURCES.built_in, "speech", made)  # type: ignore[arg-type]
    monkeypatch.setattr(os, "environ", dict(os.environ))
    return made


def node(**environment: str) -> NodeWords:
    requests = {"speech": WordsRequest(source="speech", model="small")}
    return NodeWords(requests, ReadLimits(stall_seconds=5), num_threads=1, environment=environment)


def work(path: Path) -> WordsWork:
    return WordsWork("v", WordsUnit(str(path), ((0.0, 1.0),)), ("speech",))


def test_a_node_says_what_it_would_find_words_by(speech: Spoken) -> None:
    made = node()
    _, keys = made.prepare()
    ours = speech(WordsRequest(source="speech", model="small")).fingerprint.key
    assert keys == {"speech": ours}
    made.prepare()
    assert speech.num_made == 2  # once there, once here
    made.close()


def test_a_node_finds_the_words_and_keeps_to_its_cores(speech: Spoken, tmp_path: Path) -> None:
    (tmp_path / "red.mp4").write_bytes(b"a video")
    made = node()
    made.prepare()
    assert (os.environ[THREADS_VARIABLE], num_cores()) == ("1", 1)
    found = made.look(work(tmp_path / "red.mp4"), "speech")
    assert found.lines[0].text == "red speaks"
    made.close()


def test_a_node_that_does_not_see_a_file_says_so(speech: Spoken, tmp_path: Path) -> None:
    made = node()
    made.prepare()
    found = made.look(work(tmp_path / "none.mp4"), "speech")
    assert found.failure is not None
    assert "does not see it: files on disks" in found.failure.reason
    assert (found.failure.cause, speech.heard) == (None, [])
    made.close()


def test_a_nodes_own_credentials_come_before_the_drivers(speech: Spoken) -> None:
    os.environ["AWS_REGION"] = "here"
    os.environ.pop("AWS_ENDPOINT_URL", None)
    node(AWS_REGION="there", AWS_ENDPOINT_URL="http://127.0.0.1:1").close()
    assert (os.environ["AWS_REGION"], os.environ["AWS_ENDPOINT_URL"]) == ("here", "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("cpus", "num_workers", "staff"),
    [
        ([1, 1, 1], None, WordsStaff(3, 1)),
        ([64], None, WordsStaff(16, 4)),
        ([64, 8, 2], None, WordsStaff(37, 2)),
        ([64, 8], 100, WordsStaff(100, 1)),
        ([8, 8], 2, WordsStaff(2, 4)),
        ([0, 4], None, WordsStaff(1, 4)),
    ],
)
def test_actors_have_four_cores_where_there_are_so_many(
    cpus: list[float], num_workers: int | None, staff: WordsStaff
) -> None:
    assert plan_words_staff([{"CPU": number} for number in cpus], num_workers=num_workers) == staff


def test_a_cluster_without_processors_is_refused() -> None:
    with pytest.raises(InputError, match="no processor to find words with"):
        plan_words_staff([{"CPU": 0}, {"GPU": 1}], num_workers=None)


def test_what_cannot_be_is_refused_before_anybody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "find_spec", lambda name: name)
    with pytest.raises(InputError, match="num_workers is 0"):
        RayWords("auto", num_workers=0)
    with pytest.raises(InputError, match="'nowhere'; give auto"):
        RayWords("nowhere")
    monkeypatch.setattr(connect, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"framecue\[ray\]"):
        RayWords("auto")
