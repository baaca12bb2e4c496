from __future__ import annotations

from dataclasses import replace

import numpy as np

from framecue.library.results import LegHit, PartHit
from framecue.library.search.confidence import Confidence
from framecue.library.search.found import Found
from framecue.library.search.hits import make_hit
from framecue.library.search.judge import Judge
from framecue.library.search.legs.leg import LegMatch
from framecue.library.store import Match
from framecue.library.store.vectors import Details

MATCH = Match("id", "/a.mp4", 5.0, 10.0, 60.0, 0.5, np.zeros(4, dtype=np.float16), kind="video")
SEEN = Confidence(usual_best=0.3, scale=0.04)
SAID = LegMatch("said", MATCH, 1, 3.0, 0.9, 6.1, 6.9, "happy birthday", ("birthday",), ((6, 14),), is_exact=True)


def test_a_hit_has_what_was_found_and_what_its_row_holds() -> None:
    found = Found(MATCH, legs=(SAID,), own_seconds=(6.1, 6.9))

    hit = make_hit(3, found, Details("a caption", None, {"year": 2024}), judge=Judge(SEEN), hybrid=False)

    assert (hit.rank, hit.path, hit.score, hit.confidence) == (3, "/a.mp4", 0.5, 1.0)
    assert (hit.start_seconds, hit.end_seconds, hit.segment_seconds) == (6.1, 6.9, (5.0, 10.0))
    assert (hit.text, hit.metadata, hit.parts) == ("a caption", {"year": 2024}, ())
    said = LegHit("said", 1, 3.0, 0.9, "happy birthday", ("birthday",), ((6, 14),), 6.1, 6.9, confidence=1.0)
    assert hit.legs == (said,)


def test_each_part_has_its_own_moment_and_the_whole_has_no_segment() -> None:
    parts = (Found(MATCH), Found(MATCH, legs=(SAID,), own_seconds=(20.0, 21.0)))
    whole = Found(MATCH, own_seconds=(5.0, 21.0), parts=parts)

    hit = make_hit(
        1,
        whole,
        Details(None, None, {}),
        judge=Judge(None),
        hybrid=False,
        parts=[("a cake", Judge(SEEN)), ("said:happy birthday", Judge(None))],
    )

    assert (hit.start_seconds, hit.end_seconds, hit.segment_seconds) == (5.0, 21.0, None)
    assert [(part.part, part.start_seconds, part.end_seconds, part.score) for part in hit.parts] == [
        ("a cake", 5.0, 10.0, 0.5),
        ("said:happy birthday", 20.0, 21.0, 0.5),
    ]
    assert [leg.leg for leg in hit.parts[1].legs] == ["said"]
    assert [part.confidence for part in hit.parts] == [SEEN.of(0.5), 1.0]
    assert [leg.confidence for leg in hit.parts[1].legs] == [1.0]
    # The least likely part says how likely all of it is.
    assert hit.confidence == SEEN.of(0.5)
    assert hit.to_dict()["parts"][0] == PartHit("a cake", 5.0, 10.0, 0.5, confidence=SEEN.of(0.5)).to_dict()
    # Words alone speak for one of them, so the mean of their cosines says nothing.
    assert ([part.is_seen for part in hit.parts], hit.is_seen) == ([True, False], False)
    unjudged = make_hit(
        1, whole, Details(None, None, {}), judge=Judge(None), hybrid=False, parts=[("a", Judge(None))] * 2
    )
    assert unjudged.confidence is None


def test_each_leg_says_how_likely_the_moment_is_by_that_alone() -> None:
    seen = LegMatch("seen", MATCH, 2, 0.5, 0.5)
    elsewhere = replace(SAID, leg="written", match=replace(MATCH, start_seconds=30.0, end_seconds=35.0))
    elsewhere = replace(elsewhere, start_seconds=31.0, end_seconds=32.0)
    half = replace(SAID, leg="captions", strength=0.5, is_exact=False)
    found = Found(MATCH, legs=(seen, half, elsewhere))

    hit = make_hit(1, found, Details(None, None, {}), judge=Judge(SEEN), hybrid=False)

    assert [leg.confidence for leg in hit.legs] == [SEEN.of(0.5), 0.25, None]
    assert hit.confidence == max(SEEN.of(0.5), 0.25)
    unjudged = make_hit(1, found, Details(None, None, {}), judge=Judge(None), hybrid=False)
    assert [leg.confidence for leg in unjudged.legs] == [None, 0.25, None]
