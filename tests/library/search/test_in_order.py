import pytest

from framecue.errors import InputError
from framecue.library import Query
from framecue.library.search.in_order import MOST_PARTS, has_arrow, lacking_half, says_only_order, split_in_order


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a panda shrinks, then an octopus grows", ("a panda shrinks", "an octopus grows")),
        ("a panda shrinks and then an octopus grows", ("a panda shrinks", "an octopus grows")),
        ("A panda shrinks. Then an octopus grows", ("A panda shrinks", "an octopus grows")),
        ("first a panda shrinks, then an octopus grows", ("a panda shrinks", "an octopus grows")),
        ("a kiss, next fireworks", ("a kiss", "fireworks")),
        ("a kiss followed by fireworks", ("a kiss", "fireworks")),
        ("a kiss, followed by fireworks", ("a kiss", "fireworks")),
        ("a panda shrinks before an octopus grows", ("a panda shrinks", "an octopus grows")),
        ("an octopus grows after a panda shrinks", ("a panda shrinks", "an octopus grows")),
        ("after a panda shrinks, an octopus grows", ("a panda shrinks", "an octopus grows")),
        ("rain then sun then rain", ("rain", "sun", "rain")),
        ('said:"happy birthday", then a cake', ('said:"happy birthday"', "a cake")),
        ("一只熊猫 then 一只章鱼", ("一只熊猫", "一只章鱼")),
        ("a man waves now and then, then he leaves", ("a man waves now and then", "he leaves")),
        ("a garden before and after, then a house", ("a garden before and after", "a house")),
        ("\N{FROG FACE} -> \N{PANDA FACE}", ("\N{FROG FACE}", "\N{PANDA FACE}")),
        ('a 5" screen, then a dog', ('a 5" screen', "a dog")),
    ],
)
def test_parts_come_in_the_order_in_which_they_happen(text: str, parts: tuple[str, ...]) -> None:
    assert split_in_order(text) == parts


FORMS = [
    "{x}, then {y}",
    "{x} then {y}",
    "{x} and then {y}",
    "{x}; then {y}",
    "{x}. Then {y}",
    "{x} but then {y}",
    "first {x}, then {y}",
    "first {x} then {y}",
    "First, {x}, and then {y}",
    "at first {x}, then {y}",
    "firstly {x}, finally {y}",
    "{x}, afterwards {y}",
    "{x} and afterwards {y}",
    "{x}, after that {y}",
    "{x}, after which {y}",
    "{x}. After this, {y}",
    "{x}, and later {y}",
    "{x}, later on {y}",
    "{x} and later {y}",
    "{x}, next {y}",
    "{x} and next {y}",
    "{x}, subsequently {y}",
    "{x}, and finally {y}",
    "{x} and eventually {y}",
    "{x} followed by {y}",
    "{x}, followed by {y}",
    "{x} is followed by {y}",
    "{x}, which is followed by {y}",
    "{x} immediately followed by {y}",
    "{x} before {y}",
    "{x}, before {y}",
    "{x} right before {y}",
    "{x} a few seconds before {y}",
    "before {y}, {x}",
    "just before {y}, {x}",
    "{y}; before that, {x}",
    "{y} after {x}",
    "{y} shortly after {x}",
    "{y} 10 seconds after {x}",
    "{y}, preceded by {x}",
    "{y} is preceded by {x}",
    "after {x}, {y}",
    "shortly after {x}, {y}",
    "after {x}, then {y}",
    "once {x}, {y}",
    "as soon as {x}, {y}",
    "{x},then {y}",
    "{x} ,then {y}",
    "{x};then {y}",
    "{x}... then {y}",
    "{x} ... and then {y}",
    "{x}\u2026 then {y}",
    "{x} \u2014 then {y}",
    "{x} \u2013 and then \u2013 {y}",
    "{x}\u2014then {y}",
    "{x} -- and then {y}",
    "{x}, and then... {y}",
    "{x}, then: {y}",
    "first: {x}. Then: {y}",
    "{x},finally {y}",
    "{x} \u2014 later {y}",
    "{y} \u2014 before that, {x}",
    "{x} -> {y}",
    "{x} \u2192 {y}",
]


@pytest.mark.parametrize("form", FORMS)
def test_the_ordinary_forms_of_english(form: str) -> None:
    x, y = "a panda shrinks", "an octopus grows"
    text = form.format(x=x, y=y)
    assert split_in_order(text) == (x, y)
    assert split_in_order(text.upper()) == (x.upper(), y.upper())
    # Quotes around a half, and a prefix before it, are the half's; the words of the order stand outside them.
    for marked in ('"{}"', "\u201c{}\u201d", 'said:"{}"', 'written:"{} then"', "name:{}", 'seen:"{}"'):
        parts = marked.format(x), marked.format(y)
        assert split_in_order(form.format(x=parts[0], y=parts[1])) == parts
    # A sentence competes with itself as a whole, whatever its form, and quotes around all of it turn that off.
    assert Query.parse(text).order == (Query(x), Query(y))
    for opening, closing in ('""', "\u201c\u201d", "\u201e\u201c", "\u00ab\u00bb", "\u300c\u300d", ('"', "")):
        assert Query.parse(f"{opening}{text}{closing}").order == ()


@pytest.mark.parametrize(
    "text",
    [
        "a bell rings every now and then",
        "now and then a bird sings",
        "the house back then",
        "a street, by then empty",
        "nobody has come since then",
        "the then president waves",
        "he is arrested then and there",
        "a kitchen before and after the renovation",
        "the day before yesterday",
        "the day after tomorrow",
        "it rains day after day",
        "dominoes fall one after another",
        "cars leave one after the other",
        "a man looks after a child",
        "a dog runs after a ball",
        "a boat named after a queen",
        "never before, never again",
        "once upon a time, in a forest",
        "they lived happily ever after",
        "shops after hours",
        "a man, next to a tree",
        "a man and next to him a dog",
        "a train later than usual",
        "a man finally wins",
        "a panda shrinks",
        '"a panda shrinks, then an octopus grows"',
        "\u201cfirst love, then war\u201d",
        'said:"and then she left"',
        'an open "quotation, then more',
        ", then a cake",
        "a cake and then ",
        "a cake, then ...",
        "the strengthening of lathen",
        "a cake, -> !",
        "a file.then another",
        "well-then a cake",
        "after dark",
        "the person next door, who sings",
        "before",
        "",
        ", then ".join("abcde"[: MOST_PARTS + 1]),
    ],
)
def test_what_is_no_order_is_left_whole(text: str) -> None:
    assert split_in_order(text) is None


@pytest.mark.parametrize("arrow", ["->", "-->", "=>", "\u2192"])
def test_an_arrow_needs_two_halves(arrow: str) -> None:
    for text, lacks in (
        (f"{arrow} a cake", f"the half before {arrow} is empty; say what comes first"),
        (f"a cake {arrow}", f"the half after {arrow} is empty; say what comes after the first"),
        (f"a cake{arrow} ...", f"the half after {arrow} is empty; say what comes after the first"),
        (f"a {arrow} {arrow} b", f"the half between {arrow} and {arrow} is empty; say what comes after the first"),
        (f" {arrow} ", "both halves of the order are empty; say what comes first, and what comes after it"),
    ):
        told = lacking_half(text)
        assert told is not None
        assert told.startswith(lacks)
        assert told.endswith(f'"{arrow if arrow in lacks else text.strip()}" in quotes')
        with pytest.raises(InputError, match=r"empty; say what comes"):
            Query.parse(text)
        # The way out that it names.
        assert Query.parse(f'"{text}"').order == ()


@pytest.mark.parametrize("text", ["then", "And then", "then ...", ", then,", "followed by", "preceded by"])
def test_words_of_an_order_alone_have_no_half(text: str) -> None:
    assert (lacking_half(text) or "").startswith("both halves of the order are empty; say what comes first")
    assert lacking_half(f'"{text}"') is None


@pytest.mark.parametrize(
    "text",
    [
        "then a cake",
        "a cake, then",
        "before",
        "after",
        "afterwards",
        "back then",
        "a -> b",
        '"->"',
        'said:"a ->"',
        "-",
        "",
    ],
)
def test_a_sentence_may_begin_or_end_with_such_words(text: str) -> None:
    assert lacking_half(text) is None


def test_a_long_text_takes_no_long_time() -> None:
    for unit in (
        " then",
        ' "',
        "a  , ",
        "is followed ",
        " ",
        "after ",
        ", then a",
        "a, ",
        "one after ",
        "\u00ab",
        "a few ",
        "a ->",
    ):
        assert split_in_order(unit * 8_000) is None
        lacking_half(unit * 8_000)


@pytest.mark.parametrize(
    ("text", "has"),
    [("a -> b", True), ("a\u2192b", True), ("a, then b", False), ('"a -> b"', False), ("a - > b", False)],
)
def test_an_arrow_says_an_order_outside_of_quotes(text: str, has: bool) -> None:
    assert has_arrow(text) is has


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a, then b", True),
        ("a -> b", True),
        ("a is followed by b", True),
        ("b; before that, a", True),
        ('said:"a kiss", then fireworks', True),
        ("a before b", False),
        ("after a, b", False),
        ("once a, b", False),
        ("a now and then", False),
        ('"a, then b"', False),
        ("a", False),
    ],
)
def test_some_words_say_an_order_and_nothing_else(text: str, says: bool) -> None:
    assert says_only_order(text) is says
