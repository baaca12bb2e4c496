"""``GET /docs``: what can be asked, as a page for people; programs read /openapi.json, of which it is made.

It has no script, and loads nothing from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

__all__ = ["router"]

router = APIRouter(tags=["server"])

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>framecue: the API</title>
<link rel="stylesheet" href="/reference.css">
</head>
<body>
<main>
<h1>framecue: the API</h1>
<p>{summary} Programs read <a href="/openapi.json">/openapi.json</a>; the page for people is <a href="/">here</a>.
Whatever goes wrong is answered by a problem document (RFC 9457) whose <code>detail</code> says what to do.</p>
"""
_TAIL = "</main>\n</body>\n</html>\n"

_Document = Mapping[str, Any]


@router.get("/docs", response_class=HTMLResponse, include_in_schema=False)
async def reference(request: Request) -> HTMLResponse:
    """Return the page."""
    described = request.app.openapi()
    parts = [_HEAD.format(summary=escape(described["info"].get("summary", "")))]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            parts.extend(_operation(method.upper(), path, operation, described))
    return HTMLResponse("".join([*parts, _TAIL]))


def _operation(method: str, path: str, operation: _Document, described: _Document) -> Iterator[str]:
    yield f"<section>\n<h2><code>{method} {escape(path)}</code></h2>\n"
    for paragraph in operation.get("description", operation.get("summary", "")).split("\n\n"):
        yield f"<p>{escape(paragraph)}</p>\n"
    rows = [
        (each["name"], each["schema"], each.get("required", False), each.get("description", ""))
        for each in operation.get("parameters", ())
    ]
    if rows:
        yield from _table("In the address", rows, described)
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _resolved(content.get("schema", {}), described)
        needed = schema.get("required", ())
        rows = [
            (name, each, name in needed, _resolved(each, described).get("description", ""))
            for name, each in schema.get("properties", {}).items()
        ]
        yield from _table(f"In the body ({kind})", rows, described)
    yield "</section>\n"


def _table(title: str, rows: list[tuple[str, _Document, bool, str]], described: _Document) -> Iterator[str]:
    yield f'<table>\n<caption>{escape(title)}</caption>\n<thead><tr><th scope="col">name</th>'
    yield '<th scope="col">kind</th><th scope="col">what it is</th></tr></thead>\n<tbody>\n'
    for name, schema, is_needed, description in rows:
        needed = " (needed)" if is_needed else ""
        yield f"<tr><td><code>{escape(name)}</code>{needed}</td><td>{escape(_kind(schema, described))}</td>"
        yield f"<td>{escape(description)}</td></tr>\n"
    yield "</tbody>\n</table>\n"


def _resolved(schema: _Document, described: _Document) -> _Document:
    """Return a schema, or the one that it refers to."""
    place: str | None = schema.get("$ref")
    if place is None:
        return schema
    found: Any = described
    for part in place.removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, Mapping)
    return found


def _kind(schema: _Document, described: _Document) -> str:
    """Return what a value has to be, in a word or two."""
    schema = _resolved(schema, described)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            kinds = dict.fromkeys(_kind(each, described) for each in schema[several])
            return " or ".join(kind for kind in kinds if kind != "null")
    if "enum" in schema:
        return " or ".join(map(repr, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}), described)}"
    return str(schema.get("title" if schema.get("type") == "object" else "type", "value"))
