from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from huggingface_hub import constants
from packaging.requirements import Requirement

from framecue.cli.machine import EXTRAS, look_at_machine
from framecue.cli.options import DEFAULT_MODEL
from support.hub import NOWHERE, point_at

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a hub that nobody may ask."""
    point_at(NOWHERE, monkeypatch)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))

    def ask(*args: object, **options: object) -> None:
        raise AssertionError("the hub was asked")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", ask)
    return tmp_path / "cache"


def test_what_is_installed_and_what_a_run_would_take(run, empty_cache: Path) -> None:
    result = run("doctor")
    assert result.code == 0
    assert result.err == ""
    lines = result.out.splitlines()
    assert all(line.startswith(("ok    ", "note  ", "      -> ")) for line in lines)
    assert "Python" in lines[0]
    for shown in (
        "torch ",
        "transformers ",
        "PyAV ",
        "libavcodec ",
        "computes on ",
        f"models in {empty_cache}: 0 bytes",
    ):
        assert shown in result.out
    assert f"a new library's model is {DEFAULT_MODEL}, which is not on this machine yet" in result.out
    assert f"hf download {DEFAULT_MODEL} --local-dir FOLDER" in result.out
    assert not empty_cache.exists()


def test_every_extra_that_people_install_is_told_of() -> None:
    document = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    extras = document["project"]["optional-dependencies"]
    wanted = {
        name: {Requirement(line).name for line in lines}
        for name, lines in extras.items()
        if name not in ("dev", "reference") and not name.endswith("-dev")
    }
    assert {name: set(packages) for name, packages in EXTRAS.items()} == wanted
    found = look_at_machine(DEFAULT_MODEL)
    assert found.extras.keys() == wanted.keys()
    assert all(any(f"extra {name} is" in each.what for each in found.findings) for name in wanted)


@pytest.mark.parametrize(("count", "which"), [(1, ""), (4, " (the first of 4 GPUs; CUDA_VISIBLE_DEVICES=1 takes the ")])
def test_on_a_machine_with_gpus_it_says_which_one(monkeypatch: pytest.MonkeyPatch, count: int, which: str) -> None:
    card = SimpleNamespace(name="Card", total_memory=80_000_000_000)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: card)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (9, 0))
    found = look_at_machine(DEFAULT_MODEL)
    assert (found.device, found.precision) == ("cuda", "bfloat16")
    (line,) = [each.what for each in found.findings if each.what.startswith("computes on")]
    assert line.startswith(f"computes on Card{which}")
    assert line.endswith(", 80.00 GB, indexing in bfloat16")


def test_what_is_in_the_cache(run, empty_cache: Path, clip_folder: Path) -> None:
    commit = "a" * 40
    for name, whole in (("google--siglip2-base-patch16-224", True), ("someone--half", False)):
        folder = empty_cache / f"models--{name}"
        (folder / "blobs").mkdir(parents=True)
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text(commit)
        (folder / "snapshots" / commit).mkdir(parents=True)
        for file in clip_folder.iterdir():
            if whole or file.name != "model.safetensors":
                shutil.copy(file, folder / "blobs" / file.name)
                (folder / "snapshots" / commit / file.name).symlink_to(folder / "blobs" / file.name)
    document = json.loads(run("doctor", "--json").out)
    assert [(model["name"], model["whole"]) for model in document["cache"]["models"]] == [
        ("google/siglip2-base-patch16-224", True),
        ("someone/half", False),
    ]
    assert document["cache"]["size_bytes"] > 100_000
    assert document["model"] == {"name": DEFAULT_MODEL, "here": True}
    assert any("in the cache without weights: someone/half" in finding["what"] for finding in document["findings"])


def test_a_library_and_its_model(run, clips: Path, tmp_path: Path, clip_folder: Path) -> None:
    model = shutil.copytree(clip_folder, tmp_path / "models" / "mine")
    uri = str(tmp_path / "videos.lance")
    assert run("index", clips, "--library", uri, "--model", model).code == 0
    result = run("doctor", "--library", uri)
    assert result.code == 0
    assert f"the library's model is {model}, which is on this machine" in result.out
    assert f"library {uri}: 4 videos, 4 segments, all can be read" in result.out
    shutil.rmtree(model)
    result = run("doctor", "--library", uri)
    assert result.code == 1
    assert f"FAULT the library's model is no longer at {model}\n      -> " in result.out
    document = json.loads(run("doctor", "--library", uri, "--json").out)
    assert document["sound"] is False
    assert document["library"]["num_read"] == 4


def test_a_library_that_does_not_open_is_a_finding_beside_the_others(run, tmp_path: Path) -> None:
    result = run("doctor", "--library", tmp_path / "none.lance")
    assert result.code == 1
    assert f"FAULT no library at {tmp_path / 'none.lance'}\n      -> make one with `framecue index PATH" in result.out
    assert "computes on" in result.out
    document = json.loads(run("doctor", "--library", tmp_path / "none.lance", "--json").out)
    assert document["library"] is None


def test_packages_that_cannot_be_imported_are_faults_and_the_rest_is_said() -> None:
    program = (
        "import sys; sys.modules['torch'] = sys.modules['av'] = None\n"
        "from framecue.cli.main import main\n"
        "code = main(['doctor'])\n"
        "assert code == 1, code\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    faults = [line for line in done.stdout.splitlines() if line.startswith("FAULT ")]
    for name in ("PyAV", "PyTorch"):
        assert any(f"{name} cannot be imported" in line for line in faults), done.stdout
    assert "a new library's model is" in done.stdout
    assert "Traceback" not in done.stderr
