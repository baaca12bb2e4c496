"""The server that assistants talk to, on the protocol's own package: over standard input and output, or as a web app.

It is built on the package's low-level server. Its other one puts words of its own before every error and tells wrong
arguments on several lines; here an error is one sentence that says what to do.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
import mcp_types as types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from pydantic import ValidationError

from framecue._version import __version__
from framecue.errors import BusyError, FramecueError, TooSlowError
from framecue.service.desk import Desk
from framecue.service.mcp.answer import Answer, Service
from framecue.service.mcp.pictures import PictureReader
from framecue.service.mcp.standard_input import InputLines
from framecue.service.mcp.tools import OfferedTool, instructions_for, tools_for
from framecue.service.teaching import MAX_SECONDS, Teachings
from framecue.times import exact_clock
from framecue.validation import explain, model_types

__all__ = ["MAX_CALLS", "TEACH_SECONDS", "TIMEOUT_SECONDS", "make_server", "run_stdio", "server_document"]

logger = logging.getLogger(__name__)

MAX_CALLS = 16
"""How many calls are worked on at once; one more is told to come again."""

TIMEOUT_SECONDS = 120.0
"""How long a call may take. The first waits for the model to be loaded."""

TEACH_SECONDS = MAX_SECONDS + 60.0
"""How long a call that teaches may take, with what it waits for."""


def make_server(
    desk: Desk,
    *,
    max_calls: int = MAX_CALLS,
    timeout_seconds: float = TIMEOUT_SECONDS,
    allow_teach: bool = False,
) -> Server[Service]:
    """Return a server of the tools for the libraries of a desk.

    Args:
        desk: the libraries; whoever made it closes it.
        max_calls: how many calls are worked on at once.
        timeout_seconds: how long a call may take.
        allow_teach: whether the assistant may teach names, and forget them; all else only reads.
    """
    calls = _Calls(max_calls)
    # One for all who connect. A call that ends, for whatever reason, ends what it teaches.
    teachings = Teachings(desk)

    @asynccontextmanager
    async def lifespan(_: Server[Service]) -> AsyncIterator[Service]:
        with PictureReader() as pictures:
            yield Service(desk, pictures, teachings)

    async def list_tools(
        _: ServerRequestContext[Service], __: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool.described() for tool in tools_for(allow_teach=allow_teach).values()])

    async def call_tool(
        context: ServerRequestContext[Service], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tools = tools_for(allow_teach=allow_teach)
        tool = tools.get(params.name)
        if tool is None:
            return _failed(f"there is no such tool; there are: {', '.join(tools)}")
        try:
            asked = tool.arguments.model_validate(params.arguments or {})
        except ValidationError as error:
            return _failed(_told(tool, error))
        try:
            seconds = max(TEACH_SECONDS, timeout_seconds) if tool.is_long else timeout_seconds
            return _result(await calls.make(lambda: tool.answer(context.lifespan_context, asked), seconds))
        except FramecueError as error:
            return _failed(str(error))
        except Exception:
            logger.exception("the tool %s has a defect", tool.name)
            return _failed("framecue has a defect here; the server's log says where")

    return Server(
        "framecue",
        version=__version__,
        title="framecue",
        instructions=instructions_for(allow_teach=allow_teach),
        lifespan=lifespan,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def server_document(*, allow_teach: bool = False) -> dict[str, Any]:
    """Return what an assistant is told: of the server as a whole, and of each tool.

    Args:
        allow_teach: whether the assistant may teach names.
    """
    offered = tools_for(allow_teach=allow_teach).values()
    tools = [tool.described().model_dump(mode="json", by_alias=True, exclude_none=True) for tool in offered]
    instructions = instructions_for(allow_teach=allow_teach)
    return {"name": "framecue", "version": __version__, "instructions": instructions, "tools": tools}


async def run_stdio(server: Server[Service]) -> None:
    """Answer over standard input and output until the input ends.

    While it runs, nothing but the protocol reaches standard output: what any code prints goes to standard error.
    """
    # All that the package does with it is to take its lines.
    lines = cast("anyio.AsyncFile[str]", InputLines())
    async with stdio_server(stdin=lines) as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


class _Calls:
    """Keeps the number of calls at once and the time of each within bounds."""

    def __init__(self, max_calls: int) -> None:
        self._num_free = max_calls

    async def make(self, call: Callable[[], Any], timeout_seconds: float) -> Answer:
        """Return what a call answers.

        Args:
            call: answers.
            timeout_seconds: how long it may take.

        Raises:
            BusyError: there are as many as there may be.
            TooSlowError: it takes too long.
        """
        if not self._num_free:
            raise BusyError("too many calls are being answered at once; call again in a second")
        self._num_free -= 1
        try:
            with anyio.fail_after(timeout_seconds):
                answer = await call()
                assert isinstance(answer, Answer)
                return answer
        except TimeoutError as error:
            raise TooSlowError(
                f"it took longer than {timeout_seconds:g} seconds; ask for less, or narrow the search"
            ) from error
        finally:
            self._num_free += 1


def _told(tool: OfferedTool, error: ValidationError) -> str:
    """Return in one line what is wrong with what a tool was given."""
    return f"{tool.name}: {explain(error, {(): model_types(tool.arguments)}, most=1)}"


def _failed(message: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=message)], is_error=True)


def _result(answer: Answer) -> types.CallToolResult:
    """Return an answer as the protocol has it: the document as data and as text, then pictures with their times."""
    document = answer.document.model_dump(mode="json", exclude_none=True)
    content: list[types.ContentBlock] = [
        types.TextContent(type="text", text=json.dumps(document, ensure_ascii=False, allow_nan=False))
    ]
    for picture in answer.pictures:
        content.append(types.TextContent(type="text", text=f"At {exact_clock(picture.at_seconds)}:"))
        data = base64.b64encode(picture.jpeg).decode("ascii")
        content.append(types.ImageContent(type="image", data=data, mime_type="image/jpeg"))
    return types.CallToolResult(content=content, structured_content=document)
