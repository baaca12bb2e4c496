"""What a library answers, as documents: each written out in full once."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from framecue.encoder import Fingerprint
from framecue.library import results
from framecue.library.results import (
    AddReport,
    BestFrame,
    Duplicate,
    Explanation,
    FileInfo,
    Finding,
    Hit,
    Kept,
    LibraryInfo,
    PartScore,
    PassedOver,
    Remark,
    RemoveReport,
    SearchResult,
    Skipped,
    Upkeep,
)
from framecue.video import FrameSampling

FINGERPRINT = Fingerprint(backbone="clip", sampling=FrameSampling(12), embedding_dim=4)
SKIPPED, DUPLICATE = Skipped("/v/a.mp4", "no such file"), Duplicate("/v/b.mp4", "/v/c.mp4")
REMARK = Remark("/v/d.mp4", "times")
FRAME = BestFrame(1.5, 0.25, np.zeros((2, 3, 3), np.uint8))
HIT = Hit(1, "/v/a.mp4", 61.5, 66.5, 0.5, "hash", 90.0)
HIT_DOCUMENT = {
    "rank": 1,
    "path": "/v/a.mp4",
    "kind": "video",
    "start_seconds": 61.5,
    "end_seconds": 66.5,
    "score": 0.5,
    "hit": "/v/a.mp4@1:01.5-1:06.5",
    "recorded": None,
}
FOUND = replace(HIT, hybrid=True, words=("a", "dog"), vector_rank=2, text_rank=1, text_score=3.5)
FOUND_DOCUMENT = {**HIT_DOCUMENT, "words": ["a", "dog"], "vector_rank": 2, "text_rank": 1, "text_score": 3.5}

DOCUMENTS: list[tuple[Any, dict[str, Any]]] = [
    (SKIPPED, {"path": "/v/a.mp4", "reason": "no such file"}),
    (Finding("note", "old", "do so"), {"level": "note", "what": "old", "way_out": "do so"}),
    (REMARK, {"path": "/v/d.mp4", "reason": "times"}),
    (DUPLICATE, {"path": "/v/b.mp4", "original": "/v/c.mp4"}),
    (FileInfo("/v/a.mp4", 2.5), {"path": "/v/a.mp4", "duration_seconds": 2.5, "kind": "video"}),
    (PassedOver(1, 2, 3), {"images": 1, "sounds": 2, "others": 3}),
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
        ),
        {
            "library": "v.lance",
            "added": 1,
            "changed": 6,
            "moved": 7,
            "unchanged": 2,
            "encoded": 3,
            "duplicates": [DUPLICATE.to_dict()],
            "removed": 8,
            "subtitles_updated": 9,
            "reread": [REMARK.to_dict()],
            "warnings": [REMARK.to_dict()],
            "skipped": [SKIPPED.to_dict()],
            "still_unreadable": [SKIPPED.to_dict()],
            "passed_over": {"images": 1, "sounds": 0, "others": 0},
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
    (HIT, HIT_DOCUMENT),
    (FOUND, FOUND_DOCUMENT),
    (
        replace(HIT, hybrid=True),
        {**HIT_DOCUMENT, "words": [], "vector_rank": None, "text_rank": None, "text_score": None},
    ),
    (
        replace(FOUND, explanation=Explanation([], FRAME)),
        {**FOUND_DOCUMENT, "explanation": {"parts": [], "frame": FRAME.to_dict(), "problem": None}},
    ),
    (SearchResult("a dog", [HIT, FOUND]), {"query": "a dog", "results": [HIT_DOCUMENT, FOUND_DOCUMENT]}),
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
            "fingerprint": FINGERPRINT.to_dict(),
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
