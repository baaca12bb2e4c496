from __future__ import annotations

import io

import pytest
from PIL import Image

from framecue.cli.kept_pictures import open_kept_picture


def packed(size: tuple[int, int], kind: str = "WEBP") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, "red").save(data, kind)
    return data.getvalue()


def test_a_small_picture_is_opened() -> None:
    picture = open_kept_picture(packed((40, 20)))
    assert picture is not None
    assert (picture.mode, picture.size) == ("RGB", (40, 20))


@pytest.mark.parametrize("stored", [None, b"", b"no picture", packed((1200, 8)), packed((40, 20), "PNG")])
def test_anything_else_is_none(stored: bytes | None) -> None:
    assert open_kept_picture(stored) is None
