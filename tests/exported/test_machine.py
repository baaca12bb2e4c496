"""What is known of the processor."""

from __future__ import annotations

from pathlib import Path

import pytest

from framecue.exported import machine


@pytest.fixture
def cpuinfo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Put other lines in place of what Linux says."""

    def put(text: str | None, kind: str = "x86_64") -> None:
        path = tmp_path / "cpuinfo"
        if text is not None:
            path.write_text(text, encoding="utf-8")
        monkeypatch.setattr(machine, "Path", lambda _: path)
        monkeypatch.setattr(machine.platform, "machine", lambda: kind)
        machine.machine_key.cache_clear()
        machine._processor.cache_clear()

    yield put
    machine.machine_key.cache_clear()
    machine._processor.cache_clear()


def test_sums_are_exact_with_instructions_for_them(cpuinfo) -> None:
    cpuinfo("model name\t: A\nflags\t\t: sse2 avx2 avx512_vnni\n")
    assert machine.multiplies_bytes_exactly()
    cpuinfo("model name\t: A\nflags\t\t: sse2 avx2\n")
    assert not machine.multiplies_bytes_exactly()
    cpuinfo("Features\t: asimd\n", kind="aarch64")
    assert machine.multiplies_bytes_exactly()


def test_the_key_tells_kinds_of_processors_apart(cpuinfo) -> None:
    keys = set()
    for flags in ("avx2", "avx2 avx512f"):
        for _ in range(2):
            cpuinfo(f"model name\t: A\nflags\t\t: {flags}\n\nmodel name\t: A\nflags\t\t: {flags}\n")
            keys.add(machine.machine_key())
    assert len(keys) == 2
    assert all(len(key) == 8 for key in keys)


def test_a_system_that_says_nothing(cpuinfo) -> None:
    cpuinfo(None)
    assert len(machine.machine_key()) == 8
    assert not machine.multiplies_bytes_exactly()


def test_a_processor_has_a_name() -> None:
    assert machine.processor_name().strip() == machine.processor_name() != ""
