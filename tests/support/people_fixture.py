"""An archive with founders and any number of people, with keys in memory, for tests.

people = make_people(make_archive(tmp_path))       # two founders, access rules, sealed
li = people.enrol("li", "handler", unit="A")       # -> Author; vouched for by the founders
people.say("li", "access.requested", payload, data)   # signs, submits, returns Accepted
people.seal()

`add_founders(people, founder_keys(home, passphrase))` goes on from a home that `init` made;
commands take the key files that `key_file` writes.
"""

import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from archive_fixture import Archive, policy_of
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from archive.desk import people as use_cases
from archive.desk.certificates import PersonCertificates
from archive.desk.db_shelf import DbShelf
from archive.desk.founders import Founder, found_register
from archive.desk.people import CertificateOffice
from archive.desk.submit import Accepted, Desk
from archive.pki_register import PkiRegister
from archive.registers.shelf import Value
from archive.statements.make import Author
from archive.times import format_time
from retention.law import RetentionLaw
from signing.authority import Issuer
from signing.certificates import load_certificate
from signing.digest import Digest
from signing.keys import MemorySigner
from signing.person_key import open_person_key

ACCOUNT = "1000"
KEY_PASSPHRASE = "a person's passphrase"
CONFIG = Path(__file__).parents[2] / "config"
FOUNDERS = (
    ("founder1", ("approver.principal", "archivist")),
    ("founder2", ("approver.department_head", "archivist", "legal_office")),
)


@dataclass
class People:
    """The desk's side of an archive and an author for everybody enrolled."""

    desk: Desk
    office: CertificateOffice
    authors: dict[str, Author] = field(default_factory=dict)
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    certificates: dict[str, bytes] = field(default_factory=dict)
    vouchers: tuple[str, str] = ("founder1", "founder2")

    def new_author(self, person: str, unit: str) -> Author:
        """A person with a new key and a certificate, not enrolled."""
        key = ec.generate_private_key(ec.SECP256R1())
        signer = MemorySigner(key)
        now = self.desk.clock.now()
        certificate = self.office.issue(signer.public_key(), person, unit, now)
        self.keys[person], self.certificates[person] = key, certificate
        self.authors[person] = author_of(self.desk, person, certificate, signer)
        return self.authors[person]

    def enrol(
        self,
        person: str,
        *roles: str,
        unit: str = "main",
        account: str | None = None,
        days: float = 365,
        seal: bool = False,
    ) -> Author:
        """Enrol a person with a new key, vouched for by the founders."""
        author = self.new_author(person, unit)
        payload = self.enrolment(person, roles, unit=unit, account=account, days=days)
        who = self.vouchers[:1] if set(roles) == {"handler"} else self.vouchers
        first, detail = self.authors[who[0]].make("person.enrolled", payload, words_of(person))
        statements = [first, *(self.authors[other].cosign(first) for other in who[1:])]
        use_cases.enrol(self.desk, statements, detail, ACCOUNT, self.certificates[person])
        if seal:
            self.seal()
        return author

    def enrolment(
        self,
        person: str,
        roles: Sequence[str],
        *,
        unit: str = "main",
        account: str | None = None,
        days: float = 365,
    ) -> dict[str, Any]:
        """The payload of `person.enrolled`, from a minute ago on."""
        now = self.desk.clock.now()
        return {
            "account": account,
            "certificate": str(Digest.of("sha256", self.certificates[person])),
            "key": "own",
            "person": person,
            "roles": sorted(roles),
            "unit": unit,
            "valid_from": format_time(now - timedelta(minutes=1)),
            "valid_until": format_time(now + timedelta(days=days)),
        }

    def say(
        self,
        who: str | Sequence[str],
        kind: str,
        payload: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        account: str = ACCOUNT,
        *,
        do: "Callable[..., Accepted] | None" = None,
    ) -> Accepted:
        """Sign as one or two people and submit; `do` is a use case in place of `desk.submit`."""
        names = [who] if isinstance(who, str) else list(who)
        first, detail = self.authors[names[0]].make(kind, payload, data)
        statements = [first, *(self.authors[name].cosign(first) for name in names[1:])]
        if do is not None:
            return do(self.desk, statements, detail, account)
        bootstrap = False if kind in ("person.enrolled", "rules.adopted") else None
        return self.desk.submit(statements, detail, account, bootstrap=bootstrap)

    def open_case(
        self,
        number: str,
        *,
        by: str = "founder1",
        unit: str = "main",
        handlers: Sequence[str] = (),
        sensitivity: Iterable[str] = (),
        records: Iterable[str] = (),
    ) -> str:
        """Open a case, attach records that are in the ledger; its id."""
        case = self.authors[by].id()
        payload = {
            "case": case,
            "category": "penalty",
            "handlers": sorted(handlers),
            "importance": "ordinary",
            "opened": "2026-11-22",
            "sensitivity": sorted(sensitivity),
            "unit": unit,
        }
        who = (by, *self._second(by, unit)) if handlers else by
        self.say(who, "case.opened", payload, {"number": number, "title": None})
        attached = sorted(records)
        if attached:
            why = {"reason": "本案材料"}
            self.say(by, "case.attached", {"case": case, "records": attached}, why)
        return case

    def _second(self, by: str, unit: str) -> Sequence[str]:
        """Who signs beside somebody that names handlers and does not head their unit."""
        person = self.value("person", by)
        if person and "approver.department_head" in person["roles"] and person["unit"] == unit:
            return ()
        return [voucher for voucher in self.vouchers if voucher != by][:1]

    def value(self, shelf: str, key: str) -> Value | None:
        """A value of the registers as they stand in the database."""
        with self.desk.database.read() as connection:
            return DbShelf(connection).get(shelf, key)

    def seal(self) -> None:
        """Make everything durable that was submitted."""
        self.desk.sealer.drain()

    def key_file(self, person: str, folder: Path, passphrase: str = KEY_PASSPHRASE) -> Path:
        """Write a person's key and certificate as PEM files, as commands take them."""
        path = folder / f"{person}.key"
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
        form = serialization.PrivateFormat.PKCS8
        pem = self.keys[person].private_bytes(serialization.Encoding.PEM, form, encryption)
        path.write_bytes(pem)
        path.chmod(0o600)
        path.with_suffix(".crt").write_bytes(as_pem(self.certificates[person]))
        return path


def as_pem(certificate: bytes) -> bytes:
    from cryptography import x509

    parsed = x509.load_der_x509_certificate(certificate)
    return parsed.public_bytes(serialization.Encoding.PEM)


def author_of(desk: Desk, person: str, certificate: bytes, signer: Any) -> Author:
    digest = Digest.of("sha256", certificate)
    return Author(desk.archive_id, person, digest, signer, desk.clock.now, desk.random)


def desk_of(archive: Archive, host: str = "single") -> Desk:
    """The desk of an archive of `archive_fixture`."""
    certificates = PersonCertificates(archive.db, policy_of(archive), PkiRegister(archive.identity))
    return Desk(
        database=archive.db,
        sealer=archive.sealer,
        evidence=archive.places.evidence,
        clock=archive.clock,
        random=archive.random,
        archive_id=archive.identity.archive_id,
        host=host,
        certificates=certificates,
        law=RetentionLaw(),
    )


def office_of(archive: Archive) -> CertificateOffice:
    """The certificate authority of an archive of `archive_fixture`."""
    issuer = Issuer(archive.keyring.certificate("issuing"), archive.keyring.signer("issuing"))
    numbers = random.Random(os.urandom(8))
    return CertificateOffice(lambda: issuer, lambda: numbers.getrandbits(120))


def default_rules(*, retention: bool = False) -> dict[str, str]:
    """The rules of config/ that `init` adopts; the retention schedule only where asked for."""
    files = {"access": "access.toml", "alerts": "alerts.toml"}
    if retention:
        files["retention"] = "retention-schedule.toml"
    return {name: (CONFIG / file).read_text("utf-8") for name, file in files.items()}


def make_people(archive: Archive, *, rules: Mapping[str, str] | None = None) -> People:
    """Found the register of an archive whose ledger is still empty; sealed on return."""
    people = People(desk_of(archive), office_of(archive))
    founders = []
    for person, roles in FOUNDERS:
        author = people.new_author(person, "main")
        certificate = people.certificates[person]
        founders.append(
            Founder(
                person, roles, "main", person, "—", "示例局", "founding", author.signer, certificate
            )
        )
    texts = default_rules() if rules is None else rules
    found_register(people.desk, founders, texts, ACCOUNT)
    people.seal()
    return people


def words_of(person: str) -> dict[str, Any]:
    """The data of `person.enrolled`."""
    return {
        "name": f"姓名 {person}",
        "post": "科员",
        "unit_name": "综合执法队",
        "certificate_no": None,
        "certificate_until": None,
    }


def founder_keys(home: Path, passphrase: str) -> dict[str, Any]:
    """The founders' keys that `init` left in a home, by person id."""
    found = sorted((home / "founders").glob("*.key"))
    return {path.stem: open_person_key(str(path), passphrase) for path in found}


def add_founders(people: People, keys: Mapping[str, Any]) -> None:
    """Give a `People` over an existing home the founders as authors and vouchers."""
    for person, key in keys.items():
        assert load_certificate(key.certificate)
        people.certificates[person] = key.certificate
        people.authors[person] = author_of(people.desk, person, key.certificate, key.signer)
    archivists = [p for p in keys if "archivist" in (people.value("person", p) or {})["roles"]]
    others = [p for p in keys if p not in archivists[:1]]
    people.vouchers = (archivists[0], others[0])
