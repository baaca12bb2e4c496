from __future__ import annotations

from framecue.words.joining import join_lines
from framecue.words.lines import Piece


def line(text: str, confidence: float = 0.9, left: float = 0, top: float = 0) -> Piece:
    return Piece(text, confidence, left, top, left + 10 * len(text), top + 20)


def told(*pictures: list[Piece]) -> list[tuple[str, int, int]]:
    return [(text.best.text, text.first, text.last) for text in join_lines(pictures)]


def test_a_line_of_neighbouring_pictures_is_one_text() -> None:
    assert told([line("Hello")], [line("Hello"), line("Bye")], [line("Bye")], []) == [("Hello", 0, 1), ("Bye", 1, 2)]
    assert told() == []


def test_a_picture_in_which_it_is_not_read_does_not_end_it_but_two_do() -> None:
    assert told([line("Hello")], [], [line("Hello")]) == [("Hello", 0, 2)]
    assert told([line("Hello")], [], [], [line("Hello")]) == [("Hello", 0, 0), ("Hello", 3, 3)]


def test_of_readings_that_differ_a_little_the_most_confident_stands() -> None:
    pictures = [[line("Happy birthdav", 0.8)], [line("Happy birthday", 0.97)], [line("Happybirthday", 0.9)]]
    assert told(*pictures) == [("Happy birthday", 0, 2)]


def test_case_and_spaces_do_not_part_readings() -> None:
    assert told([line("YELLOW STATION", 0.8)], [line("YELLOWSTATION", 0.95)]) == [("YELLOWSTATION", 0, 1)]


def test_what_differs_in_meaning_is_another_text() -> None:
    for one, other in [
        ("Lesson number 1", "Lesson number 2"),
        ("House of cards I", "House of cards II"),
        ("yesterday morning", "yesterday evening"),
        ("cat", "bat"),
        ("part A of it all", "part B of it all"),
    ]:
        assert told([line(one)], [line(other)]) == [(one, 0, 0), (other, 1, 1)]


def test_a_text_that_a_picture_has_twice_goes_on_in_both_places() -> None:
    pictures = [
        [line("Yes"), line("Yes", left=300)],
        [line("Yes", left=305, confidence=0.99), line("Yes", left=4)],
        [line("Yes", left=303)],
    ]
    assert told(*pictures) == [("Yes", 0, 1), ("Yes", 0, 2)]
    one, other = join_lines(pictures)
    assert (one.last_line.left, other.last_line.left, other.first_line.left) == (4, 303, 300)
    assert other.best.confidence == 0.99
