"""Whatever is typed, whatever the files hold: one line and an exit code, never a traceback.

``FRAMECUE_FUZZ_EXAMPLES=2000 pytest tests/cli/test_fuzz.py`` tries more than a usual run does.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from framecue.cli.main import COMMANDS, framecue, main
from framecue.library import Library
from support.colour_model import ColourModel
from support.colours import write_clip

NUM_EXAMPLES = int(os.environ.get("FRAMECUE_FUZZ_EXAMPLES", "100"))

# What would not end, or would leave the folder of the test: a folder that is watched, a player, clips by the thousand,
# another machine.
LEFT_OUT = {"watch", "poll", "open", "player", "host", "port", "stdio", "help", "version"}
NO_COMMANDS = {"demo", "serve", "mcp"}

NASTY = [
    "",
    " ",
    "-",
    "0",
    "-1",
    "1",
    "2",
    "nan",
    "inf",
    "1e400",
    "9" * 5000,
    "0.5",
    "1:02",
    "99:99:99",
    "2024-05-31",
    "a\nb",
    "\x1b[31m",
    "\u202e\u200b",
    "caf\udce9",
    "x" * 5000,
    "x/" * 300,
    "\U0001f3ac",
    "@",
    "@1-2",
    "a@b-c",
    "red",
    "' OR 1=1 --",
    "path LIKE '%'",
    "duration_seconds > 'x'",
    "((((",
    "(" * 3000 + "1" + ")" * 3000,
    "[",
    "**/*",
    "*" * 300,
    "{}",
    "%s%n",
    "~nobody/x",
    "key=value",
    "a=b=c",
    "output_dir=made",
    "schedule.batch_size=1000000000000",
]


class Model(ColourModel):
    """Takes any text, as a real model does."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return super().embed_texts(["red" for _ in texts])


def write_files(folder: Path) -> list[str]:
    """Write a folder of good and bad files; return their names."""
    (folder / "videos").mkdir()
    clip = write_clip(folder / "clip.mp4", "red")
    write_clip(folder / "videos" / "\u732b \U0001f3ac.mp4", "green")
    (folder / "cut.mp4").write_bytes(clip.read_bytes()[:900])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("no video\n" * 50)
    (folder / "latin.txt").write_bytes("caf\u00e9\n".encode("latin-1"))
    (folder / "queries.txt").write_text("red\n\ngreen\n")
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "deep.yaml").write_text("a: " + "[" * 5_000)
    (folder / "bomb.yaml").write_text("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n")
    (folder / "digits.json").write_text('{"a": ' + "9" * 100_000 + "}")
    (folder / "captions.jsonl").write_text(
        '{"video": "clip.mp4", "captions": ["red"], "split": "test"}\n{"video": 1}\n'
    )
    (folder / "recipe.yaml").write_text(
        "output_dir: made\nbackbone: moji-clip\nschedule: {batch_size: 9999999999999}\n"
    )
    (folder / "nothing").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe.mp4")
    (folder / "adapter").mkdir()
    (folder / "adapter" / "adapter_config.json").write_text(json.dumps({"captioner_layers": 10**9}))
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(b"\xff" * 20)
    shutil.copytree(folder / "adapter", folder / "hollow.lance")
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


class Place(NamedTuple):
    """A folder to run commands in, as it is before each of them."""

    folder: Path
    names: list[str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("fuzz")
    names = write_files(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HOME", str(folder))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setattr("framecue.model.load_model", lambda name, adapter=None, **_: Model(name=name, adapter=adapter))
        Library(folder / "a.lance", model=Model(name="colours")).add(folder / "clip.mp4")
        shutil.copytree("a.lance", "kept.lance")
        yield Place(folder, [*names, "a.lance", "clip.mp4@0-1", f"{folder}/clip.mp4", f"{folder}/clip.mp4@0:00-0:01"])


def commands() -> dict[str, click.Command]:
    context = click.Context(click.Group())
    found = {name: framecue.get_command(context, name) for name in COMMANDS if name not in NO_COMMANDS}
    for name, group in list(found.items()):
        if isinstance(group, click.Group):
            found |= {f"{name} {inner}": group.get_command(context, inner) for inner in group.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


@st.composite
def arguments(draw: Callable[..., Any], names: list[str]) -> list[str]:
    """Draw a command with some of its options; most are given something of the right kind, the others anything."""
    known = commands()
    # `methods` counts the parameters of all of them, which takes seconds.
    name = draw(st.sampled_from([name for name in sorted(known) for _ in range(1 if name == "methods" else 5)]))
    value = st.sampled_from(names) | st.sampled_from(NASTY) | st.sampled_from(names) | st.text(max_size=12)
    number = st.sampled_from(["0", "1", "2", "5", "0.5", "-1", "1e400", "nan"])
    options = [
        parameter
        for parameter in known[name].params
        if isinstance(parameter, click.Option) and LEFT_OUT.isdisjoint({parameter.name, *_bare(parameter)})
    ]
    args = name.split()
    for option in draw(st.lists(st.sampled_from(options), max_size=4)) if options else []:
        args.append(draw(st.sampled_from(option.opts)))
        is_right = draw(st.integers(0, 3)) > 0
        if isinstance(option.type, click.Choice):
            args.append(str(draw(st.sampled_from(list(option.type.choices)))) if is_right else draw(value))
        elif not option.is_flag:
            is_number = isinstance(option.type, (click.types.IntParamType, click.types.FloatParamType))
            args.append(draw(number if is_number and is_right else value))
    if draw(st.integers(0, 3)) and any("--library" in option.opts for option in options):
        args += ["--library", "a.lance"]
    for parameter in known[name].params:
        if isinstance(parameter, click.Argument):
            least, most = (1, 2) if parameter.nargs == -1 else (1, 1) if parameter.required else (0, 1)
            args += draw(st.lists(value, min_size=least if draw(st.integers(0, 9)) else 0, max_size=most))
    if name == "moji-motion":
        # A thousand clips unless it is told.
        args += ["--clips", draw(number)]
    return args


def _bare(option: click.Option) -> set[str]:
    return {text.lstrip("-") for text in (*option.opts, *option.secondary_opts)}


@settings(
    max_examples=NUM_EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_command_line_ends_in_a_code_and_one_line(place: Place, data: st.DataObject) -> None:
    args = data.draw(arguments(place.names))
    # The whole disk is no folder to try things on.
    assume(not any(_is_above(arg, place.folder) for arg in args))
    code, err = run(args)
    event(f"{args[0]}: {code}")
    assert code in (0, 1, 2, 130), (args, err)
    assert "Traceback" not in err, args
    assert "a defect in framecue" not in err, args
    if args[0] == "doctor" and code == 1:
        return  # its findings say what does not work
    errors = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == (code != 0), (args, err)
    # Below it may be details, which are indented.
    assert code == 0 or err.rstrip("\n").rpartition("Error: ")[2].count("\n       ") <= 1, (args, err)
    if not Path("clip.mp4").is_file() or not Path("a.lance").is_dir():
        pytest.fail(f"{args} took a file of the user's away")
    if not Path("a.lance/segments.lance").is_dir():
        pytest.fail(f"{args} took the library away")
    restore(place)


def _is_above(arg: str, folder: Path) -> bool:
    """Whether an argument, or the value in it, names a folder that the test's own lies in."""
    if "\0" in arg:
        return False
    named = {os.path.abspath(os.path.expanduser(text)) for text in (arg, arg.rpartition("=")[2]) if text}  # noqa: PTH100, PTH111
    return not named.isdisjoint(map(str, folder.resolve().parents))


def run(args: list[str]) -> tuple[int, str]:
    """Run a command in this process; return its exit code and what it wrote on standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"red\n\xff\ngreen\n"), encoding="utf-8"))
        code = main(args)
    return code, err.getvalue()


def restore(place: Place) -> None:
    """Put the library back as it was, and take away what was made."""
    shutil.rmtree("a.lance", ignore_errors=True)
    shutil.copytree("kept.lance", "a.lance")
    known = {name.partition("/")[0] for name in place.names} | {"kept.lance", "a.lance"}
    for path in place.folder.iterdir():
        if path.name not in known:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
