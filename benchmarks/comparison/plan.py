"""What the comparison runs: the methods, their rates, the claims, and the cells that it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from framecue.methods import method_named

__all__ = [
    "CLAIMS",
    "FACTORS",
    "VARIANTS",
    "Budget",
    "Cell",
    "Claim",
    "Variant",
    "main_cells",
    "search_cells",
    "variant_named",
]

NUM_FRAMES = 4
FACTORS = (1 / 3, 1.0, 3.0)
"""The rates that are searched, times those of the method's group."""

# Rates for new parameters and for the backbone's. Where all of the backbone is trained it is trained at one rate; what
# starts from nothing, and what is trained beside a frozen backbone, takes larger ones.
FROZEN, TUNED = (5e-3, 5e-3), (2e-3, 5e-4)


@dataclass(frozen=True)
class Variant:
    """A method with options, as one row of the table.

    Attributes:
        name: of the row.
        method: its name in the registry.
        rates: for new parameters, and for the backbone's.
        options: beside the number of frames.
        ablates: the row of which this is an ablation; it takes that row's rates, and none is searched.
    """

    name: str
    method: str
    rates: tuple[float, float] = TUNED
    options: dict[str, Any] = field(default_factory=dict)
    ablates: str | None = None

    @property
    def all_options(self) -> dict[str, Any]:
        """Return the options of the method's config."""
        return {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES, **self.options}


_CUBE, _WHOLE = {"num_prompts": NUM_FRAMES}, "prompt-switch"
VARIANTS: dict[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant("mean-pool", "mean-pool"),
        Variant("prompt-switch", "prompt-switch", options=_CUBE),
        Variant("prompt-switch, no captioner", "prompt-switch", options={**_CUBE, "captioner": False}, ablates=_WHOLE),
        Variant("prompt-switch, no switch", "prompt-switch", options={**_CUBE, "switch_every": 0}, ablates=_WHOLE),
        Variant("prompt-switch, cube only", "prompt-switch", options={**_CUBE, "aggregation": "none"}, ablates=_WHOLE),
        # Neither way for frames to meet: added after the first runs, which showed that each alone suffices.
        Variant(
            "prompt-switch, neither",
            "prompt-switch",
            options={**_CUBE, "switch_every": 0, "aggregation": "none"},
            ablates=_WHOLE,
        ),
        Variant("vop", "vop", FROZEN),
        Variant("vop-p", "vop-p", FROZEN),
        Variant("vop-fc", "vop-fc", FROZEN),
        Variant("lora", "lora", FROZEN),
        Variant("token-shift", "token-shift"),
        Variant("video-proxy", "video-proxy"),
        Variant("clip4clip", "clip4clip"),
        Variant("x-pool", "x-pool"),
        Variant("ts2-net", "ts2-net"),
    )
}


def variant_named(name: str) -> Variant:
    """Return the row of a name: one of `VARIANTS`, or any method with its own options.

    Raises:
        UnknownNameError: there is neither.
    """
    if name not in VARIANTS:
        method_named(name)
    return VARIANTS.get(name, Variant(name, name))


@dataclass(frozen=True)
class Claim:
    """A claim that was written down before the runs.

    Attributes:
        text: the claim.
        left: a row of the table.
        right: another; None to compare the left one with `value`.
        condition: on which test.
        expected: how left compares with right (or `value`): "more" or "the same".
        value: see `right`.
    """

    text: str
    left: str
    right: str | None
    condition: str
    expected: str
    value: float | None = None


# Written down before any of the runs. With p corrected by Holm over all of them: "more" is confirmed if the difference
# is above 0 and p below 0.05; "the same" is contradicted if p is below 0.05, and otherwise not: it is never proved.
CLAIMS = (
    Claim("The switch sees order", "prompt-switch", "prompt-switch, no switch", "twins", "more"),
    Claim("Mean pooling does not see order", "mean-pool", None, "twins", "the same", 50.0),
    Claim("Low-rank updates do not see order", "lora", None, "twins", "the same", 50.0),
    Claim("X-Pool does not see order", "x-pool", None, "twins", "the same", 50.0),
    Claim("Text-conditioned pooling finds the needle", "x-pool", "mean-pool", "needle", "more"),
    Claim("Where all frames matter, it has nothing to gain", "x-pool", "mean-pool", "order", "the same"),
    Claim("The captioner helps retrieval", "prompt-switch", "prompt-switch, no captioner", "order", "more"),
    Claim("The aggregation helps retrieval", "prompt-switch", "prompt-switch, cube only", "order", "more"),
    Claim(
        "Prompt Switch has more recall than mean pooling where order matters",
        "prompt-switch",
        "mean-pool",
        "order",
        "more",
    ),
    Claim(
        "VoP's frame- and context-specific prompts have more recall than its plain ones",
        "vop-fc",
        "vop",
        "order",
        "more",
    ),
    Claim(
        "Where order does not matter, Prompt Switch gains nothing",
        "prompt-switch",
        "mean-pool",
        "appearance",
        "the same",
    ),
    Claim(
        "With three times the frames trained with, Prompt Switch keeps its lead",
        "prompt-switch",
        "mean-pool",
        "12 frames",
        "more",
    ),
)


@dataclass(frozen=True)
class Budget:
    """What a run may spend; cells of different budgets are not compared.

    Attributes:
        steps: optimiser steps.
        batch_size: clips a step.
        test_clips: clips of each test.
    """

    steps: int
    batch_size: int
    test_clips: int


@dataclass(frozen=True)
class Cell:
    """One run: a method at a rate, from a backbone, on the clips of a seed.

    Attributes:
        variant: the row.
        factor: of the rates.
        backbone: the name of a starting point.
        seed: of the training clips and of new parameters.
        split: "val" where rates are chosen, "test" in the end.
        budget: see `Budget`.
    """

    variant: str
    factor: float
    backbone: str
    seed: int
    split: str
    budget: Budget

    @property
    def name(self) -> str:
        """Return the name of the cell's files."""
        words = self.variant.replace(", ", "-").replace(" ", "-")
        return f"{self.split}-{words}-x{self.factor:.2g}-{self.backbone}-{self.seed}"


def search_cells(names: list[str], backbone: str, budget: Budget) -> list[Cell]:
    """Return the runs by whose scores on validation clips the rates are chosen."""
    searched = [name for name in names if variant_named(name).ablates is None]
    return [Cell(name, factor, backbone, 0, "val", budget) for name in searched for factor in FACTORS]


def main_cells(factors: dict[str, float], backbones: list[str], seeds: list[int], budget: Budget) -> list[Cell]:
    """Return the runs of the table, those that complete a comparison first: all methods for each start."""
    return [
        Cell(name, factor, backbone, seed, "test", budget)
        for seed in seeds
        for backbone in backbones
        for name, factor in factors.items()
    ]
