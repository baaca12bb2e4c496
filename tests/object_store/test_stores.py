from __future__ import annotations

import pytest

from framecue.errors import InputError, ObjectError
from framecue.object_store.objects import read_object, size_and_tag
from framecue.object_store.stores import PATIENCE_VARIABLE, patience_seconds, s3_endpoint, store_of
from framecue.object_store.urls import ObjectUrl
from support.object_server import Bucket, ObjectServer


def test_a_store_is_kept_for_its_bucket_and_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "one")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    one = store_of(ObjectUrl.parse("s3://bucket/a.mp4"))
    assert store_of(ObjectUrl.parse("s3://bucket/b/c.mp4")) is one
    assert store_of(ObjectUrl.parse("s3://other/a.mp4")) is not one
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "two")
    assert store_of(ObjectUrl.parse("s3://bucket/a.mp4")) is not one


@pytest.mark.parametrize("url", ["gs://bucket/a", "az://container/a", "file:///a"])
def test_other_stores_can_be_made(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "a2V5")
    assert store_of(ObjectUrl.parse(url)) is not None


def test_the_address_is_taken_from_the_usual_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert s3_endpoint() is None
    for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, f"http://{name}")
        assert s3_endpoint() == f"http://{name}"


def test_plain_http_needs_no_further_word(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    assert read_object(bucket.put("a", b"12"))[0] == b"12"


def test_an_address_that_would_be_asked_for_no_bucket_is_refused(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise all would seem to be absent."""
    url = bucket.put("a", b"12")
    monkeypatch.setenv("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true")
    with pytest.raises(ObjectError, match=r"AWS_VIRTUAL_HOSTED_STYLE_REQUEST is set, and .* unset the one, or put "):
        read_object(url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://{bucket.name}.store.example")
    assert store_of(ObjectUrl.parse(url)) is not None
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert store_of(ObjectUrl.parse(url)) is not None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost:9000",
        "store",
        "http://",
        "http://[::1",
        "http://my host",
        "HTTP://host",
        "http://h/?a=1",
        "ftp://h",
    ],
)
def test_what_is_no_address_is_said_to_be_none(address: str, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stores' own program would end this one."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    with pytest.raises(ObjectError, match=r"AWS_ENDPOINT_URL is no address of a store; write it as .* or unset it$"):
        read_object(f"{bucket.url}/a")


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"])
def test_a_setting_with_a_line_break_is_named_and_not_shown(
    name: str, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "hidden\n")
    with pytest.raises(ObjectError, match=rf"{name} has a line break or another control character in it") as raised:
        read_object(f"{bucket.url}/a")
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize("text", ["soon", "-1", "nan", "1e9"])
def test_a_patience_that_is_none(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATIENCE_VARIABLE, text)
    with pytest.raises(InputError, match=r"FRAMECUE_STORE_PATIENCE is .*; give a number of seconds from 0 to 86400"):
        patience_seconds()


def test_a_busy_store_is_asked_again(
    bucket: Bucket, object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert patience_seconds() == 60
    monkeypatch.setenv(PATIENCE_VARIABLE, "30")
    url = bucket.put("a", b"12")
    object_server.fault("status", status=503, times=3)
    assert size_and_tag(url).size_bytes == 2
    assert len(object_server.requests("HEAD")) == 4
