"""The Python examples in docs/library.md run as they are printed, one after another, with a small model."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

import framecue
from framecue.library.store.background import _SCHEMA as _BACKGROUND_SCHEMA
from framecue.library.store.computations import _COMPUTATIONS_SCHEMA
from framecue.library.store.copies import _COPIES_SCHEMA
from framecue.library.store.failures import _FAILURES_SCHEMA
from framecue.library.store.migrations import MIGRATIONS
from framecue.library.store.passages import PassageState, passages_schema
from framecue.library.store.rows import make_schema
from framecue.library.store.taught_name_rows import SCHEMA as _NAMES_SCHEMA
from framecue.library.store.timed_text_rows import SCHEMA as _TEXTS_SCHEMA
from framecue.library.store.words_notes import _ASKED_SCHEMA, _DONE_SCHEMA
from framecue.model import load_model
from framecue.words.passages import RULES
from framecue.words.sentences import SentenceFingerprint
from support.colours import write_clip

DOCUMENT = Path(__file__).parents[1] / "docs" / "library.md"


def examples() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the examples name."""
    videos = tmp_path / "Videos"
    for number, name in enumerate(("dog", "old", "2024/rome")):
        write_clip(videos / f"{name}.mp4", ("red", "green", "blue")[number], seed=number)
    shutil.copy(videos / "dog.mp4", videos / "the dog.mp4")
    for name in ("dog", "holiday"):
        shutil.copy(videos / "dog.mp4", tmp_path / f"{name}.mp4")
    Image.fromarray(np.full((40, 60, 3), 200, dtype=np.uint8)).save(tmp_path / "sunset.jpg")
    (tmp_path / "ratings.csv").write_text(f"path,rating\n{videos / 'dog.mp4'},4\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_examples_run(
    home: Path, clip_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(framecue, "load_model", lambda name, **options: load_model(clip_folder, **options))
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    names: dict[str, Any] = {}
    for example in examples():
        exec(compile(example, str(DOCUMENT), "exec"), names)
    assert names["library"].metadata_columns == {"rating": "int"}
    assert names["picture"].size == (60, 40)
    assert len(names["vectors"]) == 2
    assert [error.path.name for error in names["found"].skipped] == ["gone.mp4"]
    printed = capsys.readouterr().out
    assert f"{home / 'Videos' / 'the dog.mp4'} is the same as {home / 'Videos' / 'dog.mp4'}" in printed
    assert "1.0 of 1: holiday.mp4" in printed


def test_every_column_is_described() -> None:
    section = DOCUMENT.read_text("utf-8").split("### The tables, column by column")[1].split("\n### ")[0]
    tables = "copies|failures|encoded_by|timed_texts|words_asked|words_done|background|passages|taught_names"
    texts = re.split(rf"^`(?:{tables})`", section, flags=re.MULTILINE)
    later = {field.name: f"before format {step.format}" for step in MIGRATIONS for field in step.fields()}
    # Of the columns of languages one stands for all.
    timed_texts = _TEXTS_SCHEMA.append(pa.field("stems_en", pa.string()))
    encoder = SentenceFingerprint(model="any", revision="1", embedding_dim=1, max_tokens=9)
    schemas = (
        make_schema({"embedding_dim": 1}, {}),
        _COPIES_SCHEMA,
        _FAILURES_SCHEMA,
        _COMPUTATIONS_SCHEMA,
        timed_texts,
        _ASKED_SCHEMA,
        _DONE_SCHEMA,
        _BACKGROUND_SCHEMA,
        passages_schema(PassageState(encoder, RULES)),
        _NAMES_SCHEMA,
    )
    for text, schema in zip(texts, schemas, strict=True):
        rows: dict[str, list[str]] = {}
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if line.startswith("| `"):
                rows |= dict.fromkeys(re.findall(r"`(\w+)`", cells[0]), cells)
        assert list(rows) == schema.names
        for field in schema:
            assert rows[field.name][2].startswith("yes" if field.nullable else "no"), field.name
            if schema is schemas[0]:
                assert later.get(field.name, "") in rows[field.name][2]
            if not pa.types.is_nested(field.type):
                named = {"double": "float64", "float": "float32"}
                assert rows[field.name][1] == named.get(str(field.type), str(field.type))
