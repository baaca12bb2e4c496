from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from framecue.cli.prompt_line import line_reader, prompt_completer

UP, CTRL_C, CTRL_D = "\x1b[A", "\x03", "\x04"


@pytest.fixture
def typing() -> Iterator[Callable[[str], None]]:
    """Keys that are pressed at a terminal that is none."""
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe.send_text


def reader(history: Path | None = None, notices: list[str] | None = None, **options: Any) -> Callable[[], str]:
    wanted = {"is_kept": lambda: True, "on_notice": [].append if notices is None else notices.append}
    return line_reader(history, **{**wanted, **options})


def test_lines_ctrl_c_and_ctrl_d(typing) -> None:
    read = reader()
    typing("a dog\r")
    assert read() == "a dog"
    typing(f"a ca{CTRL_C}")
    with pytest.raises(KeyboardInterrupt):
        read()
    typing(CTRL_D)
    with pytest.raises(EOFError):
        read()


def test_what_was_typed_in_an_earlier_run_is_there_again(typing, tmp_path: Path) -> None:
    for _ in range(2):
        typing("a dog\r")
        assert reader(tmp_path / "h")() == "a dog"
    typing(f"{UP}s\r")
    assert reader(tmp_path / "h")() == "a dogs"


@pytest.mark.parametrize(
    ("begun", "completed"),
    [
        (":hy", [":hybrid"]),
        (":kind im", [":kind image"]),
        (":hybrid o", [":hybrid on", ":hybrid off"]),
        (":image {folder}/pic", [":image {folder}/picture.png"]),
        (":video {folder}/de", [":video {folder}/deep.txt", ":video {folder}/deeper"]),
        (":folder {folder}/de", [":folder {folder}/deeper"]),
        ("a dog", []),
        (":open 1", []),
        (":nope a", []),
    ],
)
def test_completion(tmp_path: Path, begun: str, completed: list[str]) -> None:
    (tmp_path / "picture.png").touch()
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deep.txt").touch()
    begun = begun.format(folder=tmp_path)
    found = prompt_completer().get_completions(Document(begun), CompleteEvent(completion_requested=True))
    made = [begun[: len(begun) + one.start_position] + one.text for one in found]
    assert sorted(made, reverse=True) == sorted((text.format(folder=tmp_path) for text in completed), reverse=True)


def test_where_no_history_can_be_kept_the_prompt_says_so_and_goes_on(typing, tmp_path: Path) -> None:
    notices: list[str] = []
    read = reader(tmp_path, notices)
    assert notices == [f"what is typed is not kept: {tmp_path}: Is a directory"]
    typing("a dog\r")
    assert read() == "a dog"
