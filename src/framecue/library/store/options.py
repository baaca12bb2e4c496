"""How LanceDB talks to an object store: how patient it is, and whether a store without encryption may be asked.

Where the store is, and who asks, LanceDB reads in the environment, by the same names as ``framecue.object_store``.
"""

from __future__ import annotations

from framecue.paths import is_url

__all__ = ["storage_options"]

# A store that gives no answer to a request for this much longer than one is patient is not heard from any more. A
# request that is given up may be carried out all the same, so one waits long enough to be told.
_SECONDS_MORE = 60
_CONNECT_SECONDS = 10
_MANY = 1000


def storage_options(uri: str) -> dict[str, str] | None:
    """Return LanceDB's settings for a library, none for a local one; Lance's own Python package takes the same.

    There is no credential among them: each process has its own, from its environment.

    Raises:
        InputError: the environment says something of the patience that is no number.
    """
    if not is_url(uri):
        return None
    from framecue.object_store.stores import patience_seconds, s3_endpoint

    patience = patience_seconds()
    options = {
        "client_max_retries": str(_MANY if patience else 0),
        "client_retry_timeout": str(max(1, round(patience))),
        "timeout": f"{round(patience) + _SECONDS_MORE}s",
        "connect_timeout": f"{_CONNECT_SECONDS}s",
    }
    if uri.startswith("s3://") and (s3_endpoint() or "").startswith("http://"):
        options["allow_http"] = "true"
    return options
