"""Every kind of bad input gets one clear line that names the thing and the way out, and never a traceback."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from framecue.datasets.captions import Clip, write_captions


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model hub that cannot be reached, and an empty cache of it."""

    def unreachable(*args: Any, **options: Any) -> None:
        raise ConnectionError("the network is down")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)


@pytest.fixture
def recipe(clip_folder: Path, data: Path, tmp_path: Path) -> dict[str, Any]:
    return {
        "output_dir": str(tmp_path / "run"),
        "backbone": str(clip_folder),
        "method": "mean-pool",
        "dataset": {"name": "folder", "data_dir": str(data)},
        "schedule": {"batch_size": 2, "max_steps": 1},
    }


@pytest.fixture
def bad(tmp_path: Path, write_clip) -> Callable[[str], Path]:
    """Make a bad file or folder."""

    def make(kind: str) -> Path:
        folder = tmp_path / "bad"
        folder.mkdir(exist_ok=True)
        file = folder / f"{kind.replace(' ', '-')}.mp4"
        match kind:
            case "empty folder":
                file = folder / "empty"
                file.mkdir()
            case "folder without videos":
                file = folder / "notes"
                file.mkdir()
                (file / "notes.txt").write_text("x")
            case "text":
                file.write_text("This is no video.\n" * 50)
            case "zero bytes":
                file.touch()
            case "cut in its index":
                content = write_clip(file, "red").read_bytes()
                file.write_bytes(content[: content.index(b"moov") + 100])
            case "cut in its pictures":
                content = write_clip(file, "red", seconds=4).read_bytes()
                file.write_bytes(content[: content.index(b"mdat") + 24])
            case "noise":
                file.write_bytes(os.urandom(5_000))
            case "missing":
                pass
            case "pipe":
                os.mkfifo(file)
        return file

    return make


FILES = ("text", "zero bytes", "cut in its index", "cut in its pictures", "noise", "missing", "pipe")
KINDS = ("empty folder", "folder without videos", *FILES)


def check(result: Any, *says: object, code: int = 1) -> None:
    """One line, no output, the code, and the line names what it should."""
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1, result.err
    for text in says:
        assert str(text) in result.err
    assert "NoneType" not in result.err


def check_last(result: Any, *says: object) -> None:
    """Lines of progress, then an error as above."""
    check(result._replace(err=result.err.splitlines(keepends=True)[-1]), *says)


@pytest.mark.parametrize("kind", KINDS)
def test_index_of_nothing_but_that(run, loader, tmp_path: Path, bad, kind: str) -> None:
    path = bad(kind)
    check(run("index", path, "--library", tmp_path / "l.lance", "--model", "clip", "--json"), path)
    assert not (tmp_path / "l.lance").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_file_beside_it_is_indexed_and_it_is_listed(run, loader, tmp_path: Path, clips: Path, bad, kind) -> None:
    path = bad(kind)
    result = run("index", path, clips / "red.mp4", "--library", tmp_path / "l.lance", "--model", "clip", "--json")
    assert result.code == 0
    report = json.loads(result.out)
    assert (report["added"], report["videos"]) == (1, 1)
    (skipped,) = report["skipped"]
    assert skipped["path"] == str(path)
    assert skipped["reason"]
    listed, summary = result.err.splitlines()
    assert listed == f"skipped {path}: {skipped['reason']}"
    assert "1 added" in summary
    assert "1 skipped" in summary
    found = run("search", "red", "--library", tmp_path / "l.lance", "--json")
    assert [hit["path"] for hit in json.loads(found.out)["results"]] == [str(clips / "red.mp4")]


@pytest.mark.parametrize("kind", ["empty folder", *FILES])
def test_caption(run, loader, bad, kind: str) -> None:
    path = bad(kind)
    check(run("caption", path, "--json"), f"Error: {path}: ")


@pytest.mark.parametrize("kind", FILES)
def test_evaluate_names_the_file(run, loader, write_clip, bad, kind: str) -> None:
    path = bad(kind)
    folder = path.parent
    good = Clip(write_clip(folder / "good.mp4", "green"), ("green",), "test")
    write_captions(folder, [Clip(path, ("red",), "test"), good])
    result = run("evaluate", "--model", "clip", "--data-dir", folder, "--json")
    if kind in ("missing", "pipe"):  # there is no such file
        check(result, path.name, folder)
        return
    # One that cannot be read is a miss; if there is no other, there is nothing to measure.
    assert result.code == 0
    (named,) = json.loads(result.out)["unreadable"]
    assert named["path"] == str(path)
    assert str(path) in result.err
    write_captions(folder, [Clip(path, ("red",), "test")], overwrite=True)
    check(run("evaluate", "--model", "clip", "--data-dir", folder), path.name, folder)


def test_train_names_the_file(run, tmp_path: Path, write_clip, bad, recipe, caplog: pytest.LogCaptureFixture) -> None:
    path, missing = bad("text"), bad("missing")
    good = Clip(write_clip(path.parent / "good.mp4", "green"), ("the cat rises",), "train")
    clips = [good, Clip(path, ("the dog falls",), "train"), Clip(good.video, good.captions, "val")]
    write_captions(path.parent, clips)
    file = write_recipe(tmp_path, recipe | {"dataset": {"name": "folder", "data_dir": str(path.parent)}})
    # One that cannot be read is left out, and said so; without a handler of one's own, a warning is a line on stderr.
    # (A loader's process writes there too, where a test cannot see it.)
    assert run("train", file, "--json", "schedule.num_workers=0").code == 0
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("framecue")]
    assert line.startswith(f"{path}: ")
    write_captions(
        path.parent, [good, Clip(path, ("the dog falls",), "train"), Clip(path, ("a dog",), "val")], overwrite=True
    )
    check_last(run("train", file, f"output_dir={tmp_path / 'other'}", "--json"), path.name, path.parent)
    write_captions(path.parent, [*clips, Clip(missing, ("a cat",), "train")], overwrite=True)
    check(run("train", file, f"output_dir={tmp_path / 'third'}", "--json"), missing.name, path.parent)


@pytest.mark.parametrize("command", ["search", "info"])
def test_a_library_that_does_not_exist(run, loader, tmp_path: Path, command: str) -> None:
    uri = tmp_path / "none.lance"
    args = (uri,) if command == "info" else ("red", "--library", uri)
    check(run(command, *args, "--json"), f"no library at {uri}", "framecue index PATH --library")
    assert not uri.exists()


@pytest.mark.parametrize("kind", ["text", "folder without videos"])
@pytest.mark.parametrize("command", ["search", "info", "index"])
def test_a_library_that_is_none(run, loader, clips: Path, bad, kind: str, command: str) -> None:
    path = bad(kind)
    args = {"info": (path,), "search": ("red", "--library", path), "index": (clips, "--library", path)}[command]
    check(run(command, *args), path, "name another place")


@pytest.mark.parametrize("query", ["", " ", " \t\n "])
def test_a_query_of_only_spaces(run, loader, tmp_path: Path, clips: Path, query: str) -> None:
    assert run("index", clips, "--library", tmp_path / "l.lance", "--model", "clip").code == 0
    check(run("search", query, "--library", tmp_path / "l.lance", "--json"), "the query is empty", "describe in words")


@pytest.mark.parametrize("name", ["no-such-model", "no/such-model", "./no/such/folder", "", "a b c", "{folder}"])
def test_an_unknown_model(run, no_hub, tmp_path: Path, data: Path, clips: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    name = name.format(folder=tmp_path / "folder")
    for args in (
        ("index", clips, "--library", tmp_path / "l.lance", "--model", name),
        ("evaluate", "--data-dir", data, "--model", name),
        ("caption", clips / "red.mp4", "--model", name),
    ):
        check(run(*args), name or "''", "folder", "bundled models")


@pytest.mark.parametrize("name", ["no-such-adapter", "./no/such", "{folder}"])
def test_an_unknown_adapter(run, tmp_path: Path, clip_folder: Path, data: Path, clips: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    name = name.format(folder=tmp_path / "folder")
    for args in (
        ("index", clips, "--library", tmp_path / "l.lance"),
        ("evaluate", "--data-dir", data),
        ("caption", clips / "red.mp4"),
    ):
        check(run(*args, "--model", clip_folder, "--adapter", name), name, "adapter", "folder")


def write_recipe(folder: Path, content: Any) -> Path:
    file = folder / "recipe.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"shedule": {"batch_size": 2}}, ["unknown key 'shedule'", "schedule"]),
        ({"schedule": {"batchsize": 2}}, ["unknown key 'schedule.batchsize'", "batch_size"]),
        ({"dataset": {"name": "folder", "datadir": "x"}}, ["'dataset.datadir'", "data_dir"]),
        ({"dataset": {"name": "msrvtt"}}, ["unknown dataset 'msrvtt'", "folder", "moji-motion"]),
        ({"options": {"num_frame": 2}}, ["'options.num_frame'", "num_frames"]),
        ({"method": "prompt-swich"}, ["unknown method 'prompt-swich'", "prompt-switch"]),
        ({"schedule": {"batch_size": "many"}}, ["'schedule.batch_size'", "integer", "'many'"]),
        ({"schedule": {"learning_rate": [1]}}, ["'schedule.learning_rate'", "number", "[1]"]),
        ({"schedule": {"batch_size": 0}}, ["'schedule.batch_size'", "greater than", "0"]),
        ({"schedule": 7}, ["'schedule'", "section", "7"]),
        ({"backbone": None}, ["'backbone'", "string", "None"]),
        ({"backbone": "./no/such"}, ["./no/such", "no such model"]),
        ({"adapter": "./no/such"}, ["./no/such", "no such adapter folder"]),
        ({"dataset": {"name": "folder", "data_dir": "no/such"}}, ["no/such: no such folder"]),
    ],
)
def test_a_recipe_that_is_wrong(run, no_hub, tmp_path: Path, recipe, changes: dict[str, Any], says: list[str]) -> None:
    file = write_recipe(tmp_path, recipe | changes)
    check(run("train", file, "--json"), *says)
    assert not (tmp_path / "run" / "adapter_config.json").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", ["a recipe is a mapping", "output_dir"]),
        ("- a list\n", ["a recipe is a mapping", "output_dir"]),
        ("a: [1\n", ["not a YAML file"]),
        ("output_dir: runs/x\n", ["'backbone' is missing", "'method' is missing", "'dataset' is missing"]),
    ],
)
def test_a_file_that_is_no_recipe(run, tmp_path: Path, content: str, says: list[str]) -> None:
    file = write_recipe(tmp_path, content)
    check(run("train", file), f"Error: {file}: ", *says)


def test_a_recipe_that_is_missing(run, tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        check(run("train", path), f"Error: {path}: no such recipe file")


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("schedule.batch_size=many", ["'schedule.batch_size'", "'many'"]),
        ("schedule.batchsize=4", ["unknown key 'schedule.batchsize'", "batch_size"]),
        ("shedule.batch_size=4", ["unknown key 'shedule'", "schedule"]),
        ("method=vop-z", ["unknown method 'vop-z'", "mean-pool"]),
        ("batch_size", ["cannot read 'batch_size'", "key=value"]),
        ("schedule.batch_size=[", ["cannot read 'schedule.batch_size=['", "YAML"]),
        ("method.name=x", ["cannot set 'method.name'"]),
    ],
)
def test_an_override_that_is_wrong(run, tmp_path: Path, recipe, override: str, says: list[str]) -> None:
    check(run("train", write_recipe(tmp_path, recipe), override), *says)


def test_an_output_folder_that_cannot_be_one(run, tmp_path: Path, recipe) -> None:
    (tmp_path / "file").write_text("x")
    file = write_recipe(tmp_path, recipe)
    for output in (tmp_path / "file", tmp_path / "file" / "run"):
        check(run("train", file, f"output_dir={output}"), output)


@pytest.mark.parametrize(
    "command",
    [
        ("train", "{}"),
        ("train", "{}/{}"),
        ("methods", "--model", "{}"),
        ("doctor", "--model", "{}"),
        ("evaluate", "--data-dir", "{}", "--model", "moji-clip"),
        ("search", "red", "--library", "{}"),
        ("search", "--library", "l.lance", "--queries", "{}"),
        ("clip", "{}@0-1"),
        ("clip", "a.mp4@0-1", "--output", "{}.mp4"),
        ("clip", "a.mp4@0-1", "--output", "{}/"),
        ("import-checkpoint", "{}", "--format", "x-pool", "--output", "made"),
    ],
    ids=" ".join,
)
def test_a_name_that_is_too_long_is_what_is_wrong(run, tmp_path, monkeypatch, command: tuple[str, ...]) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*(word.replace("{}", "x" * 5_000) for word in command))
    assert result.code in (1, 2) or command[0] == "doctor"
    assert "a defect" not in result.err
    assert "cannot use" not in result.err
    assert "x" * 500 not in result.err + result.out


def test_a_name_with_a_zero_byte(run) -> None:
    check(run("import-checkpoint", "a", "--format", "x-pool", "--output", "a\0b"), "a name has a zero byte in it")
