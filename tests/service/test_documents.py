"""The types say of the documents what the library's own `to_dict()` gives: no key more, none less, and its kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from framecue.encoder import Fingerprint
from framecue.library.results import (
    BestFrame,
    CaptionedMoment,
    Duplicate,
    Explanation,
    FileInfo,
    HeldFile,
    HeldVideo,
    Hit,
    LegHit,
    LibraryInfo,
    MeaningCount,
    NameScore,
    PartHit,
    PartScore,
    SearchResult,
    Skipped,
    TaughtExample,
    TaughtName,
    WordsCount,
    WordsFailure,
)
from framecue.service import documents
from framecue.video import FrameSampling

HIT = Hit(1, "/v/a.mp4", 61.5, 66.5, 0.5, "f00d", 90.0, recorded_seconds=1.0, confidence=0.5)
LEG = LegHit("said", None, 7.5, 0.9, "a dog", ("dog",), ((2, 5),), 62.0, 63.5)
FULL = replace(
    HIT,
    hybrid=True,
    words=("dog",),
    text="a dog",
    metadata={"rating": 3, "taken": datetime(2024, 5, 1, tzinfo=timezone.utc)},
    explanation=Explanation(
        [PartScore("a dog", 1.0, 0.5)],
        BestFrame(1.5, 0.25, np.zeros((1, 1, 3), np.uint8)),
        names=[NameScore("Rex", 0.5, 0.25)],
    ),
    names=("Rex",),
    legs=(LEG, replace(LEG, rank=1, text=None, start_seconds=None, end_seconds=None)),
    segment_seconds=(60.0, 70.0),
    parts=(PartHit("a dog", 61.5, 62.5, 0.5, (LEG,)),),
)
BARE = replace(HIT, kind="image", recorded_seconds=None, confidence=None, explanation=Explanation([], None, "gone"))
INFO = LibraryInfo(
    "v.lance",
    1,
    2,
    Fingerprint(backbone="clip", sampling=FrameSampling(12), embedding_dim=4),
    [FileInfo("/v/a.mp4", 2.5)],
    [Duplicate("/v/b.mp4", "/v/a.mp4")],
    [Skipped("/v/c.mp4", "damaged")],
    words=[WordsCount("speech", "said", "small", "en", 2, 3, 1)],
    words_failed=[WordsFailure("/v/a.mp4", "speech", "damaged")],
    meaning=MeaningCount("mini", 2, 5),
    names=["Rex"],
)
EXAMPLE = TaughtExample("/v/a.mp4", "f00d", 1.0, 2.0, rank=1, num_compared=200, agrees=True)
REX = TaughtName("Rex", "dog", 2, (EXAMPLE, TaughtExample(None, None, kind="image")), (EXAMPLE,), True, 1.0, ("few",))
MADE: list[tuple[Any, Any]] = [
    (documents.SearchDocument, SearchResult("a dog", [FULL, BARE, HIT])),
    (documents.SearchDocument, SearchResult("a dog", [])),
    (documents.HitDocument, FULL),
    (documents.TaughtNameDocument, REX),
    (documents.TaughtNameDocument, replace(REX, coarse=None, examples=(), unlike=(), fits=False, notices=())),
    (documents.VideoSummaryDocument, HeldVideo("f00d", "/v/a.mp4", "video", 2.5, 3, 1.0)),
    (documents.VideoSummaryDocument, HeldVideo("f00d", "/v/a.png", "image", 0.0, 1)),
    (documents.HeldFileDocument, HeldFile("/v/a.mp4", False)),
    (documents.MomentDocument, CaptionedMoment(1.0, 2.0)),
    (documents.MomentDocument, CaptionedMoment(1.0, 2.0, "a dog")),
    (documents.InfoDocument, INFO),
    (documents.InfoDocument, replace(INFO, meaning=None, size_bytes=5, indexed_seconds=(1.0, 2.0))),
]
KINDS = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None), "array": list}


def problem(schema: dict[str, Any], value: Any, whole: dict[str, Any], place: str = "") -> str | None:
    """What of a value a schema does not say; unlike JSON Schema's own, every key has to be named."""
    if "$ref" in schema:
        return problem(whole["$defs"][schema["$ref"].rpartition("/")[2]], value, whole, place)
    if "anyOf" in schema:
        told = [problem(each, value, whole, place) for each in schema["anyOf"]]
        return None if None in told else " and ".join(map(str, told))
    if "enum" in schema and value not in schema["enum"]:
        return f"{place} is {value!r}"
    if schema.get("type") == "object":
        if not isinstance(value, dict):
            return f"{place} is no object"
        if "properties" not in schema:
            return None
        keys = schema["properties"]
        if odd := value.keys() - keys:
            return f"{place} has {odd}"
        if missing := set(schema.get("required", ())) - value.keys():
            return f"{place} lacks {missing}"
        return next((p for key in value if (p := problem(keys[key], value[key], whole, f"{place}.{key}"))), None)
    kind = KINDS[schema["type"]]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        return f"{place} is {value!r}"
    if isinstance(value, list):
        return next((p for each in value if (p := problem(schema["items"], each, whole, f"{place}[]"))), None)
    return None


@pytest.mark.parametrize(("kind", "result"), MADE, ids=lambda value: getattr(value, "__name__", ""))
def test_a_result_is_what_its_type_says(kind: Any, result: Any) -> None:
    schema = TypeAdapter(kind).json_schema()
    assert problem(schema, result.to_dict(), schema) is None


def test_every_key_that_may_be_there_has_been_seen() -> None:
    assert set(FULL.to_dict()) == set(documents.HitDocument.__annotations__)
    assert set(FULL.explanation.to_dict()) == set(documents.ExplanationDocument.__annotations__)


def test_the_check_finds_what_is_wrong() -> None:
    schema = TypeAdapter(documents.SearchDocument).json_schema()
    right = SearchResult("a dog", [FULL]).to_dict()
    hit = right["results"][0]
    for wrong, says in (
        ({**right, "more": 1}, "has {'more'}"),
        ({**right, "results": [{**hit, "rank": "1"}]}, ".results[].rank is '1'"),
        ({**right, "results": [{key: hit[key] for key in hit if key != "score"}]}, "lacks {'score'}"),
        ({**right, "results": [{**hit, "legs": [{**hit["legs"][0], "spans": [["2"]]}]}]}, ".spans[][] is '2'"),
        ({**right, "fits": 1}, ".fits is 1"),
    ):
        assert says in str(problem(schema, wrong, schema))


def test_each_document_says_what_it_is() -> None:
    for name in documents.__all__:
        assert TypeAdapter(getattr(documents, name)).json_schema()["description"], name
