"""Statements on the side of the person: the key is opened here and never leaves this process.

    author = open_author(desk, key)                    # --key, or CUNZHENG_KEY
    second = open_author(desk, second_key, second=True)
    answer = submit(desk, author.make(kind, payload, data), second)

Who the key belongs to is asked of the archive; a passphrase that does not open it is told there,
as every failed attempt is, before the command ends.
"""

import base64
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from archive.detail import Detail
from archive.errors import UsageError
from archive.registers.denials import denied
from archive.registers.people import public_key_digest
from archive.statements.make import Author
from archive.statements.statement import Signed
from cli import key_passphrase
from cli.clock import SystemClock
from cli.language import say
from cli.service.desk import Desk
from signing.digest import Digest
from signing.errors import CertificateBad, KeyLocked, SigningError
from signing.person_key import PersonKey, open_person_key

SECOND_VARIABLE = "CUNZHENG_SECOND_KEY"
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key",
        envvar=key_passphrase.KEY_VARIABLE,
        show_envvar=True,
        metavar="FILE|URI",
        help=say(
            "Your key: .p12, .pem, .key, or pkcs11:…", "您的密钥：.p12、.pem、.key 或 pkcs11:…"
        ),
    ),
]
SecondKeyOption = Annotated[
    str | None,
    typer.Option(
        "--second-key",
        envvar=SECOND_VARIABLE,
        show_envvar=True,
        metavar="FILE|URI",
        help=say("Key of the second person, if he is here.", "第二人的密钥（在场时）。"),
    ),
]
Made = tuple[Signed, Detail | None]


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, with what the register says of him."""

    author: Author
    roles: tuple[str, ...]
    unit: str

    @property
    def value(self) -> Mapping[str, Any]:
        """Roles and unit, as the rules of the register look at a person."""
        return {"roles": self.roles, "unit": self.unit}

    def make(
        self, kind: str, payload: Mapping[str, Any], data: Mapping[str, Any] | None = None
    ) -> Made:
        """A statement and its detail; see `Author.make`."""
        return self.author.make(kind, payload, data)


def open_signer(desk: Desk, source: str | None, *, second: bool = False) -> Signer:
    """Open a person's key and ask whose it is.

    Raises UsageError where no key is named, Denied for a wrong passphrase or a key that nobody has.
    """
    key = open_key(desk, source, second=second)
    spki = Digest.of("sha256", key.signer.public_key()).value.hex()
    found = desk.call("people.whose", {"key": spki})
    author = Author(
        archive=found["archive"],
        person=found["person"],
        certificate=Digest.parse(found["certificate"]),
        signer=key.signer,
        now=SystemClock().now,
        random=os.urandom,
    )
    return Signer(author, tuple(found["roles"]), found["unit"])


def open_author(desk: Desk, source: str | None, *, second: bool = False) -> Author:
    """The author alone; see `open_signer`."""
    return open_signer(desk, source, second=second).author


def open_key(desk: Desk, source: str | None, *, second: bool = False) -> PersonKey:
    """Open a person's key; a wrong passphrase is told to the archive, then Denied."""
    if not source:
        if second:
            raise UsageError(
                say(
                    "This takes two people: name the second one's key with --second-key or"
                    f" {SECOND_VARIABLE}, or write a file for him with -o, to countersign.",
                    f"此事项须两人签署：请用 --second-key 或 {SECOND_VARIABLE} 指定第二人的密钥，"
                    "或用 -o 写出文件，由第二人会签（countersign）。",
                )
            )
        name = key_passphrase.KEY_VARIABLE
        raise UsageError(
            say(
                f"This is signed with a person's key: name it with --key or {name}.",
                f"此事项须由个人密钥签署：请用 --key 或 {name} 指定密钥。",
            )
        )
    secret = key_passphrase.required(source, second=second)
    try:
        return open_person_key(source, secret)
    except KeyLocked as error:
        desk.call("attempt.failed", {"code": "WRONG_PASSPHRASE", "key": _known_key(source)})
        raise denied("WRONG_PASSPHRASE", source) from error


def submit(
    desk: Desk,
    made: Made,
    *others: Author,
    certificate: bytes | None = None,
    chain: Sequence[bytes] = (),
) -> dict[str, Any]:
    """Send a statement, also signed by others, to the register; the desk's answer."""
    first, detail = made
    for other in others:
        check_two(first, other, "--second-key")
    statements = [first, *(other.cosign(first) for other in others)]
    return desk.call("register.submit", _params(statements, detail, certificate, chain))


def check_two(first: Signed, second: Author, option: str) -> None:
    """Raise UsageError where the second signer, whose key `option` names, is the first one."""
    if second.person == first.statement.person:
        raise UsageError(
            say(
                f"{option} is the key of {second.person}, who signed already; this takes two.",
                f"{option} 的密钥属于已签署的 {second.person}；此事项须由另一人签署。",
            )
        )


def detail_value(detail: Detail | None) -> dict[str, Any] | None:
    """A detail as it crosses the boundary: the object that is stored."""
    return None if detail is None else dict(json.loads(detail.to_bytes()))


# --- what waits for a second person


def write_proposal(
    path: Path, made: Made, certificate: bytes | None = None, chain: Sequence[bytes] = ()
) -> None:
    """Write what one person signed, for a second one to complete; raises UsageError."""
    value = {"cunzheng_proposal": 1, **_params([made[0]], made[1], certificate, chain)}
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(
            say(
                f"{path} cannot be written: {error.strerror}.",
                f"无法写入 {path}：{error.strerror}。",
            )
        ) from error


def read_proposal(path: Path) -> dict[str, Any]:
    """Parameters of `register.submit` with the first statement; raises UsageError."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value.pop("cunzheng_proposal") != 1 or len(value["statements"]) != 1:
            raise ValueError("another version")
        Signed.from_value(value["statements"][0])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SigningError) as error:
        raise UsageError(say(f"{path} is not a proposal.", f"{path} 不是待会签文件。")) from error
    return dict(value)


def complete(desk: Desk, proposal: Mapping[str, Any], author: Author) -> dict[str, Any]:
    """Sign the same as a second person and submit."""
    first = Signed.from_value(proposal["statements"][0])
    check_two(first, author, "--key")
    both = [first.value(), author.cosign(first).value()]
    return desk.call("register.submit", {**proposal, "statements": both})


def _params(
    statements: Sequence[Signed],
    detail: Detail | None,
    certificate: bytes | None,
    chain: Sequence[bytes],
) -> dict[str, Any]:
    params: dict[str, Any] = {
        "statements": [signed.value() for signed in statements],
        "detail": detail_value(detail),
    }
    if certificate is not None:
        params["certificate"] = base64.b64encode(certificate).decode()
        params["chain"] = [base64.b64encode(member).decode() for member in chain]
    return params


def _known_key(source: str) -> str | None:
    """Digest of a key that could not be opened, by the certificate that lies beside it."""
    if source.startswith("pkcs11:"):
        return None
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        pem = Path(source).with_suffix(".crt").read_bytes()
        der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
        return public_key_digest(der)
    except (OSError, ValueError, CertificateBad):
        return None
