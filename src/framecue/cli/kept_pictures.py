"""The small pictures that a library keeps, opened with care, as a library may be anybody's."""

from __future__ import annotations

import io
import warnings

from PIL import Image

__all__ = ["open_kept_picture"]

# Those in libraries are much smaller.
_LONGEST_SIDE = 1024


def open_kept_picture(stored: bytes | None) -> Image.Image | None:
    """Return the picture that a library keeps, RGB; None if it is not a small one, or no picture."""
    if not stored:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is looked at below
            # Opening reads the size and decodes nothing.
            with Image.open(io.BytesIO(stored), formats=["WEBP"]) as picture:
                return picture.convert("RGB") if max(picture.size) <= _LONGEST_SIDE else None
    except (OSError, Image.DecompressionBombError):  # not a picture that Pillow can read
        return None
