"""The first two people of an archive and its first rules, in the first batch after `log.opened`.

Nobody is enrolled yet who could vouch for them: each signs his own enrolment, both adopt the rules,
and the entries are marked `bootstrap`. From the first enrolment of anybody else on it is over.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.desk import people
from archive.desk.submit import Desk
from archive.errors import UsageError
from archive.registers.signers import FOUNDERS
from archive.statements.make import Author
from archive.times import format_time
from signing.certificates import load_certificate
from signing.digest import Digest
from signing.keys import Signer

_SLACK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Founder:
    """Who founds: `key` is `founding` where `init` made the key, else `own` or `token`.

    `certificate` is DER; name, post and unit name are for people to read.
    """

    person: str
    roles: tuple[str, ...]
    unit: str
    name: str
    post: str
    unit_name: str
    key: str
    signer: Signer
    certificate: bytes


def check_founders(roles: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Raise UsageError unless two founders of these roles can go on from there by themselves."""
    if len(roles) != FOUNDERS or len({person for person, _ in roles}) != FOUNDERS:
        raise UsageError("An archive is founded by two different people.")
    if not any("archivist" in given for _, given in roles):
        raise UsageError("One of the founders must be an archivist, who enrols everybody else.")
    if not all(set(given) - {"handler"} for _, given in roles):
        raise UsageError("A founder must be more than a handler, to vouch for others.")


def found_register(
    desk: Desk, founders: Sequence[Founder], rules: Mapping[str, str], account: str
) -> None:
    """Enrol the founders and adopt the rules (text by name); durable with the next batch.

    Raises UsageError, FormatError, or Denied where the register was founded already.
    """
    check_founders([(founder.person, founder.roles) for founder in founders])
    authors = [_author(desk, founder) for founder in founders]
    for founder, author in zip(founders, authors, strict=True):
        payload = _payload(founder, desk.clock.now())
        data = {
            "name": founder.name,
            "post": founder.post,
            "unit_name": founder.unit_name,
            "certificate_no": None,
            "certificate_until": None,
        }
        signed, detail = author.make("person.enrolled", payload, data)
        people.enrol(desk, [signed], detail, account, founder.certificate, bootstrap=True)
    for name, text in rules.items():
        plain = unicodedata.normalize("NFC", text)
        digest = str(Digest.of("sha256", plain.encode()))
        first, detail = authors[0].make(
            "rules.adopted", {"name": name, "rules": digest}, {"text": plain}
        )
        both = [first, authors[1].cosign(first)]
        desk.submit(both, detail, account, bootstrap=True)


def _author(desk: Desk, founder: Founder) -> Author:
    return Author(
        desk.archive_id,
        founder.person,
        Digest.of("sha256", founder.certificate),
        founder.signer,
        desk.clock.now,
        desk.random,
    )


def _payload(founder: Founder, now: datetime) -> dict[str, object]:
    until = load_certificate(founder.certificate).not_after
    return {
        "account": None,
        "certificate": str(Digest.of("sha256", founder.certificate)),
        "key": founder.key,
        "person": founder.person,
        "roles": sorted(founder.roles),
        "unit": founder.unit,
        "valid_from": format_time(now - _SLACK),
        "valid_until": format_time(until),
    }
