"""What the description of the API (OpenAPI) says that FastAPI cannot find out by itself."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from framecue.service.documents import ProblemDocument
from framecue.service.http.problems import MEDIA_TYPE
from framecue.service.requests import SearchRequest

__all__ = ["PROBLEMS", "search_body"]

_PROBLEM = {MEDIA_TYPE: {"schema": TypeAdapter(ProblemDocument).json_schema()}}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request cannot be answered; `detail` says what to do.", "content": _PROBLEM},
    "5XX": {"description": "The server cannot answer; `detail` says what to do.", "content": _PROBLEM},
}
"""What every address may answer."""


def search_body() -> dict[str, Any]:
    """Return what a search takes as its body: JSON, or a form with pictures and videos beside it."""
    schema = SearchRequest.model_json_schema()
    whole = _resolved({key: value for key, value in schema.items() if key != "$defs"}, schema.get("$defs", {}))
    file = {"type": "string", "contentMediaType": "application/octet-stream", "format": "binary"}
    return {
        "required": True,
        "content": {
            "application/json": {"schema": whole},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "query": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "description": "The search as JSON; it may be left out.",
                        },
                        "image": {**file, "description": "A picture to search with."},
                        "video": {**file, "description": "A video to search with, or its moment `at`."},
                    },
                    "additionalProperties": False,
                }
            },
        },
    }


def _resolved(node: Any, definitions: dict[str, Any]) -> Any:
    """Return a schema in which what it refers to stands in its place: elsewhere nobody would find it."""
    if isinstance(node, list):
        return [_resolved(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved(definitions[node["$ref"].rpartition("/")[2]], definitions)
    return {key: _resolved(value, definitions) for key, value in node.items()}
