from __future__ import annotations

import pytest

from framecue.errors import InputError
from framecue.library.search.box import LEG_NAMES
from framecue.library.search.weights import WEIGHTS, LegWeights


def test_every_leg_has_a_weight() -> None:
    assert all(WEIGHTS.of(name) > 0 for name in LEG_NAMES)
    assert LegWeights(said=2).of("said") == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"said": -1}, "said is -1; it must be a number, 0 or more"),
        ({"seen": "much"}, "seen is 'much'; it must be"),
        ({"least_coverage": 1}, "least_coverage is 1; it is a share, less than 1"),
        ({"certain": 1}, "certain is 1; it is a share, less than 1"),
        ({"enough": 0}, "enough is 0; it is a confidence, more than 0"),
        ({"elsewhere": 1.5}, "elsewhere is 1.5; it is a share"),
        ({"seen_elsewhere": 1}, "seen_elsewhere is 1; it is a share"),
        ({"examples_alone": 1.1}, "examples_alone is 1.1; it is a share, 1 at most"),
        ({"wrong": -1}, "wrong is -1; it must be a number, 0 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        LegWeights(**options)  # type: ignore[arg-type]
