"""The keys that ``aws configure`` has written, where the environment has none.

obstore asks the environment, a web identity and the machine's own role, but not these files, which most people have.
"""

from __future__ import annotations

import configparser
import os
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from framecue.paths import user_path

__all__ = ["ProfileKeys", "machine_has_role", "profile_keys"]

# With one of these set, credentials come from elsewhere.
_ELSEWHERE = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)
_ROLE_SECONDS = 1.0


class ProfileKeys(NamedTuple):
    """What a profile says.

    Attributes:
        access_key_id: None if it has no keys of its own, as one that signs in elsewhere.
        secret_access_key: likewise.
        session_token: None if the keys need none.
        region: None if it names none.
    """

    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None
    region: str | None = None


def profile_keys() -> ProfileKeys:
    """Return what the profile named by ``AWS_PROFILE``, or the default one, says; nothing if the environment does."""
    if any(os.environ.get(name) for name in _ELSEWHERE):
        return ProfileKeys()
    profile = os.environ.get("AWS_PROFILE") or "default"
    keys = _section("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", profile)
    config = _section("AWS_CONFIG_FILE", "~/.aws/config", profile if profile == "default" else f"profile {profile}")
    found = {**config, **keys}
    if not (found.get("aws_access_key_id") and found.get("aws_secret_access_key")):
        return ProfileKeys(region=found.get("region"))
    return ProfileKeys(
        found["aws_access_key_id"],
        found["aws_secret_access_key"],
        found.get("aws_session_token"),
        found.get("region"),
    )


def machine_has_role() -> bool:
    """Whether credentials may come from elsewhere than from keys: from what the environment names, or a machine's role.

    The latter is asked of an address that answers within Amazon's machines alone. obstore would go on asking it for as
    long as one waits for a busy store.
    """
    if any(os.environ.get(name) for name in _ELSEWHERE):
        return True
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return False
    address = urlsplit(os.environ.get("AWS_METADATA_ENDPOINT") or "http://169.254.169.254")
    try:
        with socket.create_connection((address.hostname or "", address.port or 80), timeout=_ROLE_SECONDS):
            return True
    except OSError:
        return False


def _section(variable: str, usual: str, name: str) -> dict[str, str]:
    """Return a section of a file in AWS's form; empty if it is not there or cannot be read."""
    parser = configparser.RawConfigParser()
    try:
        parser.read(user_path(os.environ.get(variable) or usual), encoding="utf-8")
        return dict(parser.items(name))
    except (configparser.Error, OSError, UnicodeDecodeError):
        return {}
