"""A film that speaks and shows a title, through the sources that people use, in processes of their own."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from framecue.library import Library
from framecue.library.store import Store
from support.spoken import SENTENCES, SPOKEN, tiny_whisper

TITLE = "HOUSES FOR SALE"


def make_film(path: Path) -> Path:
    """Write a film with the sentences in its sound and the title in its pictures."""
    picture = Image.new("RGB", (640, 360), (30, 60, 90))
    ImageDraw.Draw(picture).text((60, 150), TITLE, fill="white", font=ImageFont.load_default(40))
    with av.open(str(SPOKEN)) as spoken, av.open(str(path), "w") as film:
        video, sound = film.add_stream("libx264", rate=4), film.add_stream("aac", rate=48000)
        video.width, video.height, video.pix_fmt = picture.width, picture.height, "yuv420p"
        for frame in spoken.decode(audio=0):
            frame.pts = None
            film.mux(sound.encode(frame))
        film.mux(sound.encode(None))
        for _ in range(4 * 12):
            film.mux(video.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")))
        film.mux(video.encode(None))
    return path


@pytest.mark.isolated
def test_what_is_said_and_written_is_found(tmp_path: Path, colour_model) -> None:
    pytest.importorskip("rapidocr", reason='reading text needs the extra: pip install "framecue[screen-text]"')
    film = make_film(tmp_path / "film.mp4")
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
