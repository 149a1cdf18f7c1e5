"""The database is gone, and comes back from the store alone: every table, and the archive goes on.

What cannot come back is named in `NOT_KEPT` and in docs/operations.md, nowhere else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from database_rows import Rows, all_rows, differences
from office_cli import OfficeHome, make_office_home
from postgres_server import Server
from s3_servers import Weed, admin_client, aws_environment, fresh_bucket

from archive.database import Database
from cli.clock import SystemClock
from cli.settings import Settings
from cli.wiring_stock import stocked
from retention.sweep import Sweep

CONTENT = b"a line of a record that has an object of its own\n" * 10_000
WORDS = ("--case", "2026-17", "--purpose", "case_handling", "--reason", "核对笔录")
TODAY = SystemClock.now

NOT_KEPT: dict[str, str] = {
    "intake": "rows of drops: what is released, kept in place or was refused",
    "pending": "what was accepted and not yet sealed",
    "unstored": "objects of that",
    "keeping": "locks to be looked at: the first sweep looks at all of them again",
    "replication": "what the second copy lacks: `replica repair` finds it",
    "destroying": "records that are being deleted at this moment, as their execution still says",
}
"""Tables of work in progress, which no register is."""
NOT_KEPT_COLUMNS: dict[str, tuple[str, ...]] = {
    "entry": ("pending",),  # under which id it was submitted
    "head": ("fence",),  # raised, so that an old process cannot go on
    "source": ("first_seen", "last_seen"),  # the times of its entries
    "looking": ("id", "tries", "problem"),  # what was put aside is tried again
    "location": ("until", "held"),  # as read from the bucket, not as last set
}


@dataclass
class Place:
    """An office, its database, and how far its clock is ahead."""

    office: OfficeHome
    ahead: list[timedelta]
    destroys: bool
    server: Server | None = None
    known: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: object, person: str | None = None, code: int = 0) -> Any:
        done = self.office(*arguments, person=person)
        assert done.code == code, f"{arguments}: {done.out!r} {done.err}"
        return done

    @property
    def inbox(self) -> Path:
        return self.office.home / "inbox" / "camera"

    def database(self) -> Database:
        settings = Settings.load(self.office.home / "cunzheng.toml")
        return Database(settings.database_url(self.office.home))

    def rows(self) -> Rows:
        database = self.database()
        found = all_rows(database, NOT_KEPT)
        database.close()
        for name, columns in NOT_KEPT_COLUMNS.items():
            for row in found[name]:
                for column in columns:
                    del row[column]
        # When a concealed access began is known to the ledger only roughly.
        for row in found["access"]:
            row["at"] = row["at"] if not row["concealed"] else None
        return {name: sorted(rows, key=repr) for name, rows in found.items()}

    def lose_the_database(self) -> None:
        if self.server is None:
            for path in self.office.home.glob("cunzheng.db*"):
                path.unlink()
            return
        name = str(self.database().engine.url.database)
        self.server.run(f"DROP DATABASE {name} WITH (FORCE)")
        self.server.run(f"CREATE DATABASE {name}")

    def sweep(self) -> None:
        """What the service does every hour."""
        bench = self.office.bench()
        vaults = {place.name: place.vault for place in stocked(bench)}
        Sweep(bench.desk("single"), vaults).run(grace=timedelta())
        bench.sealer.drain()
        bench.database.close()

    def drop(self, count: int, kind: str, sidecar: dict[str, Any] | None = None) -> list[str]:
        """Small files that travel in a pack; ids of the records."""
        before = self.records()
        for number in range(count):
            name = f"{kind}{number}.{kind}"
            data = (b"\x89PNG\r\n\x1a\n" if kind == "png" else b"text ") + bytes([65 + number]) * 99
            if sidecar is not None:
                text = json.dumps({"cunzheng_sidecar": 1, **sidecar}, ensure_ascii=False)
                (self.inbox / f"{name}.json").write_text(text, "utf-8")
            (self.inbox / name).write_bytes(data)
        self("watch", "--once")
        return sorted(self.records() - before)

    def records(self) -> set[str]:
        return {row["record"] for row in self("search", "--json").json["records"]}


@pytest.fixture(params=["folder sqlite", "folder postgresql", "bucket postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    store, _, database = request.param.partition(" ")
    ahead = [timedelta()]

    def now(this: SystemClock) -> datetime:
        return TODAY(this) + ahead[0]

    monkeypatch.setattr(SystemClock, "now", now)
    settings, server = [], None
    if database == "postgresql":
        server = request.getfixturevalue("postgres")
        settings.append(f"database={server.database()}")
    if store == "bucket":
        settings += _buckets(request.getfixturevalue("weed"), tmp_path, monkeypatch)
    office = make_office_home(tmp_path, CONTENT, settings)
    return Place(office, ahead, store == "folder", server)


def _buckets(weed: Weed, folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
    for name, value in aws_environment(folder).items():
        patch.setenv(name, value)
    admin = admin_client(weed.http)
    evidence, live = fresh_bucket(admin, "e"), fresh_bucket(admin, "l", locked=False)
    return [
        f"store=s3://{evidence}/office",
        f"store_live=s3://{live}",
        f"s3_endpoint={weed.http}",
        "s3_addressing=path",
    ]


def live(place: Place, folder: Path) -> None:
    """Something of everything that an office does."""
    record = place.office.record
    place("sources", "confirm", "camera", "--label", "执法记录仪", "--kind", "recorder")
    texts = place.drop(5, "txt", {"case": "2026-17", "stage": "investigate"})
    pictures = place.drop(3, "png")
    # people
    place("people", "suspend", "admin", "--reason", "休假", person="arch")
    # holds of a record and of a case, one of them lifted
    held = place("hold", "place", texts[0], "--reason", "复议", "--json", person="arch").json
    place("hold", "place", "--case", "2026-17", "--reason", "诉讼", person="arch")
    lifted = place("hold", "place", record, "--reason", "另案", "--json", person="arch").json
    place("hold", "lift", lifted["subject"], "--reason", "已结束", person="arch")
    # requests of every end
    out = folder / "out"
    out.mkdir()
    asked = place.office.ask("li", "copy")
    place.office.decide("wang", asked, "approve", "--comment", "同意")
    fetched = place("fetch", record, "--request", asked, "-o", out, "--json", person="li").json
    place("return", fetched["access"], person="arch")
    refused, withdrawn = place.office.ask("li", "copy"), place.office.ask("li", "copy")
    place.office.decide("wang", refused, "refuse", "--comment", "无必要")
    place.office.decide("li", withdrawn, "withdraw")
    place("fetch", texts[1], *WORDS, "--json", person="li")
    place("fetch", record, "--purpose", "case_handling", "--reason", "x", person="sun", code=4)
    conceal(place, folder, opened=True)
    # terms
    place("retention", "extend", texts[2], "--cause", "evidence_used", "--permanent",
          "--reason", "作为证据", person="arch")  # fmt: skip
    place("people", "revoke", "sun", "--code", "superseded", "--reason", "调离", person="arch")
    place.sweep()
    place.known = {"held": texts[0], "hold": held["subject"], "permanent": texts[2]}
    if place.destroys:
        destroy(place, pictures)
    conceal(place, folder, opened=False)


def conceal(place: Place, folder: Path, *, opened: bool) -> None:
    """Confidential supervision, opened afterwards or not yet."""
    to = folder / f"hidden-{opened}"
    to.mkdir()
    words = ("--action", "copy", "--purpose", "supervision", "--reason", "督察", "--confidential")
    done = place("fetch", place.office.record, *words, "-o", to, "--json", person="insp")
    if opened:
        place("reveal", to / f"{done.json['access']}.opening.json", person="insp")


def destroy(place: Place, pictures: list[str]) -> None:
    """Two of a pack of three are destroyed, after the third was split off."""
    place.ahead[0] = timedelta(days=200)
    place.sweep()
    place("hold", "place", pictures[0], "--reason", "复议", person="arch")
    (pack,) = place("disposition", "propose", "--due", "--dry-run", "--json", person="arch").json[
        "packs"
    ]
    first = ("packs", "split", pack["pack"], "--reason", "封存")
    done = place.office(
        *first,
        person="arch",
        CUNZHENG_SECOND_KEY=str(place.office.keys / "wang.key"),
    )
    assert done.code == 0, done.err
    proposed = place("disposition", "propose", "--due", "--reason", "期满", "--json", person="arch")
    name = proposed.json["subject"]
    place("disposition", "approve", name, "--comment", "同意", person="wang")
    place("disposition", "execute", name, person="arch")
    place.known["destroyed"] = pictures[1]


def test_everything_comes_back_from_the_store(place: Place, tmp_path: Path) -> None:
    live(place, tmp_path)
    place("watch", "--once")
    before = place.rows()
    assert {row["shelf"] for row in before["register"]} >= {
        "person", "case", "hold", "request", "access", "rules", "term", "record_cases",
    }  # fmt: skip
    assert any(row["pack"] for row in before["record"])
    assert any(row["permanent"] for row in before["record"])
    assert any(row["destroyed"] for row in before["record"]) == place.destroys
    place.lose_the_database()
    assert "cunzheng rebuild" in place("status", code=3).err
    done = place("rebuild", "--json").json
    assert (done["unreadable"], done["unpublished"], done["kept"]) == (0, None, None)
    assert differences(before, place.rows()) == []
    go_on(place, tmp_path)


def go_on(place: Place, folder: Path) -> None:
    """Drops, requests, holds and their limits, as if nothing had been."""
    place.sweep()
    (new,) = place.drop(1, "after")
    record = place.office.record
    asked = place.office.ask("li", "copy")
    place.office.decide("wang", asked, "approve", "--comment", "同意")
    out = folder / "again"
    out.mkdir()
    done = place("fetch", record, "--request", asked, "-o", out, "--json", person="li")
    assert Path(done.json["path"]).read_bytes() == CONTENT
    shown = place("hold", "list", "--json").json["holds"]
    assert place.known["hold"] in {hold["hold"] for hold in shown}
    assert place("show", place.known["permanent"], "--json").json["record"]
    place("fetch", record, *WORDS, "--json", person="sun", code=4)
    if place.destroys:
        assert place("show", place.known["destroyed"], "--json").json["destroyed"] is True
    done = place("verify", "--json")
    assert done.json["outcome"] == "PASSED", done.json["findings"]
    assert new in place.records()


def test_names_of_what_is_not_kept() -> None:
    """Every table and column of the list exists, and the documentation names every table."""
    import archive.pki_tables  # noqa: F401 - fills SQLModel.metadata
    from archive.tables import SQLModel

    tables = {table.name: table for table in SQLModel.metadata.sorted_tables}
    assert NOT_KEPT.keys() | NOT_KEPT_COLUMNS.keys() <= tables.keys()
    for name, columns in NOT_KEPT_COLUMNS.items():
        assert set(columns) <= set(tables[name].columns.keys())
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    for name in NOT_KEPT:
        assert f"`{name}`" in page, name
