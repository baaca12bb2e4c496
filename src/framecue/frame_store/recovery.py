"""What a run that fills a store finds in its folder: what a killed run has left, shards that are lost or cut off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from framecue.errors import DatasetError
from framecue.frame_store.index import read_index
from framecue.frame_store.layout import PARTIAL_SUFFIX, finished_shards, partial_shards, shard_name
from framecue.frame_store.shard import ShardWriter, scan_shard
from framecue.frame_store.stored import StoredVideo

__all__ = ["Found", "find"]


@dataclass(eq=False)
class Found:
    """What is in a store.

    Attributes:
        videos: by their paths; of several with one path the newest.
        shard_bytes: the size of each finished shard, by its number.
        next_shard: the number of the shard to fill next.
        partial_bytes: how much of that shard is there and whole.
        next_id: the number of the next video.
    """

    videos: dict[str, StoredVideo]
    shard_bytes: dict[int, int]
    next_shard: int
    partial_bytes: int
    next_id: int

    def open_shard(self, folder: Path) -> ShardWriter:
        """Open the shard to fill next, with what is whole in it."""
        return ShardWriter(folder, self.next_shard, size_bytes=self.partial_bytes)


def find(folder: Path, *, tell: Callable[[str], None]) -> Found:
    """Look what is in a store, and take over what a killed run has left.

    Args:
        folder: the store.
        tell: is given a line about each thing that is not as it should be.
    """
    known: dict[str, StoredVideo] = {}
    sizes: dict[int, int] = {}
    on_disk = finished_shards(folder)
    try:
        index = read_index(folder)
        known, sizes = index.videos, index.shard_bytes
    except DatasetError as error:
        if on_disk:
            tell(f"{error.args[0].partition(';')[0]}; making it anew from the shards")
    actual = {number: (folder / shard_name(number)).stat().st_size for number in on_disk}
    is_sound = {number: actual.get(number) == size for number, size in sizes.items()}
    for number, sound in is_sound.items():
        if not sound:
            what = "is not there" if number not in actual else f"has {actual[number]} bytes, not {sizes[number]}"
            tell(f"{folder / shard_name(number)} {what}; its videos that are not whole are read again")
    videos = [video for video in known.values() if is_sound.get(video.shard, False)]
    for number in on_disk:
        if not is_sound.get(number, False):
            videos += scan_shard(folder / shard_name(number), number)[0]
    # Numbers of shards that were lost are not given again: an index of before may still be open somewhere.
    partials = partial_shards(folder)
    next_shard, partial_bytes = max([*sizes, *on_disk, *(number - 1 for number in partials)], default=-1) + 1, 0
    if next_shard in partials:
        whole, partial_bytes = scan_shard(folder / f"{shard_name(next_shard)}{PARTIAL_SUFFIX}", next_shard)
        videos += whole
    newest: dict[str, StoredVideo] = {}
    for video in sorted(videos, key=lambda video: video.id):
        newest[video.path] = video
    next_id = max((video.id for video in videos), default=-1) + 1
    return Found(newest, actual, next_shard, partial_bytes, next_id)
