"""``framecue info``: show what a library holds, or describe an adapter."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from framecue.assets import find_bundled
from framecue.cli.add_report import computation_words
from framecue.cli.folders import top_folders
from framecue.cli.library_place import LibraryCommand, chosen_library
from framecue.cli.meaning_report import meaning_held, words_without_meaning
from framecue.cli.options import library_option
from framecue.cli.output import FilePath, FoldedLine, print_json, print_table, quiet_libraries
from framecue.cli.words_report import words_in_detail
from framecue.paths import is_file, is_url, user_path
from framecue.times import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framecue.encoder import Fingerprint
    from framecue.library import LibraryInfo

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")


@click.command(cls=LibraryCommand)
@click.argument("name", metavar="[LIBRARY_OR_ADAPTER]", required=False)
@library_option
@click.option("--files", "with_files", is_flag=True, help="List the files of the library, and their duplicates.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, which has the files in any case.")
@click.pass_context
def info(context: click.Context, name: str | None, uri: str | None, with_files: bool, as_json: bool) -> None:
    """Show what a library holds, how large it is and which model its vectors come from; or what an adapter is.

    An adapter is a folder, or the name of a shipped one. The description has its method, its backbone, what it trains,
    its size on disk, and its scores.

    \b
    framecue info
    framecue info videos.lance --files
    framecue info moji-prompt-switch
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    if name is None:
        _show_library(chosen_library(uri), with_files=with_files, as_json=as_json)
        return
    if context.get_parameter_source("uri") is ParameterSource.COMMANDLINE:
        raise click.UsageError(f"{name} is given beside --library; leave out one of them")
    if not _is_adapter(name):
        _show_library(chosen_library(name), with_files=with_files, as_json=as_json)
    elif with_files:
        raise click.UsageError(f"--files lists the files of a library, and {name} is an adapter")
    else:
        _show_adapter(name, as_json=as_json)


def _is_adapter(name: str) -> bool:
    """Whether a name is that of a shipped adapter, or of a folder that has one of an adapter's files.

    This does not import torch, as a library is shown without it.
    """
    if find_bundled(name, "adapter") is not None:
        return True
    folder = Path(user_path(name))
    return bool(name) and any(is_file(folder / file) for file in ADAPTER_FILES)


def _show_adapter(name: str, *, as_json: bool) -> None:
    from framecue.adapter_info import adapter_info

    found = adapter_info(name)
    share = found.share_of_backbone
    if as_json:
        print_json(found.to_dict())
        return
    trains = f"{found.trainable_parameters:,}"
    if share is not None:
        trains += f" ({share:.3%} of the backbone's {found.backbone_parameters:,}; {found.new_parameters:,} are new)"
    summary = [
        ("adapter", str(found.folder)),
        ("method", found.method),
        ("paper", _text(found.paper)),
        ("offline", {True: "yes", False: "no", None: "unknown"}[found.offline]),
        ("options", ", ".join(f"{key} {_text(value)}" for key, value in found.options.items())),
        ("backbone", found.backbone),
        ("revision", found.revision),
        ("trainable parameters", trains),
        ("size on disk", _size(found.size_bytes)),
        ("framecue", found.framecue_version),
        *(_scores("scores", found.scores) or [("scores", "none")]),
    ]
    print_table(["", ""], summary)


def _show_library(name: str, *, with_files: bool, as_json: bool) -> None:
    from framecue.library import Library

    found = Library(name).info()
    if as_json:
        print_json(found.to_dict())
        return
    print_table(["", ""], _summary(found))
    if with_files and found.files:
        rows = [
            ("" if file.kind == "image" else clock(file.duration_seconds), FilePath(file.path)) for file in found.files
        ]
        print_table(["length", "path"], rows, right=["length"])
    if with_files and found.duplicates:
        rows = [(FilePath(copy.path), FilePath(copy.original)) for copy in found.duplicates]
        print_table(["duplicate", "of"], rows)
    if with_files and found.unreadable:
        print_table(["unreadable", "reason"], [(FilePath(item.path), item.reason) for item in found.unreadable])
    if with_files and found.words_failed:
        print_table(
            ["without words", "source", "reason"],
            [(FilePath(item.path), item.source, item.reason) for item in found.words_failed],
        )


def _summary(found: LibraryInfo) -> list[tuple[str, str]]:
    """Return what a library holds as names and values."""
    content = f"{found.num_videos:,}, {_length(found.duration_seconds)}" if found.num_videos else "none"
    rows = [("library", found.uri), ("videos", content)]
    if found.num_images:
        rows.append(("pictures", f"{found.num_images:,}"))
    if found.duplicates:
        rows.append(("duplicates", f"{len(found.duplicates):,}, stored once"))
    if found.unreadable:
        rows.append(("unreadable", f"{len(found.unreadable):,}, listed by --files"))
    rows.append(("moments", f"{found.num_segments:,}"))
    if found.size_bytes is not None:
        rows.append(("size" if is_url(found.uri) else "size on disk", _size(found.size_bytes)))
    folders = top_folders(file.path for file in found.files)
    for row, (folder, count) in enumerate(folders):
        rows.append(("" if row else "folders", FoldedLine(f"{count:,} in {folder}")))
    rows.append(("indexed", _dates(found.indexed_seconds)))
    rows.append(("index", _index(found.num_indexed_segments, found.num_segments)))
    indexed = f"has {_listed(found.text_kinds)}" if found.has_text_index else "none yet"
    # What is said and written has rows below, and nobody is to think that it cannot be found.
    beside = "; what is said and written has an index of its own" if found.words else ""
    rows.append(("text index", FoldedLine(indexed + beside)))
    rows += [(f"{count.kind} ({count.source})", FoldedLine(words_in_detail(count))) for count in found.words]
    if found.meaning is not None:
        rows.append(("meaning", FoldedLine(meaning_held(found.meaning, is_unfinished=found.is_meaning_unfinished))))
        if found.num_without_meaning and not found.is_meaning_unfinished:
            rows.append(("without meaning", words_without_meaning(found.num_without_meaning)))
    if found.names:
        rows.append(("taught names", FoldedLine(", ".join(found.names))))
    rows.append(("model", _model(found.fingerprint)))
    if found.computations:
        rows.append(("encoded by", ", ".join(computation_words(each) for each in found.computations)))
    return rows


def _listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them: a, b and c; nothing if there is none."""
    *others, last = names or ["nothing"]
    return f"{', '.join(others)} and {last}" if others else last


def _length(seconds: float) -> str:
    """Return how long videos last together, in the two units that matter."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def _dates(indexed_seconds: tuple[float, float] | None) -> str:
    if indexed_seconds is None:
        return "at a time that is not noted"
    first, last = (datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M") for seconds in indexed_seconds)
    return last if first == last else f"{first} to {last}"


def _index(num_indexed: int | None, num_segments: int) -> str:
    if num_indexed is None:
        return "none, a search looks at every moment"
    return f"{num_indexed:,} of {num_segments:,} moments in it"


def _model(fingerprint: Fingerprint) -> str:
    """Return what made the vectors, in a line."""
    how = fingerprint.method
    if fingerprint.adapter_source is not None:
        how += f" ({fingerprint.adapter_source})"
    parts = (fingerprint.backbone, fingerprint.numerics, how)
    return FoldedLine(", ".join(part for part in parts if part))


def _text(value: object) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _scores(name: str, value: Any) -> list[tuple[str, str]]:
    """Return a (name, number) pair for each number; the name is made of the keys that lead to it."""
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in _scores(f"{name} {key}", inner)]
    return [(name, f"{value:.4g}" if isinstance(value, float) else _text(value))]


def _size(size_bytes: int) -> str:
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:.1f} GB"
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e5 else f"{size_bytes / 1e3:.1f} kB"
