"""Datasets by name, and what each has for training, validation and evaluation."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from framecue.datasets import Clip, read_captions, write_captions
from framecue.datasets.base import DatasetConfig, FileDataset
from framecue.datasets.folder import FolderData
from framecue.datasets.moji_motion.config import VALIDATION_SEED_STEP, MojiClipsData, MojiStillsData
from framecue.datasets.registry import ALL_DATASETS, DATASETS, dataset_in, dataset_named
from framecue.errors import DatasetError, InputError, UnknownNameError
from framecue.video import FrameSampling, write_video

ACME = '''
from typing import Literal

from framecue.datasets.base import FileDataset
from framecue.datasets.captions import Clip

class Pairs(FileDataset):
    """Videos beside text files of the same name; `which` has to be said."""

    name: Literal["acme-pairs"] = "acme-pairs"
    limit: int = 2

    def clips(self, split):
        files = sorted(self.data_dir.glob("*.mp4"))[: self.limit]
        return [Clip(file, tuple(file.with_suffix(".txt").read_text().splitlines()), split) for file in files]

class Choosy(Pairs):
    name: Literal["choosy"] = "choosy"
    which: int

class Misnamed(FileDataset):
    name: Literal["another"] = "another"
'''


KNOWN = "activitynet, didemo, folder, lsmdc, moji-motion, moji-stills, msr-vtt, msvd, vatex, webdataset"
OF_FILES = "activitynet, didemo, folder, lsmdc, msr-vtt, msvd, vatex, webdataset"


@pytest.fixture
def acme(install: Callable[..., Path]) -> None:
    names = {"acme-pairs": "Pairs", "choosy": "Choosy", "misnamed": "Misnamed", "no-config": "Clip"}
    install("acme", {"framecue.datasets": {name: f"acme:{target}" for name, target in names.items()}}, ACME)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three videos with a text file each, and a `captions.jsonl`."""
    clips = []
    for number in range(3):
        video = tmp_path / f"{number}.mp4"
        write_video(video, [np.full((16, 16, 3), 40 * number, dtype=np.uint8)] * 4, frames_per_second=4)
        video.with_suffix(".txt").write_text(f"first of {number}\nsecond of {number}\n", encoding="utf-8")
        clips.append(Clip(video, (f"clip {number}", f"again {number}"), "train" if number < 2 else "val"))
    write_captions(tmp_path, clips)
    return tmp_path


@pytest.fixture
def model() -> Any:
    """What datasets ask of a model: its sampling, its size, its cropping."""

    def crop(frames: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(frames[:, :8, :8])).permute(0, 3, 1, 2)

    backbone = SimpleNamespace(preprocess=SimpleNamespace(resize_and_crop=crop), vision=SimpleNamespace(image_size=16))
    return SimpleNamespace(backbone=backbone, train_sampling=FrameSampling(2), sampling=FrameSampling(3), short_side=32)


def test_the_datasets_there_are() -> None:
    # The names are fixed: documents and recipes use them.
    assert list(DATASETS) == [
        *("folder", "webdataset", "msr-vtt", "msvd", "lsmdc", "didemo", "activitynet", "vatex"),
        *("moji-motion", "moji-stills"),
    ]
    assert ALL_DATASETS.names() == list(DATASETS)
    for name, config in DATASETS.items():
        assert dataset_named(name) is config
        assert issubclass(config, DatasetConfig)
        assert config.model_fields["name"].default == name
        assert ALL_DATASETS.why_not(name, config) is None


def test_an_unknown_dataset_lists_the_known_ones(tmp_path: Path) -> None:
    for look_up in (dataset_named, lambda name: dataset_in(name, tmp_path)):
        with pytest.raises(UnknownNameError, match=rf"^unknown dataset 'msr-vt'; known: {KNOWN}$"):
            look_up("msr-vt")


def test_configs_are_read_without_torch() -> None:
    # A misspelt key of a recipe is said at once.
    program = "import sys, framecue.datasets.registry; sys.exit('torch' in sys.modules or 'av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_folder_has_its_clips_and_examples_of_them(folder: Path, model: Any) -> None:
    data = dataset_in("folder", folder)
    assert data == FolderData(data_dir=folder)
    assert data.clips("val") == read_captions(folder, "val")
    assert data.shuffles
    train, val = data.train(model, seed=1), data.val(model)
    assert [example.caption for example in train.__getitems__(range(len(train)))] == [
        *("clip 0", "again 0", "clip 1", "again 1"),
    ]
    assert [example.caption for example in val.__getitems__(range(len(val)))] == ["clip 2"]
    assert train.__getitems__([0])[0].frames.shape == (2, 3, 8, 8)
    assert val.__getitems__([0])[0].frames.shape == (3, 3, 8, 8)
    with pytest.raises(DatasetError, match="no clip is in split 'test'"):
        data.clips("test")


def test_the_seed_and_the_source_of_frames_reach_the_examples(folder: Path, model: Any) -> None:
    source: Any = object()
    data = FolderData(data_dir=folder)
    train, val = data.train(model, seed=7, frame_source=source), data.val(model, frame_source=source)
    assert (train.seed, train.frame_source, train.at_test) == (7, source, False)  # type: ignore[attr-defined]
    assert (val.frame_source, val.at_test) == (source, True)  # type: ignore[attr-defined]


def test_what_is_tested_on_does_not_choose_the_checkpoint(folder: Path, model: Any) -> None:
    clips = read_captions(folder)
    again = Clip(clips[2].video, clips[2].captions, "test")
    write_captions(folder, [*clips, again], overwrite=True)
    data = dataset_in("folder", folder)
    with pytest.raises(
        DatasetError, match=r"1 clips of split 'val' are in split 'test', too, first \S+2\.mp4; what trains or chooses"
    ):
        data.val(model)
    assert len(data.train(model, seed=0)) == 4


def test_what_is_tested_on_does_not_train(folder: Path, model: Any) -> None:
    clips = read_captions(folder)
    write_captions(folder, [*clips, replace(clips[1], split="test")], overwrite=True)
    data = dataset_in("folder", folder)
    with pytest.raises(
        DatasetError,
        match=r"1 clips of split 'train' are in split 'test', too, first \S+1\.mp4; what trains or chooses",
    ):
        data.train(model, seed=0)
    assert len(data.val(model)) == 1


@pytest.mark.parametrize("split", ["train", "val"])
def test_windows_of_a_file_are_kept_apart_from_the_test(folder: Path, model: Any, split: str) -> None:
    clip = read_captions(folder)[0]

    def examples(start: float | None, end: float | None) -> Any:
        mine = replace(clip, split=split, start_seconds=start, end_seconds=end)
        test = replace(clip, split="test", start_seconds=0.25, end_seconds=0.5)
        write_captions(folder, [mine, test], overwrite=True)
        data = dataset_in("folder", folder)
        return data.train(model, seed=0) if split == "train" else data.val(model)

    for start, end in ((None, None), (0, 0.3), (0.4, None), (0.3, 0.4)):
        with pytest.raises(DatasetError, match=f"1 clips of split '{split}' are in split 'test', too"):
            examples(start, end)
    # What only touches is another video.
    for start, end in ((0, 0.25), (0.5, None)):
        assert len(examples(start, end)) > 0


def test_what_a_folder_has_of_a_split(folder: Path) -> None:
    data = dataset_in("folder", folder)
    copy = data.copy_of("train")
    assert (copy.split, copy.listed, copy.caption_counts, copy.missing) == ("train", 2, (2, 2), ())
    assert copy.clips == tuple(data.clips("train"))
    assert data.options() == {"captions_file": None}
    assert dataset_in("folder", folder, {"captions_file": "captions.jsonl"}).clips("val") == data.clips("val")
    with pytest.raises(DatasetError, match="dataset folder: unknown key 'captionsfile'"):
        dataset_in("folder", folder, {"captionsfile": "x"})


def test_generated_clips_of_a_config(model: Any) -> None:
    data = MojiClipsData(num_examples=9, num_val=5, seed=3, single_share=0.5, place_share=0.1, early_share=0.2)
    assert not data.shuffles
    train, val = data.train(model, seed=8), data.val(model)
    assert (len(train), train.seed, train.split, train.image_size) == (9, 3, "train", 16)
    assert (train.single_share, train.place_share, train.early_share, train.motion_share) == (0.5, 0.1, 0.2, 0.0)
    assert (len(val), val.seed, val.split) == (5, 3, "val")
    assert (val.single_share, val.place_share, val.early_share) == (0.25, 0.0, 0.0)
    rng = np.random.default_rng(0)
    assert len(train.sample(30, rng)) == 2
    assert val.sample(30, rng) == FrameSampling(3).test_indices(30)


def test_generated_stills_of_a_config(model: Any) -> None:
    data = MojiStillsData(num_examples=9, num_val=5, seed=3, group_size=4)
    train, val = data.train(model, seed=8), data.val(model)
    assert (len(train), train.seed, train.group_size, train.image_size) == (9, 3, 4, 16)
    assert (len(val), val.seed, val.group_size) == (5, 3 + VALIDATION_SEED_STEP, 4)
    assert VALIDATION_SEED_STEP == 1_000_003  # shipped models were chosen by it
    assert train.backwards(0) is None


@pytest.mark.parametrize("name", ["moji-motion", "moji-stills"])
def test_what_is_generated_has_no_files_to_evaluate(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        DatasetError,
        match=rf"^dataset {name} is drawn as it is needed and has no files .*; datasets of files: {OF_FILES}$",
    ):
        dataset_in(name, tmp_path)
    with pytest.raises(DatasetError, match=rf"^dataset {name} is drawn as it is needed: it has no files"):
        dataset_named(name).model_validate({"name": name, "num_examples": 4}).clips("test")


@pytest.mark.usefixtures("acme")
def test_a_packages_dataset_says_its_clips_and_has_the_rest(folder: Path, model: Any) -> None:
    assert ALL_DATASETS.names() == [*DATASETS, "acme-pairs", "choosy", "misnamed", "no-config"]
    data = dataset_in("acme-pairs", folder)
    assert [clip.captions for clip in data.clips("test")] == [(f"first of {n}", f"second of {n}") for n in range(2)]
    assert (len(data.train(model, seed=0)), len(data.val(model))) == (4, 2)


@pytest.mark.usefixtures("acme")
def test_a_packages_dataset_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"^dataset choosy: 'which' is missing$"):
        dataset_in("choosy", tmp_path)
    with pytest.raises(InputError, match=r"package acme \(acme:Misnamed\).*`name` has to be Literal\['misnamed'\]"):
        dataset_named("misnamed")
    with pytest.raises(InputError, match=r"'no-config' of package acme .* it is no subclass of DatasetConfig"):
        dataset_named("no-config")
    with pytest.raises(DatasetError, match=r"datasets of files: acme-pairs, activitynet, choosy, "):
        dataset_in("moji-motion", tmp_path)


def test_what_a_dataset_has_to_define(tmp_path: Path, install: Callable[..., Path]) -> None:
    source = """
from typing import Literal
from framecue.datasets.base import FileDataset

class Silent(FileDataset):
    name: Literal["silent"] = "silent"
"""
    install("acme", {"framecue.datasets": {"silent": "acme:Silent"}}, source)
    with pytest.raises(InputError, match=r"'silent' of package acme .* cannot be used: it does not define clips; mend"):
        dataset_named("silent")
    for config in (DatasetConfig, FileDataset):
        with pytest.raises(TypeError, match="abstract"):
            config(name="x", data_dir=tmp_path)
