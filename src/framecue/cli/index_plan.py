"""``framecue index --dry-run``: what a run would do, and about how long it would take; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from framecue.cli.index_speed import Speed, measured_speed
from framecue.cli.model_files import size_text
from framecue.cli.options import DEFAULT_MODEL
from framecue.cli.output import log, one_line, print_json, progress_bar
from framecue.cli.ray_runners import cluster_document, cluster_line
from framecue.counts import counted
from framecue.errors import VideoError
from framecue.progress import FilesDone
from framecue.times import clock

if TYPE_CHECKING:
    from framecue.library import AddOptions, Library, Plan, Skipped, Unit

__all__ = ["Extent", "measure", "show_plan"]

# Of more files, so many are looked into, spread over all of them: each has to be opened, and read through once.
MOST_LOOKED_INTO = 200


@dataclass(frozen=True)
class Extent:
    """How much there is to encode.

    Attributes:
        size_bytes: of all files.
        video_seconds: how long they are together; reckoned by size for those that were not looked into.
        num_looked_into: how many files were looked into.
        unreadable: those of them that cannot be opened, with the reasons.
    """

    size_bytes: int
    video_seconds: float
    num_looked_into: int
    unreadable: tuple[Skipped, ...]


def show_plan(
    library: Library,
    plan: Plan,
    *,
    model: str | None,
    options: AddOptions,
    as_json: bool,
    ray: str | None = None,
    ray_workers: int | None = None,
) -> None:
    """Print what a run would do: as lines, or as a document.

    Args:
        library: it need not exist.
        plan: what there is to do.
        model: --model, if given.
        options: how the run would index.
        as_json: --json.
        ray: --ray, if given.
        ray_workers: --ray-workers, if given.
    """
    from framecue.video import IsolatedFrameSource

    name = model or (library.fingerprint.backbone if library.exists else DEFAULT_MODEL)
    with IsolatedFrameSource(stall_seconds=options.stall_seconds) as source, progress_bar("Looking") as progress:
        extent = measure(plan.units, lambda path: source.probe(path).duration_seconds, progress=progress)
    document = {
        **_document(library, plan, extent, name=name, is_gone_taken_out=options.prune),
        **_words_document(library, plan, options),
        "names": library.names_due(),
    }
    if ray is not None:
        # How long it takes this machine says nothing of a cluster.
        document |= {"estimated_seconds": None, "measured_speed": None}
        document["ray"] = cluster_document(ray, ray_workers, num_units=len(plan.units))
    if as_json:
        print_json(document)
        return
    for line in _lines(document, extent):
        click.echo(one_line(line))


def measure(
    units: Sequence[Unit], duration_of: Callable[[str], float], *, progress: Callable[[float, int], None]
) -> Extent:
    """Return how much there is to encode.

    Args:
        units: the files.
        duration_of: returns how long a file is, in seconds; raises VideoError for one that cannot be opened.
        progress: called with (files looked into, of how many).
    """
    from framecue.library import Skipped

    number = min(len(units), MOST_LOOKED_INTO)
    chosen = [units[place * len(units) // number] for place in range(number)]
    seconds, known_bytes = 0.0, 0
    unreadable: list[Skipped] = []
    for place, unit in enumerate(chosen):
        progress(FilesDone(place, unit.path), number)
        try:
            seconds += duration_of(unit.path)
        except VideoError as error:
            unreadable.append(Skipped(unit.path, error.reason))
        known_bytes += unit.state.size_bytes
    size_bytes = sum(unit.state.size_bytes for unit in units)
    if number < len(units) and known_bytes:
        seconds *= size_bytes / known_bytes
    return Extent(size_bytes, seconds, number, tuple(unreadable))


def _document(library: Library, plan: Plan, extent: Extent, *, name: str, is_gone_taken_out: bool) -> dict[str, Any]:
    speed: Speed | None = measured_speed(name)
    num_changed = sum(unit.replaces for unit in plan.units)
    return {
        "library": library.uri,
        "model": name,
        "new": len(plan.units) - num_changed,
        "changed": num_changed,
        "unchanged": len(plan.unchanged),
        "subtitles_changed": len(plan.subtitles_changed),
        "gone": len(library.missing(plan)[0]),
        "is_gone_taken_out": is_gone_taken_out,
        "passed_over": plan.passed_over.to_dict(),
        "still_unreadable": [item.to_dict() for item in plan.still_unreadable],
        "skipped": [item.to_dict() for item in (*plan.skipped, *extent.unreadable)],
        "bytes": extent.size_bytes,
        "video_seconds": float(extent.video_seconds),
        "files_looked_into": extent.num_looked_into,
        "estimated_seconds": None if speed is None else extent.video_seconds / speed.video_seconds_per_second,
        "measured_speed": None
        if speed is None
        else {"video_seconds_per_second": speed.video_seconds_per_second, "runs": speed.num_runs},
    }


def _words_document(library: Library, plan: Plan, options: AddOptions) -> dict[str, Any]:
    """Return what of the document is about words and their meanings."""
    due, meaning = library.words_due(plan, options=options), library.meaning_due(plan, options=options)
    return {
        "words": [{"source": source, "files": number} for source, number in due.items()],
        "words_taken_out": library.words_taken_out(options=options),
        "meaning": None if meaning.model is None else {"model": meaning.model, "files": meaning.num_files},
        "meaning_taken_out": meaning.is_taken_out,
    }


def _lines(document: dict[str, Any], extent: Extent) -> list[str]:
    for item in document["skipped"]:
        log(f"would be skipped: {item['path']}: {item['reason']}")
    num_files = document["new"] + document["changed"]
    files = f"{document['new']} new, {document['changed']} changed, {document['unchanged']} unchanged"
    if document["subtitles_changed"]:
        files += f", subtitles of {counted(document['subtitles_changed'], 'file')} to be updated"
    if document["gone"]:
        files += (
            f", {document['gone']} gone ({'taken out' if document['is_gone_taken_out'] else 'kept without --prune'})"
        )
    if document["still_unreadable"]:
        files += f", {len(document['still_unreadable'])} that could not be read before"
    if passed := sum(document["passed_over"].values()):
        files += f", {passed} passed over"
    about = "" if extent.num_looked_into == num_files else f"about, by {extent.num_looked_into} of them: "
    finding = ", ".join(f"by {each['source']} in {counted(each['files'], 'file')}" for each in document["words"])
    return [
        f"library  {document['library']}",
        f"files    {files}",
        f"to read  {about}{clock(document['video_seconds'])} of video in {counted(num_files, 'file')}, "
        f"{size_text(document['bytes'])}; files that were moved or are copies are not encoded",
        f"time     {_time(document)}",
        *([cluster_line(document["ray"])] if "ray" in document else []),
        *([f"words    to be looked for {finding}"] if finding else []),
        *([f"words    by {' and '.join(gone)} would be taken out"] if (gone := document["words_taken_out"]) else []),
        *_meaning_lines(document, has_new_words=bool(finding)),
        *(
            [f"names    to be taught again to the library's model: {', '.join(due)}"]
            if (due := document["names"])
            else []
        ),
        "nothing was written",
    ]


def _meaning_lines(document: dict[str, Any], *, has_new_words: bool) -> list[str]:
    if document["meaning_taken_out"]:
        return ["meaning  would be taken out; the words stay"]
    if document["meaning"] is None:
        return []
    name, number = document["meaning"]["model"], document["meaning"]["files"]
    # Where words are only looked for, nobody knows whether there are any.
    most = "at most " if has_new_words else ""
    return [f"meaning  of words in {most}{counted(number, 'file')}, by {name}"] if number else []


def _time(document: dict[str, Any]) -> str:
    if not document["new"] + document["changed"]:
        return "nothing is to be encoded"
    if "ray" in document:
        return "not known: how fast the cluster is shows when it works"
    if document["measured_speed"] is None:
        return (
            f"not known yet: no run of a minute of video or more with {document['model']} was measured on this machine"
        )
    speed = document["measured_speed"]
    return (
        f"about {clock(document['estimated_seconds'])}, as fast as the last {counted(speed['runs'], 'run')} here with "
        f"{document['model']}: {speed['video_seconds_per_second']:.3g} seconds of video a second"
        + ("; looking for words comes on top" if document["words"] else "")
    )
