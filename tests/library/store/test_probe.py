"""Which stores are refused, and what the tries leave behind."""

from __future__ import annotations

import pytest

from framecue.errors import LibraryError
from framecue.library.store.probe import probe


@pytest.mark.parametrize(("ignored", "named"), [("absent", "If-None-Match"), ("match", "If-Match")])
def test_a_store_that_ignores_one_kind_of_condition_is_refused(bucket, object_server, ignored, named) -> None:
    object_server.ignore_conditions(ignored)
    with pytest.raises(LibraryError) as caught:
        probe(f"{bucket.url}/l.lance")
    assert f"its store ignores {named} " in str(caught.value)
    assert "or make the library on a disk" in str(caught.value)
    assert bucket.keys() == []
    object_server.heal()
    probe(f"{bucket.url}/l.lance")  # tried again, as it may have been mended


def test_each_bucket_is_tried_once_and_nothing_stays(bucket, object_server) -> None:
    probe(f"{bucket.url}/l.lance")
    assert bucket.keys() == []
    object_server.forget_requests()
    probe(f"{bucket.url}/another.lance")
    assert object_server.requests() == []


def test_an_answer_that_is_lost_is_no_reason_to_refuse(bucket, object_server) -> None:
    object_server.fault("lost", status=0, method="PUT", after=1, times=3)
    object_server.fault("lost", status=503, method="PUT", after=2, times=4)
    probe(f"{bucket.url}/l.lance")
    assert bucket.keys() == []


def test_a_store_that_cannot_be_written_to_says_why(bucket, object_server) -> None:
    object_server.fault("status", status=403, code="AccessDenied", method="PUT", times=None)
    with pytest.raises(LibraryError, match=r"^library s3://\S+/l\.lance cannot be written: access denied; "):
        probe(f"{bucket.url}/l.lance")
