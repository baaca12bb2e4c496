from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.timelines.plain_text import plain, plain_stem


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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Käse 猫", "Käse 猫"),
        ("..\\..\\Start Menu\\x", "_.._Start Menu_x"),
        ("../x", "_x"),
        ('a:b*c?"d"<e>|f', "a_b_c__d__e__f"),
        ("new\nline\u202egpj", "new linegpj"),
        ("b\udcffd", "b\ufffdd"),
        ("..", "video"),
        ("\u202e", "video"),
        ("猫" * 99, "猫" * 40),
        ("a" * 119 + "猫", "a" * 119),
    ],
)
def test_a_part_of_a_name_leads_nowhere_and_can_be_saved(text: str, name: str) -> None:
    assert plain_stem(text, longest_bytes=120) == name
