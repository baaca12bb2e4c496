from __future__ import annotations

import pytest

from framecue.cluster.runner import RayRunners
from framecue.encoder import Computation
from framecue.errors import InputError
from framecue.library.indexing.gpu_use import GpuTally
from framecue.library.indexing.makers import MakeRunner
from framecue.library.indexing.runner import EncodingTask
from framecue.video import Segmentation
from support.colours import ColourEncoder


@pytest.fixture(autouse=True)
def with_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that connects to a cluster would fail: there is none."""
    monkeypatch.setattr("framecue.cluster.connect.find_spec", lambda name: object())


def test_it_makes_runners_and_connects_to_nobody_before() -> None:
    makes: MakeRunner = RayRunners("10.0.0.1:6379", num_workers=2)
    assert isinstance(makes, RayRunners)
    assert makes.report is None


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "2"])
def test_a_number_of_workers_is_above_0(number: object) -> None:
    with pytest.raises(InputError, match="num_workers is"):
        RayRunners("auto", num_workers=number)  # type: ignore[arg-type]


def test_what_it_cannot_do_is_refused_before_anybody_is_asked() -> None:
    task = EncodingTask(encoder=ColourEncoder(), segmentation=Segmentation("whole"), gpu_tally=GpuTally())
    with pytest.raises(InputError, match="leave out one of them"), RayRunners("10.0.0.1:6379")(task):
        pass
    task = EncodingTask(encoder=ColourEncoder(), segmentation=Segmentation("whole"), captions=True)
    with pytest.raises(InputError, match="no captioner"), RayRunners("10.0.0.1:6379")(task):
        pass


def test_a_graph_that_only_this_machine_has_is_refused() -> None:
    class Graph(ColourEncoder):
        computation = Computation("onnx", "int8")

    task = EncodingTask(encoder=Graph(), segmentation=Segmentation("whole"))
    with pytest.raises(InputError, match="--runtime torch"), RayRunners("10.0.0.1:6379")(task):
        pass
