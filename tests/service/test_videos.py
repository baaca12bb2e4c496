from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framecue.errors import AbsentError
from framecue.library import Library
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.rows import Row
from framecue.library.store.words_notes import WordsDone
from framecue.service.videos import list_videos, video_document, words_lines
from framecue.words.timed_text import TimedText
from support.colours import ColourEncoder


def row(path: str, **values: Any) -> Row:
    start = values.get("start_seconds", 0.0)
    usual = {"video_id": f"id of {path}", "start_seconds": start, "end_seconds": start + 2.0, "duration_seconds": 60.0}
    vector = np.array([1, 0, 0, 0], np.float32)
    return Row(path=path, vector=vector, state=FileState(10, 1.0), **{**usual, **values})


@pytest.fixture
def library(tmp_path: Path) -> Library:
    fingerprint = {**ColourEncoder().fingerprint().to_dict(), "embedding_dim": 4}
    store = Store.create(str(tmp_path / "made.lance"), fingerprint)
    store.write(
        [
            row("/v/b.mp4", caption="a dog"),
            row("/v/b.mp4", start_seconds=2.0, caption="a dog"),
            row("/v/a.mp4", caption="a cat"),
            row("/v/a.mp4", start_seconds=2.0),
        ]
    )
    lines = [TimedText(3.0, 4.0, "second", "said", "en", 0.5), TimedText(1.0, 2.0, "first", "said")]
    store.words.write("id of /v/b.mp4", "speech", lines)
    store.words.write("id of /v/b.mp4", "screen", [TimedText(2.5, 3.0, "EXIT", "written")])
    store.words_notes.note_done({("id of /v/b.mp4", "speech"): WordsDone("x", 2)})
    return Library(store.uri)


def test_a_page_past_the_end_is_empty(library: Library) -> None:
    assert [video["name"] for video in list_videos(library)["videos"]] == ["a.mp4", "b.mp4"]
    assert list_videos(library, offset=5, limit=3) == {"total": 2, "videos": []}


def test_words_of_all_sources_come_in_their_order(library: Library) -> None:
    lines = words_lines(library, "id of /v/b.mp4")
    assert [(line["text"], line["kind"], line["source"], line["confidence"]) for line in lines] == [
        ("first", "said", "speech", None),
        ("EXIT", "written", "screen", None),
        ("second", "said", "speech", 0.5),
    ]


def test_a_caption_is_of_the_whole_where_all_moments_have_the_same(library: Library) -> None:
    assert video_document(library, "id of /v/b.mp4")["caption"] == "a dog"
    other = video_document(library, "id of /v/a.mp4")
    assert other["caption"] is None
    assert [moment["caption"] for moment in other["moments"]] == ["a cat", None]
    assert [file["is_there"] for file in other["files"]] == [False]
    with pytest.raises(AbsentError):
        video_document(library, "f00d")
