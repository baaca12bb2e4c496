"""The benchmark of GPUs on a processor, with a small model: that it runs, and that its arithmetic is right."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import support

pytest.importorskip("cv2")  # clips are made by a benchmark that compares with it

STAND_IN = Path(next(iter(support.__path__))) / "torchcodec_stand_in"


def test_a_small_run(run_benchmark, small_clip: Path, tmp_path: Path, capsys) -> None:
    arguments = ("--device", "cpu", "--videos-at-once", 2, "--matrix", 32, "--rounds", 1, "--clips", 0)
    run_benchmark("gpu", *arguments, "--config", small_clip, "--json", tmp_path / "results.json")
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    (model,) = results["models"]
    assert (model["model"], model["way"], list(model["frames_a_second"])) == ("config", "plain", ["plain"])
    flops_a_second = model["frames_a_second"]["plain"] * model["flops_per_frame"]
    assert model["share"] == pytest.approx(flops_a_second / (results["matmul_tflops"] * 1e12))
    assert set(model["from_pictures"]) == {"device", "processor"}
    assert all(rate > 0 for rate in model["from_pictures"].values())
    # The whole of indexing is measured where all benchmarks are run.
    assert (results["videos_a_second"], results["decoding"], results["decoding_note"]) == ({}, {}, "no GPU")
    assert results["card"].startswith("processor")
    assert f"{model['share']:.0%} of that, plain" in capsys.readouterr().out


def test_operations_are_counted_as_pytorch_counts_them(load_benchmark, small_clip: Path) -> None:
    benchmark = load_benchmark("gpu")
    model = benchmark.make_model(json.loads(small_clip.read_text()), torch.device("cpu"), torch.float32)
    size = model.backbone.vision.image_size
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH), counter:
        model.frame_features(torch.zeros(1, 1, 3, size, size))
    assert benchmark.flops_of(model) == pytest.approx(counter.get_total_flops(), rel=1e-6)


def test_decoders_are_compared_on_one_file(load_benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the stand-in, which counts as a GPU's."""
    monkeypatch.syspath_prepend(STAND_IN)
    from framecue.video import write_video
    from framecue.video.read import gpu

    monkeypatch.setattr(gpu, "_torchcodec", gpu._Torchcodec())
    benchmark = load_benchmark("gpu")
    write_video(tmp_path / "film.mp4", benchmark.film(48, 64, 20), frames_per_second=10)
    ratio, note = benchmark.decoding_ratio(tmp_path / "film.mp4", rounds=1)
    assert note is None
    assert ratio > 0
    monkeypatch.setenv("TORCHCODEC_DOES", "fallback")
    assert "on the processor" in benchmark.decoding_ratio(tmp_path / "film.mp4", rounds=1)[1]
    for name in [name for name in sys.modules if name.split(".")[0] == "torchcodec"]:
        monkeypatch.delitem(sys.modules, name)
