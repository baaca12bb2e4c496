"""A film that speaks and shows a title, through the sources that people use, in processes of their own.

`tests/suites/processes/test_sounds_heard.py` has sound of every kind.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from framecue.library import Library
from framecue.library.store import Store
from support.spoken import SENTENCES, tiny_whisper, write_spoken_film


@pytest.mark.isolated
def test_what_is_said_and_written_is_found(tmp_path: Path, colour_model) -> None:
    pytest.importorskip("rapidocr", reason='reading text needs the extra: pip install "framecue[screen-text]"')
    film = write_spoken_film(tmp_path / "film.mp4")
    library = Library(tmp_path / "videos.lance", model=colour_model)
    report = library.add(film, speech=str(tiny_whisper()), speech_language="en", screen_text=True)
    assert (report.words_failed, report.words_left_out) == ([], {})
    store = Store.open(library.uri)
    for start, end, sentence in SENTENCES:
        (match,) = store.search_words(sentence, phrase=True, kinds=["said"], limit=9)
        assert match.start_seconds == pytest.approx(start, abs=0.5)
        assert match.end_seconds == pytest.approx(end, abs=0.5)
    start, end, _ = SENTENCES[0]
    (match,) = store.search_words("the mortgage", phrase=True, limit=9)
    assert start < match.start_seconds < match.end_seconds < end
    assert [match.text for match in store.search_words("mortgages sign", limit=9)] == [SENTENCES[0][2]]
    (match,) = store.search_words("houses for sale", phrase=True, kinds=["written"], limit=9)
    assert (match.source, match.path) == ("screen", str(film))
    # And there is nothing left to do.
    assert library.words_due(library.plan(film)) == {}
