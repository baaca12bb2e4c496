"""A dataset of your own: a folder of videos and a ``captions.jsonl`` that describes them.

The file has one JSON object a line, with paths relative to the folder::

    {"video": "clips/a.mp4", "captions": ["a dog runs"], "split": "train"}
    {"video": "clips/b.mp4", "captions": ["a cat sits down"], "split": "test",
     "twin": {"video": "clips/b-backwards.mp4", "captions": ["a cat gets up"]}, "meaning": {"actor": "cat"}}

(the second on one line, too). ``start_seconds`` and ``end_seconds`` make the clip a window of its video, so a long
video may have several lines. ``twin`` is the clip's order twin: the same clip played backwards, with its own captions.
Other keys are kept as they are. Writing and reading share their checks, so whatever was written can be read.
"""

from __future__ import annotations

import difflib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from framecue.datasets.clips import Clip, Twin, check_clip_window
from framecue.errors import DatasetError, InputError
from framecue.outputs import written_beside
from framecue.paths import is_dir, is_file

__all__ = [
    "CAPTIONS_FILE",
    "Clip",
    "Twin",
    "below_folder",
    "clips_of_split",
    "parse_captions",
    "read_captions",
    "require_files",
    "write_captions",
]

CAPTIONS_FILE = "captions.jsonl"
KEYS = ("video", "captions", "split", "twin", "start_seconds", "end_seconds")
TWIN_KEYS = ("video", "captions")
EXAMPLE = '{"video": "clips/a.mp4", "captions": ["a dog runs"], "split": "train"}'
MISSING_NAMED = 3


# Training wants "train" and "val"; what was written for a test has neither.
_WAY_OUT = "name another, or another folder (`framecue moji-motion DIR` without --split writes train, val and test)"


def read_captions(data_dir: str | os.PathLike[str], split: str | None = None) -> list[Clip]:
    """Read a folder's clips in the order of the file.

    Every line is checked, whichever split is wanted; of the video files, only those of the returned clips must exist.

    Args:
        data_dir: the folder that holds ``captions.jsonl``.
        split: only the clips of this split; None for all.

    Raises:
        DatasetError: the folder or the file is missing, a line is malformed (the message names file, line and key),
            a video occurs twice in a split, no clip is in ``split``, or a video file is missing.
    """
    folder = Path(data_dir)
    file = folder / CAPTIONS_FILE
    clips = clips_of_split(file, parse_captions(folder), split)
    require_files(file, clips)
    return clips


def parse_captions(data_dir: str | os.PathLike[str]) -> list[Clip]:
    """Return all clips that a folder's ``captions.jsonl`` lists, whether or not their videos are there.

    Raises:
        DatasetError: the folder or the file is missing, a line is malformed, or a video occurs twice in a split.
    """
    folder = Path(data_dir)
    file = folder / CAPTIONS_FILE
    if not is_dir(folder):
        raise DatasetError(f"{folder}: no such folder; give the folder that holds {CAPTIONS_FILE} and the videos")
    if not is_file(file):
        raise DatasetError(
            f"{folder}: there is no {CAPTIONS_FILE} in it; write one with a line for each video: {EXAMPLE}"
        )
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror})") from error
    clips = list(_parse_lines(folder, content.split(b"\n")))
    if not clips:
        raise DatasetError(f"{file}: is empty; write a line for each video: {EXAMPLE}")
    return clips


def clips_of_split(file: Path, clips: list[Clip], split: str | None) -> list[Clip]:
    """Return the clips of a split; all of them for None.

    Args:
        file: what lists them, for the message.
        clips: of all splits.
        split: the split's name.

    Raises:
        DatasetError: no clip is in it; the message says which splits there are.
    """
    if split is None:
        return clips
    counts = Counter(clip.split for clip in clips)
    if split not in counts:
        present = ", ".join(f"{name!r} ({count})" for name, count in sorted(counts.items()))
        raise DatasetError(f"{file}: no clip is in split {split!r}; splits present: {present}; {_WAY_OUT}")
    return [clip for clip in clips if clip.split == split]


def write_captions(data_dir: str | os.PathLike[str], clips: Iterable[Clip], *, overwrite: bool = False) -> Path:
    """Write a folder's ``captions.jsonl``, in a single step.

    Args:
        data_dir: the folder; it must exist. The video files need not exist yet.
        clips: their videos lie below ``data_dir``.
        overwrite: replace a file that exists.

    Returns:
        The file written.

    Raises:
        DatasetError: the folder is missing or cannot be written to, there are no clips, a video is outside the folder,
            or a clip breaks a rule that `read_captions` checks; or the file exists. Then nothing is written.
    """
    folder = Path(data_dir)
    if not is_dir(folder):
        raise DatasetError(f"{folder}: no such folder; make it first")
    lines = [_line_of(folder, clip) for clip in clips]
    if not lines:
        raise DatasetError(f"{folder}: no clips to write; give at least one")
    for _ in _parse_lines(folder, lines):
        pass  # for its checks only
    file = folder / CAPTIONS_FILE
    try:
        with written_beside(file, overwrite=overwrite) as partial:
            partial.write_bytes(b"\n".join(lines) + b"\n")
    except InputError as error:
        raise DatasetError(str(error)) from error
    except OSError as error:
        raise DatasetError(f"{file}: cannot be written ({error.strerror})") from error
    return file


def _parse_lines(folder: Path, lines: Iterable[bytes]) -> Iterator[Clip]:
    file = folder / CAPTIONS_FILE
    seen: dict[tuple[str, str], int] = {}
    for number, line in enumerate(lines, start=1):
        # Some editors begin a file with a byte order mark.
        content = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not content.strip():
            continue
        where = f"{file}, line {number}"
        clip = _clip_of(folder, content, where)
        first = seen.setdefault((clip.split, clip.key), number)
        if first != number:
            same = ", with the same window" if clip.has_window else ""
            raise DatasetError(
                f"{where}: {_relative(folder, clip.video)!r} is already in split {clip.split!r} on line {first}{same}; "
                "put all captions of a video on one line"
            )
        yield clip


def _clip_of(folder: Path, line: bytes, where: str) -> Clip:
    record = _json_object(line, where)
    for key in record:
        _refuse_misspelt(key, KEYS, where)
    video = _video(folder, record, "video", where)
    captions = _captions(record, "captions", where)
    split = _text(_get(record, "split", where), '"split"', where)
    twin = None
    if record.get("twin") is not None:
        twin_record = record["twin"]
        if not isinstance(twin_record, dict):
            _refuse(where, f'"twin" is {_shown(twin_record)}; give {{"video": ..., "captions": [...]}} or leave it out')
        for key in twin_record:
            if key not in TWIN_KEYS:
                _refuse(where, f'"twin" has the unknown key {_shown(key)}; allowed are "video" and "captions"')
        twin = Twin(_video(folder, twin_record, "twin.video", where), _captions(twin_record, "twin.captions", where))
        if twin.video == video:
            _refuse(where, '"twin.video" is the clip itself; name the file that plays it backwards')
    metadata = {key: value for key, value in record.items() if key not in KEYS}
    start_seconds, end_seconds = (_seconds(record, key, where) for key in ("start_seconds", "end_seconds"))
    check_clip_window(start_seconds, end_seconds, where)
    return Clip(video, captions, split, twin, metadata, start_seconds, end_seconds)


def _seconds(record: dict[str, Any], key: str, where: str) -> float | None:
    value = record.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        _refuse(where, f'"{key}" is {_shown(value)}; give a number of seconds, or leave it out')
    return float(value)


def _json_object(line: bytes, where: str) -> dict[str, Any]:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        # In JSON the last of equal keys wins, so captions would be lost silently.
        for key, count in Counter(key for key, _ in items).items():
            if count > 1:
                _refuse(where, f"the key {_shown(key)} stands there {count} times; give it once")
        return dict(items)

    def constant(name: str) -> NoReturn:
        _refuse(where, f"{name} is not JSON; give a finite number or null")

    try:
        record = json.loads(line.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)
    except UnicodeDecodeError as error:
        raise DatasetError(f"{where}: is not UTF-8 (byte {error.start + 1}); save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        raise DatasetError(
            f"{where}: is not JSON ({error.msg} at column {error.colno}); write one object a line, such as {EXAMPLE}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where}: cannot be read as JSON ({error})") from error
    if not isinstance(record, dict):
        _refuse(where, f"is {_shown(record)}; write one object a line, such as {EXAMPLE}")
    return record


def _refuse_misspelt(key: str, known: tuple[str, ...], where: str) -> None:
    # Other keys are allowed, but "twins" would silently lose the twins.
    if key in known:
        return
    meant = difflib.get_close_matches(key.lower().strip(), known, n=1, cutoff=0.8)
    if meant:
        _refuse(
            where, f'the key {_shown(key)} is not known; write "{meant[0]}", or give a key of your own another name'
        )


def _video(folder: Path, record: dict[str, Any], key: str, where: str) -> Path:
    return below_folder(folder, _text(_get(record, key, where), f'"{key}"', where), f'"{key}"', where)


def below_folder(folder: Path, name: str, label: str, where: str) -> Path:
    """Return the path of a file that a list names relative to its folder.

    Args:
        folder: the folder.
        name: as the list has it.
        label: what the list calls it, for the message.
        where: file and line, for the message.

    Raises:
        DatasetError: the path is absolute, or leads out of the folder.
    """
    path = PurePosixPath(name)
    # So a folder stays whole when it is moved or shared. Videos that lie elsewhere can be linked into it.
    if path.is_absolute() or ".." in path.parts or not path.parts:
        _refuse(
            where, f'{label} is {_shown(name)}; give the path of a file below the folder, relative to it, without ".."'
        )
    return folder / path


def _captions(record: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    captions = _get(record, key, where)
    if not isinstance(captions, list) or not captions:
        _refuse(where, f'"{key}" is {_shown(captions)}; give a list of one caption or more, such as ["a dog runs"]')
    return tuple(_text(caption, f'"{key}"[{number}]', where) for number, caption in enumerate(captions))


def _get(record: dict[str, Any], key: str, where: str) -> Any:
    name = key.rpartition(".")[2]
    if name not in record:
        _refuse(where, f'the key "{key}" is missing; a line looks like {EXAMPLE}')
    return record[name]


def _text(value: Any, label: str, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        _refuse(where, f"{label} is {_shown(value)}; give a text that is not blank")
    # Neither a file name nor a tokenizer can handle these.
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        _refuse(where, f"{label} is {_shown(value)}; give a text without NUL and without half characters (surrogates)")
    return value


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= 60 else text[:57] + "..."


def _refuse(where: str, problem: str) -> NoReturn:
    raise DatasetError(f"{where}: {problem}")


def require_files(file: Path, clips: list[Clip]) -> None:
    """Refuse clips whose video files, or whose twins' files, are not there.

    Args:
        file: what lists them, for the message; the videos lie below its folder.
        clips: the clips.

    Raises:
        DatasetError: a file is missing; the message counts them and names the first.
    """
    videos = [video for clip in clips for video in (clip.video, *([clip.twin.video] if clip.twin else []))]
    missing = [video for video in dict.fromkeys(videos) if not is_file(video)]
    if missing:
        named = ", ".join(repr(_relative(file.parent, video)) for video in missing[:MISSING_NAMED])
        more = f" and {len(missing) - MISSING_NAMED} more" if len(missing) > MISSING_NAMED else ""
        raise DatasetError(
            f"{file}: {len(missing)} of {len(set(videos))} video files are missing: {named}{more}; "
            f"put them below {file.parent} or take their lines out"
        )


def _line_of(folder: Path, clip: Clip) -> bytes:
    record: dict[str, Any] = {
        "video": _relative(folder, clip.video),
        "captions": _listed(clip.captions),
        "split": clip.split,
    }
    if clip.twin is not None:
        record["twin"] = {"video": _relative(folder, clip.twin.video), "captions": _listed(clip.twin.captions)}
    record |= {
        key: value
        for key, value in (("start_seconds", clip.start_seconds), ("end_seconds", clip.end_seconds))
        if value is not None
    }
    clash = [key for key in KEYS if key in clip.metadata]
    if clash:
        raise DatasetError(
            f"{clip.video}: metadata has the key {clash[0]!r}, which the line needs; give it another name"
        )
    try:
        return json.dumps({**record, **clip.metadata}, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{clip.video}: cannot be written as JSON ({error})") from error


def _listed(captions: Any) -> Any:
    # A text in place of a list of texts would be split into letters; left whole, it is refused like one in a file.
    return list(captions) if isinstance(captions, (list, tuple)) else captions


def _relative(folder: Path, video: Path) -> str:
    try:
        return video.absolute().relative_to(folder.absolute()).as_posix()
    except ValueError:
        raise DatasetError(f"{video}: is not below {folder}; the videos of a dataset lie in its folder") from None
