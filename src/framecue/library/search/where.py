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
    similar some then to try_cast when
"""
_TYPE_LIST = """
    array bigint boolean char character date dec decimal double float int integer numeric real smallint string text time
    timestamp tinyint varchar
"""
_KEYWORDS = frozenset(_WORD_LIST.split())  # no column has such a name, unless in quotes
_WORDS = _KEYWORDS | frozenset(_TYPE_LIST.split())
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
# What stands in functions is there for thousands of rows at once, each part on its own, and joined parts once more.
MAX_PARTS, MAX_JOINED, MAX_TEXT = 100, 20, 10_000


def check_where(where: object) -> None:
    """Refuse a condition that LanceDB would cut short, could not survive, or that would run into our own SQL.

    Args:
        where: the condition.

    Raises:
        InputError: it is empty, is not one condition, uses a function that is not in ``FUNCTIONS``, or is too long, too
            deep, or makes too much of each row.
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
    if ":" in bare.replace("::", "") or "?" in bare:  # what stands for a value that nobody gives
        return f"is no SQL condition: {'?' if '?' in bare else ':'} has no place in it"
    return _structure_problem(where)


def _structure_problem(where: str) -> str | None:
    """Return what is wrong with functions, parentheses and lengths of a condition whose quotes are closed."""
    chains = [0]  # the operators of the chain at hand, at each depth
    num_tokens = num_joints = 0
    before, is_adjacent = "", False
    made = _Made()
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
        made.take(str(kind), token, name, before)
        before = name if kind in ("word", "quoted") else ""
        is_adjacent = kind == "word"
        if len(chains) > MAX_DEPTH:
            return f"has more than {MAX_DEPTH} parentheses within each other"
        if chains[-1] > MAX_OPERATORS:
            return f"has more than {MAX_OPERATORS} operators in one term; split it, or compare with IN (...)"
        if num_joints > MAX_JOINTS or num_tokens > MAX_TOKENS:
            return f"is too long: give at most {MAX_JOINTS} ANDs and ORs; many values go into one IN (...)"
        if made.problem:
            return made.problem
    return None if len(chains) == 1 else "is no SQL condition: its parentheses do not match"


class _Made:
    """What a term makes for each row: counted, as all of it is there at once until the term is compared.

    Attributes:
        problem: what is too much; None if nothing is.
    """

    def __init__(self) -> None:
        self.problem: str | None = None
        self._opened: list[str] = []  # "call", "list" (of IN), "group", "[" or "case"
        self._num_parts = self._num_joined = self._num_letters = 0

    def take(self, kind: str, token: str, name: str, before: str) -> None:
        """Count a token, given the word before it."""
        is_word = kind == "word"
        innermost = self._opened[-1] if self._opened else ""
        if token == "(":
            self._opened.append("list" if before == "in" else "call" if before in FUNCTIONS else "group")
        elif token == "[" or (is_word and name == "case"):
            self._opened.append(name)
        elif token in (")", "]") or (is_word and name == "end"):
            del self._opened[-1:]
        elif is_word and name in ("and", "or"):
            if not self._is_making:
                self._num_parts = self._num_joined = self._num_letters = 0
        elif token == "||":
            self._num_joined += 1
        elif kind == "text" and len(token) > MAX_TEXT:
            self.problem = f"has a text of {len(token)} characters; give at most {MAX_TEXT}"
        elif self._is_making:
            is_listed = innermost == "list"
            self._num_letters += len(token) if kind == "text" and not is_listed else 0
            is_named = kind == "quoted" or (is_word and name not in _KEYWORDS)
            self._num_parts += is_named or (token == "," and not is_listed)
        if self._num_parts > MAX_PARTS:
            self.problem = f"has more than {MAX_PARTS} columns, functions and arguments within each other in one term"
        elif self._num_joined > MAX_JOINED:
            self.problem = f"has more than {MAX_JOINED} times || in one term"
        elif self._num_letters > MAX_TEXT:
            self.problem = f"has texts of more than {MAX_TEXT} characters within the functions of one term"

    @property
    def _is_making(self) -> bool:
        return any(kind in ("call", "list", "[", "case") for kind in self._opened)
