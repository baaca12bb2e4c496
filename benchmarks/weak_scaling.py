"""Whether twice the workers do twice the work: `python benchmarks/weak_scaling.py`.

A worker is a node of a Ray cluster with one core, to which it is bound, so its encoder has one thread. One worker
indexes some generated clips, then two index twice as many, in turns; each run makes a library of its own. Every clip is
read and encoded by a CLIP of ViT-B/32's shape with random weights. Of each run counts the time from the first actor
that is ready to the last result. The driver and Ray's own processes are on the same cores.

Prints videos a second for one worker and two, and their ratio. Of Ray's overhead it prints how much less one worker
does than framecue without Ray on one core, what starting takes, and which part of the run the driver took.

It takes two cores or more, and the extra ray. Ray listens on all of a machine's addresses; in a network of its own:
`python tests/pythonpath/support/own_network.py python benchmarks/weak_scaling.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import framecue
from framecue.cluster.connect import connected
from framecue.cluster.runner import RayRunners
from framecue.cores import few_cores
from indexing import CASE, make_clips, make_model
from measure import Measurement, Size, verdict

GOAL = 1.6
OWN_NETWORK = Path(__file__).parents[1] / "tests" / "pythonpath" / "support" / "own_network.py"
STORE_BYTES = 200 << 20


@dataclass(frozen=True)
class Run:
    """One run on the cluster.

    Attributes:
        num_workers: how many encoded.
        num_videos: how many were encoded.
        seconds: from the first actor that was ready.
        starting_seconds: until then.
        driver_share: which part of `seconds` the driver took, in [0, 1].
    """

    num_workers: int
    num_videos: int
    seconds: float
    starting_seconds: float
    driver_share: float

    @property
    def videos_a_second(self) -> float:
        """How many were encoded, of a second."""
        return self.num_videos / self.seconds


@dataclass(frozen=True)
class Results:
    """What was measured; rates are medians over the rounds, in videos a second."""

    clips_a_worker: int
    clip_seconds: int
    rounds: int
    one_worker: float
    two_workers: float
    ratio: float
    goal: float
    alone: float
    overhead: float
    starting_seconds: float
    connecting_seconds: float
    driver_share: float
    runs: list[dict[str, float]]


class Nodes:
    """A cluster of nodes that are bound to a core each."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._cores = sorted(os.sched_getaffinity(0))
        # Ray takes 127.0.0.1 for an address that others see, and puts another in its place.
        head = {"num_cpus": 0, "node_ip_address": "127.0.0.2", "object_store_memory": STORE_BYTES}
        self._cluster = Cluster(initialize_head=True, head_node_args={**head, "include_dashboard": False})
        self._nodes: list[object] = []

    @property
    def address(self) -> str:
        """What --ray is given."""
        return str(self._cluster.address)

    def become(self, number: int) -> None:
        """Have so many nodes beside the head."""
        while len(self._nodes) > number:
            self._cluster.remove_node(self._nodes.pop())
        while len(self._nodes) < number:
            place = len(self._nodes)
            # What it starts, and what that starts, stays on the core that this thread is on at the time.
            os.sched_setaffinity(0, {self._cores[place % len(self._cores)]})
            try:
                options = {"node_ip_address": f"127.0.0.{3 + place}", "object_store_memory": STORE_BYTES}
                self._nodes.append(self._cluster.add_node(num_cpus=1, **options))
            finally:
                os.sched_setaffinity(0, self._cores)

    def end(self) -> None:
        """End the cluster."""
        self._cluster.shutdown()


@contextmanager
def cluster() -> Iterator[Nodes]:
    nodes = Nodes()
    try:
        yield nodes
    finally:
        nodes.end()


def index(model: framecue.VideoTextModel, clips: Sequence[Path], num_workers: int, address: str) -> Run:
    """Index clips on the cluster, into a library that is removed again."""
    runners = RayRunners(address, num_workers=num_workers)
    with tempfile.TemporaryDirectory() as folder:
        library = framecue.Library(Path(folder) / "clips.lance", model=model)
        report = library.add(clips, runner=runners)
    assert report.encoded == len(clips), report.skipped
    told = runners.report
    assert told is not None
    return Run(
        num_workers,
        len(clips),
        told.seconds - told.starting_seconds,
        told.starting_seconds,
        told.share(told.driver_seconds),
    )


def alone(options: argparse.Namespace, folder: Path, clips: Path) -> float:
    """Return how many videos a second framecue indexes without Ray, on one core, in a process of its own."""
    command = [sys.executable, __file__, "--alone", str(folder), "--folder", str(clips)]
    command += ["--clips", str(options.clips), "--seconds", str(options.seconds)]
    with few_cores(1):
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def index_alone(options: argparse.Namespace) -> float:
    model = framecue.load_model(options.alone, device="cpu")
    clips = make_clips(options.folder, options.clips, options.seconds)
    with tempfile.TemporaryDirectory() as folder:
        framecue.Library(Path(folder) / "warm.lance", model=model).add(clips[:1])
        began = time.perf_counter()
        framecue.Library(Path(folder) / "clips.lance", model=model).add(clips)
        return len(clips) / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=40, help="clips a worker")
    parser.add_argument("--seconds", type=int, default=CASE.num_seconds, help="how long a clip is")
    parser.add_argument("--rounds", type=int, default=3, help="how many runs of one worker, and of two, in turns")
    parser.add_argument("--config", type=Path, help="a JSON file of another CLIPConfig (default: ViT-B/32's shape)")
    parser.add_argument("--folder", type=Path, help="where the clips are made and kept (default: a temporary folder)")
    parser.add_argument("--json", type=Path, help="also write the results here")
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)  # for the process that this one starts
    options = parser.parse_args()
    if options.alone:
        print(index_alone(options))
        return
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("two workers take two cores, and this machine gives one")
    with tempfile.TemporaryDirectory() as temporary:
        clips_folder = options.folder or Path(temporary) / "clips"
        clips = make_clips(clips_folder, 2 * options.clips, options.seconds)
        model_folder = Path(temporary) / "clip"
        make_model(model_folder, options.config)
        model = framecue.load_model(model_folder, device="cpu")
        runs, connecting = run_all(model, clips, options)
        without_ray = statistics.median(alone(options, model_folder, clips_folder) for _ in range(options.rounds))
    results = results_of_runs(runs, connecting, without_ray, options)
    print("\n".join(lines(results)))
    if options.json:
        options.json.write_text(json.dumps(asdict(results), indent=1) + "\n", encoding="utf-8")


def run_all(
    model: framecue.VideoTextModel, clips: Sequence[Path], options: argparse.Namespace
) -> tuple[list[Run], float]:
    """Return the runs, in turns, and what connecting to the cluster took."""
    runs: list[Run] = []
    with cluster() as nodes:
        nodes.become(1)
        began = time.perf_counter()
        with connected(nodes.address):
            connecting = time.perf_counter() - began
            for _ in range(options.rounds):
                for number in (1, 2):
                    nodes.become(number)
                    runs.append(index(model, clips[: number * options.clips], number, nodes.address))
    return runs, connecting


def results_of_runs(runs: Sequence[Run], connecting: float, without_ray: float, options: argparse.Namespace) -> Results:
    """Return what some runs come to."""
    one, two = ([run for run in runs if run.num_workers == number] for number in (1, 2))
    rates = [statistics.median(run.videos_a_second for run in some) for some in (one, two)]
    # Of neighbouring runs, so that what else the machine does meets both.
    ratio = statistics.median(b.videos_a_second / a.videos_a_second for a, b in zip(one, two, strict=True))
    return Results(
        clips_a_worker=options.clips,
        clip_seconds=options.seconds,
        rounds=options.rounds,
        one_worker=rates[0],
        two_workers=rates[1],
        ratio=ratio,
        goal=GOAL,
        alone=without_ray,
        overhead=1 - rates[0] / without_ray,
        starting_seconds=statistics.median(run.starting_seconds for run in runs),
        connecting_seconds=connecting,
        driver_share=statistics.median(run.driver_share for run in two),
        runs=[asdict(run) for run in runs],
    )


def lines(results: Results) -> list[str]:
    """Return what is printed."""
    goal = Measurement(what="videos a second, 2 workers to 1", value=results.ratio, goal=results.goal)
    return [
        f"{results.clips_a_worker} clips of {results.clip_seconds} s a worker, {results.rounds} rounds, median",
        f"one worker    {results.one_worker:.2f} videos/s",
        f"two workers   {results.two_workers:.2f} videos/s, {results.ratio:.2f}x "
        f"(goal {results.goal}x: {verdict(goal)})",
        f"without Ray   {results.alone:.2f} videos/s on one core: Ray costs {results.overhead:.0%}",
        f"starting      {results.connecting_seconds:.1f} s to connect, {results.starting_seconds:.1f} s until the first"
        " actor is ready",
        f"driver        {results.driver_share:.0%} of the time of two workers",
    ]


def measurements(size: Size) -> list[Measurement]:
    """Return what `all.py` shows; nothing where no cluster of two cores can be. A test's shortest run starts none."""
    if size == "tiny" or find_spec("ray") is None or len(os.sched_getaffinity(0)) < 2:
        return []
    shape = ("--clips", "12", "--rounds", "1") if size == "short" else ()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "results.json"
        script = [sys.executable, str(Path(__file__)), *shape, "--json", str(file)]
        subprocess.run([sys.executable, str(OWN_NETWORK), *script], check=True, stdout=sys.stderr)
        found = json.loads(file.read_text(encoding="utf-8"))
    return [
        Measurement(what="videos a second, 2 workers to 1", value=found["ratio"], goal=GOAL),
        Measurement(what="what Ray costs one worker", value=100 * found["overhead"], unit=" %"),
    ]


if __name__ == "__main__":
    main()
