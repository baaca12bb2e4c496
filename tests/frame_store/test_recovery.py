from __future__ import annotations

from pathlib import Path

from framecue.frame_store.recovery import find


def test_what_is_found(prepare, folder: Path, tmp_path: Path) -> None:
    store, told = tmp_path / "store", []
    store.mkdir()
    found = find(store, tell=told.append)
    assert (found.videos, found.next_shard, found.partial_bytes, found.next_id, told) == ({}, 0, 0, 0, [])
    made = prepare(shard_bytes=12_000)
    found = find(store, tell=told.append)
    assert sorted(found.videos) == [f"{number}.mp4" for number in range(5)]
    assert (found.next_shard, found.partial_bytes, found.next_id) == (made.num_shards, 0, 5)
    assert sum(found.shard_bytes.values()) == made.size_bytes
    assert told == []


def test_numbers_of_lost_shards_are_not_given_again(prepare, tmp_path: Path) -> None:
    store, told = tmp_path / "store", []
    made = prepare(shard_bytes=12_000)
    last = store / f"shard-{made.num_shards - 1:05d}.tar"
    last.unlink()
    found = find(store, tell=told.append)
    assert found.next_shard == made.num_shards
    assert len(found.videos) < 5
    assert told == [f"{last} is not there; its videos that are not whole are read again"]


def test_an_unfinished_shard_counts_where_the_index_is_lost(prepare, tmp_path: Path) -> None:
    store = tmp_path / "store"
    made = prepare(shard_bytes=12_000)
    last = store / f"shard-{made.num_shards - 1:05d}.tar"
    last.rename(f"{last}.partial")
    (store / "index.parquet").unlink()
    (store / "shard-00000.tar").unlink()
    found = find(store, tell=lambda line: None)
    assert found.next_shard == made.num_shards - 1
    assert found.partial_bytes > 0
    assert "0.mp4" not in found.videos
    assert "4.mp4" in found.videos
