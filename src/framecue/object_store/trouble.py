"""What a store answers when it refuses, as one sentence: the object, the reason, and the way out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore import exceptions

from framecue.errors import ObjectError, ObjectErrorCause
from framecue.object_store.urls import ObjectUrl

__all__ = ["CREDENTIALS", "is_cut_off", "reason_in", "said_by_us"]

# What to do where a kind of store wants credentials.
CREDENTIALS = {
    "s3": (
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile with AWS_PROFILE, or set "
        "AWS_SKIP_SIGNATURE=true for a public bucket"
    ),
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account",
    "az": "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    "file": "look at the file's permissions",
}
_ENDPOINT = {
    "s3": "look at AWS_ENDPOINT_URL, AWS_REGION and the network",
    "gs": "look at GOOGLE_BASE_URL and the network",
    "az": "look at AZURE_STORAGE_ENDPOINT and the network",
    "file": "look at the disk",
}
_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|bucket does not exist|NoSuchContainer", re.IGNORECASE)
_NO_CREDENTIALS = re.compile(
    r"InstanceMetadata|security-credentials|169\.254\.|FailedToLoadToken|latest/api/token|MissingAccount|"
    r"Account must be|metadata\.google|computeMetadata|MissingSecretAccessKey|MissingAccessKeyId|Credential",
    re.IGNORECASE,
)
_REFUSED_KEYS = re.compile(r"InvalidAccessKeyId|SignatureDoesNotMatch|AuthenticationFailed|ExpiredToken|InvalidToken")
_OTHER_REGION = re.compile(
    r"PermanentRedirect|301 Moved|AuthorizationHeaderMalformed|Received redirect without LOCATION"
)
_STATUS = re.compile(r"status(?: code)?: (\d{3})")
_PATH = re.compile(r'Path "([^"]*)"')
_CODE = re.compile(r"<Code>([^<]+)</Code>")


@contextmanager
def said_by_us(url: ObjectUrl) -> Iterator[None]:
    """Turn what obstore raises within into an :class:`ObjectError` that names the object and the reason."""
    try:
        yield
    except (exceptions.BaseError, FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise _of(url, error) from error
    except ValueError as error:
        # No object has such a name: obstore says so with an error of Python's own.
        raise ObjectError(str(url), f"cannot be read ({_first_line(error)})") from error


def reason_in(url: ObjectUrl, text: str) -> str:
    """Return why a store refused, in words, given the message of another program that asked it (LanceDB)."""
    return _cause_and_reason(url, ValueError(), text)[1]


def is_cut_off(error: ObjectError) -> bool:
    """Whether the store began an answer, and the connection ended within it."""
    return "body error" in str(error.__cause__)


def _of(url: ObjectUrl, error: Exception) -> ObjectError:
    cause, reason = _cause_and_reason(url, error, str(error))
    return ObjectError(str(url), reason, cause=cause)


def _cause_and_reason(url: ObjectUrl, error: Exception, text: str) -> tuple[ObjectErrorCause | None, str]:
    if _NO_BUCKET.search(text):
        return "no bucket", f"there is no bucket {url.bucket!r}; look at its name, and at the store that is asked"
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return "absent", "no such object"
    if _OTHER_REGION.search(text):
        return "denied", "the bucket is in another region; set AWS_REGION to its region"
    refused = _REFUSED_KEYS.search(text)
    if isinstance(error, exceptions.UnauthenticatedError) or refused:
        code = f" ({refused[0]})" if refused else ""
        return "denied", f"the store does not know these credentials{code}; {CREDENTIALS[url.scheme]}"
    if isinstance(error, (exceptions.PermissionDeniedError, PermissionError)) or _status(text) in (401, 403):
        return "denied", f"access denied; ask for permission to read it, or {CREDENTIALS[url.scheme]}"
    if _NO_CREDENTIALS.search(text):
        return "no credentials", f"there are no credentials for the store; {CREDENTIALS[url.scheme]}"
    if isinstance(error, exceptions.InvalidPathError):
        named = _PATH.search(text)
        which = f"the name {ascii(named[1])[1:-1]!r}" if named else "a name in it"
        return "name", f"{which} cannot be read, as a part of it is empty or is no name; rename that object"
    status = _status(text)
    if status in (429, 500, 502, 503, 504):
        return "unreachable", f"the store is too busy or failing (HTTP status {status}); try again later"
    if status is None:
        return "unreachable", f"the store cannot be reached ({_short(text)}); {_ENDPOINT[url.scheme]}"
    code_found = _CODE.search(text)
    return None, f"the store refused (HTTP status {status}{f', {code_found[1]}' if code_found else ''})"


def _status(text: str) -> int | None:
    match = _STATUS.search(text)
    return int(match[1]) if match else None


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(" .")


def _short(text: str) -> str:
    """Return why nothing came back: what stands after the last dash or colon of the first line."""
    line = (text.strip().splitlines() or ["no reason given"])[0]
    return re.split(r" - |: ", line)[-1].strip()[:120] or "no reason given"
