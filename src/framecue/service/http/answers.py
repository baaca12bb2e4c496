"""JSON in ASCII: names of files may hold bytes that are no Unicode, which no encoding of the web can carry."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse

__all__ = ["AsciiJSONResponse"]

# Of no use to HTML, should anything ever take an answer for it.
_FOR_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


class AsciiJSONResponse(JSONResponse):
    """A JSON document, with escapes for all that is not ASCII, as the command line prints it."""

    def render(self, content: Any) -> bytes:
        """Return the document."""
        text = json.dumps(content, allow_nan=False, separators=(",", ":"))
        return text.translate(_FOR_HTML).encode("ascii")
