from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

pytest.importorskip("ray", reason="the extra ray is not installed")

from ray.exceptions import NodeDiedError

from framecue.cluster.each_node import ANSWER_SECONDS, ask_each_node

NODES = [{"NodeID": letter * 56, "Alive": letter != "d"} for letter in "abcd"]


class Task:
    """A function that is sent to a node: `b` goes before it answers, `c` never does, `d` had gone before."""

    def __init__(self, function: Callable[..., object], node: str = "") -> None:
        self.function, self.node = function, node

    def options(self, *, scheduling_strategy: object) -> Task:
        return Task(self.function, scheduling_strategy.node_id[0])  # type: ignore[attr-defined]

    def remote(self, *arguments: object) -> tuple[str, object]:
        return self.node, self.function(*arguments)


def test_nodes_that_go_or_hang_hold_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(
        asked: Sequence[tuple[str, object]], *, num_returns: int, timeout: float
    ) -> tuple[list[object], list[object]]:
        assert ([node for node, _ in asked], num_returns, timeout) == (["a", "b", "c"], 3, ANSWER_SECONDS)
        return [each for each in asked if each[0] != "c"], [each for each in asked if each[0] == "c"]

    def get(answer: tuple[str, object]) -> object:
        if answer[0] == "b":
            raise NodeDiedError("it has gone")
        return answer[1]

    monkeypatch.setattr("ray.remote", lambda **resources: Task if resources == {"num_cpus": 0} else None)
    monkeypatch.setattr("ray.nodes", lambda: NODES)
    monkeypatch.setattr("ray.wait", wait)
    monkeypatch.setattr("ray.get", get)
    assert ask_each_node(lambda number: number + 1, 41) == [(NODES[0], 42)]
