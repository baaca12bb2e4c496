"""The comparison of a store with raw videos, on short clips: both sides read the same frames, and it says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest


def test_a_small_comparison(run_benchmark, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = ("--clips", 2, "--seconds", 2, "--rounds", 1)
    module = run_benchmark("frame_store", *short, "--tflops", 100, "--json", tmp_path / "results.json")
    result = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert result["ratio"] == pytest.approx(result["store_samples_per_second"] / result["raw_samples_per_second"])
    fitted = result["fitted_samples_per_second"]
    assert result["fitted_ratio"] == pytest.approx(fitted / result["raw_samples_per_second"])
    assert (result["num_videos"], result["goal"]) == (2, 5.0)
    assert result["psnr"] > module.LEAST_PSNR
    assert result["store_bytes"] > 0
    out = capsys.readouterr().out
    assert f"{result['ratio']:.2f}x (goal 5.0x: " in out
    assert "100 TFLOPS x 0.35 / 335 GFLOP a sample" in out


def test_the_arithmetic(load_benchmark) -> None:
    module = load_benchmark("frame_store")
    # ViT-B/32 takes 4.4 billion multiplications an image, by the published count; text 2.9, of 77 tokens of width 512.
    assert module.sample_flops(1) == pytest.approx(6 * (4.41e9 + 2.98e9), rel=0.01)
    assert module.sample_flops(12) - module.sample_flops(11) == pytest.approx(6 * 4.41e9, rel=0.01)
    gpu = module.Gpu("card", tflops=312, utilisation=0.5, num_cores=10)
    wanted = module.gpu_samples_per_second(gpu)
    assert wanted == pytest.approx(156e12 / module.sample_flops())
    values = dict.fromkeys(("ratio", "fitted_ratio", "read_ratio", "psnr", "prepare_seconds"), 1.0)
    result = module.Result(
        raw_samples_per_second=wanted / 40,
        store_samples_per_second=wanted / 9,
        fitted_samples_per_second=wanted,
        num_videos=1,
        video_bytes=1,
        store_bytes=1,
        **values,
    )
    text = module.arithmetic(result, gpu)
    assert "videos: " in text
    assert "the GPU waits 75% of the time" in text
    assert "the GPU is fed" in text


def test_other_frames_are_noticed(load_benchmark) -> None:
    module = load_benchmark("frame_store")
    clip = list(module.__dict__["generate"].__globals__["pictures"](module.CASE, 12))
    assert module.psnr(np.stack(clip[:1]), np.stack(clip[9:10])) < module.LEAST_PSNR - 5
    assert module.psnr(clip[0], clip[0]) > 100
