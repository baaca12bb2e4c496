"""Conditions that a person wrote: what people need goes through, what takes the memory or the process does not."""

import os
import re
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.library.search.where import FUNCTIONS, check_where

GOOD = [
    "duration_seconds > 60",
    "path = 'it''s (; -- $ repeat(1).mp4'",
    "lower(path) LIKE '%birthday%' AND NOT (duration_seconds BETWEEN 1 AND 2)",
    "starts_with(path, '/a') OR regexp_like(path, '^/b/(c|d)')",
    "CAST(duration_seconds AS BIGINT) % 2 = 1 AND CAST(score AS decimal(10, 2)) > 1",
    "date_part('year', to_timestamp_seconds(modified_seconds)) = 2024",
    "array_has(words, 'dog') AND words[1] = 'a'",
    "CASE WHEN (path IS NULL) THEN (true) ELSE (false) END",
    "to_timestamp_seconds(modified_seconds) > date '2024-01-01'",
    "to_timestamp_seconds(modified_seconds) > DATE'2024-01-01'",
    "\"path\" = 'a' AND `path` = 'a'",
    "coalesce(caption, '') <> ''",
    "path IN (" + ", ".join(f"'{n}.mp4'" for n in range(20_000)) + ")",
    " OR ".join(f"path = '{n}.mp4'" for n in range(2_000)),
    "((((((((((duration_seconds > 1))))))))))",
    " OR ".join(f"starts_with(lower(path), '/{n:040}') AND length(concat(path, caption, '.')) > 3" for n in range(900)),
    "length(path || '/' || caption) > 3 AND CAST(path AS text) LIKE '%?%:%' AND duration_seconds::int > 3",
    "CASE path " + " ".join(f"WHEN '{n}' THEN {n}" for n in range(400)) + " END > 3",
]

# What makes much of each row, while thousands of rows are looked at once.
MUCH = [
    "length(greatest(concat('0', text" + ", text" * 12_000 + "), 'a')) = 3",
    "length(greatest(" + "concat('0', text), " * 12_000 + "'a')) = 3",
    "length(concat_ws('-', text" + ", text" * 60 + ")) = 3",
    "length(coalesce(lower(text)" + ", lower(text)" * 60 + ")) = 3",
    "greatest(1" + ", 1" * 12_000 + ") = 1",
    "array_has([1" + ", 1" * 12_000 + "], duration_seconds)",
    "length(text" + " || text" * 30 + ") = 3",
    "text" + " || text" * 30 + " = 'a'",
    "('a' || text)" + " || ('a' || text)" * 20 + " = 'a'",
    "length(concat(text, '" + "a" * 500_000 + "')) = 3",
    "length(text || '" + "a" * 500_000 + "') = 3",
    "length(concat(text, '" + "a" * 5_000 + "', '" + "a" * 6_000 + "')) = 3",
    "(CASE WHEN duration_seconds > 1 THEN '" + "a" * 50_000 + "' ELSE text END) = 'a'",
    "(CASE WHEN true AND true THEN upper(text) " + "WHEN true AND true THEN lower(text) " * 60 + "END) = 'a'",
    "length(coalesce(" + "(true AND lower(text) = 'a'), " * 60 + "true)) = 3",
    "lower(text) IN (" + "upper(text), " * 60 + "'a')",
    'length(concat("text"' + ', "text"' * 60 + ")) = 3",
    "length(concat(`text`" + ", `text`" * 60 + ")) = 3",
    "length(concat(concat(" + "text, " * 40 + "'a'), concat(" + "text, " * 40 + "'a'))) = 3",
]

LARGE = [
    *("repeat('a', 10000000000)", "lpad('a', 2000000000)", "rpad('a', 2000000000)", "REPEAT ('a', 10)"),
    *("\"repeat\"('a', 10)", "`repeat`('a', 10)", "repeat\n('a', 10)", "replace(path, '', 'aaaaaaaaaaaa')"),
    *("range(0, 10000000000)", "generate_series(1, 1e12)", "array_repeat(1, 1000000000)", "space(1000000000)"),
    *("public.repeat('a', 10)", "lower(upper(repeat('a', 10)))", "regexp_replace(path, '', path, 'g')"),
    *("translate(path, 'a', 'b')", "make_array(1)", "x.y.\"lpad\"('a', 1)", "arrow_cast(path, 'Int8')", "version()"),
]

DEEP = [
    "(" * 200 + "true" + ")" * 200,
    "1" + " + duration_seconds" * 1_000 + " > 0",
    "1" + "+1" * 10_000 + " > 0",
    "true" + " = true" * 1_000,
    "true" + " IS TRUE" * 5_000,
    "1" + "::int" * 5_000 + " = 1",
    "path" + " || path" * 5_000 + " = 'a'",
    "1" + " + (CASE WHEN true AND true THEN 1 END)" * 2_000 + " > 0",
    "1" + " + abs(1, 2)" * 2_000 + " > 0",
    "- " * 5_000 + "1 > 0",
    "words" + "[1]" * 5_000 + " = 'a'",
    " OR ".join(["true"] * 50_000),
    "path = '" + "a" * 2_000_000 + "'",
    "a, " * 200_000 + "b",
]


@pytest.mark.parametrize("where", GOOD)
def test_what_people_write_passes(where):
    check_where(where)


@pytest.mark.parametrize("call", LARGE)
@pytest.mark.parametrize(
    "place", ["{} = 'a'", "length({}) > 1", "true AND (path IN ('(', {}))", "path = ')' OR {} > '1'"]
)
def test_a_function_that_is_not_on_the_list(call, place):
    with pytest.raises(
        InputError, match=r"^the condition \(where\) .* uses the function \w+; allowed: abs, .*, upper$"
    ):
        check_where(place.format(call))


@pytest.mark.parametrize("where", DEEP)
def test_what_is_too_deep_or_too_long(where):
    with pytest.raises(InputError) as caught:
        check_where(where)
    assert len(str(caught.value)) < 500
    assert "at most" in str(caught.value) or "more than" in str(caught.value)


@pytest.mark.parametrize("where", MUCH)
def test_what_makes_much_of_each_row(where):
    with pytest.raises(InputError, match=r"more than|at most") as caught:
        check_where(where)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("? = 1", r"\? has no place in it"),
        ("path = ?", r"\? has no place in it"),
        (":x = 1", ": has no place in it"),
        ("path = :1", ": has no place in it"),
        ("path:::text = 'a'", ": has no place in it"),
        ("", "is empty"),
        (None, "is empty"),
        ("true; drop", "; has no place in it"),
        ("true -- and so on", "-- has no place in it"),
        ("true /* and */", r"/\* has no place in it"),
        ("path = $$a$$", r"\$ has no place in it"),
        ("path = 'a", "a ' is not closed"),
        ('"path = 1', 'a " is not closed'),
        ("(true", "its parentheses do not match"),
        ("true) OR (true", "its parentheses do not match"),
        ("path = E'a'", "a space is missing between e and"),
        ("path = X'00'", "a space is missing between x and"),
    ],
)
def test_what_is_no_condition(where, problem):
    with pytest.raises(InputError, match=problem):
        check_where(where)


@given(st.text("()[],'\"`;+=.$ \\ErepatnodOR1", max_size=60))
@example("E'\\'")
def test_every_text_is_let_through_or_refused_with_a_reason(text):
    try:
        check_where(text)
        is_fine = True
    except InputError:
        is_fine = False
    bare = re.sub("'[^']*'", "", text)
    assert not (is_fine and re.search(r"repeat\s*\(", bare))


RUN = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from framecue.library.store.lean import import_lean
import_lean()
import lancedb, pyarrow as pa
resource.setrlimit(resource.RLIMIT_DATA, (3 << 30, 3 << 30))
from framecue.errors import InputError
from framecue.library.search.where import check_where, MAX_DEPTH, MAX_JOINTS, MAX_OPERATORS
table = lancedb.connect(sys.argv[1]).create_table("t", pa.table({"path": ["a"], "duration_seconds": [1.0]}))
most = [
    "1" + " + duration_seconds" * (MAX_OPERATORS - 2) + " > 0",
    " AND ".join(["duration_seconds" + " + 1" * (MAX_OPERATORS - 2) + " > 0"] * 20),
    "true" + " = true" * MAX_OPERATORS,
    " OR ".join(["path = 'a'"] * MAX_JOINTS),
    " AND ".join(f"duration_seconds <> {n}" for n in range(2, MAX_JOINTS // 4)),
    "(" * (MAX_DEPTH - 1) + "true" + ")" * (MAX_DEPTH - 1),
    "path IN (" + ",".join(f"'{n}'" for n in range(20_000)) + ", 'a')",
    "regexp_like(path, '" + "(" * 40 + "a" + ")" * 40 + "')",
    "regexp_like(path, '(a{1000}){1000}') OR true",
]
for where in most:
    check_where(where)
    try:
        table.search().where(f"({where})").to_arrow()
    except (RuntimeError, ValueError) as error:
        print(where[:20], type(error).__name__)
print("well")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs limits")
def test_lancedb_survives_the_most_that_is_let_through(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", RUN, tmp_path], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["well"]), done.stderr[-500:]


def test_the_functions_are_there(tmp_path):
    """A name that LanceDB does not know helps nobody."""
    lancedb = pytest.importorskip("lancedb")
    pa = pytest.importorskip("pyarrow")
    table = lancedb.connect(tmp_path).create_table("t", pa.table({"path": ["a"]}))
    unknown = []
    for name in sorted(FUNCTIONS):
        try:
            table.search().where(f"({name}() = 1)").explain_plan()
        except Exception as error:
            if "Invalid function" in str(error) or "not found" in str(error).lower():
                unknown.append(name)
    assert unknown == []
