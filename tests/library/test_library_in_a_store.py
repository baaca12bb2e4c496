"""All that a library on a disk can do, in an object store: each step leaves the same in both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from framecue.exported import sentences
from framecue.library import Library
from framecue.library.again import make_again
from framecue.library.soundness import check_library
from framecue.library.store import Store
from framecue.library.store import index as index_module
from framecue.words.sources import WORD_SOURCES
from support.colours import ColourEncoder
from support.object_server import Bucket
from support.scripted_words import Spoken
from support.sentences import IdeaEncoder


class OtherEncoder(ColourEncoder):
    """Another model: it turns each vector round."""

    def __init__(self) -> None:
        super().__init__(name="other")

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        return -super().embed_videos(pixel_values)

    def embed_texts(self, texts) -> np.ndarray:
        return -super().embed_texts(texts)


@pytest.fixture
def places(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name in ("speech", "subtitles"):
        monkeypatch.setitem(WORD_SOURCES.built_in, name, Spoken(name))  # type: ignore[arg-type]
    encoder = IdeaEncoder("some/ideas", "1")
    monkeypatch.setattr(sentences, "named_sentence_encoder", lambda name, known=None: encoder)
    monkeypatch.setattr(sentences, "load_sentence_encoder", lambda fingerprint, starts_fast=True: encoder)
    # Few rows are enough for an index here.
    monkeypatch.setattr(index_module, "LEAST_INDEXED_ROWS", 1)
    return [str(tmp_path / "l.lance"), f"{bucket.url}/l.lance"]


def held(uri: str) -> object:
    store = Store.open(uri)
    rows = store.rows_at(list(store.held()))
    return {
        path: [(row.start_seconds, row.end_seconds, row.video_id, row.vector.tobytes(), row.subtitles) for row in some]
        for path, some in rows.items()
    }


def test_it_lives_as_one_on_a_disk_does(
    places: list[str], bucket: Bucket, clips: Path, colour_model: ColourEncoder, write_clip: Callable[..., Path]
) -> None:
    (clips / "red.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nhello there\n")
    libraries = [Library(uri, model=colour_model) for uri in places]

    def both(act: Callable[[Library], object]) -> None:
        local, remote = (act(library) for library in libraries)
        assert local == remote
        assert held(places[0]) == held(places[1])

    both(lambda library: library.add(clips).added)
    both(lambda library: [hit.path for hit in library.search("red", k=4, hybrid=True)])
    # The background and the text index were made by the search.
    both(lambda library: library.add(clips, speech=True, meaning="some/ideas").meaning.num_passages)
    both(lambda library: [line.text for line in library.words(clips / "red.mp4")])
    both(lambda library: library.set_metadata({str(clips / "red.mp4"): {"place": "here"}}).updated)
    write_clip(clips / "white.mp4", "white", seed=3)
    (clips / "green.mp4").unlink()
    both(lambda library: (library.add(clips, prune=True).removed, library.info().num_videos))
    both(lambda library: library.remove(clips / "blue.mp4").removed)
    both(lambda library: library.optimize().num_rows)
    for uri in places:
        for made_for in ("one", "another"):
            store, bank = Store.open(uri), np.eye(4, dtype=np.float32)
            store.keep_background(store.measure_background(bank, made_for), bank)
            assert Store.open(uri).background(made_for) is not None
        assert Store.open(uri).background("one") is None
    both(lambda library: library.info().to_dict()["meaning"])
    for uri in places:
        report = make_again(uri, OtherEncoder())
        assert (report.num_videos, report.encoded) == (3, 3)
        found = check_library(uri)
        assert (found.num_videos, found.health.num_doubled, found.is_begun_again) == (3, 0, False)
        assert found.health.size_bytes > 1000
        assert {finding.level for finding in found.findings} == {"ok"}
    assert held(places[0]) == held(places[1])
    assert bucket.keys("l.lance/again") == []
    assert Library(places[1]).info().size_bytes == sum(bucket.sizes("l.lance").values())
