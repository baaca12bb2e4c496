from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.timelines.plain_text import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a dog", "a dog"),
        (" a\n dog\t\r\nruns\x1b[0m ", "a dog runs [0m"),
        ("Käse, 「猫」 👩‍🚀.mp4", "Käse, 「猫」 👩‍🚀.mp4"),
        ("b\udcffd", "b\ufffdd"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\u2028b", "a b"),
        ("\0", ""),
    ],
)
def test_a_text_becomes_one_line_that_any_program_can_read(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(st.characters()), st.integers(2, 40))
def test_it_is_one_line_of_utf8_and_no_longer_than_allowed(text: str, longest: int) -> None:
    line = plain(text, longest=longest)
    assert len(line) <= longest
    assert len(line.splitlines()) <= 1
    assert plain(line) == line
    line.encode()
