"""LanceDB's settings for a library."""

from __future__ import annotations

import pytest

from framecue.errors import InputError
from framecue.library.store.options import storage_options
from framecue.object_store.stores import PATIENCE_VARIABLE


def test_a_local_library_has_none() -> None:
    assert storage_options("/films.lance") is None


def test_patience_and_what_may_be_asked_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a secret")
    monkeypatch.delenv(PATIENCE_VARIABLE, raising=False)
    usual = {"client_max_retries": "1000", "client_retry_timeout": "60", "timeout": "120s", "connect_timeout": "10s"}
    assert storage_options("s3://bucket/l.lance") == usual
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    assert storage_options("s3://bucket/l.lance") == {**usual, "allow_http": "true"}
    assert storage_options("gs://bucket/l.lance") == usual
    monkeypatch.setenv(PATIENCE_VARIABLE, "0")
    assert (storage_options("s3://bucket/l.lance") or {})["client_max_retries"] == "0"
    monkeypatch.setenv(PATIENCE_VARIABLE, "long")
    with pytest.raises(InputError, match=PATIENCE_VARIABLE):
        storage_options("s3://bucket/l.lance")
