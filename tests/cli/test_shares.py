from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import BadParameter

import framecue
from framecue.cli.shares import ShareType, read_share, share_below, share_text
from framecue.errors import InputError


@pytest.mark.parametrize(
    ("text", "share"),
    [
        *[("0", 0.0), ("1", 1.0), ("0.25", 0.25), (".5", 0.5), (" 1. ", 1.0)],
        *[("25%", 0.25), ("25 %", 0.25), ("12.5%", 0.125), ("0%", 0.0), ("100 %", 1.0)],
    ],
)
def test_a_share_is_a_number_or_a_percentage(text: str, share: float) -> None:
    assert read_share(text) == ShareType().convert(text, None, None) == share


@pytest.mark.parametrize("text", ["25", "-0.1", "-5%", "101%", "1.01", "nan", "inf%", "1e-1", "%", "", "a", "2%%"])
def test_what_is_no_share_is_told_both_forms(text: str) -> None:
    says = r"is no share; write a number from 0 to 1, such as 0\.25, or a percentage, such as 25%$"
    with pytest.raises(InputError, match=says):
        read_share(text)
    with pytest.raises(BadParameter, match=says):
        ShareType().convert(text, None, None)


def test_a_share_that_is_read_already_stays() -> None:
    assert ShareType().convert(0.25, None, None) == 0.25


@pytest.mark.parametrize(("share", "text"), [(0.0, "0%"), (0.133, "13%"), (0.666, "67%"), (1.0, "100%")])
def test_a_share_as_it_is_shown(share: float, text: str) -> None:
    assert share_text(share) == text
    assert read_share(text) == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize(
    ("share", "bound", "texts"),
    [
        (0.133, 0.5, ("13%", "50%")),
        (0.497, 0.5, ("49.7%", "50%")),
        (0.49999, 0.5, ("49.999%", "50%")),
        (0.0699, 0.07, ("6.99%", "7%")),
        (0.121, 0.125, ("12%", "12.5%")),
        (0.9951, 1.0, ("99.5%", "100%")),
        (0.0, 0.001, ("0%", "0.1%")),
    ],
)
def test_a_share_that_is_less_is_shown_as_less(share: float, bound: float, texts: tuple[str, str]) -> None:
    assert share_below(share, bound) == texts
    assert read_share(texts[0]) < read_share(texts[1])


def _shown_texts(tree: ast.AST) -> Iterator[str]:
    """Yield the strings of a file that may be shown to a person; what is put into one stands as a 0."""
    hidden: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            hidden.update(map(id, node.values))
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) or ast.get_docstring(node) is None:
            continue
        # The docstring of a command is its help.
        decorators = [ast.unparse(each) for each in getattr(node, "decorator_list", [])]
        if not any(".command" in each for each in decorators):
            hidden.add(id(node.body[0].value))  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "0" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in hidden:
            yield node.value


def test_a_percentage_is_written_in_one_way_wherever_it_is_shown() -> None:
    package = Path(framecue.__file__).parent
    apart = re.compile(r"(?:^|[\d}]) %(?![(\w}])")  # but no `a % b`, no `{% tag %}`
    texts = [(file, text) for file in package.rglob("*.py") for text in _shown_texts(ast.parse(file.read_text()))]
    texts += [(file, file.read_text()) for ending in ("html", "js") for file in package.rglob(f"*.{ending}")]
    assert len(texts) > 5000
    assert [(file.name, text[:80]) for file, text in texts if apart.search(text)] == []
