"""Numbers too small for a processor's fast paths are zero in a thread, and are what they were afterwards."""

from __future__ import annotations

import threading

import pytest
import torch

from framecue.words.denormals import without_denormals
from support.denormals import are_zero

can_be_zero = pytest.mark.skipif(not torch.set_flush_denormal(False), reason="this processor cannot leave them out")


@can_be_zero
@pytest.mark.parametrize("before", [False, True])
def test_they_are_zero_inside_and_what_they_were_afterwards(before: bool) -> None:
    torch.set_flush_denormal(before)
    try:
        with without_denormals():
            assert are_zero()
            with without_denormals():
                assert are_zero()
            assert are_zero()
        assert are_zero() == before
        with pytest.raises(ValueError, match="within"), without_denormals():
            raise ValueError("within")
        assert are_zero() == before
    finally:
        torch.set_flush_denormal(False)


@can_be_zero
def test_other_threads_keep_them() -> None:
    seen: list[bool] = []
    goes_on, inside = threading.Event(), threading.Event()
    # A new thread begins as the one that starts it, so it is started before.
    thread = threading.Thread(target=lambda: (inside.wait(), seen.append(are_zero()), goes_on.set()))
    thread.start()
    with without_denormals():
        inside.set()
        goes_on.wait()
    thread.join()
    assert seen == [False]
