"""Which model a command takes: one that was moved, one that cannot serve, and the library's own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import click
import pytest
import torch
from click.testing import CliRunner

from framecue.checkpoint import save_adapter
from framecue.cli.main import framecue as program
from framecue.cli.options import threads_option
from framecue.cores import num_cores
from framecue.model import load_model

OPTIONS = {"num_prompts": 3, "num_frames": 3, "num_test_frames": 6}


@pytest.fixture
def models(clip_folder: Path, tmp_path: Path) -> Path:
    """A folder with a model and an adapter for it."""
    folder = tmp_path / "models"
    shutil.copytree(clip_folder, folder / "mine")
    model = load_model(folder / "mine", method="prompt-switch", options=OPTIONS, device="cpu")
    with torch.no_grad():
        for parameter in model.method.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    save_adapter(
        folder / "trained", backbone=model.backbone, method=model.method, method_name="prompt-switch", version="0"
    )
    return folder


@pytest.fixture
def uri(run, models: Path, clips: Path, tmp_path: Path) -> str:
    """A library of the model and the adapter."""
    uri = str(tmp_path / "here" / "videos.lance")
    named = ("--model", models / "mine", "--adapter", models / "trained")
    result = run("index", clips, "--library", uri, *named)
    assert result.code == 0, result.err
    return uri


@pytest.fixture
def plain(run, models: Path, clips: Path, tmp_path: Path) -> str:
    """A library of the model alone."""
    uri = str(tmp_path / "here" / "plain.lance")
    assert run("index", clips, "--library", uri, "--model", models / "mine").code == 0
    return uri


def move(what: Path, to: Path) -> Path:
    to.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.move(what, to))


@pytest.mark.parametrize("place", ["here/mine", "here/other-name", "here/models/mine", "work/mine", "models/renamed"])
def test_a_model_folder_that_moved_nearby_is_found_by_its_weights(
    run, models: Path, plain: str, clips: Path, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch, write_clip
) -> None:
    (tmp_path / "work").mkdir()
    # One of the same name with other weights is not taken for it.
    decoy = shutil.copytree(models / "mine", tmp_path / "here" / "decoy" / "mine")
    (decoy / "model.safetensors").write_bytes(b"no weights")
    now = move(models / "mine", tmp_path / place)
    monkeypatch.chdir(tmp_path / "work")
    result = run("search", "a red car", "--library", plain)
    assert result.code == 0, result.err
    assert result.err == f"the library's model is no longer at {models / 'mine'}; using the same one at {now}\n"
    write_clip(clips / "white.mp4", "white")
    result = run("index", clips, "--library", plain)
    assert "1 added (1 encoded), 4 unchanged" in result.err


def test_a_model_folder_that_is_nowhere_near_is_named_with_how_to_go_on(
    run, models: Path, plain: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    now = move(models / "mine", tmp_path_factory.mktemp("far") / "a" / "b" / "c" / "mine")
    result = run("search", "a red car", "--library", plain)
    assert result.code == 1
    assert f"the library's model is no longer at {models / 'mine'}, nor beside the library" in result.err
    assert "(--model FOLDER)" in result.err
    assert "--again --model NAME" in result.err
    result = run("search", "a red car", "--library", plain, "--model", now)
    assert result.code == 0, result.err


def test_the_new_place_of_the_model_brings_the_librarys_adapter(
    run, models: Path, uri: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    now = move(models / "mine", tmp_path_factory.mktemp("far") / "a" / "b" / "c" / "mine")
    result = run("search", "a red car", "--library", uri, "--model", now)
    assert result.code == 0, result.err


def test_an_adapter_that_moved_is_found_or_named(
    run, models: Path, uri: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    near = move(models / "trained", tmp_path / "here" / "adapters" / "best")
    result = run("search", "a red car", "--library", uri)
    assert result.code == 0, result.err
    assert result.err == f"the library's adapter is no longer at {models / 'trained'}; using the same one at {near}\n"
    far = move(near, tmp_path_factory.mktemp("far") / "a" / "b" / "c" / "trained")
    result = run("search", "a red car", "--library", uri)
    assert result.code == 1
    assert f"the library's adapter is no longer at {models / 'trained'}" in result.err
    assert "(--adapter FOLDER)" in result.err
    assert run("search", "a red car", "--library", uri, "--adapter", far).code == 0
    now = move(models / "mine", far.parent / "mine")
    assert run("search", "a red car", "--library", uri, "--adapter", far).code == 1
    assert run("search", "a red car", "--library", uri, "--adapter", far, "--model", now).code == 0


def test_a_named_model_with_other_weights_is_another_model(
    run, models: Path, uri: str, siglip_folder: Path, plain: str
) -> None:
    for library in (uri, plain):
        result = run("search", "a red car", "--library", library, "--model", siglip_folder)
        assert result.code == 1
        assert "was made with another model" in result.err
        assert result.err.count("\n") == 2


@pytest.mark.parametrize("command", ["index", "again"])
def test_a_model_without_a_tokenizer_is_refused_before_hours_of_encoding(
    run, models: Path, clips: Path, plain: str, tmp_path: Path, command: str
) -> None:
    mute = shutil.copytree(models / "mine", tmp_path / "mute")
    for file in mute.iterdir():
        if file.name.startswith(("tokenizer", "vocab", "merges", "special_tokens")):
            file.unlink()
    uri = str(tmp_path / "mute.lance") if command == "index" else plain
    again = [] if command == "index" else ["--again", "--adapter", models / "trained"]
    result = run("index", clips, "--library", uri, "--model", mute, *again)
    assert result.code == 1
    assert "it has no tokenizer (tokenizer.json, or vocab.json and merges.txt), so it cannot encode text" in result.err
    assert result.err.count("\n") == 1
    assert Path(uri).exists() == (command == "again")
    assert not (Path(plain) / "again").exists()


@pytest.mark.parametrize("by_variable", [False, True])
def test_threads_are_kept_to_while_the_command_runs(monkeypatch: pytest.MonkeyPatch, by_variable: bool) -> None:
    seen: list[tuple[int, str]] = []
    monkeypatch.delenv("FRAMECUE_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    cores = num_cores()

    @click.command()
    @threads_option
    def command() -> None:
        seen.append((num_cores(), os.environ["OMP_NUM_THREADS"]))

    if by_variable:
        monkeypatch.setenv("FRAMECUE_THREADS", "1")
    assert CliRunner().invoke(command, [] if by_variable else ["--threads", "1"]).exit_code == 0
    assert seen == [(1, "1")]
    assert os.environ["OMP_NUM_THREADS"] == "5"
    monkeypatch.delenv("FRAMECUE_THREADS", raising=False)
    assert num_cores() == cores
    assert CliRunner().invoke(command, ["--threads", "0"]).exit_code == 2


@pytest.mark.parametrize("name", ["classify", "embed", "evaluate", "index", "train"])
def test_what_encodes_much_takes_threads(name: str) -> None:
    command = program.get_command(click.Context(program), name)
    assert command is not None
    assert "--threads" in [option for parameter in command.params for option in parameter.opts]
