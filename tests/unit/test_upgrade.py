"""A database of the version before this one gets what it could not have yet."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from archive import database as databases
from archive.database import Database
from archive.resolved import waiting

ROW = """INSERT INTO record (id, log, idx, source, name, name_raw, folder, folder_raw, size, sha256,
  media_type, received_at, lost, permanent, destroyed)
  VALUES (:id, 'main-2026', 1, 's', '', x'', '', x'', 0, x'', :media, '2026-01-01', 0, 0, 0)"""
ENTRY = """INSERT INTO entry (log, idx, stream, seq, leaf, data)
  VALUES ('main-2026', :idx, 'source/s', :idx, x'', :data)"""


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/old.db")
    config = Config()
    folder = Path(databases.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    config.attributes["database"] = database
    command.upgrade(config, "0004")
    yield database
    database.close()


def test_records_of_before_get_their_kinds(before: Database) -> None:
    with before.write() as connection:
        for number, media in enumerate(("application/pdf", "video/mp4", "x/y", "")):
            connection.execute(text(ROW), {"id": str(number), "media": media})
    before.prepare()
    with before.read() as connection:
        found = connection.execute(text("SELECT kind FROM record ORDER BY id")).scalars().all()
    assert found == ["pdf", "video", "other", None]


def test_what_came_before_is_counted_as_a_rebuild_would(before: Database) -> None:
    arrivals = [
        (
            "drop.rejected",
            "2025-12-31T23:59:59.000000Z",
            {"code": "SIDECAR_FIELD", "detail_id": "d"},
        ),
        ("record.redropped", "2026-01-01T00:10:00.500000Z", {}),
        ("record.redropped", "2026-01-01T00:20:00.000000Z", {"note": '"kind":"drop.rejected"'}),
        ("record.lost", "2026-01-01T00:30:00.000000Z", {}),
    ]
    with before.write() as connection:
        connection.execute(text(ROW), {"id": "1", "media": "text/plain"})
        for idx, (kind, at, more) in enumerate(arrivals):
            value = {"body": {"received_at": at, "source": "s", **more}, "kind": kind}
            data = json.dumps(value, separators=(",", ":")).encode()
            connection.execute(text(ENTRY), {"idx": idx, "data": data})
        connection.execute(text("UPDATE entry SET pending = 'Q' WHERE idx = 0"))
    before.prepare()
    with before.read() as connection:
        assert [*waiting(connection)] == ["Q"], "it waits in quarantine under its entry's id"
    query = "SELECT substr(hour, 1, 13), records, redropped, rejected, refused FROM source_hour"
    with before.read() as connection:
        found = connection.execute(text(query + " ORDER BY hour")).all()
    assert found == [("2025-12-31 23", 0, 0, 1, 0), ("2026-01-01 00", 1, 2, 0, 0)]
