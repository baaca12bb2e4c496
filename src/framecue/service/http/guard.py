"""Who may ask: no page of another site, by whatever name it calls this machine, and nobody without the token.

A browser that shows another site's page may send requests here for it. They are told by three headers that no page can
forge: `Host`, which names the other site where its name was made to lead here (DNS rebinding); `Origin` and
`Sec-Fetch-Site`, which say whose page it is (cross-site request forgery).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from framecue.service.http.options import ServeOptions, is_this_machine
from framecue.service.http.problems import problem

__all__ = ["Guard"]

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?)(?::\d{1,5})?")
# Whoever has the page open may come back within this time without the token.
_COOKIE_SECONDS = 30 * 24 * 3600
# They tell no more than that a server is there.
_FOR_ALL = frozenset(("/healthz",))


class Guard:
    """Lets requests through to an app, or answers them with a refusal.

    Args:
        app: answers those that may ask.
        options: who may.
        page_paths: where the page's own files are, which hold nothing of a library and need no token.
    """

    def __init__(self, app: ASGIApp, *, options: ServeOptions, page_paths: frozenset[str]) -> None:
        self._app, self._options = app, options
        self._page_paths = page_paths
        self._free = page_paths | _FOR_ALL
        self._names = _names_of(options)
        token = options.token or ""
        # A cookie is for a host whatever the port: two servers on one have cookies of two names. And it is not the
        # token itself, which a browser would keep.
        self._cookie_name = f"framecue-{_derived(token, 'name')[:8]}"
        self._cookie = _derived(token, "cookie")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there is nothing else here, and no guard for it
            await send({"type": "websocket.close", "code": 1008})
            return
        refusal = self._foreign(scope) or self._entry(scope) or self._without_token(scope)
        await (self._app if refusal is None else refusal)(scope, receive, send)

    def _foreign(self, scope: Scope) -> Response | None:
        """Return the refusal of a request that comes from another site's page, or under another's name."""
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return problem(
                403,
                "this server is not asked under its own name; open it by its address, or start it with --allow-host "
                "and the name",
            )
        if any(not _is_same(origin, hosts[0]) for origin in _values(scope, b"origin")):
            return problem(403, "pages of other sites may not ask this server; open its own page")
        if any(site in ("cross-site", "same-site") for site in _values(scope, b"sec-fetch-site")):
            # A link to the page may stand anywhere.
            is_link = scope["method"] in ("GET", "HEAD") and _values(scope, b"sec-fetch-mode") == ["navigate"]
            if not (is_link and scope["path"] in self._page_paths):
                return problem(403, "pages of other sites may not ask this server; open its own page")
        return None

    def _is_ours(self, host: str) -> bool:
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return False
        name = found["name"].strip("[]")
        if name in self._names:
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        # An address is no name that could be made to lead elsewhere.
        return not self._options.is_local or address.is_loopback

    def _entry(self, scope: Scope) -> Response | None:
        """Return the answer to the page being opened with the token in its address: a cookie, and the page without."""
        if self._options.token is None or scope["path"] != "/" or scope["method"] not in ("GET", "HEAD"):
            return None
        try:
            asked = parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True, max_num_fields=100)
        except ValueError:
            return None
        given = [value for name, value in asked if name == "token"]
        if not given:
            return None
        if not any(_is_equal(value, self._options.token) for value in given):
            return self._refused()
        rest = urlencode([(name, value) for name, value in asked if name != "token"])
        answer = RedirectResponse(f"/?{rest}" if rest else "/", status_code=303)
        answer.set_cookie(
            self._cookie_name,
            self._cookie,
            max_age=_COOKIE_SECONDS,
            httponly=True,
            samesite="strict",
            secure=scope["scheme"] == "https",
        )
        return answer

    def _without_token(self, scope: Scope) -> Response | None:
        """Return the refusal of a request that has to bring the token, and does not."""
        token = self._options.token
        if token is None or scope["path"] in self._free:
            return None
        for value in _values(scope, b"authorization"):
            kind, _, given = value.partition(" ")
            if kind.lower() == "bearer" and _is_equal(given.strip(), token):
                return None
        for header in _values(scope, b"cookie"):
            for part in header.split(";"):
                name, _, given = part.strip().partition("=")
                if name == self._cookie_name and _is_equal(given, self._cookie):
                    return None
        return self._refused()

    @staticmethod
    def _refused() -> Response:
        return problem(
            401,
            "this server needs a token: open its page as /?token=TOKEN, or send the header Authorization: Bearer TOKEN",
            headers={"WWW-Authenticate": "Bearer"},
        )


def _names_of(options: ServeOptions) -> frozenset[str]:
    """Return the names by which a server may be asked."""
    named = {"localhost", *(name.lower() for name in options.allowed_hosts)}
    if not is_this_machine(options.host):
        own = socket.gethostname().lower()
        named |= {own, f"{own}.local"}
        named.add(options.host.lower())
    return frozenset(named)


def _values(scope: Scope, name: bytes) -> Sequence[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _is_same(origin: str, host: str) -> bool:
    """Whether a page's origin is the server that it asks; the scheme may be a proxy's."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _is_equal(given: str, right: str) -> bool:
    """Whether two texts are equal, in a time that does not tell how far they are."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), right.encode())


def _derived(token: str, purpose: str) -> str:
    return hmac.new(token.encode(), f"framecue {purpose}".encode(), hashlib.sha256).hexdigest()
