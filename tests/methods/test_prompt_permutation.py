"""Switches between the frames of a chunk: by hand, what each keeps, and how a learned one starts and learns."""

from __future__ import annotations

import pytest
import torch

from framecue.methods.prompt_permutation import LearnedSwitch, cyclic, transposed


def cube(frames: int) -> torch.Tensor:
    """Two chunks; block j of frame i is 10 i + j, of the second chunk 100 more; two prompts a block, one negative."""
    place = torch.arange(frames)
    numbers = (10 * place[:, None] + place)[None] + torch.tensor([0, 100])[:, None, None]
    return torch.stack([numbers, -numbers], dim=-1)[..., None].float()


def test_the_transposition_by_hand() -> None:
    assert transposed(cube(3))[0, ..., 0, 0].tolist() == [[0, 10, 20], [1, 11, 21], [2, 12, 22]]


def test_the_cycle_by_hand() -> None:
    switched = cyclic(cube(3))
    # The block in place j is that of the frame j before, round the chunk.
    assert switched[0, ..., 0, 0].tolist() == [[0, 21, 12], [10, 1, 22], [20, 11, 2]]
    assert torch.equal(switched[1, ..., 0, 0], switched[0, ..., 0, 0] + 100)
    assert torch.equal(switched[..., 1, 0], -switched[..., 0, 0])


@pytest.mark.parametrize("switch", [transposed, cyclic])
def test_every_frame_has_a_block_of_every_frame_and_none_is_lost(switch) -> None:
    before, switched = (cubes[0, ..., 0, 0].int() for cubes in (cube(4), switch(cube(4))))
    origins = switched // 10
    assert origins.sort(dim=1).values.tolist() == [[0, 1, 2, 3]] * 4
    assert switched.flatten().sort().values.tolist() == before.flatten().sort().values.tolist()


def test_a_learned_switch_starts_near_the_transposition() -> None:
    switch, cubes = LearnedSwitch(num_layers=2, num_frames=3), cube(3)
    shares = switch.shares(1)
    torch.testing.assert_close(shares.sum(dim=0), torch.ones(9))
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(9))
    for i in range(3):
        for j in range(3):
            assert shares[3 * i + j, 3 * j + i].item() == pytest.approx(0.9)
    mixed = switch(cubes, 0)
    assert mixed.shape == cubes.shape
    rest = cubes.flatten(1, 2).sum(dim=1)[:, None, None] - transposed(cubes)
    torch.testing.assert_close(mixed, 0.9 * transposed(cubes) + 0.1 / 8 * rest)


def test_trained_it_may_be_any_permutation_of_its_own_in_each_layer() -> None:
    switch, cubes = LearnedSwitch(num_layers=2, num_frames=3), cube(3)
    with torch.no_grad():
        for i in range(3):
            for j in range(3):
                switch.logits[1, 3 * i + j] = torch.where(torch.arange(9) == 3 * ((i - j) % 3) + j, 40.0, 0.0)
    torch.testing.assert_close(switch(cubes, 1), cyclic(cubes))
    torch.testing.assert_close(switch(cubes, 0), LearnedSwitch(num_layers=1, num_frames=3)(cubes, 0))


def test_it_learns_a_permutation_that_it_is_asked_for() -> None:
    torch.manual_seed(0)
    switch = LearnedSwitch(num_layers=1, num_frames=3)
    cubes = torch.randn(8, 3, 3, 2, 4)
    optimiser = torch.optim.Adam(switch.parameters(), lr=0.3)
    for _ in range(100):
        loss = (switch(cubes, 0) - cyclic(cubes)).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 1e-2
    shares = switch.shares(0)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(9))
    assert bool(((shares.sum(dim=0) - 1).abs() < 0.05).all())


def test_one_frame_keeps_its_prompts() -> None:
    cubes = torch.randn(2, 1, 1, 3, 4)
    switches = (transposed, cyclic, lambda each: LearnedSwitch(num_layers=1, num_frames=1)(each, 0))
    for switched in (switch(cubes) for switch in switches):
        torch.testing.assert_close(switched, cubes)


def test_half_precision_is_normalised_in_full() -> None:
    switch = LearnedSwitch(num_layers=1, num_frames=6).bfloat16()
    assert switch.shares(0).dtype == torch.float32
    assert switch(torch.randn(1, 6, 6, 1, 4).bfloat16(), 0).dtype == torch.bfloat16
