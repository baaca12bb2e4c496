"""How many actors a run starts on a cluster, and what each takes of its node: arithmetic on what the nodes have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from framecue.cluster.crew import Kind
from framecue.errors import InputError

__all__ = ["Staff", "plan_staff"]

# A processor is shared by what encodes and what reads for it: on processors encoding is by far the larger part. However
# many encoders are asked for, those that a node has room for leave room there for something that reads: of 0.75 each,
# four would take all of three processors, and wait for ever for what is read.
_ENCODER_CPUS, _READER_CPUS = 0.7501, 0.2
# Reading for one GPU takes several processors; one of the node's is left to what feeds it.
_READERS_PER_GPU = 8
# Of the store of objects, for pixels that wait to be encoded: Ray keeps other things there, and copies between nodes.
_STORE_PART = 0.25
_LEAST_BYTES, _MOST_BYTES = 1 << 25, 1 << 32


@dataclass(frozen=True, kw_only=True)
class Staff:
    """Which actors a run starts.

    Attributes:
        num_nodes: how many nodes there are.
        num_readers: how many read.
        num_encoders: how many encode.
        num_gpus: how many of these on a GPU each.
        resources: what an actor of each kind takes, as Ray's options.
        most_bytes: how many bytes of pixels may wait to be encoded.
    """

    num_nodes: int
    num_readers: int
    num_encoders: int
    num_gpus: int
    resources: Mapping[Kind, Mapping[str, float]]
    most_bytes: int


def plan_staff(
    nodes: Iterable[Mapping[str, float]], *, num_workers: int | None, takes_gpu: bool, num_units: int
) -> Staff:
    """Return which actors a run starts.

    Without GPUs a worker is an encoder and a reader that share a processor; with GPUs it is an encoder on a GPU of its
    own, and there are as many readers as processors are left, a few for each.

    Args:
        nodes: what each living node has, as Ray says it: ``CPU``, ``GPU``, ``object_store_memory`` (bytes).
        num_workers: how many workers; None for as many as there is room for.
        takes_gpu: whether the encoder can compute on a GPU.
        num_units: how many files there are to read.

    Raises:
        InputError: the cluster has no processor, and nobody has said how many are to come.
    """
    having = list(nodes)
    num_cpus = sum(int(node.get("CPU", 0)) for node in having)
    num_gpus = sum(int(node.get("GPU", 0)) for node in having) if takes_gpu else 0
    # Where somebody says how many, nodes may come when they are asked for.
    if num_cpus < 1 and num_workers is None:
        raise InputError(
            "the cluster has no processor to work with: its nodes were started with --num-cpus 0, or none is left; "
            "add a node (`ray start --address=HOST:PORT`), or say with --ray-workers for how many nodes are to come"
        )
    store_bytes = sum(node.get("object_store_memory", 0) for node in having)
    most_bytes = int(min(max(_STORE_PART * store_bytes, _LEAST_BYTES), _MOST_BYTES))
    if num_gpus:
        num_encoders = num_workers or num_gpus
        num_readers = min(max(1, num_cpus - num_encoders), _READERS_PER_GPU * num_encoders)
        resources: dict[Kind, Mapping[str, float]] = {
            "reader": {"num_cpus": 1},
            "encoder": {"num_cpus": 0, "num_gpus": 1},
        }
    else:
        num_encoders = num_readers = num_workers or num_cpus
        resources = {"reader": {"num_cpus": _READER_CPUS}, "encoder": {"num_cpus": _ENCODER_CPUS}}
    return Staff(
        num_nodes=len(having),
        num_readers=max(1, min(num_readers, num_units)),
        num_encoders=num_encoders,
        num_gpus=num_encoders if num_gpus else 0,
        resources=resources,
        most_bytes=most_bytes,
    )
