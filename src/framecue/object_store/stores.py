"""The store behind a URL, with its settings from the environment, and how patient it is with a store that is busy.

Settings and credentials are the usual ones, as LanceDB takes them: ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``,
``AWS_SESSION_TOKEN``, ``AWS_REGION``, ``AWS_ENDPOINT_URL``, or the profile of ``aws configure``;
``GOOGLE_APPLICATION_CREDENTIALS``; ``AZURE_STORAGE_ACCOUNT_NAME``, ``AZURE_STORAGE_ACCOUNT_KEY``; and what obstore's
documentation has beside these.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from obstore.store import AzureStore, GCSStore, LocalStore, S3Store

from framecue.environment import number_in_environment
from framecue.errors import ObjectError
from framecue.object_store.aws_profile import machine_has_role, profile_keys
from framecue.object_store.trouble import CREDENTIALS, said_by_us
from framecue.object_store.urls import ObjectUrl

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig, S3Config

__all__ = ["PATIENCE_VARIABLE", "patience_seconds", "s3_endpoint", "store_of"]

PATIENCE_VARIABLE = "FRAMECUE_STORE_PATIENCE"
"""For how many seconds a store that is busy or cannot be reached is asked again, before that is an error."""

_HOSTED_VARIABLE = "AWS_VIRTUAL_HOSTED_STYLE_REQUEST"

_PATIENCE_SECONDS = 60.0
# No sign of life for this long, and a request is made again.
_STALL_SECONDS = 30
# What a store's settings depend on; a store is made anew when one of these changes.
_SETTINGS = ("AWS_", "GOOGLE_", "AZURE_", PATIENCE_VARIABLE)

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_lock = Lock()
_stores: dict[tuple[ObjectUrl, frozenset[tuple[str, str]]], ObjectStore] = {}


def patience_seconds() -> float:
    """Return for how long a busy store is asked again, in seconds.

    Raises:
        InputError: the environment says something that is no such number.
    """
    return number_in_environment(PATIENCE_VARIABLE, _PATIENCE_SECONDS, least=0, most=86400, unit="seconds")


def s3_endpoint() -> str | None:
    """Return the address of the store that speaks S3's protocol; None for Amazon's own."""
    return next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), None)


def store_of(url: ObjectUrl) -> ObjectStore:
    """Return the store of a URL's bucket; one is kept for each, and may be used by several threads.

    Raises:
        ObjectError: the settings in the environment do not make a store.
    """
    settings = frozenset(item for item in os.environ.items() if item[0].startswith(_SETTINGS))
    key = (url.place, settings)
    with _lock:
        if key not in _stores:
            with said_by_us(url.place):
                _stores[key] = _make(url)
        return _stores[key]


def _make(url: ObjectUrl) -> ObjectStore:
    patience = patience_seconds()
    retry: RetryConfig = {"max_retries": 1000 if patience else 0, "retry_timeout": timedelta(seconds=patience)}
    client: ClientConfig = {
        "connect_timeout": timedelta(seconds=10),
        "read_timeout": timedelta(seconds=_STALL_SECONDS),
        # Pieces are small, so that a slow line has time enough for one.
        "timeout": timedelta(seconds=10 * _STALL_SECONDS),
    }
    if url.scheme == "file":
        return LocalStore()
    if url.scheme == "gs":
        return GCSStore(url.bucket, client_options=client, retry_config=retry)
    if url.scheme == "az":
        return AzureStore(url.bucket, client_options=client, retry_config=retry)
    return _make_s3(url.bucket, client, retry)


def _check_settings(bucket: str) -> None:
    """Refuse settings at which obstore and LanceDB would give up with the whole program. No value is shown.

    Raises:
        ObjectError: a setting of AWS has a line break or the like in it, or an address is none.
    """
    for name, value in os.environ.items():
        if name.startswith("AWS_") and _CONTROL.search(value):
            raise ObjectError(
                f"s3://{bucket}",
                f"{name} has a line break or another control character in it; set it again without",
                cause="no credentials",
            )
    for name in _ENDPOINTS:
        if name in os.environ and not _is_address(os.environ[name]):
            raise ObjectError(
                f"s3://{bucket}",
                f"{name} is no address of a store; write it as http://HOST:PORT or https://HOST, or unset it",
                cause="unreachable",
            )


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    # Upper case would do elsewhere, and not here.
    is_http = text.startswith(("http://", "https://"))
    return is_http and has_host and text.isascii() and " " not in text and not (parts.query or parts.fragment)


def _check_address(bucket: str, endpoint: str) -> None:
    """Refuse an address that would be asked for another bucket, or for none: each listing would be empty.

    Raises:
        ObjectError: it is such a one.
    """
    is_hosted = os.environ.get(_HOSTED_VARIABLE, "").strip().lower() in ("1", "true", "yes", "on")
    if is_hosted and not (urlsplit(endpoint).hostname or "").startswith(f"{bucket}."):
        raise ObjectError(
            f"s3://{bucket}",
            f"{_HOSTED_VARIABLE} is set, and the address in AWS_ENDPOINT_URL does not begin with the bucket's name; "
            f"unset the one, or put {bucket}. in front of the other's host",
            cause="no bucket",
        )


def _make_s3(bucket: str, client: ClientConfig, retry: RetryConfig) -> S3Store:
    _check_settings(bucket)
    config: S3Config = {}
    if endpoint := s3_endpoint():
        config["endpoint"] = endpoint
        if endpoint.startswith("http://"):
            client["allow_http"] = True
        _check_address(bucket, endpoint)
    profile = profile_keys()
    if profile.access_key_id is not None and profile.secret_access_key is not None:
        config["access_key_id"] = profile.access_key_id
        config["secret_access_key"] = profile.secret_access_key
        if profile.session_token is not None:
            config["session_token"] = profile.session_token
    elif not machine_has_role():
        raise ObjectError(
            f"s3://{bucket}", f"there are no credentials for the store; {CREDENTIALS['s3']}", cause="no credentials"
        )
    if profile.region is not None and not (os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")):
        config["region"] = profile.region
    return S3Store(bucket, config=config, client_options=client, retry_config=retry)
