from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecue.evaluation.ranks import write_ranks
from support.reports import make_report


@pytest.fixture
def ranks(tmp_path: Path) -> list[Path]:
    """Files of three runs on the same queries."""
    return [
        write_ranks(make_report(seed=seed, reranked=True), tmp_path / f"{seed}.parquet", dataset="folder", split="test")
        for seed in range(3)
    ]


def test_the_table_says_what_the_document_says(run, ranks: list[Path]) -> None:
    document = json.loads(run("compare", *ranks[:2], "--json").out)
    result = run("compare", *ranks[:2])
    assert result.code == 0
    assert result.err.splitlines()[0].startswith("6 videos, 10 texts, split test of folder; runs: ")
    assert "nothing about seeds" in result.err
    lines = [line for line in result.out.splitlines() if line.strip(" ─")]
    assert len(lines) == 1 + 3 * 8
    each = document["differences"][0]["metrics"]["text_to_video"]["R@1"]
    before, after = (side["metrics"]["text_to_video"]["R@1"] for side in document["sides"])
    assert lines[1].split() == [
        *("text", "to", "video", "R@1", f"{before:.2f}", f"{after:.2f}", f"{each['difference']:+.2f}"),
        *(f"{each['low']:+.2f}", "to", f"{each['high']:+.2f}", f"{each['p']:.4f}"),
    ]
    assert "Holm" not in lines[0]


def test_several_sides_have_holms_correction(run, ranks: list[Path]) -> None:
    result = run("compare", *ranks, "--resamples", 100)
    assert result.code == 0
    assert result.out.count("p (Holm)") == 2
    document = json.loads(run("compare", *ranks, "--resamples", 100, "--json").out)
    assert [each["name"] for each in document["differences"]] == [str(file) for file in ranks[1:]]
    assert document["num_resamples"] == 100


def test_a_folder_of_runs_is_a_side(run, ranks: list[Path], tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    one = ranks[0].rename(tmp_path / "one" / "ranks.parquet")
    result = run("compare", one, tmp_path, "--json")
    assert [len(side["runs"]) for side in json.loads(result.out)["sides"]] == [1, 2]


def test_another_stage(run, ranks: list[Path]) -> None:
    main = json.loads(run("compare", *ranks[:2], "--json").out)
    reranked = json.loads(run("compare", *ranks[:2], "--stage", "reranked", "--json").out)
    assert reranked["stage"] == "reranked"
    assert reranked["sides"][0]["metrics"] != main["sides"][0]["metrics"]
    result = run("compare", *ranks[:2], "--stage", "qb_norm")
    assert (result.code, result.out) == (1, "")
    assert "has no stage 'qb_norm'; it has 'main', 'reranked'" in result.err


def test_what_cannot_be_compared_is_one_line(run, ranks: list[Path], tmp_path: Path) -> None:
    other = write_ranks(make_report(sizes=(1, 2, 3)), tmp_path / "other.parquet", dataset="folder", split="val")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    for second, says in (
        (other, "are ranks of different data: 6 videos with 10 texts (split test of folder) and 3 videos with 6 texts"),
        (tmp_path / "broken.parquet", "broken.parquet: cannot be read as a file of ranks"),
        (tmp_path / "none.parquet", "none.parquet: no such file"),
        (ranks[0], "0.parquet is a run of"),
    ):
        result = run("compare", ranks[0], second)
        assert (result.code, result.out) == (1, "")
        assert says in result.err
        assert result.err.count("\n") == 1
    result = run("compare", ranks[0])
    assert result.code == 2
    assert "name at least two files of ranks" in result.err
