"""Objects as open files: as they were indexed, read by ranges, and named when they are gone."""

from __future__ import annotations

import pytest

from framecue.errors import AwayError, GoneError, VideoError
from framecue.library.files.mixed import ALL_FILES
from framecue.service.media.object_files import find_unchanged_object, open_object_file
from support.object_server import Bucket, ObjectServer


def test_what_is_asked_for_is_read(bucket: Bucket, object_server: ObjectServer) -> None:
    content = bytes(range(256)) * 20_000
    url = bucket.put("films/a.mp4", content)
    state = ALL_FILES.state(url)
    object_server.forget_requests()
    with open_object_file(url, state) as file:
        assert file.seek(0, 2) == len(content)
        file.seek(3 << 20)
        assert file.read(1000) == content[3 << 20 : (3 << 20) + 1000]
    asked = [(request.method, request.sent) for request in object_server.requests()]
    assert asked == [("HEAD", 0), ("GET", 128 << 10)]
    assert find_unchanged_object(url, state).size_bytes == len(content)


def test_what_is_gone_or_has_changed_or_cannot_be_read_is_named_by_its_name_alone(
    bucket: Bucket, object_server: ObjectServer
) -> None:
    url = bucket.put("films/a.mp4", b"a film")
    state = ALL_FILES.state(url)
    with open_object_file(url, state) as file:
        bucket.put("films/a.mp4", b"a song")
        with pytest.raises(VideoError, match="it changed while it was being read"):
            file.read(3)
    with pytest.raises(GoneError, match=r"^a\.mp4 has changed since it was indexed; index its folder again$"):
        open_object_file(url, state)
    object_server.fault("status", status=403, code="AccessDenied", method="HEAD")
    with pytest.raises(AwayError, match=r"^a\.mp4 cannot be read \(access denied; "):
        open_object_file(url, state)
    bucket.delete("films/a.mp4")
    with pytest.raises(GoneError, match=r"^a\.mp4 is no longer where it was indexed; put it back, or index"):
        find_unchanged_object(url, state)
