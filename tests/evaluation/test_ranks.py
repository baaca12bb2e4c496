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
from framecue.evaluation.ranks import holds_ranks, read_ranks, write_ranks
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
        (0, r"row 3: the rank is 0, of 6 at most, or 7 for a miss"),
        (8, r"row 3: the rank is 8, of 6 at most, or 7 for a miss"),
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
    with pytest.raises(InputError, match="not valid UTF-8"):
        read_ranks("caf\udce9")
    parquet.write_table(table.drop(["rank"]), file.with_name("lacking.parquet"))
    with pytest.raises(InputError, match="lacks the column rank"):
        read_ranks(file.with_name("lacking.parquet"))
    parquet.write_table(pa.table({"a": [1]}), file.with_name("other.parquet"))
    with pytest.raises(InputError, match="is no file of ranks that framecue wrote"):
        read_ranks(file.with_name("other.parquet"))
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match="cannot be read as a file of ranks, it may be cut short"):
        read_ranks(file)


def rewritten(file: Path, rows: list[dict[str, Any]]) -> Path:
    """A copy of a file with other rows of the same schema; its metadata stay."""
    copy = file.with_name("rewritten.parquet")
    parquet.write_table(pa.Table.from_pylist(rows, schema=parquet.read_schema(file)), copy)
    return copy


def test_each_direction_has_one_row_a_query(file: Path) -> None:
    rows = parquet.read_table(file).to_pylist()
    for direction, query in (("video_to_text", "clips/3 a.mp4"), ("video_to_text_by_caption", "clips/3 a.mp4")):
        place = next(n for n, row in enumerate(rows) if (row["direction"], row["query_id"]) == (direction, query))
        lacking = rows[:place] + rows[place + 1 :]
        with pytest.raises(InputError, match=rf"rewritten\.parquet: lacks 1 row of {direction}, first query '{query}'"):
            read_ranks(rewritten(file, lacking))
        with pytest.raises(InputError, match=rf"row {len(rows) + 1}: query '{query}' of {direction} is there twice"):
            read_ranks(rewritten(file, [*rows, rows[place]]))
        with pytest.raises(InputError, match=f"has no ranks of {direction} in stage 'main'; write it again"):
            read_ranks(rewritten(file, [row for row in rows if row["direction"] != direction]))
        for changes, message in (
            ({"query_id": "none"}, f"query 'none' of {direction} is no query of these data"),
            ({"video_id": "clips/0 a.mp4"}, f"query '{query}' is not of video 'clips/0 a.mp4'"),
            ({"direction": "weird"}, "direction is 'weird', not text_to_video, video_to_text, video_to_text_by"),
        ):
            changed_rows = [*rows[:place], rows[place] | changes, *rows[place + 1 :]]
            with pytest.raises(InputError, match=f"row {place + 1}: {message}"):
                read_ranks(rewritten(file, changed_rows))
    with pytest.raises(InputError, match="has no rows; write it again"):
        read_ranks(rewritten(file, []))
    with pytest.raises(InputError, match="has no ranks of text_to_video"):
        read_ranks(rewritten(file, [row for row in rows if row["direction"] != "text_to_video"]))
    with pytest.raises(InputError, match=r"was changed, .*; write it again"):
        read_ranks(rewritten(file, rows[1:]))


def test_the_order_of_rows_between_and_within_directions_of_videos_is_free(file: Path) -> None:
    rows = parquet.read_table(file).to_pylist()
    texts = [row for row in rows if row["direction"] == "text_to_video"]
    others = [row for row in rows if row["direction"] != "text_to_video"]
    here, there = read_ranks(file), read_ranks(rewritten(file, [*others[::-1], *texts]))
    assert list(here.directions) == list(there.directions)
    for name, direction in here.directions.items():
        assert there.directions[name].metrics.to_dict() == pytest.approx(direction.metrics.to_dict())


@pytest.mark.parametrize("direction", ["text_to_video", "video_to_text", "video_to_text_by_caption"])
def test_ranks_and_gains_are_those_of_the_directions_candidates(file: Path, direction: str) -> None:
    rows = parquet.read_table(file).to_pylist()
    place = next(n for n, row in enumerate(rows) if row["direction"] == direction)
    most = 10 if direction == "video_to_text_by_caption" else 6

    def with_values(**values: Any) -> Path:
        return rewritten(file, [*rows[:place], rows[place] | values, *rows[place + 1 :]])

    assert read_ranks(with_values(rank=most + 1, ndcg_at_10=0.0)).directions[direction].ranks[0] == most + 1
    with pytest.raises(InputError, match=f"row {place + 1}: the rank is {most + 2}, of {most} at most"):
        read_ranks(with_values(rank=most + 2, ndcg_at_10=0.0))
    with pytest.raises(InputError, match=f"row {place + 1}: ndcg_at_10 is 0.5"):
        read_ranks(with_values(rank=most + 1, ndcg_at_10=0.5))
    for gain in (7.5, -3.0):
        with pytest.raises(InputError, match=rf"row {place + 1}: ndcg_at_10 is {gain:g}, .*; write it again"):
            read_ranks(with_values(ndcg_at_10=gain))
    for name in ("stage", "direction", "query_id", "video_id", "rank", "ndcg_at_10"):
        with pytest.raises(InputError, match=f"row {place + 1}: {name} is empty; write it again"):
            read_ranks(with_values(**{name: None}))


def test_columns_of_other_types_are_named(file: Path) -> None:
    count = len(parquet.read_table(file))
    for name in ("stage", "direction", "query_id", "video_id", "text"):
        for values in ([1] * count, [["a"]] * count):
            with pytest.raises(InputError, match=f"the column {name} is of .*; write it again"):
                read_ranks(changed(file, **{name: values}))
    with pytest.raises(InputError, match="the column rank is of list"):
        read_ranks(changed(file, rank=[[1]] * count))


def test_a_file_says_itself_that_it_holds_ranks(file: Path) -> None:
    assert holds_ranks(file)
    other = file.with_name("captions.parquet")
    parquet.write_table(pa.table({"video": ["a.mp4"]}), other)
    assert not holds_ranks(other)
    other.write_bytes(file.read_bytes()[:-9])
    assert not holds_ranks(other)
