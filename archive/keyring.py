"""The archive's own keys and certificates in `keys/`: founding them, and loading them to seal.

    root -> issuing -> seal, tsa      P-256, X.509; `<name>.key` encrypted PKCS#8, `<name>.crt` PEM
    log                               Ed25519, signs checkpoints and nothing else

A P-256 key may be on a PKCS#11 token instead; its certificate is in `keys/` all the same.
`root.key` may be taken offline once the archive is founded: it is needed again only for the yearly
root CRL and for a new issuing CA.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from archive.errors import UsageError
from archive.identity import Identity, PkiObject, Revoked
from archive.times import SHANGHAI
from signing import authority
from signing.authority import Issuer, Revocation, Subject, Validity
from signing.errors import KeyLoadError
from signing.keys import ED25519, P256, FileSigner, Signer, generate
from signing.timestamp import Timestamper

ROOT_LIFE = timedelta(days=365 * 25)
ISSUING_LIFE = timedelta(days=365 * 10)
LEAF_LIFE = timedelta(days=365 * 3)
ROOT_CRL_LIFE = timedelta(days=400)
ISSUING_CRL_LIFE = timedelta(hours=48)
ROOT_CRL_EARLY = timedelta(days=30)
TSA_POLICY = "1.3.6.1.4.1.99999.1.1"
_P256_NAMES = ("root", "issuing", "seal", "tsa")


@dataclass(frozen=True, slots=True)
class Keyring:
    """Where keys are, and what opens them. Passphrase and PIN are never shown or logged.

    `tokens` gives the PKCS#11 URI of every key that is on a token, and `pin` opens them.
    """

    folder: Path
    passphrase: str = field(repr=False)
    tokens: Mapping[str, str] = field(default_factory=dict)
    pin: str = field(default="", repr=False)

    def signer(self, name: str) -> Signer:
        """Open a key; raises KeyLocked, or KeyLoadError also for a key of the wrong kind."""
        signer: Signer
        if name in self.tokens:
            # Imported here because most archives have no token.
            from signing.pkcs11 import Pkcs11Signer

            signer = Pkcs11Signer.open(self.tokens[name], self.pin)
        else:
            signer = FileSigner.load(self.folder / f"{name}.key", self.passphrase)
        if signer.algorithm != (ED25519 if name == "log" else P256):
            raise KeyLoadError(f"The archive's {name} key is of another kind than it has to be.")
        return signer

    def certificate(self, name: str) -> bytes:
        """A certificate in DER."""
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding

        try:
            pem = (self.folder / f"{name}.crt").read_bytes()
            return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
        except (OSError, ValueError) as error:
            raise UsageError(f"The certificate keys/{name}.crt cannot be read.") from error


def found(keyring: Keyring, organization: str, now: datetime, serial: Callable[[], int]) -> None:
    """Make all keys and certificates of a new archive; refuses to touch what is there.

    A key on a token has to be there already; only its certificate is made.
    """
    folder = keyring.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (name for name in _P256_NAMES if name not in keyring.tokens):
        generate(P256, folder / f"{name}.key", keyring.passphrase)
    generate(ED25519, folder / "log.key", keyring.passphrase)
    start = now - timedelta(minutes=5)

    def life(length: timedelta) -> Validity:
        return Validity(start, now + length)

    def subject(part: str) -> Subject:
        return Subject(organization, f"{organization} {part}")

    root = keyring.signer("root")
    root_crt = authority.create_root(root, subject("根 Root CA"), serial(), life(ROOT_LIFE))
    top = Issuer(root_crt, root)
    issuing = keyring.signer("issuing")
    issuing_crt = authority.create_issuing(
        top, issuing.public_key(), subject("签发 Issuing CA"), serial(), life(ISSUING_LIFE)
    )
    ca = Issuer(issuing_crt, issuing)
    seal_crt = authority.issue_sealing_certificate(
        ca,
        keyring.signer("seal").public_key(),
        subject("封存 Sealing"),
        serial(),
        life(LEAF_LIFE),
    )
    tsa_crt = authority.issue_tsa_certificate(
        ca, keyring.signer("tsa").public_key(), subject("时间戳 TSA"), serial(), life(LEAF_LIFE)
    )
    made = {"root": root_crt, "issuing": issuing_crt, "seal": seal_crt, "tsa": tsa_crt}
    for name, der in made.items():
        _write_pem(folder / f"{name}.crt", der)


def _write_pem(path: Path, der: bytes) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    path.write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))


class EmbeddedRevocation:
    """CRLs of the embedded CA: the issuing CA's daily, the root's yearly."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def due(
        self, known: Sequence[PkiObject], now: datetime, revoked: Sequence[Revoked]
    ) -> list[PkiObject]:
        """See RevocationIssuer. Without the root key an expiring root CRL cannot be renewed.

        Who was listed once stays listed, whatever the database says.
        """
        fresh = []
        newest = _newest(known, "issuing")
        listed = _lines(newest)
        lines = {**listed, **{person.serial: _line(person) for person in revoked}}
        today = now.astimezone(SHANGHAI).date()
        if newest is None or lines != listed or _day(newest, ISSUING_CRL_LIFE) != today:
            fresh.append(self._issue("issuing", newest, now, ISSUING_CRL_LIFE, lines.values()))
        newest = _newest(known, "root")
        expires = newest.next_update if newest else None
        due = expires is None or expires - now < ROOT_CRL_EARLY
        if due and (self._keyring.folder / "root.key").exists():
            fresh.append(self._issue("root", newest, now, ROOT_CRL_LIFE))
        return fresh

    def _issue(
        self,
        name: str,
        before: PkiObject | None,
        now: datetime,
        life: timedelta,
        lines: Iterable[Revocation] = (),
    ) -> PkiObject:
        issuer = Issuer(self._keyring.certificate(name), self._keyring.signer(name))
        number = before.number + 1 if before else 1
        this_update = now.replace(microsecond=0)
        until = this_update + life
        crl = authority.issue_crl(
            issuer, number=number, this_update=this_update, next_update=until, revoked=lines
        )
        return PkiObject("crl", name, number, until, crl)


def _line(person: Revoked) -> Revocation:
    # RFC 5280 5.3.1; a code without a reason stands for "unspecified", which is left out.
    from cryptography.x509 import ReasonFlags

    reasons = {
        "key_compromise": ReasonFlags.key_compromise,
        "left": ReasonFlags.affiliation_changed,
        "superseded": ReasonFlags.superseded,
    }
    reason = reasons.get(person.code)
    return Revocation(person.serial, _second(person.revoked_at), reason, _second(person.since))


def _second(moment: datetime) -> datetime:
    """The moment in whole seconds, as a CRL has it; up, so that nothing earlier is revoked."""
    whole = moment.replace(microsecond=0)
    return whole if whole == moment else whole + timedelta(seconds=1)


def _lines(crl: PkiObject | None) -> dict[int, Revocation]:
    """What a CRL of ours lists, by serial number."""
    return {} if crl is None else {line.serial: line for line in authority.listed(crl.data)}


def _newest(known: Sequence[PkiObject], issuer: str) -> PkiObject | None:
    found_ = [item for item in known if item.kind == "crl" and item.issuer == issuer]
    return max(found_, key=lambda item: item.number, default=None)


def _day(crl: PkiObject, life: timedelta) -> object:
    return (crl.next_update - life).astimezone(SHANGHAI).date() if crl.next_update else None


def embedded_timestamper(
    keyring: Keyring, clock: Callable[[], datetime], serial: Callable[[], int]
) -> Callable[[datetime | None], Timestamper]:
    """A factory of the embedded TSA whose next genTime lies after a given moment."""
    from signing.tsa_embedded import EmbeddedAuthority

    certificate, signer = keyring.certificate("tsa"), keyring.signer("tsa")
    chain = (keyring.certificate("issuing"),)

    def make(after: datetime | None) -> Timestamper:
        return EmbeddedAuthority(certificate, signer, chain, TSA_POLICY, clock, serial, after)

    return make


def load_identity(
    keyring: Keyring,
    archive_id: str,
    office: str,
    timestamper: Callable[[datetime | None], Timestamper],
    *,
    time_is_local: bool,
) -> Identity:
    """Open the keys a sealer needs; raises KeyLocked for a wrong passphrase."""
    names = ("issuing", "seal", "root") + (("tsa",) if time_is_local else ())
    ders = {name: keyring.certificate(name) for name in names}
    return Identity(
        archive_id=archive_id,
        office=office,
        log_signer=keyring.signer("log"),
        cms_signer=keyring.signer("seal"),
        certificate=ders["seal"],
        chain=(ders["issuing"],),
        certificates=tuple(ders.values()),
        timestamper=timestamper,
        time_is_local=time_is_local,
        revocation=EmbeddedRevocation(keyring),
    )
