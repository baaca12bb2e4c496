"""What teaching a library names is worth, and what it costs: `python benchmarks/teach.py`.

A library of MojiMotion clips has 14 actors and 3 motions that no training saw (`taught_world.py`). Each is taught from
1, 3, 5 and 10 clips, with several draws of these, in three libraries: with what is seen alone; with the captions that
the model itself makes (`index --captions`), which have other words for what it does not know; and with what is said in
the examples (a subtitle that has the name). Then it is searched for, among all clips but the examples:

- composed captions ("the Zorro moves left after a dog spins"), each of which is right for one clip: recall at 1;
- the bare name: average precision over all clips with it;
- two taught names in one caption.

Compared are the words alone (a name nobody taught), the coarse word in the name's place ("cat"), the mean of the
examples' vectors, and both fused, on the scales and with the shares of a library's search; and, of what is taught, the
text alone, without the examples' second leg. Intervals are bootstrapped over names, each with its captions and draws.
The taught ones go through `Library.teach` and `Library.search`.

Besides: what teaching takes with a text tower of ViT-B/32's shape, and whether queries without a name give the same
hits, bit for bit, before and after.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import CLIPConfig, CLIPModel

from cold import NUM_MERGES, write_tokenizer
from framecue import Library, VideoTextModel, load_model
from framecue.backbone import Preprocess
from framecue.evaluation.bootstrap import Direction, draws, intervals, percentiles
from framecue.library.search.usual import Usual
from framecue.library.search.weights import WEIGHTS
from framecue.names.taught import Lesson
from measure import Measurement, Size, results_of, small_clip_config
from taught_world import NEW_ACTORS, NewName, World, WorldClip, WorldSize, draw_world, write_words

SEED, NUM_RESAMPLES = 16, 2000
DEPTH = 10  # how far down a rank is looked at
GOAL_COMPOSED, GOAL_UNTAUGHT, GOAL_TWO, GOAL_SECONDS = 75.0, 15.0, 60.0, 20.0
TAUGHT, TEXT, UNTAUGHT, COARSE, MEAN, FUSED = "taught", "taught, text", "untaught", "coarse", "mean", "coarse + mean"
SEEN, CAPTIONS, WORDS = "seen alone", "its own captions", "said in examples"
TOLD = (SEEN, CAPTIONS, WORDS)
KINDS = ("actors", "motions", "two")


@dataclass
class Tally:
    """What was found: of each query its rank (or average precision), and the number of its name."""

    owners: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, owner: int, value: float) -> None:
        """Note a query's value."""
        self.owners.append(owner)
        self.values.append(value)


Tallies = dict[tuple[str, str, str], Tally]
"""By who asks (`TAUGHT`, ...), what is asked for ("composed" or "bare"), and of which kind."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where clips and library are kept (default: a temporary folder)")
    parser.add_argument("--examples", type=int, nargs="+", default=[1, 3, 5, 10], metavar="K")
    parser.add_argument("--seeds", type=int, default=3, help="how many draws of the examples")
    for name, value in asdict(WorldSize()).items():
        parser.add_argument(f"--world-{name}", type=int, default=value, help="see `WorldSize`")
    parser.add_argument("--adapter", default="moji-prompt-switch", help="of moji-clip: a bundled name or a folder")
    parser.add_argument("--config", type=Path, help="a JSON file of another CLIPConfig for the cost")
    parser.add_argument("--json", type=Path, help="also write the results here, after each part")
    options = parser.parse_args()
    size = WorldSize(**{name: getattr(options, f"world_{name}") for name in asdict(WorldSize())})
    if max(options.examples) > size.examples:
        parser.error(f"a name has {size.examples} examples, and {max(options.examples)} are asked for")
    results: dict[str, Any] = {"clips": 0, "seeds": options.seeds, "parts": []}

    def keep() -> None:
        if options.json:
            options.json.write_text(json.dumps(results, indent=2), encoding="utf-8")

    results["cost"] = cost(options.config)
    print(json.dumps(results["cost"]), flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)) / f"taught-{SEED}-{'-'.join(map(str, asdict(size).values()))}"
        world = draw_world(folder, size, seed=SEED)
        model = load_model("moji-clip", adapter=options.adapter, device="cpu")
        results["clips"] = len(world.clips)
        galleries = {what: Gallery(library, world, model) for what, library in libraries(folder, world, model).items()}
        before = {what: plain_answers(gallery.library, world) for what, gallery in galleries.items()}
        results["unchanged"] = True
        for number in options.examples:
            for what, gallery in galleries.items():
                tallies: Tallies = defaultdict(Tally)
                seconds = []
                for seed in range(options.seeds):
                    chosen = choose(world, number, seed)
                    seconds += teach(gallery.library, world, chosen)
                    results["unchanged"] &= plain_answers(gallery.library, world) == before[what]
                    ask(gallery, chosen, tallies)
                    forget_all(gallery.library)
                mean = round(float(np.mean(seconds)), 2)
                part = {"K": number, "told": what, **summary(tallies), "seconds": mean}
                results["parts"].append(part)
                print(shown(part), flush=True)
                keep()
    keep()
    print(f"{len(world.clips)} clips; queries without a name are the same bit for bit: {results['unchanged']}")


def libraries(folder: Path, world: World, model: VideoTextModel) -> dict[str, Library]:
    """Index the clips, in libraries that know more and more of the examples in words."""
    for file in (*folder.glob("*.srt"), *folder.glob("*.lance")):
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    found = {what: Library(str(folder / f"{what.replace(' ', '-')}.lance"), model=model) for what in TOLD}
    for what, library in found.items():
        if what == WORDS:
            write_words(world.of("example"))
        report = library.add(folder, captions=what == CAPTIONS)
        assert not report.skipped, report.skipped
    return found


def forget_all(library: Library) -> None:
    for name in library.taught_names():
        library.forget_name(name.name)


def choose(world: World, number: int, seed: int) -> dict[NewName, list[WorldClip]]:
    """Draw the examples of each name."""
    chosen = {}
    for index, name in enumerate(world.names):
        pool = world.of("example", name)
        picked = np.random.default_rng([SEED, seed, index]).permutation(len(pool))[:number]
        chosen[name] = [pool[int(one)] for one in picked]
    return chosen


def teach(library: Library, world: World, chosen: dict[NewName, list[WorldClip]]) -> list[float]:
    """Teach all names; the seconds that each took."""
    seconds = []
    for name in world.names:
        began = time.perf_counter()
        library.teach(name.name, like=[clip.path for clip in chosen[name]], coarse=name.coarse)
        seconds.append(time.perf_counter() - began)
    return seconds


class Gallery:
    """The library's clips by their vectors, for what is compared with searching."""

    def __init__(self, library: Library, world: World, model: VideoTextModel) -> None:
        self.library, self.world, self.model = library, world, model
        table = library.to_arrow(columns=["path"], vectors=True)
        paths = [Path(path).name for path in table["path"].to_pylist()]
        assert len(set(paths)) == len(paths) == len(world.clips), "a clip is one moment"
        vectors = np.stack([np.asarray(row, dtype=np.float32) for row in table["vector"].to_pylist()])
        of_path = dict(zip(paths, vectors, strict=True))
        self.vectors = np.stack([of_path[clip.path.name] for clip in world.clips])
        self.number = {clip.path.name: number for number, clip in enumerate(world.clips)}
        self.usual = Usual(self.vectors[:: max(1, len(self.vectors) // 256)])

    def mean(self, clips: Sequence[WorldClip]) -> np.ndarray:
        """The mean of clips' vectors, of unit length."""
        mean = self.vectors[[self.number[clip.path.name] for clip in clips]].mean(axis=0)
        unit: np.ndarray = mean / np.linalg.norm(mean)
        return unit

    def order(self, vector: np.ndarray) -> list[int]:
        """The clips in the order of their nearness to a vector."""
        order: list[int] = np.argsort(-(self.vectors @ vector), kind="stable").tolist()
        return order

    def joined(self, text: np.ndarray, mean: np.ndarray, share: float) -> np.ndarray:
        """A text's vector and a mean, on the scale of what is usual in the library."""
        return (1 - share) * self.usual.standardised(text) + share * self.usual.standardised(mean)

    def searched(self, text: str, count: int) -> list[int]:
        """The clips that a search in what is seen finds, best first."""
        return [self.number[Path(hit.path).name] for hit in self.library.search(text, k=count, only="seen")]

    def embedded(self, texts: Iterable[str], *, names: bool = False) -> np.ndarray:
        """The vectors of texts, with the taught names in them understood or not."""
        texts = list(texts)
        taught = [each.tokens for each in self.library._kept.open().names.fitting()] if names else []
        parts = [texts[start : start + 64] for start in range(0, len(texts), 64)]
        made = [self.model.embed_named_texts(some, taught) if names else self.model.embed_texts(some) for some in parts]
        return np.concatenate(made)


def ask(gallery: Gallery, chosen: dict[NewName, list[WorldClip]], tallies: Tallies) -> None:
    """Search for everything, as it was taught and in the ways that this is compared with."""
    world = gallery.world
    numbers = {name: number for number, name in enumerate(world.names)}
    means = {name: gallery.mean(chosen[name]) for name in world.names}
    for name in world.names:
        kind = "actors" if name in NEW_ACTORS else "motions"
        left_out = {gallery.number[clip.path.name] for clip in chosen[name]}
        tests = world.of("test", name)
        for way, orders in ways(
            gallery, [clip.text for clip in tests], tests, means, WEIGHTS.examples_beside, DEPTH + len(left_out)
        ):
            for clip, order in zip(tests, orders, strict=True):
                rank = rank_of(gallery.number[clip.path.name], order, left_out)
                tallies[way, "composed", kind].add(numbers[name], rank)
        relevant = {number for number, clip in enumerate(world.clips) if name in clip.names} - left_out
        bare = WorldClip(Path(), "bare", (name,), name.name)
        for way, orders in ways(gallery, [name.name], [bare], means, WEIGHTS.examples_alone, len(world.clips)):
            (order,) = orders
            tallies[way, "bare", kind].add(numbers[name], average_precision(order, relevant, left_out))
    pairs = world.of("two")
    if pairs:
        everyone = {gallery.number[clip.path.name] for clips in chosen.values() for clip in clips}
        found = ways(
            gallery, [clip.text for clip in pairs], pairs, means, WEIGHTS.examples_beside, DEPTH + len(everyone)
        )
        for way, orders in found:
            for number, (clip, order) in enumerate(zip(pairs, orders, strict=True)):
                tallies[way, "composed", "two"].add(number, rank_of(gallery.number[clip.path.name], order, everyone))


def ways(
    gallery: Gallery,
    texts: Sequence[str],
    clips: Sequence[WorldClip],
    means: dict[NewName, np.ndarray],
    share: float,
    depth: int,
) -> Iterable[tuple[str, list[list[int]]]]:
    """Yield each way of asking, with the order of clips for each text."""
    examples = [np.mean([means[name] for name in clip.names], axis=0) for clip in clips]
    coarse = gallery.embedded(clip.worded(lambda name: name.coarse) for clip in clips)
    yield TAUGHT, [gallery.searched(text, depth) for text in texts]
    yield TEXT, [gallery.order(vector) for vector in gallery.embedded(texts, names=True)]
    yield UNTAUGHT, [gallery.order(vector) for vector in gallery.embedded(texts)]
    yield COARSE, [gallery.order(vector) for vector in coarse]
    yield MEAN, [gallery.order(vector) for vector in examples]
    yield FUSED, [gallery.order(gallery.joined(*both, share)) for both in zip(coarse, examples, strict=True)]


def rank_of(wanted: int, order: Sequence[int], left_out: set[int]) -> int:
    """The place of a clip among those that are not left out, `DEPTH + 1` where it is further down."""
    seen = [number for number in order if number not in left_out][:DEPTH]
    return seen.index(wanted) + 1 if wanted in seen else DEPTH + 1


def average_precision(order: Sequence[int], relevant: set[int], left_out: set[int]) -> float:
    """The mean over the relevant of how many of those up to it are relevant, 0 for one that was not found."""
    hits = np.array([number in relevant for number in order if number not in left_out], dtype=bool)
    precisions = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precisions[hits].sum() / len(relevant))


def plain_answers(library: Library, world: World) -> list[list[tuple[str, float]]]:
    """What queries without a name find, and with which scores."""
    texts = [clip.text for clip in world.of("known")[:10]]
    return [[(hit.video_id, hit.score) for hit in library.search(text, k=20)] for text in texts]


def summary(tallies: Tallies) -> dict[str, Any]:
    """The figures with their intervals."""
    found: dict[str, Any] = {}
    for (way, what, kind), tally in tallies.items():
        owners, values = np.array(tally.owners), np.array(tally.values)
        _, owners = np.unique(owners, return_inverse=True)
        count = int(owners.max()) + 1
        if what == "composed":
            direction = Direction.of(values.astype(np.int64), owners)
            shown = {"R@1": 100 * float((values == 1).mean()), "R@10": 100 * float((values <= DEPTH).mean())}
            low, high = intervals(direction, count, num_resamples=NUM_RESAMPLES)["R@1"]
        else:
            shown = {"AP": 100 * float(values.mean())}
            low, high = mean_interval(owners, values, count)
        rounded = {name: round(value, 1) for name, value in shown.items()}
        found.setdefault(kind, {}).setdefault(what, {})[way] = {
            **rounded,
            "interval": [round(low, 1), round(high, 1)],
            "queries": len(values),
        }
        if what == "bare" and way != TAUGHT:
            # Of the same names and draws: by how much searching for what was taught is better.
            gains = np.array(tallies[TAUGHT, what, kind].values) - values
            low, high = mean_interval(owners, gains, count)
            found[kind][what][way]["taught is better by"] = [
                round(value, 1) for value in (100 * float(gains.mean()), low, high)
            ]
    return found


def mean_interval(owners: np.ndarray, values: np.ndarray, count: int) -> tuple[float, float]:
    """The interval of the mean of values, in per cent, over draws of their owners."""
    sums = np.bincount(owners, weights=values, minlength=count)
    each = np.bincount(owners, minlength=count)
    blocks = [drawn @ sums / (drawn @ each) for drawn in draws(count, NUM_RESAMPLES, seed=0)]
    interval = percentiles(np.concatenate(blocks))
    return 100 * interval.low, 100 * interval.high


def shown(part: dict[str, Any]) -> str:
    """A part as lines to read."""
    lines = [f"K = {part['K']}, {part['told']} ({part['seconds']} s a name):"]
    for kind in KINDS:
        for what, ways_ in part.get(kind, {}).items():
            unit = "R@1" if what == "composed" else "AP"
            told = [f"{way} {each[unit]} [{each['interval'][0]}, {each['interval'][1]}]" for way, each in ways_.items()]
            lines.append(f"  {kind}, {what}, {unit}: " + "; ".join(told))
    return "\n".join(lines)


def cost(config_file: Path | None) -> dict[str, float]:
    """What learning a name takes with a text tower of ViT-B/32's shape, from three examples against 1 000 others."""
    values = {} if config_file is None else json.loads(config_file.read_text(encoding="utf-8"))
    config = CLIPConfig(**{"projection_dim": 512, **values})  # the other defaults are ViT-B/32's
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        torch.manual_seed(0)
        CLIPModel(config).save_pretrained(folder)
        Preprocess.clip(config.vision_config.image_size).save(folder)
        write_tokenizer(folder, NUM_MERGES)
        model = load_model(folder, device="cpu")
        rng = np.random.default_rng(0)
        made = [rng.standard_normal((count, model.embedding_dim)).astype(np.float32) for count in (3, 1000)]
        examples, others = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in made)
        texts = tuple((f"a {{}} goes to the other side of the street {number}", number) for number in range(3))
        lesson = Lesson("rex", examples, others, others[:0], coarse="dog", texts=texts)
        began, processor_began = time.perf_counter(), time.process_time()
        model.learn_name(lesson)
        return {
            "seconds": round(time.perf_counter() - began, 2),
            "processor_seconds": round(time.process_time() - processor_began, 2),
            "cores": torch.get_num_threads(),
        }


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    few = ("--world-known", 200, "--world-tests", 4, "--world-two", 10, "--seeds", 1, "--examples", 3)
    with tempfile.TemporaryDirectory() as folder:
        sizes = {
            "tiny": (
                *("--world-actors", 2, "--world-motions", 1, "--world-known", 6, "--world-examples", 2),
                *("--world-tests", 1, "--world-two", 1, "--seeds", 1, "--examples", 2),
                *("--config", small_clip_config(Path(folder))),
            ),
            "short": few,
            "full": (),
        }
        found = results_of(main, *sizes[size])
    told = [
        Measurement(
            what="learning a name, ViT-B/32's text tower",
            value=found["cost"]["seconds"],
            unit=" s",
            goal=GOAL_SECONDS,
            sense="at most",
        ),
        Measurement(what="other queries are the same", value=float(found["unchanged"]), unit="", goal=1.0),
    ]
    wanted = 3 if size == "full" else None
    for part in found["parts"]:
        if wanted in (None, part["K"]):
            told += _told(part)
    return told


def _told(part: dict[str, Any]) -> list[Measurement]:
    about = f"K = {part['K']}, {part['told']}"
    actors, bare = part["actors"]["composed"], part["actors"]["bare"]
    best = max(bare[COARSE]["AP"], bare[MEAN]["AP"])
    found = [
        Measurement(what=f"{about}: R@1", value=actors[TAUGHT]["R@1"], unit=" %", goal=GOAL_COMPOSED),
        Measurement(
            what=f"{about}: R@1, untaught",
            value=actors[UNTAUGHT]["R@1"],
            unit=" %",
            goal=GOAL_UNTAUGHT,
            sense="at most",
        ),
        Measurement(what=f"{about}: AP of the bare name", value=bare[TAUGHT]["AP"], unit=" %", goal=best),
    ]
    if "motions" in part:
        value = part["motions"]["composed"][TAUGHT]["R@1"]
        found.append(Measurement(what=f"{about}: R@1 of motions", value=value, unit=" %"))
    if "two" in part:
        value = part["two"]["composed"][TAUGHT]["R@1"]
        found.append(Measurement(what=f"{about}: R@1 of two names", value=value, unit=" %", goal=GOAL_TWO))
    return found


if __name__ == "__main__":
    main()
