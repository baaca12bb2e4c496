"""The server of tools as a web app: the protocol's streamable HTTP, behind what guards the page and the API.

Nothing is kept between requests (each is answered whole, as JSON), so there are no sessions to be taken over or to pile
up. Who may ask, how much at once and how large a request may be is held as for the page, by the same code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.server import Server
from mcp.server.transport_security import TransportSecuritySettings

from framecue.service.http.guard import Guard
from framecue.service.http.headers import SafeHeaders
from framecue.service.http.limits import Limits
from framecue.service.http.logs import LoggedRequests
from framecue.service.http.options import ServeOptions
from framecue.service.http.problems import CatchDefects
from framecue.service.mcp.answer import Service

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["PATH", "create_web_app"]

PATH = "/mcp"
"""Where the app answers."""


def create_web_app(server: Server[Service], options: ServeOptions) -> ASGIApp:
    """Return the app that answers assistants; it has to be told when it begins and ends.

    Args:
        server: of the tools.
        options: who may ask, and how much.
    """
    # Our guard knows more names than the package: those of a proxy, and this machine's own. It lets no other through.
    guarded_by_us = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app: ASGIApp = server.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,
        max_request_body_size=options.body_bytes,
        transport_security=guarded_by_us,
    )
    none: frozenset[str] = frozenset()
    app = Limits(CatchDefects(app), options=options, page_paths=none)
    app = SafeHeaders(Guard(app, options=options, page_paths=none), page_paths=none)
    return LoggedRequests(app, level=options.log)
