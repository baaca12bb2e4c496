from __future__ import annotations

import numpy as np
import pytest

from framecue.library.store.taught_names import KeptExample
from framecue.library.teaching.quality import agreement, mean_vector, notices_of, ranked


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


# In so many directions that kinds of moments do not meet by chance.
WIDTH = 48


def moments(kind: int, number: int, seed: int) -> np.ndarray:
    """Return moments of one kind: they share a direction, and what all moments share."""
    shared = np.random.default_rng(kind).normal(size=WIDTH) + np.random.default_rng(99).normal(size=WIDTH)
    made = shared + np.random.default_rng([kind, seed]).normal(size=(number, WIDTH))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def library_with(share_of_kind_0: float) -> np.ndarray:
    of_kind_0 = round(400 * share_of_kind_0)
    rest = (400 - of_kind_0) // 8
    return np.concatenate([moments(0, of_kind_0, 1), *(moments(kind, rest, 1) for kind in range(1, 9))])


@pytest.mark.parametrize("share", [0.3, 0.4])
@pytest.mark.parametrize("num", [3, 5, 10])
def test_examples_that_go_together_are_not_blamed_for_the_many_that_look_the_same(num: int, share: float):
    good = ranked([example(*row) for row in moments(0, num, 2)], library_with(share))
    # They are far down: half of the moments of their kind come before them.
    assert max(each.rank or 0 for each in good) > 50
    assert [each.agrees for each in good] == [True] * num
    assert notices_of(good) == ()


@pytest.mark.parametrize("num", [2, 3, 5, 8])
def test_examples_of_different_things_are_blamed_however_many_look_like_one_of_them(num: int):
    different = np.concatenate([moments(kind, 1, 2) for kind in range(num)])
    found = ranked([example(*row) for row in different], library_with(0.3))
    assert [each.agrees for each in found] == [False] * num
    assert notices_of(found)


@pytest.mark.parametrize("num", [5, 9])
def test_one_that_shows_something_else_is_blamed_alone(num: int):
    examples = [*moments(0, num, 2), *moments(5, 1, 2)]
    paths = [f"/{number}.mp4" for number in range(num)] + ["/odd.mp4"]
    found = ranked([example(*row, path=path) for row, path in zip(examples, paths, strict=True)], library_with(0.2))
    assert [each.agrees for each in found] == [True] * num + [False]
    (notice,) = notices_of(found)
    assert notice.startswith("/odd.mp4")


def test_what_examples_have_in_common_is_set_against_draws_by_chance():
    others = library_with(0.25)
    tight, loose = moments(0, 4, 2), np.concatenate([moments(kind, 1, 2) for kind in range(4)])
    assert agreement(tight, others) == 1.0
    assert agreement(tight, others) == agreement(tight[::-1], others)
    share = agreement(loose, others)
    assert share is not None
    # The same, with sets that are drawn one by one, and cosines that are counted pair by pair.
    rng = np.random.default_rng(7)
    pairs = np.triu_indices(4, 1)
    drawn = [others[rng.choice(len(others), 4, replace=False)] for _ in range(2000)]
    slowly = np.mean([(each @ each.T)[pairs].mean() < (loose @ loose.T)[pairs].mean() for each in drawn])
    assert share == pytest.approx(slowly, abs=0.07)
    # In a library that shows nothing else, examples have nothing of their own in common.
    same = np.repeat(tight[:1], 50, axis=0)
    assert agreement(same[:3], same) == 0.0
    assert agreement(tight, others[:7]) is None


def test_of_two_that_have_little_in_common_none_is_blamed():
    others = np.tile(np.float32([0.7, 0.7]), (200, 1))
    (notice,) = notices_of(ranked([example(1, 0), example(-1, 0)], others))
    assert notice.startswith("The two examples have little in common")
