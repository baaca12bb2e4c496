"""The comparison of methods from neutral starts: `python benchmarks/methods.py --resume`.

1. Starting points: CLIPs that are trained on stills alone, from random weights, by one recipe (`moji-neutral`) with
   several seeds. No method had a part in them.
2. The rates of each method are chosen among three, on validation clips, from the first start.
3. Each method is trained from each start with each seed, and tested: where order matters, on twins, where one scene of
   four is meant, where only appearance counts, and with more frames than it was trained with.

Cells that are done are kept in --output-dir (the ranks of every query, as npz), so the command goes on where it was
stopped. It ends with the tables; --write FILE puts them between the lines `<!-- methods -->` and `<!-- /methods -->`.
What the methods cost (a training step, a video, a query) is measured by `benchmarks/method_costs.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).parent))

from comparison.plan import FACTORS, VARIANTS, Budget, Cell, main_cells, search_cells, variant_named
from comparison.report import claims_table, collect, main_table, scores_of
from comparison.running import run_cells
from framecue.counts import counted
from framecue.training.recipe import read_recipe
from framecue.training.run import run_recipe
from measure import Measurement, Size, printed_by, write_between


def main() -> None:
    """Run what is asked for, and print the tables of what is done."""
    arguments = parse()
    cells, work = arguments.output_dir / "cells", arguments.work_dir
    if arguments.report:
        arguments.resume, arguments.minutes = True, 0.0
    if not arguments.resume and cells.is_dir() and any(cells.iterdir()):
        raise SystemExit(f"{cells} holds cells; go on with --resume, or give another --output-dir")
    cells.mkdir(parents=True, exist_ok=True)
    deadline = None if arguments.minutes is None else time.time() + 60 * arguments.minutes
    starts = dict(each.split("=", 1) for each in arguments.start)
    if not starts:
        make = (lambda seed, arguments: "") if arguments.report else make_start
        starts = {f"neutral-{seed}": make(seed, arguments) for seed in range(arguments.num_starts)}
    running = {"jobs": min(arguments.jobs, os.cpu_count() or 1), "num_workers": arguments.workers, "deadline": deadline}
    search = Budget(arguments.search_steps, arguments.batch_size, arguments.search_clips)
    first = next(iter(starts))
    left = []
    if arguments.factor is None:
        searched = search_cells(arguments.variants, first, search)
        left = run_cells(searched, starts, cells, work, **running)
        found = {
            name: chosen(name, searched, cells)
            for name in {cell.variant: None for cell in searched}
            if not lacks(name, left)
        }
        named = {name: found.get(variant_named(name).ablates or name) for name in arguments.variants}
        factors = {name: factor for name, factor in named.items() if factor is not None}
    else:
        factors = dict.fromkeys(arguments.variants, arguments.factor)
    budget = Budget(arguments.steps, arguments.batch_size, arguments.test_clips)
    table = main_cells(factors, list(starts), arguments.seeds, budget)
    left += run_cells(table, starts, cells, work, **running)
    if left:
        print(f"{len(left)} cells are not run yet; --resume goes on\n")
    report([cell for cell in table if cell not in left], arguments)


def parse() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), metavar="NAME", help="rows, or any methods")
    parser.add_argument("--start", nargs="+", default=[], metavar="NAME=BACKBONE", help="instead of neutral ones")
    parser.add_argument("--num-starts", type=int, default=3, help="neutral starts; each is made once")
    parser.add_argument("--start-steps", type=int, help="shorten the making of the starts")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1], help="of the training clips")
    parser.add_argument("--factor", type=float, help="of the rates, instead of a search")
    parser.add_argument("--steps", type=int, default=400, help="of each run of the table")
    parser.add_argument("--search-steps", type=int, default=200, help="of each run of the search")
    parser.add_argument("--batch-size", type=int, default=96)
    parser.add_argument("--test-clips", type=int, default=1024, help="of each test; a multiple of 4")
    parser.add_argument("--search-clips", type=int, default=512, help="validation clips of the search")
    parser.add_argument("--jobs", type=int, default=1, help="cells at once")
    parser.add_argument("--workers", type=int, default=0, help="processes that draw clips, for each cell")
    parser.add_argument("--minutes", type=float, help="begin no cell after so many minutes")
    parser.add_argument("--resume", action="store_true", help="go on with the cells in --output-dir")
    parser.add_argument("--report", action="store_true", help="print the tables of the cells that are there; run none")
    parser.add_argument("--output-dir", type=Path, default=Path("runs/methods"))
    parser.add_argument("--work-dir", type=Path, default=Path("runs/methods/work"))
    parser.add_argument("--write", type=Path, metavar="FILE")
    return parser.parse_args()


def make_start(seed: int, arguments: argparse.Namespace) -> str:
    """Return the folder of a neutral start: the recipe `moji-neutral` with another seed; made if it is not there."""
    folder = arguments.output_dir / f"neutral-{seed}"
    if not (folder / "backbone" / "config.json").exists():
        print(f"neutral-{seed} ...", flush=True)
        # Each seed draws other stills and other first weights; 0 is the recipe's own.
        changed = [f"output_dir={folder}", f"dataset.seed={seed}", f"schedule.seed={seed}"]
        changed.append(f"schedule.num_workers={arguments.workers}")
        if arguments.start_steps is not None:
            changed += [f"schedule.max_steps={arguments.start_steps}", f"schedule.eval_steps={arguments.start_steps}"]
        run_recipe(read_recipe("moji-neutral", tuple(changed)))
    return str(folder / "backbone")


def lacks(name: str, left: list[Cell]) -> bool:
    """Whether a row's rates cannot be chosen yet."""
    return any(cell.variant == name for cell in left)


def chosen(name: str, searched: list[Cell], folder: Path) -> float:
    """Return the factor with the best R@1 on validation clips; of equal ones the smallest."""
    scores = {cell.factor: scores_of(cell, folder)["order/t2v"] for cell in searched if cell.variant == name}
    return max(FACTORS, key=lambda factor: scores[factor])


def report(done: list[Cell], arguments: argparse.Namespace) -> None:
    """Print the tables, of the starts and seeds that every row has; a row that has none is left out."""
    rows = [name for name in arguments.variants if any(cell.variant == name for cell in done)]
    pairs = {(cell.backbone, cell.seed): None for cell in done}
    shared = [
        pair for pair in pairs if {cell.variant for cell in done if (cell.backbone, cell.seed) == pair} >= set(rows)
    ]
    if "mean-pool" not in rows or not shared:
        return
    cells = [cell for cell in done if (cell.backbone, cell.seed) in shared]
    results = collect(cells, arguments.output_dir / "cells")
    clips_alone = ", so the intervals hold the clips alone" if results.num_runs == 1 else ""
    told = f"{counted(results.num_runs, 'run')} a row{clips_alone}"
    text = f"{told}.\n\n{main_table(results)}\n{claims_table(results)}"
    (arguments.output_dir / "table.md").write_text(text, encoding="utf-8")
    if arguments.write is not None:
        write_between(arguments.write, "methods", text)
    print(text)


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`; the whole comparison takes hours, and goes on with the cells that are done."""
    if size == "full":
        return _differences(Path("runs/methods"), "--resume")
    few = ("--variants", "mean-pool", "prompt-switch", "--start", "moji-clip=moji-clip", "--seeds", 0, "--factor", 1)
    steps = {"tiny": ("--steps", 1, "--batch-size", 4, "--test-clips", 4), "short": ("--steps", 20, "--test-clips", 64)}
    with tempfile.TemporaryDirectory() as folder:
        places = ("--output-dir", Path(folder) / "runs", "--work-dir", Path(folder) / "work")
        return _differences(Path(folder) / "runs", *few, *steps[size], *places)


def _differences(folder: Path, *arguments: object) -> list[Measurement]:
    """Run the comparison; give what Prompt Switch has more than mean pooling, mean over the runs, in points."""
    printed_by(main, *arguments)
    scores: dict[str, dict[str, list[float]]] = {}
    for file in sorted((folder / "cells").glob("test-*.json")):
        cell = json.loads(file.read_text(encoding="utf-8"))
        for test, score in cell["scores"].items():
            scores.setdefault(cell["variant"], {}).setdefault(test, []).append(score)
    left, right = scores["prompt-switch"], scores["mean-pool"]
    return [
        Measurement(
            what=f"prompt-switch less mean-pool, {test}", value=mean(left[test]) - mean(right[test]), unit=" points"
        )
        for test in ("order/t2v", "twins")
    ]


if __name__ == "__main__":
    main()
