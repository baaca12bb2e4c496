"""The folder of the user's cache: what lies in it can be made anew, so it may be deleted at any time."""

from __future__ import annotations

import os
from pathlib import Path

from framecue.errors import InputError
from framecue.paths import user_path

__all__ = ["CACHE_VARIABLE", "user_cache"]

CACHE_VARIABLE = "FRAMECUE_CACHE"
"""Names another folder for the cache."""


def user_cache() -> Path:
    """Return the folder of what can be made anew; it need not exist.

    Raises:
        InputError: `FRAMECUE_CACHE` is no absolute path, or there is no home folder to keep a cache in.
    """
    if wanted := os.environ.get(CACHE_VARIABLE, ""):
        place = Path(user_path(wanted))
        if not place.is_absolute():
            raise InputError(f"{CACHE_VARIABLE} is {wanted!r}, which is no absolute path; name a folder from / on")
        return place
    from platformdirs import user_cache_path

    place = user_cache_path("framecue", appauthor=False)
    if not place.is_absolute():
        raise InputError(f"there is no home folder to keep a cache in; name a folder in {CACHE_VARIABLE}")
    return place
