"""No output of an evaluation destroys what it reads, and one that cannot be written is said before the work."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from framecue.assets import ASSETS
from framecue.datasets.captions import Clip, Twin, write_captions
from framecue.evaluation.tables import write_csv


@pytest.fixture
def own(data: Path, tmp_path: Path) -> Path:
    """A copy of the test clips, one of which has two captions and another a twin."""
    folder = tmp_path / "own"
    shutil.copytree(data / "test", folder / "test")
    shutil.copy(folder / "test" / "red.mp4", folder / "test" / "back.mp4")
    videos = {name: folder / "test" / f"{name}.mp4" for name in ("red", "green", "blue", "back")}
    clips = [
        Clip(videos["red"], ("red", "blue"), "test", Twin(videos["back"], ("green",))),
        Clip(videos["green"], ("green",), "test"),
        Clip(videos["blue"], ("blue",), "train"),
    ]
    write_captions(folder, clips)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("option", ["--ranks", "--csv", "--latex", "--report"])
@pytest.mark.parametrize("name", ["captions.jsonl", "test/red.mp4", "test/back.mp4", "test/blue.mp4", "test/../link"])
def test_what_is_read_is_never_replaced(run, loader, own: Path, option: str, name: str) -> None:
    (own / "link").symlink_to(own / "captions.jsonl")
    before = content(own)
    result = run("evaluate", "--model", "clip", "--data-dir", own, option, own / name, "--force")
    assert (result.code, result.out) == (1, "")
    assert "is read by this evaluation" in result.err
    assert "name another file" in result.err
    assert content(own) == before
    assert loader.asked == []


def test_what_a_link_of_the_folder_leads_to_is_read(run, loader, own: Path, tmp_path: Path) -> None:
    shutil.move(own / "captions.jsonl", tmp_path / "kept.jsonl")
    shutil.move(own / "test" / "green.mp4", tmp_path / "kept.mp4")
    (own / "captions.jsonl").symlink_to(tmp_path / "kept.jsonl")
    (own / "test" / "green.mp4").symlink_to(tmp_path / "kept.mp4")
    for kept in (tmp_path / "kept.jsonl", tmp_path / "kept.mp4"):
        before = kept.read_bytes()
        result = run("evaluate", "--model", "clip", "--data-dir", own, "--csv", kept, "--force")
        assert (result.code, result.out) == (1, "")
        assert f"{kept}: is read by this evaluation" in result.err
        assert kept.read_bytes() == before


def test_the_models_files_are_never_replaced(run, clip_folder: Path, own: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(clip_folder, model)
    before = content(model)
    for file in sorted(model.iterdir()):
        result = run("evaluate", "--model", model, "--data-dir", own, "--latex", file, "--force")
        assert (result.code, result.out) == (1, "")
        assert f"{file}: is read by this evaluation" in result.err
    assert content(model) == before


def test_files_of_shipped_models_and_of_the_hubs_cache_are_never_replaced(
    run, loader, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ASSETS / "moji-prompt-switch", tmp_path / "assets" / "moji-prompt-switch")
    shutil.copytree(ASSETS / "moji-clip", tmp_path / "assets" / "moji-clip")
    monkeypatch.setattr("framecue.assets.ASSETS", tmp_path / "assets")
    cache = tmp_path / "hub"
    blob, link = cache / "models--a--b" / "blobs" / "0", cache / "models--a--b" / "snapshots" / "1" / "config.json"
    for folder in (blob.parent, link.parent):
        folder.mkdir(parents=True)
    blob.write_text("weights")
    link.symlink_to(blob)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    named = {"--model": "a/b", "--adapter": "moji-prompt-switch"}
    bundled = [
        tmp_path / "assets" / name for name in ("moji-clip/config.json", "moji-prompt-switch/adapter_config.json")
    ]
    before = content(tmp_path / "assets") | content(cache)
    for file, options in (
        (bundled[0], {"--model": "moji-clip"}),
        (bundled[1], named),
        (blob, named),
        (link, named),
        (bundled[1], {"--model": "moji-clip", "--rerank-with": "moji-prompt-switch"}),
    ):
        given = [word for option in options.items() for word in option]
        result = run("evaluate", *given, "--data-dir", own, "--csv", file, "--force")
        assert (result.code, result.out) == (1, "")
        assert f"{file}: is read by this evaluation" in result.err
    assert content(tmp_path / "assets") | content(cache) == before
    assert loader.asked == []


def test_an_earlier_evaluations_files_may_be_replaced_in_the_folder(run, loader, own: Path) -> None:
    names = {"--ranks": "ranks.parquet", "--csv": "a.csv", "--latex": "a.tex", "--report": "a.html", "--trec": "a"}
    options = [word for option, name in names.items() for word in (option, own / name)]
    command = ("evaluate", "--model", "clip", "--data-dir", own, *options)
    assert run(*command).code == 0
    assert run(*command, "--force").code == 0
    write = own / "captions.csv"
    write.write_text("video,caption\n")
    shutil.copy(own / "captions.jsonl", own / "a.csv")  # no table any more
    assert run(*command, "--force").code == 1


def test_every_file_is_looked_at_before_a_model_is_loaded(run, loader, own: Path, tmp_path: Path) -> None:
    (tmp_path / "out.v2t-captions.run").write_text("mine")
    command = ("evaluate", "--model", "clip", "--data-dir", own)
    result = run(*command, "--trec", tmp_path / "out")
    assert (result.code, result.out) == (1, "")
    assert result.err.endswith("out.v2t-captions.run: exists already; name another file, or replace it (--force)\n")
    assert "overwrite" not in result.err
    same = tmp_path / "scores"
    for options, says in (
        (("--csv", same, "--latex", same), "--csv and --latex name the same file"),
        (("--csv", same, "--report", f"{tmp_path}/own/../scores"), "--csv and --report name the same file"),
        (("--csv", f"{same}.t2v.run", "--trec", same, "--force"), "--csv and --trec name the same file"),
        (("--csv", ""), "--csv is empty; name the file to write"),
        (("--ranks", " "), "--ranks is empty; name the file to write"),
        (("--trec", ""), "--trec is empty; give what the files' names begin with"),
        (("--trec", f"{tmp_path}/"), "is a folder; give what the files' names begin with"),
    ):
        result = run(*command, *options)
        assert (result.code, result.out) == (2, "")
        assert says in result.err
    assert loader.asked == []
    assert (tmp_path / "out.v2t-captions.run").read_text() == "mine"


@pytest.mark.parametrize("json", [(), ("--json",)])
def test_a_file_that_cannot_be_written_in_the_end_costs_no_figure(
    run, loader, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, json: tuple[str, ...]
) -> None:
    expected = run("evaluate", "--model", "clip", "--data-dir", own, *json).out

    def fails(report, file, **options) -> None:
        Path(file).parent.rmdir()
        write_csv(report, file, **options)

    monkeypatch.setattr("framecue.evaluation.tables.write_csv", fails)
    (tmp_path / "out").mkdir()
    result = run("evaluate", "--model", "clip", "--data-dir", own, *json, "--csv", os.fspath(tmp_path / "out" / "a"))
    assert result.code == 1
    assert result.out == expected
    assert "cannot be written" in result.err
