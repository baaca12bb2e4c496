"""``framecue serve``: what is said before anything is served, and that what was asked for is served."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("fastapi", reason='serving needs the extra: pip install "framecue[serve]"')

from framecue.library import Library
from framecue.service.http.logs import logger as request_logger
from support.asgi import Answer, answer
from support.colour_rows import write_colours
from support.colours import COLOURS, ColourEncoder

TOKEN = "a-token-of-some-length"


class AnyText(ColourEncoder):
    """Takes any text for a colour, as what is searched for first is none."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return super().embed_texts([text if text in COLOURS else "red" for text in texts])


@pytest.fixture(autouse=True)
def own_model(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models are encoders of colours, and nothing is downloaded; gives the names that were asked for."""
    asked: list[str] = []
    monkeypatch.setattr("framecue.cli.serve.library_model", lambda library, **named: AnyText())
    monkeypatch.setattr("framecue.cli.model_files.get_model_files", lambda name, **named: asked.append(str(name)))
    return asked


@pytest.fixture(autouse=True)
def loggers_as_before() -> Any:
    logger = logging.getLogger("framecue.service")
    before = logger.level, logger.propagate, list(logger.handlers)
    yield
    logger.setLevel(before[0])
    logger.propagate, logger.handlers[:] = before[1], before[2]


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Answer]]:
    """Have the server answer some requests and end."""

    def ask(*requests: dict[str, Any]) -> list[Answer]:
        answers: list[Answer] = []

        def served(app: Any, listening: socket.socket, *, on_end: Callable[[], None]) -> None:
            answers.extend(answer(app, **request) for request in requests)
            listening.close()
            on_end()

        monkeypatch.setattr("framecue.service.http.run.run", served)
        return answers

    return ask


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return write_colours(tmp_path / "colours.lance", "red", "blue")


def test_it_says_where_it_is_and_serves_all_libraries_that_are_named(
    run, asking, library: Path, tmp_path: Path
) -> None:
    other = write_colours(tmp_path / "others.lance", "white")
    answers = asking({"path": "/api/libraries"}, {"path": "/"})
    result = run("serve", "--library", library, "-l", other, "-l", library, "--port", "0")
    assert (result.code, result.out) == (0, "")
    assert "searching colours, others at http://127.0.0.1:" in result.err
    assert "Ctrl-C stops" in result.err
    names = [each["name"] for each in json.loads(answers[0].body)["libraries"]]
    assert names == ["colours", "others"]
    assert answers[1].status == 200


def test_the_library_of_the_variable_may_have_spaces_in_its_name(run, asking, tmp_path: Path, monkeypatch) -> None:
    place = write_colours(tmp_path / "my videos.lance", "red")
    asking()
    monkeypatch.setenv("FRAMECUE_LIBRARY", str(place))
    assert "searching my videos at" in run("serve", "--port", "0").err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "0.0.0.0"], "0.0.0.0 can be reached from other machines; give a --token"),
        (["--host", "0.0.0.0", "--token", "short"], "the token has 5 characters; give at least 16"),
        (["--prune"], "--prune is given without --watch"),
        (["--images"], "--images is given without --watch"),
        (["--host", "203.0.113.7", "--no-token"], "203.0.113.7 is no address of this machine"),
        (["--watch", "/nowhere/at/all"], "nothing to watch: there is nothing at /nowhere/at/all"),
    ],
)
def test_what_cannot_be_served_so_is_one_sentence(run, library: Path, arguments: list[str], says: str) -> None:
    result = run("serve", "--library", library, "--port", "0", *arguments)
    assert result.code != 0
    assert says in result.err.splitlines()[-1]


def test_a_library_that_is_not_there_is_one_sentence(run, tmp_path: Path) -> None:
    result = run("serve", "--library", tmp_path / "none.lance", "--port", "0")
    assert result.code == 1
    assert result.err.startswith(
        f"Error: there is no library at {tmp_path / 'none.lance'}; make one with `framecue index"
    )
    assert not (tmp_path / "none.lance").exists()


def test_a_port_that_is_taken_is_one_sentence(run, library: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--library", library, "--port", port)
    assert result.code == 1
    assert f"port {port} at 127.0.0.1 is taken" in result.err


def test_the_token_is_asked_for_and_is_in_no_log(run, asking, library: Path, monkeypatch) -> None:
    answers = asking({"path": "/api/info"}, {"path": "/api/info", "headers": [("Authorization", f"Bearer {TOKEN}")]})
    monkeypatch.setenv("FRAMECUE_TOKEN", TOKEN)
    result = run("serve", "--library", library, "--port", "0", "--log", "requests")
    assert [each.status for each in answers] == [401, 200]
    assert TOKEN not in result.err
    assert "GET /api/info 401" in result.err


def test_requests_are_logged_where_that_is_wanted(run, asking, library: Path) -> None:
    asking({"path": "/api/info", "query": "library=colours"})
    assert "GET" not in run("serve", "--library", library, "--port", "0").err
    shown = run("serve", "--library", library, "--port", "0", "--log", "requests").err
    assert "127.0.0.1 GET /api/info 200 " in shown
    assert "library=" not in shown
    assert request_logger.name.startswith("framecue.service.")


def test_a_folder_is_indexed_meanwhile_into_a_library_that_may_be_new(run, asking, tmp_path: Path, own_model) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    answers = asking({"path": "/api/indexing"}, {"path": "/healthz"})
    result = run("serve", "--library", tmp_path / "new.lance", "--port", "0", "--watch", folder)
    assert result.code == 0
    assert f"indexing {folder} meanwhile" in result.err
    assert json.loads(answers[0].body)["watching"] == [str(folder)]
    assert answers[1].status == 200
    assert len(own_model) == 1  # the usual model's files


def test_a_model_whose_files_cannot_be_had_stops_searches_alone(run, asking, library: Path, monkeypatch) -> None:
    from framecue.errors import ModelError

    def refuse(*_: object, **named: object) -> None:
        raise ModelError("the hub cannot be reached; name a folder")

    monkeypatch.setattr("framecue.cli.model_files.get_model_files", refuse)
    found = asking({"path": "/api/info"})
    result = run("serve", "--library", library, "--port", "0")
    assert result.code == 0
    assert "library colours cannot be searched: the hub cannot be reached; name a folder" in result.err
    assert found[0].status == 200


def test_without_the_extra_it_is_named(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['fastapi'] = None; from framecue.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "serve", "--library", str(tmp_path / "any.lance")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "Error: serving needs fastapi, which is not installed; pip install 'framecue[serve]'\n"


def test_limits_are_those_that_are_given(run, asking, library: Path) -> None:
    heads = [("Content-Type", "multipart/form-data; boundary=x"), ("Content-Length", "1000001")]
    answers = asking({"path": "/api/search", "method": "POST", "headers": heads})
    run("serve", "--library", library, "--port", "0", "--upload-limit", "1")
    assert answers[0].status == 413
    assert "at most 1,000,000 bytes" in answers[0].detail


def test_the_library_stays_as_it_was(run, asking, library: Path) -> None:
    asking({"path": "/api/info"})
    before = Library(library).info().to_dict()
    run("serve", "--library", library, "--port", "0")
    assert Library(library).info().to_dict() == before


@pytest.mark.parametrize("allowed", [False, True])
def test_names_are_taught_where_that_is_allowed_alone(run, asking, library: Path, allowed: bool) -> None:
    answers = asking({"path": "/api/names", "method": "DELETE", "query": "name=Rex"}, {"path": "/api/names"})
    result = run("serve", "--library", library, "--port", "0", *(["--allow-teach"] if allowed else []))
    assert answers[0].status == (404 if allowed else 403)
    assert json.loads(answers[1].body) == {"may_teach": allowed, "teaching": None, "names": []}
    assert ("may teach them names" in result.err) is allowed
