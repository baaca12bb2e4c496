"""The documents that ``--json`` prints, key by key: programs read them, so no key may vanish or change its name.

A key that is new belongs into the table here, too. A service will give the same documents, as they are the results' own
``to_dict()``.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import NoneType
from typing import Any

import pytest
import torch
import yaml

import framecue.methods
import framecue.model
from framecue import __version__
from framecue.checkpoint import save_adapter
from framecue.cli import demo
from framecue.cli.main import COMMANDS
from framecue.library import Library, SearchResult
from framecue.methods import METHODS

# Before anything stands in for it.
LOAD_MODEL = framecue.model.load_model

# A dict holds the keys in their order, a list what each of its items is (there is one at least), a type what a value
# is.
MAYBE_INT, MAYBE_FLOAT, MAYBE_STR = (int, NoneType), (float, NoneType), (str, NoneType)
MAYBE_BOOL = (bool, NoneType)
SKIPPED = {"path": str, "reason": str}
DUPLICATE = {"path": str, "original": str}
HIT = {
    "rank": int,
    "path": str,
    "video_id": str,
    "kind": str,
    "start_seconds": float,
    "end_seconds": float,
    "score": float,
    "confidence": MAYBE_FLOAT,
    "fits": MAYBE_BOOL,
    "hit": str,
    "recorded": MAYBE_STR,
}
LEG = {
    "leg": str,
    "rank": MAYBE_INT,
    "score": float,
    "strength": float,
    "text": MAYBE_STR,
    "words": list,
    "spans": list,
    "start_seconds": MAYBE_FLOAT,
    "end_seconds": MAYBE_FLOAT,
    "confidence": MAYBE_FLOAT,
}
SEEN_HIT, HIT = HIT, {**HIT, "legs": [LEG]}
HYBRID_HIT = {
    **SEEN_HIT,
    "words": list,
    "vector_rank": MAYBE_INT,
    "text_rank": MAYBE_INT,
    "text_score": MAYBE_FLOAT,
}
EXPLANATION = {
    "parts": [{"part": str, "weight": float, "score": float}],
    "frame": {"at_seconds": float, "score": float},
    "problem": NoneType,
}
METRICS = ("R@1", "R@5", "R@10", "R@50", "median_rank", "mean_rank", "Rsum", "nDCG@10")
RECALLS = dict.fromkeys(METRICS, float)
INTERVALS = {key: [float] for key in METRICS}
STAGE = {
    "text_to_video": RECALLS,
    "video_to_text": RECALLS,
    "video_to_text_by_caption": NoneType,  # the clips have one caption each
    "Rsum": float,
    "twin_accuracy": MAYBE_FLOAT,
    "intervals": {"text_to_video": INTERVALS, "video_to_text": INTERVALS},
}
SCORES = {**STAGE, "num_videos": int, "num_texts": int, "unreadable": list}
DIFFERENCES = {key: {"difference": float, "low": float, "high": float, "p": float, "p_holm": float} for key in METRICS}
CUT = {
    "output": str,
    "path": str,
    "start_seconds": float,
    "end_seconds": float,
    "copied": bool,
    "sound_tracks": int,
    "sound_left_out": list,
}
PREDICTION = {"label": str, "probability": float, "score": float}
SHARE = {"percent": float, "low": float, "high": float}
EXAMPLE = {
    "path": MAYBE_STR,
    "video_id": MAYBE_STR,
    "start_seconds": float,
    "end_seconds": float,
    "kind": str,
    "rank": MAYBE_INT,
    "num_compared": int,
    "agrees": MAYBE_BOOL,
    "is_held": bool,
    "hit": MAYBE_STR,
}
NAME = {
    "name": str,
    "coarse": MAYBE_STR,
    "num_tokens": int,
    "examples": [EXAMPLE],
    "unlike": [EXAMPLE],
    "fits": bool,
    "taught": str,
    "notices": list,
}
SEARCH = {"query": str, "fits": MAYBE_BOOL, "results": [HIT]}

DOCUMENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "index": (
        "index {clips} --library {new} --model clip",
        {
            "library": str,
            "added": int,
            "changed": int,
            "moved": int,
            "unchanged": int,
            "encoded": int,
            "encoded_by": NoneType,  # the tests' model does not say
            "duplicates": [DUPLICATE],
            "removed": int,
            "removed_paths": list,
            "subtitles_updated": int,
            "metadata_updated": int,
            "reread": list,
            "warnings": list,
            "gpu_decoded": int,
            "gpu_fallbacks": list,
            "skipped": [SKIPPED],
            "still_unreadable": list,
            "passed_over": {"images": int, "sounds": int, "others": int, "clips": int},
            "words": list,
            "words_failed": list,
            "words_taken_out": list,
            "words_left_out": dict,
            "meaning": NoneType,
            "meaning_taken_out": bool,
            "meaning_left_out": MAYBE_STR,
            "names_taught": list,
            "names_left": dict,
            "videos": int,
            "images": int,
            "segments": int,
        },
    ),
    "index --dry-run": (
        "index {clips} --library {new} --model openai/clip --dry-run",
        {
            "library": str,
            "model": str,
            "new": int,
            "changed": int,
            "unchanged": int,
            "subtitles_changed": int,
            "gone": int,
            "is_gone_taken_out": bool,
            "passed_over": {"images": int, "sounds": int, "others": int, "clips": int},
            "still_unreadable": list,
            "skipped": [SKIPPED],
            "bytes": int,
            "video_seconds": float,
            "files_looked_into": int,
            "estimated_seconds": NoneType,
            "measured_speed": NoneType,
            "words": list,
            "words_taken_out": list,
            "meaning": NoneType,
            "meaning_taken_out": bool,
            "names": list,
        },
    ),
    "search": ("search red --library {library}", SEARCH),
    "search --hybrid": (
        "search red --hybrid --library {library}",
        {"query": str, "fits": MAYBE_BOOL, "results": [HYBRID_HIT]},
    ),
    "search --only seen": (
        "search red --only seen --library {library}",
        {"query": str, "fits": MAYBE_BOOL, "results": [SEEN_HIT]},
    ),
    "search --explain": (
        "search red --explain --library {library}",
        {"query": str, "fits": MAYBE_BOOL, "results": [{**HIT, "explanation": EXPLANATION}]},
    ),
    "search --hybrid --explain": (
        "search red --hybrid --explain --library {library}",
        {"query": str, "fits": MAYBE_BOOL, "results": [{**HYBRID_HIT, "explanation": EXPLANATION}]},
    ),
    "search --export": (
        "search red --library {library} --export {folder}/hits.m3u",
        {**SEARCH, "exported": [str]},
    ),
    "search --sheet": ("search red --library {library} --sheet {folder}/sheet.png", {**SEARCH, "sheet": str}),
    "search --queries": ("search --library {library} --queries {queries}", {"searches": [SEARCH]}),
    "search --queries --sheet": (
        "search --library {library} --queries {queries} --sheet {folder}/sheet.png",
        {"searches": [SEARCH], "sheet": str},
    ),
    "search --right": ("search red --right 2 --wrong 3 --library {library}", SEARCH),
    "search with a taught name": (
        "search rex --explain --library {taught}",
        {
            "query": str,
            "fits": MAYBE_BOOL,
            "results": [
                {
                    **HIT,
                    "names": [str],
                    "explanation": {**EXPLANATION, "names": [{"name": str, "share": float, "score": float}]},
                }
            ],
        },
    ),
    "teach": (
        "teach Rex --like {clips}/red.mp4 {clips}/green.mp4 --unlike {clips}/blue.mp4 --library {library}",
        {"library": str, **NAME},
    ),
    "names": ("names --library {taught}", {"library": str, "names": [{**NAME, "quality": str, "picture": NoneType}]}),
    "names forget": ("names forget Rex --library {taught}", {"library": str, "forgotten": str}),
    "names rename": ("names rename Rex Max --library {taught}", {"library": str, **NAME}),
    # What a tool's schemas hold is in tests/service/mcp/test_tools.py.
    "mcp": (
        "mcp",
        {
            "name": str,
            "version": str,
            "instructions": str,
            "tools": [
                {
                    "name": str,
                    "title": str,
                    "description": str,
                    "inputSchema": dict,
                    "outputSchema": dict,
                    "annotations": {
                        "title": str,
                        "readOnlyHint": bool,
                        "destructiveHint": bool,
                        "idempotentHint": bool,
                        "openWorldHint": bool,
                    },
                }
            ],
        },
    ),
    "mcp-config": (
        "mcp-config --library {library}",
        {"client": str, "place": str, "command": [str], "config": {"mcpServers": {"framecue": dict}}},
    ),
    "serve": (
        "serve --library {library} --port 0 --watch {clips}",
        {"url": str, "libraries": [str], "watching": [str]},
    ),
    "info": (
        "info {library}",
        {
            "library": str,
            "videos": int,
            "images": int,
            "segments": int,
            "duration_seconds": float,
            "size_bytes": int,
            "first_indexed_seconds": float,
            "last_indexed_seconds": float,
            "num_indexed_segments": MAYBE_INT,
            "has_text_index": bool,
            "text_kinds": [str],
            "fingerprint": dict,
            "encoded_by": list,
            "words": list,
            "words_failed": list,
            "meaning": NoneType,
            "is_meaning_unfinished": bool,
            "files_without_meaning": int,
            "names": list,
            "files": [{"path": str, "duration_seconds": float, "kind": str}],
            "duplicates": [DUPLICATE],
            "unreadable": list,
        },
    ),
    "info of an adapter": (
        "info moji-prompt-switch",
        {
            "folder": str,
            "method": str,
            "options": dict,
            "offline": bool,
            "paper": MAYBE_STR,
            "backbone": str,
            "revision": str,
            "framecue_version": str,
            "trainable_parameters": int,
            "new_parameters": MAYBE_INT,
            "backbone_parameters": MAYBE_INT,
            "size_bytes": int,
            "scores": dict,
            "share_of_backbone": MAYBE_FLOAT,
        },
    ),
    "clip": ("clip {clips}/green.mp4@0-1 --output {folder}/out.mp4", CUT),
    "clip of several": (
        "clip {clips}/green.mp4@0-1 {clips}/red.mp4@0-1 {clips}/gone.mp4@0-1 --output {folder}/cut/",
        {"clips": [CUT], "skipped": [{"hit": str, "reason": str}]},
    ),
    "remove": (
        "remove {clips}/red.mp4 {clips}/none.mp4 --library {library}",
        {
            "library": str,
            "removed": int,
            "skipped": [SKIPPED],
            "kept": list,
            "videos": int,
            "images": int,
            "segments": int,
        },
    ),
    "export": (
        "export moji-clip --output {folder}/graphs",
        {
            "folder": str,
            "precision": str,
            "graph": str,
            "size_bytes": int,
            "largest_difference": float,
            "cosine": NoneType,
            "rank_correlation": NoneType,
            "why_no_texts": NoneType,
        },
    ),
    # What a line holds is in test_words.py.
    "words": ("words {clips}/red.mp4 --words-from subtitles", {"path": str, "words": list}),
    "optimize": (
        "optimize --library {library}",
        {
            "library": str,
            "num_rows": int,
            "num_files": [int],
            "num_versions_dropped": int,
            "index": str,
            "num_indexed_rows": int,
        },
    ),
    "doctor": (
        "doctor --library {library} --model moji-clip",
        {
            "framecue": str,
            "python": str,
            "platform": str,
            "packages": dict,
            "ffmpeg": dict,
            "extras": dict,
            "model": {"name": str, "here": bool},
            "device": str,
            "precision": str,
            "cache": {"folder": str, "size_bytes": int, "free_bytes": int, "models": list},
            "library": {
                "library": str,
                "format": int,
                "fingerprint": dict,
                "videos": int,
                "images": int,
                "copies": int,
                "num_rows": int,
                "num_read": int,
                "error": NoneType,
                "num_bad_vectors": int,
                "num_doubled": int,
                "num_indexed": MAYBE_INT,
                "has_text_index": bool,
                "size_bytes": MAYBE_INT,
                "num_lines": int,
                "words_error": NoneType,
                "num_passage_rows": int,
                "passages_error": NoneType,
                "num_bad_passages": int,
                "num_names": int,
                "names_error": NoneType,
                "names_left": dict,
                "missing": list,
                "away": list,
                "begun_again": bool,
            },
            "findings": [{"level": str, "what": str, "way_out": str}],
            "sound": bool,
        },
    ),
    "demo": (
        "demo --dir {folder}/demo",
        {
            "folder": str,
            "library": str,
            "sheet": str,
            "right_first": int,
            "searches": [
                {
                    "query": str,
                    "expected": str,
                    "expected_seconds": (list, NoneType),
                    "results": [{**HIT, "right": bool}],
                }
            ],
            "taught": {
                "name": str,
                "examples": [str],
                "rank_before": MAYBE_INT,
                "rank": MAYBE_INT,
                "query": str,
                "expected": str,
                "expected_seconds": NoneType,
                "results": [{**HIT, "names": [str], "right": bool}],
            },
        },
    ),
    "moji-motion": (
        "moji-motion {folder}/moji --clips 1 --split test",
        {"folder": str, "clips": int, "twins": int, "splits": {"test": int}},
    ),
    "datasets prepare": (
        "datasets prepare folder --data-dir {data} --output {folder}/frames",
        {
            **{"store": str, "videos": int, "decoded": int, "frames": int, "shards": int, "size_bytes": int},
            "failed": list,
        },
    ),
    "train": (
        "train {recipe}",
        {
            "adapter": str,
            "steps": int,
            "validation": dict,
            "samples_per_second": MAYBE_FLOAT,
            "peak_memory_bytes": MAYBE_INT,
            "peak_device_memory_bytes": MAYBE_INT,
        },
    ),
    "train --dry-run": (
        "train {recipe} --dry-run",
        {
            "output_dir": str,
            "method": str,
            "examples": int,
            "videos": int,
            "validation_videos": MAYBE_INT,
            "batch_size": int,
            "steps_per_epoch": int,
            "steps": int,
            "epochs": float,
            "trained": int,
            "parameters": int,
            "seconds": float,
            "memory_bytes": dict.fromkeys(("parameters", "gradients", "optimiser", "activations", "total"), int),
            "measured": {
                "device": str,
                "tried_videos": int,
                "step_seconds": float,
                "read_seconds": float,
                "workers": int,
            },
            "paper": NoneType,
        },
    ),
    "evaluate": ("evaluate --model clip --data-dir {data}", SCORES),
    "evaluate --rerank-with": (
        "evaluate --model {real_model} --data-dir {data} --rerank-with {adapter} --depth 2",
        {**SCORES, "reranked": STAGE},
    ),
    "evaluate --rerank": (
        "evaluate --model {real_model} --data-dir {data} --rerank dsl --rerank qb-norm",
        {
            **SCORES,
            "dual_softmax": {"transductive": bool, "temperature": float, **STAGE},
            "qb_norm": {
                "transductive": bool,
                "temperature": float,
                "depth": int,
                "num_bank_texts": int,
                "num_hubs": int,
                **STAGE,
                "video_to_text": NoneType,
                "Rsum": NoneType,
                "intervals": {"text_to_video": INTERVALS},
            },
        },
    ),
    "compare": (
        "compare {ranks} {other_ranks}",
        {
            "dataset": str,
            "split": str,
            "stage": str,
            "num_videos": int,
            "num_texts": int,
            "num_resamples": int,
            "sides": [
                {
                    "name": str,
                    "runs": [str],
                    "metrics": {"text_to_video": RECALLS, "video_to_text": RECALLS},
                    "intervals": {"text_to_video": INTERVALS, "video_to_text": INTERVALS},
                }
            ],
            "differences": [
                {
                    "name": str,
                    "from": str,
                    "metrics": {"text_to_video": DIFFERENCES, "video_to_text": DIFFERENCES},
                }
            ],
        },
    ),
    "classify": (
        "classify {clips}/red.mp4 {clips}/broken.mp4 --truth {truth} --labels {queries} --template {{}} --model clip",
        {
            "labels": int,
            "templates": [str],
            "temperature": float,
            "videos": [
                {
                    "path": str,
                    "start_seconds": MAYBE_FLOAT,
                    "end_seconds": MAYBE_FLOAT,
                    "predictions": [PREDICTION],
                    "true_label": MAYBE_STR,
                    "true_rank": MAYBE_INT,
                }
            ],
            "skipped": [SKIPPED],
            "accuracy": {
                "videos": int,
                "unreadable": int,
                "top_1": SHARE,
                "top_5": SHARE,
                "class_mean": float,
                "classes": [{"label": str, "videos": int, "right": int}],
            },
        },
    ),
    "classify without truth": (
        "classify {clips}/red.mp4 --labels {queries} --template {{}} --model clip",
        {
            "labels": int,
            "templates": [str],
            "temperature": float,
            "videos": [dict],
            "skipped": list,
            "accuracy": NoneType,
        },
    ),
    "classify --questions": (
        "classify --questions {questions} --model clip",
        {
            "temperature": float,
            "questions": [
                {
                    "path": str,
                    "start_seconds": MAYBE_FLOAT,
                    "end_seconds": MAYBE_FLOAT,
                    "question": str,
                    "answers": [{"answer": str, "probability": float, "score": float}],
                    "right_answer": MAYBE_STR,
                    "right": (bool, NoneType),
                }
            ],
            "skipped": [SKIPPED],
            "known": int,
            "unreadable": int,
            "accuracy": SHARE,
            "chance": float,
        },
    ),
    "embed": (
        "embed {clips}/red.mp4 {clips}/broken.mp4 --output {folder}/out.parquet --model clip",
        {"output": str, "rows": int, "embedding_dim": int, "skipped": [SKIPPED]},
    ),
    "embed --texts": (
        "embed --texts {queries} --output {folder}/texts.parquet --model clip",
        {"output": str, "rows": int, "embedding_dim": int, "skipped": list},
    ),
    "caption": (
        "caption {clips}/red.mp4 {clips}/broken.mp4",
        {"captions": [{"path": str, "caption": str}], "skipped": [SKIPPED]},
    ),
    "methods": (
        "methods",
        {
            "backbone": {"name": str, "parameters": int},
            "num_frames": int,
            "methods": [
                {
                    "name": str,
                    "trainable_parameters": MAYBE_INT,
                    "new_parameters": MAYBE_INT,
                    "share_of_backbone": MAYBE_FLOAT,
                    "offline": bool,
                    "paper": str,
                }
            ],
        },
    ),
    "datasets": (
        "datasets",
        {
            "datasets": [
                {
                    "name": str,
                    "about": str,
                    "paper": str,
                    "has_files": bool,
                    "options": [str],
                    "splits": [
                        {
                            "split": str,
                            "options": dict,
                            "videos": MAYBE_INT,
                            "captions": MAYBE_INT,
                            "source": str,
                            "note": str,
                        }
                    ],
                    "homes": list,
                }
            ]
        },
    ),
    "datasets check": (
        "datasets check folder --data-dir {data} --readers 1",
        {
            "dataset": str,
            "data_dir": str,
            "complete": bool,
            "splits": [
                {
                    "split": str,
                    "complete": bool,
                    "listed": int,
                    "published": MAYBE_INT,
                    "captions": int,
                    "published_captions": MAYBE_INT,
                    "captions_a_video": {"min": MAYBE_INT, "mean": MAYBE_FLOAT, "max": MAYBE_INT},
                    "missing": list,
                    "renamed": list,
                    "unreadable": list,
                    "known_broken": list,
                    "also_in_test": list,
                    "problem": MAYBE_STR,
                }
            ],
        },
    ),
    "import-checkpoint": (
        "import-checkpoint {checkpoint} --format modelscope-vop --output {folder}/imported",
        {"backbone": str, "adapter": MAYBE_STR, "method": MAYBE_STR, "has_tokenizer": bool, "notes": [str]},
    ),
}


def check(value: Any, wanted: Any, where: str) -> None:
    if isinstance(wanted, dict):
        assert list(value) == list(wanted), where
        for key in wanted:
            check(value[key], wanted[key], f"{where}: {key}")
    elif isinstance(wanted, list):
        assert value, f"{where} is empty, so nothing shows what it holds"
        for item in value:
            check(item, wanted[0], where)
    else:
        # A whole number of seconds may be written without a point.
        assert isinstance(value, (int, float) if wanted is float else wanted), f"{where} is {value!r}"


@pytest.fixture
def places(
    run, loader, tmp_path: Path, clips: Path, data: Path, request: pytest.FixtureRequest
) -> Callable[[str], dict[str, str]]:
    """What the lines of the table name; most is made only where it is named."""

    def library() -> Path:
        assert run("index", clips, "--library", tmp_path / "videos.lance", "--model", "clip").code == 0
        return tmp_path / "videos.lance"

    def taught() -> Path:
        like = ("--like", clips / "red.mp4", clips / "green.mp4", "--unlike", clips / "blue.mp4")
        assert run("teach", "Rex", *like, "--library", library()).code == 0
        return tmp_path / "videos.lance"

    def queries() -> Path:
        (tmp_path / "queries.txt").write_text("red\ngreen\n")
        return tmp_path / "queries.txt"

    def truth() -> Path:
        (clips / "truth.csv").write_text("video,label\nred.mp4,red\nbroken.mp4,green\n")
        return clips / "truth.csv"

    def questions() -> Path:
        lines = [{"video": name, "answers": ["red", "green"], "answer": 0} for name in ("red.mp4", "broken.mp4")]
        (clips / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
        return clips / "questions.jsonl"

    def checkpoint() -> Path:
        torch.save({"state_dict": request.getfixturevalue("vop_weights")}, tmp_path / "vop.pth")
        return tmp_path / "vop.pth"

    def real_model() -> Path:
        return request.getfixturevalue("clip_folder")

    def adapter() -> Path:
        options = {"num_frames": 2, "num_test_frames": 2}
        model = LOAD_MODEL(real_model(), method="mean-pool", options=options)
        model.method.freeze(model.backbone)
        parts = {"backbone": model.backbone, "method": model.method, "method_name": "mean-pool"}
        save_adapter(tmp_path / "adapter", **parts, version=__version__)
        return tmp_path / "adapter"

    def recipe() -> Path:
        content = {
            "output_dir": str(tmp_path / "run"),
            "backbone": str(real_model()),
            "method": "mean-pool",
            "options": {"num_frames": 1, "num_test_frames": 1},
            "dataset": {"name": "folder", "data_dir": str(data)},
            "schedule": {"batch_size": 2, "max_steps": 1, "num_workers": 0},
        }
        (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        return tmp_path / "recipe.yaml"

    def ranks() -> Path:
        options = ("--model", "clip", "--data-dir", data, "--ranks", tmp_path / "ranks.parquet")
        assert run("evaluate", *options).code == 0
        return tmp_path / "ranks.parquet"

    def other_ranks() -> Path:
        return Path(shutil.copy(tmp_path / "ranks.parquet", tmp_path / "other.parquet"))

    makers = (library, taught, queries, truth, questions, checkpoint, real_model, adapter, recipe, ranks, other_ranks)
    shutil.copy(clips / "red.mp4", clips / "red again.mp4")
    (clips / "broken.mp4").write_bytes(b"no video")
    always = {"folder": tmp_path, "new": tmp_path / "new.lance", "clips": clips, "data": data}

    def make(line: str) -> dict[str, str]:
        named = {make.__name__: make() for make in makers if f"{{{make.__name__}}}" in line}
        return {name: str(path) for name, path in {**always, **named}.items()}

    return make


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three methods to count, and a demo of few and small clips."""
    few = {name: METHODS[name] for name in ("prompt-switch", "vop", "x-pool")}
    monkeypatch.setattr(framecue.methods, "METHODS", few)
    monkeypatch.setattr(demo, "NUM_CLIPS", 14)
    monkeypatch.setattr("framecue.datasets.moji_motion.files.IMAGE_SIZE", 64)
    monkeypatch.setattr("framecue.datasets.moji_motion.film.IMAGE_SIZE", 64)


def test_the_table_has_every_command() -> None:
    assert {name.split()[0] for name in DOCUMENTS} == set(COMMANDS)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_keys(
    run, loader, places, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, name: str
) -> None:
    line, wanted = DOCUMENTS[name]
    if name.split()[0] in ("teach", "names", "demo") or "{taught}" in line:
        # It can be taught names, and takes any words.
        request.getfixturevalue("naming")
    given = places(line)
    if name == "serve":
        # It is over as soon as it listens.
        monkeypatch.setattr("framecue.service.http.run.run", lambda app, listening, **_: listening.close())
        monkeypatch.setattr("framecue.service.desk.Desk.warm_up", lambda desk: None)
    elif name in ("train", "train --dry-run", "evaluate --rerank-with", "evaluate --rerank", "export"):
        monkeypatch.setattr("framecue.model.load_model", LOAD_MODEL)
    result = run(*(word.format(**given) for word in line.split()), "--json")
    assert result.code == 0, result.err
    check(json.loads(result.out), wanted, name)


def test_they_are_the_results_own(run, loader, places) -> None:
    uri = places("{library}")["library"]
    library = Library(uri, model=loader("clip"))
    assert json.loads(run("info", uri, "--json").out) == library.info().to_dict()
    for options in ({}, {"hybrid": True}, {"explain": True}, {"hybrid": True, "explain": True}):
        flags = [f"--{option}" for option in options]
        document = json.loads(run("search", "red", "--library", uri, *flags, "--json").out)
        assert document == SearchResult("red", library.search("red", **options)).to_dict()


def test_an_explanation_without_a_frame_says_why(run, places, clips: Path) -> None:
    uri = places("{library}")["library"]
    for name in ("red.mp4", "red again.mp4"):
        (clips / name).unlink()
    best = json.loads(run("search", "red", "-k", 1, "--explain", "--library", uri, "--json").out)["results"][0]
    check(best["explanation"], {**EXPLANATION, "frame": NoneType, "problem": str}, "explanation")
