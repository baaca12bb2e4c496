"""What the server has done, for Prometheus: how many requests, how they ended, how long they took."""

from __future__ import annotations

from time import monotonic

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from framecue._version import __version__

__all__ = ["CONTENT_TYPE", "MeasuredRequests", "Metrics"]

CONTENT_TYPE = CONTENT_TYPE_LATEST

# Anything may be sent as a method, and each that is counted apart is kept for ever.
_METHODS = frozenset(("GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"))
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_TEACHING_SECONDS = (1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 240.0)
_PAGE, _NOWHERE = "page", "other"


class Metrics:
    """The numbers of one server."""

    def __init__(self) -> None:
        # When each number began: as many lines again, which nobody asks for.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        for collect in (ProcessCollector, PlatformCollector, GCCollector):
            collect(registry=self._registry)
        info = Gauge("framecue_info", "The version that runs.", ["version"], registry=self._registry)
        info.labels(__version__).set(1)
        self.requests = Counter(
            "framecue_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "framecue_request_seconds",
            "How long answers took, up to their last byte.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.in_progress = Gauge(
            "framecue_requests_in_progress", "Requests that are being answered.", registry=self._registry
        )
        self.teachings = Counter(
            "framecue_teachings",
            "Names that were to be taught: taught, refused, failed, or left by whoever asked.",
            ["library", "result"],
            registry=self._registry,
        )
        self.teaching_seconds = Histogram(
            "framecue_teaching_seconds",
            "How long it took to learn a name, waiting included.",
            ["library"],
            buckets=_TEACHING_SECONDS,
            registry=self._registry,
        )
        self.models = Gauge(
            "framecue_model_ready", "Whether a library's model is loaded.", ["library"], registry=self._registry
        )

    def document(self) -> bytes:
        """Return all numbers in Prometheus' form of text."""
        return generate_latest(self._registry)


class MeasuredRequests:
    """Counts requests to an app.

    Args:
        app: answers.
        metrics: the numbers.
        page_paths: where the page's files are, which are counted as one.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, page_paths: frozenset[str]) -> None:
        self._app, self._metrics, self._page_paths = app, metrics, page_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = monotonic(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._metrics.in_progress.inc()
        try:
            await self._app(scope, receive, noting)
        finally:
            self._metrics.in_progress.dec()
            route = self._route(scope)
            method = scope["method"] if scope["method"] in _METHODS else _NOWHERE
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(monotonic() - began)

    def _route(self, scope: Scope) -> str:
        """Return the address without what is different each time, so that there are few of them."""
        if scope["path"] in self._page_paths:
            return _PAGE
        path = getattr(scope.get("route"), "path", None)
        return path if isinstance(path, str) and path else _NOWHERE
