from __future__ import annotations

import os
from pathlib import Path

import pytest

from framecue.errors import InputError, ObjectError
from framecue.object_store.urls import ObjectUrl, as_url, normal_url, noted_path


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("S3://Bucket/Videos/", "s3://Bucket/Videos"),
        ("s3://bucket//a///b.mp4", "s3://bucket/a/b.mp4"),
        ("gs://bucket/a.mp4", "gs://bucket/a.mp4"),
        ("az://container/a.mp4", "az://container/a.mp4"),
        ("file:///videos/a.mp4", "file:///videos/a.mp4"),
        # What is special in a web address is part of a key like any letter.
        ("s3://bucket/a b#1?x=%20&+.mp4", "s3://bucket/a b#1?x=%20&+.mp4"),
        ("s3://bucket/über/ビデオ.mp4", "s3://bucket/über/ビデオ.mp4"),
        ("s3://bucket/..a/b..mp4", "s3://bucket/..a/b..mp4"),
        ("s3://bucket/a://b", "s3://bucket/a:/b"),
    ],
)
def test_urls_have_one_form(written: str, normal: str) -> None:
    assert normal_url(written) == normal_url(normal) == normal


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://example.org/a.mp4", "download it, and name the file"),
        ("ftp://host/a.mp4", "these are: s3://, gs://, az://, file://"),
        ("s3://", "names no bucket; write s3://BUCKET/KEY"),
        ("s3:///a.mp4", "names no bucket"),
        ("s3://my bucket/a.mp4", "s3://my bucket/a.mp4: no bucket has such a name"),
        ("s3://b\u00fccket/a.mp4", "no bucket has such a name"),
        ("s3://bucket\n/a.mp4", "no bucket has such a name"),
        ("s3://bucket/a/../b.mp4", "rename it"),
        ("s3://bucket/./b.mp4", "rename it"),
        ("s3://bucket/a\n.mp4", r"a\\n.mp4: has '.', '..' or a control character"),
        ("s3://bucket/\udcff.mp4", "not valid UTF-8"),
        ("videos/a.mp4", "no place in an object store"),
    ],
)
def test_what_no_object_can_be_called(url: str, reason: str) -> None:
    with pytest.raises(ObjectError, match=reason) as raised:
        ObjectUrl.parse(url)
    assert raised.value.cause == "name"
    assert str(raised.value).encode().decode().count("\n") == 0


def test_keys_before_the_bucket_are_not_shown() -> None:
    with pytest.raises(ObjectError, match=r"no bucket has such a name, .* into the environment") as raised:
        ObjectUrl.parse("s3://somebody:secret@bucket/a.mp4")
    assert "secret" not in str(raised.value) + raised.value.url


def test_the_parts_of_a_url() -> None:
    url = ObjectUrl.parse("s3://bucket/a/b.mp4")
    assert url == ("s3", "bucket", "a/b.mp4")
    assert (url.name, str(url.place), str(url.with_key("c"))) == ("b.mp4", "s3://bucket", "s3://bucket/c")
    assert (ObjectUrl.parse("s3://bucket").name, str(ObjectUrl.parse("file:///a").place)) == ("", "file:///")


def test_a_path_that_was_a_url_is_one_again() -> None:
    assert as_url("s3://bucket/a.mp4") == as_url(Path("s3://bucket/a.mp4")) == "s3://bucket/a.mp4"
    assert as_url("videos/a.mp4") is as_url(Path("videos")) is as_url("s3:/bucket") is None


def test_what_a_library_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert noted_path("S3://bucket/v/") == noted_path(Path("s3://bucket/v")) == "s3://bucket/v"
    assert noted_path("a.mp4") == os.fspath(tmp_path / "a.mp4")
    with pytest.raises(InputError, match="download it"):
        noted_path("https://example.org/a.mp4")
