"""Folders as the field's data sets lie on people's disks: annotation files of the published shapes, and tiny videos.

The shapes are those of the files in CLIP4Clip's releases, LisaAnne/LocalizingMoments, ActivityNet Captions and VATEX.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.colours import COLOURS, write_clip

__all__ = [
    "BROKEN",
    "VIDEOS",
    "WRITERS",
    "touch",
    "write_activitynet",
    "write_data",
    "write_didemo",
    "write_lsmdc",
    "write_msr_vtt",
    "write_msvd",
    "write_vatex",
]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def write_msr_vtt(folder: Path, *, splits: dict[str, str] | None = None) -> None:
    splits = splits or {"video0": "train", "video1": "train", "video6513": "validate", "video7010": "test"}
    sentences = [
        {"caption": f"caption {n} of {video}", "video_id": video, "sen_id": n} for n in range(3) for video in splits
    ]
    videos = [{"video_id": video, "split": split, "id": n} for n, (video, split) in enumerate(splits.items())]
    (folder / "MSRVTT_data.json").write_text(json.dumps({"info": {}, "videos": videos, "sentences": sentences}))
    (folder / "MSRVTT_train.9k.csv").write_text("video_id\nvideo0\nvideo1\nvideo6513\n")
    (folder / "MSRVTT_train.7k.csv").write_text("video_id\nvideo0\nvideo6513\n")
    (folder / "MSRVTT_JSFUSION_test.csv").write_text(
        'key,vid_key,video_id,sentence\nret0,msr7010,video7010,"a man, and a dog"\n'
    )


def write_msvd(folder: Path) -> None:
    captions = {"a_1_5": ["a cat", "a cat sits"], "b_2_4": ["a dog"], "c_0_9": ["a bird", "it flies", "a bird"]}
    (folder / "captions_msvd.json").write_text(json.dumps(captions))
    for split, video in (("train", "a_1_5"), ("val", "b_2_4"), ("test", "c_0_9")):
        (folder / f"{split}_list.txt").write_text(f"{video}\n")


BROKEN = "1012_Unbreakable_00.05.16.065-00.05.21.941"


def write_lsmdc(folder: Path) -> None:
    times = "00.00.01.000\t00.00.02.000\t00.00.01.000\t00.00.02.000"
    files = {
        "LSMDC16_annos_training.csv": [("0001_FILM_00.00.01.000-00.00.02.000", 'SOMEONE says "hi'), ("0001_B", "one")],
        "LSMDC16_annos_val.csv": [("0002_A", "waits")],
        "LSMDC16_challenge_1000_publictect.csv": [("0003_A", "walks"), (BROKEN, "picks up"), ("0003_B", "runs")],
    }
    files["LSMDC16_annos_training.csv"].append(("0001_B", "two"))
    for name, rows in files.items():
        (folder / name).write_text("".join(f"{clip}\t{times}\t{text}\n" for clip, text in rows))


def write_didemo(folder: Path) -> None:
    def entry(video: str, text: str) -> dict[str, Any]:
        return {"num_segments": 6, "description": text, "times": [[0, 0]], "video": video, "annotation_id": 1}

    entries = {
        "train": [entry("1@N_2_a.mov", "it begins.")],
        "val": [entry("2@N_2_b.mp4", "waves")],
        "test": [
            *(entry("3@N_2_c.mov", "a man"), entry("4@N_2_d", "a cat"), entry("3@N_2_c.mp4", "he goes ")),
            *(entry("5@N_2_e.", "no ending"), entry("6@N_2_f.m2ts", "other ending")),
        ],
    }
    for split, listed in entries.items():
        (folder / f"{split}_data.json").write_text(json.dumps(listed))


def write_activitynet(folder: Path) -> None:
    def entry(*sentences: str) -> dict[str, Any]:
        return {"duration": 9.5, "timestamps": [[0, 1] for _ in sentences], "sentences": list(sentences)}

    train = {f"v_train{n}": entry("One.", f" Then {n}.") for n in range(5)}
    (folder / "train.json").write_text(json.dumps(train))
    (folder / "val_1.json").write_text(json.dumps({"v_test-1": entry("A man. ", "  He runs."), "v_bad": entry("x")}))


def write_vatex(folder: Path) -> None:
    def entries(*names: str) -> str:
        return json.dumps([{"videoID": name, "enCap": [f"{name} one", f"{name} two"], "chCap": []} for name in names])

    (folder / "vatex_training_v1.0.json").write_text(entries("t1_000000_000010", "t2_000001_000011"))
    (folder / "vatex_validation_v1.0.json").write_text(entries("v1", "v2", "v3"))
    (folder / "vatex_public_test_english_v1.1.json").write_text(entries("p1"))
    (folder / "test_list.txt").write_text("v3\nv1\n")


WRITERS: dict[str, Callable[[Path], None]] = {
    "msr-vtt": write_msr_vtt,
    "msvd": write_msvd,
    "lsmdc": write_lsmdc,
    "didemo": write_didemo,
    "activitynet": write_activitynet,
    "vatex": write_vatex,
}
VIDEOS = {
    "msr-vtt": ["TrainValVideo/video0.mp4", "TrainValVideo/video1.mp4", "x/video6513.webm", "TestVideo/video7010.mp4"],
    "msvd": ["YouTubeClips/a_1_5.avi", "YouTubeClips/b_2_4.avi", "YouTubeClips/c_0_9.avi"],
    "lsmdc": [
        *("avi/0001_FILM/0001_FILM_00.00.01.000-00.00.02.000.avi", "avi/0001_B.avi", "avi/0002_A.avi"),
        *("avi/0003_A.avi", "avi/0003_B.avi"),
    ],
    "didemo": ["1@N_2_a.mov", "2@N_2_b.mp4", "3@N_2_c.mp4", "4@N_2_d", "5@N_2_e.", "6@N_2_f.mp4"],
    "activitynet": [*(f"v_train{n}.mp4" for n in range(5)), "test-1.mkv", "v_bad.mp4"],
    "vatex": ["t1_000000_000010.mp4", "t2_000001_000011.mp4", "v1.mp4", "v2.mp4", "v3.mp4", "p1.mp4"],
}


def write_data(name: str, folder: Path) -> None:
    """Write a data set that can be trained on: its lists with more than one training video, and a video for each."""
    folder.mkdir(parents=True)
    WRITERS[name](folder)
    more = []
    if name == "msr-vtt":
        (folder / "MSRVTT_train.7k.csv").write_text("video_id\nvideo0\nvideo1\nvideo6513\n")
    elif name == "msvd":
        captions = json.loads((folder / "captions_msvd.json").read_text())
        (folder / "captions_msvd.json").write_text(json.dumps({**captions, "d_1_2": ["a man"]}))
        (folder / "train_list.txt").write_text("a_1_5\nd_1_2\n")
        more = ["YouTubeClips/d_1_2.avi"]
    elif name == "didemo":
        entries = json.loads((folder / "train_data.json").read_text())
        (folder / "train_data.json").write_text(
            json.dumps([*entries, {**entries[0], "video": "7@N_2_g.mp4", "description": "a man waves"}])
        )
        more = ["7@N_2_g.mp4"]
    for number, video in enumerate((*VIDEOS[name], *more)):
        colour = list(COLOURS)[number % len(COLOURS)]
        made = write_clip(folder / "made.mp4", colour, seed=number)
        (folder / video).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, folder / video)
