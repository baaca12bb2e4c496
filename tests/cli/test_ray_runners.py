from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecue.cli.ray_report import log_cluster
from framecue.cli.ray_runners import cluster_line, ray_runners
from framecue.cluster.report import ClusterReport
from framecue.cluster.resources import Staff
from framecue.errors import InputError


@pytest.fixture
def with_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecue.cluster.connect.find_spec", lambda name: object())


@pytest.mark.usefixtures("with_ray")
def test_a_cluster_is_made_use_of_where_one_is_named() -> None:
    assert ray_runners(None, None) is None
    runners = ray_runners("10.0.0.1:6379", 3)
    assert runners is not None
    assert (runners.pictures.address, runners.pictures.num_workers, runners.pictures.report) == (
        "10.0.0.1:6379",
        3,
        None,
    )
    with pytest.raises(InputError, match="HOST:PORT"):
        ray_runners("nowhere", None)


def test_without_the_extra_index_says_which(run, clips: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("framecue.cluster.connect.find_spec", lambda name: None)
    result = run("index", clips, "--library", tmp_path / "l.lance", "--ray", "auto")
    assert result.code == 1
    assert 'pip install "framecue[ray]"' in result.err
    assert not (tmp_path / "l.lance").exists()


@pytest.mark.usefixtures("with_ray")
@pytest.mark.parametrize("other", ["--watch", "--gpu-decode", "--runtime onnx"])
def test_what_a_cluster_does_not_do_is_refused(run, clips: Path, other: str) -> None:
    result = run("index", clips, "--ray", "auto", *other.split())
    assert result.code == 2
    assert f"--ray and {other} are given together" in result.err


@pytest.mark.usefixtures("with_ray")
def test_a_dry_run_tells_what_the_cluster_would_do(
    run, clips: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, int | None, int]] = []

    def look(address: str, *, num_workers: int | None, num_units: int) -> Staff:
        asked.append((address, num_workers, num_units))
        return Staff(num_nodes=3, num_readers=4, num_encoders=5, num_gpus=0, resources={}, most_bytes=1)

    monkeypatch.setattr("framecue.cluster.runner.look_at_cluster", look)
    words = ("index", clips, "--library", tmp_path / "l.lance", "--ray", "auto", "--ray-workers", 5, "--dry-run")
    result = run(*words)
    assert "cluster  auto, 3 nodes: 4 processes would read and 5 encode" in result.out
    assert "time     not known: how fast the cluster is shows when it works" in result.out
    [(address, workers, num_units)] = asked
    assert (address, workers) == ("auto", 5)
    document = json.loads(run(*words, "--json").out)
    assert document["ray"] == {"address": "auto", "nodes": 3, "readers": 4, "encoders": 5, "gpus": 0}
    assert document["new"] == num_units
    assert document["estimated_seconds"] is None


def test_gpus_are_told_of() -> None:
    document = {"address": "auto", "nodes": 1, "readers": 1, "encoders": 2, "gpus": 2}
    assert cluster_line(document).endswith("1 process would read and 2 encode, each on one of 2 GPUs")


def test_the_report_says_how_fast_it_was_and_what_it_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    report = ClusterReport(
        num_nodes=2,
        num_readers=3,
        num_encoders=4,
        num_videos=10,
        starting_seconds=2,
        decoding_seconds=1,
        encoding_seconds=3,
    )
    report.driver_seconds = 1
    log_cluster(report)
    said = " ".join(capsys.readouterr().err.split())
    assert said == (
        "cluster: on 2 nodes, 3 processes reading and 4 encoding: 2 videos a second, 2 seconds to start; then waited "
        "for decoding 20%, encoding 60%, the driver 20%"
    )
    report.actors_lost, report.nodes_lost, report.tried_again, report.skipped = 3, 1, 4, 1
    log_cluster(report)
    said = " ".join(capsys.readouterr().err.split())
    assert "3 processes and 1 node lost; what these had in hand was done again (4 tries more), 1 skipped for it" in said
