"""The founders as `init` gets them: two people with keys of their own, or keys that it makes."""

import getpass
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archive import fields
from archive.boundary import PRIVATE_FOLDER
from archive.desk.founders import Founder, check_founders, found_register
from archive.errors import FormatError, UsageError
from archive.vocabulary import ROLES
from cli import key_passphrase
from cli.language import say
from cli.parts import office_of
from cli.wiring import Workbench
from signing.keys import P256, Signer, generate, write_once
from signing.person_key import open_person_key

FOLDER = "founders"
CONFIG = Path(__file__).parent.parent / "config"
RULES = {
    "access": "access.toml",
    "alerts": "alerts.toml",
    "record_list": "record-list.toml",
    "retention": "retention-schedule.toml",
}
_DEFAULT_ROLES = (
    ("approver.principal", "archivist"),
    ("approver.department_head", "archivist", "legal_office"),
)
_SECOND = "second"


@dataclass(frozen=True, slots=True)
class Named:
    """A founder as named on the command line; without source and signer `init` makes the key."""

    person: str
    roles: tuple[str, ...]
    source: str | None = None
    signer: Signer | None = None

    @property
    def certificate(self) -> Path | None:
        """Where his certificate goes: beside his key, None for the founders' folder."""
        if self.source is None or self.source.startswith("pkcs11:"):
            return None
        return Path(self.source).with_suffix(".crt")


def named_founders(given: Sequence[str]) -> tuple[Named, Named]:
    """Two founders from `ID:ROLE,ROLE:KEY` each, or the default ones.

    Opens the keys, before anything is made: raises UsageError, KeyLocked or KeyLoadError.
    """
    if not given:
        first = _user_name()
        return Named(first, _DEFAULT_ROLES[0]), Named(_SECOND, _DEFAULT_ROLES[1])
    found = [_parse(text) for text in given]
    check_founders([(founder.person, founder.roles) for founder in found])
    return _opened(found[0], second=False), _opened(found[1], second=True)


def _opened(founder: Named, *, second: bool) -> Named:
    source, place = founder.source or "", founder.certificate
    if place is not None and place.exists():
        raise UsageError(say(f"{place} exists already.", f"{place} 已存在。"))
    key = open_person_key(source, key_passphrase.required(source, second=second))
    return replace(founder, signer=key.signer)


def found_people(bench: Workbench, named: Sequence[Named], organization: str, secret: str) -> None:
    """Give both founders a certificate and submit the founding; durable with the first batch.

    `secret` opens keys that are made here, unless CUNZHENG_KEY_PASSPHRASE says otherwise.
    """
    office, unit = office_of(bench), bench.settings.office
    founders = []
    for founder in named:
        signer = founder.signer or _made_key(bench, founder, secret)
        place = founder.certificate or _folder(bench) / f"{founder.person}.crt"
        certificate = office.issue(signer.public_key(), founder.person, unit, bench.clock.now())
        write_once(place, _pem(certificate), mode=0o644)
        founders.append(
            Founder(
                person=founder.person,
                roles=founder.roles,
                unit=unit,
                name=founder.person,
                post="—",
                unit_name=organization,
                key=_kind(founder),
                signer=signer,
                certificate=certificate,
            )
        )
    texts = {name: (CONFIG / file).read_text(encoding="utf-8") for name, file in RULES.items()}
    found_register(bench.desk("single"), founders, texts, str(os.geteuid()))


def _made_key(bench: Workbench, founder: Named, secret: str) -> Signer:
    path = _folder(bench) / f"{founder.person}.key"
    return generate(P256, path, key_passphrase.given() or secret)


def _folder(bench: Workbench) -> Path:
    folder = bench.folder(FOLDER)
    folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return folder


def _kind(founder: Named) -> str:
    if founder.source is None:
        return "founding"
    return "token" if founder.source.startswith("pkcs11:") else "own"


def _parse(text: str) -> Named:
    person, _, rest = text.partition(":")
    roles, _, source = rest.partition(":")
    if not source:
        raise UsageError(
            say(
                f"{text!r} is not ID:ROLE,ROLE:KEY, such as li:archivist:li.key.",
                f"{text!r} 不是“编号:角色,角色:密钥”的形式，例如 li:archivist:li.key。",
            )
        )
    try:
        fields.person_id(person)
    except FormatError as error:
        raise UsageError(
            say(f"{person!r} is no person id.", f"{person!r} 不是人员编号。")
        ) from error
    found = tuple(sorted(set(roles.split(","))))
    unknown = [role for role in found if role not in ROLES]
    if unknown:
        raise UsageError(say(f"{unknown[0]!r} is no role.", f"{unknown[0]!r} 不是角色。"))
    return Named(person, found, source)


def _user_name() -> str:
    """The operating system's user as a person id; `founder1` where that makes none."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = ""
    plain = re.sub(r"[^a-z0-9._-]", "-", name.lower()).lstrip("._-")[:32]
    return plain if plain not in ("", _SECOND) else "founder1"


def _pem(certificate: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    return x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)
