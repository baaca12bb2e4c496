from __future__ import annotations

import pytest

from framecue.cli.prompt_commands import parse_typed
from framecue.cli.prompt_search import PromptSearch, changed, filters_of, number_of
from framecue.errors import InputError
from framecue.library import Filters, Hit, InOrder, Query, SearchOptions, Term, VideoMoment

SHOWN = {
    11: Hit(11, "/v/a.mp4", 10.0, 15.0, 0.5, video_id="x", duration_seconds=99.0),
    12: Hit(12, "/v/b.png", 0.0, 0.0, 0.4, video_id="y", duration_seconds=0.0, kind="image"),
}


def after(*lines: str) -> PromptSearch:
    search = PromptSearch(None, SearchOptions(k=10))
    for line in lines:
        typed = parse_typed(line)
        assert typed is not None
        made = changed(search, typed, SHOWN)
        assert made is not None
        search = made
    return search


@pytest.mark.parametrize(
    ("lines", "query"),
    [
        (["a dog"], Query("a dog")),
        (["a dog", "a cat"], Query("a cat")),
        (["a beach", ":with sun^0.5", ":without people"], Query([("a beach", 1), ("sun", 0.5), ("people", -1)])),
        ([":image a b.png"], Query(images="a b.png")),
        ([":video my film.mp4"], Query(videos="my film.mp4")),
        ([":video my @ film.mp4 @1:02"], Query(videos=VideoMoment("my @ film.mp4", 62))),
        (["a dog", ":like 11"], Query("a dog", videos=VideoMoment("/v/a.mp4", 12.5))),
        ([":like 11^0.3"], Query(videos=[(VideoMoment("/v/a.mp4", 12.5), 0.3)])),
        (["a dog", ":unlike 11"], Query("a dog", videos=[(VideoMoment("/v/a.mp4", 12.5), -0.5)])),
        (["a dog", ":unlike 12^2"], Query("a dog", images=[("/v/b.png", -2)])),
    ],
)
def test_the_query_is_refined(lines: list[str], query: Query) -> None:
    assert after(*lines).query == query


def test_one_thing_after_another() -> None:
    panda, octopus = Query("a panda"), Query("an octopus")
    assert after("a panda", ":then an octopus").query == InOrder([panda, octopus])
    within = after("a panda", ":then an octopus", ":within 1:00")
    assert within.query == InOrder([panda, octopus], within_seconds=60)
    assert str(within) == "a panda, then within 60 s: an octopus"
    third = after("a panda", ":then an octopus", ":within 5", ":then said:bye", ":kind video")
    assert third.query == InOrder([panda, octopus, Query.parse("said:bye")], within_seconds=5)
    assert after("a panda", ":then an octopus", ":within 5", ":within").query == InOrder([panda, octopus])
    # The last part is refined, a new text begins anew, and pages begin with the first.
    refined = after("a panda", ":then an octopus", ":without fish^0.5", ":n", ":then a cat")
    assert refined.query == InOrder([panda, Query([("an octopus", 1), ("fish", -0.5)]), "a cat"])
    assert refined.page == 1
    assert after("a panda", ":then an octopus", "a dog").query == Query("a dog")
    # What says an order itself is one part, as with --then.
    assert after("a panda, then a cat", ":then an octopus").query == InOrder(["a panda, then a cat", octopus])


def test_filters_stay_until_they_are_taken_away() -> None:
    search = after("red", ":folder /v/my videos", ":longer-than 1:00", "blue")
    assert search.options().filters == Filters(folder="/v/my videos", longer_than_seconds=60)
    assert str(search) == "blue; folder /v/my videos; longer-than 1:00"
    assert after("red", ":folder /v", ":kind image", ":folder").options().filters == Filters(kind="image")
    assert after("red", ":folder /v", ":kind image", ":unfiltered").options().filters is None


def test_pages_and_settings() -> None:
    search = after("red", ":next", ":n")
    assert (search.page, search.options().offset, search.options().k) == (3, 20, 10)
    assert after("red", ":page 7", ":p").page == 6
    assert after("red", ":n", ":with blue").page == 1
    options = after("red", ":k 3", ":next", ":hybrid", ":all-moments on", ":explain on", ":explain", ":min-score .2")
    assert options.options() == SearchOptions(k=3, hybrid=True, all_moments=True, min_score=0.2)
    assert str(options) == "red; hybrid; all-moments; min-score 0.2"
    assert after("red", ":min-score .2", ":min-score").options().min_score is None
    for share in ("0.25", "25%", "25 %"):
        assert after("red", f":min-confidence {share}").options().min_confidence == 0.25
    assert after("red", ":min-confidence 25%", ":min-confidence").options().min_confidence is None
    assert after("red", ":refine").options().refine
    assert not after("red", ":refine", ":refine off").options().refine


def test_what_is_typed_may_name_legs_and_phrases() -> None:
    search = after('said:"happy birthday" red')
    assert search.query == Query.parse('said:"happy birthday" red')
    assert after("red", ":with said:hello^0.5").query == Query([("red", 1.0), (Term("hello", "said"), 0.5)])
    only = after("red", ":only said, written")
    assert only.options().only == ("said", "written")
    assert str(only) == "red; only said, written"
    assert after("red", ":only said", ":only").options().only == ()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["red", ":p"], "this is the first page"),
        ([":then blue"], "nothing comes first yet; type what to search for, and then :then TEXT"),
        (["red", ":within 5"], ":within is how soon the next thing comes; say with :then TEXT what comes then"),
        (["red", ":then blue", ":within soon"], "'soon' is no time"),
        (["red", ":then a", ":then b", ":then c", ":then d"], "one thing after another takes 2 to 4 parts"),
        (["red", ":page 0"], "pages count from 1"),
        (["red", ":page x"], "'x' is no whole number"),
        ([":k 0"], "k is 0; it must be a whole number, 1 or more"),
        ([":min-score 7"], "min_score is 7.0"),
        ([":min-score x"], "'x' is no number"),
        ([":min-confidence 25"], "'25' is no share; write a number from 0 to 1, such as 0.25, or a percentage"),
        (["a cake ->"], "the half after -> is empty; say what comes after the first"),
        ([":only heard"], "there is no leg 'heard' of a search; known: seen, said"),
        (["said:"], "there is nothing after said: to look for"),
        ([":without said:red"], "words cannot be searched away from"),
        ([":hybrid perhaps"], "'perhaps' is neither on nor off"),
        ([":longer-than soon"], "'soon' is no time"),
        ([":after soon"], "--after is 'soon', which is no date"),
        ([":kind sound"], "kind"),
        ([":like 3"], "there is no result 3; shown: 11 to 12"),
        ([":like x"], "'x' is no whole number"),
        ([":with a^0"], "must be more than 0"),
        (["x" * 20_000], "has 20000 characters"),
    ],
)
def test_what_makes_no_sense(lines: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        after(*lines)


def test_without_results_there_is_none_to_name() -> None:
    with pytest.raises(InputError, match="there are no results yet"):
        number_of({}, "1")


def test_other_commands_change_no_search() -> None:
    search = PromptSearch(None, SearchOptions())
    for line in (":open 11", ":show", ":help", ":history off", ":quit", ":undo"):
        typed = parse_typed(line)
        assert typed is not None
        assert changed(search, typed, SHOWN) is None


def test_the_filters_of_the_command_line_are_there_from_the_beginning() -> None:
    names = ("folder", "path", "longer_than", "shorter_than", "after", "before", "kind", "where")
    given = {**dict.fromkeys(names), "path": "*.mp4", "shorter_than": 90.0, "clip_ranks": ()}
    search = PromptSearch(None, SearchOptions(), filters_of(given))
    assert str(search) == "nothing yet; path *.mp4; shorter-than 1:30"
    assert search.options().filters == Filters(path="*.mp4", shorter_than_seconds=90)


def test_marks_add_up_until_a_new_text() -> None:
    a, b = SHOWN[11], SHOWN[12]
    search = after("a dog", ":right 11", ":n", ":wrong 12")
    assert (search.right, search.wrong, search.page) == ((a,), (b,), 1)
    assert str(search) == "a dog; 1 right; 1 wrong"
    # What is marked again is marked anew, and once.
    assert after("a dog", ":right 11,12", ":right 11").right == (b, a)
    turned = after("a dog", ":right 11,12", ":wrong 11")
    assert (turned.right, turned.wrong) == ((b,), (a,))
    # Filters and parts leave them; a new text does not.
    assert after("a dog", ":right 11", ":kind video", ":without grass").right == (a,)
    assert after("a dog", ":right 11", "a cat").right == ()
    assert after("a dog", ":right 11", ":wrong 12", ":right").wrong == (b,)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["a dog", ":right 9"], "there is no result 9; shown: 11 to 12"),
        (["a dog", ":wrong x"], "no ranks of results"),
        (["a dog", ":right"], "nothing is marked right"),
        ([":right 11"], "there is no search to mark results of"),
    ],
)
def test_marks_that_make_no_sense(lines: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        after(*lines)
