"""How long a command takes to start and answer, against `import torch`: `python benchmarks/cold.py`.

Each call is a process of its own: Python starts, imports what it needs, answers, ends. What is called is in turns, so
that what else the machine does meets all alike; the files are in the system's cache, as after any earlier call.
Modules are compiled before, as pip compiles what it installs: a working tree, and a shell that tells Python to write no
bytecode, would have framecue alone compiled anew at each call.

- `search`: `framecue search TEXT` on a library of generated vectors in a folder, whose model has ViT-B/32's shape,
  random weights and a tokenizer of 49 000 byte pairs. Its text graph was made before, as a first search makes it.
- `search by torch`: the same with no graph (FRAMECUE_GRAPHS=off), as it was before there were graphs.
- `--help` of every command; the slowest counts.
- the libraries' floor: a Python that imports what a search cannot do without (NumPy, PyArrow, LanceDB, ONNX Runtime,
  tokenizers), once as they come and once as framecue's command line imports LanceDB.

Prints medians of the time on the clock and of processor time, and their ratios to those of `import torch`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice, product
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer, CLIPConfig, CLIPModel

import framecue
from clip_vectors import World
from framecue.backbone import Preprocess
from framecue.cli.main import COMMANDS
from framecue.exported.cache import CACHE_VARIABLE, GRAPHS_VARIABLE, read_graphs
from framecue.exported.export_text import keep_text_graph
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.rows import Row
from measure import Measurement, Size, results_of, small_clip_config

GOAL_SEARCH, GOAL_HELP, MAX_SCORE_DIFFERENCE = 0.6, 0.15, 1e-4
SEGMENTS_PER_VIDEO, SEGMENT_SECONDS = 20, 5.0
QUERY = "a dog catches a frisbee on the beach"
NUM_MERGES = 48_894
START, END = "<|startoftext|>", "<|endoftext|>"
TORCH, SEARCH, BY_TORCH, FLOOR, LEAN_FLOOR = (
    *(
        "import torch",
        "search",
        "search by torch",
        "the libraries as they come",
        "the libraries as framecue imports them",
    ),
)
LIBRARIES = "import numpy, pyarrow, lancedb, onnxruntime, tokenizers"
LEAN = "from framecue.library.store.lean import import_lean; import_lean(); "


@dataclass(frozen=True)
class Called:
    """Medians over the rounds: seconds on the clock, and of the processor, for all threads of the process."""

    seconds: float
    processor_seconds: float


@dataclass(frozen=True)
class Results:
    """What was measured; ``score_difference`` is the largest between the hits of both searches, which are the same."""

    num_segments: int
    calls: dict[str, Called]
    score_difference: float
    graph_difference: float

    def ratio(self, name: str) -> float:
        """How long a call takes in terms of `import torch`."""
        return self.calls[name].seconds / self.calls[TORCH].seconds

    def processor_ratio(self, name: str) -> float:
        """The same of processor time."""
        return self.calls[name].processor_seconds / self.calls[TORCH].processor_seconds

    @property
    def slowest_help(self) -> str:
        """The call of the slowest `--help`."""
        helps = [name for name in self.calls if name.endswith("--help")]
        return max(helps, key=lambda name: self.calls[name].seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=10_000, help="segments in the library")
    parser.add_argument("--rounds", type=int, default=9, help="how often each is called; one more is for warming up")
    parser.add_argument(
        "--help-of", nargs="*", choices=[*COMMANDS], help="commands whose --help is called (default: all)"
    )
    parser.add_argument("--config", type=Path, help="a JSON file of another CLIPConfig (default: ViT-B/32's shape)")
    parser.add_argument("--fast", action="store_true", help="leave out the search by torch, and warming up")
    parser.add_argument("--importtime", action="store_true", help="also print what a search imports, slowest first")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    helps = list(COMMANDS) if options.help_of is None else options.help_of
    with tempfile.TemporaryDirectory() as folder, own_cache(Path(folder) / "cache"):
        uri, model, graph_difference = make(Path(folder), options.number, options.config)
        search = ["-m", "framecue", "search", QUERY, "--library", uri]
        difference = compare(search, uri, model)
        calls: dict[str, tuple[list[str], dict[str, str]]] = {
            TORCH: (["-c", "import torch"], {}),
            SEARCH: (search, {}),
            **({} if options.fast else {BY_TORCH: (search, {GRAPHS_VARIABLE: "off"})}),
            FLOOR: (["-c", LIBRARIES], {}),
            LEAN_FLOOR: (["-c", LEAN + LIBRARIES], {}),
            **{f"{name} --help": (["-m", "framecue", name, "--help"], {}) for name in helps},
        }
        results = Results(
            options.number, times_of(calls, options.rounds, warms_up=not options.fast), difference, graph_difference
        )
        if options.importtime:
            print(imports_of(search))
    report(results)
    if options.json:
        options.json.write_text(json.dumps(asdict(results)), encoding="utf-8")


def make(folder: Path, number: int, config_file: Path | None) -> tuple[str, framecue.VideoTextModel, float]:
    """Write a model, its text graph and a library of generated vectors; the library, the model, how far it was off."""
    values = {} if config_file is None else json.loads(config_file.read_text(encoding="utf-8"))
    config = CLIPConfig(**{"projection_dim": 512, **values})  # the other defaults are ViT-B/32's
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(folder / "model")
    Preprocess.clip(config.vision_config.image_size).save(folder / "model")
    write_tokenizer(folder / "model", NUM_MERGES)
    model = framecue.load_model(folder / "model", device="cpu")
    if not keep_text_graph(model):
        sys.exit("the text graph could not be made; is the extra onnx installed?")
    fingerprint = model.fingerprint().with_absolute_places()
    store = Store.create(str(folder / "library.lance"), fingerprint.to_dict())
    vectors = World(model.embedding_dim, "clip").pictures(-(-number // SEGMENTS_PER_VIDEO), SEGMENTS_PER_VIDEO)
    store.write([row(*divmod(index, SEGMENTS_PER_VIDEO), vectors[index]) for index in range(number)])
    (graph,) = read_graphs(fingerprint).values()
    return store.uri, model, graph["max_difference"]


def row(video: int, segment: int, vector: np.ndarray) -> Row:
    return Row(
        video_id=f"{video:040x}",
        path=f"/videos/{video:08}.mp4",
        start_seconds=segment * SEGMENT_SECONDS,
        end_seconds=(segment + 1) * SEGMENT_SECONDS,
        vector=vector,
        duration_seconds=SEGMENTS_PER_VIDEO * SEGMENT_SECONDS,
        state=FileState(10_000_000, 1.7e9),
    )


def write_tokenizer(folder: Path, num_merges: int) -> None:
    """Write byte pairs of CLIP's kind and number: letters, and all that is put together of two, three and four."""
    letters = string.ascii_lowercase
    ends = [f"{letter}</w>" for letter in letters]
    pairs = [first + second for first, second in product(letters, repeat=2)]
    merges = [
        *product(letters, letters),
        *product(letters, ends),
        *product(pairs, letters),
        *product(pairs, ends),
        *islice(product(pairs, pairs), num_merges - 2 * 26**2 - 2 * 26**3),
    ]
    tokens = dict.fromkeys([*letters, *ends, *map("".join, merges), START, END])
    config = {
        **{"tokenizer_class": "CLIPTokenizer", "model_max_length": 77},
        **{"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END},
    }
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: index for index, token in enumerate(tokens)}
    vocabulary[START], vocabulary[END] = 49_406, 49_407
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    lines = ["#version: 0.2", *map(" ".join, merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    AutoTokenizer.from_pretrained(folder).save_pretrained(folder)


def compare(search: Sequence[str], uri: str, model: framecue.VideoTextModel) -> float:
    """The largest difference of two scores, after seeing that the model itself finds the same in the same order."""
    found = json.loads(run([*search, "--json"], {}))["results"]
    hits = framecue.Library(uri, model=model).search(QUERY)
    if [(hit["path"], hit["start_seconds"]) for hit in found] != [(hit.path, hit.start_seconds) for hit in hits]:
        sys.exit("the graph's hits are not the model's")
    return max(abs(ours["score"] - theirs.score) for ours, theirs in zip(found, hits, strict=True))


@contextmanager
def own_cache(folder: Path) -> Iterator[None]:
    """Keep graphs, and the bytecode of the processes that are started, in a folder while the block runs."""
    own = {CACHE_VARIABLE: str(folder), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    before = {name: os.environ.pop(name, None) for name in (*own, GRAPHS_VARIABLE, "PYTHONDONTWRITEBYTECODE")}
    os.environ.update(own)
    try:
        yield
    finally:
        for name in own:
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if value is not None})


def run(arguments: Sequence[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed: {done.stderr}")
    return done.stdout


def times_of(
    calls: dict[str, tuple[list[str], dict[str, str]]], num_rounds: int, *, warms_up: bool
) -> dict[str, Called]:
    """Run each in turn; a first round more is for warming up."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for round_number in range(num_rounds + warms_up):
        for name, (arguments, environment) in calls.items():
            begin, processor_begin = time.perf_counter(), children_seconds()
            run(arguments, environment)
            if round_number >= warms_up:
                times[name].append((time.perf_counter() - begin, children_seconds() - processor_begin))
    return {name: Called(*map(statistics.median, zip(*found, strict=True))) for name, found in times.items()}


def children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def imports_of(search: Sequence[str]) -> str:
    """What a search imports, by the time that each module takes with all that it imports."""
    done = subprocess.run([sys.executable, "-X", "importtime", *search], capture_output=True, text=True, check=True)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:") and "|" in line]
    return "\n".join(sorted(lines[1:], key=lambda line: -int(line.split("|")[1]))[:60])


def report(results: Results) -> None:
    print(f"{results.num_segments} segments; scores differ by {results.score_difference:.1e} at most")
    print("| call | ms | ms of processor time | of `import torch` | of its processor time |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, called in results.calls.items():
        print(
            f"| {name} | {1000 * called.seconds:.0f} | {1000 * called.processor_seconds:.0f} "
            f"| {results.ratio(name):.2f} | {results.processor_ratio(name):.2f} |"
        )


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = {
            "tiny": (
                *("--number", 40, "--rounds", 1, "--fast", "--help-of", "search"),
                "--config",
                small_clip_config(Path(folder)),
            ),
            "short": ("--rounds", 3, "--help-of", "search", "index", "train"),
            "full": (),
        }
        found = results_of(main, *sizes[size])
    results = Results(**{**found, "calls": {name: Called(**called) for name, called in found["calls"].items()}})
    slowest = results.slowest_help
    by_torch = [
        Measurement(what="the same without a graph, of `import torch`", value=results.ratio(name))
        for name in (BY_TORCH,)
        if name in results.calls
    ]
    return [
        Measurement(
            what=f"a cold search, {results.num_segments} segments, of `import torch`",
            value=results.ratio(SEARCH),
            goal=GOAL_SEARCH,
            sense="at most",
        ),
        *by_torch,
        Measurement(what="its libraries alone, as framecue imports them", value=results.ratio(LEAN_FLOOR)),
        Measurement(what="its libraries alone, as they come", value=results.ratio(FLOOR)),
        Measurement(
            what=f"{slowest}, of `import torch`", value=results.ratio(slowest), goal=GOAL_HELP, sense="at most"
        ),
        Measurement(
            what="difference of scores with and without a graph",
            value=results.score_difference,
            unit="",
            goal=MAX_SCORE_DIFFERENCE,
            sense="at most",
        ),
    ]


if __name__ == "__main__":
    main()
