import pytest

from framecue.library.search.in_order import MOST_PARTS, split_in_order


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
    ],
)
def test_parts_come_in_the_order_in_which_they_happen(text: str, parts: tuple[str, ...]) -> None:
    assert split_in_order(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "a panda shrinks",
        '"a panda shrinks, then an octopus grows"',
        "\u201cfirst love, then war\u201d",
        'said:"and then she left"',
        'an open "quotation, then more',
        ", then a cake",
        "a cake and then ",
        "a cake, then ...",
        "the strengthening of lathen",
        "after dark",
        "the person next door, who sings",
        "before",
        "",
        ", then ".join("abcde"[: MOST_PARTS + 1]),
    ],
)
def test_what_is_no_order_is_left_whole(text: str) -> None:
    assert split_in_order(text) is None


def test_a_long_text_takes_no_long_time() -> None:
    for unit in (" then", ' "', "a  , ", "is followed ", " ", "after ", ", then a"):
        assert split_in_order(unit * 20_000) is None
