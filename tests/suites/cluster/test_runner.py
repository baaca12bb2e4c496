"""A run on a cluster ends as one on one machine does, whatever is lost on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framecue.cluster.same_code import package_folder
from framecue.library import Library
from framecue.video import Segmentation
from support.cluster_colours import POISON, SLOW, ClusterColours, driver_environment
from support.colours import write_clip
from support.ray_cluster import RayCluster

pytestmark = [pytest.mark.slow, pytest.mark.isolated]

# One that hangs tells where, when it is ended; see `ended`.
DRIVER = (sys.executable, "-X", "faulthandler", "-m", "framecue")
SHADES = ("red", "green", "blue", "yellow", "black")
NUM_CLIPS = 14
# So many that a run commits several times.
SEGMENTS = Segmentation("windows", 1.0, 0.5)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips of several lengths, a copy of one of them before it and one after it, and what is no video."""
    folder = tmp_path_factory.mktemp("videos")
    for number in range(NUM_CLIPS):
        write_clip(folder / f"{number:02}.mp4", SHADES[number % len(SHADES)], seconds=1 + number)
    for name in ("00-copy.mp4", "99-copy.mp4"):
        (folder / name).write_bytes((folder / "07.mp4").read_bytes())
    (folder / "broken.mp4").write_bytes(b"no video" * 100)
    return folder


@pytest.fixture(scope="module")
def alone(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The library that one machine makes of them."""
    library = Library(tmp_path_factory.mktemp("alone") / "videos.lance", model=ClusterColours())
    report = library.add(videos, segmentation=SEGMENTS)
    assert (report.encoded, len(report.duplicates), len(report.skipped)) == (NUM_CLIPS, 2, 1)
    return library


@pytest.fixture
def driver(tmp_path: Path, videos: Path, ray_cluster: RayCluster) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `framecue index --ray` on the videos, into a library that is there."""
    started: list[subprocess.Popen[str]] = []

    def start(uri: str, environment: Mapping[str, str], *paths: Path | str, workers: int = 2) -> subprocess.Popen[str]:
        command = [*DRIVER, "index", *map(str, paths or (videos,)), "--library", uri, "--json"]
        started.append(
            subprocess.Popen(
                [*command, "--ray", ray_cluster.address, "--ray-workers", str(workers)],
                env=dict(environment),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def made(uri: str) -> Library:
    """Make an empty library, so that the command line knows its model."""
    library = Library(uri, model=ClusterColours())
    library.make(segmentation=SEGMENTS)
    return library


def rows(library: Library) -> list[dict[str, Any]]:
    found = library.to_arrow(vectors=True).to_pylist()
    return sorted(found, key=lambda row: (row["path"], row["start_seconds"]))


def assert_equal(found: Library, wanted: Library, *, without: str = "") -> None:
    """Two libraries have the same rows: ids, times and places, and vectors but for rounding."""
    ours, theirs = rows(found), [row for row in rows(wanted) if Path(row["path"]).name != without]
    differing = {"vector", "indexed_seconds", "indexed"}
    assert [{k: v for k, v in row.items() if k not in differing} for row in ours] == [
        {k: v for k, v in row.items() if k not in differing} for row in theirs
    ]
    np.testing.assert_allclose([row["vector"] for row in ours], [row["vector"] for row in theirs], atol=1e-6)
    assert found.info().num_videos == wanted.info().num_videos - bool(without)


def ended(
    process: subprocess.Popen[str], cluster: RayCluster | None = None, *, code: int = 0
) -> tuple[dict[str, Any], str]:
    """Wait for a driver; return its document, and what it has said. Of one that hangs, tell where and what there is."""
    try:
        out, said = process.communicate(timeout=250)
    except subprocess.TimeoutExpired:
        state = "" if cluster is None else cluster.state()
        process.send_signal(signal.SIGABRT)
        _, said = process.communicate()
        pytest.fail(f"it does not end:\n{said}\nIts processes: {processes('ray::')}\n{state}")
    assert process.returncode == code, said
    return (json.loads(out) if out else {}), said


def processes(name: str) -> list[int]:
    """Return the ids of the processes whose command line has a word; there are no others than this run's."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            try:
                line = (place / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if name in line:
                found.append(int(place.name))
    return found


def until(what: Callable[[], Any], *, seconds: float = 200) -> Any:
    """Return what a function returns once that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def test_the_library_is_the_one_that_one_machine_makes(driver, tmp_path: Path, alone: Library) -> None:
    library = made(str(tmp_path / "videos.lance"))
    document, said = ended(driver(library.uri, driver_environment(tmp_path)))
    assert (document["encoded"], len(document["duplicates"]), len(document["skipped"])) == (NUM_CLIPS, 2, 1)
    assert_equal(library, alone)
    assert list(document["ray"]) == [
        *("nodes", "readers", "encoders", "gpus", "videos", "segments", "seconds", "starting_seconds"),
        *("videos_per_second", "waiting", "read_seconds", "encode_seconds", "moved_bytes", "actors_lost", "nodes_lost"),
        *("tried_again", "skipped", "notes"),
    ]
    # More readers than the encoders that are ready can use are not started, so there may be one.
    assert (document["ray"]["readers"], document["ray"]["videos"]) in [(1, NUM_CLIPS), (2, NUM_CLIPS)]
    assert document["ray"]["encoders"] == 2
    assert sum(document["ray"]["waiting"].values()) == pytest.approx(1)
    assert "cluster: on" in said
    # Ray itself says nothing, and nothing is left of the run.
    assert not [line for line in said.splitlines() if "ray" in line.lower() and "cluster:" not in line], said
    until(lambda: not processes("ray::_Ray") and not processes("framecue.video.isolate"))


def test_lost_actors_and_nodes_cost_nothing_and_a_file_that_ends_its_actor_is_skipped(
    driver, tmp_path: Path, videos: Path, alone: Library, ray_cluster: RayCluster
) -> None:
    # Beside the others, so that these can be compared.
    poison = tmp_path / "poison.mp4"
    write_clip(poison, "white", seconds=4)
    library = made(str(tmp_path / "videos.lance"))
    # On each node one encodes, so that whichever is lost has something in hand.
    run = driver(library.uri, driver_environment(tmp_path, **{SLOW: "0.3", POISON: "1"}), videos, poison, workers=3)
    for name in ("ray::_RayEncoder.encode", "ray::_RayReader"):
        os.kill(until(lambda name=name: processes(name))[0], signal.SIGKILL)
        time.sleep(0.5)
    lost = ray_cluster.nodes[-1]
    ray_cluster.remove_node(lost)
    document, said = ended(run, ray_cluster)
    [skipped] = [item for item in document["skipped"] if item["path"] == str(poison)]
    assert "3 times" in skipped["reason"]
    assert len(document["skipped"]) == 2
    assert document["ray"]["skipped"] == 1
    # Three by the poison, two were killed, and at least one was on the node.
    assert (document["ray"]["actors_lost"] >= 6, document["ray"]["nodes_lost"]) == (True, 1)
    assert "lost; what these had in hand was done again" in said
    assert_equal(library, alone)


def test_a_run_goes_on_when_the_head_alone_is_left(
    driver, tmp_path: Path, videos: Path, alone: Library, ray_cluster: RayCluster
) -> None:
    """What has lived on, or waits for room, leaves some for an encoder, each time that one is lost."""
    poison = tmp_path / "poison.mp4"
    write_clip(poison, "white", seconds=4)
    library = made(str(tmp_path / "videos.lance"))
    run = driver(library.uri, driver_environment(tmp_path, **{SLOW: "0.3", POISON: "1"}), videos, poison, workers=3)
    # One node goes while actors start there, the other while they work.
    until(lambda: len(processes("ray::_RayEncoder")) > 1)
    ray_cluster.remove_node(ray_cluster.nodes[-1])
    until(lambda: processes("ray::_RayEncoder.encode"))
    ray_cluster.remove_node(ray_cluster.nodes[-1])
    document, _ = ended(run, ray_cluster)
    assert [item["path"] for item in document["skipped"] if "3 times" in item["reason"]] == [str(poison)]
    assert document["ray"]["skipped"] == 1
    assert_equal(library, alone)


def test_a_driver_that_is_killed_at_any_moment_leaves_a_library_that_the_next_run_completes(
    driver, tmp_path: Path, alone: Library, bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMECUE_LEASE_SECONDS", "2")
    library = made(f"{bucket.url}/videos.lance")
    environment = driver_environment(tmp_path, **{SLOW: "0.2"})
    # Ctrl-C keeps what is complete, says so, and leaves nothing behind.
    stopped = driver(library.uri, environment)
    until(lambda: processes("ray::_RayEncoder.encode"))
    stopped.send_signal(signal.SIGINT)
    _, said = ended(stopped, code=130)
    assert "in the library" in said
    assert "the same command goes on with" in said
    assert "Traceback" not in said
    until(lambda: not processes("ray::_Ray") and not processes("framecue.video.isolate"))
    numbers = [library.info().num_videos]
    for moment in range(10):
        run = driver(library.uri, environment)
        # From before it has connected to when all is done, about.
        with pytest.raises(subprocess.TimeoutExpired):
            run.wait(timeout=1.5 + 0.45 * moment)
        run.kill()
        run.communicate()
        numbers.append(Library(library.uri).info().num_videos)
        until(lambda: not processes("ray::_Ray") and not processes("framecue.video.isolate"))
    assert numbers == sorted(numbers)
    document, _ = ended(driver(library.uri, environment))
    assert document["encoded"] == NUM_CLIPS - numbers[-1]
    assert_equal(library, alone)


def test_nodes_that_import_another_framecue_are_sent_the_drivers(
    tmp_path: Path, videos: Path, ray_cluster: RayCluster
) -> None:
    shutil.copytree(package_folder(), tmp_path / "framecue", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "framecue" / "times.py").open("a") as file:
        file.write("# It does the same, and is another file.\n")
    command = [sys.executable, "-m", "framecue", "index", str(videos), "--library", str(tmp_path / "l.lance"), "--json"]
    done = subprocess.run(
        [*command, "--ray", ray_cluster.address, "--model", "moji-clip", "--dry-run"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    # It asks each node again, after it has sent it, and would not go on.
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ray"]["nodes"] == 3


def test_videos_in_a_store_are_read_by_the_nodes_themselves(
    driver, tmp_path: Path, videos: Path, alone: Library, bucket, object_server
) -> None:
    names = ("00.mp4", "07.mp4", "99-copy.mp4", "broken.mp4")
    for name in names:
        bucket.put(f"videos/{name}", (videos / name).read_bytes())
    library = made(f"{bucket.url}/videos.lance")
    object_server.forget_requests()
    document, _ = ended(driver(library.uri, driver_environment(tmp_path), f"{bucket.url}/videos"))
    assert document["duplicates"] == [
        {"path": f"{bucket.url}/videos/99-copy.mp4", "original": f"{bucket.url}/videos/07.mp4"}
    ]
    assert [item["path"] for item in document["skipped"]] == [f"{bucket.url}/videos/broken.mp4"]
    ids = {Path(row["path"]).name: row["video_id"] for row in rows(alone)}
    ids["07.mp4"] = ids["00-copy.mp4"]  # which comes first, and so has the rows there
    found = {row["path"]: row["video_id"] for row in rows(library)}
    assert found == {f"{bucket.url}/videos/{name}": ids[name] for name in ("00.mp4", "07.mp4")}
    assert object_server.requests("GET", key="videos/07.mp4")
