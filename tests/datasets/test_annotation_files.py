"""Annotation files from anywhere: what is damaged is named with its place, and no pickle does anything."""

from __future__ import annotations

import json
import logging
import os
import pickle
from pathlib import Path

import pytest

from framecue.datasets.annotation_files import (
    Caption,
    captions_by_video,
    read_json,
    read_names,
    read_plain_pickle,
    read_table,
)
from framecue.errors import DatasetError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


def test_json_is_read_with_or_without_a_byte_order_mark(file: Path) -> None:
    for text in ('{"a": [1]}', '\ufeff{"a": [1]}'):
        file.write_text(text, encoding="utf-8")
        assert read_json(file) == {"a": [1]}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"a":\n [1, 2', "line 2: is not JSON"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "c stands there twice"),
        (b'"\xff"', "is not UTF-8 (byte 2)"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"[" + b"1" * 5000 + b"]", "cannot be read as JSON (Exceeds the limit"),
        (b'{"\\ud800": 1, "\\ud800": 2}', r": \ud800 stands there twice"),
    ],
)
def test_json_that_is_damaged(file: Path, content: bytes, says: str) -> None:
    file.write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        read_json(file)
    assert str(caught.value).startswith(str(file))
    assert says in str(caught.value)


def test_a_file_that_is_not_there(file: Path) -> None:
    for read in (read_json, read_names, read_plain_pickle):
        with pytest.raises(DatasetError, match="cannot be read"):
            read(file)


def test_lists_of_names(file: Path) -> None:
    file.write_text("video_id\nvideo3\n\n video1 \n")
    assert read_names(file) == ["video3", "video1"]
    file.write_text("a\nb\na\n")
    with pytest.raises(DatasetError, match="line 3: a stands on line 1, too"):
        read_names(file)
    file.write_text("\n")
    with pytest.raises(DatasetError, match="names no video"):
        read_names(file)
    listed = file.with_suffix(".json")
    listed.write_text('["a", "b"]')
    assert read_names(listed) == ["a", "b"]
    listed.write_text('{"a": 1}')
    with pytest.raises(DatasetError, match="the published file has a list of names"):
        read_names(listed)


def test_tables(file: Path) -> None:
    file.write_text('key,text\n1,"a, b"\n2,c\n')
    rows = list(read_table(file, columns=("text",), has_head=True))
    assert rows == [("line 2", {"key": "1", "text": "a, b"}), ("line 3", {"key": "2", "text": "c"})]
    file.write_text('1\tsays "a\n2\tb\n')
    rows = list(read_table(file, columns=("id", "text"), delimiter="\t", has_head=False))
    assert rows == [("line 1", {"id": "1", "text": 'says "a'}), ("line 2", {"id": "2", "text": "b"})]
    file.write_text("1\ta\n2\n")
    with pytest.raises(DatasetError, match="line 2: has 1 cells instead of 2"):
        list(read_table(file, columns=("id", "text"), delimiter="\t", has_head=False))
    file.write_text("a,b\n")
    with pytest.raises(DatasetError, match="line 1: lacks the column text"):
        list(read_table(file, columns=("text",), has_head=True))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        # Without care it takes in the rows after it.
        ('id,text\n\n1,"a\n2,b\n3,c\n', "line 3: is not CSV: a quotation mark is not closed in this row"),
        ('id,text\n1,"a\n2,"b"\n', "line 2 up to line 3: is not CSV"),
        ('id,text\n1,"a\nb"\n2\n', "line 4: has 1 cells instead of 2"),
        (f"id,text\n1,b\n2,{'a' * 140_000}\n", "line 3: a cell has more than 131072 characters"),
        ("id,text,id\n1,b,2\n", "has the column 'id' twice"),
    ],
)
def test_what_is_wrong_in_a_table_is_named_with_its_line(file: Path, content: str, says: str) -> None:
    file.write_text(content)
    with pytest.raises(DatasetError) as caught:
        list(read_table(file, columns=("id", "text"), has_head=True))
    assert str(caught.value).startswith(str(file))
    assert says in str(caught.value)


NO_NAMES = ["", ".", "..", "../a", "/etc/a", "a/b", "a\\b", "a\0b", "a\ud800", "a" * 5000]


@pytest.mark.parametrize("video_id", NO_NAMES)
def test_ids_that_cannot_be_names_of_files(file: Path, video_id: str) -> None:
    with pytest.raises(
        DatasetError, match=r"line 7: the video's id is '.*, which cannot be the name of a file"
    ) as caught:
        captions_by_video(file, [Caption("a", "x", "line 6"), Caption(video_id, "x", "line 7")])
    assert str(caught.value).isprintable()
    listed = file.with_suffix(".json")
    listed.write_text(json.dumps(["b", video_id]))
    if video_id:
        with pytest.raises(DatasetError, match="line 2: the video's id is"):
            read_names(listed)


def test_captions_that_no_tokenizer_can_handle(file: Path) -> None:
    for text in ("a\0b", "a \ud800 b"):
        with pytest.raises(DatasetError, match=r"v, caption 2: the caption is 'a.*, which has NUL or half") as caught:
            captions_by_video(file, [Caption("v", "x", "v, caption 1"), Caption("v", text, "v, caption 2")])
        assert str(caught.value).isprintable()


class Harm:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> object:
        return os.mkdir, (str(self.folder / "harm"),)


def test_a_pickle_of_plain_captions_is_read_and_no_other(file: Path) -> None:
    content = {"a": [["one", "dog"]], "b": []}
    file.write_bytes(pickle.dumps(content))
    assert read_plain_pickle(file) == content
    # As Python 2 wrote it: texts are bytes, read as UTF-8.
    file.write_bytes(b"(dp0\nS'a'\np1\n(lp2\nS'dog'\np3\nas.")
    assert read_plain_pickle(file) == {"a": ["dog"]}
    file.write_bytes(pickle.dumps({"a": Harm(file.parent)}))
    with pytest.raises(DatasetError, match=r"it wants to call \w+\.mkdir"):
        read_plain_pickle(file)
    assert not (file.parent / "harm").exists()
    file.write_bytes(pickle.dumps(content)[:-4])
    with pytest.raises(DatasetError, match="is no pickle of plain captions"):
        read_plain_pickle(file)


def test_captions_are_grouped_and_blank_ones_left_out(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    captions = [Caption("b", " two  words\n", "line 1"), Caption("a", " ", "line 2"), Caption("b", "", "line 3")]
    with caplog.at_level(logging.WARNING):
        assert captions_by_video(file, [*captions, Caption("b", "x", "line 4")]) == {"b": ["two words", "x"], "a": []}
    (record,) = caplog.records
    assert record.getMessage() == f"{file}, line 2: the caption of a is blank, and left out (2 in all)"
    with pytest.raises(DatasetError, match=r"line 5: is 3; the published file has a text here"):
        captions_by_video(file, [Caption("b", 3, "line 5")])  # type: ignore[arg-type]
