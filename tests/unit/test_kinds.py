"""Short names of media types, and records of before this version getting theirs."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from archive import database as databases
from archive.database import Database
from archive.kinds import SHORT_KINDS, short_kind

ROW = """INSERT INTO record (id, log, idx, source, name, name_raw, folder, folder_raw, size, sha256,
  media_type, received_at, lost, permanent, destroyed)
  VALUES (:id, 'main-2026', 1, 's', '', x'', '', x'', 0, x'', :media, '2026-01-01', 0, 0, 0)"""


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("application/pdf", "pdf"),
        ("application/ofd", "ofd"),
        ("text/plain", "txt"),
        ("message/rfc822", "eml"),
        ("video/mp4", "video"),
        ("audio/wav", "audio"),
        ("image/jpeg", "image"),
        ("application/octet-stream", "other"),
        ("", "other"),
        ("text", "other"),
        ("videos/mp4", "other"),
    ],
)
def test_short_kinds(media_type: str, kind: str) -> None:
    assert short_kind(media_type) == kind
    assert kind in SHORT_KINDS


def test_no_kind_has_two_types() -> None:
    assert len(set(SHORT_KINDS)) == len(SHORT_KINDS)


def test_records_of_before_get_theirs(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/old.db")
    config = Config()
    folder = Path(databases.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    config.attributes["database"] = database
    command.upgrade(config, "0004")
    with database.write() as connection:
        for number, media in enumerate(("application/pdf", "video/mp4", "x/y", "")):
            connection.execute(text(ROW), {"id": str(number), "media": media})
    database.prepare()
    with database.read() as connection:
        found = connection.execute(text("SELECT kind FROM record ORDER BY id")).scalars().all()
    assert found == ["pdf", "video", "other", None]
    database.close()
