from framecue.words.spoken_lines import HeardWord, spoken_lines
from framecue.words.timed_text import TimedWord


def lines_of(text, *, seconds=0.5, pauses=()):
    """Lines of words that follow each other, each after the pause that stands before its number."""
    words, start = [], 0.0
    for number, word in enumerate(text.split(" ")):
        start += dict(pauses).get(number, 0)
        words.append(HeardWord(start, start + seconds, f" {word}", 0.5))
        start += seconds
    return list(spoken_lines(words, "en"))


def texts(*args, **options):
    return [line.text for line in lines_of(*args, **options)]


def test_a_sentence_is_a_line_with_its_words():
    first, second = lines_of("We signed it. Nobody knew.")
    assert (first.text, first.kind, first.language, first.confidence) == ("We signed it.", "said", "en", 0.5)
    assert (first.start_seconds, first.end_seconds) == (0, 1.5)
    assert first.words == (TimedWord(0, 0.5, "We"), TimedWord(0.5, 1, "signed"), TimedWord(1, 1.5, "it."))
    assert (second.start_seconds, second.end_seconds, second.text) == (1.5, 2.5, "Nobody knew.")


def test_a_short_sentence_takes_the_next_with_it():
    assert texts("Yes. Mr. Smith is here. Good.", seconds=0.4) == ["Yes. Mr. Smith is here.", "Good."]


def test_what_ends_a_sentence():
    assert texts('Is it here?" Stop that! Well… Then “go.” Or') == [
        'Is it here?"',
        "Stop that!",
        "Well… Then “go.”",
        "Or",
    ]


def test_a_pause_ends_a_line():
    assert texts("one two three four", pauses=[(2, 1.0)]) == ["one two", "three four"]
    assert texts("one two three four", pauses=[(2, 0.9)]) == ["one two three four"]


def test_a_long_line_ends_at_a_comma_and_at_last_anywhere():
    assert [len(text.split()) for text in texts("one, two, " * 20 + "end")] == [16, 16, 9]
    assert [len(text.split()) for text in texts(" ".join(["word"] * 70))] == [32, 32, 6]


def test_languages_without_spaces_keep_theirs():
    words = [HeardWord(0, 1, "今日は", 1.0), HeardWord(1, 2, "いい", 1.0), HeardWord(2, 3, "天気。", 1.0)]
    words += [HeardWord(3, 4, "はい", 1.0)]
    assert [line.text for line in spoken_lines(words, "ja")] == ["今日はいい天気。", "はい"]


def test_nothing_is_nothing():
    assert list(spoken_lines([], None)) == []
    (line,) = spoken_lines([HeardWord(0, 1, " ", 1.0), HeardWord(1, 2, " \n a", 1.0)], None)
    assert (line.text, line.words) == ("a", (TimedWord(1, 2, "a"),))
    assert list(spoken_lines([HeardWord(0, 1, " ", 1.0)], None)) == []
