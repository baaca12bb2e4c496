from __future__ import annotations

import lancedb
import pyarrow as pa
import pytest

from framecue.library.store.languages import PLAIN, STEMMERS, column_of, language_of
from framecue.library.store.timed_texts import _config


@pytest.mark.parametrize(
    ("language", "column"),
    [
        ("en", "stems_en"),
        ("pt-BR", "stems_pt"),
        ("EN_us", "stems_en"),
        ("nb", "stems_no"),
        ("ja", PLAIN),
        (None, PLAIN),
    ],
)
def test_a_language_has_a_column_if_it_has_stems(language: str | None, column: str) -> None:
    assert column_of(language) == column
    assert (language_of(column) is None) == (column == PLAIN)


def test_lancedb_has_a_stemmer_for_each_of_these_languages(tmp_path: object) -> None:
    columns = [column_of(code) for code in STEMMERS]
    schema = pa.schema([pa.field(name, pa.string()) for name in columns])
    table = lancedb.connect(str(tmp_path)).create_table("words", schema=schema)
    for name in columns:
        table.create_index(name, config=_config(name))
    assert len(table.list_indices()) == len(STEMMERS)
