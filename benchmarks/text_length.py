"""Text at its real length against the same text padded to the context: `python benchmarks/text_length.py`.

A typed query has about ten tokens; CLIP's context is 77. Attention is causal and the feature is read at end-of-text, so
the padding changes nothing. Prints the ratio of the times on a text tower of ViT-B/32's shape, random weights, and the
largest difference between the two features.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from transformers import CLIPConfig, CLIPModel

from framecue.backbone import Backbone, Preprocess
from framecue.methods import build_method

QUERY = (320, 1929, 44715, 320, 17395)  # "a dog catches a frisbee", as OpenAI's vocabulary has it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30)
    repeats = parser.parse_args().repeats
    torch.manual_seed(0)
    config = CLIPConfig()
    model = CLIPModel(config).eval()
    preprocess = Preprocess.clip(224)
    backbone = Backbone(model, name="ViT-B/32", revision="random", preprocess=preprocess, tokenizer=_no_tokenizer)
    method = build_method("mean-pool", {}, backbone)
    start, end = config.text_config.bos_token_id, config.text_config.eos_token_id
    real = torch.tensor([[start, *QUERY, end]])
    padded = torch.nn.functional.pad(real, (0, backbone.text.context_length - real.shape[1]), value=end)

    with torch.inference_mode():
        # In turns, so that what else the machine does falls on both alike.
        times: dict[str, list[float]] = {"real": [], "padded": []}
        for _ in range(repeats):
            for name, ids in (("real", real), ("padded", padded)):
                times[name].append(_seconds(lambda ids=ids: method.encode_text(backbone, ids)))
        difference = (method.encode_text(backbone, real) - method.encode_text(backbone, padded)).abs().max()
    ratio = statistics.median(times["padded"]) / statistics.median(times["real"])
    print(f"{real.shape[1]} tokens against {padded.shape[1]}: {ratio:.1f}x faster, features differ by {difference:.1e}")


def _seconds(run: Callable[[], Tensor]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def _no_tokenizer() -> None:
    raise AssertionError("ids are given")


if __name__ == "__main__":
    main()
