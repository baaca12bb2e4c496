from __future__ import annotations

from framecue.cluster.losses import MOST_LOSSES, Losses


def test_a_unit_is_to_blame_when_it_has_lost_three_actors_whose_nodes_live() -> None:
    losses = Losses(lambda node: True, verdict_seconds=5)
    for number in range(MOST_LOSSES):
        assert not losses.is_to_blame(1)
        losses.note(1, f"node{number}", 10.0 * number)
        assert losses.is_suspect(1)
        # Before the last is judged, it must not be tried a fourth time.
        assert losses.has_to_wait(1) == (number == MOST_LOSSES - 1)
        losses.judge(10.0 * number + 4)
        assert not losses.is_to_blame(1)
        losses.judge(10.0 * number + 5)
    assert losses.is_to_blame(1)
    assert not losses.has_to_wait(1)
    assert losses.nodes(1) == ["node0", "node1", "node2"]
    assert not losses.is_suspect(2)


def test_the_death_of_a_node_is_nobodys_fault() -> None:
    gone: set[str] = set()
    losses = Losses(lambda node: node not in gone, verdict_seconds=5)
    for number in range(MOST_LOSSES):
        losses.note(1, "lost", float(number))
    assert losses.has_to_wait(1)
    gone.add("lost")
    losses.judge(2.5)
    assert not losses.has_to_wait(1)
    losses.judge(100.0)
    assert not losses.is_to_blame(1)
    assert not losses.is_suspect(1)
