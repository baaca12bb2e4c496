"""docs/scale.md says what the arithmetic comes to, and that is what it is said to be."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from framecue.library.store.index import rows_per_partition

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"


@pytest.fixture
def arithmetic(load_benchmark) -> ModuleType:
    return load_benchmark("arithmetic_of_scale")


def tables(arithmetic: ModuleType) -> dict[str, list[str]]:
    return {
        "sizes": arithmetic.sizes_table(),
        "shards": arithmetic.shards_table(10**9),
        "costs": arithmetic.costs_table(10**9, arithmetic.Prices(), gpu_frames_per_second=2000),
    }


def test_the_page_has_the_tables(arithmetic: ModuleType) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, lines in tables(arithmetic).items():
        assert page.count(f"<!-- {name} -->\n{chr(10).join(lines)}\n<!-- /{name} -->") == 1, (
            f"python benchmarks/arithmetic_of_scale.py prints what belongs between <!-- {name} --> and <!-- /{name} -->"
        )


def test_the_script_prints_the_tables(arithmetic: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    arithmetic.tell([])
    printed = capsys.readouterr().out
    assert printed == "\n\n".join("\n".join(lines) for lines in tables(arithmetic).values()) + "\n"
    arithmetic.tell(["--gpu-frames-per-second", "4000", "--gpu-hour", "3", "--segments", "1000000"])
    minutes = 1_000_000 * 2.975 / 60
    hours = minutes * 162 / 4000 / 3600
    assert f"| {hours:,.0f} GPU hours | {3 * hours:,.0f} |" in capsys.readouterr().out


def test_figures_worked_out_by_hand(arithmetic: ModuleType) -> None:
    # A million: partitions of 1024, of which 8 * sqrt(1 000 000 / 1024) = 250 are looked at, as ann.py measured it.
    assert arithmetic.codes_per_search(10**6) == 250 * 1024
    assert arithmetic.search_ms(10**6) == pytest.approx(6.4, abs=0.2)
    assert arithmetic.code_bytes(512) == 345
    assert arithmetic.build_core_hours(10**6) == pytest.approx(2 * 156 / 3600)
    # Beyond it partitions are as large as there are many: work grows with the power of 3/4, and of 3/2 for the index.
    assert arithmetic.codes_per_search(10**9) == pytest.approx(8 * 10 ** (9 * 0.75), rel=0.01)
    assert arithmetic.build_core_hours(10**10) / arithmetic.build_core_hours(10**8) == pytest.approx(1000, rel=0.01)
    assert rows_per_partition(10**8) == 10**4
    assert arithmetic.codes_per_search(100) == 100


def test_sentences_of_the_page_agree_with_the_figures(arithmetic: ModuleType) -> None:
    page = re.sub(r"\s+", " ", PAGE.read_text(encoding="utf-8"))
    figures = arithmetic.MEASURED
    assert f"it holds which files there are: {figures.known_bytes:.0f} bytes a segment" in page.replace(
        "It holds", "it holds"
    )
    assert f"**By memory for codes**: {arithmetic.code_bytes():.0f} bytes a segment" in page
    assert f"A segment is {figures.segment_seconds:.1f} seconds of film" in page
    assert 0.1 <= arithmetic.search_ms(10**8) / 1000 < 0.15
    assert arithmetic.search_ms(10**9) > 500
    read_gb = arithmetic.codes_per_search(10**9) * arithmetic.code_bytes() / 1e9
    assert f"with {read_gb:.1f} GB read from memory each time" in page
    assert 2.5 < 45 / read_gb < 3.5


def test_sizes_are_told_in_words(arithmetic: ModuleType) -> None:
    told = [arithmetic.size(number) for number in (345, 345e6, 3.45e9, 31e9, 999e9, 1.024e12)]
    assert told == ["345 bytes", "345 MB", "3.45 GB", "31 GB", "999 GB", "1.02 TB"]


def test_its_help_says_of_what_each_price_is(arithmetic: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arithmetic.tell(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    for name in vars(arithmetic.Prices()):
        assert f"what {arithmetic.PRICE_OF[name]} costs" in said


@pytest.mark.parametrize("words", [["--segments", "0"], ["--gpu-frames-per-second", "0"]], ids=" ".join)
def test_nothing_to_reckon_with_is_refused(
    arithmetic: ModuleType, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        arithmetic.tell(words)
    assert "are above 0" in capsys.readouterr().err
