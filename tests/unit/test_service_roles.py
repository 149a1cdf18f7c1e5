"""What the service does for accounts by their roles: explaining, inspections, sources."""

import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from office_cli import PASSPHRASE, make_office_home
from people_fixture import KEY_PASSPHRASE, People, add_founders, founder_keys
from sqlalchemy import delete, insert, select, update

from archive.catalog import RECORD
from archive.derived_rows import DERIVED
from archive.errors import Denied, NotFound, Refused, UsageError
from archive.ledger import ENTRY
from archive.looking import LOOKING, WISH
from archive.looking import wish as wish_again
from cli.account import account_shown
from cli.exits import ExitCode, exit_code
from cli.parts import office_of
from cli.service import large
from cli.service.local import LocalDesk
from cli.service.operations import Caller, Host
from ingest.reason import REASON
from ingest.watcher import Reporter

UIDS = {"adm": 64050, "hx": 64051, "liu": 64052, "inspector": 64053, "arch": 64054}
SOURCE = "camera"
NOTHING = "sha256:" + "0" * 64
INSPECTION = {"scope": "all", "policy": NOTHING, "report": NOTHING, "result": "PASSED"}


@dataclass
class Service:
    """The operations of a service, called as accounts."""

    host: Host
    record: str

    def desk(self, person: str) -> LocalDesk:
        return LocalDesk(self.host, Caller(UIDS[person], UIDS[person], 1))

    def call(self, caller: str, name: str, /, **params: Any) -> Any:
        return self.desk(caller).call(name, params)

    def explain(self, caller: str, /, **params: Any) -> Any:
        said = {"action": "view", "records": [self.record], **params}
        return self.call(caller, "request.explain", **said)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUNZHENG_PASSPHRASE", PASSPHRASE)
        office = make_office_home(tmp_path_factory.mktemp("office"), b"content")
        bench = office.bench()
        people = People(bench.desk("service"), office_of(bench))
        add_founders(people, founder_keys(office.home, KEY_PASSPHRASE))
        numbers = {person: str(uid) for person, uid in UIDS.items()}
        people.enrol("adm", "administrator", account=numbers["adm"])
        people.enrol("hx", "handler", unit="X", account=numbers["hx"])
        people.enrol("liu", "handler", unit="main", account=numbers["liu"])
        people.enrol("inspector", "inspector.internal", account=numbers["inspector"])
        people.enrol("arch", "archivist", account=numbers["arch"])
        people.open_case("2026-99", by=people.vouchers[0], sensitivity=("minor",))
        people.seal()
        yield Service(Host(bench, "service"), office.record)
        bench.database.close()


def code(attempt: Callable[[], object]) -> str:
    with pytest.raises(Denied) as denied:
        attempt()
    return denied.value.code


def test_one_explains_ones_own_request(service: Service) -> None:
    assert service.explain("hx")["person"] == "hx"
    assert service.explain("hx", person="hx")["person"] == "hx"
    assert code(lambda: service.explain("hx", person="li")) == "ROLE_MISSING"
    assert code(lambda: service.explain("adm")) == "NO_CONTENT"
    assert code(lambda: service.explain("adm", person="li")) == "NO_CONTENT"
    for caller in ("inspector", "arch"):
        assert service.explain(caller, person="li")["person"] == "li"


def test_a_case_number_tells_nothing_to_who_may_not_see_the_case(service: Service) -> None:
    assert service.explain("liu", case="2026-99", capacity="same_unit")["case"]
    for number in ("2026-99", "2026-100"):
        with pytest.raises(NotFound, match=f"There is no case {number}"):
            service.explain("hx", case=number, capacity="other_unit")
        with pytest.raises(NotFound, match=f"There is no case {number}"):
            large.fetch(service.desk("hx"), "case.show", {"case": number})
    assert code(lambda: large.fetch(service.desk("adm"), "case.show", {"case": "2026-99"})) == (
        "NO_CONTENT"
    )


def test_completeness_is_for_who_may_see_the_case(service: Service) -> None:
    def ask(caller: str, name: str, **params: str) -> Any:
        return large.fetch(service.desk(caller), name, params)

    for name in ("case.check", "case.timeline"):
        for caller in ("arch", "inspector", "liu"):
            assert ask(caller, name, case="2026-99")["list"].startswith("sha256:")
        with pytest.raises(NotFound, match="There is no case 2026-99"):
            ask("hx", name, case="2026-99")
        assert code(lambda n=name: ask("adm", n, case="2026-99")) == "NO_CONTENT"
    for caller in ("arch", "liu"):
        assert ask(caller, "case.page", case="2026-99", lang="en")["title"] == "2026-99"
    with pytest.raises(NotFound):
        ask("hx", "case.page", case="2026-99", lang="en")
    wanted = {"format": "json", "lang": "en"}
    for caller in ("arch", "inspector"):
        rows = ask(caller, "report.completeness", **wanted)["rows"]
        assert "2026-99" in [row["case"] for row in rows]
    assert ask("arch", "report.completeness", **wanted, unit="X")["rows"] == []
    for caller in ("hx", "liu", "adm"):
        assert code(lambda c=caller: ask(c, "report.completeness", **wanted)) == "ROLE_MISSING"


@pytest.fixture
def tagged(service: Service) -> Iterator[str]:
    """The record as one of a minor, with words and a picture; its number in the case."""
    before, said = RECORD.c.id == service.record, {"title": "SECRET title", "preview": "SECRET"}
    made = {"role": "thumbnail", "key": "a.jpg", "digest": b"", "size": 1, "recipe": "x"}
    made |= {"made_at": datetime(2026, 1, 1, tzinfo=UTC), "log": "x", "idx": 0}
    with service.host.bench.database.write() as connection:
        old = connection.execute(select(RECORD).where(before)).mappings().one()
        values = {**said, "tags": "minor", "name": "SECRET.txt", "media_type": "text/plain"}
        connection.execute(update(RECORD).where(before).values(**values))
        connection.execute(insert(DERIVED), [{"record": service.record, **made}])
    yield service.record
    with service.host.bench.database.write() as connection:
        connection.execute(update(RECORD).where(before).values(**old))
        connection.execute(delete(DERIVED).where(DERIVED.c.record == service.record))


def test_a_case_shows_of_a_tagged_record_that_it_is_there(service: Service, tagged: str) -> None:
    def ask(caller: str, name: str, **more: str) -> Any:
        return large.fetch(service.desk(caller), name, {"case": "2026-17", **more})

    for name, more in (("case.check", {}), ("case.timeline", {}), ("case.page", {"lang": "en"})):
        whole, bare = ask("arch", name, **more), ask("liu", name, **more)
        assert "SECRET" in json.dumps(whole)
        assert "SECRET" not in json.dumps(bare)
        assert tagged in json.dumps(bare)
        assert not bare.get("roles")
        if name == "case.page":
            assert (whole["previews"], whole["roles"]) == (
                {tagged: "SECRET"},
                {tagged: "thumbnail"},
            )
            whole, bare = whole["check"], bare["check"]
        if name != "case.timeline":
            assert [row["state"] for row in bare["rows"]] == [row["state"] for row in whole["rows"]]
            assert bare["complete"] == whole["complete"]


def test_volumes_are_for_who_may_see_the_case_and_the_draft_for_archivists(
    service: Service,
) -> None:
    def ask(caller: str, name: str, **params: Any) -> Any:
        return large.fetch(service.desk(caller), name, {"case": "2026-99", **params})

    for caller in ("arch", "inspector", "liu"):
        assert ask(caller, "case.filing")["volumes"] == []
    with pytest.raises(NotFound, match="There is no case 2026-99"):
        ask("hx", "case.filing")
    assert code(lambda: ask("adm", "case.filing")) == "NO_CONTENT"
    wanted = {"format": "json", "lang": "en"}
    for name, more in (("case.draft", {}), ("case.catalogue", wanted)):
        for caller in ("inspector", "liu", "hx", "adm"):
            assert code(lambda c=caller, n=name, m=more: ask(c, n, **m)) == "ROLE_MISSING"
        with pytest.raises(NotFound, match="left to be filed"):
            ask("arch", name, **more)
    for caller in ("arch", "inspector", "liu"):
        with pytest.raises(NotFound, match="no volume 1"):
            ask(caller, "case.catalogue", **wanted, volume=1)
    with pytest.raises(NotFound, match="There is no case 2026-99"):
        ask("hx", "case.catalogue", **wanted, volume=1)


def test_inspections_are_of_inspectors_and_archivists(service: Service) -> None:
    said = {**INSPECTION, "failed": 0, "indeterminate": 0}
    for caller in ("hx", "adm"):
        assert code(lambda c=caller: service.call(c, "inspection.record", **said)) == "ROLE_MISSING"
    assert service.call("inspector", "inspection.record", **said)["log"]


def test_what_nobody_signed_names_the_account(service: Service) -> None:
    """Also who holds the archive speaks for no person, whoever he says he is."""
    for caller in ("hx", "inspector"):
        assert code(lambda c=caller: service.call(c, "sources.confirm", source=SOURCE)) == (
            "ROLE_MISSING"
        )
        retiring = {"source": SOURCE, "reason": "x"}
        assert code(lambda c=caller, r=retiring: service.call(c, "sources.retire", **r)) == (
            "ROLE_MISSING"
        )
        assert service.call(caller, "sources.stats")["sources"]
    holder = LocalDesk(service.host, Caller(os.geteuid(), 1, 1))
    holder.call("sources.confirm", {"source": SOURCE, "person": "founder"})
    service.call("arch", "sources.confirm", source=SOURCE)
    with service.host.bench.database.read() as connection:
        rows = connection.execute(select(ENTRY.c.data).order_by(ENTRY.c.idx)).scalars()
        entries = [json.loads(data) for data in rows]
    actors = [entry["actor"] for entry in entries if entry["kind"] == "source.confirmed"]
    assert actors == [f"account/{account_shown(os.geteuid())}", f"account/{UIDS['arch']}"]
    signed = [entry for entry in entries if entry["actor"].startswith("user/")]
    assert all(entry["body"]["statements"] for entry in signed)


def test_wishes_are_for_who_may_see_the_record(service: Service) -> None:
    def wish(caller: str, *records: str, text: str = "--proxy", **more: str) -> Any:
        return service.call(caller, "derive.wish", records=records, wish=text, **more)

    for caller in ("arch", "inspector", "liu"):
        assert wish(caller, service.record)["queued"] == [service.record]
    assert code(lambda: wish("hx", service.record)) == "ROLE_MISSING"
    assert code(lambda: wish("adm", service.record)) == "NO_CONTENT"
    assert wish("hx", case="2026-17")["queued"] == []
    with service.host.bench.database.write() as connection:
        query = select(LOOKING).where(LOOKING.c.task == WISH)
        (row,) = connection.execute(query).all()
        assert (row.record, row.wish) == (service.record, "--proxy")
        assert not wish_again(connection, row.record, "--proxy", row.since)
    with pytest.raises(UsageError, match="no such kind"):
        wish("arch", service.record, text="marked")
    with pytest.raises(NotFound):
        wish("arch", "01ZZZZZZ")


def test_kinds_of_a_record_are_told_to_who_may_see_it(service: Service) -> None:
    for caller, told in (("liu", []), ("hx", None)):
        found = service.call(caller, "derive.roles", record=service.record)
        assert found == {"made": told, "possible": told}


def test_what_was_put_aside_is_taken_up_by_archivists(service: Service) -> None:
    assert code(lambda: service.call("liu", "derive.again")) == "ROLE_MISSING"
    with service.host.bench.database.write() as connection:
        wish_again(connection, service.record, "poster", datetime.now(UTC))  # noqa: TID251
        rows = connection.execute(select(LOOKING).where(LOOKING.c.wish == "poster"))
        connection.execute(update(LOOKING).values(problem="NO_ROOM"))
        assert len(rows.all()) == 1
    assert service.call("arch", "derive.again")["waiting"] >= 1
    with service.host.bench.database.read() as connection:
        assert connection.execute(select(LOOKING.c.problem).distinct()).scalars().all() == [None]
    with service.host.bench.database.write() as connection:  # the wish was nobody's
        connection.execute(delete(LOOKING).where(LOOKING.c.wish == "poster"))


@dataclass
class Quarantined:
    """A drop in quarantine, and what every operation on it takes."""

    service: Service
    number: str

    def ask(self, caller: str, name: str) -> Any:
        desk = self.service.desk(caller)
        named = {"quarantine": self.number}
        if name == "attach":
            stream = io.BytesIO(b'{"cunzheng_sidecar": 1}')
            return desk.send("quarantine.attach", {**named, "name": "a.txt.json"}, stream)
        more = {"list": {}, "show": named, "retry": named, "reject": {**named, "reason": "x"}}
        return desk.call(f"quarantine.{name}", more[name])


@pytest.fixture
def quarantined(service: Service, request: pytest.FixtureRequest) -> Quarantined:
    """A real one: the watcher took a drop whose sidecar is broken."""
    bench = service.host.bench
    before = {path.name for path in bench.folder("quarantine").iterdir()}
    inbox = bench.home / "inbox" / SOURCE
    inbox.mkdir(exist_ok=True)
    # Of its own content each time, or it would be a re-drop.
    (inbox / "a.txt").write_bytes(request.node.name.encode())
    (inbox / "a.txt.json").write_bytes(b'{"cunzheng_sidecar": 1')
    with bench.watcher(Reporter(), lambda _: None) as watcher:
        watcher.drain(threading.Event())
    (number,) = {path.name for path in bench.folder("quarantine").iterdir()} - before
    return Quarantined(service, number)


@pytest.mark.parametrize("name", ["list", "show", "retry", "attach", "reject"])
def test_quarantine_is_for_archivists_and_administrators(
    quarantined: Quarantined, name: str
) -> None:
    for caller in ("hx", "liu", "inspector"):
        with pytest.raises(Denied) as denied:
            quarantined.ask(caller, name)
        assert (denied.value.code, exit_code(denied.value)) == ("ROLE_MISSING", ExitCode.DENIED)
    folder = quarantined.service.host.bench.folder("quarantine") / quarantined.number
    assert sorted(path.name for path in folder.iterdir()) == ["content", REASON, "sidecar"]


def test_an_archivist_resolves_what_is_in_quarantine(quarantined: Quarantined) -> None:
    for caller in ("arch", "adm"):
        assert quarantined.number in json.dumps(quarantined.ask(caller, "list"))
        assert quarantined.ask(caller, "show")["code"] == "SIDECAR_NOT_JSON"
    (tried,) = quarantined.ask("arch", "retry")["tried"]
    assert (tried["outcome"], tried["code"]) == ("still_rejected", "SIDECAR_NOT_JSON")
    (tried,) = quarantined.ask("arch", "attach")["tried"]
    assert tried["outcome"] == "accessioned"
    with quarantined.service.host.bench.database.read() as connection:
        rows = connection.execute(select(ENTRY.c.data).order_by(ENTRY.c.idx)).scalars()
        ended = [entry for data in rows if (entry := json.loads(data))["kind"] == "drop.resolved"]
    assert ended[-1]["body"]["quarantine"] == quarantined.number
    assert ended[-1]["actor"] == f"account/{UIDS['arch']}"
    with pytest.raises(Refused, match="is resolved"):
        quarantined.ask("adm", "reject")
