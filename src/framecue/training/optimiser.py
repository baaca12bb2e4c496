"""The optimiser: AdamW over the groups of parameters that a method names."""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from torch import nn

from framecue.errors import TrainingError
from framecue.methods.base import ParameterGroup
from framecue.model import VideoTextModel
from framecue.training.recipe import Schedule, WeightDecayOn

__all__ = ["build_optimiser", "decays", "learning_rates"]


def build_optimiser(model: VideoTextModel, schedule: Schedule) -> torch.optim.AdamW:
    """Return AdamW over a model's trained parameters, with the rates, the decay and the numbers of a schedule.

    Each group has a `name`: "new" or "backbone", with the method's factor if there is one ("new x 0.1"). A group in
    which some parameters decay and others do not becomes two of one name.

    Decay is decoupled: a step first shrinks a parameter by its rate times the decay (Loshchilov and Hutter, arXiv
    1711.05101). The `AdamW` that older `transformers` had shrinks it after the step; BertAdam shrinks the gradient's
    step likewise, but does not correct the averages' start from zero.

    Raises:
        TrainingError: the method leaves a trained parameter out of its groups, or names one twice.
    """
    groups = model.method.parameter_groups(model.backbone)
    _check_complete(model, groups)
    return torch.optim.AdamW(
        [part for group in groups for part in _parts(group, schedule)],
        betas=(schedule.adam_beta1, schedule.adam_beta2),
        eps=schedule.adam_epsilon,
    )


def decays(name: str, parameter: nn.Parameter, *, on: WeightDecayOn) -> bool:
    """Return whether a parameter shrinks under weight decay.

    Args:
        name: its name; only `all-but-biases` looks at it.
        parameter: the tensor; only `weights` looks at its shape. A norm's scale, a bias, a class embedding and the
            logit scale have fewer than two dimensions, or one value.
        on: a recipe's `weight_decay_on`.
    """
    if on == "all-but-biases":
        return "bias" not in name
    return on == "all" or (parameter.ndim >= 2 and parameter.numel() > 1)


def learning_rates(optimiser: torch.optim.Optimizer) -> dict[str, float]:
    """Return the rate of each group by its name."""
    return {str(group["name"]): float(group["lr"]) for group in optimiser.param_groups}


def _parts(group: ParameterGroup, schedule: Schedule) -> list[dict[str, Any]]:
    rate = schedule.learning_rate if group.rate == "new" else schedule.backbone_learning_rate
    name = group.rate if group.factor == 1 else f"{group.rate} x {group.factor:g}"
    trained = [(each, parameter) for each, parameter in group.parameters if parameter.requires_grad]
    shrinks = [decays(each, parameter, on=schedule.weight_decay_on) for each, parameter in trained]
    parts = []
    for decay in (True, False):
        chosen = [parameter for (_, parameter), does in zip(trained, shrinks, strict=True) if does is decay]
        if chosen:
            weight_decay = schedule.weight_decay if decay else 0.0
            parts.append({"params": chosen, "lr": rate * group.factor, "weight_decay": weight_decay, "name": name})
    return parts


def _check_complete(model: VideoTextModel, groups: list[ParameterGroup]) -> None:
    named = Counter(id(parameter) for group in groups for _, parameter in group.parameters)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and named[id(parameter)] != 1:
            times = "in none" if not named[id(parameter)] else f"in {named[id(parameter)]}"
            raise TrainingError(
                f"method {model.method_name}: {name} is {times} of its parameter_groups; give each trained parameter "
                "one group"
            )
