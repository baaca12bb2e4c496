"""What docs/uses.md says holds: its Python example runs, and its table and numbers are the code's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import framecue
from framecue.model import load_model
from framecue.uses.compare import CLIP_TEMPERATURE
from framecue.uses.embedding_table import FINGERPRINT_KEY, text_schema, video_schema
from framecue.uses.labels import KINETICS_TEMPLATES, MAX_LABELS
from framecue.uses.questions import read_questions
from support.colours import write_clip

TEXT = (Path(__file__).parents[1] / "docs" / "uses.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)


def test_the_example_runs(
    tmp_path: Path, clip_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("holiday.mp4", "clips/a.mp4"):
        write_clip(tmp_path / name, "red")
    (tmp_path / "actions.txt").write_text("running\njumping\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(framecue, "load_model", lambda name: load_model(clip_folder))
    names: dict[str, Any] = {}
    (example,) = blocks("python")
    exec(compile(example, "docs/uses.md", "exec"), names)
    lines = capsys.readouterr().out.splitlines()
    assert [Path(line.split()[0]).name for line in lines[:2]] == ["a.mp4", "holiday.mp4@0:00-0:01"]
    assert lines[2] in ("100.0", "0.0")
    assert lines[3] == f"1 {[str(tmp_path / 'clips' / 'gone.mp4')]}"


def test_the_question_can_be_read(tmp_path: Path) -> None:
    (line,) = blocks("json")
    (tmp_path / "q.jsonl").write_text(line)
    (question,) = read_questions(tmp_path / "q.jsonl")
    assert question.texts == ["the dog runs", "the dog sleeps"]


def test_the_columns_are_the_tables() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", TEXT, flags=re.MULTILINE)
    schema = video_schema(8, frames=True)
    assert [name for name, _ in rows] == schema.names
    words = {"string": "string", "double": "float64", "fixed_size_list<": "fixed-size list of float32"}
    for (_, kind), field in zip(rows[:3], schema, strict=False):
        (wanted,) = [text for begin, text in words.items() if str(field.type).startswith(begin)]
        assert kind == wanted
    assert text_schema(8).names == ["text", "vector"]
    assert f"`{FINGERPRINT_KEY.decode()}`" in TEXT


def test_the_numbers_are_the_codes() -> None:
    assert f"it is the {len(KINETICS_TEMPLATES)} templates" in TEXT
    assert f"at most {MAX_LABELS:,}".replace(",", " ") in TEXT
    assert f"({CLIP_TEMPERATURE}, which CLIP's reaches" in " ".join(TEXT.split())
    quoted = re.findall(r'"(a [^"]*\{\}[^"]*\.)"', " ".join(TEXT.split()))
    assert len(quoted) == 3
    assert set(quoted) <= set(KINETICS_TEMPLATES)
