from __future__ import annotations

import json
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from framecue.cli.result_formats import FORMATS, TSV_COLUMNS, print_lines, print_tsv_head
from framecue.errors import InputError
from framecue.library import Hit, SearchResult

NAMES = ["plain", "tab\there", "line\nend", "back\\slash", "\x1b]0;x\x07\x1b[31m", "日本", "caf\udce9", "\x85\u2028\r"]


def hit(path: str, rank: int = 1) -> Hit:
    return Hit(rank, path, 1.5, 3.0, 0.25, video_id="x", duration_seconds=9.0)


def written(capfdbinary: pytest.CaptureFixture[bytes], path: str, name: str, *, null: bool = False) -> bytes:
    capfdbinary.readouterr()
    print_lines(SearchResult("a\tquery\n", [hit(path), hit("/other.mp4", 2)]), name, null=null)
    return capfdbinary.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_each_result_is_one_record_with_its_own_bytes(name: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    path = f"/v/{name}.mp4"
    raw = path.encode("utf-8", "surrogateescape")
    assert written(capfdbinary, path, "path", null=True) == raw + b"\0/other.mp4\0"
    assert written(capfdbinary, path, "hit", null=True) == raw + b"@0:01.5-0:03\0/other.mp4@0:01.5-0:03\0"
    for kind in ("path", "hit"):
        if "\n" in name:
            with pytest.raises(InputError, match=r"add --null, or take --format tsv or --format jsonl"):
                written(capfdbinary, path, kind)
            assert capfdbinary.readouterr().out == b""
        else:
            assert written(capfdbinary, path, kind) == written(capfdbinary, path, kind, null=True).replace(b"\0", b"\n")
    first, second, end = written(capfdbinary, path, "tsv").split(b"\n")
    assert (first.count(b"\t"), second.count(b"\t"), end) == (len(TSV_COLUMNS) - 1, len(TSV_COLUMNS) - 1, b"")
    assert first.decode().isprintable() or b"\t" in first
    assert b"\x1b" not in first
    first, second, end = written(capfdbinary, path, "jsonl").split(b"\n")
    assert json.loads(first) == {"query": "a\tquery\n", **hit(path).to_dict()}
    assert first.isascii()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1))
def test_a_cell_of_tabs_can_be_read_back(name: str) -> None:
    line = FORMATS["tsv"]("q", hit(f"/{name}"))
    cells = line.split("\t")
    assert len(cells) == len(TSV_COLUMNS)
    assert "\n" not in line
    assert "\x1b" not in line
    ascii_only = "".join(char if char.isascii() else f"\\U{ord(char):08x}" for char in cells[5])
    assert ascii_only.encode().decode("unicode_escape") == f"/{name}"


def test_the_head_names_the_columns(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    print_tsv_head()
    assert capfdbinary.readouterr().out == "\t".join(TSV_COLUMNS).encode() + b"\n"


@pytest.mark.parametrize("null", [False, True])
def test_a_terminal_obeys_no_name(
    null: bool, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for kind in ("path", "hit"):
        out = written(capfdbinary, "/v/\x1b]0;x\x07.mp4", kind, null=null)
        assert out.startswith(rb"/v/\x1b]0;x\x07.mp4")
