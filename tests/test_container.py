"""The files from which a container is made: what they name exists, and what they promise about safety stands in them.

No container engine is needed. `tests/suites/serving/test_container_steps.py` carries the steps out.
"""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import PurePosixPath

import click
import pytest
import yaml

from framecue.cli.main import framecue
from support.container import ROOT, is_sent, read_stages, words_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IGNORED = (ROOT / ".dockerignore").read_text(encoding="utf-8")
BUILD, FINAL = read_stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
VOLUMES = words_of(FINAL.every("VOLUME")[0])
EVERY_SERVICE = pytest.mark.parametrize("name", SERVICES)


def tracked() -> list[str]:
    """The files of the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not in a git repository")
    return [name for name in listed.stdout.split("\0") if name]


def parsed(words: list[str]) -> click.Context:
    """Parse a command of framecue; without running it."""
    with click.Context(framecue, info_name="framecue") as parent:
        command = framecue.get_command(parent, words[0])
        assert command is not None, words
        return command.make_context(words[0], words[1:], parent=parent)


def test_the_small_parser_reads_what_docker_reads() -> None:
    first, second = read_stages('# c\nARG A=1\nFROM a AS one\nRUN b \\\n  # why\n  && c\nFROM d\nCMD ["e", "f g"]\n')
    assert (first.base, first.name, first.steps) == ("a", "one", [("RUN", "b && c")])
    assert words_of(second.every("CMD")[0]) == ["e", "f g"]
    assert is_sent("src/a.py", "*\n!src\n**/*.pyc\n")
    assert not is_sent("src/x/a.pyc", "*\n!src\n**/*.pyc\n")
    assert not is_sent("other/a.py", "*\n!src\n")
    assert is_sent("other/a.py", "*.lance")


def test_what_is_copied_exists_and_is_sent() -> None:
    copied = [word for rest in BUILD.every("COPY") for word in rest.split()[:-1]]
    assert "src/" in copied
    for name in copied:
        assert (ROOT / name).exists()
        assert is_sent(name.rstrip("/"), IGNORED), f"{name} is copied, and .dockerignore leaves it out"
    # What pyproject.toml names is needed to install the package.
    assert {PROJECT["readme"], *PROJECT["license-files"]} <= set(copied)


def test_the_whole_package_is_sent_and_nothing_else() -> None:
    sent = [name for name in tracked() if is_sent(name, IGNORED)]
    package = [name for name in tracked() if name.startswith("src/")]
    assert set(sent) - set(package) == {"constraints.txt", "pyproject.toml", "README.md", "LICENSE"}
    assert set(package) - set(sent) == set()
    for name in (".git/config", ".venv/bin/python", "films.lance/data.bin", "src/a.lance/x", ".env", "runs/a.json"):
        assert not is_sent(name, IGNORED), name


def test_extras_exist_and_torch_is_the_one_that_is_tested() -> None:
    install = BUILD.every("RUN")
    extras = next(step for step in install if ".[" in step).partition("[")[2].partition("]")[0].split(",")
    assert {"serve", "mcp"} <= set(extras) <= set(PROJECT["optional-dependencies"])
    pinned = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith("torch==")]
    assert len(pinned) == 1
    assert pinned[0] in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all("-c constraints.txt" in step for step in install if "pip install" in step)


def test_it_runs_as_an_ordinary_user_who_owns_the_volumes_alone() -> None:
    (user,) = FINAL.every("USER")
    made = " ".join(FINAL.every("RUN"))
    assert user != "root"
    assert f"useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin {user}" in made
    assert f"install -d -o {user} -g {user} {' '.join(VOLUMES)}" in made
    kinds = [name for name, _ in FINAL.steps]
    assert "RUN" not in kinds[kinds.index("USER") :]
    assert BUILD.name
    assert [rest.split()[0] for rest in FINAL.every("COPY")] == [f"--from={BUILD.name}"]


def test_everything_that_is_written_lies_in_a_volume() -> None:
    environment = FINAL.environment()
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    for name in ("HOME", "HF_HOME", "FRAMECUE_CACHE", "FRAMECUE_LIBRARY"):
        assert any(PurePosixPath(environment[name]).is_relative_to(volume) for volume in VOLUMES), name
    assert FINAL.every("WORKDIR")[0] in VOLUMES
    assert environment["PATH"].startswith("/opt/framecue/bin:")


def test_what_it_runs_parses_and_the_ports_agree() -> None:
    assert words_of(FINAL.every("ENTRYPOINT")[0]) == ["framecue"]
    context = parsed(words_of(FINAL.every("CMD")[0]))
    assert context.info_name == "serve"
    port = str(context.params["port"])
    assert FINAL.every("EXPOSE") == [port]
    assert f":{port}/healthz" in FINAL.every("HEALTHCHECK")[0]
    assert SERVICES["serve"]["ports"] == [f"127.0.0.1:{port}:{port}"]


@pytest.fixture
def answering() -> Iterator[tuple[int, list[int]]]:
    """A server that answers with the status in the list; gives its port."""
    status = [200]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status[0] if self.path == "/healthz" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, status
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_health_check_tells_a_sound_server_from_others(answering: tuple[int, list[int]]) -> None:
    port, status = answering
    check = words_of(FINAL.every("HEALTHCHECK")[0].partition(" CMD ")[2])
    words = [sys.executable, "-S", *(word.replace(":8000", f":{port}") for word in check[1:])]
    assert check[0] == "python"
    codes = []
    for answer in (200, 503):
        status[0] = answer
        codes.append(subprocess.run(words, capture_output=True).returncode)
    assert codes == [0, 1]


@EVERY_SERVICE
def test_every_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["build"] == "."
    assert "user" not in service
    assert "privileged" not in service
    mounts = {
        volume.split(":")[-2] if volume.endswith(":ro") else volume.split(":")[-1]: volume
        for volume in service["volumes"]
    }
    assert mounts["/videos"].endswith(":ro"), "the videos are for reading alone"
    assert set(mounts) == {*VOLUMES, "/videos"}
    assert {mounts[volume].split(":")[0] for volume in VOLUMES} == set(COMPOSE["volumes"])


@EVERY_SERVICE
def test_the_commands_of_the_services_parse(name: str) -> None:
    assert parsed(SERVICES[name]["command"]).args == []


def test_one_service_follows_the_videos_and_the_other_serves_with_a_token() -> None:
    index = parsed(SERVICES["index"]["command"])
    assert (index.info_name, index.params["is_watch"]) == ("index", True)
    (variable,) = SERVICES["serve"]["environment"]
    token = next(each for each in parsed(SERVICES["serve"]["command"]).command.params if each.name == "token")
    assert token.envvar == variable
    assert SERVICES["serve"]["environment"][variable].startswith("${FRAMECUE_TOKEN:?")
