"""What the documents tell people to type exists: commands, options, recipe files."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from framecue.cli.main import COMMANDS, framecue
from framecue.training.recipe import read_recipe

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELLS = ("", "console", "shell", "sh", "bash")
RECIPES = sorted((ROOT / "src" / "framecue" / "assets" / "recipes").rglob("*.yaml"))


def command_lines(text: str) -> list[str]:
    """The `framecue ...` lines of a document's code blocks and code spans."""
    found: list[str] = []
    fence, prose = None, []
    for line in text.replace("\\\n", " ").splitlines():
        if line.lstrip().startswith("```"):
            fence = None if fence is not None else line.strip().removeprefix("```")
        elif fence is None:
            prose.append(line)
        elif fence in SHELLS:
            found += [part.strip().removeprefix("$ ") for part in re.split(r"&&| \| ", line)]
    found += re.findall(r"(?<!`)`([^`]+)`(?!`)", "\n".join(prose))
    lines = [" ".join(line.split()) for line in found]
    return [line for line in lines if re.match(r"(\S*/)?framecue \S", line)]


def parse(words: list[str], parent: click.Context) -> click.Context:
    """Parse what comes after `framecue`, a command within a group too, and return its context."""
    command = framecue.get_command(parent, words[0])
    assert command is not None, f"{' '.join(words)}: no such command"
    context = command.make_context(words[0], words[1:], parent=parent)
    while isinstance(command, click.Group) and words[1:] and not words[1].startswith("-"):
        words, parent, group = words[1:], context, command
        command = group.get_command(parent, words[0])
        assert command is not None, f"{' '.join(words)}: no such command"
        context = command.make_context(words[0], words[1:], parent=parent)
    return context


def words_of(line: str) -> list[str]:
    """What comes after `framecue`, without a comment."""
    return shlex.split(line, comments=True)[1:]


LINES = [(document.name, line) for document in DOCUMENTS for line in command_lines(document.read_text("utf-8"))]


def test_command_lines_are_found() -> None:
    text = "Type `framecue info x`.\n```console\n$ framecue search 'a b' \\\n    --library x  # as above\n$ make\n```\n"
    text += "```\n$ framecue search b | x -I\n```\n"
    text += (
        "```json\n{}\n```\n```yaml\na: b\n```\n```python\nframecue = 3\n```\nand `.venv/bin/framecue demo`, ``make``\n"
    )
    assert command_lines(text) == [
        "framecue search 'a b' --library x # as above",
        "framecue search b",
        "framecue info x",
        ".venv/bin/framecue demo",
    ]
    assert words_of(command_lines(text)[0]) == ["search", "a b", "--library", "x"]
    assert len(LINES) >= len(COMMANDS)


@pytest.mark.parametrize(("document", "line"), LINES)
def test_every_command_line_parses(document: str, line: str) -> None:
    words = words_of(line)
    name, args = (words[0], words[1:]) if words else ("", [])
    if name in ("--help", "--version"):
        return
    with click.Context(framecue, info_name="framecue") as parent:
        command = framecue.get_command(parent, name)
        assert command is not None, f"{document}: {line}: no such command"
        # A mention of the command alone is no line to type; one with arguments is, and has to be whole.
        is_mention = isinstance(command, click.Group) and len(args) == 1
        if args and args != ["--help"] and not is_mention:
            assert not parse([name, *args], parent).args


@pytest.mark.parametrize(("document", "line"), [item for item in LINES if re.search(r"\btrain [\w/-]+ ", item[1])])
def test_bundled_recipes_that_are_named_exist(document: str, line: str) -> None:
    recipe, *overrides = [word for word in words_of(line)[1:] if not word.startswith("-")]
    read_recipe(recipe, tuple(overrides))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_mentions_every_command(name: str) -> None:
    assert any(words_of(line)[:1] == [name] for document, line in LINES if document == "README.md")


def leaves() -> list[str]:
    """The names of all commands that do something: those in groups with the group's name before them."""
    names = []
    with click.Context(framecue, info_name="framecue") as parent:
        for name in COMMANDS:
            command = framecue.get_command(parent, name)
            inner = command.list_commands(parent) if isinstance(command, click.Group) else []
            names += [f"{name} {each}" for each in inner] or [name]
    return names


@pytest.mark.parametrize("name", leaves())
def test_every_command_has_help_and_json(name: str) -> None:
    with click.Context(framecue, info_name="framecue") as parent:
        group, *inner = name.split()
        command = framecue.get_command(parent, group)
        for each in inner:
            assert isinstance(command, click.Group)
            parent = click.Context(command, info_name=group, parent=parent)
            command = command.get_command(parent, each)
        assert command is not None
        assert command.name == name.split()[-1]
        with click.Context(command, info_name=name.split()[-1], parent=parent) as context:
            text = command.get_help(context)
    assert f"Usage: framecue {name}" in text
    assert "\b" not in text
    assert "--json" in text
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help or parameter.name == "dtype", f"{name}: {parameter.name} has no help"


@pytest.mark.parametrize("name", COMMANDS)
def test_command_lines_in_the_help_parse(name: str) -> None:
    with click.Context(framecue, info_name="framecue") as parent:
        command = framecue.get_command(parent, name)
        assert command is not None
        for line in re.findall(r"^\s*(framecue .+)$", command.help or "", re.MULTILINE):
            words = words_of(line)
            assert words[0] == name
            assert parse(words, parent).args == []


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_every_recipe_can_be_read(file: Path) -> None:
    if file.parent.name != "bases":  # which are no recipes by themselves; tests/training has which are used
        recipe = read_recipe(file, ("data_dir=data",) if file.parent.name != "recipes" else ())
        assert not recipe.output_dir.is_absolute()
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# "), "the first line says what the recipe is for"


def test_there_are_recipes() -> None:
    assert RECIPES


def test_local_links_of_the_documents_lead_somewhere() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_tests_that_the_documents_name_exist() -> None:
    for document in DOCUMENTS:
        for path in re.findall(r"`((?:tests|src|recipes|benchmarks)/[\w./-]+)`", document.read_text("utf-8")):
            assert (ROOT / path).exists(), f"{document.name}: {path}"
