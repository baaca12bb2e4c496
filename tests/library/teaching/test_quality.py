from __future__ import annotations

import numpy as np
import pytest

from framecue.library.store.taught_names import KeptExample
from framecue.library.teaching.quality import mean_vector, notices_of, ranked


def example(*vector: float, path: str | None = "/a.mp4", kind: str = "video") -> KeptExample:
    unit = np.float32(vector) / np.linalg.norm(vector)
    return KeptExample(path, "a", 0.0, 5.0, kind, unit.astype(np.float32))


def test_the_mean_has_unit_length():
    np.testing.assert_allclose(mean_vector([example(1, 0), example(0, 1)]), [0.5**0.5] * 2, atol=1e-6)
    np.testing.assert_array_equal(mean_vector([example(1, 0), example(-1, 0)]), [1, 0])  # they cancel out


def test_an_example_has_the_place_it_takes_if_it_is_looked_for_by_the_others():
    # Worked out by hand: (0.8, 0.6) is nearer to the mean of the first or second and the third than either of the two,
    # and both it and (1, 0) are nearer to the mean of the first two than the third is.
    others = np.float32([[1, 0], [0.8, 0.6], [0, 1], [-1, 0]])
    found = ranked([example(1, 0), example(1, 0.01), example(0.6, 0.8)], others)
    assert [(each.rank, each.num_compared) for each in found] == [(2, 5), (2, 5), (3, 5)]


def test_each_rank_is_that_of_a_search_by_the_mean_of_the_rest():
    rng = np.random.default_rng(3)
    others = rng.normal(size=(50, 8)).astype(np.float32)
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    examples = [example(*row) for row in rng.normal(size=(4, 8)) + 1]
    for number, found in enumerate(ranked(examples, others)):
        query = np.mean([each.vector for index, each in enumerate(examples) if index != number], axis=0)
        scores = np.sort(np.append(others @ query, examples[number].vector @ query))[::-1]
        assert found.rank == 1 + int(np.searchsorted(-scores, -(examples[number].vector @ query)))


def test_one_example_has_no_rank_and_none_is_compared_with_nothing():
    (found,) = ranked([example(1, 0)], np.zeros((0, 2), np.float32))
    assert (found.rank, found.num_compared) == (None, 0)
    assert "3 or more" in notices_of([found])[0]
    assert [each.rank for each in ranked([example(1, 0)] * 2, np.zeros((0, 2), np.float32))] == [1, 1]


def test_examples_that_agree_need_no_word():
    others = np.tile(np.float32([0, 1]), (200, 1))
    assert notices_of(ranked([example(1, 0.1)] * 3, others)) == ()


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        (
            "/odd.mp4",
            "video",
            "/odd.mp4 at 0.0 to 5.0 s stands apart: searched for by the other examples, it comes in ",
        ),
        ("/odd.jpg", "image", "/odd.jpg stands apart"),
        (None, "image", "A picture that was given in memory stands apart"),
    ],
)
def test_an_example_that_the_others_do_not_find_is_named(path: str | None, kind: str, said: str):
    others = np.tile(np.float32([0.7, 0.7]), (200, 1))
    odd = example(-1, 0, path=path, kind=kind)
    (notice,) = notices_of(ranked([example(1, 0), example(1, 0.1), example(1, -0.1), odd], others))
    assert notice.startswith(said)
    assert "place 201 of 201" in notice


def test_of_two_that_have_little_in_common_none_is_blamed():
    others = np.tile(np.float32([0.7, 0.7]), (200, 1))
    (notice,) = notices_of(ranked([example(1, 0), example(-1, 0)], others))
    assert notice.startswith("The two examples have little in common")
