"""The names of enrolled people, which stand in the details of their enrolments."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, select

from archive import layout
from archive.detail import Detail
from archive.errors import ArchiveError, ContentAltered
from archive.ledger import ENTRY
from archive.ports import ObjectStore, read_all
from signing.digest import Digest

_KIND = b'"kind":"person.enrolled"'
_ROWS_AT_ONCE = 1000


def names_of(
    connection: Connection, evidence: ObjectStore, people: Collection[str]
) -> dict[str, str]:
    """Names by person id, as last enrolled; who is not enrolled or cannot be read is left out."""
    found = enrolments_of(connection, evidence, people)
    return {person: str(words["name"]) for person, words in found.items()}


def enrolments_of(
    connection: Connection, evidence: ObjectStore, people: Collection[str]
) -> dict[str, Mapping[str, Any]]:
    """The words of everybody's last enrolment (name, post, unit_name, …), as `names_of`."""
    last: dict[str, Mapping[str, str]] = {}
    query = select(ENTRY.c.data).where(ENTRY.c.stream == "registry").order_by(ENTRY.c.seq)
    options = query.execution_options(yield_per=_ROWS_AT_ONCE)
    for data in connection.execute(options).scalars() if people else ():
        if _KIND in data:
            entry = json.loads(data)
            if entry["subject"] in people:
                last[entry["subject"]] = entry["body"]
    found = {person: _words(evidence, body) for person, body in last.items()}
    return {person: words for person, words in sorted(found.items()) if words is not None}


def _words(evidence: ObjectStore, body: Mapping[str, str]) -> Mapping[str, Any] | None:
    try:
        data = read_all(evidence, layout.detail_key(body["detail_id"]))
        if str(Digest.of("sha256", data)) != body["detail"]:
            raise ContentAltered("The enrolment's detail is not the one that was sealed.")
        return Detail.parse(data).data
    except ArchiveError:
        return None  # a name helps to read; the identifier is what was signed
