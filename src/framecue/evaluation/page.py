"""A report as one HTML file that needs nothing else: no network, no scripts, pictures inside.

All that comes from data (captions, file names, names of models) is escaped by the template engine, set apart from the
text around it (`bdi`), and cut where it is very long. A policy in the page itself forbids scripts and every request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

from framecue._version import __version__
from framecue.assets import ASSETS
from framecue.evaluation.bootstrap import LEVEL, Direction
from framecue.evaluation.extremes import Extremes, Pair, ShownQuery, extreme_texts, extreme_videos
from framecue.evaluation.histogram import rank_bins
from framecue.evaluation.stages import BY_CAPTION, DUAL_SOFTMAX, QB_NORM, T2V, V2T, Stage
from framecue.evaluation.strips import Strip, read_strips
from framecue.evaluation.tables import SUFFIXES
from framecue.outputs import written_beside
from framecue.video import FrameSource

if TYPE_CHECKING:
    from framecue.evaluation.report import Report

__all__ = ["NUM_QUERIES", "Measured", "html_text", "write_html"]

NUM_QUERIES = 8
"""How many of the best and of the worst queries of each direction are shown, unless told."""
TEMPLATE = ASSETS / "report.html"
# What a page holds at most of one text, and how many videos it names that could not be read.
MOST_CHARACTERS, MOST_UNREADABLE = 1000, 100
# What no text on a page should hold: it would end the text, or cannot be written.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
CONVENTIONS = {
    T2V: "each caption ranks all videos",
    V2T: "each video ranks the videos' groups of captions, each group by its best",
    BY_CAPTION: "each video ranks all captions, and its rank is that of its best one",
}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured, in words.

    Attributes:
        model: the backbone, or what was evaluated.
        adapter: the adapter on it, or the name of an untrained method; None for neither.
        dataset: the dataset's name.
        split: the split's.
        num_frames: how many frames of each video the model looked at; None where that is not known.
        rerank_with: the adapter of the second stage; None for none.
    """

    model: str
    dataset: str
    split: str
    adapter: str | None = None
    num_frames: int | None = None
    rerank_with: str | None = None

    @property
    def words(self) -> str:
        """The model in one line, as files of ranks have it."""
        return " ".join(filter(None, (self.model, self.adapter)))


def write_html(
    report: Report,
    file: str | Path,
    *,
    measured: Measured,
    num_queries: int = NUM_QUERIES,
    frame_source: FrameSource | None = None,
    overwrite: bool = False,
) -> Path:
    """Write `html_text` to a file.

    Args:
        report: what was measured.
        file: the file.
        measured: what it is a report on.
        num_queries: as for `html_text`.
        frame_source: as for `html_text`.
        overwrite: replace a file that exists.

    Returns:
        The file.

    Raises:
        InputError: the file exists, or `num_queries` is below 0.
        OutputError: it cannot be written.
    """
    with written_beside(file, overwrite=overwrite) as partial:
        text = html_text(report, measured=measured, num_queries=num_queries, frame_source=frame_source)
        partial.write_text(text, encoding="utf-8", newline="\n")
    return Path(file)


def html_text(
    report: Report,
    *,
    measured: Measured,
    num_queries: int = NUM_QUERIES,
    frame_source: FrameSource | None = None,
    written: datetime | None = None,
) -> str:
    """Return the page.

    A picture of a clip has 4 frames and takes 5 to 20 KB, so the page has at most about 0.1 MB for each of
    `num_queries`.

    Args:
        report: what was measured.
        measured: what it is a report on.
        num_queries: how many of the best and of the worst queries of each direction are shown, at most.
        frame_source: reads the frames of the clips that are shown; None decodes them in processes of their own.
        written: when, for the page; None for now.

    Raises:
        InputError: `num_queries` is below 0.
    """
    directions = {T2V: extreme_texts(report, num_queries), V2T: extreme_videos(report, num_queries)}
    strips = read_strips(report.clips, _shown_videos(directions.values()), frame_source=frame_source)
    engine = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    engine.filters["plain"] = plain
    return engine.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        measured=measured,
        facts=_facts(report, measured, written or datetime.now(timezone.utc)),
        cards=_cards(report),
        level=f"{LEVEL:g}",
        metrics=[name.replace("_", " ") for name in report.main.directions[T2V].metrics.to_dict()],
        stages=[_stage(name, stage) for name, stage in report.stages()],
        conventions=CONVENTIONS if BY_CAPTION in report.main.directions else {},
        histograms=[
            _histogram(name, direction, _num_candidates(report, name))
            for name, direction in report.main.directions.items()
        ],
        texts=_queries(report, directions[T2V], strips, of_texts=True),
        videos=_queries(report, directions[V2T], strips, of_texts=False),
        unreadable=[(str(error.path), error.reason) for error in report.unreadable[:MOST_UNREADABLE]],
        num_unreadable=len(report.unreadable),
    )


def plain(value: object) -> str:
    """Return a text as a page may hold it: without characters that cannot be written, and not too long."""
    text = _UNWRITABLE.sub("\ufffd", str(value))
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + " …"


def _facts(report: Report, measured: Measured, written: datetime) -> list[tuple[str, str]]:
    """Return what was measured, and how, as names and values."""
    found: list[tuple[str, object]] = [
        ("model", measured.model),
        ("adapter or method", measured.adapter),
        ("second stage", measured.rerank_with),
        ("data set", measured.dataset),
        ("split", measured.split),
        ("videos", report.num_videos),
        ("texts", report.num_texts),
        ("hash of videos and texts", report.queries.data_hash),
        ("frames of each video", measured.num_frames),
        ("unreadable videos", len(report.unreadable)),
        ("intervals", f"{LEVEL:g}% of {report.main.num_resamples} resamples of the videos"),
        ("ties", "count against the model"),
        ("framecue", __version__),
        ("written", f"{written:%Y-%m-%d %H:%M %Z}"),
    ]
    return [(name, str(value)) for name, value in found if value is not None]


def _cards(report: Report) -> list[dict[str, str]]:
    """Return the figures that stand first."""
    made = []
    for direction, metric, unit in ((T2V, "R@1", "%"), (T2V, "median_rank", ""), (V2T, "R@1", "%")):
        low, high = report.main.intervals[direction][metric]
        made.append(
            {
                "name": f"{metric.replace('_', ' ')}, {_words(direction)}",
                "value": f"{report.main.directions[direction].metrics.to_dict()[metric]:.1f}{unit}",
                "interval": f"{low:.1f} to {high:.1f}",
            }
        )
    if report.twin_accuracy is not None:
        made.append(
            {
                "name": "twin accuracy",
                "value": f"{report.twin_accuracy:.1f}%",
                "interval": "50 for a model that cannot see the order of frames",
            }
        )
    return made


def _stage(name: str, stage: Stage) -> dict[str, Any]:
    """Return the rows of the table for one way of ranking."""
    rows = []
    for direction, scores in stage.directions.items():
        intervals = stage.intervals[direction]
        cells = [
            (f"{value:.1f}", f"{intervals[metric].low:.1f} to {intervals[metric].high:.1f}")
            for metric, value in scores.metrics.to_dict().items()
        ]
        rows.append({"name": _words(direction) + SUFFIXES[name], "cells": cells, "queries": len(scores.ranks)})
    return {"rows": rows, "note": _note(name, stage), "apart": name == DUAL_SOFTMAX}


def _note(name: str, stage: Stage) -> str:
    """Return what has to be known of a row that is not the model's own."""
    if name == DUAL_SOFTMAX:
        return (
            f"Dual softmax (temperature {stage.said['temperature']:g}) is transductive: the rank of one query depends "
            "on all other test queries, which a search engine does not have. It belongs beside no result without it."
        )
    if name == QB_NORM:
        return (
            f"QB-Norm with {stage.said['num_bank_texts']} texts of the training split as the bank (temperature "
            f"{stage.said['temperature']:g}, depth {stage.said['depth']}, {stage.said['num_hubs']} hubs)."
        )
    if stage.twin_accuracy is not None and name != "main":
        return f"Twin accuracy{SUFFIXES[name]}: {stage.twin_accuracy:.1f}%."
    return ""


def _histogram(name: str, direction: Direction, num_candidates: int) -> dict[str, Any]:
    """Return the bars of a direction's ranks, the longest of them as wide as the picture."""
    bins = rank_bins(direction.ranks, num_candidates)
    most = max(each.number for each in bins)
    return {
        "name": _words(name),
        "num_candidates": num_candidates,
        "bars": [
            {
                "label": each.label,
                "number": each.number,
                "percent": f"{each.percent:.1f}",
                "width": f"{100 * each.number / most:.2f}",
                "tens": each.last <= 10,
            }
            for each in bins
        ],
    }


def _num_candidates(report: Report, direction: str) -> int:
    return report.num_texts if direction == BY_CAPTION else report.num_videos


def _shown_videos(directions: Iterable[Extremes]) -> list[int]:
    """Return the videos of which a picture is needed, each once."""
    pairs: list[Pair] = []
    for each in directions:
        for query in (*each.best, *each.worst):
            pairs += [query.right] if query.other is None else [query.right, query.other]
    return sorted({pair.video for pair in pairs})


def _queries(report: Report, extremes: Extremes, strips: dict[int, Strip], *, of_texts: bool) -> dict[str, Any]:
    """Return the best and the worst queries of a direction as the page shows them."""

    def answer(pair: Pair) -> dict[str, Any]:
        return {
            "video": report.queries.video_ids[pair.video],
            "text": report.queries.texts[pair.text],
            "similarity": f"{pair.similarity:.3f}",
            "strip": strips[pair.video],
        }

    def shown(query: ShownQuery) -> dict[str, Any]:
        return {
            "rank": query.rank,
            "right": answer(query.right),
            "other": None if query.other is None else answer(query.other),
        }

    return {
        "of_texts": of_texts,
        "best": [shown(query) for query in extremes.best],
        "worst": [shown(query) for query in extremes.worst],
    }


def _words(direction: str) -> str:
    return direction.replace("_", " ")
