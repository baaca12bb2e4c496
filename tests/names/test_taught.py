"""What a taught name is, and a lesson."""

from __future__ import annotations

import numpy as np

from framecue.names.taught import MOST_TOKENS, Lesson, TaughtTokens


def test_vectors_are_not_printed_and_two_lessons_are_two():
    vectors = np.ones((1, 4), dtype=np.float32)
    taught = TaughtTokens("Rex", vectors, ("dog", "cat"))
    assert repr(taught) == "TaughtTokens(name='Rex', stand_ins=('dog', 'cat'))"
    assert taught != TaughtTokens("Rex", vectors, ("dog", "cat"))
    lesson = Lesson("Rex", vectors, vectors, vectors[:0])
    assert lesson != Lesson("Rex", vectors, vectors, vectors[:0])
    assert "[" not in repr(lesson)


def test_a_lesson_needs_no_more_than_examples_and_others():
    lesson = Lesson("Rex", np.ones((1, 4)), np.ones((2, 4)), np.ones((0, 4)))
    assert (lesson.coarse, lesson.texts, lesson.num_tokens, lesson.seed) == (None, (), None, 0)
    assert MOST_TOKENS == 4
