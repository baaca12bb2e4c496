from __future__ import annotations

from fastapi import FastAPI
from fastapi.testclient import TestClient

from framecue.service.http.options import ServeOptions
from framecue.service.http.routes.limits import router


def test_the_limits_are_those_that_the_server_was_started_with() -> None:
    app = FastAPI()
    app.include_router(router)
    app.state.options = ServeOptions(upload_bytes=5_000_000)
    assert TestClient(app).get("/api/limits").json() == {"image_bytes": 5_000_000, "video_bytes": 5_000_000}
