from __future__ import annotations

import json
import shutil
from pathlib import Path

import av
import pytest
import torch

from framecue.backbone import load_backbone
from framecue.checkpoint import save_adapter
from framecue.datasets.captions import Clip, read_captions, write_captions
from framecue.methods import build_method

PERFECT = {"R@1": 100.0, "R@5": 100.0, "R@10": 100.0, "median_rank": 1.0, "mean_rank": 1.0}


@pytest.fixture
def mixed_up(data: Path, tmp_path: Path) -> Path:
    """The test clips with the captions of red and green exchanged, and without the twin."""
    shutil.copytree(data / "test", tmp_path / "data" / "test")
    texts = {"red": "green", "green": "red", "blue": "blue"}
    folder = tmp_path / "data"
    write_captions(folder, [Clip(folder / "test" / f"{name}.mp4", (text,), "test") for name, text in texts.items()])
    return folder


def test_json_has_these_keys_and_nothing_else_is_on_standard_output(run, loader, data: Path) -> None:
    result = run("evaluate", "--model", "clip", "--adapter", "tuned", "--data-dir", data, "--split", "test", "--json")
    assert result.code == 0
    assert json.loads(result.out) == {"text_to_video": PERFECT, "video_to_text": PERFECT, "twin_accuracy": 100.0}
    assert result.err == ""
    assert loader.asked == [("clip", "tuned")]
    assert loader.options == [{"dtype": torch.float32}]


def test_captions_mixed_up_between_two_clips_cost_both(run, loader, mixed_up: Path) -> None:
    # "green" describes red.mp4 here, but green.mp4 comes first; red and blue are equally far from green.
    document = json.loads(run("evaluate", "--model", "clip", "--data-dir", mixed_up, "--json").out)
    assert document["twin_accuracy"] is None
    for direction in ("text_to_video", "video_to_text"):
        numbers = document[direction]
        assert numbers["R@1"] == pytest.approx(100 / 3)
        assert numbers["R@5"] == 100
        assert numbers["mean_rank"] > 1.5
        assert numbers["median_rank"] >= 2


def test_the_table_says_the_same(run, loader, data: Path, mixed_up: Path) -> None:
    result = run("evaluate", "--model", "clip", "--data-dir", data)
    assert result.code == 0
    assert result.err == f"3 videos, 3 texts, split test of {data}\n"
    lines = [line.split() for line in result.out.splitlines() if line.strip(" ─")]
    assert lines == [
        ["R@1", "R@5", "R@10", "median", "rank", "mean", "rank"],
        ["text", "to", "video", "100.0", "100.0", "100.0", "1.0", "1.0"],
        ["video", "to", "text", "100.0", "100.0", "100.0", "1.0", "1.0"],
        ["twin", "accuracy", "100.0"],
    ]
    assert "twin" not in run("evaluate", "--model", "clip", "--data-dir", mixed_up).out


def test_another_split(run, loader, data: Path) -> None:
    result = run("evaluate", "--model", "clip", "--data-dir", data, "--split", "train", "--dtype", "bfloat16")
    assert "4 videos, 4 texts, split train" in result.err
    assert loader.options == [{"dtype": torch.bfloat16}]


def test_a_real_model_scores_what_its_own_embeddings_say(run, clip_folder: Path, data: Path) -> None:
    import framecue

    result = run("evaluate", "--model", clip_folder, "--data-dir", data, "--json")
    assert result.code == 0
    model = framecue.load_model(clip_folder)
    clips = read_captions(data, "test")
    texts = model.encode_text([clip.captions[0] for clip in clips]).double()
    videos = torch.cat([model.encode_video(clip.video) for clip in clips]).double()
    similarity = texts @ videos.T
    ranks = (similarity >= similarity.diagonal()[:, None]).sum(dim=1).double()
    document = json.loads(result.out)
    assert document["text_to_video"]["mean_rank"] == pytest.approx(ranks.mean().item())
    assert document["text_to_video"]["R@1"] == pytest.approx(100 * (ranks == 1).double().mean().item())
    assert document["twin_accuracy"] in (0, 50, 100)  # two texts


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda folder: shutil.rmtree(folder), ["no such folder", "captions.jsonl"]),
        (lambda folder: (folder / "captions.jsonl").unlink(), ["no captions.jsonl in it", "write one"]),
        (lambda folder: (folder / "captions.jsonl").write_text(""), ["captions.jsonl: is empty"]),
        (lambda folder: (folder / "captions.jsonl").write_text("{"), ["captions.jsonl, line 1: is not JSON"]),
        (lambda folder: (folder / "test" / "red.mp4").unlink(), ["1 of 3 video files are missing: 'test/red.mp4'"]),
        (lambda folder: (folder / "test" / "red.mp4").write_bytes(b""), ["test/red.mp4: the file is empty"]),
        (lambda folder: (folder / "test" / "red.mp4").write_text("text\n" * 99), ["test/red.mp4: "]),
    ],
)
def test_bad_data_is_one_line_and_code_1(run, loader, mixed_up: Path, change, says: list[str]) -> None:
    change(mixed_up)
    result = run("evaluate", "--model", "clip", "--data-dir", mixed_up, "--json")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
    for text in [*says, str(mixed_up)]:
        assert text in result.err


def test_an_unknown_split_lists_the_known_ones_before_a_model_is_loaded(run, loader, data: Path) -> None:
    result = run("evaluate", "--model", "clip", "--data-dir", data, "--split", "tests")
    assert (result.code, result.out) == (1, "")
    assert "no clip is in split 'tests'; splits present: 'test' (3), 'train' (4), 'val' (2)" in result.err
    assert loader.asked == []


@pytest.fixture
def second_stage(clip_folder: Path, tmp_path: Path) -> Path:
    """An adapter of X-Pool on the tiny model, as after training."""
    return save_x_pool(clip_folder, tmp_path / "x-pool")


def save_x_pool(backbone_folder: Path, folder: Path) -> Path:
    backbone = load_backbone(backbone_folder)
    method = build_method("x-pool", {"num_frames": 3, "num_test_frames": 3}, backbone)
    method.freeze(backbone)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in method.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.3)
    save_adapter(folder, backbone=backbone, method=method, method_name="x-pool", version="0")
    return folder


def test_a_second_stage_is_measured_beside_the_first(run, clip_folder: Path, second_stage: Path, data: Path) -> None:
    options = ("evaluate", "--model", clip_folder, "--data-dir", data, "--split", "train", "--json")
    first = json.loads(run(*options).out)
    alone = json.loads(run(*options, "--adapter", second_stage).out)
    assert first != alone
    result = run(*options, "--rerank-with", second_stage, "--depth", 50)
    assert (result.code, result.err) == (0, "")
    # Four videos: the second stage looks at all of them.
    assert json.loads(result.out) == {**first, "reranked": alone}
    by_default = json.loads(run(*options, "--rerank-with", second_stage).out)
    assert by_default["reranked"] == alone
    shallow = json.loads(run(*options, "--rerank-with", second_stage, "--depth", 1).out)
    assert shallow["reranked"]["text_to_video"] == first["text_to_video"]


def test_the_table_has_a_row_for_each_stage(run, clip_folder: Path, second_stage: Path, data: Path) -> None:
    options = ("evaluate", "--model", clip_folder, "--data-dir", data, "--rerank-with", second_stage)
    document = json.loads(run(*options, "--json").out)
    result = run(*options)
    assert result.err == f"3 videos, 3 texts, split test of {data}\n"
    lines = [line.split() for line in result.out.splitlines() if line.strip(" ─")]
    rows = [
        [*name.split(), *(f"{number:.1f}" for number in numbers.values())]
        for suffix, stage in (("", document), (", reranked", document["reranked"]))
        for name, numbers in (
            (f"text to video{suffix}", stage["text_to_video"]),
            (f"video to text{suffix}", stage["video_to_text"]),
        )
    ]
    assert lines[1:] == [
        *rows,
        ["twin", "accuracy", f"{document['twin_accuracy']:.1f}"],
        ["twin", "accuracy,", "reranked", f"{document['reranked']['twin_accuracy']:.1f}"],
    ]


def test_what_can_be_a_second_stage_alone_cannot_be_indexed(
    run, clip_folder: Path, second_stage: Path, data: Path, tmp_path: Path
) -> None:
    library = tmp_path / "videos.lance"
    result = run("index", data, "--library", library, "--model", clip_folder, "--adapter", second_stage)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("Error: method 'x-pool' needs the query to encode a video")
    assert "framecue evaluate --rerank-with" in result.err
    assert result.err.count("\n") == 1
    assert not library.exists()


def test_an_untrained_method_can_be_named(run, clip_folder: Path, loader, data: Path) -> None:
    assert run("evaluate", "--model", "clip", "--method", "top-k", "--data-dir", data).code == 0
    assert loader.options == [{"dtype": torch.float32, "method": "top-k"}]
    assert loader.asked == [("clip", None)]


def test_an_unknown_method_lists_the_known_ones(run, clip_folder: Path, data: Path) -> None:
    result = run("evaluate", "--model", clip_folder, "--method", "x-pol", "--data-dir", data)
    assert (result.code, result.out) == (1, "")
    assert "unknown method 'x-pol'; known: " in result.err
    assert "x-pool" in result.err


def test_a_second_stage_of_another_model_is_refused_by_both_names(
    run, clip_folder: Path, make_backbone, tmp_path: Path, data: Path
) -> None:
    make_backbone(seed=1).save(tmp_path / "other-clip")
    adapter = save_x_pool(tmp_path / "other-clip", tmp_path / "adapter")
    result = run("evaluate", "--model", clip_folder, "--rerank-with", adapter, "--data-dir", data)
    assert (result.code, result.out) == (1, "")
    assert "other-clip" in result.err
    assert str(clip_folder) in result.err
    missing = run("evaluate", "--model", clip_folder, "--rerank-with", tmp_path / "none", "--data-dir", data)
    assert missing.code == 1
    assert "no such adapter folder" in missing.err


def test_wrong_usage(run, data: Path) -> None:
    for args, says in (
        (["--data-dir", data], "Missing option '--model'"),
        (["--model", "clip"], "Missing option '--data-dir'"),
        (["--model", "clip", "--data-dir", ""], "'--data-dir'"),
        (["--model", "clip", "--data-dir", data / "captions.jsonl"], "is a file"),
        (["--model", "clip", "--data-dir", data, "--depth", 5], "--depth is given without --rerank-with"),
        (["--model", "clip", "--data-dir", data, "--rerank-with", "x", "--depth", 0], "'--depth'"),
        (["--model", "clip", "--data-dir", data, "--adapter", "x", "--method", "top-k"], "--method is given beside"),
    ):
        result = run("evaluate", *args)
        assert result.code == 2
        assert says in result.err
        assert result.err.count("\n") == 1


def test_a_dataset_by_its_name(run, loader, data: Path, install) -> None:
    options = ("evaluate", "--model", "clip", "--data-dir", data)
    assert run(*options, "--dataset", "folder", "--json").out == run(*options, "--json").out
    source = """
from typing import Literal
from framecue.datasets.base import FileDataset
from framecue.datasets.captions import Clip

class One(FileDataset):
    name: Literal["one"] = "one"

    def clips(self, split):
        return [Clip(self.data_dir / "test" / "red.mp4", ("red", "blue", "red"), split)]
"""
    install("acme", {"framecue.datasets": {"one": "acme:One"}}, source)
    result = run(*options, "--dataset", "one", "--split", "any")
    assert (result.code, result.err) == (0, f"1 videos, 3 texts, split any of {data}\n")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("msr-vt", "unknown dataset 'msr-vt'; known: activitynet, didemo, folder, lsmdc"),
        ("msr-vtt", "{data}: there is no MSRVTT_JSFUSION_test.csv in it or in its folders"),
        ("moji-stills", "dataset moji-stills is drawn as it is needed and has no files to evaluate; datasets of files"),
    ],
)
def test_a_dataset_that_cannot_be_evaluated_is_said_before_a_model_is_loaded(
    run, loader, data: Path, name: str, says: str
) -> None:
    result = run("evaluate", "--model", "clip", "--dataset", name, "--data-dir", data)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"Error: {says.format(data=data)}")
    assert loader.asked == []


def test_nothing_is_decoded_in_this_process(run, loader, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = run("evaluate", "--model", "clip", "--data-dir", data, "--json").out
    monkeypatch.setattr(av, "open", None)
    assert run("evaluate", "--model", "clip", "--data-dir", data, "--json").out == expected


def test_a_data_set_of_the_field_is_evaluated_with_its_options(run, loader, data: Path, tmp_path: Path) -> None:
    for colour in ("red", "green", "blue"):
        shutil.copy(data / "test" / f"{colour}.mp4", tmp_path / f"video{colour}.mp4")
    rows = "".join(f"ret,msr,video{colour},{colour}\n" for colour in ("red", "green"))
    (tmp_path / "MSRVTT_JSFUSION_test.csv").write_text(f"key,vid_key,video_id,sentence\n{rows}")
    sentences = [{"caption": "blue", "video_id": "videoblue", "sen_id": n} for n in range(2)]
    content = {"videos": [{"video_id": "videoblue", "split": "test"}], "sentences": sentences}
    (tmp_path / "MSRVTT_data.json").write_text(json.dumps(content))
    options = ("evaluate", "--model", "clip", "--dataset", "msr-vtt", "--data-dir", tmp_path)
    result = run(*options)
    assert (result.code, result.err) == (0, f"2 videos, 2 texts, split test of {tmp_path}\n")
    result = run(*options, "--dataset-option", "test_set=full")
    assert (result.code, result.err) == (0, f"1 videos, 2 texts, split test of {tmp_path}\n")
    result = run(*options, "--dataset-option", "test_set=half")
    assert result.code == 1
    assert "'test_set' must be '1k-A' or 'full', got 'half'" in result.err
