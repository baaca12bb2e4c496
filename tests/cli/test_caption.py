from __future__ import annotations

import json
from pathlib import Path

import av
import pytest

import framecue
from framecue.checkpoint import save_adapter


@pytest.fixture
def adapter(clip_folder: Path, tmp_path: Path) -> Path:
    """A Prompt Switch adapter with a captioner, as it starts: its words mean nothing, but they are its own."""
    options = {"num_frames": 2, "num_test_frames": 2, "num_prompts": 2, "captioner_layers": 1}
    model = framecue.load_model(clip_folder, method="prompt-switch", options=options)
    model.method.freeze(model.backbone)
    save_adapter(
        tmp_path / "adapter",
        backbone=model.backbone,
        method=model.method,
        method_name="prompt-switch",
        version=framecue.__version__,
    )
    return tmp_path / "adapter"


def test_one_video_is_one_line(run, loader, clips: Path) -> None:
    result = run("caption", clips / "green.mp4")
    assert result == (0, "green\n", "")
    assert loader.asked == [("moji-clip", "moji-prompt-switch")]


def test_several_videos_are_a_table(run, loader, clips: Path) -> None:
    result = run("caption", clips / "green.mp4", clips / "blue.mp4", "--model", "clip", "--adapter", "tuned")
    assert (result.code, result.err) == (0, "")
    lines = [line.split() for line in result.out.splitlines() if line.strip(" ─")]
    assert lines == [
        ["caption", "path"],
        ["green", str(clips / "green.mp4")],
        ["blue", str(clips / "blue.mp4")],
    ]
    assert loader.asked == [("clip", "tuned")]


def test_json_and_a_bad_file_beside_good_ones(run, loader, clips: Path) -> None:
    (clips / "zero.mp4").write_bytes(b"")
    result = run("caption", clips / "zero.mp4", clips / "red.mp4", clips / "none.mp4", "--json")
    assert result.code == 0
    assert json.loads(result.out) == {
        "captions": [{"path": str(clips / "red.mp4"), "caption": "red"}],
        "skipped": [
            {"path": str(clips / "zero.mp4"), "reason": "the file is empty"},
            {"path": str(clips / "none.mp4"), "reason": "no such file"},
        ],
    }
    assert result.err.splitlines() == [
        f"skipped {clips / 'zero.mp4'}: the file is empty",
        f"skipped {clips / 'none.mp4'}: no such file",
    ]


def test_nothing_but_bad_files(run, loader, clips: Path) -> None:
    result = run("caption", clips, "--json")
    assert result == (1, "", f"Error: {clips}: is a folder, not a video file\n")
    result = run("caption", clips / "a.mp4", clips / "b.mp4")
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines() == [
        f"skipped {clips / 'a.mp4'}: no such file",
        f"skipped {clips / 'b.mp4'}: no such file",
        "Error: none of the 2 files could be read",
    ]


def test_a_real_captioner_says_what_the_model_says(run, clip_folder: Path, adapter: Path, clips: Path) -> None:
    result = run("caption", clips / "red.mp4", "--model", clip_folder, "--adapter", adapter, "--json")
    assert result.code == 0
    model = framecue.load_model(clip_folder, adapter=adapter)
    (said,) = model.caption_frames(model.read_video(clips / "red.mp4")[None])
    assert json.loads(result.out)["captions"] == [{"path": str(clips / "red.mp4"), "caption": said}]


def test_an_adapter_of_another_model_is_refused(run, clip_folder: Path, adapter: Path, clips: Path) -> None:
    import torch
    from transformers import CLIPModel

    other = adapter.parent / "other"
    torch.manual_seed(9)
    config = CLIPModel.from_pretrained(clip_folder).config
    CLIPModel(config).save_pretrained(other)
    result = run("caption", clips / "red.mp4", "--model", other, "--adapter", adapter)
    assert (result.code, result.out) == (1, "")
    assert result.err.count("\n") == 1
    for text in (str(adapter), str(clip_folder), str(other)):
        assert text in result.err


def test_an_adapter_without_a_captioner_says_what_to_give(run, clip_folder: Path, tmp_path: Path, clips: Path) -> None:
    model = framecue.load_model(clip_folder)
    model.method.freeze(model.backbone)
    save_adapter(
        tmp_path / "plain",
        backbone=model.backbone,
        method=model.method,
        method_name="mean-pool",
        version=framecue.__version__,
    )
    result = run("caption", clips / "red.mp4", "--model", clip_folder, "--adapter", tmp_path / "plain")
    assert (result.code, result.out) == (1, "")
    assert result.err.count("\n") == 1
    assert "mean-pool has no captioner" in result.err
    assert "prompt-switch" in result.err


def test_wrong_usage(run) -> None:
    result = run("caption")
    assert result.code == 2
    assert "Missing argument 'VIDEO...'" in result.err


def test_nothing_is_decoded_in_this_process(run, loader, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "open", None)
    assert run("caption", clips / "green.mp4") == (0, "green\n", "")
