"""What a library answers, as documents: each written out in full once."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from framecue.encoder import Fingerprint
from framecue.errors import InputError, VideoError
from framecue.library import results
from framecue.library.results import (
    AddReport,
    BestFrame,
    CaptionedMoment,
    Duplicate,
    Explanation,
    FileInfo,
    Finding,
    HeldFile,
    HeldVideo,
    Hit,
    Kept,
    LegHit,
    LibraryInfo,
    MeaningCount,
    MetadataReport,
    NameScore,
    PartHit,
    PartScore,
    PassedOver,
    Remark,
    RemoveReport,
    SearchResult,
    Skipped,
    TaughtExample,
    TaughtName,
    Upkeep,
    WordsCount,
    WordsFailure,
)
from framecue.video import FrameSampling, PlainFrameSource, write_video

FINGERPRINT = Fingerprint(backbone="clip", sampling=FrameSampling(12), embedding_dim=4)
SKIPPED, DUPLICATE = Skipped("/v/a.mp4", "no such file"), Duplicate("/v/b.mp4", "/v/c.mp4")
REMARK = Remark("/v/d.mp4", "times")
MEANING = MeaningCount("mini", 2, 5)
WORDS = WordsCount("speech", "said", "small", "en", 2, 3, 1)
WORDS_FAILURE = WordsFailure("/v/a.mp4", "speech", "damaged")
TAUGHT_FROM = TaughtExample("/v/a.mp4", "hash", 61.5, 66.5, rank=2, num_compared=9, agrees=True, is_held=False)
TAUGHT_FROM_DOCUMENT = {
    "path": "/v/a.mp4",
    "video_id": "hash",
    "start_seconds": 61.5,
    "end_seconds": 66.5,
    "kind": "video",
    "rank": 2,
    "num_compared": 9,
    "agrees": True,
    "is_held": False,
    "hit": "/v/a.mp4@1:01.5-1:06.5",
}
FRAME = BestFrame(1.5, 0.25, np.zeros((2, 3, 3), np.uint8))
HIT = Hit(1, "/v/a.mp4", 61.5, 66.5, 0.5, "hash", 90.0)
HIT_DOCUMENT = {
    "rank": 1,
    "path": "/v/a.mp4",
    "video_id": "hash",
    "kind": "video",
    "start_seconds": 61.5,
    "end_seconds": 66.5,
    "score": 0.5,
    "confidence": None,
    "fits": None,
    "hit": "/v/a.mp4@1:01.5-1:06.5",
    "recorded": None,
}
LEG = LegHit("said", 1, 7.5, 0.9, "a dog barks", ("dog",), ((2, 5),), 62.0, 63.5)
LEG_DOCUMENT = {
    "leg": "said",
    "rank": 1,
    "score": 7.5,
    "strength": 0.9,
    "text": "a dog barks",
    "words": ["dog"],
    "spans": [[2, 5]],
    "start_seconds": 62.0,
    "end_seconds": 63.5,
    "confidence": None,
}
PART = PartHit("a dog", 61.5, 66.5, 0.5, (LEG,))
PART_DOCUMENT = {
    **{"part": "a dog", "start_seconds": 61.5, "end_seconds": 66.5, "score": 0.5, "legs": [LEG_DOCUMENT]},
    "confidence": None,
}
FOUND = replace(HIT, hybrid=True, words=("a", "dog"), vector_rank=2, text_rank=1, text_score=3.5)
FOUND_DOCUMENT = {**HIT_DOCUMENT, "words": ["a", "dog"], "vector_rank": 2, "text_rank": 1, "text_score": 3.5}

DOCUMENTS: list[tuple[Any, dict[str, Any]]] = [
    (SKIPPED, {"path": "/v/a.mp4", "reason": "no such file"}),
    (Finding("note", "old", "do so"), {"level": "note", "what": "old", "way_out": "do so"}),
    (REMARK, {"path": "/v/d.mp4", "reason": "times"}),
    (DUPLICATE, {"path": "/v/b.mp4", "original": "/v/c.mp4"}),
    (MEANING, {"model": "mini", "files": 2, "passages": 5}),
    (WORDS_FAILURE, {"path": "/v/a.mp4", "source": "speech", "reason": "damaged"}),
    (
        WORDS,
        {
            "source": "speech",
            "kind": "said",
            "model": "small",
            "language": "en",
            "files": 2,
            "lines": 3,
            "failed": 1,
        },
    ),
    (
        HeldVideo("hash", "/v/a.mp4", "video", 2.5, 3),
        {
            "id": "hash",
            "name": "a.mp4",
            "path": "/v/a.mp4",
            "kind": "video",
            "duration_seconds": 2.5,
            "recorded": None,
            "num_segments": 3,
        },
    ),
    (HeldFile("/v/a.mp4", True), {"path": "/v/a.mp4", "name": "a.mp4", "is_there": True}),
    (CaptionedMoment(1.5, 2.5, "a dog"), {"start_seconds": 1.5, "end_seconds": 2.5, "caption": "a dog"}),
    (FileInfo("/v/a.mp4", 2.5), {"path": "/v/a.mp4", "duration_seconds": 2.5, "kind": "video"}),
    (PassedOver(1, 2, 3, 4), {"images": 1, "sounds": 2, "others": 3, "clips": 4}),
    (Kept("/v/a.mp4", "/v/b.mp4"), {"path": "/v/a.mp4", "under": "/v/b.mp4"}),
    (
        AddReport(
            "v.lance",
            1,
            2,
            [SKIPPED],
            3,
            4,
            5,
            6,
            7,
            8,
            9,
            [DUPLICATE],
            [SKIPPED],
            PassedOver(1),
            10,
            reread=[REMARK],
            warnings=[REMARK],
            metadata_updated=11,
            gpu_decoded=12,
            gpu_fallbacks=[REMARK],
            words=[WORDS],
            words_failed=[WORDS_FAILURE],
            words_taken_out=["screen"],
            words_left_out={"speech": "not installed"},
            meaning=MEANING,
            meaning_taken_out=False,
            meaning_left_out="it is gone",
            names_taught=["Rex"],
            names_left={"Bella": "gone"},
        ),
        {
            "library": "v.lance",
            "added": 1,
            "changed": 6,
            "moved": 7,
            "unchanged": 2,
            "encoded": 3,
            "encoded_by": None,
            "duplicates": [DUPLICATE.to_dict()],
            "removed": 8,
            "removed_paths": [],
            "subtitles_updated": 9,
            "metadata_updated": 11,
            "reread": [REMARK.to_dict()],
            "warnings": [REMARK.to_dict()],
            "gpu_decoded": 12,
            "gpu_fallbacks": [REMARK.to_dict()],
            "skipped": [SKIPPED.to_dict()],
            "still_unreadable": [SKIPPED.to_dict()],
            "passed_over": {"images": 1, "sounds": 0, "others": 0, "clips": 0},
            "words": [WORDS.to_dict()],
            "words_failed": [WORDS_FAILURE.to_dict()],
            "words_taken_out": ["screen"],
            "words_left_out": {"speech": "not installed"},
            "meaning": {"model": "mini", "files": 2, "passages": 5},
            "meaning_taken_out": False,
            "meaning_left_out": "it is gone",
            "names_taught": ["Rex"],
            "names_left": {"Bella": "gone"},
            "videos": 4,
            "images": 10,
            "segments": 5,
        },
    ),
    (
        RemoveReport("v.lance", 1, [SKIPPED], 2, 3, [Kept("/v/a.mp4", "/v/b.mp4")], 4),
        {
            "library": "v.lance",
            "removed": 1,
            "skipped": [SKIPPED.to_dict()],
            "kept": [{"path": "/v/a.mp4", "under": "/v/b.mp4"}],
            "videos": 2,
            "images": 4,
            "segments": 3,
        },
    ),
    (
        MetadataReport("v.lance", 1, [SKIPPED]),
        {"library": "v.lance", "updated": 1, "skipped": [SKIPPED.to_dict()]},
    ),
    (PartScore("a dog", -1.0, 0.5), {"part": "a dog", "weight": -1.0, "score": 0.5}),
    (FRAME, {"at_seconds": 1.5, "score": 0.25}),
    (
        Explanation([PartScore("a dog", 1.0, 0.5)], FRAME),
        {
            "parts": [{"part": "a dog", "weight": 1.0, "score": 0.5}],
            "frame": {"at_seconds": 1.5, "score": 0.25},
            "problem": None,
        },
    ),
    (Explanation([], None, "no such file"), {"parts": [], "frame": None, "problem": "no such file"}),
    (NameScore("Rex", 0.7, 0.5), {"name": "Rex", "share": 0.7, "score": 0.5}),
    (
        Explanation([], None, "no such file", names=[NameScore("Rex", 0.7, 0.5)]),
        {
            "parts": [],
            "frame": None,
            "problem": "no such file",
            "names": [{"name": "Rex", "share": 0.7, "score": 0.5}],
        },
    ),
    (replace(HIT, names=("Rex",)), {**HIT_DOCUMENT, "names": ["Rex"]}),
    (HIT, HIT_DOCUMENT),
    (FOUND, FOUND_DOCUMENT),
    (LEG, LEG_DOCUMENT),
    (PART, PART_DOCUMENT),
    (replace(HIT, parts=(PART,)), {**HIT_DOCUMENT, "parts": [PART_DOCUMENT]}),
    (
        replace(HIT, legs=(LEG,), segment_seconds=(60.0, 70.0)),
        {**HIT_DOCUMENT, "segment_seconds": [60.0, 70.0], "legs": [LEG_DOCUMENT]},
    ),
    (
        replace(HIT, hybrid=True),
        {**HIT_DOCUMENT, "words": [], "vector_rank": None, "text_rank": None, "text_score": None},
    ),
    (
        replace(FOUND, explanation=Explanation([], FRAME)),
        {**FOUND_DOCUMENT, "explanation": {"parts": [], "frame": FRAME.to_dict(), "problem": None}},
    ),
    (
        replace(HIT, text="a dog\nWoof.", metadata={"rating": 3, "taken": datetime(2024, 5, 1, tzinfo=timezone.utc)}),
        {
            **HIT_DOCUMENT,
            "text": "a dog\nWoof.",
            "metadata": {"rating": 3, "taken": "2024-05-01T00:00:00+00:00"},
        },
    ),
    (replace(HIT, confidence=0.75), {**HIT_DOCUMENT, "confidence": 0.75, "fits": True}),
    (replace(HIT, confidence=0.05), {**HIT_DOCUMENT, "confidence": 0.05, "fits": False}),
    (
        SearchResult("a dog", [HIT, FOUND]),
        {"query": "a dog", "fits": None, "results": [HIT_DOCUMENT, FOUND_DOCUMENT]},
    ),
    (
        LibraryInfo(
            "v.lance",
            1,
            2,
            FINGERPRINT,
            [FileInfo("/v/a.mp4", 2.5)],
            [DUPLICATE],
            [SKIPPED],
            3,
            indexed_seconds=(5.0, 9.0),
            words=[WORDS],
            words_failed=[WORDS_FAILURE],
            meaning=MEANING,
            is_meaning_unfinished=True,
            num_without_meaning=4,
            names=["Rex"],
        ),
        {
            "library": "v.lance",
            "videos": 1,
            "images": 3,
            "segments": 2,
            "duration_seconds": 2.5,
            "size_bytes": None,
            "first_indexed_seconds": 5.0,
            "last_indexed_seconds": 9.0,
            "num_indexed_segments": None,
            "has_text_index": False,
            "text_kinds": [],
            "fingerprint": FINGERPRINT.to_dict(),
            "encoded_by": [],
            "words": [WORDS.to_dict()],
            "words_failed": [WORDS_FAILURE.to_dict()],
            "meaning": {"model": "mini", "files": 2, "passages": 5},
            "is_meaning_unfinished": True,
            "files_without_meaning": 4,
            "names": ["Rex"],
            "files": [{"path": "/v/a.mp4", "duration_seconds": 2.5, "kind": "video"}],
            "duplicates": [DUPLICATE.to_dict()],
            "unreadable": [SKIPPED.to_dict()],
        },
    ),
    (
        Upkeep("v.lance", 1, (3, 2), 4, "made", 5),
        {
            "library": "v.lance",
            "num_rows": 1,
            "num_files": [3, 2],
            "num_versions_dropped": 4,
            "index": "made",
            "num_indexed_rows": 5,
        },
    ),
    (TAUGHT_FROM, TAUGHT_FROM_DOCUMENT),
    (
        TaughtExample(None, None, kind="image"),
        {**TAUGHT_FROM_DOCUMENT, "path": None, "video_id": None, "start_seconds": 0.0, "end_seconds": 0.0}
        | {"kind": "image", "rank": None, "num_compared": 0, "agrees": None, "is_held": True, "hit": None},
    ),
    (
        TaughtName("Rex", "dog", 2, (TAUGHT_FROM,), (), False, 1_700_000_000.5, ("One is better than none.",)),
        {
            "name": "Rex",
            "coarse": "dog",
            "num_tokens": 2,
            "examples": [TAUGHT_FROM_DOCUMENT],
            "unlike": [],
            "fits": False,
            "taught": datetime.fromtimestamp(1_700_000_000).astimezone().isoformat(),
            "notices": ["One is better than none."],
        },
    ),
]


@pytest.mark.parametrize(("result", "document"), DOCUMENTS, ids=lambda value: type(value).__name__)
def test_the_document(result: Any, document: dict[str, Any]) -> None:
    made = result.to_dict()
    assert list(made) == list(document)  # people read them too, so their order counts
    # Plain values alone: JSON gives back what went in.
    assert json.loads(json.dumps(made, allow_nan=False)) == made == document


def test_every_result_has_one() -> None:
    assert {type(result).__name__ for result, _ in DOCUMENTS} == set(results.__all__)


def test_importing_them_costs_little() -> None:
    program = "import sys; import framecue.library.results; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert not {"torch", "lancedb", "av", "numpy", "pyarrow"} & set(done.stdout.split())


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    """Eight seconds, four frames each, that get brighter by 30 a second."""
    levels = [30 * second for second in range(8) for _ in range(4)]
    frames = [np.full((48, 64, 3), level, dtype=np.uint8) for level in levels]
    write_video(tmp_path / "steps.mp4", frames, frames_per_second=4)
    return tmp_path / "steps.mp4"


def second_shown(frame: np.ndarray) -> int:
    return round(float(frame.mean()) / 30)


def test_a_frame_of_a_hit_is_that_of_the_middle_or_the_best_or_any(steps: Path) -> None:
    source = PlainFrameSource()
    hit = replace(HIT, path=str(steps), start_seconds=2.0, end_seconds=5.0, duration_seconds=8.0)
    frame = hit.frame(source=source)
    assert (frame.shape, frame.dtype) == ((48, 64, 3), np.uint8)
    assert second_shown(frame) == 3
    best = Explanation([], BestFrame(6.25, 0.5, np.zeros((1, 1, 3), dtype=np.uint8)))
    assert second_shown(replace(hit, explanation=best).frame(source=source)) == 6
    assert second_shown(replace(hit, explanation=Explanation([], None)).frame(source=source)) == 3
    assert [second_shown(hit.frame(second, source=source)) for second in (0, 1, 2.75, 7.75)] == [0, 1, 2, 7]
    assert hit.frame(short_side=24, source=source).shape == (24, 32, 3)
    for wrong in (-1.0, float("nan")):
        with pytest.raises(InputError):
            hit.frame(wrong, source=source)
    with pytest.raises(VideoError, match="the window starts at 9"):
        hit.frame(9.0, source=source)
    with pytest.raises(VideoError, match="no such file"):
        replace(hit, path="/gone.mp4").frame(source=source)


def test_a_frame_of_a_picture_is_the_picture(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    hit = replace(HIT, path=str(tmp_path / "a.png"), start_seconds=0.0, end_seconds=0.0, duration_seconds=0.0)
    np.testing.assert_array_equal(hit.frame(source=PlainFrameSource()), pixels)


def test_a_frame_is_read_in_another_process(steps: Path) -> None:
    hit = replace(HIT, path=str(steps), start_seconds=2.0, end_seconds=5.0, duration_seconds=8.0)
    assert second_shown(hit.frame()) == 3


def test_a_search_fits_if_any_of_its_hits_does() -> None:
    poor, good = replace(HIT, confidence=0.1), replace(HIT, confidence=0.9)
    found = {(): False, (HIT,): None, (poor,): False, (HIT, poor): False, (poor, good): True, (HIT, good): True}
    assert {hits: SearchResult("a dog", hits).fits for hits in found} == found


@pytest.mark.parametrize(
    ("legs", "confidence", "is_seen"),
    [
        ((), 0.9, True),
        ((), None, True),
        # Nothing of it was to be seen.
        ((("said", 3.0, 1.0),), 1.0, False),
        ((("seen", -0.1, 0.01), ("said", 3.0, 1.0)), 1.0, False),
        ((("seen", 0.4, 0.6), ("said", 3.0, 1.0)), 1.0, True),
        # Where nothing fits, it is there by what is seen.
        ((("seen", -0.1, 0.01), ("said", 3.0, 0.04)), 0.04, True),
        ((("seen", -0.1, None), ("said", 3.0, 1.0)), 1.0, False),
        ((("seen", 0.1, None), ("said", 3.0, 1.0)), 1.0, True),
        ((("seen", -0.1, None),), None, True),
    ],
)
def test_the_score_says_something_unless_words_alone_speak_for_a_moment(
    legs: tuple[tuple[str, float, float | None], ...], confidence: float | None, is_seen: bool
) -> None:
    own = tuple(LegHit(leg, 1, score, confidence=sure) for leg, score, sure in legs)
    part = PartHit("a dog", 61.5, 66.5, 0.5, own, confidence=confidence)
    assert replace(HIT, legs=own, confidence=confidence).is_seen is is_seen
    assert part.is_seen is is_seen
    assert replace(HIT, parts=(PART, part)).is_seen is False
    assert replace(HIT, parts=(part, part), confidence=confidence).is_seen is is_seen
