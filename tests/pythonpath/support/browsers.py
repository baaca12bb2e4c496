"""The browser in which the page is tried."""

from __future__ import annotations

import os
import shutil

import pytest

__all__ = ["BROWSERS", "find_browser"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str:
    """Return the program of a Chromium; without one, skip the test, or fail it where a browser is required.

    It is required where the variable ``FRAMECUE_BROWSER`` is ``required``, as in continuous integration.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is not None:
        return found
    reason = f"no browser ({', '.join(BROWSERS)}) is installed (Debian, Ubuntu: apt install chromium)"
    if os.environ.get("FRAMECUE_BROWSER") == "required":
        pytest.fail(f"{reason}, and here it has to be", pytrace=False)
    pytest.skip(reason)
