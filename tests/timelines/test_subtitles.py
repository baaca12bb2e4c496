"""Subtitles of hits are read back by pysubs2."""

from __future__ import annotations

import pysubs2
import pytest

from framecue.timelines.pick import Remark
from framecue.timelines.subtitles import write_srt, write_vtt
from support.picks import assembly_of, pick

WRITERS = {"srt": write_srt, "vtt": write_vtt}


def cues(format_name: str, *picks: object) -> list[tuple[float, float, str]]:
    text = WRITERS[format_name](assembly_of(picks, {})).decode()
    found = pysubs2.SSAFile.from_string(text, format_=format_name)
    return [(event.start / 1000, event.end / 1000, event.plaintext) for event in found]


@pytest.mark.parametrize("format_name", WRITERS)
def test_a_result_is_a_cue_and_they_come_in_the_order_of_time(format_name: str) -> None:
    late = pick(start_seconds=3700.5, end_seconds=3702.25)
    early = pick(rank=2, words=(Remark("said", 'it\'s 猫, --> "q"', 1.0, 2.0),))
    # What would end a cue's times is written otherwise in each; pysubs2 leaves WebVTT's signs as they are.
    arrow = "→" if format_name == "srt" else "--&gt;"
    assert cues(format_name, late, early) == [
        (1.0, 3.5, f'a dog\nresult 2, fit 80%, score 0.312\nsaid: it\'s 猫, {arrow} "q"'),
        (3700.5, 3702.25, "a dog\nresult 1, fit 80%, score 0.312"),
    ]


@pytest.mark.parametrize("format_name", WRITERS)
def test_each_part_has_a_cue_of_its_own(format_name: str) -> None:
    parts = (Remark("part", "a panda", 1.0, 2.0), Remark("part", "an octopus", 2.5, 3.5))
    facts = "result 1, fit 80%, score 0.312"
    assert cues(format_name, pick(parts=parts)) == [
        (1.0, 2.0, f"a panda\n{facts}"),
        (2.5, 3.5, f"an octopus\n{facts}"),
    ]


def test_without_a_query_the_name_stands_there() -> None:
    assert cues("srt", pick(query="", score=None, confidence=None)) == [(1.0, 3.5, "dog.mp4\nresult 1")]
