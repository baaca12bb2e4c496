from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest

from framecue.errors import ObjectError
from framecue.object_store.listing import list_objects
from framecue.object_store.objects import put, read_range, size_and_tag
from framecue.object_store.stores import PATIENCE_VARIABLE
from support.object_server import Bucket, ObjectServer


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATIENCE_VARIABLE, "0")


def refusal(action, *arguments) -> ObjectError:
    with pytest.raises(ObjectError) as raised:
        list(action(*arguments)) if action is list_objects else action(*arguments)
    assert "\n" not in str(raised.value)
    assert "Debug" not in str(raised.value)
    return raised.value


def test_no_such_object(bucket: Bucket) -> None:
    for action in (size_and_tag, lambda url: read_range(url, 0, 5)):
        error = refusal(action, f"{bucket.url}/none.mp4")
        assert (str(error), error.cause) == (f"{bucket.url}/none.mp4: no such object", "absent")


def test_no_such_bucket(bucket: Bucket) -> None:
    for action in (list_objects, lambda url: read_range(f"{url}/a", 0, 5), lambda url: put(f"{url}/a", b"x")):
        error = refusal(action, "s3://no-such-bucket")
        assert error.cause == "no bucket"
        assert "there is no bucket 'no-such-bucket'" in error.reason


@pytest.mark.parametrize(
    ("status", "code", "cause", "says"),
    [
        (403, "AccessDenied", "denied", "access denied"),
        (403, "InvalidAccessKeyId", "denied", r"does not know these credentials \(InvalidAccessKeyId\); set AWS_ACC"),
        (403, "SignatureDoesNotMatch", "denied", r"does not know these credentials \(SignatureDoesNotMatch\)"),
        (503, "SlowDown", "unreachable", r"too busy or failing \(HTTP status 503\); try again later"),
        (429, "TooManyRequests", "unreachable", "HTTP status 429"),
        (500, "InternalError", "unreachable", "HTTP status 500"),
        (409, "Odd", None, r"the store refused \(HTTP status 409, Odd\)"),
    ],
)
def test_a_refusal_is_one_sentence(
    bucket: Bucket, object_server: ObjectServer, status: int, code: str, cause: str | None, says: str
) -> None:
    url = bucket.put("a.mp4", b"1234")
    object_server.fault("status", status=status, code=code, method="GET", times=None)
    for action, place in ((list_objects, bucket.url), (lambda url: read_range(url, 0, 4), url)):
        error = refusal(action, place)
        assert error.cause == cause
        assert re.search(says, error.reason)
        assert str(error).startswith(place)


def test_a_store_that_is_not_there(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    error = refusal(size_and_tag, f"{bucket.url}/a.mp4")
    assert error.cause == "unreachable"
    assert "cannot be reached" in error.reason
    assert "AWS_ENDPOINT_URL" in error.reason


@pytest.mark.parametrize("variable", ["AWS_EC2_METADATA_DISABLED", "AWS_METADATA_ENDPOINT"])
def test_no_credentials(bucket: Bucket, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    # Where it would otherwise ask for them.
    monkeypatch.setenv(variable, "true" if variable.endswith("DISABLED") else "http://127.0.0.1:9")
    error = refusal(size_and_tag, f"{bucket.url}/a.mp4")
    assert error.cause == "no credentials"
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in error.reason


def test_it_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(ObjectError("s3://b/a", "no such object", cause="absent")))
    assert (error.url, error.reason, error.cause) == ("s3://b/a", "no such object", "absent")
