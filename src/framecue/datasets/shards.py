"""Shards: tar archives in which the files of a sample have one name and several endings, as WebDataset has them."""

from __future__ import annotations

import json
import logging
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from framecue.datasets.clips import Clip, check_clip_window
from framecue.errors import DatasetError
from framecue.validation import shown
from framecue.video.read.suffixes import VIDEO_SUFFIXES

__all__ = ["expand_braces", "read_shard"]

logger = logging.getLogger(__name__)

MAX_TEXT_BYTES = 1_000_000
_BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")
MAX_EXPANDED = 100_000


class _Sample(NamedTuple):
    """The files of one sample by their endings (lower case, without the dot): names, and texts that were read."""

    names: dict[str, str]
    texts: dict[str, bytes]


def expand_braces(pattern: str) -> list[str]:
    """Return the patterns that ``shard-{000..123}.tar`` stands for; one without braces stands for itself.

    Raises:
        DatasetError: it stands for more than 100 000.
    """
    match = _BRACES.search(pattern)
    if match is None:
        return [pattern]
    first, last = match[1], match[2]
    if int(last) - int(first) >= MAX_EXPANDED:
        raise DatasetError(f"{pattern}: stands for more than {MAX_EXPANDED} shards; use a * instead")
    width = len(first)
    before, after = pattern[: match.start()], expand_braces(pattern[match.end() :])
    return [f"{before}{number:0{width}d}{rest}" for number in range(int(first), int(last) + 1) for rest in after]


def read_shard(shard: Path, split: str) -> list[Clip]:
    """Return the clips of a shard in its order; no video is read, and nothing is unpacked.

    A sample's video is ``KEY.mp4`` or another video's ending; its captions are ``KEY.json`` (``captions``, a list, or
    ``caption`` or ``text``, with ``start_seconds`` and ``end_seconds`` if wanted) or ``KEY.txt`` (one caption). The key
    is the name up to the first dot after the last slash. Other members, such as pickles, are never opened. Samples
    without a video or without a caption are left out, with one warning a shard.

    Args:
        shard: an uncompressed tar file.
        split: the clips' split.

    Raises:
        DatasetError: the shard is no sound tar archive or was cut off, a member stands twice, or a JSON is malformed.
    """
    clips: list[Clip] = []
    left_out: list[str] = []
    for key, sample in _samples(shard).items():
        clip = _clip_of(shard, key, sample, split)
        if clip is None:
            left_out.append(key)
        else:
            clips.append(clip)
    if left_out:
        logger.warning(
            "%s: leaves out %d of its samples, which lack a video or a caption; the first is %s",
            shard, len(left_out), left_out[0],
        )  # fmt: skip
    return clips


def _samples(shard: Path) -> dict[str, _Sample]:
    samples: dict[str, _Sample] = {}
    try:
        size = shard.stat().st_size
        with tarfile.open(shard, "r:") as tar:
            end = 0
            for member in tar:
                end = member.offset_data + member.size
                if end > size:
                    raise DatasetError(f"{shard}: is cut off within {member.name} ({size} bytes); get the shard again")
                if member.isreg():
                    _note(shard, tar, member, samples)
                tar.members = []  # type: ignore[attr-defined]  # which would be kept for the archive's whole length
        # tarfile takes the end of a file for the end of an archive; a whole one has an empty block there.
        with shard.open("rb") as file:
            file.seek(end + -end % tarfile.BLOCKSIZE)
            if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
                raise DatasetError(f"{shard}: is cut off after {size} bytes, as its end mark is missing; get it again")
    except tarfile.TarError as error:
        packed = "; unpack .gz and the like first" if shard.suffix.lower() != ".tar" else ""
        raise DatasetError(f"{shard}: is no sound tar archive ({error}); get the shard again{packed}") from error
    except OSError as error:
        raise DatasetError(f"{shard}: cannot be read ({error.strerror or error})") from error
    return samples


def _note(shard: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, samples: dict[str, _Sample]) -> None:
    name = member.name.removeprefix("./")
    path = PurePosixPath(name)
    stem, dot, ending = path.name.partition(".")
    if not stem or not dot:
        return
    key, ending = (path.parent / stem).as_posix(), ending.lower()
    sample = samples.setdefault(key, _Sample({}, {}))
    if ending in sample.names:
        raise DatasetError(f"{shard}: {name} stands there twice; make the shard again with names of its own for each")
    sample.names[ending] = name
    if ending in ("txt", "json"):
        if member.size > MAX_TEXT_BYTES:
            raise DatasetError(f"{shard}, {name}: has {member.size} bytes; captions have at most {MAX_TEXT_BYTES}")
        content = tar.extractfile(member)
        assert content is not None  # it is a regular file
        sample.texts[ending] = content.read()


def _clip_of(shard: Path, key: str, sample: _Sample, split: str) -> Clip | None:
    video = next((name for ending, name in sample.names.items() if f".{ending}" in VIDEO_SUFFIXES), None)
    if video is None:
        return None
    record = _record(shard, sample)
    captions = tuple(_captions(shard, sample, record))
    if not captions:
        return None
    where = f"{shard}, {key}"
    start_seconds, end_seconds = (_seconds(record, name, where) for name in ("start_seconds", "end_seconds"))
    check_clip_window(start_seconds, end_seconds, where)
    return Clip(shard / video, captions, split, None, {"id": key}, start_seconds, end_seconds)


def _record(shard: Path, sample: _Sample) -> Mapping[str, Any]:
    if "json" not in sample.texts:
        return {}
    where = f"{shard}, {sample.names['json']}"
    try:
        record = json.loads(sample.texts["json"].decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where}: is not JSON ({error})") from error
    if not isinstance(record, dict):
        raise DatasetError(f"{where}: is {shown(record)}; a sample's JSON is an object")
    return record


def _captions(shard: Path, sample: _Sample, record: Mapping[str, Any]) -> Iterator[str]:
    for name in ("captions", "caption", "text"):
        value = record.get(name)
        texts = [value] if isinstance(value, str) else value
        if texts is None:
            continue
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise DatasetError(
                f'{shard}, {sample.names["json"]}: "{name}" is {shown(value)}; give a text or a list of texts'
            )
        yield from filter(None, (" ".join(text.split()) for text in texts))
        return
    if "txt" in sample.texts:
        try:
            text = " ".join(sample.texts["txt"].decode("utf-8").split())
        except UnicodeDecodeError as error:
            raise DatasetError(f"{shard}, {sample.names['txt']}: is not UTF-8 (byte {error.start + 1})") from error
        if text:
            yield text


def _seconds(record: Mapping[str, Any], name: str, where: str) -> float | None:
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DatasetError(f'{where}: "{name}" is {shown(value)}; give a number of seconds, or leave it out')
    return float(value)
