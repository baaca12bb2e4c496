from __future__ import annotations

import numpy as np

from framecue.library.results import LegHit, PartHit
from framecue.library.search.found import Found
from framecue.library.search.hits import make_hit
from framecue.library.search.legs.leg import LegMatch
from framecue.library.store import Match
from framecue.library.store.vectors import Details

MATCH = Match("id", "/a.mp4", 5.0, 10.0, 60.0, 0.5, np.zeros(4, dtype=np.float16), kind="video")
SAID = LegMatch("said", MATCH, 1, 3.0, 0.9, 6.1, 6.9, "happy birthday", ("birthday",), ((6, 14),), is_exact=True)


def test_a_hit_has_what_was_found_and_what_its_row_holds() -> None:
    found = Found(MATCH, legs=(SAID,), own_seconds=(6.1, 6.9))

    hit = make_hit(3, found, Details("a caption", None, {"year": 2024}), confidence=0.8, hybrid=False)

    assert (hit.rank, hit.path, hit.score, hit.confidence) == (3, "/a.mp4", 0.5, 0.8)
    assert (hit.start_seconds, hit.end_seconds, hit.segment_seconds) == (6.1, 6.9, (5.0, 10.0))
    assert (hit.text, hit.metadata, hit.parts) == ("a caption", {"year": 2024}, ())
    assert hit.legs == (LegHit("said", 1, 3.0, 0.9, "happy birthday", ("birthday",), ((6, 14),), 6.1, 6.9),)


def test_each_part_has_its_own_moment_and_the_whole_has_no_segment() -> None:
    parts = (Found(MATCH), Found(MATCH, legs=(SAID,), own_seconds=(20.0, 21.0)))
    whole = Found(MATCH, own_seconds=(5.0, 21.0), parts=parts)

    hit = make_hit(
        1,
        whole,
        Details(None, None, {}),
        confidence=None,
        hybrid=False,
        parts=[("a cake", 0.4), ("said:happy birthday", None)],
    )

    assert (hit.start_seconds, hit.end_seconds, hit.segment_seconds) == (5.0, 21.0, None)
    assert [(part.part, part.start_seconds, part.end_seconds, part.score) for part in hit.parts] == [
        ("a cake", 5.0, 10.0, 0.5),
        ("said:happy birthday", 20.0, 21.0, 0.5),
    ]
    assert [leg.leg for leg in hit.parts[1].legs] == ["said"]
    assert [part.confidence for part in hit.parts] == [0.4, None]
    assert hit.to_dict()["parts"][0] == PartHit("a cake", 5.0, 10.0, 0.5, confidence=0.4).to_dict()
