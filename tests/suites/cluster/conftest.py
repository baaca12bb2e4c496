"""A Ray cluster for the tests of this folder, which run in a network of their own: `make cluster`.

The S3 server is the fixture `bucket`, as in other tests.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

from support.own_network import stay_inside
from support.ray_cluster import RayCluster, run_ray_cluster

NUM_WORKERS = 2
"""Nodes beside the head; each has one processor, as the machine has few."""


@pytest.fixture(scope="session", autouse=True)
def own_network() -> None:
    """Skip what does not run in a network of its own."""
    stay_inside()


@pytest.fixture(scope="session")
def shared_cluster(own_network: None) -> Iterator[RayCluster]:
    """The one cluster; tests take `ray_cluster`."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("the extra ray is not installed")
    with run_ray_cluster(1 + NUM_WORKERS) as cluster:
        yield cluster


@pytest.fixture
def ray_cluster(shared_cluster: RayCluster) -> Iterator[RayCluster]:
    """The cluster: a head and two nodes more, of one processor each; what a test adds or removes is undone after it."""
    yield shared_cluster
    shared_cluster.become(NUM_WORKERS)
