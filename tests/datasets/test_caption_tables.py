"""Captions in CSV and Parquet, and which of a folder's lists counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from framecue.datasets.caption_tables import read_caption_table
from framecue.datasets.clips import Clip
from framecue.datasets.folder import FolderData
from framecue.errors import DatasetError

CSV = """\
video,caption,split,start_seconds,end_seconds,topic
clips/a.mp4,a dog runs,train,,,dogs
clips/b.mp4,"a cat, asleep",test,1.5,4,cats
clips/a.mp4,a dog,train,,,other
clips/b.mp4,a cat wakes,test,4,,cats
"""


def expected(folder: Path) -> list[Clip]:
    a, b = folder / "clips" / "a.mp4", folder / "clips" / "b.mp4"
    return [
        Clip(a, ("a dog runs", "a dog"), "train", metadata={"topic": "dogs"}),
        Clip(b, ("a cat, asleep",), "test", metadata={"topic": "cats"}, start_seconds=1.5, end_seconds=4.0),
        Clip(b, ("a cat wakes",), "test", metadata={"topic": "cats"}, start_seconds=4.0),
    ]


def write_videos(folder: Path) -> None:
    (folder / "clips").mkdir()
    for name in ("a", "b"):
        (folder / "clips" / f"{name}.mp4").touch()


def write_parquet(file: Path, columns: dict[str, list[Any]]) -> Path:
    parquet.write_table(pyarrow.table(columns), file)
    return file


def test_rows_of_a_csv_become_clips(tmp_path: Path) -> None:
    file = tmp_path / "captions.csv"
    file.write_text("\ufeff" + CSV, encoding="utf-8")
    assert read_caption_table(file) == expected(tmp_path)


def test_a_csv_may_have_lists_of_captions(tmp_path: Path) -> None:
    file = tmp_path / "captions.csv"
    file.write_text('video,split,captions\na.mp4,train,"[""one"", ""two""]"\n')
    (clip,) = read_caption_table(file)
    assert clip.captions == ("one", "two")


def test_rows_of_a_parquet_file_become_clips(tmp_path: Path) -> None:
    file = write_parquet(
        tmp_path / "captions.parquet",
        {
            "video": ["clips/a.mp4", "clips/b.mp4", "clips/b.mp4"],
            "captions": [["a dog runs", "a dog"], ["a cat, asleep"], ["a cat wakes"]],
            "split": ["train", "test", "test"],
            "start_seconds": [None, 1.5, 4.0],
            "end_seconds": [None, 4.0, None],
            "topic": ["dogs", "cats", "cats"],
        },
    )
    assert read_caption_table(file) == expected(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has the columns none; give video, split, caption"),
        ("video,split\na,b\n", "has the columns video, split; give"),
        ("video,split,caption,captions\n", "give video, split, caption"),
        ("video,split,caption\n", "has no rows"),
        ("video,split,caption\na.mp4,train\n", "line 2: has not as many cells"),
        ("video,split,caption\na.mp4,train,x,y\n", "line 2: has not as many cells"),
        ("video,split,caption\na.mp4,train,x\nb.mp4,train,  \n", "line 3: caption is '  '; give a text"),
        ("video,split,caption\n../a.mp4,train,x\n", "line 2: video is"),
        ("video,split,captions\na.mp4,train,x\n", "line 2: captions is 'x'; give a JSON list"),
        ("video,split,captions\na.mp4,train,[]\n", "line 2: captions is []; give a list of one"),
        ("video,split,caption,start_seconds\na.mp4,train,x,soon\n", "line 2: start_seconds is 'soon'; give a number"),
        ("video,split,caption,end_seconds\na.mp4,train,x,-1\n", "line 2: the window runs from"),
        ('video,split,caption\na.mp4,train,x\nb.mp4,train,"x\nc.mp4,train,x\n', "line 3: is not CSV: a quotation mark"),
        ('video,split,caption\na.mp4,train,"x\ny"\nb.mp4,train, \n', "line 4: caption is ' '"),
        (f"video,split,caption\na.mp4,train,{'a' * 140_000}\n", "line 2: a cell has more than 131072 characters"),
        ("video,split,caption,video\na.mp4,train,x,b.mp4\n", "has the column 'video' twice"),
    ],
)
def test_what_is_wrong_in_a_csv_is_named_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "captions.csv"
    file.write_text(text)
    with pytest.raises(DatasetError) as caught:
        read_caption_table(file)
    assert str(caught.value).startswith(str(file))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_wrong_in_a_parquet_file_is_named_with_its_row(tmp_path: Path) -> None:
    file = tmp_path / "captions.parquet"
    write_parquet(file, {"video": ["a.mp4", "b.mp4"], "split": ["train", "train"], "caption": ["x", None]})
    with pytest.raises(DatasetError, match=r"captions\.parquet, row 2: caption is None; give a text"):
        read_caption_table(file)
    file.write_bytes(b"PAR1 no more")
    with pytest.raises(DatasetError, match=r"captions\.parquet: cannot be read as Parquet"):
        read_caption_table(file)


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    file = tmp_path / "captions.csv"
    file.write_bytes(b"video,split,caption\na.mp4,train,\xff\n")
    with pytest.raises(DatasetError, match=r"is not UTF-8 \(byte 33\)"):
        read_caption_table(file)


def test_a_folder_reads_the_list_that_it_has(tmp_path: Path) -> None:
    write_videos(tmp_path)
    (tmp_path / "captions.csv").write_text(CSV)
    data = FolderData(data_dir=tmp_path)
    assert data.clips("test") == expected(tmp_path)[1:]
    assert data.splits() == ["test", "train"]
    assert data.copy_of("test").caption_counts == (1, 1)
    (tmp_path / "clips" / "b.mp4").unlink()
    with pytest.raises(DatasetError, match=r"captions\.csv: 1 of 1 video files are missing: 'clips/b\.mp4'"):
        data.clips("test")
    copy = data.copy_of("test")
    assert (copy.listed, copy.missing, copy.clips) == (2, ("clips/b.mp4", "clips/b.mp4"), ())
    with pytest.raises(DatasetError, match="no clip is in split 'val'; splits present: 'test'"):
        data.clips("val")


def test_a_folder_with_several_lists_has_to_say_which(tmp_path: Path) -> None:
    write_videos(tmp_path)
    (tmp_path / "captions.csv").write_text(CSV)
    write_parquet(
        tmp_path / "captions.parquet", {"video": ["clips/a.mp4"], "split": ["test"], "caption": ["from parquet"]}
    )
    with pytest.raises(DatasetError, match=r"holds captions\.csv and captions\.parquet; say which"):
        FolderData(data_dir=tmp_path).clips("test")
    (clip,) = FolderData(data_dir=tmp_path, captions_file="captions.parquet").clips("test")
    assert clip.captions == ("from parquet",)
    with pytest.raises(DatasetError, match=r"there is no captions\.jsonl in it"):
        FolderData(data_dir=tmp_path, captions_file="captions.jsonl").clips("test")


def test_a_folder_without_a_list(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"there is no captions\.jsonl in it, nor a captions\.csv or"):
        FolderData(data_dir=tmp_path).clips("test")
    with pytest.raises(DatasetError, match="no such folder"):
        FolderData(data_dir=tmp_path / "none").clips("test")
