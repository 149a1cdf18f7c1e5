"""What people look at, from entries, details and record.json: records, sources, outages.

An object that cannot be had or is not what its entry says leaves its line out (or bare) and is
counted: rebuilding goes on, and verification says what is wrong.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from archive import catalog, fields, layout, resolved
from archive.detail import Detail
from archive.entry import Entry
from archive.errors import DataBad, FormatError, ObjectMissing
from archive.identity import Identity
from archive.ledger import Appended
from archive.parts import DESCRIPTION, Nearby, Part, part_of
from archive.pki_register import PKI
from archive.ports import ObjectStore, read_all
from archive.rebuild_bare import unknown_row
from archive.record import RecordDescription
from archive.refused_rows import put_refused
from archive.source_rows import ARRIVALS, SOURCE, Counts
from archive.source_terms import CONFIRMED, RETIRED, UNCONFIRMED, Terms
from archive.tables import OutageRow
from archive.times import parse_time
from signing.digest import Digest

OUTAGE = OutageRow.__table__  # type: ignore[attr-defined]
_OBJECT_LIMIT = 16 << 20
_ACCESSION = "record.accessioned"
_STATES = {
    "source.registered": UNCONFIRMED,
    "source.confirmed": CONFIRMED,
    "source.retired": RETIRED,
}


class Projection:
    """Collects entries bundle by bundle and writes their lines; remembers nothing in between.

    A record whose description is gone gets a bare line, see `archive.rebuild_bare`.
    """

    def __init__(self, evidence: ObjectStore) -> None:
        self._nearby = Nearby(evidence)
        self._new: list[tuple[str, Appended, Entry]] = []
        self.records = 0
        self.unreadable = 0

    def add(self, log: str, appended: Appended, entry: Entry) -> None:
        """Take one entry."""
        self._new.append((log, appended, entry))

    def save(self, connection: Connection) -> None:
        """Write the lines of what was added since the last time."""
        wanted: dict[str, tuple[Part, str]] = {}
        details: dict[str, str] = {}
        counts = Counts()
        for _, _, entry in self._new:
            if entry.kind in ARRIVALS:
                counts.note(entry.kind, entry.body)
            if entry.kind == _ACCESSION:
                part = part_of(str(entry.subject), entry.body, entry.at, DESCRIPTION)
                wanted[part.own] = part, entry.body["record"]
            elif entry.kind == "record.amended":
                details[layout.detail_key(entry.body["detail_id"])] = entry.body["detail"]
            elif entry.kind == resolved.REJECTED:
                self._rejected(connection, entry)
            elif entry.kind.startswith("source."):
                self._source(connection, entry)
            elif entry.kind.startswith("outage."):
                _outage(connection, entry)
            elif entry.kind in ("log.opened", "log.linked"):
                self._pki(connection, entry)

        put_refused(connection, [e for _, _, e in self._new if e.kind == "drop.rejected"])
        counts.save(connection)
        counts.save_last_seen(connection)

        def description(key: str) -> bytes | None:
            if key in details:
                return self._object(Part(key), details[key], Detail.parse)
            return self._sealed(*wanted[key], RecordDescription.parse)

        self.records += len(wanted)
        if self._new:
            log, new = self._new[0][0], [appended for _, appended, _ in self._new]
            catalog.project(connection, log, new, description, bare=unknown_row)
        self._new = []

    def _object(self, part: Part, digest: str, parse: Any) -> bytes | None:
        """A file's bytes if they have this digest and form, else None and counted."""
        data = self._sealed(part, digest, parse)
        self.unreadable += data is None
        return data

    def _sealed(self, part: Part, digest: str, parse: Any) -> bytes | None:
        try:
            data = self._nearby.read(part, _OBJECT_LIMIT)
            parse(data)
        except (DataBad, ObjectMissing):
            return None
        return data if str(Digest.of("sha256", data)) == digest else None

    def _rejected(self, connection: Connection, entry: Entry) -> None:
        """Its detail says under which id a drop lies in quarantine; a refused one has none."""
        if entry.body["detail_id"] is None:
            return
        part = Part(layout.detail_key(entry.body["detail_id"]))
        data = self._object(part, entry.body["detail"], Detail.parse)
        number = Detail.parse(data).data.get("quarantine") if data else None
        if isinstance(number, str):
            at = parse_time(entry.body["received_at"])
            resolved.wait(connection, number, entry.body["source"], at)

    def _source(self, connection: Connection, entry: Entry) -> None:
        part = Part(layout.detail_key(entry.body["detail_id"]))
        data = self._object(part, entry.body["detail"], Detail.parse)
        said: Mapping[str, Any] = Detail.parse(data).data if data else {}
        source = str(entry.subject)
        values: dict[str, Any] = {"state": _STATES[entry.kind]}
        if entry.kind != "source.retired":
            terms = _terms(said.get("terms"))
            labels = {name: said.get(name) for name in ("label", "kind", "unit")}
            values |= {"name": _name(said) or source.encode(), **labels, "terms": terms}
        changed = update(SOURCE).where(SOURCE.c.id == source).values(**values)
        if connection.execute(changed).rowcount == 0:
            row = {"id": source, "name": source.encode(), "first_seen": entry.at}
            connection.execute(insert(SOURCE), [{**row, "last_seen": entry.at, **values}])

    def _pki(self, connection: Connection, entry: Entry) -> None:
        """Certificates and CRLs that the ledger names; CRLs are sorted in by `register_crls`."""
        rows = []
        for kind, listed in (("crt", "certificates"), ("crl", "crls")):
            for digest in entry.body[listed]:
                number = fields.sha256_digest(digest).value.hex()
                data = self._object(Part(layout.pki_key(number, kind)), digest, _anything)
                if data is not None:
                    row = {"sha256": number, "kind": kind, "issuer": "", "number": 0}
                    rows.append({**row, "next_update": None, "data": data, "linked": True})
        if rows:
            connection.execute(insert(PKI), rows)


def _anything(_data: bytes) -> None:
    """No form is asked for."""


def _terms(said: object) -> str | None:
    """The column; what a later version said, which this one cannot read, is not taken over."""
    try:
        return Terms.of(said).text()
    except FormatError:
        return None


def _name(said: Mapping[str, Any]) -> bytes:
    encoded = said.get("name_b64")
    return fields.base64_bytes(encoded) if encoded else str(said.get("name") or "").encode()


def _outage(connection: Connection, entry: Entry) -> None:
    body = entry.body
    if body["reason"] == "not_running":
        return  # it was over when it was told; the table is there for what may still be open
    if entry.kind == "outage.started":
        row = {"id": body["outage"], "reason": body["reason"], "since": parse_time(body["since"])}
        connection.execute(insert(OUTAGE), [{**row, "until": None}])
    else:
        until = parse_time(body["until"])
        connection.execute(update(OUTAGE).where(OUTAGE.c.id == body["outage"]).values(until=until))


def register_crls(connection: Connection, evidence: ObjectStore, identity: Identity) -> None:
    """Sort in the CRLs of our own CA, also those a crash left in storage before the ledger named
    them: the next CRL then gets a number of its own, and the ledger names all of them.
    """
    from cryptography import x509

    issuing = x509.load_der_x509_certificate(identity.chain[0])
    issuers = {"issuing": issuing}
    for der in identity.certificates:
        certificate = x509.load_der_x509_certificate(der)
        if certificate.subject == issuing.issuer:
            issuers["root"] = certificate
    for info in evidence.list("pki/"):
        if info.key.endswith(".crl"):
            data = read_all(evidence, info.key, _OBJECT_LIMIT)
            found = _our_crl(data, issuers)
            if found:
                _put_crl(connection, data, found)


def _our_crl(data: bytes, issuers: Mapping[str, Any]) -> tuple[str, int, datetime | None] | None:
    from cryptography import x509

    try:
        crl = x509.load_der_x509_crl(data)
        for name, certificate in issuers.items():
            key = certificate.public_key()
            if crl.issuer == certificate.subject and crl.is_signature_valid(key):
                number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
                return name, number, crl.next_update_utc
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return None
    return None


def _put_crl(connection: Connection, data: bytes, found: tuple[str, int, datetime | None]) -> None:
    sha256 = Digest.of("sha256", data).value.hex()
    values = dict(zip(("issuer", "number", "next_update"), found, strict=True))
    changed = update(PKI).where(PKI.c.sha256 == sha256).values(**values)
    if connection.execute(changed).rowcount == 0:
        row = {"sha256": sha256, "kind": "crl", "data": data, "linked": False, **values}
        connection.execute(insert(PKI), [row])
