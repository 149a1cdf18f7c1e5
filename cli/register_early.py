"""What the register says of a source, read before anything large is loaded.

Reading ahead begins while the database library is still being imported (ingest.ahead). What cannot
be read here, or has changed since, costs only time: the drops are described again.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from archive.errors import FormatError
from archive.source_terms import CONFIRMED, UNSAID, Registered, Terms, registered
from cli.settings import DATABASE_FILE, EMBEDDED, Settings

_QUERY = "SELECT terms, kind, unit FROM source WHERE id = ? AND state = ?"


def early_registered(settings: Settings, home: Path, source: str) -> Registered:
    """From the embedded database; UNSAID where it is another, or cannot be read."""
    if settings.database != EMBEDDED:
        return UNSAID
    place = (home / DATABASE_FILE).resolve().as_uri()
    try:
        with closing(sqlite3.connect(f"{place}?mode=ro", uri=True, timeout=1)) as connection:
            row = connection.execute(_QUERY, (source, CONFIRMED)).fetchone()
        return registered(Terms.parse(row[0]), *row[1:]) if row else UNSAID
    except (sqlite3.Error, FormatError):
        return UNSAID
