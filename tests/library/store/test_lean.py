"""LanceDB without its client and pandas: what stands in for them is them as soon as it is used."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from framecue.library.store.lean import import_lean


def run(program):
    code = f"from framecue.library.store.lean import import_lean\nimport_lean()\nimport sys\n{program}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_table_is_written_and_read_without_them(tmp_path):
    program = f"""
import lancedb, pyarrow as pa
database = lancedb.connect({str(tmp_path / "db")!r})
vectors = pa.array([[0., 1.], [1., 0.]], pa.list_(pa.float32(), 2))
table = database.create_table("t", pa.table({{"x": [1, 2], "v": vectors}}))
print(len(table.search([0., 1.]).limit(1).to_arrow()), table.count_rows("x > 1"), database.open_table("t").schema.names)
try:
    database.open_table("none")
except Exception as error:
    print("not found" in str(error))
print([name for name in ("pandas", "urllib3", "torch") if name in sys.modules])
"""
    assert run(program) == ["1", "1", "['x',", "'v']", "True", "[]"]


def test_what_is_used_is_the_real_thing(tmp_path):
    program = f"""
import lancedb, lancedb.db, pyarrow as pa
database = lancedb.connect({str(tmp_path / "db")!r})
database.create_table("t", pa.table({{"x": [1]}}))
stand_in = lancedb.db.ListTablesResponse
made = stand_in(tables=["a"])
from lance_namespace import ListTablesResponse
print(type(made) is ListTablesResponse, isinstance(made, stand_in), issubclass(ListTablesResponse, stand_in))
class Derived(stand_in):
    pass
print(Derived.__mro__[1] is ListTablesResponse, "urllib3" in sys.modules)
from lancedb.embeddings import get_registry
print(get_registry() is not None, database.list_tables().tables)
"""
    assert run(program) == [*["True"] * 6, "['t']"]


def test_words_are_searched_without_them(tmp_path):
    program = f"""
import lancedb, lancedb.db, pyarrow as pa
from lancedb.index import FTS
database = lancedb.connect({str(tmp_path / "db")!r})
table = database.create_table("t", pa.table({{"x": ["a dog", "a cat"]}}))
table.create_index("x", config=FTS())
print(table.search("dog", query_type="fts").select(["x"]).limit(1).to_arrow()["x"].to_pylist())
print(isinstance(table, lancedb.db.ListTablesResponse), issubclass(int, lancedb.db.ListTablesResponse))
print([name for name in ("pandas", "urllib3", "torch") if name in sys.modules])
"""
    assert run(program) == ["['a", "dog']", "False", "False", "[]"]


def test_a_table_becomes_a_data_frame():
    pytest.importorskip("pandas")
    assert run("import lancedb, pyarrow as pa\nprint(len(pa.table({'x': [1, 2]}).to_pandas()))") == ["2"]


def test_a_process_that_has_lancedb_already_is_left_alone(monkeypatch):
    monkeypatch.setitem(sys.modules, "lancedb", ModuleType("lancedb"))
    before = list(sys.meta_path)
    import_lean()
    assert sys.meta_path == before
