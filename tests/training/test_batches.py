from __future__ import annotations

import math
import time
from collections import Counter
from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.datasets.examples import Example
from framecue.training.batches import SlicedSource, UniqueVideoBatchSampler, collate, plan_batches


class Source:
    """Examples by the name of their video."""

    def __init__(self, videos: list[str]) -> None:
        self.videos = videos
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.videos)

    def video_of(self, index: int) -> str:
        return self.videos[index]

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __getitems__(self, indices: object) -> list[Example]:
        raise AssertionError("planning reads no example")


def sampler(videos: list[str], **options: int) -> UniqueVideoBatchSampler:
    return UniqueVideoBatchSampler(Source(videos), **{"batch_size": 4, "seed": 0, **options})


VIDEOS = st.lists(st.integers(0, 12).map(str), min_size=1, max_size=60)
SIZES = st.integers(2, 9)


@settings(deadline=None)
@given(VIDEOS, SIZES, st.integers(0, 5))
def test_a_plan_uses_each_example_once_and_no_video_twice_in_a_batch(videos: list[str], size: int, epoch: int) -> None:
    plan = sampler(videos, batch_size=size, seed=3)
    plan.set_epoch(epoch)
    batches = list(plan)
    assert sorted(index for batch in batches for index in batch) == list(range(len(videos)))
    for batch in batches:
        assert 1 <= len(batch) <= size
        assert len({videos[index] for index in batch}) == len(batch)


@settings(deadline=None)
@given(VIDEOS, SIZES)
def test_every_epoch_has_the_same_and_fewest_batches(videos: list[str], size: int) -> None:
    plan = sampler(videos, batch_size=size)
    fewest = max(math.ceil(len(videos) / size), max(Counter(videos).values()))
    for epoch in range(3):
        plan.set_epoch(epoch)
        assert len(plan) == len(list(plan)) == fewest


@settings(deadline=None)
@given(VIDEOS, SIZES)
def test_an_example_is_alone_only_where_no_batch_can_spare_one(videos: list[str], size: int) -> None:
    lengths = [len(batch) for batch in sampler(videos, batch_size=size)]
    assert 1 not in lengths or max(lengths) <= 2


@settings(deadline=None)
@given(st.integers(1, 60), SIZES)
def test_with_a_video_an_example_only_the_last_batches_are_short(num: int, size: int) -> None:
    batches = plan_batches([str(index) for index in range(num)], batch_size=size)
    lengths = [len(batch) for batch in batches]
    assert all(length == size for length in lengths[:-2])
    if num % size != 1:
        assert [index for batch in batches for index in batch] == list(range(num))
        assert all(length == size for length in lengths[:-1])


def test_a_batch_of_one_gets_a_partner() -> None:
    assert plan_batches(list("abcdefghi"), batch_size=4) == [[0, 1, 2, 3], [4, 5, 6], [8, 7]]


def test_an_exchange_makes_room_where_the_open_batches_hold_the_video() -> None:
    """`a a` at the end: the third batch can take one, the other has to go where another video makes room."""
    batches = plan_batches(list("bcdeaa"), batch_size=2)
    assert len(batches) == 3
    assert all(len({"bcdeaa"[place] for place in batch}) == len(batch) == 2 for batch in batches)


def test_the_seed_and_the_epoch_decide_the_order() -> None:
    videos = [str(index // 3) for index in range(60)]

    def order(seed: int, epoch: int) -> list[list[int]]:
        plan = sampler(videos, seed=seed)
        plan.set_epoch(epoch)
        return list(plan)

    assert order(1, 0) == order(1, 0)
    assert order(1, 2) == order(1, 2)
    assert len({str(order(seed, epoch)) for seed in (1, 2) for epoch in (0, 1, 2)}) == 6


def test_going_back_to_an_epoch_gives_its_order_again() -> None:
    plan = sampler([str(index) for index in range(40)])
    first = list(plan)
    plan.set_epoch(1)
    assert list(plan) != first
    plan.set_epoch(0)
    assert list(plan) == first


def test_without_shuffling_the_source_decides_the_order() -> None:
    plan = UniqueVideoBatchSampler(Source(list("abcdefgh")), batch_size=4, seed=0, shuffle=False)
    plan.set_epoch(5)
    assert list(plan) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_the_source_hears_of_the_epoch() -> None:
    source = Source(list("ab"))
    UniqueVideoBatchSampler(source, batch_size=2, seed=0).set_epoch(3)
    assert source.epoch == 3


@pytest.mark.parametrize("num_videos", [10_000, 50])
def test_planning_takes_seconds_for_200_000_captions(num_videos: int) -> None:
    """Twenty captions a video, as in MSR-VTT; and few videos of thousands of captions, where no batch gets full."""
    videos = [str(index % num_videos) for index in np.random.default_rng(0).permutation(200_000)]
    start = time.process_time()
    batches = plan_batches(videos, batch_size=128)
    assert time.process_time() - start < 10
    assert len(batches) == max(math.ceil(200_000 / 128), 200_000 // num_videos)
    assert sum(len(batch) for batch in batches) == 200_000


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sampled_from(["a cat", "a dog", "a fox"]), min_size=1, max_size=6))
def test_collate_gives_equal_keys_to_equal_captions_and_to_equal_videos(captions: list[str]) -> None:
    examples = [
        Example(torch.full((2, 3, 4, 4), number, dtype=torch.uint8), caption, str(number // 2))
        for number, caption in enumerate(captions)
    ]
    batch = collate(examples)
    assert batch["captions"] == captions
    assert batch["frames"].shape == (len(captions), 2, 3, 4, 4)
    assert batch["num_real"].tolist() == [2] * len(captions)
    assert batch["frames"].dtype == torch.uint8
    assert batch["frames"][:, 0, 0, 0, 0].tolist() == list(range(len(captions)))
    for keys, texts in (
        (batch["caption_keys"], captions),
        (batch["video_keys"], [example.video_id for example in examples]),
    ):
        assert keys.dtype == torch.int64
        assert keys.shape == (len(captions), 2)
        equal = (keys[:, None] == keys[None]).all(dim=-1)
        assert equal.tolist() == [[one == other for other in texts] for one in texts]


def test_the_key_of_a_text_is_known() -> None:
    """The same in every process and on every machine, which Python's own hash is not."""
    digest = bytes.fromhex("6eda1d6f0337894464a66e34f5d33507")
    example = Example(torch.zeros(1, 3, 1, 1, dtype=torch.uint8), "a cat", "1")
    assert collate([example])["caption_keys"].numpy().tobytes() == digest


def test_no_example_is_an_empty_batch() -> None:
    batch = collate([])
    assert {name: len(value) for name, value in batch.items()} == dict.fromkeys(batch, 0)
    assert batch["video_keys"].shape == (0, 2)


@settings(deadline=None)
@given(VIDEOS, SIZES, st.integers(1, 4))
def test_processes_share_each_batch_out_and_together_have_it(videos: list[str], size: int, count: int) -> None:
    slices = [list(sampler(videos, batch_size=size, rank=rank, num_processes=count)) for rank in range(count)]
    whole = list(sampler(videos, batch_size=size))
    assert [list(chain.from_iterable(parts)) for parts in zip(*slices, strict=True)] == whole
    for parts in zip(*slices, strict=True):
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_an_empty_slice_asks_the_source_for_nothing() -> None:
    sliced = SlicedSource(Source(list("abc")))
    assert len(sliced) == 3
    assert sliced.__getitems__([]) == []
    with pytest.raises(AssertionError, match="planning reads no example"):
        sliced.__getitems__([1])


def test_collate_says_how_many_frames_are_real() -> None:
    frames = torch.zeros(4, 3, 2, 2, dtype=torch.uint8)
    batch = collate([Example(frames, "a", "1", 3), Example(frames, "b", "2"), Example(frames, "c", "3", 1)])
    assert batch["num_real"].tolist() == [3, 4, 1]
    assert batch["num_real"].dtype == torch.int64


def test_collate_has_what_lies_under_titles_where_there_are_any() -> None:
    frames, under = torch.zeros(4, 3, 2, 2, dtype=torch.uint8), torch.ones(4, 3, 2, 2, dtype=torch.uint8)
    plain, titled = Example(frames, "a", "1"), Example(frames, "b", "2", original=under)
    assert "originals" not in collate([plain, plain])
    assert torch.equal(collate([plain, titled])["originals"], torch.stack([frames, under]))
