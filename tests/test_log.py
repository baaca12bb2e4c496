from __future__ import annotations

import logging
from pathlib import Path

import pytest

from framecue.log import log_skipped, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/a b.mp4", "/a b.mp4"),
        ("/é中.mp4", "/é中.mp4"),
        ("a\nb", r"a\nb"),
        ("\udcff", r"\udcff"),
        ("\x1b[m", r"\x1b[m"),
    ],
)
def test_what_is_logged_is_one_line_of_text(text: str, shown: str) -> None:
    assert printable(text) == shown
    printable(text).encode()


def test_a_file_that_is_left_out_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    log_skipped(Path("/a.mp4"), "no\nvideo")
    assert caplog.record_tuples == [("framecue", logging.WARNING, r"skipped /a.mp4: no\nvideo")]
