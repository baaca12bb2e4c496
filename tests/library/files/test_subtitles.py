from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from framecue.library.files.local import LOCAL_FILES
from framecue.library.files.subtitles import read_text
from framecue.library.results import Skipped
from framecue.words.cues import Cue, parse_cues


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: codecs.BOM_UTF32_LE + text.encode("utf-32-le"),
        lambda text: codecs.BOM_UTF32_BE + text.encode("utf-32-be"),
        lambda text: text.encode("cp1252"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
    ],
)
def test_encodings_and_ends_of_lines(tmp_path: Path, encode) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,500\n“Café à Zürich”\nfür 5 €\n"
    path = tmp_path / "a.srt"
    path.write_bytes(encode(text))
    assert read_text(LOCAL_FILES, str(path)) == text
    assert parse_cues(text, "srt") == [Cue(1.0, 2.5, "“Café à Zürich”\nfür 5 €")]


def test_bytes_of_no_encoding_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes("Привет, медведь".encode() + b"\xff" + b" und weiter")
    assert read_text(LOCAL_FILES, str(path)) == "Привет, медведь\N{REPLACEMENT CHARACTER} und weiter"
    path.write_bytes(codecs.BOM_UTF16_LE + "ab".encode("utf-16-le") + b"c")
    assert read_text(LOCAL_FILES, str(path)) == "ab\N{REPLACEMENT CHARACTER}"


def test_a_text_that_nobody_could_read_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(b"caf\xe9 \x81")
    reason = "its text is in no encoding that could be told; save it as UTF-8"
    assert read_text(LOCAL_FILES, str(path)) == Skipped(str(path), reason)


def test_a_file_that_cannot_be_opened_is_skipped(tmp_path: Path) -> None:
    assert read_text(LOCAL_FILES, str(tmp_path)) == Skipped(str(tmp_path), "cannot be read (Is a directory)")
