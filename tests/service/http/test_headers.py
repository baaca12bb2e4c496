from __future__ import annotations

from framecue.service.http.headers import SafeHeaders
from support.asgi import answer, says

PAGE = frozenset(("/", "/js/main.js"))


def test_every_answer_says_what_a_browser_may_do_with_it() -> None:
    for path, status in (("/", 200), ("/api/info", 500), ("/media/abc", 206)):
        headers = answer(SafeHeaders(says(status=status), page_paths=PAGE), path).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
        # Nothing inline, nothing made of text, nothing from elsewhere.
        assert not any(word in headers["content-security-policy"] for word in ("unsafe", "*", "http"))
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_the_page_is_asked_for_each_time_and_the_rest_is_not_kept() -> None:
    app = SafeHeaders(says(), page_paths=PAGE)
    assert answer(app, "/js/main.js").headers["cache-control"] == "no-cache"
    assert answer(app, "/api/info").headers["cache-control"] == "no-store"
    kept = SafeHeaders(says(headers=[("Cache-Control", "private, max-age=60")]), page_paths=PAGE)
    assert answer(kept, "/thumbnails/a/0").headers["cache-control"] == "private, max-age=60"


def test_an_answer_cannot_loosen_the_policy() -> None:
    app = SafeHeaders(says(headers=[("Content-Security-Policy", "default-src *")]), page_paths=PAGE)
    assert "*" not in answer(app).headers["content-security-policy"]
