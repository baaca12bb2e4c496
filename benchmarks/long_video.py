"""An hour of film with cuts, indexed as before and as now: `python benchmarks/long_video.py`.

Draws minutes of film (1280x720, 25 frames a second, H.264 with its usual options): shots over textured landscapes in
which a patch moves, of lengths as films have them (log-normal, median 5 s, mean 6.7 s), and repeats them up to an hour.
A CLIP of ViT-B/32's shape with random weights, mean pooling and 12 frames a segment indexes it, by `framecue index` as
it comes, each time in a new process:

- *before*: the code in the folder that `--before` names, as `git worktree add ../before COMMIT` makes one; without it,
  today's code with frames encoded anew in each window that shows them, and windows wherever they fall;
- *now*: today's code.

Prints the ratio of the times, taken in turns, how many frames of how many were encoded, that moments that both sides
cut alike have the same vectors, and what each step takes by itself, a minute of film.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np

import framecue
from decoding import texture
from framecue.backbone import fast_dtype
from framecue.library.indexing.encode import SegmentEncoder
from framecue.library.indexing.shared_frames import num_distinct
from framecue.library.store import Store
from framecue.video import Moment, Segmentation, content_hash, read_moments, read_packet_index
from framecue.video.read.shots import find_cuts
from indexing import make_model
from measure import Measurement, Size, results_of, small_clip_config

GOAL, LEAST_COSINE = 2.0, 0.999
FRAMES_PER_SECOND = 25
MEDIAN_SECONDS, SPREAD, SHORTEST_SECONDS, LONGEST_SECONDS = 5.0, 0.8, 1.0, 60.0
NUM_LANDSCAPES = 6
BEFORE, NOW = "before", "now"
ANSWER = "took: "
# Run by both sides. What is imported before the clock starts takes as long on both.
CHILD = """
import os, sys, time
import framecue.model, lancedb
from framecue.cli.main import main
from framecue.library import library
from framecue.library.indexing import encode, session
if sys.argv.pop(1) == "apart":
    for module in (encode, library, session):
        module.encodes_frames_alone = lambda encoder: False
began, before = time.perf_counter(), sum(os.times()[:4])
code = main(sys.argv[1:])
print("took:", time.perf_counter() - began, sum(os.times()[:4]) - before, flush=True)
sys.exit(code)
"""

Result = TypeVar("Result")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="how long the film is")
    parser.add_argument("--drawn-minutes", type=float, default=6, help="how much of it is drawn, and then repeated")
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--before", type=Path, help="the folder src of another commit, for the side before")
    parser.add_argument("--stage-minutes", type=float, default=2, help="of film by which the steps are measured")
    parser.add_argument("--config", type=Path, help="a JSON file of another CLIPConfig (default: ViT-B/32's shape)")
    parser.add_argument("--folder", type=Path, help="where the film is made and kept (default: a temporary folder)")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        film, part = make_film(folder, options.minutes, options.drawn_minutes, options.height)
        model_folder = Path(temporary) / "clip"
        make_model(model_folder, options.config)
        took: dict[str, list[tuple[float, float]]] = {BEFORE: [], NOW: []}
        libraries = {side: Path(temporary) / f"{side}.lance" for side in took}
        for turn in range(options.rounds):
            for side in (BEFORE, NOW) if turn % 2 == 0 else (NOW, BEFORE):
                took[side].append(index(side, film, model_folder, libraries[side], options.before, is_first=turn == 0))
                print(f"{side:<7} {options.minutes * 60 / took[side][-1][0]:6.1f} times real time", flush=True)
        cosine, num_compared, counts = compared(libraries)
        stages = steps(model_folder, part, options.stage_minutes)
    seconds, processor_seconds = (
        {side: statistics.median(each[number] for each in found) for side, found in took.items()} for number in (0, 1)
    )
    results = {
        "minutes": options.minutes,
        "before": "another commit" if options.before else "frames apart",
        "seconds": seconds,
        "ratio": seconds[BEFORE] / seconds[NOW],
        "processor_ratio": processor_seconds[BEFORE] / processor_seconds[NOW],
        "cosine": cosine,
        "num_compared": num_compared,
        "num_segments": counts,
        "steps": stages,
    }
    print("\n".join(lines(results)))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def index(
    side: str, film: Path, model: Path, library: Path, before: Path | None, *, is_first: bool
) -> tuple[float, float]:
    """Index a film in a new process; the seconds it took, on the clock and of the processor.

    A further time goes to a library beside the first.
    """
    if not is_first:
        library = library.with_name(f"again-{time.monotonic_ns()}.lance")
    sources = before if side == BEFORE and before else Path(framecue.__file__).parents[1]
    how = "apart" if side == BEFORE and not before else "as it comes"
    command = [sys.executable, "-c", CHILD, how, "index", str(film), "--library", str(library), "--model", str(model)]
    environment = {**os.environ, "PYTHONPATH": str(sources.resolve())}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    *said, last = done.stdout.splitlines() or [""]
    if done.returncode or not last.startswith(ANSWER):
        sys.exit("\n".join([f"{side}: framecue index failed", *said, last]))
    seconds, processor_seconds = map(float, last.removeprefix(ANSWER).split())
    return seconds, processor_seconds


def compared(libraries: dict[str, Path]) -> tuple[float, int, dict[str, int]]:
    """The least cosine of the vectors of moments that both sides cut alike, their number, and each side's of all."""
    found: dict[str, dict[tuple[float, float], np.ndarray]] = {}
    for side, library in libraries.items():
        store = Store.open(str(library))
        rows = [row for of_file in store.rows_at(list(store.held())).values() for row in of_file]
        found[side] = {(row.start_seconds, row.end_seconds): row.vector.astype(np.float32) for row in rows}
    alike = found[BEFORE].keys() & found[NOW].keys()
    if not alike:
        sys.exit("the two sides cut no moment alike")
    cosines = [cosine(found[BEFORE][moment], found[NOW][moment]) for moment in alike]
    return min(cosines), len(alike), {side: len(moments) for side, moments in found.items()}


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def steps(model_folder: Path, film: Path, minutes: float) -> dict[str, Any]:
    """What each step of today's code takes by itself, in processor seconds a minute, and how much is encoded."""
    model = framecue.load_model(model_folder, dtype=fast_dtype(), device="cpu")
    encoder = SegmentEncoder(model, segmentation=Segmentation(shares_frames=True))
    seconds: dict[str, float] = {}

    def timed(step: str, call: Callable[[], Result]) -> Result:
        began = time.process_time()
        result = call()
        seconds[step] = seconds.get(step, 0.0) + time.process_time() - began
        return result

    path = str(film)
    index = timed("packets", lambda: read_packet_index(path))
    timed("hash", lambda: content_hash(path))
    timed("shots", lambda: find_cuts(path, index))
    seconds["frames"], seconds["make ready"] = -sum(seconds.values()), 0.0
    prepared = []
    # As in the process that reads: what has been imported, torch among it, is not looked through for garbage.
    gc.collect()
    gc.freeze()
    began = time.process_time()
    for each in read_moments(path, encoder.options, lambda _: True):
        seconds["frames"] += time.process_time() - began
        if isinstance(each, Moment):
            ready = timed("make ready", lambda each=each: encoder.prepare(each))
            prepared += [ready] if ready.start_seconds < minutes * 60 else []
        began = time.process_time()
    seconds["frames"] += time.process_time() - began
    gc.unfreeze()
    batches = list(in_batches(encoder, prepared))
    timed("encode", lambda: [encoder.encode(batch) for batch in batches])
    length = index.duration_seconds / 60
    encoded_minutes = min(minutes, length)
    seconds = {step: took / (encoded_minutes if step == "encode" else length) for step, took in seconds.items()}
    ids = [each.frame_ids for each in prepared]
    return {
        "seconds_a_minute": seconds,
        "frames_encoded": sum(num_distinct([each.frame_ids for each in batch]) for batch in batches),
        "frames_shown": sum(map(len, ids)),
    }


def in_batches(encoder: SegmentEncoder, prepared: list[Any]) -> Iterator[list[Any]]:
    """The batches in which an indexing run encodes them."""
    waiting: list[Any] = []
    for each in prepared:
        if encoder.is_due(waiting, each):
            yield waiting
            waiting = []
        waiting.append(each)
        if encoder.is_due(waiting):
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def lines(results: dict[str, Any]) -> list[str]:
    reached = "reached" if results["ratio"] >= GOAL else "not reached"
    of_steps = results["steps"]
    whole = sum(of_steps["seconds_a_minute"].values())
    shares = (f"{step} {took:.2f} ({took / whole:.0%})" for step, took in of_steps["seconds_a_minute"].items())
    return [
        f"{results['ratio']:.2f}x of before ({results['before']}; goal {GOAL:g}x: {reached}), "
        f"{results['processor_ratio']:.2f}x in processor time",
        f"moments: {results['num_segments'][BEFORE]} before, {results['num_segments'][NOW]} now; of the "
        f"{results['num_compared']} that both cut alike the cosine is at least {results['cosine']:.5f}",
        f"frames encoded now: {of_steps['frames_encoded']} of {of_steps['frames_shown']} that the moments show",
        f"processor seconds a minute of film: {', '.join(shares)}",
    ]


def make_film(folder: Path, minutes: float, drawn_minutes: float, height: int) -> tuple[Path, Path]:
    """Make the film and the part that is drawn, as far as they are not there."""
    drawn_minutes = min(minutes, drawn_minutes)
    part = folder / f"part-{drawn_minutes:g}m-{height}.mp4"
    film = folder / f"film-{minutes:g}m-{drawn_minutes:g}m-{height}.mp4"
    if not part.exists():
        draw(part, round(drawn_minutes * 60 * FRAMES_PER_SECOND), height)
    if not film.exists():
        repeat(part, film, round(minutes / drawn_minutes))
    return film, part


def draw(path: Path, num_frames: int, height: int) -> None:
    """Draw shots."""
    width = height * 16 // 9 // 2 * 2
    unfinished = path.with_suffix(".drawn")
    with av.open(str(unfinished), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options={"threads": "1"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number, pixels in enumerate(pictures(width, height, num_frames)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    unfinished.replace(path)


def pictures(width: int, height: int, num_frames: int, *, seed: int = 0) -> Iterator[np.ndarray]:
    """Shots in each of which a camera pans over a landscape and a patch moves: uint8 (H, W, 3)."""
    rng = np.random.default_rng(seed)
    lands = [texture(rng, height * 3 // 2, width * 3 // 2)[..., rng.permutation(3)] for _ in range(NUM_LANDSCAPES)]
    side = height // 4
    land = 0
    while num_frames > 0:
        seconds = np.clip(rng.lognormal(np.log(MEDIAN_SECONDS), SPREAD), SHORTEST_SECONDS, LONGEST_SECONDS)
        length = min(num_frames, round(seconds * FRAMES_PER_SECOND))
        land = (land + int(rng.integers(1, NUM_LANDSCAPES))) % NUM_LANDSCAPES
        place, speed = rng.uniform(0.2, 0.8, 2), rng.uniform(-0.04, 0.04, 2)
        patch = lands[(land + 1) % NUM_LANDSCAPES][:side, :side]
        top = int(rng.integers(0, height - side))
        for number in range(length):
            at = np.clip(place + speed * number / FRAMES_PER_SECOND, 0, 1) * (height // 2, width // 2)
            down, right = at.astype(int)
            picture = lands[land][down : down + height, right : right + width].copy()
            left = (4 * number + top) % (width - side)
            picture[top : top + side, left : left + side] = patch
            yield picture
        num_frames -= length


def repeat(part: Path, film: Path, times: int) -> None:
    """Put a film together from one part, without encoding it anew."""
    unfinished = film.with_suffix(".joined")
    with av.open(str(unfinished), "w", format="mp4") as container:
        stream = None
        for turn in range(times):
            with av.open(str(part)) as source:
                pictures = source.streams.video[0]
                stream = stream or container.add_stream_from_template(pictures)
                assert pictures.time_base is not None
                offset = round(turn * pictures.frames / FRAMES_PER_SECOND / pictures.time_base)
                for packet in source.demux(pictures):
                    if packet.size and packet.pts is not None and packet.dts is not None:
                        packet.pts, packet.dts, packet.stream = packet.pts + offset, packet.dts + offset, stream
                        container.mux(packet)
    unfinished.replace(film)


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    with tempfile.TemporaryDirectory() as folder:
        few = ("--minutes", 0.7, "--drawn-minutes", 0.35, "--height", 90, "--stage-minutes", 0.3)
        sizes = {
            "tiny": (*few, "--config", small_clip_config(Path(folder))),
            "short": ("--minutes", 4, "--drawn-minutes", 2, "--stage-minutes", 0.5),
            "full": (),
        }
        results = results_of(main, *sizes[size])
    return [
        Measurement(
            what=f"film of {results['minutes']:g} minutes: speed, of before ({results['before']})",
            value=results["ratio"],
            goal=GOAL,
        ),
        Measurement(what="cosine of moments that are cut alike", value=results["cosine"], unit="", goal=LEAST_COSINE),
    ]


if __name__ == "__main__":
    main()
