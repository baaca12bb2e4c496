"""Running an app by uvicorn, until it is asked to end."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

from framecue.service.http.options import ServeOptions

__all__ = ["run"]


def run(app: FastAPI, options: ServeOptions) -> None:
    """Answer requests until Ctrl-C or SIGTERM.

    Args:
        app: made with the same options.
        options: where to listen.
    """
    uvicorn.run(app, host=options.host, port=options.port, log_level="warning", access_log=False)
