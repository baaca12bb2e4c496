"""Sound of every kind, heard in processes of its own; `tests/words/test_speech.py` hears each kind in this one."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from framecue.library import Library
from framecue.library.store import Store
from support.colours import ColourEncoder
from support.fixtures import colour_model
from support.spoken import SENTENCES, SPOKEN, sound_of, tiny_whisper, write_sounds

__all__ = ["colour_model"]


def damage_sound(path: Path, *, after_seconds: float) -> None:
    """Write zeros over the packets of a file's sound from a time on; its pictures stay whole."""
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        for packet in container.demux(audio=0):
            if packet.size and packet.pts is not None and packet.pts * packet.time_base > after_seconds:
                assert packet.pos is not None
                data[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(data)


@pytest.mark.slow
def test_sound_of_every_kind_is_heard_or_told_once(tmp_path: Path, colour_model: ColourEncoder) -> None:
    pytest.importorskip("rapidocr", reason='reading text needs the extra: pip install "framecue[screen-text]"')
    folder = tmp_path / "films"
    folder.mkdir()
    spoken, silence = sound_of(SPOKEN), np.zeros(8 * 16_000, np.int16)
    at = np.arange(len(silence)) / 16_000
    music = sum(np.sin(2 * np.pi * pitch * at) * np.exp(-4 * (at % 0.5)) for pitch in (220, 277, 330))
    write_sounds(folder / "damaged.mp4", spoken, pictures=12)
    damage_sound(folder / "damaged.mp4", after_seconds=6)
    write_sounds(folder / "longer.mkv", spoken, pictures=4)
    write_sounds(folder / "music.mkv", (8000 * music).astype(np.int16), pictures=8)
    write_sounds(folder / "no sound.mkv", pictures=4)
    write_sounds(folder / "silent.mkv", silence, pictures=8)
    write_sounds(folder / "sound alone.mp4", spoken)
    write_sounds(folder / "two tracks.mkv", spoken, silence, pictures=12)
    sign = Image.new("RGB", (640, 360), (30, 60, 90))
    ImageDraw.Draw(sign).text((60, 150), "HAPPY BIRTHDAY", fill="white", font=ImageFont.load_default(40))
    sign.save(folder / "sign.png")

    library = Library(tmp_path / "videos.lance", model=colour_model)
    options = {"speech": str(tiny_whisper()), "speech_language": "en", "screen_text": True, "images": True}
    report = library.add(folder, **options)

    (failure,) = report.words_failed
    assert (failure.path, failure.source) == (str(folder / "damaged.mp4"), "speech")
    assert failure.reason.startswith("its sound track 1 (flac) cannot be decoded from 0:06 on")
    assert report.passed_over.sounds == 1
    sentences = [sentence for _, _, sentence in SENTENCES]
    expected = {
        "damaged.mp4": sentences[:2],
        "longer.mkv": sentences,
        "music.mkv": [],
        "no sound.mkv": [],
        "silent.mkv": [],
        "two tracks.mkv": sentences,
    }
    for name, said in expected.items():
        assert [line.text for line in library.words(folder / name, source="speech")] == said, name
    assert [line.text for line in library.words(folder / "sign.png")] == ["HAPPY BIRTHDAY"]
    (written,) = Store.open(library.uri).search_words("happy birthday", phrase=True, kinds=["written"], limit=9)
    assert written.path == str(folder / "sign.png")
    again = library.add(folder)
    assert (again.words, again.words_failed) == ([], []), "it is told once"
