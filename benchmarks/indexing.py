"""Indexing against the plain pipeline of research codes: `python benchmarks/indexing.py`.

Both sides make one vector of each of many generated clips (320x240, 15 s, one long group of pictures) with the same
CLIP of ViT-B/32's shape, 12 evenly spaced frames a clip, their mean. The weights are random: speed does not depend on
them, and nothing has to be downloaded.

- The plain pipeline takes one video at a time: OpenCV seeks to each frame, `transformers`' CLIP image processor makes
  it ready, `CLIPModel.get_image_features` encodes the 12 in float32. Nothing is written.
- framecue is `Library.add`: plan, hash, read, make ready, encode, thumbnails, and the library on the disk. Its dtype is
  what `framecue index` takes here (--dtype auto), or the one that is named.

The clips are indexed in turns, a chunk by the one side, then by the other, so that what else the machine does meets
both. Prints videos a second, and the cosine of each vector in the library with the plain pipeline's. Of framecue's run
it prints where the processor's time went: on the cores in all, what encoding, making ready, reading (in other
processes), storing and the rest took, and what was left idle or to others. Stages overlap in framecue, so what each
takes alone is measured apart, one after the other.

--avx2 lets torch, MKL and oneDNN compute as on a processor with AVX2 alone, without bfloat16.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.nn import functional
from transformers import CLIPConfig, CLIPModel

import framecue
from decoding import CASES, available_cores, generate, read_by_seeking
from framecue.assets import find_bundled
from framecue.backbone import DTYPES, Preprocess, fast_dtype
from framecue.exported.choose import ChoosingEncoder
from framecue.library.indexing.encode import EncodedSegment, SegmentEncoder
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.rows import Row
from framecue.model import VideoTextModel
from framecue.video import Moment, content_hash, read_frames, read_moments
from measure import Measurement, Size, results_of, small_clip_config

# With instructions for bfloat16 (or VNNI), and with AVX2 alone.
FAST_GOAL, GOAL, LEAST_COSINE = 4.5, 3.0, 0.999
# What oneDNN, torch and MKL read, once, when they are loaded.
AVX2_ALONE = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
CASE = CASES["one-gop"]
AUTO = "auto"


@dataclass(frozen=True)
class Results:
    """What was measured; ``cosine`` is the least of all clips, ``neighbour_cosine`` the mean of a clip and the next."""

    num_clips: int
    cores: int
    dtype: str
    runtime: str
    seconds_to_choose: float
    capability: str
    plain_videos_a_second: float
    framecue_videos_a_second: float
    ratio: float
    processor_ratio: float
    goal: float
    cosine: float
    centred_cosine: float
    neighbour_cosine: float
    plain_stages_ms: dict[str, float]
    framecue_stages_ms: dict[str, float]
    profile_ms: dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--chunk", type=int, default=25, help="clips that a side indexes before the other's turn")
    parser.add_argument("--seconds", type=int, default=CASE.num_seconds, help="how long a clip is")
    parser.add_argument("--stage-clips", type=int, default=20, help="clips by which framecue's stages are measured")
    parser.add_argument("--dtype", choices=[AUTO, *DTYPES], default=AUTO, help="what framecue's side computes in")
    parser.add_argument(
        "--runtime", choices=[AUTO, "torch", "onnx"], default=AUTO, help="as of `framecue index` in a long run"
    )
    parser.add_argument("--avx2", action="store_true", help="compute as on a processor with AVX2 alone")
    parser.add_argument("--config", type=Path, help="a JSON file of another CLIPConfig (default: ViT-B/32's shape)")
    parser.add_argument("--folder", type=Path, help="where the clips are made and kept (default: a temporary folder)")
    parser.add_argument("--cores", type=int, help="use only so many processor cores, which also limits the threads")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    if options.avx2 and not AVX2_ALONE.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **AVX2_ALONE})
    cores = available_cores(options.cores)
    dtype = fast_dtype() if options.dtype == AUTO else DTYPES[options.dtype]
    capability = torch.backends.cpu.get_cpu_capability()
    print(
        f"{cores} cores ({capability}); torch {torch.__version__}, OpenCV {cv2.__version__}; "
        f"framecue in {name_of(dtype) if options.runtime == 'torch' else 'what it chooses'}",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as temporary:
        paths = make_clips(options.folder or Path(temporary) / "clips", options.clips, options.seconds)
        model_folder = Path(temporary) / "clip"
        make_model(model_folder, options.config)
        plain = Plain(model_folder)
        model, seconds_to_choose = encoder_of(model_folder, dtype, options, paths[0])
        computation = model.computation
        library = framecue.Library(Path(temporary) / "clips.lance", model=model)
        with profiled(model) as profile:
            seconds, processor_seconds = compare(plain, library, paths, options.chunk, profile)
        stored = vectors_of(library.uri, paths)
        stages = framecue_stages(model, paths[: options.stage_clips], Path(temporary) / "stages.lance")
    plain_vectors = np.concatenate(plain.vectors)
    videos = len(paths)
    results = Results(
        num_clips=videos,
        cores=cores,
        dtype=computation.precision,
        runtime=computation.runtime,
        seconds_to_choose=seconds_to_choose,
        capability=capability,
        plain_videos_a_second=videos / seconds["plain"],
        framecue_videos_a_second=videos / seconds["framecue"],
        ratio=seconds["plain"] / seconds["framecue"],
        processor_ratio=processor_seconds["plain"] / processor_seconds["framecue"],
        goal=FAST_GOAL if dtype == torch.bfloat16 else GOAL,
        cosine=float(cosines(plain_vectors, stored).min()),
        # Vectors of one model share most of their direction; without it, what tells videos apart is compared.
        centred_cosine=float(
            cosines(plain_vectors - plain_vectors.mean(0), stored - plain_vectors.mean(0)).min() if videos > 1 else 1.0
        ),
        neighbour_cosine=float(cosines(plain_vectors, np.roll(plain_vectors, 1, axis=0)).mean()),
        plain_stages_ms={stage: 1000 * value / videos for stage, value in plain.stages.items()},
        framecue_stages_ms=stages,
        profile_ms=profile.parts_ms(cores, videos),
    )
    print("\n".join(lines(results)))
    if options.json:
        options.json.write_text(json.dumps(asdict(results), indent=1) + "\n", encoding="utf-8")


def encoder_of(
    folder: Path, dtype: torch.dtype, options: argparse.Namespace, clip: Path
) -> tuple[VideoTextModel | ChoosingEncoder, float]:
    """What framecue's side encodes with, as `framecue index` chooses it for a long run, and what choosing took.

    Choosing makes a graph, once for a model and machine, so it is no part of the indexing.
    """
    is_onnx = options.runtime == "onnx" or (options.runtime == AUTO and options.dtype == AUTO)
    if not is_onnx:
        return framecue.load_model(folder, dtype=dtype, device="cpu"), 0.0
    model = ChoosingEncoder(
        framecue.load_model(folder, dtype=torch.float32, device="cpu"),
        precision="float32" if options.dtype == "float32" else AUTO,
    )
    begin = time.perf_counter()
    frames = read_frames(clip, model.sampling, short_side=model.short_side)
    model.embed_videos(model.prepare(frames.pixels)[None])
    return model, time.perf_counter() - begin


class Plain:
    """The plain pipeline; adds up what its stages take, and keeps its vectors."""

    def __init__(self, model_folder: Path) -> None:
        self.model = CLIPModel.from_pretrained(model_folder, dtype=torch.float32).eval()
        self.processor = image_processor(model_folder)
        self.stages = {"read": 0.0, "make ready": 0.0, "encode": 0.0}
        self.vectors: list[np.ndarray] = []

    @torch.inference_mode()
    def add(self, paths: Sequence[Path]) -> None:
        """Read and encode videos, one at a time."""
        for path in paths:
            with self.timed("read"):
                frames = read_by_seeking(path)
            with self.timed("make ready"):
                pixel_values = self.processor(images=list(frames), return_tensors="pt")["pixel_values"]
            with self.timed("encode"):
                features = functional.normalize(self.model.get_image_features(pixel_values).pooler_output, dim=-1)
                vector = functional.normalize(features.mean(dim=0, keepdim=True), dim=-1)
            self.vectors.append(vector.numpy())

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the block's time to a stage's."""
        begin = time.perf_counter()
        yield
        self.stages[stage] += time.perf_counter() - begin


@dataclass
class Profile:
    """Processor seconds of framecue's side, by what they were for."""

    encode: float = 0.0
    make_ready: float = 0.0
    own: float = 0.0
    readers: float = 0.0
    elapsed: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Add what a run takes, in this process and in those that it has started and ended."""
        begin, before = time.perf_counter(), os.times()
        yield
        after = os.times()
        self.elapsed += time.perf_counter() - begin
        self.own += after.user + after.system - before.user - before.system
        self.readers += after.children_user + after.children_system - before.children_user - before.children_system

    def parts_ms(self, cores: int, num_videos: int) -> dict[str, float]:
        """Milliseconds of a core for each video."""
        seconds = {
            "encode": self.encode,
            "make ready": self.make_ready,
            "read": self.readers,
            "store and the rest": self.own - self.encode - self.make_ready,
            "idle or others'": cores * self.elapsed - self.own - self.readers,
        }
        return {part: 1000 * value / num_videos for part, value in seconds.items()}


@contextmanager
def profiled(model: Any) -> Iterator[Profile]:
    """Let a model add up the processor seconds of the threads that call it.

    They are all that encoding takes where each thread computes on one core.
    """
    profile, lock = Profile(), threading.Lock()
    embed_videos, encode_each, prepare = model.embed_videos, model.encode_each, model.prepare

    def timed(part: str, call: Callable[[Any], Any], argument: Any) -> Any:
        begin = time.thread_time()
        found = call(argument)
        took = time.thread_time() - begin
        with lock:
            setattr(profile, part, getattr(profile, part) + took)
        return found

    model.embed_videos = partial(timed, "encode", embed_videos)
    # Which of the two a run calls depends on whether the method encodes frames alone.
    model.encode_each = partial(timed, "encode", encode_each)
    model.prepare = partial(timed, "make_ready", prepare)
    yield profile
    del model.embed_videos, model.encode_each, model.prepare


def compare(
    plain: Plain, library: framecue.Library, paths: Sequence[Path], chunk: int, profile: Profile
) -> tuple[dict[str, float], dict[str, float]]:
    """Give all clips to both sides in turns; the seconds of each, on the clock and of the processor."""

    def add(part: Sequence[Path]) -> None:
        with profile.running():
            library.add(part)

    sides = {"plain": plain.add, "framecue": add}
    seconds, processor_seconds = dict.fromkeys(sides, 0.0), dict.fromkeys(sides, 0.0)
    for turn, first in enumerate(range(0, len(paths), chunk)):
        part = paths[first : first + chunk]
        for side in sides if turn % 2 == 0 else reversed(sides):
            begin, processor_begin = time.perf_counter(), processor_time()
            sides[side](part)
            seconds[side] += time.perf_counter() - begin
            processor_seconds[side] += processor_time() - processor_begin
        so_far = seconds["plain"] / seconds["framecue"]
        print(f"{first + len(part)} clips: {so_far:.2f}x so far", file=sys.stderr, flush=True)
    return seconds, processor_seconds


def processor_time() -> float:
    """Processor seconds of this process's threads and of the processes that it has started and that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def framecue_stages(model: Any, paths: Sequence[Path], uri: Path) -> dict[str, float]:
    """What each stage of framecue takes, one after the other: milliseconds a video."""
    encoder = SegmentEncoder(model)
    seconds = dict.fromkeys(("hash", "read", "make ready", "encode", "write"), 0.0)

    @contextmanager
    def timed(stage: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        seconds[stage] += time.perf_counter() - begin

    prepared, rows = [], []
    for path in paths:
        with timed("hash"):
            content_hash(str(path))
        with timed("read"):
            moments = [
                each for each in read_moments(str(path), encoder.options, lambda _: True) if isinstance(each, Moment)
            ]
        with timed("make ready"):
            prepared += [encoder.prepare(moment) for moment in moments]
    seconds["read"] -= seconds["hash"]  # which it hashed as well
    segments: list[EncodedSegment] = []
    for first in range(0, len(prepared), encoder.segments_per_encode):
        with timed("encode"):
            segments += encoder.encode(prepared[first : first + encoder.segments_per_encode])
    for path, segment in zip(paths, segments, strict=True):
        row = Row(
            video_id=path.name,
            path=str(path),
            start_seconds=segment.start_seconds,
            end_seconds=segment.end_seconds,
            vector=segment.vector,
            duration_seconds=segment.end_seconds,
            state=FileState(path.stat().st_size, path.stat().st_mtime),
            thumbnail=segment.thumbnail,
        )
        rows.append(row)
    with timed("write"):
        Store.create(str(uri), model.fingerprint().to_dict()).write(rows)
    return {stage: 1000 * value / len(paths) for stage, value in seconds.items()}


def vectors_of(uri: str, paths: Sequence[Path]) -> np.ndarray:
    """The library's vectors, float32 (N, E), in the order of the files."""
    rows = Store.open(uri).rows_at([str(path) for path in paths])
    missing = [path.name for path in paths if len(rows.get(str(path), ())) != 1]
    if missing:
        sys.exit(f"these clips are not one row of the library: {', '.join(missing)}")
    return np.stack([rows[str(path)][0].vector for path in paths]).astype(np.float32)


def cosines(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,), the cosine of each row with the other array's."""
    return (some * others).sum(axis=1) / (np.linalg.norm(some, axis=1) * np.linalg.norm(others, axis=1))


def lines(results: Results) -> list[str]:
    reached = "reached" if results.ratio >= results.goal else "not reached"
    good = "reached" if results.cosine >= LEAST_COSINE else "not reached"
    return [
        f"plain     {results.plain_videos_a_second:5.2f} videos/s   {stages_in_words(results.plain_stages_ms)}",
        f"framecue  {results.framecue_videos_a_second:5.2f} videos/s   "
        f"each alone, {stages_in_words(results.framecue_stages_ms)}",
        f"framecue's {results.cores} cores, {stages_in_words(results.profile_ms)}",
        f"{results.ratio:.2f}x (goal {results.goal}x: {reached}), {results.processor_ratio:.2f}x in processor time",
        f"cosine with the plain pipeline's vectors: at least {results.cosine:.5f} (goal {LEAST_COSINE}: {good}); "
        f"around their mean at least {results.centred_cosine:.5f}; "
        f"a clip and the next one: {results.neighbour_cosine:.5f} on the mean",
    ]


def stages_in_words(stages: dict[str, float]) -> str:
    return "ms a video: " + ", ".join(f"{stage} {value:.1f}" for stage, value in stages.items())


def name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def make_clips(folder: Path, number: int, num_seconds: int) -> list[Path]:
    """Generate the clips that are not there yet; each shows another landscape."""
    folder.mkdir(parents=True, exist_ok=True)
    case = replace(CASE, keyframe_frames=CASE.keyframe_frames * num_seconds // CASE.num_seconds)
    paths = [folder / f"{seed:03}-{num_seconds}s.mp4" for seed in range(number)]
    for seed, path in enumerate(paths):
        if not path.exists():
            generate(path, case, num_seconds, seed=seed)
    return paths


def make_model(folder: Path, config_file: Path | None) -> None:
    """Write a CLIP with random weights, of ViT-B/32's shape if no other is given."""
    # Its words are those of the bundled model: which ones it knows does not matter here, but that it encodes texts.
    bundled = find_bundled("moji-clip", "model")
    assert bundled is not None
    end_of_text = json.loads((bundled / "config.json").read_text(encoding="utf-8"))["text_config"]["eos_token_id"]
    values = (
        {"projection_dim": 512, "text_config": {"eos_token_id": end_of_text}}
        if config_file is None
        else json.loads(config_file.read_text(encoding="utf-8"))
    )
    config = CLIPConfig(**values)  # its defaults are ViT-B/32's
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(folder)
    Preprocess.clip(config.vision_config.image_size).save(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(bundled / name, folder)


def image_processor(folder: Path) -> Any:
    from transformers import AutoImageProcessor

    return AutoImageProcessor.from_pretrained(folder)


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    with tempfile.TemporaryDirectory() as folder:
        few = ("--clips", 2, "--chunk", 1, "--seconds", 2, "--stage-clips", 1)
        sizes = {
            "tiny": (*few, "--config", small_clip_config(Path(folder))),
            "short": ("--clips", 8, "--chunk", 4, "--stage-clips", 2),
            "full": (),
        }
        results = results_of(main, *sizes[size])
    return [
        Measurement(
            what=f"videos a second, {results['dtype']}, of the plain pipeline's",
            value=results["ratio"],
            goal=results["goal"],
        ),
        Measurement(what="cosine with the plain pipeline's", value=results["cosine"], unit="", goal=LEAST_COSINE),
    ]


if __name__ == "__main__":
    main()
