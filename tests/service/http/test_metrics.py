from __future__ import annotations

from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from framecue.service.http.metrics import MeasuredRequests, Metrics
from support.asgi import answer


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(metrics.document().decode())
    return {
        (
            sample.name,
            *(sample.labels[name] for name in ("method", "route", "status") if name in sample.labels),
        ): sample.value
        for family in families
        for sample in family.samples
    }


def test_requests_are_counted_by_the_few_kinds_that_there_are() -> None:
    app = FastAPI()

    @app.get("/api/videos/{video_id}")
    async def video(video_id: str) -> str:
        return video_id

    metrics = Metrics()
    measured = MeasuredRequests(app, metrics=metrics, page_paths=frozenset(("/",)))
    for number in range(50):
        assert answer(measured, f"/api/videos/{number}").status == 200
        assert answer(measured, f"/nowhere/{number}").status == 404
        assert answer(measured, "/", method=f"METHOD{number}").status == 404
    found = samples(metrics)
    assert found[("framecue_requests_total", "GET", "/api/videos/{video_id}", "200")] == 50
    assert found[("framecue_requests_total", "GET", "other", "404")] == 50
    assert found[("framecue_requests_total", "other", "page", "404")] == 50
    assert len([key for key in found if key[0] == "framecue_requests_total"]) == 3
    assert found[("framecue_request_seconds_count", "other")] == 50
    assert found[("framecue_requests_in_progress",)] == 0


def test_two_servers_in_a_process_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.requests.labels("GET", "other", "404").inc()
    assert ("framecue_requests_total", "GET", "other", "404") in samples(first)
    assert ("framecue_requests_total", "GET", "other", "404") not in samples(second)
    assert ("process_resident_memory_bytes",) in samples(second)
