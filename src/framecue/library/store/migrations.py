"""The formats of a library, and bringing a library of an older format up to date, in place and without encoding.

A migration adds columns that are empty in the existing rows, and does nothing else. LanceDB does so in one commit that
writes a new description of the table and no rows. So there is no state between two formats: a run that is killed leaves
the older format or the newer one, and the next run takes the remaining steps.

LanceDB cannot change the metadata of a table's schema, in that commit or in another. So the version stored there is the
format with which the table was *made*, and each column that was added later notes in its own metadata with which format
it came. The highest of these numbers is the table's format.

A library of an older format is read as it is: a missing column reads as None. So it can lie on a disk that cannot be
written to, and be read while another run migrates it. Whoever writes rows migrates first, with the lock on the library.
In an object store, where nothing is locked, several runs may migrate at once; LanceDB refuses all but the first, and
the others see that the step has been taken.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from framecue.errors import LibraryError
from framecue.library.store.table import Table
from framecue.log import printable

__all__ = ["MIGRATIONS", "OLDEST_FORMAT", "SCHEMA_VERSION", "VERSION_KEY", "Migration", "format_of", "migrate"]

logger = logging.getLogger(__name__)

VERSION_KEY = b"framecue.schema_version"
_SINCE_KEY = b"framecue.since_format"


@dataclass(frozen=True)
class Migration:
    """A step from one format to the next.

    Attributes:
        format: the library's format afterwards.
        columns: names and types of the columns that are added.
    """

    format: int
    columns: tuple[tuple[str, pa.DataType], ...]

    def fields(self) -> list[pa.Field]:
        """Return the columns as Arrow fields: each may be empty, and notes with which format it came."""
        mark = {_SINCE_KEY: str(self.format).encode()}
        return [pa.field(name, type_, nullable=True, metadata=mark) for name, type_ in self.columns]


# The oldest format that can be read and migrated.
OLDEST_FORMAT = 2
# In the order of the formats, without a gap. A published step never changes.
MIGRATIONS = (
    # When a segment was encoded, in seconds since 1970.
    Migration(3, (("indexed_seconds", pa.float64()),)),
    # By which rules the segment's frames and times were read; what the file is; when it was recorded.
    Migration(4, (("reading", pa.int64()), ("kind", pa.string()), ("recorded_seconds", pa.float64()))),
    # What an object store calls the file's content, see FileState.tag.
    Migration(5, (("object_tag", pa.string()),)),
)
# The format of new libraries.
SCHEMA_VERSION = MIGRATIONS[-1].format


def format_of(schema: pa.Schema) -> int:
    """Return the format of a table with this schema.

    Raises:
        KeyError: the schema notes no format.
        ValueError: what it notes is not a number.
    """
    marks = [field.metadata[_SINCE_KEY] for field in schema if field.metadata and _SINCE_KEY in field.metadata]
    return max(map(int, [schema.metadata[VERSION_KEY], *marks]))


def migrate(table: Table, migrations: Sequence[Migration] = MIGRATIONS) -> bool:
    """Bring a table up to date; call it with the lock on the library.

    Args:
        table: of segments. It has the new columns afterwards.
        migrations: all steps that exist.

    Returns:
        Whether there was anything to do.

    Raises:
        LibraryError: the library cannot be written to. Steps taken before that stay.
    """
    before = format_of(table.schema)
    steps = [step for step in migrations if step.format > before]
    for step in steps:
        _take(table, step)
        logger.info("library %s was brought to format %d", printable(table.uri), step.format)
    return bool(steps)


def _take(table: Table, step: Migration) -> None:
    try:
        table.commit(f"brought to format {step.format}", lambda: table.lance.add_columns(step.fields()))
    except LibraryError:
        table.catch_up()
        if format_of(table.schema) < step.format:
            raise
        # Another run has taken this step in the meantime.
