"""Checking an SQL condition that a person wrote, before LanceDB sees it.

It may be anybody's, as may a script that holds it, and LanceDB evaluates it in this process: a function that makes text
of any length takes all memory there, and a long chain of operators overflows its stack, which no error tells. So the
condition is taken apart here, strictly, and only functions that make nothing large are let through.
"""

from __future__ import annotations

import re

from framecue.errors import InputError

__all__ = ["FUNCTIONS", "check_where"]

# Each gives no more than it was given, or a number. Not replace, repeat, lpad, array_repeat, range and their like.
_FUNCTIONS = """
    abs array_contains array_has array_length array_position ascii bit_length btrim cardinality ceil char_length
    character_length coalesce concat concat_ws contains current_date current_timestamp date_bin date_part date_trunc
    datepart datetrunc ends_with exp floor from_unixtime greatest ifnull instr isnan iszero least left length
    list_contains list_has ln log log10 log2 lower ltrim nanvl now nullif nvl nvl2 octet_length pow power regexp_like
    reverse right round rtrim split_part sqrt starts_with strpos substr substring to_date to_timestamp
    to_timestamp_micros to_timestamp_millis to_timestamp_nanos to_timestamp_seconds to_unixtime today trim trunc upper
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
"""The functions that a condition may use."""

# Words that a parenthesis may follow without being functions: operators, and types with a length.
_WORD_LIST = """
    all and any as between by case cast distinct else end escape extract from ilike in is like not null or position
    similar some then to try_cast when array
    bigint boolean char character date dec decimal double float int integer numeric real smallint string text time
    timestamp tinyint varchar
"""
_WORDS = frozenset(_WORD_LIST.split())
_TOKEN = re.compile(
    r"""
    (?P<space>\s+) | (?P<text>'(?:[^']|'')*') | (?P<quoted>"[^"]*"|`[^`]*`) | (?P<word>[^\W\d]\w*)
    | (?P<number>\d[\w.]*|\.\d\w*) | (?P<mark>::|\|\||<=|>=|<>|!=|==|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = frozenset((*"+-*/%&|^~<>=[", "<=", ">=", "<>", "!=", "==", "||", "::"))
_WORD_OPERATORS = frozenset(("is", "between", "like", "ilike", "in", "similar"))
_JOINTS = frozenset(("and", "or", ","))
_LITERALS = frozenset(("date", "time", "timestamp"))  # date '2024-05-31'

MAX_LETTERS, MAX_TOKENS, MAX_DEPTH = 1_000_000, 100_000, 40
# LanceDB's stack ends at some thousand operators of one chain; at joints it takes more, and people write more.
MAX_OPERATORS, MAX_JOINTS = 100, 2_000


def check_where(where: object) -> None:
    """Refuse a condition that LanceDB would cut short, could not survive, or that would run into our own SQL.

    Args:
        where: the condition.

    Raises:
        InputError: it is empty, is not one condition, uses a function that is not in ``FUNCTIONS``, or is too long or
            too deep.
    """
    if not isinstance(where, str) or not where.strip():
        raise InputError("the condition (where) is empty; give one in SQL, such as duration_seconds > 60")
    problem = _problem(where)
    if problem is not None:
        shown = where if len(where) <= 200 else f"{where[:197]}..."
        raise InputError(f"the condition (where) {shown!r} {problem}")


def _problem(where: str) -> str | None:
    if len(where) > MAX_LETTERS:
        return f"has {len(where)} characters; give at most {MAX_LETTERS}"
    bare = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`", " ", where)
    if odd := next((mark for mark in (";", "--", "/*", "$", "#") if mark in bare), None):
        return f"is no SQL condition: {odd} has no place in it"
    if odd := next((mark for mark in ("'", '"', "`") if mark in bare), None):
        return f"is no SQL condition: a {odd} is not closed"
    return _structure_problem(where)


def _structure_problem(where: str) -> str | None:
    """Return what is wrong with functions, parentheses and lengths of a condition whose quotes are closed."""
    chains = [0]  # the operators of the chain at hand, at each depth
    num_tokens = num_joints = 0
    before, is_adjacent = "", False
    for found in _TOKEN.finditer(where):
        kind, token = found.lastgroup, found[0]
        if kind == "space":
            is_adjacent = False
            continue
        name = token.strip('"`').lower()
        num_tokens += 1
        if kind == "text" and is_adjacent and before not in _LITERALS:
            # A letter before a quote gives the text in it another meaning (E'\\'', U&'', X'').
            return f"is no SQL condition: a space is missing between {before} and {token[:20]}"
        if token == "(" and before and before not in _WORDS and before not in FUNCTIONS:
            return f"uses the function {before}; allowed: {', '.join(sorted(FUNCTIONS))}"
        if token == "(":
            chains.append(0)
        elif token == ")":
            chains.pop()
            if not chains:
                return "is no SQL condition: its parentheses do not match"
        elif kind in ("word", "mark") and name in _JOINTS:
            chains[-1] = 0
            num_joints += name != ","
        elif kind in ("word", "mark"):
            chains[-1] += name in _OPERATORS or name in _WORD_OPERATORS
        before = name if kind in ("word", "quoted") else ""
        is_adjacent = kind == "word"
        if len(chains) > MAX_DEPTH:
            return f"has more than {MAX_DEPTH} parentheses within each other"
        if chains[-1] > MAX_OPERATORS:
            return f"has more than {MAX_OPERATORS} operators in one term; split it, or compare with IN (...)"
        if num_joints > MAX_JOINTS or num_tokens > MAX_TOKENS:
            return f"is too long: give at most {MAX_JOINTS} ANDs and ORs; many values go into one IN (...)"
    return None if len(chains) == 1 else "is no SQL condition: its parentheses do not match"
