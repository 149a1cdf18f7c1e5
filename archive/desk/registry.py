"""Every signed kind of the registry through one door, and what its entries say about a subject.

accepted = submit(desk, statements, detail, account, certificate=der)
history(connection, evidence, case)          # entries about it, oldest first, with their words
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from archive import layout
from archive.desk import cases, disposition, packs, people
from archive.desk.submit import Accepted, Desk
from archive.detail import Detail
from archive.errors import ArchiveError, ContentAltered, FormatError, UsageError
from archive.ledger import ENTRY
from archive.ports import ObjectStore, read_all
from archive.statements.kinds import SIGNED
from archive.statements.statement import Signed
from signing.digest import Digest

Door = Callable[[Desk, Sequence[Signed], Detail | None, str], Accepted]
_ROWS_AT_ONCE = 1000


def submit(
    desk: Desk,
    statements: Sequence[Signed],
    detail: Detail | None,
    account: str,
    *,
    certificate: bytes | None = None,
    chain: Sequence[bytes] = (),
) -> Accepted:
    """Submit statements of a kind of the registry; not durable yet.

    `certificate` (DER) and its chain belong to `person.enrolled` alone. Raises Denied (recorded),
    FormatError, UsageError.
    """
    kind = statements[0].statement.kind if statements else ""
    if kind not in SIGNED or SIGNED[kind].stream != "registry":
        raise FormatError("this is not a kind of the register")
    if kind == "person.enrolled":
        if certificate is None:
            raise UsageError("An enrolment brings the person's certificate.")
        return people.enrol(desk, statements, detail, account, certificate, chain)
    return _DOORS.get(kind, _plain)(desk, statements, detail, account)


def history(connection: Connection, evidence: ObjectStore, subject: str) -> list[dict[str, Any]]:
    """What the registry says about a person, case or hold: `log`, `index`, `entry`, `data`.

    `data` is that of the entry's detail, None where there is none or it cannot be read.
    """
    query = select(ENTRY.c.log, ENTRY.c.idx, ENTRY.c.data).where(ENTRY.c.stream == "registry")
    named = f'"subject":"{subject}"'.encode()
    options = query.order_by(ENTRY.c.seq).execution_options(yield_per=_ROWS_AT_ONCE)
    found = []
    for row in connection.execute(options):
        if named not in row.data:
            continue
        entry = json.loads(row.data)
        if entry["subject"] == subject:
            data = read_words(evidence, entry["body"])
            found.append({"log": row.log, "index": row.idx, "entry": entry, "data": data})
    return found


def read_words(evidence: ObjectStore, body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The data of an entry's detail; None where there is none or it is not what was sealed."""
    if body.get("detail_id") is None:
        return None
    try:
        data = read_all(evidence, layout.detail_key(body["detail_id"]))
        if str(Digest.of("sha256", data)) != body["detail"]:
            raise ContentAltered("The detail is not the one that was sealed.")
        return Detail.parse(data).data
    except ArchiveError:
        return None


def _plain(
    desk: Desk, statements: Sequence[Signed], detail: Detail | None, account: str
) -> Accepted:
    bootstrap = False if statements[0].statement.kind == "rules.adopted" else None
    return desk.submit(statements, detail, account, bootstrap=bootstrap)


_DOORS: Mapping[str, Door] = {
    "case.opened": cases.open_case,
    "disposition.proposed": disposition.propose,
    "pack.split": packs.split,
    "person.resumed": people.change,
    "person.revoked": people.change,
    "person.suspended": people.change,
}
