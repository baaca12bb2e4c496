"""The tables and verdicts, from the cells that are done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from comparison.cell import stored
from comparison.conditions import CONDITIONS, GROUP
from comparison.plan import CLAIMS, Cell, Claim
from comparison.statistics import Estimate, Outcomes, difference, mean
from framecue.evaluation.compare import holm

__all__ = ["TESTS", "Results", "claims_table", "collect", "main_table", "scores_of"]

TESTS = ("order", "twins", "needle", "appearance", "8 frames", "12 frames")
"""The columns: text-to-video R@1 of each condition, and the twins."""
LEAST_P = 0.05


@dataclass(frozen=True)
class Results:
    """What the cells hold.

    Attributes:
        outcomes: by row and test.
        factors: the rates of each row, times its group's.
        num_runs: of each row.
    """

    outcomes: dict[str, dict[str, Outcomes]]
    factors: dict[str, float]
    num_runs: int


def collect(cells: Sequence[Cell], folder: Path) -> Results:
    """Return the outcomes of cells that are all done; each row has the same starts and seeds, in the same order."""
    rows: dict[str, list[Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.variant, []).append(cell)
    outcomes = {}
    for name, of_row in rows.items():
        arrays = [stored(cell, folder) for cell in of_row]
        outcomes[name] = {
            test: Outcomes.of(np.stack([_hits(each, test) for each in arrays]), group=GROUP) for test in TESTS
        }
    sizes = {len(of_row) for of_row in rows.values()}
    assert len(sizes) == 1, "each row has a run for each start and seed"
    return Results(outcomes, {name: of_row[0].factor for name, of_row in rows.items()}, sizes.pop())


def _hits(arrays: dict[str, np.ndarray], test: str) -> np.ndarray:
    """Return what came of each clip, (N,): whether its caption found it, or the mean of its two twin decisions."""
    if test == "twins":
        return arrays["twins"].mean(axis=1)  # NaN where there is no twin
    return (arrays[f"{test}/t2v"] == 1).astype(np.float64)


def main_table(results: Results) -> str:
    """Return the table: each row's scores with intervals, and its paired difference to mean pooling."""
    heads = ["", "rates", *(_head(test) for test in TESTS), "order, against `mean-pool`", "p (Holm)"]
    others = [name for name in results.outcomes if name != "mean-pool"]
    differences = {
        name: difference(results.outcomes[name]["order"], results.outcomes["mean-pool"]["order"]) for name in others
    }
    corrected = dict(zip(others, holm([differences[name].p for name in others]), strict=True))
    lines = [_line(heads), _line(["---"] * len(heads))]
    for name, tests in results.outcomes.items():
        cells = [f"`{name.split(',')[0]}`" + name[len(name.split(",")[0]) :], f"x {results.factors[name]:.2g}"]
        cells += [_shown(mean(tests[test])) for test in TESTS]
        cells += [_signed(differences[name]), _p(corrected[name])] if name in differences else ["", ""]
        lines.append(_line(cells))
    return "\n".join(lines) + "\n"


def claims_table(results: Results, claims: Sequence[Claim] = CLAIMS) -> str:
    """Return each claim with its difference and its verdict; a claim about a row that was not run is left out."""
    told = [claim for claim in claims if {claim.left, claim.right or claim.left} <= results.outcomes.keys()]
    estimates = [_estimate(results, claim) for claim in told]
    corrected = holm([estimate.p for estimate in estimates])
    lines = [_line(["claim, written down before the runs", "compared", "test", "difference", "p (Holm)", "verdict"])]
    lines.append(_line(["---"] * 6))
    for claim, estimate, p in zip(told, estimates, corrected, strict=True):
        compared = f"{claim.left} - {claim.right if claim.right is not None else f'{claim.value:g}'}"
        lines.append(
            _line([claim.text, compared, claim.condition, _signed(estimate), _p(p), verdict(claim, estimate, p)])
        )
    return "\n".join(lines) + "\n"


def verdict(claim: Claim, estimate: Estimate, p: float) -> str:
    """Return what the runs say of a claim."""
    differs = p < LEAST_P
    if claim.expected == "more":
        return "confirmed" if differs and estimate.value > 0 else "contradicted" if differs else "not confirmed"
    return "contradicted" if differs else "not contradicted"


def _estimate(results: Results, claim: Claim) -> Estimate:
    left = results.outcomes[claim.left][claim.condition]
    if claim.right is not None:
        return difference(left, results.outcomes[claim.right][claim.condition])
    value = claim.value or 0.0
    found = mean(left, against=value)
    return Estimate(found.value - value, found.low - value, found.high - value, found.p)


def scores_of(cell: Cell, folder: Path) -> dict[str, float]:
    """Return the scores that a cell's document has."""
    return json.loads((folder / f"{cell.name}.json").read_text(encoding="utf-8"))["scores"]


def _head(test: str) -> str:
    return test if test == "twins" else f"{test}: R@1" if test in CONDITIONS else test


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shown(estimate: Estimate) -> str:
    return f"{estimate.value:.1f} [{estimate.low:.1f}, {estimate.high:.1f}]"


def _signed(estimate: Estimate) -> str:
    return f"{estimate.value:+.1f} [{estimate.low:+.1f}, {estimate.high:+.1f}]"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
