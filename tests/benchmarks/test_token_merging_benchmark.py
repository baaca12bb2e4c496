"""The comparison of TempMe with mean pooling and LoRA, with a small model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_a_small_comparison(run_benchmark, small_clip: Path, tmp_path: Path, capsys) -> None:
    arguments = ("--rounds", 1, "--videos", 1, "--merged-per-layer", 1, "--config", small_clip)
    run_benchmark("token_merging", *arguments, "--json", tmp_path / "results.json")
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    work = results["work"]
    # Two layers, twelve frames of four patches and a class token. The first layer merges a patch of each frame. Before
    # the second all are joined: 6 clips of 8 tokens, less 2; 3 of 12, less 3; one of 27, less 8. It merges 1 more.
    assert (work["mean-pool"]["tokens"], work["mean-pool"]["output_tokens"]) == (2 * 60, 60)
    assert (work["lora"]["tokens"], work["lora"]["output_tokens"]) == (2 * 60, 60)
    assert (work["tempme"]["tokens"], work["tempme"]["output_tokens"]) == (48 + 18, 18)
    # Patches, two layers and the projection; a product of (m, k) and (k, n) is 2 m k n operations.
    patches, tokens, width = 48, 60, 32
    linear = 2 * tokens * (4 * width * width + 2 * width * 64)
    attention = 12 * 2 * 2 * 5 * 5 * width
    assert work["mean-pool"]["flops"] == 2 * patches * 768 * width + 2 * (linear + attention) + 2 * 12 * width * 16
    assert work["lora"]["flops"] == work["mean-pool"]["flops"] + 2 * 2 * tokens * 2 * (2 * width * 8)
    assert work["tempme"]["flops"] < work["lora"]["flops"]
    printed = capsys.readouterr().out
    assert f"({work['tempme']['flops'] / work['mean-pool']['flops']:.2f}x mean pooling's, " in printed
    assert "behind the last 18 of 60" in printed
    assert [result["dtype"] for result in results["times"]] == ["float32", "bfloat16"]
    for result in results["times"]:
        for start, seconds in (("", result["seconds"]), ("processor_", result["processor_seconds"])):
            assert result[f"{start}ratio_to_mean_pool"] == pytest.approx(seconds["tempme"] / seconds["mean-pool"])
            assert result[f"{start}ratio_to_lora"] == pytest.approx(seconds["tempme"] / seconds["lora"])
        assert f"TempMe takes {result['ratio_to_mean_pool']:.2f}x mean pooling's time" in printed
