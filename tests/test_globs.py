from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from framecue.globs import Glob, NameGlob, names_of

# Signs that mean something to globs and to regular expressions, neighbours of "/", a newline, letters of other scripts.
LETTERS = "aaabB-]![*?.0+^\\$(){}|&~#<> \n\x85\u2028\u00e9\u65e5\U0001f600"


def slow(glob: str, name: str) -> bool:
    """Whether a name is meant: every reading of the glob is tried, one character after the other."""
    if not glob:
        return not name
    if glob[0] == "*":
        return any(slow(glob[1:], name[start:]) for start in range(len(name) + 1))
    if not name:
        return False
    if glob[0] == "?":
        return slow(glob[1:], name[1:])
    end = next((i for i in range(2, len(glob)) if glob[i] == "]" and glob[1:i] != "!"), None)
    if glob[0] == "[" and end is not None:
        is_not = glob[1] == "!"
        wanted = glob[2:end] if is_not else glob[1:end]
        return slow_set(wanted, name[0]) != is_not and slow(glob[end + 1 :], name[1:])
    return glob[0] == name[0] and slow(glob[1:], name[1:])


def slow_set(wanted: str, char: str) -> bool:
    if len(wanted) >= 3 and wanted[1] == "-":
        return wanted[0] <= char <= wanted[2] or slow_set(wanted[3:], char)
    return bool(wanted) and (char == wanted[0] or slow_set(wanted[1:], char))


def slow_path(glob: Sequence[str], path: Sequence[str]) -> bool:
    if not glob:
        return not path
    if glob[0] == "**":
        return any(slow_path(glob[1:], path[start:]) for start in range(len(path) + 1))
    return bool(path) and slow(glob[0], path[0]) and slow_path(glob[1:], path[1:])


names = st.text(LETTERS, min_size=1, max_size=6).filter(lambda name: name not in (".", ".."))
# Random signs are seldom a set that closes, so there are some that do.
sets = st.builds("[{}{}]".format, st.sampled_from(["", "!"]), st.text(LETTERS, min_size=1, max_size=4))
name_globs = (
    st.lists(st.one_of(st.sampled_from([*LETTERS, "*", "*", "?"]), sets), min_size=1, max_size=6)
    .map("".join)
    .filter(lambda glob: glob not in (".", "..", "**"))
)


@settings(max_examples=200, deadline=None)
@given(name_globs, names)
@example("[]a]*", "]x")
@example("[!]a]", "]")
@example("[!]", "[!]")
@example("[a", "[a")
@example("[b-a]", "b")
@example("[!b-a]", "\n")
@example("[a-]", "-")
@example("[--0]", ".")
@example("*a*a", "aa")
@example("*a*a", "a")
@example("a*a", "a")
@example("a?c", "a\nc")
@example("*b", "ab\n")
@example("ab", "ab\n")
def test_a_name_is_matched_as_by_a_slow_reading(glob: str, name: str) -> None:
    found = NameGlob(glob).matches(name)
    assert found == slow(glob, name)
    # The grammar is Python's own, but for a mistake of its: "[b-a!]", of which it leaves "[!]", means any sign to it.
    if not re.search(r"\[(?!!)(.-.)+!\]", glob, re.DOTALL):
        assert found == fnmatchcase(name, glob)


@settings(max_examples=100, deadline=None)
@given(st.data(), name_globs)
def test_a_name_made_from_a_glob_is_matched(data: st.DataObject, glob: str) -> None:
    name = glob
    for sign, filler in (("*", st.text(LETTERS, max_size=3)), ("?", st.sampled_from(LETTERS))):
        while sign in name:
            name = name.replace(sign, data.draw(filler.filter(lambda text: not set(text) & set("*?"))), 1)
    assert NameGlob(glob).matches(name) == slow(glob, name)


paths = st.lists(st.sampled_from(["a", "b", "ab", "x.mp4", "a\nb"]), max_size=6)
path_globs = st.lists(st.sampled_from(["**", "**", "*", "a", "b", "a*", "?", "[!a]", "*b"]), min_size=1, max_size=6)


@settings(max_examples=200, deadline=None)
@given(path_globs, paths)
@example(["**"], [])
@example(["a", "**"], ["a"])
@example(["**", "a", "**", "a"], ["a"])
@example(["**", "a", "b"], ["a", "a", "b"])
def test_a_path_is_matched_as_by_a_slow_reading(glob: list[str], path: list[str]) -> None:
    assert Glob("/".join(glob)).matches(path) == slow_path(glob, path)


@settings(max_examples=100, deadline=None)
@given(path_globs, paths)
def test_the_pattern_of_a_path_says_the_same(glob: list[str], path: list[str]) -> None:
    pattern = Glob("/".join(glob)).pattern
    text = "".join(f"/{name}" for name in path)
    assert bool(re.fullmatch(pattern, text)) == slow_path(glob, path)


@settings(max_examples=100, deadline=None)
@given(name_globs, names)
def test_the_pattern_of_a_name_says_the_same(glob: str, name: str) -> None:
    assert bool(re.fullmatch(NameGlob(glob).pattern, name)) == slow(glob, name)


@settings(deadline=None)
@given(name_globs)
def test_no_pattern_takes_the_end_of_a_name(glob: str) -> None:
    # "[+-9]" has the slash between its ends.
    assert not re.fullmatch(NameGlob(f"a{glob}b").pattern, "a/b")
    assert not re.fullmatch(NameGlob("[+-9]").pattern, "/")


def test_many_double_stars_compare_each_name_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    matches = NameGlob.matches

    def counting(self: NameGlob, name: str) -> bool:
        nonlocal compared
        compared += 1
        return matches(self, name)

    monkeypatch.setattr(NameGlob, "matches", counting)
    glob = Glob("**/a/" * 25 + "nope.mp4")
    assert not glob.matches(["a"] * 25 + ["yes.mp4"])
    assert 0 < compared <= len(glob.names) * 26
    assert Glob("**/a/" * 25 + "yes.mp4").matches(["a"] * 25 + ["yes.mp4"])


def test_many_stars_in_one_name_look_for_each_piece_once() -> None:
    # A regular expression with all these stars would not end in the life of a person.
    assert not NameGlob("*a" * 60 + "b").matches("a" * 5000)
    assert NameGlob("*a" * 60 + "*").matches("a" * 5000)
    assert not NameGlob("*[ab]?" * 60 + "c").matches("ab" * 2500)


def test_kinds_of_globs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/me")
    kinds = {text: (Glob(text).is_one_name, Glob(text).is_absolute) for text in ("a", "a/", "./a", "a/b", "/a", "~/a")}
    assert kinds == {
        **{"a": (True, False), "a/": (True, False), "./a": (False, False), "a/b": (False, False)},
        **{"/a": (False, True), "~/a": (False, True)},
    }
    assert Glob("~/a").matches(["me", "a"])
    assert Glob(".//a").matches(["a"])
    assert not Glob(".//a").is_absolute
    assert Glob("~nobody-here").matches(["~nobody-here"])


@pytest.mark.parametrize("text", ["", ".", "./", "././"])
def test_a_glob_without_a_name_matches_no_name(text: str) -> None:
    glob = Glob(text)
    assert glob.names == ()
    assert not glob.is_one_name
    assert not glob.matches(["a"])


@pytest.mark.parametrize("path", ["/a/b", "a//b/", "./a/./b", "/"])
def test_names_of_a_path_are_those_of_pathlib(path: str) -> None:
    assert names_of(path) == [part for part in Path(path).parts if part != "/"]


# Letters and syllables that have several spellings, an accent that makes no character with its letter, others.
SIGNS = ["a", "e", "K", "é", "ế", "が", "か", "한", "하", "Å", "\u212b", "x\u0301", "x", "日", "-", "豈", "\u0301"]
composed_names = st.lists(st.sampled_from(SIGNS), min_size=1, max_size=5).map("".join)
set_texts = st.builds(
    "[{}{}]".format,
    st.sampled_from(["", "!"]),
    st.one_of(composed_names, st.sampled_from(["a-z", "à-ü", "가-힣", "a-\uffff", "ぁ-ん", "!-~", "\u0300-\u036f"])),
)
composed_globs = st.lists(st.one_of(st.sampled_from([*SIGNS, "*", "?"]), set_texts), min_size=1, max_size=4).map(
    "".join
)


@settings(max_examples=40, deadline=None)
@given(composed_globs, composed_names, st.lists(st.sampled_from(["NFC", "NFD", None]), min_size=5, max_size=5))
@example("caf?.mp4", "café.mp4", ["NFD"] * 5)
@example("cafe*", "café.mp4", ["NFD"] * 5)
@example("[!é]x", "éx", ["NFD"] * 5)
@example("[à-ü]x", "éx", ["NFD"] * 5)
@example("[!a-z]", "x\u0301", [None] * 5)
@example("???", "한글이", ["NFD"] * 5)
@example("[가-힣]*", "한a", ["NFD"] * 5)
@example("*\u0301", "é", ["NFD"] * 5)
def test_a_name_means_the_same_in_each_form(glob: str, name: str, forms: list[str | None]) -> None:
    written = [name]
    written += [unicodedata.normalize(form, name) for form in ("NFC", "NFD")]
    # Each letter in a form of its own, as a name that went through several systems.
    letters = [name[place : place + 1] for place in range(len(name))]
    whole = "".join(map(_in_form, letters, [*forms, *[None] * len(letters)]))
    if unicodedata.normalize("NFC", whole) == unicodedata.normalize("NFC", name):
        written.append(whole)
    found = {NameGlob(one).matches(text) for one in _both(glob) for text in written}
    assert len(found) == 1
    for one in _both(glob):
        pattern = NameGlob(one).pattern
        assert {bool(re.fullmatch(pattern, text)) for text in written} == found, pattern


def _both(text: str) -> list[str]:
    """Its forms, each once."""
    return list(dict.fromkeys(unicodedata.normalize(form, text) for form in ("NFC", "NFD")))


def _in_form(letter: str, form: str | None) -> str:
    return letter if form is None else unicodedata.normalize(form, letter)


@pytest.mark.parametrize(
    ("glob", "name", "matches"),
    [
        ("café.mp4", "cafe\u0301.mp4", True),
        ("cafe.mp4", "cafe\u0301.mp4", False),
        ("cafe*", "cafe\u0301.mp4", False),
        ("caf?.mp4", "cafe\u0301.mp4", True),
        ("cafe?.mp4", "cafe\u0301.mp4", False),
        ("[é]", "e\u0301", True),
        ("[!e]", "e\u0301", True),
        ("[!é]", "e\u0301", False),
        ("??.mp4", "\u1112\u1161\u11ab\u1100\u1173\u11af.mp4", True),
        ("한글*", "\u1112\u1161\u11ab\u1100\u1173\u11af.mp4", True),
        ("\u212b", "A\u030a", True),
        ("x\u0301*", "x\u0301y", True),
        ("x*", "x\u0301y", False),
    ],
)
def test_an_accented_letter_is_one_character(glob: str, name: str, matches: bool) -> None:
    for one in _both(glob):
        for text in (name, *_both(name)):
            assert NameGlob(one).matches(text) is matches
            assert bool(re.fullmatch(NameGlob(one).pattern, text)) is matches


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("s3://bucket/v/*.mp4", "s3://bucket/v/a.mp4", True),
        ("S3://bucket//v/*.mp4", "s3://bucket/v/a.mp4", True),
        ("s3://bucket/**/a.mp4", "s3://bucket/a.mp4", True),
        ("s3://bucket/**/a.mp4", "s3://bucket/v/w/a.mp4", True),
        ("s3://b*/v", "s3://bucket/v", True),
        ("file:///v/*.mp4", "file:///v/a.mp4", True),
        ("s3://bucket/v/*.mp4", "s3://bucket/v/w/a.mp4", False),
        ("s3://bucket/*.mp4", "s3://bucket2/a.mp4", False),
        ("s3://bucket/v", "/s3:/bucket/v", False),
        ("/bucket/v", "s3://bucket/v", False),
    ],
)
def test_globs_of_urls_match_whole_ones(glob: str, path: str, expected: bool) -> None:
    parsed = Glob(glob)
    assert parsed.is_absolute
    assert (re.fullmatch(parsed.pattern, path) is not None) == expected
    if path.startswith(("s3", "file")):
        assert parsed.matches(names_of(path)) == expected
