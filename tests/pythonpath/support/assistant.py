"""What the tests of the tools for assistants share: calling one by the package's own client, and reading its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
from mcp import Client
from mcp.server import Server
from mcp_types import CallToolResult, TextContent

from framecue.service.mcp.answer import Service

__all__ = ["Call", "caller", "problem", "text_of", "told"]

Call = Callable[..., CallToolResult]


def caller(server: Server[Service]) -> Call:
    """Return what calls a tool of a server, in this process."""

    async def ask(name: str, arguments: dict[str, Any]) -> CallToolResult:
        async with Client(server) as client:
            return await client.call_tool(name, arguments)

    return lambda tool, **arguments: anyio.run(ask, tool, arguments)


def told(result: CallToolResult) -> dict[str, Any]:
    """Return the document of an answer that went well."""
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    return result.structured_content


def problem(result: CallToolResult) -> str:
    """Return the one sentence of an answer that did not go well."""
    assert result.is_error
    assert result.structured_content is None
    (block,) = result.content
    assert isinstance(block, TextContent)
    assert "\n" not in block.text
    return block.text


def text_of(result: CallToolResult) -> str:
    """Return all text that an assistant is given."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))
