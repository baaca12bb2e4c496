from __future__ import annotations

from framecue.library.search.snippets import snippet


def test_a_short_text_is_shown_in_one_line() -> None:
    assert snippet("one\ntwo\tthree", [(4, 7)]) == ("one two three", ((4, 7),))
    assert snippet("", []) == ("", ())


def test_a_long_text_is_cut_around_what_was_found() -> None:
    text = "x" * 300 + " needle " + "y" * 300 + " needle"
    shown, spans = snippet(text, [(301, 307), (609, 615)], longest=60)
    assert len(shown) == 62
    assert (shown[0], shown[-1]) == ("\u2026", "\u2026")
    assert [shown[start:end] for start, end in spans] == ["needle"]
    shown, spans = snippet("needle " + "z" * 100, [(0, 6)], longest=20)
    assert (shown, spans) == ("needle " + "z" * 13 + "\u2026", ((0, 6),))
    assert snippet("z" * 30, [], longest=20) == ("z" * 20 + "\u2026", ())
