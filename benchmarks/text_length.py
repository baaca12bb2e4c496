"""Text at its real length against the same text padded to the context: `python benchmarks/text_length.py`.

A typed query has about ten tokens; CLIP's context is 77. Attention is causal and the feature is read at end-of-text, so
the padding changes nothing. Prints the ratio of the times on a text tower of ViT-B/32's shape, random weights, and the
largest difference between the two features.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from framecue.backbone import Backbone, Preprocess
from framecue.methods import build_method
from measure import Measurement, Size, results_of, small_clip_config

QUERY = (320, 1929, 44715, 320, 17395)  # "a dog catches a frisbee", as OpenAI's vocabulary has it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--config", type=Path, help="a JSON file of another CLIPConfig (default: ViT-B/32's shape)")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    torch.manual_seed(0)
    config = CLIPConfig() if options.config is None else CLIPConfig.from_json_file(options.config)
    model = CLIPModel(config).eval()
    preprocess = Preprocess.clip(config.vision_config.image_size)
    backbone = Backbone(model, name="ViT-B/32", revision="random", preprocess=preprocess, tokenizer=_no_tokenizer)
    method = build_method("mean-pool", {}, backbone)
    start, end = config.text_config.bos_token_id, config.text_config.eos_token_id
    real = torch.tensor([[start, *QUERY, end]])
    padded = torch.nn.functional.pad(real, (0, backbone.text.context_length - real.shape[1]), value=end)

    with torch.inference_mode():
        # In turns, so that what else the machine does falls on both alike.
        times: dict[str, list[float]] = {"real": [], "padded": []}
        for _ in range(options.repeats):
            for name, ids in (("real", real), ("padded", padded)):
                times[name].append(_seconds(lambda ids=ids: method.encode_text(backbone, ids)))
        difference = (method.encode_text(backbone, real) - method.encode_text(backbone, padded)).abs().max()
    ratio = statistics.median(times["padded"]) / statistics.median(times["real"])
    print(f"{real.shape[1]} tokens against {padded.shape[1]}: {ratio:.1f}x faster, features differ by {difference:.1e}")
    if options.json:
        found = {"ratio": ratio, "difference": float(difference)}
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _seconds(run: Callable[[], Tensor]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def _no_tokenizer() -> None:
    raise AssertionError("ids are given")


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = {
            "tiny": ("--repeats", 1, "--config", small_clip_config(Path(folder))),
            "short": ("--repeats", 10),
            "full": (),
        }
        results = results_of(main, *sizes[size])
    return [Measurement(what="a typed query, as fast as one padded to the context", value=results["ratio"])]


if __name__ == "__main__":
    main()
