"""What somebody with the database and the store can try, and what comes of it, as data.

A `Forgery` is done once to a copy of a real office. What goes through the desk is refused there;
the same is then forced past it, sealed by the unknowing sealer, and `verify` must find it with its
code. `forger_keys` has the same and more for a thief of all the archive's keys.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from forger_lab import REASONS, Scene

from archive.detail import Detail
from archive.registers.denials import DENIALS
from archive.statements.kinds import check_payload
from archive.statements.statement import Signed

DATABASE, KEYS = "database, store", "all keys"


@dataclass(frozen=True)
class Outcome:
    """What must come of it: `refused` by the desk with this code (empty where it is not asked),
    then found by verification as `rule`, a code of the rule book, or as `found`, any other code.

    Neither means that verification passes: nothing forbidden happened, or nobody can see it.
    """

    refused: str = ""
    rule: str = ""
    found: str = ""
    checkpoint: bool = False

    @property
    def code(self) -> str:
        """The finding."""
        return DENIALS[self.rule][0] if self.rule else self.found


@dataclass(frozen=True)
class Forgery:
    """`act` does it and returns the code with which the desk refused, if it was asked."""

    name: str
    who: str
    outcome: Outcome
    act: Callable[[Scene], str]
    remark: str


@dataclass(frozen=True)
class Row:
    """A forgery that was tried; `fault` is empty where it came out as it must."""

    forgery: Forgery
    codes: tuple[str, ...]
    fault: str


FORGERIES: list[Forgery] = []


def forgery(
    name: str, who: str = DATABASE, remark: str = "", **outcome: Any
) -> Callable[[Callable[[Scene], str]], Callable[[Scene], str]]:
    """Put a function into the table."""

    def put(act: Callable[[Scene], str]) -> Callable[[Scene], str]:
        FORGERIES.append(Forgery(name, who, Outcome(**outcome), act, remark))
        return act

    return put


class Scenes(Protocol):
    """Where copies of an office come from."""

    def scene(self) -> Scene:
        """A fresh one."""
        ...


def run(lab: Scenes, one: Forgery) -> Row:
    """Try it on a fresh copy, seal what is waiting, and verify."""
    scene = lab.scene()
    refused = one.act(scene)
    if one.who == DATABASE:
        scene.archive.sealer.drain()
    outcome = one.outcome
    report = scene.report(checkpoint=outcome.checkpoint)
    found = {(f.code, str(f.details.get("code", ""))) for f in report.findings}
    codes = tuple(sorted({code for code, _ in found}))
    fault = ""
    if refused != outcome.refused:
        fault = f"refused: {refused or 'no'}"
    elif outcome.rule and (outcome.code, outcome.rule) not in found:
        fault = f"no {outcome.rule} among {sorted(found)}"
    elif outcome.code not in ("", *codes):
        fault = f"no {outcome.code} among {codes}"
    elif not outcome.code and codes:
        fault = f"{codes} found"
    scene.archive.db.close()
    return Row(one, codes, fault)


# ── requests and decisions ──


def _forged(scene: Scene, person: str) -> Any:
    """Statements in somebody's name with the administrator's own key."""
    return scene.author(person, signer=scene.author("root").signer)


@forgery("invent a request of li's", refused="STATEMENT_BAD", rule="STATEMENT_BAD")
def invent_request(scene: Scene) -> str:
    payload = scene.asking("own_case", case=scene.names.case)
    signed, detail = _forged(scene, "li").make("access.requested", payload, REASONS)
    refused = scene.refused(lambda: scene.people.desk.submit([signed], detail, "1000"))
    scene.put(signed, detail)
    return refused


@forgery("ask for content oneself", refused="NO_CONTENT", rule="NO_CONTENT")
def ask_as_administrator(scene: Scene) -> str:
    payload = scene.asking("other_unit")
    signed, detail = scene.author("root").make("access.requested", payload, REASONS)
    refused = scene.refused(lambda: scene.people.desk.submit([signed], detail, "1000"))
    again, detail = scene.author("root").make("access.requested", payload, REASONS)
    scene.put(again, detail)
    return refused


@forgery("invent an approval", refused="STATEMENT_BAD", rule="STATEMENT_BAD")
def invent_approval(scene: Scene) -> str:
    signed, _ = _forged(scene, "founder2").make(
        "access.decided", scene.deciding(scene.names.waiting)
    )
    refused = scene.refused(lambda: scene.people.desk.submit([signed], None, "1000"))
    scene.put(signed)
    return refused


@forgery("approve in one's own name", refused="NOT_APPROVER", rule="NOT_APPROVER")
def approve_oneself(scene: Scene) -> str:
    def signed() -> Signed:
        return scene.author("root").make("access.decided", scene.deciding(scene.names.waiting))[0]

    refused = scene.refused(lambda: scene.people.desk.submit([signed()], None, "1000"))
    scene.put(signed())
    return refused


@forgery("swap the approver of a true approval", rule="STATEMENT_BAD")
def swap_approver(scene: Scene) -> str:
    signed, _ = scene.author("founder1").make("access.decided", scene.deciding(scene.names.waiting))
    certificate = scene.author("founder2").certificate
    swapped = replace(signed.statement, person="founder2", certificate=certificate)
    scene.put(Signed(swapped, signed.signature))
    return ""


@forgery("raise the count of a true grant before it is sealed", rule="STATEMENT_BAD")
def raise_count(scene: Scene) -> str:
    scene.decide("founder2", scene.names.waiting, count=1)
    changed = scene.edit(
        "UPDATE pending SET body=CAST(replace(body, '\"count\":1,', '\"count\":9,') AS BLOB)"
        " WHERE kind='access.decided'"
    )
    assert changed == 1
    return ""


@forgery("use an approval once more for the same request", rule="STATEMENT_REPLAYED",
         refused="STATEMENT_REPLAYED")  # fmt: skip
def replay_approval(scene: Scene) -> str:
    signed, _ = scene.author("founder2").make("access.decided", scene.deciding(scene.names.waiting))
    scene.people.desk.submit([signed], None, "1000")
    refused = scene.refused(lambda: scene.people.desk.submit([signed], None, "1000"))
    scene.put(signed)
    return refused


@forgery("use an approval for another request", rule="STATEMENT_BAD")
def replay_for_another(scene: Scene) -> str:
    signed, _ = scene.author("founder2").make("access.decided", scene.deciding(scene.names.short))
    payload = {**signed.statement.payload, "request": scene.names.waiting}
    check_payload("access.decided", payload)
    scene.put(Signed(replace(signed.statement, payload=payload), signed.signature))
    return ""


@forgery("use a statement from another archive", rule="STATEMENT_FOREIGN",
         refused="STATEMENT_FOREIGN")  # fmt: skip
def replay_foreign(scene: Scene) -> str:
    abroad = scene.author("founder2", archive="cunzheng.local/other")
    signed, _ = abroad.make("access.decided", scene.deciding(scene.names.waiting))
    refused = scene.refused(lambda: scene.people.desk.submit([signed], None, "1000"))
    scene.put(signed)
    return refused


# ── accesses ──


@forgery("invent an access of li's", rule="STATEMENT_BAD")
def invent_access(scene: Scene) -> str:
    signed, _ = _forged(scene, "li").make("access.started", scene.starting(scene.names.own))
    scene.put(signed)
    return ""


@forgery("invent the end of an access", rule="ACCESS_UNKNOWN")
def invent_end(scene: Scene) -> str:
    body = {"access": scene.archive.ulid(), "bytes": 7}
    scene.put_own("access.completed", "access", scene.names.records[0], body)
    return ""


@forgery("say that an access handed out less", rule="ACCESS_UNKNOWN")
def second_end(scene: Scene) -> str:
    body = {"access": scene.names.access, "bytes": 0, "code": "INTERRUPTED"}
    scene.put_own("access.aborted", "access", scene.names.records[0], body)
    return ""


@forgery(
    "drop the start of an access before it is sealed",
    remark="no byte leaves: the desk waits until the start is durable",
)
def drop_start(scene: Scene) -> str:
    signed, _ = scene.author("li").make("access.started", scene.starting(scene.names.own))
    accepted = scene.people.desk.submit([signed], None, "1000")
    scene.edit("DELETE FROM pending WHERE id=?", accepted.entry.id)
    scene.archive.sealer.drain()
    with scene.archive.db.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT count(*) FROM entry WHERE pending=?", (accepted.entry.id,)
        )
        assert rows.scalar() == 0
    return ""


@forgery("let an access run on for ever", found="ACCESS_OPEN_LONG")
def never_ended(scene: Scene) -> str:
    signed, _ = scene.author("li").make("access.started", scene.starting(scene.names.own))
    scene.put(signed)
    for _ in range(26):
        scene.archive.sealer.drain()
        scene.archive.clock.advance(minutes=59)
        scene.archive.heartbeats(1)
    return ""


@forgery("change which record a waiting access is for", rule="STATEMENT_BAD")
def change_record(scene: Scene) -> str:
    first, second = scene.names.records
    signed, _ = scene.author("li").make("access.started", scene.starting(scene.names.own))
    scene.people.desk.submit([signed], None, "1000")
    changed = scene.edit(
        "UPDATE pending SET subject=?, body=CAST(replace(body, ?, ?) AS BLOB)"
        " WHERE kind='access.started'",
        second,
        first,
        second,
    )
    assert changed == 1
    return ""


@forgery("raise the count of a grant in the register table", rule="GRANT_EXHAUSTED",
         remark="the desk believes its table and hands out; verification does not")  # fmt: skip
def raise_in_table(scene: Scene) -> str:
    scene.register("request", scene.names.granted, count=9)
    scene.receive("wang", scene.names.granted)
    return ""


@forgery("use a grant that is used up", refused="GRANT_EXHAUSTED", rule="GRANT_EXHAUSTED")
def use_exhausted(scene: Scene) -> str:
    refused = scene.refused(lambda: scene.receive("wang", scene.names.granted))
    signed, _ = scene.author("wang").make("access.started", scene.starting(scene.names.granted))
    scene.put(signed)
    return refused


@forgery("use a grant that is over", refused="GRANT_EXPIRED", rule="GRANT_EXPIRED")
def use_expired(scene: Scene) -> str:
    refused = scene.refused(lambda: scene.receive("wang", scene.names.short))
    signed, _ = scene.author("wang").make("access.started", scene.starting(scene.names.short))
    scene.put(signed)
    return refused


@forgery("use a request that nobody approved", refused="NO_GRANT", rule="NO_GRANT")
def use_unapproved(scene: Scene) -> str:
    refused = scene.refused(lambda: scene.receive("wang", scene.names.waiting))
    signed, _ = scene.author("wang").make("access.started", scene.starting(scene.names.waiting))
    scene.put(signed)
    return refused


# ── times ──


@forgery("hold a statement back for an hour", refused="STATEMENT_STALE", rule="STATEMENT_STALE")
def hold_back(scene: Scene) -> str:
    signed, _ = scene.author("li").make("access.started", scene.starting(scene.names.own))
    for _ in range(2):
        scene.archive.clock.advance(minutes=30)
        scene.archive.heartbeats(1)
        scene.archive.sealer.drain()
    refused = scene.refused(lambda: scene.people.desk.submit([signed], None, "1000"))
    scene.put(signed)
    return refused


@forgery("say that a statement was accepted an hour ago", rule="STATEMENT_STALE")
def backdate(scene: Scene) -> str:
    signed, _ = scene.author("wang").make("access.started", scene.starting(scene.names.short))
    scene.put(signed, accepted_at=scene.archive.clock.now() - timedelta(minutes=60))
    return ""


@forgery("hold an entry back for a day before it is sealed", found="STATEMENT_LATE")
def hold_entry_back(scene: Scene) -> str:
    signed, detail = scene.author("root").make(
        "person.suspended", {"person": "li"}, {"reason": "停职"}
    )
    then = scene.archive.clock.now()
    for _ in range(25):
        scene.archive.clock.advance(minutes=59)
        scene.archive.heartbeats(1)
        scene.archive.sealer.drain()
    scene.put(signed, detail, accepted_at=then)
    return ""


# ── people, rules, cases ──


def _enrolment(scene: Scene, person: str, roles: tuple[str, ...], *who: str) -> Any:
    payload = scene.people.enrolment(person, roles)
    words = {
        "name": "某人",
        "post": "科员",
        "unit_name": "执法队",
        "certificate_no": None,
        "certificate_until": None,
    }
    first, detail = scene.author(who[0]).make("person.enrolled", payload, words)
    return [first, *(scene.author(other).cosign(first) for other in who[1:])], detail


def _enrol(scene: Scene, person: str, roles: tuple[str, ...], *who: str) -> str:
    """Try at the desk, then past it."""
    from archive.desk import people as use_cases

    certificate = scene.people.certificates[person]

    def attempt() -> object:
        statements, detail = _enrolment(scene, person, roles, *who)
        desk = scene.people.desk
        return use_cases.enrol(desk, statements, detail, "1000", certificate)

    refused = scene.refused(attempt)
    store_certificate(scene, certificate)
    scene.put(*_enrolment(scene, person, roles, *who))
    return refused


def store_certificate(scene: Scene, certificate: bytes) -> None:
    """A certificate among those that the next batch names."""
    from archive.identity import PkiObject
    from archive.pki_register import add_pki

    with scene.archive.db.write() as connection:
        add_pki(connection, [PkiObject("crt", "", 0, None, certificate)])


@forgery("enrol an approver alone", refused="VOUCHERS_MISSING", rule="VOUCHERS_MISSING")
def enrol_alone(scene: Scene) -> str:
    scene.people.new_author("puppet", "main")
    return _enrol(scene, "puppet", ("approver.principal",), "root")


@forgery("give li a key of one's own", refused="VOUCHERS_MISSING", rule="VOUCHERS_MISSING")
def take_over(scene: Scene) -> str:
    scene.people.new_author("li", "main")
    return _enrol(scene, "li", ("handler",), "root")


@forgery("enrol a revoked key again", refused="KEY_TAKEN", rule="KEY_TAKEN")
def enrol_revoked(scene: Scene) -> str:
    old = scene.author("qian").signer
    people = scene.people
    now = scene.archive.clock.now()
    certificate = people.office.issue(old.public_key(), "puppet", "main", now)
    people.certificates = {**people.certificates, "puppet": certificate}
    return _enrol(scene, "puppet", ("handler",), "founder1")


@forgery("enrol a handler as administrator alone", refused="VOUCHERS_MISSING",
         rule="VOUCHERS_MISSING")  # fmt: skip
def enrol_handler_alone(scene: Scene) -> str:
    scene.people.new_author("puppet", "main")
    return _enrol(scene, "puppet", ("handler",), "root")


@forgery("write a refusal as if a person had said it", found="ENTRY_BAD")
def speak_for_somebody(scene: Scene) -> str:
    body = {
        "account": "1000",
        "action": None,
        "code": "SELF_APPROVAL",
        "host": "service",
        "person": "wang",
        "records": [],
        "request": None,
        "statement": None,
    }
    scene.put_own("access.denied", "access", None, body, actor="user/wang")
    return ""


@forgery("sign with the key of somebody who is suspended", refused="SIGNER_SUSPENDED",
         rule="SIGNER_SUSPENDED")  # fmt: skip
def use_suspended(scene: Scene) -> str:
    def made() -> tuple[Signed, Detail | None]:
        payload = scene.asking("other_unit")
        return scene.author("zhao").make("access.requested", payload, REASONS)

    def attempt() -> object:
        signed, detail = made()
        return scene.people.desk.submit([signed], detail, "1000")

    refused = scene.refused(attempt)
    scene.put(*made())
    return refused


@forgery("make the suspended active again in the register table", rule="SIGNER_SUSPENDED")
def resume_in_table(scene: Scene) -> str:
    scene.register("person", "zhao", state="active")
    signed, detail = scene.author("zhao").make(
        "access.requested", scene.asking("same_unit"), REASONS
    )
    scene.people.desk.submit([signed], detail, "1000")
    return ""


@forgery("sign with the key of somebody who was revoked", refused="SIGNER_REVOKED",
         rule="SIGNER_REVOKED")  # fmt: skip
def use_revoked(scene: Scene) -> str:
    def made() -> tuple[Signed, Detail | None]:
        payload = scene.asking("same_unit")
        return scene.author("qian").make("access.requested", payload, REASONS)

    def attempt() -> object:
        signed, detail = made()
        return scene.people.desk.submit([signed], detail, "1000")

    refused = scene.refused(attempt)
    scene.put(*made())
    return refused


@forgery("change the access rules alone", refused="VOUCHERS_MISSING", rule="VOUCHERS_MISSING")
def change_rules(scene: Scene) -> str:
    from people_fixture import default_rules

    from signing.digest import Digest

    text = default_rules()["access"].replace("count = 10", "count = 99")

    def made() -> tuple[Signed, Detail | None]:
        payload = {"name": "access", "rules": str(Digest.of("sha256", text.encode()))}
        return scene.author("root").make("rules.adopted", payload, {"text": text})

    def attempt() -> object:
        signed, detail = made()
        return scene.people.desk.submit([signed], detail, "1000", bootstrap=False)

    refused = scene.refused(attempt)
    scene.put(*made())
    return refused


@forgery("put a record into li's case", refused="ROLE_MISSING", rule="ROLE_MISSING")
def attach(scene: Scene) -> str:
    def made() -> tuple[Signed, Detail | None]:
        payload = {"case": scene.names.case, "records": [scene.names.records[1]]}
        return scene.author("root").make("case.attached", payload, {"reason": "补充"})

    def attempt() -> object:
        signed, detail = made()
        return scene.people.desk.submit([signed], detail, "1000")

    refused = scene.refused(attempt)
    scene.put(*made())
    return refused


@forgery("say that the record claims li's case", rule="ATTACHMENT")
def link(scene: Scene) -> str:
    body = {"records": [scene.names.records[1]]}
    scene.put_own("case.linked", "registry", scene.names.case, body)
    return ""


@forgery(
    "say that a source, and with it its records, is another unit's",
    remark="passes: nobody signs for sources; it stands in the ledger as what the archive wrote",
)
def move_source(scene: Scene) -> str:
    data = {
        "name": "DSJ-0012345",
        "name_b64": None,
        "state": "confirmed",
        "label": "x",
        "kind": None,
        "unit": "team2",
        "person": "x",
    }
    scene.archive.submit(scene.archive.source_entry("source.confirmed", **data))
    return ""


# ── details ──


@forgery("change the reason of a request", found="DETAIL_ALTERED")
def change_reason(scene: Scene) -> str:
    from tamper_lab import overwrite

    path = scene.detail_of("access.requested")
    overwrite(path, path.read_bytes().replace("复核".encode(), "复印".encode()))
    return ""


@forgery("delete the reason of a request", found="DETAIL_MISSING")
def delete_reason(scene: Scene) -> str:
    scene.detail_of("access.requested").unlink()
    return ""


@forgery("delete the certificate of somebody who signed", found="PKI_MISSING")
def delete_certificate(scene: Scene) -> str:
    digest = scene.author("li").certificate.value.hex()
    (scene.archive.evidence / f"pki/{digest}.crt").unlink()
    return ""


@forgery("take an access out of the store's ledger", found="TILE_MISSING")
def remove_without_keys(scene: Scene) -> str:
    history = scene.history()
    batch, position = history.find(kind="access.started", actor="user/wang")
    batch.entries.pop(position)
    history.write_tiles(batch.log)
    return ""
