"""`captions.jsonl`: what is read, what is written, and the message for each way in which a file can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.datasets import Clip, Twin, read_captions, write_captions
from framecue.datasets.captions import _WAY_OUT
from framecue.errors import DatasetError

GOOD = {"video": "clips/a.mp4", "captions": ["a dog runs"], "split": "train"}


@pytest.fixture
def folder(tmp_path):
    """Make a folder with five (empty) video files, whose name is not all ASCII."""
    data = tmp_path / "données"
    (data / "clips").mkdir(parents=True)
    for name in ("a", "b", "c", "d", "d-backwards"):
        (data / "clips" / f"{name}.mp4").touch()
    return data


def write_lines(folder, *records):
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    (folder / "captions.jsonl").write_text("\n".join(lines), encoding="utf-8")


def message(folder, *records, split=None):
    if records:
        write_lines(folder, *records)
    with pytest.raises(DatasetError) as caught:
        read_captions(folder, split)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_reads_clips_in_the_order_of_the_file_with_twins_and_metadata(folder):
    write_lines(
        folder,
        {"video": "clips/b.mp4", "captions": ["un été", "summer"], "split": "train", "meaning": [1, {"x": None}]},
        "",
        {
            "video": "clips/d.mp4",
            "captions": ["up"],
            "split": "test",
            "twin": {"video": "clips/d-backwards.mp4", "captions": ["down", "falls"]},
            "source": "me",
        },
        {**GOOD, "twin": None},
        "   ",
    )
    clips = folder / "clips"
    assert read_captions(folder) == [
        Clip(clips / "b.mp4", ("un été", "summer"), "train", None, {"meaning": [1, {"x": None}]}),
        Clip(clips / "d.mp4", ("up",), "test", Twin(clips / "d-backwards.mp4", ("down", "falls")), {"source": "me"}),
        Clip(clips / "a.mp4", ("a dog runs",), "train"),
    ]
    assert [clip.video.name for clip in read_captions(str(folder), "train")] == ["b.mp4", "a.mp4"]


def test_windows_line_ends_and_a_byte_order_mark_are_read(folder):
    (folder / "captions.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n\r\n")
    assert [clip.captions for clip in read_captions(folder)] == [("a dog runs",)]


def test_a_video_may_be_in_several_splits(folder):
    write_lines(folder, GOOD, {**GOOD, "split": "test"})
    assert [clip.split for clip in read_captions(folder)] == ["train", "test"]


def test_a_folder_is_found_from_where_one_stands(folder, monkeypatch):
    write_lines(folder, GOOD)
    monkeypatch.chdir(folder)
    (clip,) = read_captions(".")
    assert clip.video.is_file()
    write_captions(".", [clip], overwrite=True)
    write_captions(folder, [clip], overwrite=True)
    assert read_captions(".") == [clip]


MALFORMED = {
    "not JSON": ('{"video": ', "is not JSON (Expecting value at column 11); write one object a line"),
    "two objects": (json.dumps(GOOD) * 2, "is not JSON (Extra data at column"),
    "a list": ("[1, 2]", "is [1, 2]; write one object a line, such as {"),
    "a key twice": (
        '{"video": "a", "split": "x", "captions": ["b"], "captions": ["c"]}',
        'the key "captions" stands there 2 times',
    ),
    "not a number": ('{"meaning": NaN}', "NaN is not JSON; give a finite number or null"),
    "nested too deep": ("[" * 100_000, "cannot be read as JSON ("),
    "no video": ({"captions": ["b"], "split": "x"}, 'the key "video" is missing; a line looks like {"video"'),
    "no captions": ({"video": "a", "split": "x"}, 'the key "captions" is missing'),
    "no split": ({"video": "a", "captions": ["b"]}, 'the key "split" is missing'),
    "misspelt caption": ({**GOOD, "caption": ["b"]}, 'the key "caption" is not known; write "captions"'),
    "misspelt twin": ({**GOOD, "Twins": {}}, 'the key "Twins" is not known; write "twin"'),
    "video a number": ({**GOOD, "video": 7}, '"video" is 7; give a text that is not blank'),
    "video blank": ({**GOOD, "video": " "}, '"video" is " "; give a text that is not blank'),
    "video with NUL": ({**GOOD, "video": "a\0.mp4"}, '"video" is "a\\u0000.mp4"; give a text without NUL'),
    "video absolute": ({**GOOD, "video": "/etc/a.mp4"}, '"video" is "/etc/a.mp4"; give the path of a file below'),
    "video outside": ({**GOOD, "video": "clips/../../a.mp4"}, '"video" is "clips/../../a.mp4"; give the path of'),
    "video the folder": ({**GOOD, "video": "."}, '"video" is "."; give the path of a file below the folder'),
    "captions a text": ({**GOOD, "captions": "a dog"}, '"captions" is "a dog"; give a list of one caption or more'),
    "captions empty": ({**GOOD, "captions": []}, '"captions" is []; give a list of one caption or more'),
    "caption blank": ({**GOOD, "captions": ["a", "\t"]}, '"captions"[1] is "\\t"; give a text that is not blank'),
    "caption null": ({**GOOD, "captions": [None]}, '"captions"[0] is null; give a text'),
    "caption broken": ({**GOOD, "captions": ["\ud83d"]}, '"captions"[0] is "\\ud83d"; give a text without NUL and'),
    "split null": ({**GOOD, "split": None}, '"split" is null; give a text that is not blank'),
    "long value": ({**GOOD, "split": ["x" * 500]}, '"split" is ["xxxxx'),
    "twin a text": ({**GOOD, "twin": "b.mp4"}, '"twin" is "b.mp4"; give {"video": ..., "captions": [...]}'),
    "twin without captions": ({**GOOD, "twin": {"video": "b.mp4"}}, 'the key "twin.captions" is missing'),
    "twin without video": ({**GOOD, "twin": {"captions": ["b"]}}, 'the key "twin.video" is missing'),
    "twin outside": ({**GOOD, "twin": {"video": "../b", "captions": ["b"]}}, '"twin.video" is "../b"; give the path'),
    "twin blank": ({**GOOD, "twin": {"video": "b", "captions": [""]}}, '"twin.captions"[0] is ""; give a text'),
    "twin with more": (
        {**GOOD, "twin": {"video": "b", "captions": ["b"], "split": "x"}},
        '"twin" has the unknown key "split"; allowed are "video" and "captions"',
    ),
    "twin itself": (
        {**GOOD, "twin": {"video": "./clips/a.mp4", "captions": ["b"]}},
        '"twin.video" is the clip itself; name the file that plays it backwards',
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_line_is_named_with_its_key_and_what_is_allowed(folder, case):
    line, expected = MALFORMED[case]
    # A good line before it, so that the number is not 1 by chance.
    text = message(folder, {**GOOD, "video": "clips/c.mp4"}, "", line)
    assert text.startswith(f"{folder / 'captions.jsonl'}, line 3: {expected}")
    assert len(text) < 600


def test_a_malformed_line_of_another_split_is_found_too(folder):
    assert "line 2" in message(folder, GOOD, {**GOOD, "split": "test", "captions": []}, split="train")


def test_bytes_that_are_not_utf8_are_named(folder):
    (folder / "captions.jsonl").write_bytes(json.dumps(GOOD).encode() + b'\n{"video": "\xe9"}\n')
    assert "line 2: is not UTF-8 (byte 12)" in message(folder)


def test_a_missing_folder_and_a_missing_file_are_told_apart(folder):
    assert message(folder / "none") == (
        f"{folder / 'none'}: no such folder; give the folder that holds captions.jsonl and the videos"
    )
    assert "there is no captions.jsonl in it; write one" in message(folder)
    assert "is empty; write a line for each video" in message(folder, "", "")


def test_an_unknown_split_lists_those_present(folder):
    lines = [GOOD, {**GOOD, "video": "clips/b.mp4"}, {**GOOD, "split": "test"}]
    text = message(folder, *lines, split="val")
    assert text.endswith(f"no clip is in split 'val'; splits present: 'test' (1), 'train' (2); {_WAY_OUT}")


def test_a_video_twice_in_a_split_names_both_lines(folder):
    text = message(folder, GOOD, {**GOOD, "split": "test"}, {**GOOD, "video": "clips/./a.mp4"})
    assert "line 3: 'clips/a.mp4' is already in split 'train' on line 1; put all captions" in text


def test_a_video_has_several_windows_each_on_a_line_of_its_own(folder):
    windows = [{"start_seconds": 0, "end_seconds": 2.5}, {"start_seconds": 2.5}, {"start_seconds": None}]
    write_lines(folder, *({**GOOD, **window} for window in windows))
    clips = read_captions(folder)
    assert [(clip.start_seconds, clip.end_seconds) for clip in clips] == [(0.0, 2.5), (2.5, None), (None, None)]
    assert not any(clip.metadata for clip in clips)
    write_captions(folder, clips, overwrite=True)
    assert read_captions(folder) == clips
    said = message(folder, {**GOOD, **windows[1]}, {**GOOD, **windows[1]})
    assert "'clips/a.mp4' is already in split 'train' on line 1, with the same window" in said


@pytest.mark.parametrize(
    ("window", "says"),
    [
        ({"start_seconds": "1"}, '"start_seconds" is "1"; give a number of seconds'),
        ({"end_seconds": True}, '"end_seconds" is true; give a number of seconds'),
        ({"start_seconds": 3, "end_seconds": 3}, "the window runs from 3.0 to 3.0 seconds"),
        ({"start_second": 3}, 'the key "start_second" is not known; write "start_seconds"'),
    ],
)
def test_a_window_that_makes_no_sense_is_named_with_its_line(folder, window, says):
    said = message(folder, GOOD, {**GOOD, **window})
    assert "line 2" in said
    assert says in said


def test_missing_video_files_are_counted_and_the_first_named(folder):
    lines = [GOOD, *({**GOOD, "video": f"gone/{number}.mp4"} for number in range(5)), {**GOOD, "video": "clips"}]
    text = message(folder, *lines)
    assert "6 of 7 video files are missing: 'gone/0.mp4', 'gone/1.mp4', 'gone/2.mp4' and 3 more; put them" in text


def test_only_the_files_of_the_split_asked_for_need_be_there(folder):
    write_lines(folder, GOOD, {**GOOD, "split": "test", "video": "gone.mp4"})
    assert len(read_captions(folder, "train")) == 1
    assert "1 of 1 video files are missing: 'gone.mp4';" in message(folder, split="test")


def test_a_missing_twin_is_named(folder):
    text = message(folder, {**GOOD, "twin": {"video": "clips/a-backwards.mp4", "captions": ["b"]}})
    assert "1 of 2 video files are missing: 'clips/a-backwards.mp4';" in text


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=12)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("data")
    names = st.lists(NAMES.filter(lambda n: n.strip() and n not in (".", "..")), min_size=2, max_size=6, unique=True)
    paths = [folder / f"v{number}" / name for number, name in enumerate(data.draw(names))]
    captions = st.lists(TEXTS, min_size=1, max_size=3).map(tuple)
    clips = [
        Clip(
            path,
            data.draw(captions),
            data.draw(st.sampled_from(["train", "test"])),
            data.draw(st.none() | st.builds(Twin, st.just(paths[-1]), captions)),
            data.draw(st.just({}) | JSON.map(lambda value: {"meaning": value, "extra 1": [value]})),
        )
        for path in paths[:-1]
    ]
    write_captions(folder, clips)
    for path in paths:
        path.parent.mkdir()
        try:
            path.touch()
        except OSError:  # a name of many wide characters can be too long for the file system
            return
    assert read_captions(folder) == clips


def test_writing_replaces_the_file_in_one_step_and_leaves_no_other(folder):
    write_lines(folder, GOOD)
    clip = Clip(folder / "clips/b.mp4", ("é",), "test")
    with pytest.raises(DatasetError, match="exists already"):
        write_captions(folder, iter([clip]))
    assert write_captions(folder, iter([clip]), overwrite=True) == folder / "captions.jsonl"
    text = (folder / "captions.jsonl").read_text(encoding="utf-8")
    assert text == '{"video": "clips/b.mp4", "captions": ["é"], "split": "test"}\n'
    assert sorted(path.name for path in folder.iterdir()) == ["captions.jsonl", "clips"]


@pytest.mark.parametrize(
    ("clip", "expected"),
    [
        (Clip(Path("elsewhere/a.mp4"), ("a",), "x"), "is not below"),
        (Clip(Path("FOLDER/../a.mp4"), ("a",), "x"), 'line 1: "video" is "../a.mp4"'),
        (Clip(Path("FOLDER/a.mp4"), (), "x"), 'line 1: "captions" is []'),
        (Clip(Path("FOLDER/a.mp4"), "a dog", "x"), 'line 1: "captions" is "a dog"'),
        (Clip(Path("FOLDER/a.mp4"), ("a",), "x", None, {"split": "y"}), "metadata has the key 'split'"),
        (Clip(Path("FOLDER/a.mp4"), ("a",), "x", None, {"meaning": {1, 2}}), "cannot be written as JSON (Object of"),
        (Clip(Path("FOLDER/a.mp4"), ("a",), "x", None, {"meaning": float("nan")}), "cannot be written as JSON (Out"),
        (Clip(Path("FOLDER/a.mp4"), ("a",), "x", Twin(Path("FOLDER/a.mp4"), ("b",))), '"twin.video" is the clip'),
    ],
)
def test_what_could_not_be_read_is_not_written(folder, clip, expected):
    write_lines(folder, GOOD)
    before = (folder / "captions.jsonl").read_bytes()
    moved = {"video": Path(str(clip.video).replace("FOLDER", str(folder)))}
    if clip.twin:
        moved["twin"] = Twin(Path(str(clip.twin.video).replace("FOLDER", str(folder))), clip.twin.captions)
    clip = Clip(**{**vars(clip), **moved})
    with pytest.raises(DatasetError) as caught:
        write_captions(folder, [clip])
    assert expected in str(caught.value)
    assert (folder / "captions.jsonl").read_bytes() == before


def test_writing_needs_clips_and_a_folder(folder):
    with pytest.raises(DatasetError, match="no clips to write"):
        write_captions(folder, [])
    with pytest.raises(DatasetError, match="no such folder; make it first"):
        write_captions(folder / "none", [])


def test_a_clip_is_hashable_and_frozen(folder):
    clip = Clip(folder / "a.mp4", ("a",), "x", None, {"meaning": ["not", "hashable"]})
    assert len({clip, clip}) == 1
    with pytest.raises(AttributeError):
        clip.split = "y"


def test_a_split_that_is_missing_comes_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "captions.jsonl").write_text('{"video": "a.mp4", "captions": ["a"], "split": "test"}\n')
    with pytest.raises(DatasetError, match=r"no clip is in split 'train'.*without --split writes train, val and test"):
        read_captions(tmp_path, "train")
