from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import av
import pytest
import torch

from framecue.backbone import load_backbone
from framecue.checkpoint import save_adapter
from framecue.datasets.captions import Clip, read_captions, write_captions
from framecue.evaluation.ranks import read_ranks
from framecue.methods import build_method

PERFECT = {
    **{"R@1": 100.0, "R@5": 100.0, "R@10": 100.0, "R@50": 100.0},
    **{"median_rank": 1.0, "mean_rank": 1.0, "Rsum": 300.0, "nDCG@10": 100.0},
}
HEADS = ["R@1", "R@5", "R@10", "R@50", "median", "rank", "mean", "rank", "Rsum", "nDCG@10"]


def stage_of(document: dict[str, Any]) -> dict[str, Any]:
    """What a document says of the scores alone, as of a second stage."""
    whole = ("num_videos", "num_texts", "unreadable", "reranked")
    return {name: value for name, value in document.items() if name not in whole}


def table_of(out: str) -> list[list[str]]:
    """The words of a table's lines, without its rules."""
    return [line.split() for line in out.splitlines() if line.strip(" ─")]


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
    certain = {name: [value, value] for name, value in PERFECT.items()}
    assert json.loads(result.out) == {
        "text_to_video": PERFECT,
        "video_to_text": PERFECT,
        "video_to_text_by_caption": None,
        "Rsum": 600.0,
        "twin_accuracy": 100.0,
        "intervals": {"text_to_video": certain, "video_to_text": certain},
        "num_videos": 3,
        "num_texts": 3,
        "unreadable": [],
    }
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
    numbers = [*["100.0"] * 4, "1.0", "1.0", "300.0", "100.0"]
    assert table_of(result.out) == [
        HEADS,
        ["text", "to", "video", *numbers],
        ["95%", "from", *numbers],
        ["to", *numbers],
        ["video", "to", "text", *numbers],
        ["95%", "from", *numbers],
        ["to", *numbers],
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
        (
            lambda folder: [video.write_bytes(b"") for video in (folder / "test").glob("*.mp4")],
            ["test/red.mp4: the file is empty", "none of the 3 videos can be read"],
        ),
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
    assert json.loads(result.out) == {**first, "reranked": stage_of(alone)}
    by_default = json.loads(run(*options, "--rerank-with", second_stage).out)
    assert by_default["reranked"] == stage_of(alone)
    shallow = json.loads(run(*options, "--rerank-with", second_stage, "--depth", 1).out)
    assert shallow["reranked"]["text_to_video"] == first["text_to_video"]


def test_the_table_has_a_row_for_each_stage(run, clip_folder: Path, second_stage: Path, data: Path) -> None:
    options = ("evaluate", "--model", clip_folder, "--data-dir", data, "--rerank-with", second_stage)
    document = json.loads(run(*options, "--json").out)
    result = run(*options)
    assert result.err == f"3 videos, 3 texts, split test of {data}\n"
    rows = [
        [*label.split(), *(f"{number:.1f}" for number in numbers)]
        for suffix, stage in (("", document), (", reranked", document["reranked"]))
        for name in ("text_to_video", "video_to_text")
        for label, numbers in (
            (name.replace("_", " ") + suffix, stage[name].values()),
            ("95% from", [low for low, _ in stage["intervals"][name].values()]),
            ("to", [high for _, high in stage["intervals"][name].values()]),
        )
    ]
    assert table_of(result.out)[1:] == [
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
        (["--data-dir", data], "Missing option '--model', or the folder of a run"),
        (["runs/x", "--adapter", "x", "--data-dir", data], "RUN is given beside --adapter or --method"),
        (["--model", "clip", "--data-dir", data, "--rerank", "csls"], "'--rerank'"),
        (["--model", "clip", "--data-dir", data, "--temperature", 2], "--temperature is for one --rerank"),
        (["--model", "clip", "--data-dir", data, "--rerank", "dsl", "--temperature", 0], "'--temperature'"),
        (["--model", "clip", "--data-dir", data, "--num-frames", 0], "'--num-frames'"),
        (["--model", "clip"], "Missing option '--data-dir'"),
        (["--model", "clip", "--data-dir", ""], "'--data-dir'"),
        (["--model", "clip", "--data-dir", data / "captions.jsonl"], "is a file"),
        (["--model", "clip", "--data-dir", data, "--trec-depth", 5], "--trec-depth is given without --trec"),
        (["--model", "clip", "--data-dir", data, "--report-queries", 0], "--report-queries is given without --report"),
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
    assert (result.code, result.err) == (0, f"1 video, 3 texts, split any of {data}\n")


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


def test_a_video_that_cannot_be_read_is_named_and_counts_as_a_miss(run, loader, mixed_up: Path) -> None:
    whole = json.loads(run("evaluate", "--model", "clip", "--data-dir", mixed_up, "--json").out)
    (mixed_up / "test" / "blue.mp4").write_text("text\n" * 99)
    result = run("evaluate", "--model", "clip", "--data-dir", mixed_up, "--json")
    assert result.code == 0
    document = json.loads(result.out)
    (unreadable,) = document["unreadable"]
    assert unreadable["path"] == str(mixed_up / "test" / "blue.mp4")
    lines = result.err.splitlines()
    assert lines[0] == "1 video that cannot be read counts as a miss:"
    assert lines[1] == f"  {unreadable['path']}: {unreadable['reason']}"
    assert (document["num_videos"], document["num_texts"]) == (3, 3)
    # Blue was the one that was found; now nothing is.
    assert whole["text_to_video"]["R@1"] == pytest.approx(100 / 3)
    assert document["text_to_video"]["R@1"] == document["video_to_text"]["R@1"] == 0


@pytest.fixture
def trained(clip_folder: Path, tmp_path: Path) -> Path:
    """The folder of a run, whose adapter belongs to the tiny model."""
    return save_x_pool(clip_folder, tmp_path / "runs" / "mine")


def test_a_runs_folder_is_the_model(run, clip_folder: Path, trained: Path, data: Path) -> None:
    by_names = run("evaluate", "--model", clip_folder, "--adapter", trained, "--data-dir", data, "--json")
    by_run = run("evaluate", trained, "--dataset", "folder", "--data-dir", data, "--json")
    assert (by_run.code, by_run.err) == (0, "")
    assert by_run.out == by_names.out
    (trained / "adapter_config.json").unlink()
    (trained / "recipe.yaml").write_text("")
    result = run("evaluate", trained, "--data-dir", data)
    assert (result.code, result.out) == (1, "")
    assert "the run is not finished" in result.err


def test_a_run_that_is_not_there_is_named_before_a_file_in_it(run, data: Path, tmp_path: Path) -> None:
    missing = tmp_path / "runs" / "none"
    result = run("evaluate", missing, "--data-dir", data, "--ranks", missing / "ranks.parquet")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"Error: {missing}: no such adapter")


def test_more_frames_than_trained_with(run, clip_folder: Path, trained: Path, data: Path) -> None:
    usual = json.loads(run("evaluate", trained, "--data-dir", data, "--split", "train", "--json").out)
    same = run("evaluate", trained, "--data-dir", data, "--split", "train", "--num-frames", 3, "--json")
    assert json.loads(same.out) == usual
    more = run("evaluate", trained, "--data-dir", data, "--split", "train", "--num-frames", 9, "--json")
    assert more.code == 0
    refused = run("evaluate", trained, "--data-dir", data, "--num-frames", 5000)
    assert (refused.code, refused.out) == (1, "")
    assert "method x-pool does not take 5000 frames: num_test_frames must be at most 1000" in refused.err


def test_normalised_similarities_have_rows_of_their_own(run, clip_folder: Path, data: Path, tmp_path: Path) -> None:
    options = ("evaluate", "--model", clip_folder, "--data-dir", data)
    plain = json.loads(run(*options, "--json").out)
    both = json.loads(run(*options, "--rerank", "dsl", "--rerank", "qb-norm", "--json").out)
    dual, bank = both.pop("dual_softmax"), both.pop("qb_norm")
    assert both == plain  # the main row is as it was
    assert (dual["transductive"], dual["temperature"]) == (True, 1.0)
    assert (bank["transductive"], bank["temperature"], bank["depth"]) == (False, 0.05, 1)
    assert bank["num_bank_texts"] == 4  # the captions of the split train
    labels = [line[:-8] for line in table_of(run(*options, "--rerank", "dsl").out)[1:-1:3]]
    assert [" ".join(label) for label in labels] == [
        "text to video",
        "video to text",
        "text to video, dual softmax (transductive)",
        "video to text, dual softmax (transductive)",
    ]
    warm = json.loads(run(*options, "--rerank", "dsl", "--temperature", 20, "--json").out)
    assert warm["dual_softmax"]["temperature"] == 20
    result = run(*options, "--split", "train", "--rerank", "qb-norm")
    assert (result.code, result.out) == (1, "")
    assert "takes its bank from the split train, so it cannot be evaluated on that" in result.err
    alone = shutil.copytree(data, tmp_path / "alone")
    captions = alone / "captions.jsonl"
    captions.write_text(captions.read_text().replace('"split": "train"', '"split": "val"'))
    result = run("evaluate", "--model", clip_folder, "--data-dir", alone, "--rerank", "qb-norm")
    assert (result.code, result.out) == (1, "")
    assert "qb-norm takes its bank from the captions of the split train: " in result.err
    assert "no clip is in split 'train'" in result.err


def test_files_are_written_and_named(run, clip_folder: Path, data: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / "out" / f"scores.{name}" for name in ("parquet", "csv", "tex")}
    (tmp_path / "out").mkdir()
    options = ("evaluate", "--model", clip_folder, "--data-dir", data, "--split", "train")
    named = ("--ranks", files["parquet"], "--csv", files["csv"], "--latex", files["tex"])
    trec = ("--trec", tmp_path / "out" / "trec", "--trec-depth", 2)
    result = run(*options, *named, *trec, "--json")
    assert result.code == 0
    document = json.loads(result.out)
    ranks = read_ranks(files["parquet"])
    assert (ranks.dataset, ranks.split, ranks.model) == ("folder", "train", str(clip_folder))
    assert ranks.queries.video_ids[0] == "train/red.mp4"
    assert ranks.directions["text_to_video"].metrics.to_dict() == document["text_to_video"]
    assert files["csv"].read_text().startswith("direction,queries,R@1,")
    assert files["tex"].read_text().endswith("\\end{tabular}\n")
    assert len((tmp_path / "out" / "trec.v2t.run").read_text().splitlines()) == 4 * 2
    for file in (*files.values(), tmp_path / "out" / "trec.t2v.qrels"):
        assert str(file) in result.err
    assert "with the first 2 of 4 results of a query" in result.err


def test_a_page_is_written_with_the_frames_of_its_queries(run, clip_folder: Path, data: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    options = ("evaluate", "--model", clip_folder, "--data-dir", data, "--split", "train", "--report", page)
    result = run(*options, "--report-queries", 2)
    assert result.code == 0
    assert f"report: {page}" in result.err
    text = page.read_text(encoding="utf-8")
    assert "<title>Retrieval on folder, train: " in text
    assert "<code><bdi>train/red.mp4</bdi></code>" in text
    # Of the four texts and the four videos, two each are shown as best, and no more than two as worst.
    assert 4 <= text.count("<article") <= 8
    assert text.count("data:image/webp;base64,") > 4
    assert "no picture" not in text
    refused = run(*options)
    assert (refused.code, refused.out) == (1, "")
    assert "exists already" in refused.err
    assert page.read_text(encoding="utf-8") == text


def test_a_file_that_exists_is_refused_before_a_model_is_loaded(run, loader, data: Path, tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text("mine")
    for option, name in (
        ("--csv", "scores.csv"),
        ("--ranks", "none/ranks.parquet"),
        ("--trec", "none/trec"),
        ("--report", "none/report.html"),
    ):
        result = run("evaluate", "--model", "clip", "--data-dir", data, option, tmp_path / name)
        assert (result.code, result.out) == (1, "")
    assert loader.asked == []
    assert (tmp_path / "scores.csv").read_text() == "mine"
    result = run("evaluate", "--model", "clip", "--data-dir", data, "--csv", tmp_path / "scores.csv", "--force")
    assert result.code == 0
    assert (tmp_path / "scores.csv").read_text() != "mine"


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
    assert (result.code, result.err) == (0, f"1 video, 2 texts, split test of {tmp_path}\n")
    result = run(*options, "--dataset-option", "test_set=half")
    assert result.code == 1
    assert "'test_set' must be '1k-A' or 'full', got 'half'" in result.err


def test_a_caption_that_no_model_can_read_is_named_by_its_video(run, loader, mixed_up: Path) -> None:
    caption, says = "a" * 10_001, "has 10001 characters; give at most 10000"
    file = mixed_up / "captions.jsonl"
    red = str(mixed_up / "test" / "red.mp4")
    whole = file.read_text()
    content = {"video": "test/red.mp4", "captions": ["red", caption], "split": "test"}
    for split, options in (("test", ()), ("train", ("--rerank", "qb-norm"))):
        lines = whole.splitlines()[1:] if split == "test" else whole.splitlines()
        file.write_text("\n".join([json.dumps({**content, "split": split}), *lines]) + "\n")
        result = run("evaluate", "--model", "clip", "--data-dir", mixed_up, *options)
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith("Error: ")
        assert result.err.count("\n") == 1
        assert f"{red}, caption 2: " in result.err
        assert says in result.err
    assert loader.asked == []
