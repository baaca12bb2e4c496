from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from shutil import copytree

import pytest

from framecue.library.store import Store, WordMatch, passing
from framecue.library.store import word_search as module
from framecue.words.timed_text import Kind, TimedText, TimedWord


def line(start: float, text: str, language: str | None = "en", kind: Kind = "said") -> TimedText:
    """Return a line of 4 seconds whose words are half a second each, one after another."""
    words, place = [], start
    for word in text.split():
        words.append(TimedWord(place, place + 0.5, f" {word}"))
        place += 0.5
    return TimedText(start, start + 4, text, kind, language, None, tuple(words))


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Store:
    """A copy of the library of two films, for one test."""
    return Store.open(str(copytree(made, tmp_path / "made.lance")))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, make_store_at: Callable[..., Store]) -> Path:
    """A library of two films of one minute; the first half and the second half of each are a segment."""
    place = tmp_path_factory.mktemp("films") / "made.lance"
    made = make_store_at(
        place,
        [
            {"path": path, "start_seconds": start, "end_seconds": start + 30}
            for path in ("/a.mp4", "/b/b.mp4")
            for start in (0, 30)
        ],
    )
    first, second = "id of /a.mp4", "id of /b/b.mp4"
    made.words.write(
        first,
        "speech",
        [
            line(0, "We were buying houses, at last."),
            line(4, "Then we signed the"),
            line(8, "mortgage and lived"),
            line(12, "happily ever after, we were told"),
            line(40, "Buying a house is hard"),
        ],
    )
    made.words.write(first, "screen", [TimedText(1, 6, "HOUSES FOR SALE", "written", None)])
    made.words.write(
        second,
        "speech",
        [
            line(0, "Wir haben Häuser gekauft", "de"),
            line(10, "私は東京都に住んでいます", "ja"),
            line(20, "buying a house", None),
        ],
    )
    return place


def brief(matches: Sequence[WordMatch]) -> list[tuple[str, float, float]]:
    return sorted((match.path, match.start_seconds, match.end_seconds) for match in matches)


def test_words_are_found_in_all_their_forms_in_their_language(store: Store) -> None:
    assert brief(store.search_words("bought houses", limit=9)) == [
        ("/a.mp4", 0, 4),
        ("/a.mp4", 1, 6),  # the title, in no known language, has this very form
        ("/a.mp4", 40, 44),
    ]
    assert brief(store.search_words("Haus kaufen", limit=9)) == [("/b/b.mp4", 0, 4)]
    assert [match.text for match in store.search_words("a HOUSE", limit=9, where="path = '/b/b.mp4'")] == [
        "buying a house"
    ]


def test_a_match_tells_what_was_found_and_by_whom(store: Store) -> None:
    match = store.search_words("house", limit=9, where="path = '/a.mp4'", kinds=["said"])[0]
    assert (match.video_id, match.path, match.kind, match.source, match.language) == (
        "id of /a.mp4",
        "/a.mp4",
        "said",
        "speech",
        "en",
    )
    assert match.score > 0
    assert [match.text[start:end] for start, end in match.spans] in (["houses"], ["house"])


def test_words_that_stand_apart_have_times_within_their_line(store: Store) -> None:
    (match,) = store.search_words("buy last", limit=9, where="path = '/a.mp4' AND start_seconds = 0", kinds=["said"])
    (houses,) = store.search_words("houses", limit=9, where="path = '/a.mp4' AND start_seconds = 0", kinds=["said"])
    assert (houses.start_seconds, houses.end_seconds, houses.words_seconds) == (0, 4, (1.5, 2))
    assert (match.text[match.spans[0][0] : match.spans[-1][1]], match.words_seconds) == (
        "buying houses, at last",
        (1, 3),
    )
    (title,) = store.search_words("houses", kinds=["written"], limit=9)
    assert title.words_seconds is None


def test_kinds_of_words_are_told_apart(store: Store) -> None:
    assert brief(store.search_words("houses", kinds=["written"], limit=9)) == [("/a.mp4", 1, 6)]
    assert all(match.kind == "said" for match in store.search_words("houses", kinds=["said"], limit=9))
    assert store.search_words("houses", kinds=[], limit=9) == []


def test_a_phrase_has_the_times_of_its_own_words(store: Store) -> None:
    (match,) = store.search_words("buying HOUSES", phrase=True, limit=9)
    assert (match.start_seconds, match.end_seconds) == (1, 2)
    assert [match.text[start:end] for start, end in match.spans] == ["buying houses"]
    assert store.search_words("houses buying", phrase=True, limit=9) == []


def test_a_phrase_may_run_over_lines(store: Store) -> None:
    (match,) = store.search_words("signed the mortgage", phrase=True, limit=9)
    assert (match.start_seconds, match.end_seconds) == (5, 8.5)
    assert match.text == "Then we signed the mortgage and lived"
    assert [match.text[start:end] for start, end in match.spans] == ["signed the mortgage"]
    long = "we signed the mortgage and lived happily ever after"
    (match,) = store.search_words(long, phrase=True, limit=9)
    assert (match.start_seconds, match.end_seconds) == (4.5, 13.5)
    assert store.search_words(f"{long} all", phrase=True, limit=9) == []
    # Half a minute of silence is in between.
    assert store.search_words("were told buying a house", phrase=True, limit=9) == []


def test_a_phrase_is_found_in_a_last_line_that_ends_as_it_begins(store: Store) -> None:
    for lines in (["Hard times are hard"], ["So it goes.", "Hard times are hard", "hard times, hard"]):
        store.words.write("id of /b/b.mp4", "speech", [line(4 * number, text) for number, text in enumerate(lines)])
        found = store.search_words("hard times", phrase=True, limit=9)
        assert len(found) == sum(text.lower().count("hard times") for text in lines)


def test_lines_in_which_others_go_on_are_told_from_those_of_the_same_number(store: Store) -> None:
    for name in ("/a.mp4", "/b/b.mp4"):
        lines = [line(10 * number, f"{name[-5]} says yes" if number % 3 else "nobody") for number in range(20)]
        lines += [line(10 * number + 2, "indeed now") for number in range(0, 20, 2)]
        store.words.write(f"id of {name}", "subtitles", sorted(lines, key=lambda text: text.start_seconds))
    found = store.search_words("yes indeed now", phrase=True, limit=99)
    places = [10 * number + 1 for number in range(0, 20, 2) if number % 3]
    assert sorted((match.path, match.start_seconds) for match in found) == [
        (path, start) for path in ("/a.mp4", "/b/b.mp4") for start in places
    ]


def test_each_place_of_a_phrase_is_a_match(store: Store) -> None:
    assert brief(store.search_words("we were", phrase=True, limit=9)) == [("/a.mp4", 0, 1), ("/a.mp4", 13.5, 14.5)]


def test_a_phrase_without_word_times_has_those_of_its_line(store: Store) -> None:
    (match,) = store.search_words("for sale", phrase=True, limit=9)
    assert (match.start_seconds, match.end_seconds, match.text) == (1, 6, "HOUSES FOR SALE")


def test_scripts_without_spaces_are_found_in_parts(store: Store) -> None:
    for text, phrase in (("東京", False), ("東京都", False), ("京都に", True)):
        (match,) = store.search_words(text, phrase=phrase, limit=9)
        assert (match.path, match.language) == ("/b/b.mp4", "ja")
        assert "".join(match.text[start:end] for start, end in match.spans).startswith(text)
    assert store.search_words("京東", phrase=True, limit=9) == []


def test_filters_are_on_the_segments_in_which_words_lie(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for few in (500, 0):
        monkeypatch.setattr(passing, "_FEW_VIDEOS", few)
        found = store.search_words("buying", limit=9, where="path LIKE '/b/%'")
        assert brief(found) == [("/b/b.mp4", 20, 24)]
        found = store.search_words("buying", limit=9, where="start_seconds >= 30")
        assert brief(found) == [("/a.mp4", 40, 44)]
        assert store.search_words("buying", limit=9, where="path = '/c.mp4'") == []


def test_what_passes_is_looked_for_deeper_until_it_is_enough(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_LIMIT", 1)
    monkeypatch.setattr(passing, "_FEW_VIDEOS", 0)
    lines = [line(20, "a house, a house, a house")] * 5
    store.words.write("id of /a.mp4", "subtitles", lines)
    found = store.search_words("house", limit=1, where="path = '/b/b.mp4'")
    assert brief(found) == [("/b/b.mp4", 20, 24)]


def test_words_of_what_the_library_no_longer_holds_are_not_found(store: Store) -> None:
    store.words.write("gone", "speech", [line(0, "an unheard word")])
    assert store.search_words("unheard", limit=9) == []


def test_sound_after_the_last_picture_is_in_the_last_segment(store: Store) -> None:
    store.words.write("id of /a.mp4", "subtitles", [line(70, "epilogue")])
    assert brief(store.search_words("epilogue", limit=9)) == [("/a.mp4", 70, 74)]
    assert store.search_words("epilogue", limit=9, where="start_seconds < 30") == []


@pytest.mark.parametrize("text", ["", " ", "?!", '"', "(", "a AND", "*:*", "' OR 1=1"])
def test_signs_are_no_syntax(store: Store, text: str) -> None:
    for phrase in (False, True):
        store.search_words(text, phrase=phrase, limit=9)


def test_a_library_without_words_finds_none(make_store: Callable[..., Store]) -> None:
    store = make_store([{"path": "/a.mp4"}])
    assert store.search_words("house", limit=9) == []
    assert store.search_words("house", phrase=True, limit=9) == []


def test_what_only_looks_like_a_form_of_a_word_is_none(make_store: Callable[..., Store]) -> None:
    store = make_store([{"path": "/a.mp4", "end_seconds": 60}])
    told = (
        "They said he came from the garden",
        "They said it took hours",
        "They said that frogs live in houses",
        "Said a frog",
        "Said somebody from Spain, who has frogs",
    )
    lines = [line(10.0 * place, text) for place, text in enumerate(told)]
    store.words.write("id of /a.mp4", "speech", lines)
    looked = partial(store.search_words, limit=99)
    found = {one.text: [one.text[a:b] for a, b in one.spans] for one in looked("the frog said: house")}
    assert found == {
        told[0]: ["said", "the"],
        told[1]: ["said"],
        told[2]: ["said", "frogs", "houses"],
        told[3]: ["Said", "frog"],
        # It has a form of the word, so what else looks like one is not told apart.
        told[4]: ["Said", "from", "frogs"],
    }
    # What another source has found at the same place is another line.
    store.words.write("id of /a.mp4", "subtitles", [line(0, "They said that frogs live in houses")])
    again = {(one.source, one.text): len(one.spans) for one in looked("frog said")}
    assert again["speech", told[0]] == 1
    assert again["subtitles", told[2]] == 2


def test_of_a_long_query_not_every_word_is_looked_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    look_up = module._words_query
    monkeypatch.setattr(module, "_words_query", lambda texts, query: asked.append(query) or look_up(texts, query))
    words = [f"{beginning}{letter}" for beginning in ("buyi", "hou", "hap", "mor", "liv") for letter in "abcdefghkm"]
    found = store.search_words(query := " ".join(["buyings", "at", "last", *words]), limit=99)
    assert {one.text for one in found} >= {"We were buying houses, at last.", "Buying a house is hard"}
    assert asked[0] == query
    assert len(asked) == 1 + module._MOST_LOOKED_UP


def test_speech_may_have_been_heard_with_another_form_of_a_word(store: Store) -> None:
    (found,) = store.search_misheard("signing the mortgage and lived", limit=9) or [None]
    assert found is None  # it is told in two lines, and a place lies in one
    (found,) = store.search_misheard("buy a house", limit=9, where="path = '/a.mp4'")
    assert (found.path, found.start_seconds, found.end_seconds) == ("/a.mp4", 40.0, 41.5)
    assert [found.text[start:end] for start, end in found.spans] == ["Buying a house"]
    assert brief(store.search_misheard("buy a house", limit=9)) == [
        ("/a.mp4", 40.0, 41.5),
        ("/b/b.mp4", 20.0, 21.5),
    ]
    # What is as it stands is no mistake, a title is read by people, and one word is no phrase.
    assert store.search_misheard("buying a house", limit=9) == []
    assert store.search_misheard("house for sale", limit=9) == []
    assert store.search_misheard("house", limit=9) == []


def test_what_was_misheard_passes_filters_too(store: Store) -> None:
    found = store.search_misheard("buy a house", limit=9, where="start_seconds = 30")
    assert brief(found) == [("/a.mp4", 40.0, 41.5)]
    assert store.search_misheard("buy a house", limit=9, where="path = '/none.mp4'") == []


def test_a_library_without_words_has_misheard_none(make_store: Callable[..., Store]) -> None:
    assert make_store([{"path": "/a.mp4"}]).search_misheard("buy a house", limit=9) == []
