"""What is asked of an object store itself about a library in it, rather than of LanceDB.

LanceDB says little of why a store refuses, and asks again six times; the questions here are answered by one request,
and refused with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from framecue.errors import LibraryError, ObjectError

__all__ = ["ask", "commit_tag", "delete_object", "has_table", "reason_of_store", "size_below", "tables_of"]

# In every error of LanceDB's that began with what a store answered, or did not.
_OF_A_STORE = re.compile(
    r"RetryError|Generic (?:S3|GCS|MicrosoftAzure) error|HTTP error|HttpError|status code|AWS credentials|"
    r"store: \"(?:S3|GCS|MicrosoftAzure|N/A)\""
)

# Lance names the file of a commit after what is left to the highest number, so that the latest is listed first. Tables
# that an old LanceDB made name it after the number.
_HIGHEST = 2**64 - 1
# A store's answer, or that none could be asked for.
_ANSWER = re.compile(r"status(?: code)?: \d{3}|credentials", re.IGNORECASE)

T = TypeVar("T")


def ask(uri: str, verb: str, action: Callable[[], T]) -> T:
    """Ask the store of a library, and return what it answers.

    Raises:
        LibraryError: it cannot be reached, or refuses; in one sentence.
    """
    try:
        return action()
    except ObjectError as error:
        raise LibraryError(f"library {uri} cannot be {verb}: {error.reason}") from error


def reason_of_store(uri: str, text: str) -> str:
    """Return why a store refused, in one sentence, given LanceDB's message; empty if it was not the store."""
    if not _OF_A_STORE.search(text):
        return ""
    from framecue.object_store.trouble import reason_in
    from framecue.object_store.urls import ObjectUrl

    if not _ANSWER.search(text):
        # Nothing came back. The innermost of what LanceDB lists says why.
        within = re.findall(r'message: "([^"]+)"', text)
        text = f"no answer: {within[-1] if within else 'no answer'}"
    return reason_in(ObjectUrl.parse(uri), text)


def has_table(uri: str, name: str) -> bool:
    """Whether a library has a table, with a commit.

    Raises:
        LibraryError: that cannot be known.
    """
    from framecue.object_store.listing import is_anything_below

    return ask(uri, "opened", lambda: is_anything_below(f"{uri}/{name}.lance/_versions"))


def tables_of(uri: str) -> list[str]:
    """Return the names of a library's tables that have a commit.

    Raises:
        LibraryError: they cannot be listed.
    """
    from framecue.object_store.listing import list_folder

    folders = ask(uri, "opened", lambda: list_folder(uri)).folders
    names = [folder.rpartition("/")[2] for folder in folders]
    tables = [name.removesuffix(".lance") for name in names if name.endswith(".lance")]
    return [name for name in tables if has_table(uri, name)]


def commit_tag(uri: str, name: str, version: int) -> str:
    """Return what the store calls the content of a table's commit; it is another for a table that was made anew.

    Args:
        uri: the library.
        name: the table.
        version: the commit's number.

    Raises:
        LibraryError: the store cannot be asked.
    """
    from framecue.object_store.objects import size_and_tag

    folder = f"{uri}/{name}.lance/_versions"
    for file in (f"{_HIGHEST - version:020}.manifest", f"{version}.manifest"):
        try:
            return str(size_and_tag(f"{folder}/{file}").tag)
        except ObjectError as error:
            if error.cause != "absent":
                raise LibraryError(f"library {uri} cannot be read: {error.reason}") from error
    return ""  # deleted just now


def delete_object(uri: str, name: str) -> None:
    """Delete an object of a library; it is no error if there is none.

    Raises:
        LibraryError: it cannot be deleted.
    """
    from framecue.object_store.objects import delete

    ask(uri, "deleted", lambda: delete(f"{uri}/{name}"))


def size_below(uri: str) -> int:
    """Return the size in bytes of all objects of a library.

    Raises:
        LibraryError: they cannot be listed.
    """
    from framecue.object_store.listing import list_objects

    return ask(uri, "read", lambda: sum(found.state.size_bytes for found in list_objects(uri)))
