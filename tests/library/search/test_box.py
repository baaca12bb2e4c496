from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.library import Query
from framecue.library.search.box import LEG_NAMES, MOST_PHRASES, Term, check_leg_names, parse, quotations


@pytest.mark.parametrize(
    "text",
    [
        "a dog catches a frisbee",
        "10:30",
        "http://example.org/a?b=c",
        "Star Wars: A New Hope",
        "he said: hello",
        "what he said:",
        "unsaid:hello",
        'a 24" screen and a 27" one',
        'key:"value"',
        "C:\\videos\\said",
        "red -blue^2",
        "  spaces  stay ",
        "it's 5 o'clock",
        "(seen) [said]",
        "海said:犬",
        "כלב רץ",
    ],
)
def test_whatever_is_no_prefix_and_no_quote_is_text(text: str) -> None:
    assert parse(text) == (Term(text),)
    assert Query.parse(text) == Query(text)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ('said:"happy birthday"', [Term("happy birthday", "said", ("happy birthday",))]),
        ("said:happy birthday", [Term("happy birthday", "said")]),
        ("Said: happy birthday", [Term("happy birthday", "said")]),
        (
            'said:"happy birthday" a cake',
            [Term("happy birthday", "said", ("happy birthday",)), Term("a cake")],
        ),
        ("a cake said:happy birthday", [Term("a cake"), Term("happy birthday", "said")]),
        (
            'a dog said:"sit" on the grass',
            [Term("a dog on the grass"), Term("sit", "said", ("sit",))],
        ),
        ("seen:a dog said:sit", [Term("a dog", "seen"), Term("sit", "said")]),
        ("name:holiday written:exit", [Term("holiday", "named"), Term("exit", "written")]),
        ("caption:x meaning:y", [Term("x", "captions"), Term("y", "meaning")]),
        ('a man says "I am back"', [Term("a man says I am back", None, ("I am back",))]),
        ('"one two" and "three"', [Term("one two and three", None, ("one two", "three"))]),
        ('said:one "two three"', [Term("one two three", "said", ("two three",))]),
        ('said:"a b" said:"c d"', [Term("a b c d", "said", ("a b", "c d"))]),
        ('he wrote said: "well"', [Term("he wrote"), Term("well", "said", ("well",))]),
        # A quote that is not closed reaches to the end.
        ('said:"happy birthday', [Term("happy birthday", "said", ("happy birthday",))]),
        ('a "happy birthday', [Term("a happy birthday", None, ("happy birthday",))]),
        # Quotes as phones and other languages have them, and a wide colon.
        ("said:\u201chappy birthday\u201d", [Term("happy birthday", "said", ("happy birthday",))]),
        ("\u201eguten Tag\u201c", [Term("guten Tag", None, ("guten Tag",))]),
        ("said:\u00abbonjour\u00bb", [Term("bonjour", "said", ("bonjour",))]),
        ("said\uff1a\u300c誕生日\u300d", [Term("誕生日", "said", ("誕生日",))]),
        ("said:誕生日 おめでとう", [Term("誕生日 おめでとう", "said")]),
        ('written:"שלום עולם"', [Term("שלום עולם", "written", ("שלום עולם",))]),
        ('\u200fsaid:\u200f"שלום"', [Term("שלום", "said", ("שלום",))]),
        # What is escaped means nothing.
        ('\\"red\\" door', [Term('"red" door')]),
        ("said\\: hello", [Term("said: hello")]),
        ('said:"he said \\"no\\""', [Term('he said "no"', "said", ('he said "no"',))]),
    ],
)
def test_prefixes_and_quotes(text: str, terms: list[Term]) -> None:
    assert list(parse(text)) == terms


@pytest.mark.parametrize("text", ["said:", "said:   ", 'a dog said:""', 'said:" "', "said:\u200f", "said: written:x"])
def test_nothing_after_a_prefix_is_one_clear_sentence(text: str) -> None:
    with pytest.raises(InputError, match=r'there is nothing after said: to look for; write said:"happy birthday", or'):
        parse(text)


@pytest.mark.parametrize("text", ["", "  ", '""', '" "'])
def test_nothing_at_all(text: str) -> None:
    with pytest.raises(InputError, match="the query is empty; describe in words what the video shows"):
        parse(text)


@given(st.text(alphabet='said:"\\ writen\u201c\u201d\u200f犬א', max_size=40))
def test_anything_may_be_typed(text: str) -> None:
    """Whatever it is, it is read or refused, and what is read is some of what was typed."""
    try:
        terms = parse(text)
    except InputError:
        return
    assert all(term.text.strip() for term in terms)
    kept = "".join(term.text for term in terms)
    assert {*kept} <= {*text, " "}
    assert all(phrase in term.text for term in terms for phrase in term.exact)


def test_a_term_is_shown_as_it_is_typed() -> None:
    for text in ('said:"happy birthday"', 'a man says "I am back"', "name:holiday", "seen:a dog"):
        (term,) = parse(text)
        assert str(term) == text
        assert str(Query.parse(text)) == text
        assert parse(str(term)) == (term,)


def test_legs_are_named_in_their_order_and_no_others() -> None:
    assert check_leg_names(["said", "seen", "said"]) == ("seen", "said")
    with pytest.raises(InputError, match=f"there is no leg 'sad' of a search; known: {', '.join(LEG_NAMES)}"):
        check_leg_names(["sad"])
    with pytest.raises(InputError, match="no leg 'sad'"):
        Term("x", "sad")
    with pytest.raises(InputError, match="is empty"):
        Term(" ")


def test_each_phrase_is_looked_up_so_there_may_not_be_hundreds() -> None:
    some = [f'"number {number}"' for number in range(MOST_PHRASES)]
    (term,) = parse(" ".join(some))
    assert len(term.exact) == MOST_PHRASES
    for prefix in ("", "said:"):
        with pytest.raises(InputError, match=f"has {MOST_PHRASES + 1} phrases in quotes; give at most {MOST_PHRASES}$"):
            parse(" ".join(f"{prefix}{phrase}" for phrase in [*some, '"another"']))


def test_quotations_are_where_the_box_reads_them() -> None:
    text = 'a "b c" d said:\u201ce\u201d 5" f \\"g" \u00abh i'
    found = [text[start:stop] for start, stop in quotations(text)]
    assert found == ['"b c"', "\u201ce\u201d", "\u00abh i"]
    assert quotations("") == []


def test_a_term_is_shown_as_it_is_typed_also_with_a_phrase_that_begins_another_word() -> None:
    for typed in ('after "a" bee', 'before "b"', 'said:"a" a', 'see "see saw" seesaw'):
        (term, *others) = parse(typed)
        assert " ".join(map(str, (term, *others))) == typed
