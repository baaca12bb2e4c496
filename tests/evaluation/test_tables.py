from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from framecue.errors import InputError
from framecue.evaluation.report import Report
from framecue.evaluation.tables import csv_text, latex_text, score_rows, write_csv, write_latex
from support.reports import make_report


@pytest.fixture
def report() -> Report:
    return replace(make_report(reranked=True), normalised={"dual_softmax": make_report(seed=3).main})


def test_what_is_transductive_says_so_and_comes_after_the_models_own(report: Report) -> None:
    names = [name for name, _, _ in score_rows(report)]
    directions = ["text to video", "video to text", "video to text by caption"]
    suffixes = ("", ", reranked", ", dual softmax (transductive)")
    assert names == [direction + suffix for suffix in suffixes for direction in directions]


def test_csv_has_the_numbers_and_the_ends_of_their_intervals(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(report))))
    assert len(rows) == 9
    assert [row["queries"] for row in rows[:3]] == ["10", "6", "6"]
    for name, row in zip(("text_to_video", "video_to_text"), rows, strict=False):
        for metric, value in report.main.directions[name].metrics.to_dict().items():
            assert float(row[metric]) == pytest.approx(value, abs=1e-4)
            interval = report.main.intervals[name][metric]
            assert (float(row[f"{metric} low"]), float(row[f"{metric} high"])) == pytest.approx(interval, abs=1e-4)


def test_latex_has_as_many_cells_in_each_row(report: Report) -> None:
    lines = latex_text(report).splitlines()
    rows = [line for line in lines if " & " in line]
    assert len(rows) == 1 + 2 * 9
    assert {row.count(" & ") for row in rows} == {8}
    assert {row.endswith(r" \\") for row in rows} == {True}
    assert lines[1] == r"\begin{tabular}{lrrrrrrrr}"
    assert lines[-1] == r"\end{tabular}"
    metrics = report.main.directions["text_to_video"].metrics
    assert rows[1].startswith(rf"Text to video & {metrics.recall_at_1:.1f} & ")
    interval = report.main.intervals["text_to_video"]["R@1"]
    assert rows[2].startswith(rf"{{\scriptsize 95\,\%}} & {{\scriptsize {interval.low:.1f}--{interval.high:.1f}}} & ")
    assert r"mean rank $\downarrow$" in rows[0]
    assert r"nDCG@10 $\uparrow$" in rows[0]
    # What LaTeX would take for its own.
    assert not any(character in line for line in rows for character in "_#^")


def test_files_are_not_replaced_unless_told(report: Report, tmp_path: Path) -> None:
    for writer, text in ((write_csv, csv_text(report)), (write_latex, latex_text(report))):
        file = tmp_path / writer.__name__
        writer(report, file)
        assert file.read_text() == text
        with pytest.raises(InputError, match="exists already"):
            writer(report, file)
        writer(make_report(), file, overwrite=True)
        assert file.read_text() != text
