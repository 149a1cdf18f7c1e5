"""A home as `init` makes it, with people, a case and one record, driven by the commands.

office = make_office_home(tmp_path)
office("fetch", office.record, "--request", request, person="li")
"""

import contextlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from people_fixture import KEY_PASSPHRASE, People, add_founders, founder_keys

from cli import language
from cli.main import run
from cli.parts import office_of
from cli.settings import SETTINGS_FILE, Settings
from cli.wiring import Workbench

PASSPHRASE = "a passphrase for tests"
PEOPLE = {
    "li": ("handler",),
    "sun": ("handler",),
    "wang": ("legal_office",),
    "boss": ("approver.principal",),
    "arch": ("archivist",),
    "insp": ("inspector.internal",),
    "admin": ("administrator",),
}


@dataclass
class Result:
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class OfficeHome:
    """Commands over one home, each with somebody's key."""

    home: Path
    keys: Path
    content: bytes
    people: list[str] = field(default_factory=list)
    record: str = ""
    case: str = ""

    def __call__(self, *arguments: object, person: str | None = None, **environment: str) -> Result:
        out, err = _Bytes(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CUNZHENG_PASSPHRASE", PASSPHRASE)
            patch.delenv("CUNZHENG_KEY", raising=False)
            if person is not None:
                patch.setenv("CUNZHENG_KEY", str(self.keys / f"{person}.key"))
            for name in ("CUNZHENG_KEY_PASSPHRASE", "CUNZHENG_SECOND_KEY_PASSPHRASE"):
                patch.setenv(name, KEY_PASSPHRASE)
            for name, value in environment.items():
                patch.setenv(name, value)
            with contextlib.redirect_stdout(out.text), contextlib.redirect_stderr(err):
                code = run(["--home", str(self.home), *map(str, arguments)], {})
        language.choose("en")
        out.text.flush()
        return Result(code, out.raw.getvalue(), err.getvalue())

    def ask(self, person: str, action: str, *more: object) -> str:
        """Make a request; its id."""
        words = ("--purpose", "case_handling", "--reason", "核对笔录", "--case", "2026-17")
        done = self(
            "request", self.record, "--action", action, *words, *more, "--json", person=person
        )
        assert done.code == 0, done.err
        return str(done.json["request"])

    def decide(self, person: str, request: str, decision: str, *more: object) -> Result:
        return self("decide", request, decision, *more, "--json", person=person)

    def entries(self, kind: str) -> list[Any]:
        """Entries of a kind, as bodies, in order."""
        from sqlalchemy import select

        from archive.entry import Entry
        from archive.ledger import ENTRY

        bench = self.bench()
        with bench.database.read() as connection:
            query = select(ENTRY.c.data).order_by(ENTRY.c.log, ENTRY.c.idx)
            rows = connection.execute(query).scalars().all()
        bench.database.close()
        return [entry.body for entry in map(Entry.parse, rows) if entry.kind == kind]

    def bench(self) -> Workbench:
        return Workbench(self.home, Settings.load(self.home / SETTINGS_FILE), secret=PASSPHRASE)


class _Bytes:
    def __init__(self) -> None:
        self.raw = io.BytesIO()
        self.text = io.TextIOWrapper(self.raw, encoding="utf-8", write_through=True)


def make_office_home(
    tmp_path: Path, content: bytes = b"a record\n" * 1000, settings: Sequence[str] = ()
) -> OfficeHome:
    """An archive with one record in one case, everybody enrolled; sealed.

    `settings` are NAME=VALUE, given to `init`.
    """
    office = OfficeHome(tmp_path / "home", tmp_path / "keys", content)
    office.keys.mkdir()
    done = office("init", *(f"--set={text}" for text in ("settle_seconds=0.0", *settings)))
    assert done.code == 0, done.err
    source = office.home / "inbox" / "camera"
    source.mkdir()
    (source / "笔录.txt").write_bytes(content)
    done = office("watch", "--once")
    assert done.code == 0, done.err
    office.record = office("search", "--json").json["records"][0]["record"]
    _enrol(office)
    return office


def _enrol(office: OfficeHome) -> None:
    bench = office.bench()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUNZHENG_PASSPHRASE", PASSPHRASE)
        people = People(bench.desk("single"), office_of(bench))
        add_founders(people, founder_keys(office.home, KEY_PASSPHRASE))
        for person, roles in PEOPLE.items():
            people.enrol(person, *roles)
            people.key_file(person, office.keys)
        archivist = people.vouchers[0]
        office.case = people.open_case(
            "2026-17", by=archivist, handlers=("li",), records=(office.record,)
        )
        people.seal()
    bench.database.close()
