from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import parquet

from framecue.errors import InputError, OutputError
from framecue.evaluation.ranks import read_ranks, write_ranks
from support.reports import make_report


def changed(file: Path, **columns: Any) -> Path:
    """A copy of a file with other columns; its metadata stay."""
    table = parquet.read_table(file)
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    copy = file.with_name("changed.parquet")
    parquet.write_table(table, copy)
    return copy


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_ranks(make_report(), tmp_path / "ranks.parquet", dataset="folder", split="test", model="moji-clip")


def test_a_row_a_query_for_others_to_read(file: Path) -> None:
    report = make_report()
    table = parquet.read_table(file)
    rows = table.filter(pc.equal(table["direction"], "text_to_video")).to_pylist()
    assert len(rows) == report.num_texts
    ranks = report.main.directions["text_to_video"].ranks
    assert rows[1] == {
        "stage": "main",
        "direction": "text_to_video",
        "query_id": "clips/0 a.mp4#1",
        "text": "text 1",
        "video_id": "clips/0 a.mp4",
        "rank": int(ranks[1]),
        "ndcg_at_10": pytest.approx(1 / np.log2(1 + ranks[1])),
    }
    by_video = table.filter(pc.equal(table["direction"], "video_to_text")).to_pylist()
    assert [row["query_id"] for row in by_video] == list(report.queries.video_ids)
    assert {row["text"] for row in by_video} == {None}
    said = json.loads(table.schema.metadata[b"framecue"])
    assert said["data_hash"] == report.queries.data_hash
    assert (said["dataset"], said["split"], said["model"], said["num_videos"]) == ("folder", "test", "moji-clip", 6)


def test_what_is_read_is_what_was_measured(file: Path) -> None:
    report = make_report()
    ranks = read_ranks(file)
    assert (ranks.dataset, ranks.split, ranks.model, ranks.stage) == ("folder", "test", "moji-clip", "main")
    assert ranks.data_hash == report.queries.data_hash
    assert ranks.queries.text_ids == report.queries.text_ids
    assert list(ranks.directions) == list(report.main.directions)
    for name, direction in report.main.directions.items():
        np.testing.assert_array_equal(ranks.directions[name].ranks, direction.ranks)
        np.testing.assert_array_equal(ranks.directions[name].videos, direction.videos)
        assert ranks.directions[name].metrics == direction.metrics
        assert ranks.directions[name].has_many == direction.has_many


def test_other_ways_of_ranking_are_there_by_name(tmp_path: Path) -> None:
    report = make_report(reranked=True)
    file = write_ranks(report, tmp_path / "ranks.parquet", dataset="folder", split="test")
    assert report.reranked is not None
    found = read_ranks(file, stage="reranked").directions["text_to_video"].ranks
    np.testing.assert_array_equal(found, report.reranked.directions["text_to_video"].ranks)
    with pytest.raises(InputError, match="has no stage 'dual_softmax'; it has 'main', 'reranked'"):
        read_ranks(file, stage="dual_softmax")


def test_nothing_is_replaced_unless_told(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(InputError, match="exists already"):
        write_ranks(make_report(seed=1), file, dataset="folder", split="test")
    assert file.read_bytes() == before
    write_ranks(make_report(seed=1), file, dataset="folder", split="test", overwrite=True)
    assert file.read_bytes() != before
    with pytest.raises(OutputError, match="cannot be written"):
        write_ranks(make_report(), file.parent / "none" / "ranks.parquet", dataset="folder", split="test")


def test_a_file_that_was_changed_or_cut_short_is_refused_by_name_and_row(file: Path) -> None:
    table = parquet.read_table(file)
    ranks = table["rank"].to_pylist()
    for value, message in (
        (float("nan"), r"changed\.parquet, row 3: rank is nan"),
        (0, r"row 3: the rank is 0, of 10 at most"),
        (11, r"row 3: the rank is 11, of 10 at most"),
        (1.5, r"row 3: the rank is 1\.5"),
    ):
        with pytest.raises(InputError, match=message):
            read_ranks(changed(file, rank=[*ranks[:2], value, *ranks[3:]]))
    gains = table["ndcg_at_10"].to_pylist()
    with pytest.raises(InputError, match=r"row 1: ndcg_at_10 is nan"):
        read_ranks(changed(file, ndcg_at_10=[float("nan"), *gains[1:]]))
    with pytest.raises(InputError, match="the column rank is of string"):
        read_ranks(changed(file, rank=[str(rank) for rank in ranks]))
    texts = table["text"].to_pylist()
    with pytest.raises(InputError, match="was changed, its texts and videos are not those of its hash"):
        read_ranks(changed(file, text=["another", *texts[1:]]))
    with pytest.raises(InputError, match=r"none\.parquet: no such file"):
        read_ranks(file.with_name("none.parquet"))
    parquet.write_table(table.drop(["rank"]), file.with_name("lacking.parquet"))
    with pytest.raises(InputError, match="lacks the column rank"):
        read_ranks(file.with_name("lacking.parquet"))
    parquet.write_table(pa.table({"a": [1]}), file.with_name("other.parquet"))
    with pytest.raises(InputError, match="is no file of ranks that framecue wrote"):
        read_ranks(file.with_name("other.parquet"))
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match="cannot be read as a file of ranks, it may be cut short"):
        read_ranks(file)
