from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from framecue.cli.hits import NOTHING_FITS, print_hits, told_by
from framecue.cli.last_search import last_search
from framecue.library.results import BestFrame, Explanation, Hit, LegHit, PartHit, PartScore
from framecue.library.store import Store
from framecue.video import write_video
from framecue.words.timed_text import TimedText, TimedWord
from support.colours import COLOURS
from support.words import WordEncoder, word_library


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the clips of each test lie, one test after the other, so that one library fits them all."""
    return tmp_path_factory.mktemp("search")


@pytest.fixture
def clips(place: Path, write_clip: Callable[..., Path]) -> Path:
    """The four clips, encoded once; a test may change them."""
    folder, kept = place / "clips", place / "kept"
    if not kept.exists():
        for name, seconds in (("red", 1), ("green", 2), ("blue", 1), ("more/yellow", 1)):
            write_clip(kept / f"{name}.mp4", name.rpartition("/")[2], seconds=seconds)
    shutil.rmtree(folder, ignore_errors=True)
    return Path(shutil.copytree(kept, folder))


@pytest.fixture
def uri(run, loader, tmp_path: Path, place: Path, clips: Path) -> str:
    """A library of them, which is made once and copied."""
    made = place / "videos.lance"
    if not made.exists():
        assert run("index", clips, "--library", made, "--model", "clip").code == 0
        loader.asked.clear()
        loader.models.clear()
    return str(shutil.copytree(made, tmp_path / "videos.lance"))


def test_json(run, uri: str, clips: Path) -> None:
    result = run("search", "green", "--library", uri, "-k", "2", "--json")
    assert (result.code, result.err) == (0, "")
    answer = json.loads(result.out)
    assert answer.keys() == {"query", "fits", "results"}
    assert answer["query"] == "green"
    best, second = answer["results"]
    assert list(best) == [
        *(
            "rank",
            "path",
            "video_id",
            "kind",
            "start_seconds",
            "end_seconds",
            "score",
            "confidence",
            "fits",
            "hit",
            "recorded",
            "legs",
        )
    ]
    assert best["hit"] == f"{best['path']}@0:00-0:02"
    assert (best["rank"], best["path"], best["start_seconds"]) == (1, str(clips / "green.mp4"), 0)
    assert best["end_seconds"] == pytest.approx(2, abs=0.05)
    assert 1 >= best["score"] > second["score"]
    assert second["rank"] == 2


def test_table_for_people(run, uri: str, clips: Path) -> None:
    result = run("search", "green", "--library", uri)
    assert (result.code, result.err) == (0, "")
    lines = [line.split() for line in result.out.splitlines() if line.strip()]
    assert lines[0] == ["rank", "fit", "score", "time", "path"]
    ranks = [line for line in lines if line[0].isdigit()]
    assert [line[0] for line in ranks] == ["1", "2", "3", "4"]
    # Its name has the word, which is as good as it gets.
    assert ranks[0][1] == "100%"
    assert ranks[0][3:] == ["0:00\u20130:02", str(clips / "green.mp4")]
    assert float(ranks[0][2]) > 0.9


def test_library_names_its_model(run, loader, uri: str) -> None:
    run("search", "red", "--library", uri)
    assert loader.asked == [("clip", None)]


def test_another_model_is_refused(run, uri: str) -> None:
    result = run("search", "red", "--library", uri, "--model", "other")
    assert (result.code, result.out) == (1, "")
    summary, details = result.err.splitlines()
    assert summary.startswith(f"Error: library {uri} was made with another model; use its own (leave out the model")
    assert details.strip() == 'its backbone is "clip", not "other"'


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_query_of_only_spaces_is_one_line_before_a_model_is_loaded(run, loader, uri: str, text: str) -> None:
    result = run("search", text, "--library", uri)
    assert (result.code, result.out) == (1, "")
    assert result.err == "Error: the query is empty; describe in words what the video shows\n"
    assert loader.asked == []


def test_missing_library_is_one_line_before_a_model_is_loaded(run, loader, tmp_path: Path) -> None:
    result = run("search", "red", "--library", tmp_path / "none.lance")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"Error: no library at {tmp_path / 'none.lance'}; make one with `framecue index")
    assert result.err.count("\n") == 1
    assert loader.asked == []
    assert not (tmp_path / "none.lance").exists()


def paths(result: Any) -> list[str]:
    assert result.code == 0, result.err
    return [Path(hit["path"]).name for hit in json.loads(result.out)["results"]]


def test_pages(run, uri: str) -> None:
    whole = paths(run("search", "green", "--library", uri, "--json"))
    for k, numbers in ((3, (1, 2)), (1, (1, 2, 3, 4))):
        pages = [paths(run("search", "green", "--library", uri, "-k", k, "--page", page, "--json")) for page in numbers]
        assert [name for page in pages for name in page] == whole
    assert (
        json.loads(run("search", "green", "--library", uri, "-k", 3, "--page", 2, "--json").out)["results"][0]["rank"]
        == 4
    )
    result = run("search", "green", "--library", uri, "--page", 9)
    assert (result.code, result.out, result.err) == (0, "", "there are no results on page 9\n")


def test_texts_with_weights_and_away_from_one(run, uri: str) -> None:
    result = run("search", "red", "--with", "green^0.9", "--without", "blue", "--library", uri, "--json")
    assert paths(result)[0] == "yellow.mp4"
    assert json.loads(result.out)["query"] == "red, green^0.9, without blue"
    assert paths(run("search", "--without", "blue", "--library", uri, "--json"))[-1] == "blue.mp4"


def test_a_picture_and_a_video_and_a_moment_of_it(run, uri: str, clips: Path, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), (30, 200, 30)).save(tmp_path / "green.png")
    assert paths(run("search", "--image", tmp_path / "green.png", "--library", uri, "--json"))[0] == "green.mp4"
    for at in ((), ("--at", "0:00.5")):
        assert paths(run("search", "--video", clips / "blue.mp4", *at, "--library", uri, "--json"))[0] == "blue.mp4"
    result = run("search", "--video", clips / "blue.mp4", "--at", "1:00", "--library", uri)
    assert (result.code, result.out) == (1, "")
    assert "blue.mp4: there is no moment at 60 s; the video lasts 1.0 s" in result.err
    result = run("search", "--image", tmp_path / "none.png", "--library", uri)
    assert (result.code, result.err) == (1, f"Error: {tmp_path / 'none.png'}: no such file\n")


def test_text_that_starts_with_a_dash(run, loader, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    model = loader("clip")
    model.embed_texts = lambda texts: (asked.append(texts), type(model).embed_texts(model, ["red"]))[1]
    monkeypatch.setattr("framecue.model.load_model", lambda *args, **options: model)
    assert run("search", "--library", uri, "--", "-red").code == 0
    assert run("search", "red -blue^2", "--library", uri).code == 0
    assert asked == [["-red"], ["red -blue^2"]]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--folder", "{clips}/more"), {"yellow.mp4"}),
        (("--path", "[rg]*.mp4"), {"red.mp4", "green.mp4"}),
        (("--longer-than", "0:01.5"), {"green.mp4"}),
        (("--shorter-than", "1.5"), {"red.mp4", "blue.mp4", "yellow.mp4"}),
        (("--after", "2000-01-01", "--where", "path LIKE '%blue%'"), {"blue.mp4"}),
        (("--before", "2000-01-01"), set()),
        (("--min-score", "0.9"), {"red.mp4"}),
    ],
)
def test_filters(run, uri: str, clips: Path, options: tuple[str, ...], found: set[str]) -> None:
    options = tuple(option.format(clips=clips) for option in options)
    assert set(paths(run("search", "red", "--library", uri, *options, "--json"))) == found
    if not found:
        result = run("search", "red", "--library", uri, *options)
        assert (result.code, result.out) == (0, "")
        assert result.err == "nothing found: --before leaves 0 of 4 videos\n"


@pytest.mark.parametrize(
    ("options", "says", "code"),
    [
        (("red", "--where", "nope = 1"), "there is no column nope; columns: video_id, path, start_seconds", 1),
        (("red", "--where", "1=1) OR (1=1"), "its parentheses do not match", 1),
        (("red", "--after", "soon"), "Error: --after is 'soon', which is no date", 1),
        (("red", "--longer-than", "soon"), "'soon' is no time; write seconds", 2),
        (("red", "--then", "blue", "--within", "soon"), "12.5 or 30s, or 1m30s, or 2:12.5, or 1:02:12.5", 2),
        (("red", "--min-confidence", "25"), "such as 0.25, or a percentage, such as 25%", 2),
        (("red ->",), "the half after -> is empty; say what comes after the first", 1),
        (("--", "-> red"), "the half before -> is empty; say what comes first", 1),
        (("-> red",), "the half before -> is empty; say what comes first", 1),
        (("->",), 'or search for "->" in quotes; a TEXT that begins with a dash goes after a --', 1),
        (("-5 degrees",), "'-5 degrees' begins with a dash, as options do; a TEXT that begins with a dash goes", 2),
        (("-kitchen",), "if '-kitchen' is the TEXT, write -- -kitchen, behind all options", 2),
        (("--no-such",), "No such option '--no-such'", 2),
        (("then",), "both halves of the order are empty; say what comes first, and what comes after it", 1),
        (("red", "--then", "->"), "then '->': both halves of the order are empty; say what comes first", 1),
        (("red", "--min-score", "2"), "not in the range -1<=x<=1", 2),
        (("red", "--at", "3"), "give one for each --video", 2),
        ((), "nothing to search for: give TEXT, --with, --image, --video or --queries", 2),
        (("red", "--queries", "x"), "leave out TEXT", 2),
        (("red", "--with", "a^0"), "must be more than 0", 1),
        (("red", "--with", "red^1", "--without", "red^2"), "cancel out", 1),
        (("said:hello",), "said: there is nothing to search in library", 1),
        (("--only", "written", "hello"), "`framecue index PATHS --screen-text` reads it", 1),
        (("said:",), 'there is nothing after said: to look for; write said:"happy birthday"', 1),
        (("red", "--only", "seen", "--hybrid"), "hybrid search asks two legs of its own", 1),
        (("red", "--only", "heard"), "'heard' is not one of 'seen', 'said'", 2),
        (("--without", "said:red"), "words cannot be searched away from", 1),
        (("--without", "red", "--hybrid"), "hybrid search needs a text", 1),
        (("red", "--sheet", "/no/such/x.png"), "/no/such/x.png: cannot be written", 1),
    ],
)
def test_what_makes_no_sense_is_one_clear_line(run, uri: str, options: tuple[str, ...], says: str, code: int) -> None:
    result = run("search", "--library", uri, *options)
    assert (result.code, result.out) == (code, "")
    assert says in result.err
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1


def test_an_empty_library_says_how_to_fill_it(run, uri: str, clips: Path) -> None:
    assert run("remove", clips, "--library", uri).code == 0
    for options in ((), ("--page", "2"), ("--min-score", "0.5")):
        result = run("search", "red", "--library", uri, *options)
        assert (result.code, result.out) == (0, "")
        assert result.err == f"library {uri} is empty; fill it with `framecue index PATH --library {uri}`\n"


def test_hybrid_search_says_which_words_matched(run, uri: str) -> None:
    result = run("search", "yellow", "--hybrid", "--library", uri, "--json")
    best, *others = json.loads(result.out)["results"]
    assert Path(best["path"]).name == "yellow.mp4"
    assert (best["words"], best["vector_rank"], best["text_rank"]) == (["yellow"], 1, 1)
    assert best["text_score"] > 0
    assert all((hit["words"], hit["text_rank"], hit["text_score"]) == ([], None, None) for hit in others)
    table = run("search", "yellow", "--hybrid", "--library", uri).out
    assert re.search(r"rank +fit +score +time +words +path", table)
    assert re.search(r"1 +100% +[01]\.\d+ +\S+ +yellow +\S+yellow\.mp4", table)


@pytest.fixture
def spoken(uri: str, clips: Path) -> str:
    """The library, with words in two of its clips."""
    store = Store.open(uri)
    ids = {Path(path).stem: held.video_id for path, held in store.held().items()}
    line = TimedText(0.2, 1.4, "a green frog, happy birthday to you", "said", "en", None, ())
    words = [TimedWord(0.2 + i / 10, 0.3 + i / 10, f" {part}") for i, part in enumerate(line.text.split())]
    store.words.write(ids["green"], "speech", [replace(line, words=tuple(words))])
    store.words.write(ids["blue"], "screen", [TimedText(0, 1, "EXIT \x1b[31m green", "written", None)])
    return uri


@pytest.fixture
def speaks(loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the model know every text, as white where it names no colour."""

    def load(name: str, adapter: str | None = None, **options: object) -> Any:
        model = loader(name, adapter)
        known = type(model).embed_texts
        model.embed_texts = lambda texts: known(model, [text if text in COLOURS else "white" for text in texts])
        return model

    monkeypatch.setattr("framecue.model.load_model", load)


@pytest.mark.usefixtures("speaks")
def test_a_phrase_that_is_said_has_its_own_times(run, spoken: str, clips: Path, tmp_path: Path) -> None:
    result = run("search", 'said:"happy birthday"', "--library", spoken, "--json")
    (hit,) = json.loads(result.out)["results"]
    assert list(hit) == [
        *("rank", "path", "video_id", "kind", "start_seconds", "end_seconds", "score"),
        *("confidence", "fits", "hit", "recorded", "segment_seconds", "legs"),
    ]
    assert (hit["path"], hit["hit"]) == (str(clips / "green.mp4"), f"{clips / 'green.mp4'}@0:00.5-0:00.7")
    assert (hit["start_seconds"], hit["end_seconds"]) == pytest.approx((0.5, 0.7))
    assert hit["segment_seconds"] == [0, pytest.approx(2, abs=0.05)]
    (leg,) = hit["legs"]
    assert (leg["leg"], leg["rank"], leg["words"]) == ("said", 1, ["happy", "birthday"])
    assert [leg["text"][start:end] for start, end in leg["spans"]] == ["happy birthday"]
    table = run("search", 'said:"happy birthday"', "--library", spoken).out
    # Nothing of it is to be seen, so its cosine says nothing.
    assert re.search(r"rank +fit +time +words +path", table)
    assert re.search(r"0:00\.5\u20130:00\.7 +said: a green frog, happy birthday to you +\S+green\.mp4", table)
    cut = run("search", 'said:"happy birthday"', "--library", spoken, "--clip", 1, "--output", tmp_path / "said.mp4")
    assert cut.code == 0, cut.err
    assert "green.mp4@0:00.5-" in cut.err


@pytest.mark.usefixtures("speaks")
def test_one_box_shows_what_was_said_and_written(run, spoken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = run("search", "happy birthday", "--library", spoken, "-k", 2, "--explain").out
    first = out.split("1. ")[1].split("2. ")[0]
    # Words alone speak for it, so its cosine says nothing; each leg says how likely it is by that alone.
    assert re.search(r"   frame at 0:00\.[56]\n   seen: rank \d\n", first)
    assert "   said: rank 1 at 0:00.5\u20130:00.7, fits 100%: a green frog, happy birthday to you\n" in first
    # A terminal does not obey what is written in a picture.
    assert "written: EXIT \\x1b[31m green" in run("search", "written:exit", "--library", spoken).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "300")
    assert "\x1b[1mhappy birthday\x1b[0m" in run("search", "said:happy birthday", "--library", spoken).out


def test_a_cosine_that_says_nothing_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    seen = LegHit("seen", 7, -0.116, confidence=0.01)
    said = LegHit("said", 1, 7.5, 1.0, "a dog barks", ("dog",), ((2, 5),), 62.0, 63.5, confidence=1.0)
    frame = BestFrame(62.5, -0.05, np.zeros((2, 2, 3), np.uint8))
    why = Explanation([PartScore("a dog", 1.0, -0.116), PartScore("a cat", 1.0, -0.2)], frame)
    heard = Hit(1, "/v/a.mp4", 62.0, 63.5, -0.116, "a", 90.0, confidence=1.0, legs=(seen, said), explanation=why)
    looks = Hit(
        2, "/v/b.mp4", 1.0, 2.0, 0.4, "b", 9.0, confidence=0.6, legs=(replace(seen, score=0.4, confidence=0.6),)
    )
    print_hits([heard, replace(looks, explanation=why)], hybrid=False)
    table, first, second = re.split(r"\n[12]\. ", capsys.readouterr().out)
    assert re.search(r"1 +100% +1:02\S+ +said", table)
    assert re.search(r"2 +60% +0\.400 +0:01", table)
    assert "   frame at 1:02.5\n   seen: rank 7, fits 1%\n   said: rank 1 at 1:02.0\u20131:03.5, fits 100%: " in first
    assert "0.116" not in first
    assert "   best frame at 1:02.5, score -0.050\n   parts: a dog -0.116; a cat -0.200\n" in second
    assert "   seen: rank 7, score 0.400, fits 60%\n" in second
    print_hits([heard], hybrid=False)
    assert "score" not in capsys.readouterr().out.split("1. ")[0]
    order = replace(
        heard,
        legs=(),
        parts=(PartHit("a dog", 62.0, 63.5, -0.1, (said,), confidence=1.0), PartHit("a cat", 64.0, 65.0, 0.5, ())),
    )
    print_hits([order], hybrid=False)
    assert "   frame at 1:02.5\n   parts: a cat -0.200\n" in capsys.readouterr().out


def test_words_from_another_moment_than_the_result_have_their_time() -> None:
    said = LegHit("said", 1, 7.5, 0.9, "a dog barks", ("dog",), ((2, 5),), 62.0, 63.5)
    hit = Hit(1, "/v/a.mp4", 61.5, 66.5, 0.5, "hash", 90.0, legs=(said,))

    def told(found: Hit) -> str | None:
        cell = told_by(found)
        return None if cell is None else cell.shown().plain

    assert told(hit) == "said: a dog barks"
    assert told(replace(hit, start_seconds=0.0, end_seconds=5.0)) == "said at 1:02: a dog barks"
    assert told(replace(hit, legs=())) is None
    # Of two as strong, the words themselves are shown, and not what they mean; of others the stronger one.
    meant = LegHit("meaning", 1, 0.6, 0.901, "a dog barks", start_seconds=62.0, end_seconds=63.5)
    assert told(replace(hit, legs=(said, meant))) == told(replace(hit, legs=(meant, said))) == "said: a dog barks"
    # Where the very words are, they are shown, however sure a meaning is.
    for meaning in (replace(meant, strength=0.95), replace(meant, strength=0.95, start_seconds=5.0, end_seconds=6.0)):
        assert told(replace(hit, legs=(said, meaning))) == "said: a dog barks"
    # Where the moment is that of the meaning, and the words are said elsewhere, it is the meaning.
    meaning = replace(meant, text="a hound", strength=0.95, start_seconds=5.0, end_seconds=6.0)
    assert told(replace(hit, legs=(said, meaning), start_seconds=3.0, end_seconds=8.0)) == "meaning: a hound"
    some = replace(said, strength=0.3)
    assert told(replace(hit, legs=(some, replace(meant, strength=0.95)))) == "said: a dog barks"
    untimed = replace(some, text="it is a cat a dog barks", start_seconds=None, end_seconds=None)
    assert told(replace(hit, legs=(untimed, replace(meant, strength=0.95)))) == "said: it is a cat a dog barks"
    other = replace(meant, text="a hound", start_seconds=63.5, end_seconds=65.0)
    assert told(replace(hit, legs=(some, other))) == "meaning: a hound"


def test_a_name_is_shown_where_nothing_else_tells_why_a_result_is_there() -> None:
    seen = LegHit("seen", 7, 0.2, 0.2)
    named = LegHit("named", 1, 7.5, 0.9, "v/beach 2024/tall waves", ("beach", "waves"), ((2, 7), (18, 23)))
    said = LegHit("said", 1, 7.5, 0.1, "waves", ("waves",), ((0, 5),))
    hit = Hit(1, "/v/beach 2024/tall waves.mp4", 0.0, 5.0, 0.2, "hash", 9.0, legs=(seen, named))

    def told(*legs: LegHit) -> str | None:
        cell = told_by(replace(hit, legs=legs))
        return None if cell is None else cell.shown().plain

    assert told(seen, named) == told(replace(seen, rank=None), named) == told(named) == "named: beach 2024/tall waves"
    cell = told_by(hit)
    assert cell is not None
    assert [str(cell.shown())[span.start : span.end] for span in cell.shown().spans] == ["beach", "waves"]
    # Its path shows it anyway, beside what is seen, or said.
    assert told(replace(seen, rank=1), named) is None
    assert told(seen, named, said) == "said: waves"


@pytest.mark.usefixtures("speaks")
def test_legs_that_are_asked_alone(run, uri: str, spoken: str, tmp_path: Path) -> None:
    def found(*args: object) -> list[str]:
        return paths(run("search", *args, "--library", uri, "--json"))

    assert found("exit", "--only", "written") == ["blue.mp4"]
    assert found("frog", "--only", "said", "--only", "written") == ["green.mp4"]
    assert found("name:yellow") == ["yellow.mp4"]
    assert sorted(found("green", "--only", "seen")) == ["blue.mp4", "green.mp4", "red.mp4", "yellow.mp4"]
    queries = tmp_path / "queries.txt"
    queries.write_text('said:"happy birthday"\n{"text": "written:exit"}\n', encoding="utf-8")
    several = json.loads(run("search", "--queries", queries, "--library", uri, "--json").out)["searches"]
    assert [(one["query"], [Path(hit["path"]).name for hit in one["results"]]) for one in several] == [
        ('said:"happy birthday"', ["green.mp4"]),
        ("written:exit", ["blue.mp4"]),
    ]


ALL = "all that the library has is searched"


@pytest.mark.usefixtures("speaks")
@pytest.mark.parametrize(
    ("query", "says"),
    [
        (('said:"no such words"',), f'nobody says "no such words"; without said: {ALL}'),
        (("name:nowhere",), f'no file or folder has "nowhere" in its name; without name: {ALL}'),
        (
            ("said:such words", "--with", 'written:"no way"'),
            f'nobody says any word of "such words", and nowhere is "no way" written; without said: and written: {ALL}',
        ),
        (
            ("nowhere", "--only", "said", "--only", "written"),
            f'nobody says "nowhere", and nowhere is "nowhere" written; without --only {ALL}',
        ),
        (
            ("name:green", "--path", "red*"),
            f'in what passes the filters no file or folder has "green" in its name; without name: {ALL}',
        ),
        # Of one thing after another, the one that is nowhere.
        (("green", "--then", 'said:"no such words"'), f'nobody says "no such words"; without said: {ALL}'),
        (
            ("written:exit", "--then", "said:frog"),
            "each of them is there by itself, but no video has one after the other",
        ),
    ],
)
def test_nothing_found_says_which_part_is_nowhere(run, spoken: str, query: tuple[str, ...], says: str) -> None:
    result = run("search", *query, "--library", spoken)
    assert result == (0, "", f"nothing found: {says}\n")


@pytest.mark.usefixtures("speaks")
def test_a_time_within_which_one_thing_comes_after_another_is_to_blame(run, spoken: str) -> None:
    query = ("search", "said:happy", "--then", "said:birthday", "--library", spoken)
    assert paths(run(*query, "--json")) == ["green.mp4"]
    says = "no video has one after the other within 0 s; with --within 0.1 one has"
    assert run(*query, "--within", 0) == (0, "", f"nothing found: {says}\n")


@pytest.mark.parametrize("query", [("said:x",), ("green", "--then", "said:x"), ("x", "--only", "said")])
def test_a_library_that_lacks_a_leg_is_told_how_to_get_it(run, uri: str, query: tuple[str, ...]) -> None:
    result = run("search", *query, "--library", uri)
    assert (result.code, result.out) == (1, "")
    assert "`framecue index PATHS --speech` listens to them" in result.err


def test_explanations(run, uri: str, clips: Path) -> None:
    (clips / "red.mp4").unlink()
    options = ("search", "green", "--without", "blue^0.5", "--explain", "--hybrid", "--library", uri)
    results = {Path(hit["path"]).name: hit for hit in json.loads(run(*options, "--json").out)["results"]}
    why = results["green.mp4"]["explanation"]
    assert [(part["part"], part["weight"]) for part in why["parts"]] == [("green", 1), ("without blue^0.5", -0.5)]
    assert 0 <= why["frame"]["at_seconds"] < 2
    assert -1 <= why["frame"]["score"] <= 1
    assert why["problem"] is None
    assert results["red.mp4"]["explanation"]["frame"] is None
    assert results["red.mp4"]["explanation"]["problem"] == "no such file"
    out = run(*options).out
    assert re.search(r"1\. \S+green\.mp4\n   best frame at 0:0[01]\.\d, score 0\.\d{3}\n", out)
    assert re.search(
        r"parts: green [01]\.\d{3}; without blue\^0\.5 -?0\.\d{3}\n   rank: 1 by vector, 1 by words \(green\)", out
    )
    assert "   no frame to show: no such file\n" in out
    assert "\x1b" not in out


def test_a_capable_terminal_shows_the_frame_and_links(run, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("FORCE_COLOR", "1"),
        ("TERM", "xterm-256color"),
        ("COLUMNS", "300"),
        ("COLORTERM", "truecolor"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = run("search", "green", "-k", 1, "--explain", "--library", uri).out
    assert re.search(r"\x1b\]8;id=\d+;file:///\S+/green\.mp4\x1b", out)
    blocks = re.findall(r"38;2;(\d+);(\d+);(\d+);48;2;\d+;\d+;\d+m\u2580", out)
    assert len(blocks) == 40 * 15
    assert sum(int(green) > 150 and int(red) < 80 for red, green, _ in blocks) > 500


def test_a_picture_made_of_colours_is_not_shown_without_them(run, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("COLORTERM", "truecolor")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_COLOR", "1")
    out = run("search", "green", "-k", 1, "--explain", "--library", uri).out
    assert "best frame at" in out
    assert "\u2580" not in out
    # Neither in the table nor elsewhere is there a colour; bold and links are none.
    assert not re.search(r"\x1b\[(?:[0-9;]*;)?[349][0-7](?:;[0-9;]*)?m", out)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--folder", "{clips}/none"), "--folder leaves 0 of 4 videos"),
        (("--folder", "{clips}/none", "--path", "*.mp4"), "--folder leaves 0 of 4 videos; without it 4 pass"),
        (("--longer-than", "1:00", "--path", "red*"), "--longer-than leaves 0 of 4 videos; without it 1 passes"),
        (
            ("--path", "red*", "--folder", "{clips}/more"),
            "--folder leaves 1, --path leaves 1 of 4 videos, and no video passes both; "
            "without --folder 1 passes; without --path 1 passes",
        ),
        (
            ("--where", "path LIKE '%none%'", "--after", "2999-01-01"),
            "--after leaves 0 of 4 videos; --where leaves 0 of 4 videos",
        ),
        (("--min-score", "1", "--path", "blue*"), "the best result scores {best}, less than --min-score 1"),
        (("--before", "2000-01-01", "--page", "3"), "--before leaves 0 of 4 videos"),
        (("--before", "2000-01-01", "--hybrid"), "--before leaves 0 of 4 videos"),
    ],
)
def test_nothing_found_says_what_is_to_blame(run, uri: str, clips: Path, options: tuple[str, ...], says: str) -> None:
    options = tuple(option.format(clips=clips) for option in options)
    result = run("search", "red", "--library", uri, *options)
    best = json.loads(run("search", "red", "--path", "blue*", "--library", uri, "--json").out)["results"][0]["score"]
    assert (result.code, result.out) == (0, "")
    assert result.err == f"nothing found: {says.format(best=f'{best:.3f}')}\n"


def test_lines_for_other_programs(run, uri: str, clips: Path, tmp_path: Path) -> None:
    hits = json.loads(run("search", "green", "--library", uri, "-k", 2, "--json").out)["results"]
    common = ("search", "green", "--library", uri, "-k", 2, "--format")
    assert run(*common, "path") == (0, "".join(f"{hit['path']}\n" for hit in hits), "")
    assert run(*common, "path", "-0") == (0, "".join(f"{hit['path']}\0" for hit in hits), "")
    assert run(*common, "hit") == (0, "".join(f"{hit['hit']}\n" for hit in hits), "")
    lines = run(*common, "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == [{"query": "green", **hit} for hit in hits]
    head, *rows = (line.split("\t") for line in run(*common, "tsv").out.splitlines())
    assert head == ["query", "rank", "score", "start_seconds", "end_seconds", "path", "hit", "confidence"]
    assert [row[:2] + row[5:7] for row in rows] == [
        ["green", str(hit["rank"]), hit["path"], hit["hit"]] for hit in hits
    ]
    # In a library of four segments it is said of what the words of a name have found alone.
    assert [hit["confidence"] for hit in hits] == [1.0, None]
    assert [row[7] for row in rows] == ["1", ""]
    assert [float(value) for row in rows for value in row[2:5]] == pytest.approx(
        [hit[name] for hit in hits for name in ("score", "start_seconds", "end_seconds")], abs=1e-6
    )
    explained = run(*common, "jsonl", "--explain", "--hybrid").out.splitlines()
    assert "explanation" in json.loads(explained[0])
    assert json.loads(explained[0])["words"] == ["green"]
    queries = tmp_path / "queries.txt"
    queries.write_text("red\nblue\n")
    several = run("search", "--queries", queries, "--library", uri, "-k", 1, "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["query"] for line in several] == ["red", "blue"]
    for name in ("path", "tsv"):
        result = run(*common, name, "--path", "none")
        assert (result.code, result.out.count("\n")) == (0, 1 if name == "tsv" else 0)
        assert result.err == "nothing found: --path leaves 0 of 4 videos\n"


def test_paths_are_relative_where_that_is_shorter(run, uri: str, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clips)
    (clips / "-odd.mp4").write_bytes((clips / "red.mp4").read_bytes())
    (clips / "red.mp4").unlink()
    assert run("index", ".", "--library", uri).code == 0
    out = run("search", "yellow", "--library", uri).out
    assert next(line.split()[-1] for line in out.splitlines() if re.match(r" +\d", line)) == "more/yellow.mp4"
    assert " ./-odd.mp4\n" in out
    assert f"{clips}/more/yellow.mp4\n" in run("search", "yellow", "--library", uri, "--format", "path").out
    monkeypatch.chdir(clips / "more")
    assert "../green.mp4" in run("search", "green", "--library", uri, "--explain").out


def test_a_sheet(run, uri: str, clips: Path, tmp_path: Path) -> None:
    (clips / "red.mp4").unlink()
    sheet = tmp_path / "out.png"
    result = run("search", "red", "--library", uri, "--sheet", sheet)
    assert (result.code, result.err) == (0, f"See them in {sheet}\n")
    with Image.open(sheet) as picture:
        assert picture.size[0] == 20 + 2 * (4 * 196 - 4 + 20)
        # Of the file that is gone, the thumbnail.
        red, green, blue = picture.convert("RGB").getpixel((60, 90))
        assert red > 180 > 80 > max(green, blue)
    document = json.loads(run("search", "red", "--library", uri, "--sheet", sheet, "--json", "--force").out)
    assert document.keys() == {"query", "fits", "results", "sheet"}
    assert document["sheet"] == str(sheet)


def test_there_is_no_sheet_of_nothing(run, uri: str, tmp_path: Path) -> None:
    sheet = tmp_path / "out.png"
    options = ("search", "red", "--library", uri, "--path", "none", "--sheet", sheet)
    result = run(*options)
    assert (result.code, result.out) == (0, "")
    assert result.err.splitlines()[-1] == "no sheet is written, as there is nothing to see"
    assert json.loads(run(*options, "--json").out)["sheet"] is None
    assert not sheet.exists()


def test_queries_of_a_file(run, loader, uri: str, tmp_path: Path) -> None:
    file = tmp_path / "queries.txt"
    file.write_text('red\n{"text": "green", "without": ["red"]}\n')
    result = run("search", "--queries", file, "--library", uri, "-k", 2, "--json")
    document = json.loads(result.out)
    assert document.keys() == {"searches"}
    assert [search["query"] for search in document["searches"]] == ["red", "green, without red"]
    assert document["searches"][0] == json.loads(run("search", "red", "--library", uri, "-k", 2, "--json").out)
    assert len(loader.models) == 2  # one for both queries, one for the single one
    result = run("search", "--queries", file, "--library", uri, "--path", "g*", "--sheet", tmp_path / "s.png")
    assert [line for line in result.out.splitlines() if line in ("red", "green, without red")] == [
        "red",
        "green, without red",
    ]
    assert result.out.count("green.mp4") == 2
    result = run("search", "--queries", file, "--library", uri, "--path", "none")
    assert result.out == "red\nnothing found\ngreen, without red\nnothing found\n"


def test_queries_of_standard_input(run, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"red\nblue\n")))
    document = json.loads(run("search", "--queries", "-", "--library", uri, "--json").out)
    assert [Path(search["results"][0]["path"]).name for search in document["searches"]] == ["red.mp4", "blue.mp4"]


def test_a_library_that_is_not_there_is_told_before_the_models_libraries_are_imported(tmp_path: Path) -> None:
    script = (
        "import sys; from framecue.cli.main import main; code = main(sys.argv[1:]); "
        "print(code, sorted({'torch', 'transformers'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script, "search", "a dog", "--library", str(tmp_path / "none.lance")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1 []"
    assert "no library at" in done.stderr


def test_pictures_have_no_time_and_can_be_left_out(run, loader, uri: str, clips: Path, tmp_path: Path) -> None:
    picture = clips / "green.png"
    Image.new("RGB", (64, 48), (30, 200, 30)).save(picture)
    assert run("index", clips, "--images", "--library", uri).code == 0
    only = run("search", "green", "--kind", "image", "--library", uri)
    assert [line.split() for line in only.out.splitlines() if line.strip()][-1][-1:] == [str(picture)]
    documents = json.loads(run("search", "green", "--library", uri, "--json").out)["results"]
    kinds = {Path(hit["path"]).name: (hit["kind"], hit["start_seconds"], hit["hit"]) for hit in documents}
    assert kinds["green.png"] == ("image", 0.0, f"{picture}@0:00-0:00")
    assert kinds["green.mp4"][0] == "video"
    videos = json.loads(run("search", "green", "--kind", "video", "--library", uri, "--json").out)["results"]
    assert str(picture) not in {hit["path"] for hit in videos}
    clip = run("clip", f"{picture}@0:00-0:00", "--output", tmp_path / "x.mp4")
    assert (clip.code, clip.err) == (1, f"Error: {picture}: is a still image, of which no clip can be cut\n")
    assert run("search", "green", "--kind", "film", "--library", uri).code == 2
    assert ["pictures", "1"] in [line.split() for line in run("info", uri).out.splitlines()]


@pytest.fixture
def films(run, loader, tmp_path: Path) -> str:
    """A library of two films of 20 s: red, then green; and green, then red."""
    (tmp_path / "films").mkdir()
    for name, colours in (
        ("order", ("red", "white", "green", "white")),
        ("swapped", ("green", "white", "red", "white")),
    ):
        frames = (np.full((32, 32, 3), COLOURS[colour], np.uint8) for colour in colours for _ in range(20))
        write_video(tmp_path / "films" / f"{name}.mp4", frames, frames_per_second=4)
    uri = str(tmp_path / "films.lance")
    assert run("index", tmp_path / "films", "--library", uri, "--model", "clip").code == 0
    return uri


def test_one_thing_after_another(run, films: str) -> None:
    result = run("search", "red", "--then", "green", "--library", films, "--json", "-k", "1")
    answer = json.loads(result.out)
    assert answer["query"] == "red, then: green"
    (hit,) = answer["results"]
    assert Path(hit["path"]).name == "order.mp4"
    assert hit["hit"].endswith("order.mp4@0:00-0:15")
    assert [(part["part"], part["start_seconds"], part["end_seconds"]) for part in hit["parts"]] == [
        ("red", 0, 5),
        ("green", 10, 15),
    ]
    table = run("search", "red", "--then", "green", "--library", films, "-k", "1", "--explain").out
    assert "0:00\u20130:05, 0:10\u20130:15" in table
    assert "parts: red" in table
    assert [line.strip() for line in table.splitlines() if "seen: " in line] == [
        f"{part['part']}: seen: rank {leg['rank']}, score {leg['score']:.3f}"
        for part in hit["parts"]
        for leg in part["legs"]
    ]
    assert [[leg["leg"] for leg in part["legs"]] for part in hit["parts"]] == [["seen"], ["seen"]]
    swapped = run("search", "green", "--then", "red", "--library", films, "-k", "1", "--format", "path").out
    assert Path(swapped.strip()).name == "swapped.mp4"


@pytest.mark.parametrize(
    ("of_hit", "of_parts", "says"),
    [
        (0.1, (1.0, 0.1), "fit: 10%, that of the least likely part: a cake 100%; a lake 10%"),
        (None, (1.0, None), "fit: unknown, as one part cannot be judged: a cake 100%; a lake unknown"),
        (None, (None, None), None),
    ],
)
def test_an_order_is_explained_to_be_as_likely_as_its_least_likely_part(
    of_hit: float | None, of_parts: tuple[float | None, ...], says: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [
        PartHit(part, 1.0, 2.0, 0.3, confidence=sure) for part, sure in zip(("a cake", "a lake"), of_parts, strict=True)
    ]
    why = Explanation([], None, "gone")
    hit = Hit(1, "/v/a.mp4", 1.0, 2.0, 0.3, "id", 9.0, confidence=of_hit, parts=tuple(parts), explanation=why)
    print_hits([hit], hybrid=False)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.startswith("fit: ")] == ([] if says is None else [says])


def test_what_comes_too_late_is_left_out(run, films: str) -> None:
    limit = ("--library", films, "--min-score", "0.9", "--format", "path")
    assert run("search", "red", "--then", "green", "--within", "5", *limit).out.count("\n") == 1
    assert run("search", "red", "--then", "green", "--within", "4", *limit).out == ""
    assert "hybrid search knows no order" in run("search", "red", "--then", "green", "--hybrid", "--library", films).err


def test_refined_edges_are_those_of_the_frames(run, films: str, tmp_path: Path) -> None:
    colours = ["white"] * 22 + ["red"] * 14 + ["white"] * 44
    frames = (np.full((32, 32, 3), COLOURS[colour], np.uint8) for colour in colours)
    write_video(tmp_path / "whole.mp4", frames, frames_per_second=4)
    uri = str(tmp_path / "whole.lance")
    index = ("index", tmp_path / "whole.mp4", "--library", uri, "--model", "clip", "--segments", "windows")
    assert run(*index).code == 0
    (hit,) = json.loads(run("search", "red", "--library", uri, "--refine", "--json").out)["results"]
    assert (hit["start_seconds"], hit["end_seconds"]) == (pytest.approx(5.5, abs=0.3), pytest.approx(9.0, abs=0.3))
    assert hit["segment_seconds"] == [5, 10]


@pytest.fixture
def scenes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A library of 40 segments with a model that puts each text elsewhere."""
    monkeypatch.setattr("framecue.cli.search.library_model", lambda library, **_: WordEncoder())
    return word_library(tmp_path, [f"scene {number}" for number in range(40)]).uri


def test_what_is_not_there_is_said_first(run, scenes: str) -> None:
    there = run("search", "scene 7", "-k", 2, "--library", scenes)
    assert there.code == 0
    assert NOTHING_FITS not in there.out
    head = next(line for line in there.out.splitlines() if "rank" in line)
    assert head.split()[:3] == ["rank", "fit", "score"]
    best = next(line for line in there.out.splitlines() if "scene 7.mp4" in line)
    assert best.split()[0] == "1"
    assert int(best.split()[1].removesuffix("%")) > 50
    absent = run("search", "nothing like it", "-k", 2, "--library", scenes)
    assert absent.code == 0
    assert absent.out.splitlines()[0] == NOTHING_FITS
    assert absent.out.count(".mp4") == 2
    # What other programs read stays as it is.
    paths = run("search", "nothing like it", "-k", 2, "--format", "path", "--library", scenes)
    assert len(paths.out.splitlines()) == 2
    assert "nothing like it: nothing here fits well" in paths.err
    # A later page holds the rest.
    assert NOTHING_FITS not in run("search", "scene 7", "--page", 2, "--library", scenes).out


def test_json_says_whether_a_search_and_a_result_fits(run, scenes: str, tmp_path: Path) -> None:
    file = tmp_path / "queries.txt"
    file.write_text("scene 7\nnothing like it\n", encoding="utf-8")
    found = run("search", "--queries", file, "-k", 2, "--library", scenes, "--json")
    there, absent = json.loads(found.out)["searches"]
    assert (found.code, there["fits"], absent["fits"]) == (0, True, False)
    assert [hit["fits"] for hit in there["results"]] == [True, False]
    assert there["results"][0]["confidence"] > 0.5 > 0.2 > absent["results"][0]["confidence"]
    shown = run("search", "--queries", file, "-k", 1, "--library", scenes).out.splitlines()
    assert shown.index(NOTHING_FITS) == shown.index("nothing like it") + 1
    assert shown.count(NOTHING_FITS) == 1


def test_min_confidence_leaves_out_what_is_unlikely_and_says_so(run, scenes: str) -> None:
    some = run("search", "scene 7", "--min-confidence", 0.2, "--library", scenes, "--format", "path")
    assert [Path(line).name for line in some.out.splitlines()] == ["scene 7.mp4"]
    none = run("search", "nothing like it", "--min-confidence", 0.9, "--library", scenes)
    assert (none.code, none.out) == (0, "")
    assert re.search(r"the best result fits \d\d?%, less than --min-confidence 90%", none.err)
    assert (
        run("search", "nothing like it", "--min-confidence", 0.9, "--library", scenes, "--json").out.count("null") == 0
    )
    for share in ("20%", "20 %"):
        again = run("search", "scene 7", "--min-confidence", share, "--library", scenes, "--format", "path")
        assert again.out == some.out
    assert run("search", "scene 7", "--min-confidence", 2, "--library", scenes).code == 2


def test_results_are_ordered_once_more_by_marks(run, uri: str) -> None:
    place = ("--library", uri, "--json")

    def paths(*args: object) -> list[str]:
        result = run("search", "red", *args, *place)
        assert result.code == 0, result.err
        return [Path(hit["path"]).stem for hit in json.loads(result.out)["results"]]

    plain = paths()
    assert plain[0] == "red"
    # What is wrong is left out, what is right comes first.
    assert "red" not in paths("--wrong", "1")
    marked = paths("--right", "4", "--wrong", "1,2")
    assert marked[0] == plain[3]
    assert paths("--right", "4", "--wrong", "1", "--wrong", "2") == marked
    assert paths() == plain


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["red", "--right", "x"], 2, "'x' are no ranks of results"),
        (["red", "--wrong", "3-1"], 2, "counts backwards"),
        (["--queries", "-", "--right", "1"], 2, "--right and --wrong are given with --queries"),
        (["--right", "1"], 2, "nothing to search for"),
        (["red", "--right", "99"], 1, "99"),
        (["red", "--right", "1", "--wrong", "1"], 1, "1"),
    ],
)
def test_marks_that_make_no_sense(run, uri: str, args: list[str], code: int, says: str) -> None:
    result = run("search", *args, "--library", uri)
    assert (result.code, result.out) == (code, "")
    assert says in result.err
    assert result.err.count("\n") == 1


def test_the_last_search_is_kept_for_its_numbers(run, uri: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("FRAMECUE_CACHE", str(tmp_path / "cache"))
    assert run("search", "red", "-k", 2, "--library", uri).code == 0
    assert run("search", "red", "-k", 2, "--page", 2, "--format", "path", "--library", uri).code == 0
    kept = last_search(uri)
    assert (kept.query, list(kept.hits)) == ("red", [1, 2, 3, 4])
    # One of many searches is nobody's last.
    (tmp_path / "queries.txt").write_text("green\nblue\n")
    assert run("search", "--queries", tmp_path / "queries.txt", "--library", uri).code == 0
    assert last_search(uri).query == "red"


def test_taught_names_are_told_in_explanations_and_understood_in_streams(
    run, taught_library: str, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ("--library", taught_library)
    assert run("teach", "Rex", "--like", clips / "blue.mp4", *place).code == 0
    told = run("search", "a photo of REX", "-k", 1, "--explain", *place).out
    assert "taught names: Rex (its examples 1.000, 85% of the score)" in told
    assert "taught names" not in run("search", "blue", "-k", 1, "--explain", *place).out
    lines = b'{"text": "rex"}\n{"text": "red", "without": ["rex^0.5"]}\nred\n'
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    answers = map(json.loads, run("search", "--queries", "-", "--format", "jsonl", "-k", 1, *place).out.splitlines())
    assert [(Path(hit["path"]).name, hit.get("names")) for hit in answers] == [
        ("blue.mp4", ["Rex"]),
        ("red.mp4", ["Rex"]),
        ("red.mp4", None),
    ]
