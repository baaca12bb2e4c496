"""The page's modules that draw nothing, asked in the browser: moments, marked words, pieces, files, times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import Page


def call(page: Page, module: str, function: str, *arguments: Any, wrap: str = "value => value") -> Any:
    """Return what a function of a module gives; ``wrap`` makes a plain value of it."""
    script = f"""async given => {{
      const found = await import(new URL("js/{module}.js", document.baseURI));
      return ({wrap})(found.{function}(...given));
    }}"""
    return page.evaluate(script, list(arguments))


def hit(
    start: float, end: float, *, score: float = 0.2, confidence: float | None = None, **more: Any
) -> dict[str, Any]:
    fits = None if confidence is None else confidence >= 0.25
    times = {"start_seconds": start, "end_seconds": end}
    return {"video_id": "a", "score": score, "confidence": confidence, "fits": fits, **times, **more}


MOMENTS = "moments => moments.map(each => [each.startSeconds, each.sureness, each.matches])"


def test_the_moments_that_fit_match_in_the_order_of_time(page: Page) -> None:
    results = [hit(20, 25, confidence=0.9), hit(0, 5, confidence=0.5), hit(5, 10, confidence=0.1)]
    found = call(page, "moments", "momentsOf", results, wrap=MOMENTS)
    assert found == [[0, 0.5, True], [5, 0.1, False], [20, 0.9, True]]


def test_where_nothing_fits_the_nearest_are_marked(page: Page) -> None:
    results = [hit(5.0 * place, 5.0 * place + 5, confidence=0.2 - 0.01 * place) for place in range(6)]
    found = call(page, "moments", "momentsOf", results, wrap=MOMENTS)
    assert [matches for _, _, matches in found] == [True, True, True, False, False, False]
    assert call(page, "moments", "momentsOf", [], wrap=MOMENTS) == []


def test_without_a_confidence_the_scores_of_the_video_tell(page: Page) -> None:
    results = [hit(0, 5, score=0.9), hit(5, 10, score=0.5), hit(10, 15, score=0.8)]
    found = call(page, "moments", "momentsOf", results, wrap=MOMENTS)
    assert [(start, matches) for start, _, matches in found] == [(0, True), (5, False), (10, True)]
    assert [sureness for _, sureness, _ in found] == pytest.approx([1, 0, 0.75])


def test_the_moment_at_a_time_and_its_neighbours(page: Page) -> None:
    moments = [
        {"startSeconds": 0, "endSeconds": 5, "sureness": 0.3},
        {"startSeconds": 5, "endSeconds": 10, "sureness": 0.3},
        {"startSeconds": 6, "endSeconds": 7, "sureness": 0.8},
        {"startSeconds": 30, "endSeconds": 35, "sureness": 0.3},
    ]
    start = "moment => moment && moment.startSeconds"
    assert call(page, "moments", "momentAt", moments, 6.5, wrap=start) == 6  # the surer of two
    assert call(page, "moments", "momentAt", moments, 5, wrap=start) == 5
    assert call(page, "moments", "momentAt", moments, 20, wrap=start) is None
    assert call(page, "moments", "momentAfter", moments, 5, wrap=start) == 6
    assert call(page, "moments", "momentAfter", moments, 30, wrap=start) is None
    assert call(page, "moments", "momentBefore", moments, 33, wrap=start) == 6
    assert call(page, "moments", "momentBefore", moments, 2, wrap=start) is None


def test_a_score_is_shown_unless_words_alone_speak_for_a_moment(page: Page) -> None:
    def is_seen(hit: dict[str, Any]) -> Any:
        return call(page, "why", "isSeen", hit)

    said = {"leg": "said", "confidence": 1}
    assert is_seen({"confidence": 0.9})
    assert not is_seen({"legs": [said], "confidence": 1})
    assert not is_seen({"legs": [{"leg": "seen", "score": -0.1, "confidence": 0.01}, said], "confidence": 1})
    assert is_seen({"legs": [{"leg": "seen", "score": 0.4, "confidence": 0.6}, said], "confidence": 1})
    assert is_seen({"legs": [{"leg": "seen", "score": -0.1, "confidence": 0.01}], "confidence": 0.01})
    assert not is_seen({"legs": [{"leg": "seen", "score": -0.1, "confidence": None}, said], "confidence": 1})
    assert not is_seen({"parts": [{"legs": [], "confidence": 0.9}, {"legs": [said], "confidence": 1}], "legs": []})


def marked(page: Page, text: str, legs: list[dict[str, Any]]) -> Any:
    script = """async ([text, hits]) => {
      const { markedLine, markingsOf } = await import(new URL("js/markings.js", document.baseURI));
      return markedLine(text, markingsOf(hits)).map(node => typeof node === "string" ? node : [node.textContent]);
    }"""
    return page.evaluate(script, [text, [{"legs": legs}]])


def test_words_of_the_query_are_marked_where_they_are_whole(page: Page) -> None:
    legs = [{"leg": "said", "text": "a cat sat", "spans": [[2, 5]], "words": ["cat"]}, {"leg": "seen", "text": None}]
    assert marked(page, "a cat sat", legs) == ["a ", ["cat"], " sat"]
    assert marked(page, "Cat, concatenated.", legs) == [["Cat"], ", concatenated."]
    assert marked(page, "a dog", legs) == ["a dog"]
    # Python counts an emoji as one character, JavaScript as two.
    emoji = [{"leg": "said", "text": "\N{CAT FACE} a cat", "spans": [[4, 7]], "words": ["cat"]}]
    assert marked(page, "\N{CAT FACE} a cat", emoji) == ["\N{CAT FACE} a ", ["cat"]]
    # Nothing of a query is an expression or markup.
    odd = [{"leg": "said", "text": None, "words": ["c++", ".*", "<b>"]}]
    assert marked(page, "c++ and <b> and all", odd) == [["c++"], " and ", ["<b>"], " and all"]
    # In a script without spaces a word is found within others.
    assert marked(page, "黒い猫が来た", [{"leg": "said", "text": None, "words": ["猫"]}]) == ["黒い", ["猫"], "が来た"]


def test_converted_pieces_lie_on_a_grid(page: Page) -> None:
    whole = {"url": "/media/a?converted=1", "span_seconds": None}
    assert call(page, "conversion", "pieceAt", whole, 70, 100) == {
        "url": "/media/a?converted=1",
        "startSeconds": 0,
        "endSeconds": None,
    }
    pieces = {"url": "/media/a?converted=1", "span_seconds": 30}

    def piece(at: float, duration: float) -> tuple[float, float]:
        found = call(page, "conversion", "pieceAt", pieces, at, duration)
        assert found["url"] == f"/media/a?converted=1&start={found['startSeconds']:g}&end={found['endSeconds']:g}"
        return found["startSeconds"], found["endSeconds"]

    assert piece(0, 100) == (0, 30)
    assert piece(30, 100) == (30, 60)
    assert piece(99.5, 100) == (90, 100)
    # A time past the end is in the last.
    assert piece(500, 100) == (90, 100)
    assert piece(60, 60) == (30, 60)


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("a.png", "image/png", "image"),
        ("a.mp4", "video/mp4", "video"),
        ("a.avi", "", "video"),  # a browser that does not know a type says nothing
        ("a.HEIC", "", "image"),
        ("a.svg", "image/svg+xml", None),
        ("a.pdf", "application/pdf", None),
        ("a", "", None),
    ],
)
def test_which_files_can_be_a_query(page: Page, name: str, kind: str, expected: str | None) -> None:
    assert call(page, "uploads", "kindOf", {"name": name, "type": kind, "size": 5}) == expected


def test_a_file_that_is_too_large_is_refused_with_the_limit(page: Page) -> None:
    limits = {"image_bytes": 8_000_000, "video_bytes": 64_000_000}

    def why_not(name: str, kind: str, size: int) -> Any:
        return call(page, "uploads", "whyNot", {"name": name, "type": kind, "size": size}, limits)

    assert why_not("a.png", "image/png", 8_000_000) is None
    assert why_not("a.png", "image/png", 9_500_000) == (
        "a.png has 9.5 MB. A picture may have 8 MB at most: make it smaller."
    )
    assert "64 MB at most" in why_not("a.mp4", "video/mp4", 65_000_000)
    assert why_not("a.png", "image/png", 0) == "a.png is empty."
    assert call(page, "uploads", "whyNot", {"name": "a.png", "type": "image/png", "size": 9_500_000}, {}) is None


def test_times_for_the_ear_and_to_a_tenth(page: Page) -> None:
    assert call(page, "clock", "spokenTime", 3723.4) == "1 hour 2 minutes 3 seconds"
    assert call(page, "clock", "spokenTime", 61) == "1 minute 1 second"
    assert call(page, "clock", "spokenTime", 0.4) == "0 seconds"
    assert call(page, "clock", "clockFine", 72.34) == "1:12.3"


@pytest.mark.parametrize(("score", "text"), [(-0.001, "0.00"), (0.004, "0.00"), (-0.04, "-0.04"), (0.8699, "0.87")])
def test_scores_have_two_digits_and_nothing_has_no_sign(page: Page, score: float, text: str) -> None:
    assert call(page, "format", "score", score) == text


def quality(page: Page, *ranks: int | None, compared: int = 200, agree: Sequence[int] = ()) -> tuple[str, str]:
    examples = [{"rank": rank, "num_compared": compared, "agrees": rank in agree} for rank in ranks]
    found = call(page, "quality", "qualityOf", examples)
    return found["quality"], found["says"]


def test_the_quality_of_a_name_in_words(page: Page) -> None:
    says = "Good: each example is found by the others, among the first 10 of 200 moments."
    assert quality(page, 1, 10) == ("good", says)
    near = "the others find 2 of 3 examples near the top, and the last one at place 40 of 200 moments"
    better = "More examples that show it clearly make it better."
    assert quality(page, 1, 40, 3) == ("fair", f"Fair: {near}. {better}")
    assert quality(page, 90, 40, 3)[0] == "poor"
    # Among the first ten of twenty is nothing.
    assert quality(page, 9, 10, compared=20)[0] == "poor"
    assert quality(page, 4, 1, compared=20)[0] == "good"
    assert quality(page, None)[0] == "unknown"
    # Many moments of the library show the same.
    alike = (
        "Good: the examples go together; many moments look the same, so the last one comes at place 90 of 200 moments."
    )
    assert quality(page, 90, 40, 3, agree=[90, 40]) == ("good", alike)
    near = "the others find 2 of 3 examples near the top or behind moments that look the same"
    assert quality(page, 90, 40, 3, agree=[40]) == (
        "fair",
        f"Fair: {near}, and the last one at place 90 of 200 moments. {better}",
    )
