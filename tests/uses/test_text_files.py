from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framecue.checks import MAX_TEXT_LENGTH
from framecue.errors import InputError
from framecue.uses import text_files
from framecue.uses.text_files import checked_text, read_texts


def read(file: Path) -> list[str]:
    return [text for text, _ in read_texts(file, columns=("label", "name"))]


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1).filter(str.strip)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(WORDS, min_size=1, max_size=6), end=st.sampled_from(["\n", "\r\n", "\r"]), bom=st.booleans())
def test_what_was_written_is_read_in_every_form(tmp_path: Path, texts: list[str], end: str, bom: bool) -> None:
    texts = [text.strip("\ufeff") for text in texts]
    texts = [text for text in texts if text.strip()] or ["x"]
    wanted = [text.strip() for text in texts]
    head = b"\xef\xbb\xbf" if bom else b""
    (tmp_path / "a.txt").write_bytes(head + (end + end).join(texts).encode() + end.encode())
    assert read(tmp_path / "a.txt") == wanted
    (tmp_path / "a.json").write_bytes(head + json.dumps(texts).encode())
    assert read(tmp_path / "a.json") == wanted
    quoted = ['"' + text.replace('"', '""') + '"' for text in texts]
    rows = end.join(["id,name", *(f"{number},{text}" for number, text in enumerate(quoted))])
    (tmp_path / "a.CSV").write_bytes(head + rows.encode())
    assert read(tmp_path / "a.CSV") == wanted


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=60), suffix=st.sampled_from([".txt", ".json", ".csv"]))
def test_whatever_a_file_holds_it_is_read_or_refused_by_name(tmp_path: Path, content: bytes, suffix: str) -> None:
    file = tmp_path / f"any{suffix}"
    file.write_bytes(content)
    texts, message = [], str(file)
    try:
        texts = read(file)
    except InputError as error:
        message = str(error)
    assert message.startswith(str(file))
    assert all(text == text.strip() != "" for text in texts)


def test_a_place_is_the_line_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n\n  two\n")
    assert [where for _, where in read_texts(tmp_path / "a.txt", columns=())] == [
        f"{tmp_path / 'a.txt'}, line 1",
        f"{tmp_path / 'a.txt'}, line 3",
    ]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"caf\xe9\n", "is not UTF-8 (byte 4); save the file as UTF-8"),
        ("a.txt", b"x" * (MAX_TEXT_LENGTH + 1), "a.txt, line 1: the text"),
        ("a.txt", b"x\0y", "a.txt, line 1: is 'x\\x00y'; give a text without NUL"),
        ("a.json", b"{", "is not JSON"),
        ("a.json", b'{"a": 1}', "is {'a': 1}; give a list of texts"),
        ("a.json", b'["a", 3]', "a.json, item 2: is 3; give a text that is not blank"),
        ("a.json", b'["a", "\\ud800"]', "item 2: the text '\\ud800' is not valid Unicode"),
        ("a.json", b"[" * 100_000, "is not JSON"),
        ("a.csv", b"class\nx\n", "has no column label or name"),
        ("a.csv", b"id,label\n1,a\n2\n", "a.csv, line 3: has not as many cells as the first line"),
        ("a.csv", b"id,label\n1,\n", "a.csv, line 2: label: is ''; give a text that is not blank"),
        ("a.csv", b'id,label\n1,"a\n', "is not CSV"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(tmp_path / name)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    for name, says in (("pipe.txt", "is no file"), ("gone.txt", "cannot be read"), ("", "is no file")):
        with pytest.raises(InputError, match=says):
            read(tmp_path / name)


def test_a_file_may_be_only_so_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "MAX_FILE_BYTES", 2_000_000)
    line = b"x" * 4_999 + b"\n"
    (tmp_path / "a.txt").write_bytes(line * 400)
    assert len(read(tmp_path / "a.txt")) == 400
    (tmp_path / "a.txt").write_bytes(line * 400 + b"y")
    with pytest.raises(InputError, match="larger than 2 MB; divide it"):
        read(tmp_path / "a.txt")


def test_a_text_is_checked() -> None:
    assert checked_text(" a b ", "here") == "a b"
    with pytest.raises(InputError, match="here: is None"):
        checked_text(None, "here")
