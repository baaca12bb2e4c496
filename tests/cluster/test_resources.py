from __future__ import annotations

import pytest

from framecue.cluster.resources import plan_staff
from framecue.errors import InputError

NODE = {"CPU": 4.0, "memory": 1e10, "object_store_memory": 1e9}
GPU_NODE = {"CPU": 16.0, "GPU": 2.0, "object_store_memory": 1e10}


def test_on_processors_an_encoder_and_a_reader_share_one() -> None:
    staff = plan_staff([NODE, NODE], num_workers=None, takes_gpu=True, num_units=100)
    assert (staff.num_nodes, staff.num_readers, staff.num_encoders, staff.num_gpus) == (2, 8, 8, 0)
    assert 0.9 < sum(each["num_cpus"] for each in staff.resources.values()) <= 1
    assert staff.most_bytes == 5e8


def test_as_many_workers_as_are_asked_for_and_no_more_readers_than_files() -> None:
    staff = plan_staff([NODE], num_workers=3, takes_gpu=True, num_units=2)
    assert (staff.num_readers, staff.num_encoders) == (2, 3)


def test_encoders_leave_room_for_a_reader_however_many_are_asked_for() -> None:
    staff = plan_staff([NODE], num_workers=1000, takes_gpu=False, num_units=1000)
    # Ray counts in parts of ten thousand.
    encoder, reader = (round(10_000 * staff.resources[kind]["num_cpus"]) for kind in ("encoder", "reader"))
    assert all(10_000 * num_cpus % encoder >= reader for num_cpus in range(1, 257))
    assert encoder + reader <= 10_000


def test_with_gpus_each_encoder_has_one_and_processors_read() -> None:
    staff = plan_staff([GPU_NODE, {"CPU": 8.0}], num_workers=None, takes_gpu=True, num_units=100)
    assert (staff.num_encoders, staff.num_gpus, staff.num_readers) == (2, 2, 16)
    assert staff.resources["encoder"]["num_gpus"] == 1
    assert plan_staff([GPU_NODE], num_workers=1, takes_gpu=True, num_units=100).num_gpus == 1


def test_what_computes_on_processors_alone_takes_no_gpu() -> None:
    staff = plan_staff([GPU_NODE], num_workers=None, takes_gpu=False, num_units=100)
    assert (staff.num_encoders, staff.num_gpus) == (16, 0)
    assert "num_gpus" not in staff.resources["encoder"]


def test_actors_of_a_gpu_fit_on_its_node_whatever_it_has() -> None:
    staff = plan_staff([{"CPU": 1.0, "GPU": 1.0}], num_workers=None, takes_gpu=True, num_units=9)
    taken = staff.num_encoders * staff.resources["encoder"]["num_cpus"]
    taken += staff.num_readers * staff.resources["reader"]["num_cpus"]
    assert taken <= 1


@pytest.mark.parametrize("nodes", [[], [{"CPU": 0.0, "GPU": 1.0}], [{"memory": 1.0}]])
def test_a_cluster_without_a_processor_is_refused(nodes: list[dict[str, float]]) -> None:
    with pytest.raises(InputError, match="no processor"):
        plan_staff(nodes, num_workers=None, takes_gpu=True, num_units=1)
    # A cluster that grows when it is asked to.
    assert plan_staff(nodes, num_workers=5, takes_gpu=False, num_units=9).num_encoders == 5
