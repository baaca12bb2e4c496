"""Make the files of this folder with OpenCLIP: `pip install open_clip_torch`, then `python make.py`.

`open_clip` builds the model from its own configuration; only the sizes that `timm` would look up are made small.
"""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

HERE = Path(__file__).parent
SIZES = {"embed_dim": 16, "depth": 2, "num_heads": 2, "img_size": 32, "patch_size": 8, "ref_feat_shape": (4, 4)}
TEXT = {"context_length": 9, "vocab_size": 40, "width": 16, "heads": 2, "layers": 2}
EMBEDDING_DIM = 12
RELEASED = ("PE-Core-B-16", "PE-Core-L-14-336", "PE-Core-bigG-14-448")


def config_of(*, class_token: bool) -> dict[str, Any]:
    """What `open_clip_config.json` of the small model holds, but for the sizes that timm knows by the name."""
    name = "vit_pe_core_base_patch16_224" if class_token else "vit_pe_core_gigantic_patch14_448"
    vision = {"image_size": 32, "timm_model_name": name, "timm_model_pretrained": False, "timm_pool": "map"}
    model = {"embed_dim": EMBEDDING_DIM, "vision_cfg": {**vision, "timm_proj": None}, "text_cfg": TEXT}
    steps = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear", "resize_mode": "squash"}
    return {"model_cfg": {**model, "custom_text": True}, "preprocess_cfg": steps}


def build(*, class_token: bool, seed: int) -> nn.Module:
    """OpenCLIP's model of small sizes, every parameter random."""
    import timm
    from open_clip import CustomTextCLIP

    model_cfg = {**config_of(class_token=class_token)["model_cfg"]}
    del model_cfg["custom_text"]
    # G's MLP is of another width than B's and L's.
    sizes = {**SIZES, "mlp_ratio": 4.0 if class_token else 1.75}
    create = timm.create_model
    timm.create_model = partial(create, **sizes)
    try:
        model: nn.Module = CustomTextCLIP(**model_cfg)
    finally:
        timm.create_model = create
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if name == "logit_scale":
                continue
            if parameter.ndim >= 2 and "pos" not in name and "token" not in name:
                noise = noise * (2.0 / parameter[0].numel()) ** 0.5
            elif "norm" in name or "ln_" in name:
                noise = 0.2 * noise + name.endswith("weight")
            parameter.copy_(noise if parameter.ndim >= 2 or "norm" in name or "ln_" in name else 0.2 * noise)
    return model.eval()


def inputs(seed: int) -> dict[str, torch.Tensor]:
    """Images, and texts that end with the largest token (39) at different lengths, padded with 0 as OpenCLIP does."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(3, 3, 32, 32, generator=generator)
    texts = torch.randint(1, 37, (3, 9), generator=generator)
    for row, length in enumerate((9, 4, 6)):
        texts[row, 0], texts[row, length - 1], texts[row, length:] = 38, 39, 0
    return {"images": images, "texts": texts}


@torch.no_grad()
def outputs(model: nn.Module, given: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """OpenCLIP's features in float64, not normalised."""
    model = model.double()
    return {
        "image_features": model.encode_image(given["images"].double()),
        "text_features": model.encode_text(given["texts"]),
    }


def shapes_of(name: str) -> dict[str, Any]:
    """A released configuration of OpenCLIP, and the names and shapes of its tensors; `*` stands for each layer."""
    import open_clip

    config = open_clip.get_model_config(name)
    told = {key: value for key, value in config.items() if key != "custom_text"}
    with torch.device("meta"):
        tensors = open_clip.CustomTextCLIP(**told).state_dict()
    shapes: dict[str, list[int]] = {}
    for key, tensor in tensors.items():
        short = re.sub(r"(blocks\.)\d+(\.)", r"\1*\2", key)
        assert shapes.setdefault(short, list(tensor.shape)) == list(tensor.shape)
    layers = {
        part: 1 + max(int(found[1]) for key in tensors if (found := re.match(rf"{part}.*blocks\.(\d+)\.", key)))
        for part in ("visual", "text")
    }
    return {"model_cfg": config, "layers": layers, "tensors": shapes}


def main() -> None:
    """Write the files."""
    from safetensors.torch import save_file

    for name, class_token in (("class_token", True), ("no_class_token", False)):
        model, given = build(class_token=class_token, seed=1), inputs(seed=2)
        weights = {f"model.{key}": value.float().contiguous() for key, value in model.state_dict().items()}
        save_file({**weights, **given, **outputs(model, given)}, str(HERE / f"{name}.safetensors"))
    released = {name: shapes_of(name) for name in RELEASED}
    (HERE / "released_shapes.json").write_text(json.dumps(released, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
