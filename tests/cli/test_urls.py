"""A video in an object store can be named wherever a file can; nothing but a library is written there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecue.library import Library
from framecue.user_cache import CACHE_VARIABLE
from support.object_server import Bucket

URL = "s3://bucket/holiday.mp4"


@pytest.fixture
def uri(tmp_path: Path, clips: Path, colour_model) -> str:
    uri = str(tmp_path / "videos.lance")
    Library(uri, model=colour_model).add(clips)
    return uri


@pytest.mark.parametrize(
    "arguments",
    [
        ["index", "GONE", "--library", "LIBRARY"],
        ["search", "--video", "GONE", "--library", "LIBRARY"],
        ["search", "--video", "GONE", "--at", "1", "--library", "LIBRARY"],
        ["search", "--image", "GONE", "--library", "LIBRARY"],
        pytest.param(["clip", "GONE@0-1", "--output", "OUTPUT"], marks=pytest.mark.isolated),
        ["caption", "GONE", "--model", "colours"],
        ["words", "GONE", "--words-from", "subtitles"],
    ],
    ids=lambda arguments: " ".join(arguments[:3:2]),
)
def test_what_is_not_there_is_named_as_it_was_written(
    run, loader, bucket: Bucket, uri: str, tmp_path: Path, arguments: list[str]
) -> None:
    url = f"{bucket.url}/my films/holiday.mp4"
    places = {"LIBRARY": uri, "OUTPUT": str(tmp_path / "out.mp4")}
    result = run(*(places.get(argument, argument.replace("GONE", url)) for argument in arguments))
    assert result.code == 1
    assert result.err.strip().count("\n") == 0
    assert f"{url}: no such " in result.err or f"{url}: cannot be read (no such " in result.err


@pytest.mark.isolated
def test_a_video_there_is_indexed_searched_with_cut_and_described(
    run, loader, bucket: Bucket, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    url = bucket.put("my films/holiday.mp4", clips / "red.mp4")
    gone = f"{bucket.url}/gone.mp4"
    uri = str(tmp_path / "far.lance")
    indexed = run("index", url, gone, "--library", uri, "--model", "colours", "--json")
    document = json.loads(indexed.out)
    assert (indexed.code, document["added"]) == (0, 1)
    assert [(item["path"], item["reason"]) for item in document["skipped"]] == [
        (gone, "no such object, and nothing below it")
    ]
    found = json.loads(
        run("search", "--video", url, "--at", "0.5", "--library", uri, "--folder", bucket.url, "--json").out
    )
    (hit,) = found["results"]
    assert (hit["path"], round(hit["score"], 3)) == (url, 1.0)
    output = tmp_path / "out.mp4"
    made = run("clip", f"{url}@0-1", "--output", output, "--json")
    assert (json.loads(made.out)["path"], output.stat().st_size > 0) == (url, True)
    assert run("caption", url, "--model", "colours").code == 0
    words = run("words", url, "--words-from", "subtitles", "--library", uri, "--json")
    assert json.loads(words.out) == {"path": url, "words": []}


@pytest.mark.parametrize(
    "arguments",
    [
        ["clip", "CLIP@0-1", "--output", URL],
        ["clip", "CLIP@0-1", "CLIP@1-2", "--output", "s3://bucket/folder/"],
        ["search", "red", "--library", "LIBRARY", "--sheet", "s3://bucket/sheet.png"],
        ["search", "red", "--library", "LIBRARY", "--clip", "1", "--output", URL],
        ["demo", "--dir", "s3://bucket/demo"],
        ["moji-motion", "s3://bucket/data"],
        ["import-checkpoint", "x.pth", "--format", "x-pool", "--output", "s3://bucket/model"],
    ],
    ids=lambda arguments: " ".join(arguments[:1] + arguments[-1:]),
)
def test_nothing_is_written_there(run, loader, uri: str, clips: Path, tmp_path: Path, monkeypatch, arguments) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    places = {"LIBRARY": uri}
    result = run(*(places.get(word, word.replace("CLIP", str(clips / "red.mp4"))) for word in arguments))
    assert result.code == 1
    assert result.err.strip().count("\n") == 0
    assert result.err.startswith(f"Error: {arguments[-1]}: ")
    assert "in object stores and on the web cannot be" in result.err
    assert sorted(tmp_path.iterdir()) == before
