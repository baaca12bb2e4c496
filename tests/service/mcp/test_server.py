from __future__ import annotations

import json
import threading

import anyio
import jsonschema
import pytest

pytest.importorskip("mcp", reason='tools for assistants need the extra: pip install "framecue[mcp]"')

from mcp import Client
from mcp_types import TextContent

from framecue import __version__
from framecue.service.desk import Desk
from framecue.service.mcp import server as server_module
from framecue.service.mcp.answer import Answer, Service
from framecue.service.mcp.arguments import InfoArguments
from framecue.service.mcp.server import make_server, server_document
from framecue.service.mcp.tools import TOOLS, OfferedTool
from support.assistant import Call, caller, problem, told
from support.served import Served


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_both_generations_of_clients_are_served(desk: Desk, mode: str) -> None:
    async def ask() -> tuple[str | None, list[str], bool]:
        async with Client(make_server(desk), mode=mode) as client:
            listed = await client.list_tools()
            answered = await client.call_tool("info", {})
            return client.server_info.version, [tool.name for tool in listed.tools], bool(answered.is_error)

    assert anyio.run(ask) == (__version__, list(TOOLS), False)


def test_the_text_and_the_data_are_one_document(call: Call) -> None:
    result = call("info")
    (block,) = result.content
    assert isinstance(block, TextContent)
    assert json.loads(block.text) == result.structured_content
    schema = TOOLS["info"].described().output_schema
    assert schema is not None
    jsonschema.validate(result.structured_content, schema)


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("search", {"text": "a", "k": 21}, ("search", "'k'", "at most 20", "got 21")),
        ("search", {"text": "x" * 3000}, ("'text'", "2000")),
        ("search", {"txt": "a"}, ("unknown key 'txt'", "'text'")),
        ("search", {"text": ["a"]}, ("'text'", "string")),
        ("search", {"text": "a", "where": "1 = 1"}, ("unknown key 'where'",)),
        ("frames", {}, ("'video' is missing",)),
        ("frames", {"video": "a", "at_seconds": [0] * 9}, ("at_seconds", "8")),
        ("frames", {"video": "a", "at_seconds": [-1]}, ("at least 0",)),
        ("frames", {"video": "a", "at_seconds": [float("inf")]}, ("at_seconds",)),
        ("frames", {"video": "a", "at_seconds": [1], "end_seconds": 3}, ("leave out one",)),
        ("frames", {"video": "a", "start_seconds": 5, "end_seconds": 3}, ("swap",)),
        ("frames", {"video": "a", "long_side": 5000}, ("1024",)),
        ("words_of", {"video": "a", "limit": 10**6}, ("at most 200",)),
        ("info", {"limit": "many"}, ("'limit'", "integer")),
        ("nothing", {}, ("no such tool", "moments_of")),
    ],
)
def test_wrong_arguments_are_told_in_one_sentence(
    call: Call, tool: str, arguments: dict[str, object], words: tuple[str, ...]
) -> None:
    sentence = problem(call(tool, **arguments))
    for word in words:
        assert word in sentence
    assert len(sentence) < 600
    assert "pydantic" not in sentence


def test_a_library_that_is_not_there_is_told_at_each_call(tmp_path: object) -> None:
    desk = Desk([f"{tmp_path}/none.lance"])
    ask = caller(make_server(desk))
    for tool, arguments in (("search", {"text": "a"}), ("info", {}), ("words_of", {"video": "a"})):
        sentence = problem(ask(tool, **arguments))
        assert "none.lance" in sentence
        assert "framecue index" in sentence
    desk.close()


def test_a_defect_is_logged_and_not_told(
    call: Call, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def break_down(*_: object) -> Answer:
        raise ZeroDivisionError("a secret")

    broken = OfferedTool("info", "t", "d", InfoArguments, TOOLS["info"].document, break_down)
    monkeypatch.setattr(server_module, "tools_for", lambda **_: {"info": broken})
    sentence = problem(call("info"))
    assert "secret" not in sentence
    assert "log" in sentence
    assert "a secret" in caplog.text


def test_no_more_calls_at_once_than_are_allowed_and_none_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first_is_in, is_done = threading.Event(), threading.Event()

    async def wait(service: Service, asked: InfoArguments) -> Answer:
        first_is_in.set()
        await anyio.sleep_forever()
        raise AssertionError

    waiting = OfferedTool("wait", "t", "d", InfoArguments, TOOLS["info"].document, wait)
    monkeypatch.setattr(server_module, "tools_for", lambda **_: {**TOOLS, "wait": waiting})
    server = make_server(desk, max_calls=1, timeout_seconds=2)
    sentences = {}

    async def ask() -> None:
        async with Client(server) as client, anyio.create_task_group() as tasks:

            async def slow() -> None:
                sentences["slow"] = problem(await client.call_tool("wait", {}))

            tasks.start_soon(slow)
            while not first_is_in.is_set():
                await anyio.sleep(0.01)
            sentences["second"] = problem(await client.call_tool("info", {}))
        async with Client(server) as client:
            told(await client.call_tool("info", {}))
            is_done.set()

    anyio.run(ask)
    assert "too many calls" in sentences["second"]
    assert "longer than 2 seconds" in sentences["slow"]
    assert is_done.is_set()


def test_the_document_of_the_server(served: Served) -> None:
    document = server_document()
    assert (document["name"], document["version"]) == ("framecue", __version__)
    assert [tool["name"] for tool in document["tools"]] == list(TOOLS)
    assert all(tool["annotations"]["readOnlyHint"] is True for tool in document["tools"])
    teaching = server_document(allow_teach=True)
    assert [tool["name"] for tool in teaching["tools"]] == [*TOOLS, "teach", "forget_name"]
    assert teaching["instructions"] != document["instructions"]
    json.dumps(document)
