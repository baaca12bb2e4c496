"""LoRA (Hu et al., ICLR 2022, arXiv 2106.09685) with the `peft` library: low-rank updates of both towers' linear maps.

A linear map `W` becomes `W + (alpha / rank) B A`, where A is (rank, in) and B is (out, rank) (section 4.1). B starts at
zero, so training starts from plain CLIP. By default queries and values are adapted with rank 8 and alpha 8, as in the
paper for RoBERTa (Table 9). On a ViT-B/32 that is 491 520 parameters. Only A and B are trained; mean pooling.

The maps are replaced by ones that contain A and B, so the new parameters are in the backbone: an adapter folder holds
them under `backbone.`, and a backbone can have one LoRA at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods.base import Method, MethodConfig
from framecue.validation import AtLeastOne, PositiveNumber

__all__ = ["Lora", "LoraConfig", "LowRankMethod"]

_TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")


@dataclass(frozen=True, kw_only=True)
class LoraConfig(MethodConfig):
    """Options of LoRA.

    Attributes:
        rank: of the updates.
        alpha: the updates are multiplied by alpha / rank.
        targets: which linear maps of each layer, separated by spaces: in the attention `q_proj`, `k_proj`, `v_proj` and
            `out_proj`, in the feed-forward network `fc1` and `fc2`.
    """

    rank: AtLeastOne = 8
    alpha: PositiveNumber = 8.0
    targets: str = "q_proj v_proj"

    def __post_init__(self) -> None:
        super().__post_init__()
        unknown = [name for name in self.targets.split() if name not in _TARGETS]
        if unknown or not self.targets.split():
            raise InputError(f"targets must be some of {' '.join(_TARGETS)}, got {self.targets!r}")


class LowRankMethod(Method):
    """Puts low-rank updates into the backbone when it is made; `remove` takes them out again.

    Args:
        config: the method's options.
        backbone: gets the updates.
        name: the method's name in the registry, for messages.
        rank: of the updates.
        alpha: they are multiplied by alpha / rank.
        targets: the names of the linear maps that get one, in each layer of both towers.

    Raises:
        InputError: the backbone already has a LoRA, its layers lack a target, or `peft` is not installed.
    """

    def __init__(
        self, config: MethodConfig, backbone: Backbone, *, name: str, rank: int, alpha: float, targets: list[str]
    ) -> None:
        super().__init__(config, backbone)
        try:
            # Imported here, since it takes seconds and no other method needs it.
            import peft
            from peft.tuners.tuners_utils import BaseTunerLayer
        except ImportError as error:
            raise InputError(f"method {name} needs the peft library ({error}); pip install peft") from error
        if any(isinstance(module, BaseTunerLayer) for module in backbone.model.modules()):
            raise InputError(f"{backbone.name}: this backbone wears LoRA already; load it anew, or remove() the other")
        names = _names_of_targets(backbone, targets)
        options = peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=names)  # type: ignore[arg-type]
        peft.inject_adapter_in_model(options, backbone.model)
        # In a tuple they are not submodules: they belong to the backbone, which saves and moves them.
        self._worn: tuple[tuple[str, Any], ...] = tuple((name, backbone.model.get_submodule(name)) for name in names)
        for _, parameter in self.updates():
            parameter.data = parameter.data.to(backbone.logit_scale.dtype)  # peft makes them in float32

    def updates(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield A and B of every target, with their names in the backbone's model."""
        for name, layer in self._worn:
            for child, parameter in layer.named_parameters():
                if child.startswith("lora_"):
                    yield f"{name}.{child}", parameter

    def freeze(self, backbone: Backbone) -> None:
        """Train what is new; the rest of the backbone is frozen, including the logit scale."""
        backbone.requires_grad_(False)
        for _, parameter in self.new_parameters():
            parameter.requires_grad_(True)

    def new_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Yield A and B of every target, and the parameters that the method has itself."""
        yield from self.updates()
        yield from self.named_parameters()

    def remove(self, backbone: Backbone) -> None:
        """Remove the updates: the backbone gets its own linear maps back, and this method can no longer be used."""
        for name, layer in self._worn:
            parent, _, child = name.rpartition(".")
            setattr(backbone.model.get_submodule(parent), child, layer.get_base_layer())
        self._worn = ()
        del backbone.model.peft_config  # peft's mark on a model; a second LoRA would be warned of the first


class Lora(LowRankMethod):
    """Mean pooling with low-rank updates in the backbone; see `LowRankMethod`."""

    Config = LoraConfig
    masks_frames = True
    frames_alone = True
    paper = "LoRA (ICLR 2022, arXiv 2106.09685)"

    def __init__(self, config: LoraConfig, backbone: Backbone) -> None:
        super().__init__(
            config, backbone, name="lora", rank=config.rank, alpha=config.alpha, targets=config.targets.split()
        )


def _names_of_targets(backbone: Backbone, targets: list[str]) -> list[str]:
    """Return the names, in the backbone's model, of the target linear maps in each layer of both towers."""
    named = {id(module): name for name, module in backbone.model.named_modules()}
    names = []
    for tower in (backbone.vision, backbone.text):
        for layer in tower.layers:
            linear = {name.rpartition(".")[2]: m for name, m in layer.named_modules() if isinstance(m, nn.Linear)}
            missing = [target for target in targets if target not in linear]
            if missing:
                raise InputError(
                    f"{backbone.name}: its layers have no {', '.join(missing)} for LoRA; they have: "
                    f"{', '.join(sorted(linear))}"
                )
            names += [named[id(linear[target])] for target in targets]
    return names
