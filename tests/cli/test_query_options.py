from __future__ import annotations

from pathlib import Path

import click
import pytest

from framecue.cli.query_options import read_query, read_query_file, read_query_line
from framecue.errors import InputError
from framecue.library import InOrder, Query, VideoMoment


@pytest.mark.parametrize(
    ("options", "query", "label"),
    [
        ({"text": "beach -people^2"}, Query("beach -people^2"), "beach -people^2"),
        ({"text": "-people"}, Query("-people"), "-people"),
        (
            {"text": "beach", "with_texts": ("sun^2", "a^b"), "without_texts": ("people^0.5", "dogs")},
            Query([("beach", 1), ("sun", 2), ("a^b", 1), ("people", -0.5), ("dogs", -1)]),
            "beach, sun^2, a^b, without people^0.5, without dogs",
        ),
        ({"images": ("a.jpg", "b^2.jpg")}, Query(images=["a.jpg", "b^2.jpg"]), "image a.jpg, image b^2.jpg"),
        ({"videos": ("a.mp4",)}, Query(videos="a.mp4"), "video a.mp4"),
        (
            {"videos": ("a.mp4", "b.mp4"), "moments": (1.5, 62.0)},
            Query(videos=[VideoMoment("a.mp4", 1.5), VideoMoment("b.mp4", 62)]),
            "video a.mp4 at 1.5 s, video b.mp4 at 62 s",
        ),
    ],
)
def test_options_become_a_query(options, query: Query, label: str) -> None:
    asked = read_query(options)
    assert asked is not None
    assert (asked.query, asked.label) == (query, label)


def test_no_option_is_no_query() -> None:
    assert read_query({"text": None, "with_texts": (), "images": ()}) is None


@pytest.mark.parametrize("text", ["a^0", "a^-1", "a^1" + "0" * 400, "^2"])
def test_a_weight_that_makes_no_sense(text: str) -> None:
    with pytest.raises(InputError, match=r"must be more than 0 \(--without searches away\)|the query is empty"):
        read_query({"with_texts": (text,)})


def test_moments_go_with_videos() -> None:
    for options in ({"moments": (1.0,)}, {"videos": ("a", "b"), "moments": (1.0,)}):
        with pytest.raises(click.UsageError, match="give one for each --video"):
            read_query(options)


def test_a_file_of_queries(tmp_path: Path) -> None:
    file = tmp_path / "queries.txt"
    file.write_text(
        "\ufeffa dog\r\n"
        "\n"
        "  beach -people^2 # all of it  \n"
        '"quoted"\n'
        '"hello" she said\n'
        '{"text": "beach", "with": "sun^2", "without": ["people^0.5", "dogs"]}\n'
        '{"image": ["a.jpg"], "video": "b.mp4", "at": "1:02"}\n'
        '{"video": ["b.mp4", "c.mp4"], "at": [1.5, 3]}',
        encoding="utf-8",
    )
    asked = read_query_file(str(file))
    assert [one.label for one in asked] == [
        "a dog",
        "beach -people^2 # all of it",
        "quoted",
        '"hello" she said',
        "beach, sun^2, without people^0.5, without dogs",
        "image a.jpg, video b.mp4 at 62 s",
        "video b.mp4 at 1.5 s, video c.mp4 at 3 s",
    ]
    assert asked[5].query == Query(images="a.jpg", videos=VideoMoment("b.mp4", 62))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{'text': 1}", "starts as JSON, but is none"),
        ('{"txt": "a"}', "unknown key 'txt'; known: text, with, without, image, video, at"),
        ('{"text": 3}', "text is 3; it must be a text"),
        ('{"with": [1]}', r"with is \[1\]; it must be a text, or a list of them"),
        ('{"text": ["a"]}', r"text is \['a'\]"),
        ('{"video": "a", "at": "soon"}', "'soon' is no time"),
        ('{"video": "a", "at": null}', "'null' is no time"),
        ('{"at": 1}', "--at is the moment of a video"),
        ("{}", "the query is empty"),
        ('""', "the query is empty"),
        ('{"text": " "}', "the query is empty"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "queries.txt"
    file.write_text(f"a dog\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=says) as caught:
        read_query_file(str(file))
    assert str(caught.value).startswith(f"{file}, line 2: ")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text(" \n\n")
    (tmp_path / "latin.txt").write_bytes(b"h\xe4user")
    for name, says in (("none.txt", "No such file"), ("empty.txt", "has no query"), ("latin.txt", "not text in UTF-8")):
        with pytest.raises(InputError, match=says) as caught:
            read_query_file(str(tmp_path / name))
        assert str(caught.value).startswith(f"{tmp_path / name}: ")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a " * 10_000_000, "line 1: has 19999999 characters; a line has at most 100000"),
        ('{"text": "' + "a" * 90_000 + '"}', "line 1: the text 'aaa"),
        ("a" * 20_000, "has 20000 characters; give at most 10000"),
        ('{"a":' * 15_000, "line 1: starts as JSON, but is none"),
        ('{"at":' + "[" * 40_000, "line 1: starts as JSON, but is none"),
        ('{"image":' + "[" * 40_000 + "]" * 40_000 + "}", "line 1: starts as JSON, but is none"),
        ('{"at":' + "9" * 5_000 + "}", "line 1: starts as JSON, but is none"),
        ('{"at":"' + "9" * 5_000 + ':00"}', "line 1: "),
        ('{"image": [' + "1," * 9_000 + "1]}", "line 1: image is"),
        ('{"' + "k" * 50_000 + '": 1}', "line 1: unknown key"),
        ('{"text": "caf\\udce9"}', "is not valid Unicode"),
    ],
    ids=range(11),
)
def test_a_line_that_is_too_much(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "queries.txt"
    file.write_text(line)
    with pytest.raises(InputError, match=says) as caught:
        read_query_file(str(file))
    assert len(str(caught.value)) < 6_000


def test_one_thing_after_another() -> None:
    asked = read_query(
        {"text": "a cake", "without_texts": ("people",), "then_texts": ("dance", "song"), "within": 30.0}
    )
    assert asked is not None
    first = Query([("a cake", 1), ("people", -1)])
    assert asked.query == InOrder([first, Query("dance"), Query("song")], within_seconds=30)
    assert asked.label == "a cake, without people, then within 30 s: dance, then within 30 s: song"


def test_a_sentence_that_tells_an_order_is_understood_both_ways_unless_it_is_quoted_or_has_company() -> None:
    asked = [
        read_query({"text": text, **more})
        for text, more in (
            ("rain, then sun", {}),
            ('"rain, then sun"', {}),
            ("rain, then sun", {"with_texts": ("sky",)}),
        )
    ]
    assert [one.query.order for one in asked if one is not None and isinstance(one.query, Query)] == [
        (Query("rain"), Query("sun")),
        (),
        (),
    ]
    told = read_query({"text": "rain, then sun", "then_texts": ("snow, then ice",)})
    assert told is not None
    assert isinstance(told.query, InOrder)
    assert [query.order for query in told.query.queries] == [(), ()]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"text": "a", "within": 3.0}, "--within is how soon --then comes"),
        ({"text": "a", "then_texts": (" ",)}, "--then is empty"),
        ({"text": "a", "then_texts": ("said:",)}, "nothing after said:"),
        ({"text": "a", "then_texts": ("b",) * 4}, "2 to 4 parts, and 5 are given"),
        ({"then_texts": ("b",)}, "the query is empty"),
    ],
)
def test_an_order_that_makes_no_sense(options, problem: str) -> None:
    with pytest.raises((InputError, click.UsageError), match=problem):
        read_query(options)


def test_an_order_in_a_line() -> None:
    line = read_query_line('{"text": "a cake", "then": ["dance"], "within": "0:30"}')
    assert line.query == InOrder([Query("a cake"), Query("dance")], within_seconds=30)
    assert read_query_line('{"text": "a", "then": "b"}').query == InOrder([Query("a"), Query("b")])
