"""Signatures and electronic seals in an OFD (GB/T 33190-2016 §18, GB/T 38540-2020).

A signature lists parts of the package with a digest of each; its value signs the list. So it holds
where every digest is that of the part, the list is the one that was signed, and the value is of the
key. What no signature lists may have been put in by anybody, which is said.
"""

import hashlib
import posixpath
import zipfile
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element  # the type alone: what is parsed, defusedxml parses

from cryptography.exceptions import InvalidSignature
from defusedxml.ElementTree import fromstring

from ingest.documents.esignatures import ses, sm2
from ingest.documents.esignatures.codes import (
    NO_CERTIFICATE,
    NOT_CHECKED,
    PARTS_OPEN,
    SIGNATURE_BROKEN,
    UNSIGNED_FIELD,
)
from ingest.documents.esignatures.gm import (
    SM2_SIGN,
    SM2_WITH_SM3,
    GmValidator,
    digest_name,
)
from ingest.documents.esignatures.pdf import Trust
from ingest.documents.esignatures.verdict import Found, Verdict, time_text

MOST_MEMBERS, MOST_BYTES, MOST_XML = 20_000, 1 << 30, 16 << 20
_ROOT = "OFD.xml"


class _Package:
    """Members by name, each read at most in the bounds of all together."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file)
        self.names = self._zip.namelist()
        if len(self.names) > MOST_MEMBERS or len(set(self.names)) < len(self.names):
            raise ValueError("too many members, or one comes twice")
        self._left = MOST_BYTES

    def digest(self, name: str, algorithm: str) -> bytes:
        """Digest of a member; KeyError where it is not there."""
        total = hashlib.new(algorithm)
        with self._zip.open(name) as member:
            while chunk := member.read(1 << 20):
                self._spend(len(chunk))
                total.update(chunk)
        return total.digest()

    def read(self, name: str) -> bytes:
        """A small member as a whole."""
        with self._zip.open(name) as member:
            data = member.read(MOST_XML + 1)
        self._spend(len(data))
        if len(data) > MOST_XML:
            raise ValueError(f"{name} is too large")
        return data

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise ValueError("it unpacks to too much")


def check(file: BinaryIO, trust: Trust) -> Found:
    """Look at every signature of every document in the package."""
    found = Found()
    package = _Package(file)
    covered: set[str] = set()
    own: set[str] = set()
    for place in _texts(_xml(package, _ROOT), "Signatures"):
        listed = _within(_ROOT, place)
        own.add(listed)
        for number, one in enumerate(_every(_xml(package, listed), "Signature"), 1):
            _one(package, listed, (number, one), found, (covered, own), trust)
    if not found.signatures:
        found.notice(UNSIGNED_FIELD, "")
        return found
    folders = tuple(posixpath.dirname(name) + "/" for name in own)
    open_ = [n for n in package.names if n not in covered | own and not n.endswith("/")]
    open_ = [name for name in open_ if not name.startswith(folders)]
    if open_:
        found.notice(PARTS_OPEN, f"{len(open_)}: {open_[0]}")
    for verdict in found.signatures:
        verdict.covers_all = not open_
    return found


def _one(
    package: _Package,
    listed: str,
    entry: tuple[int, Element],
    found: Found,
    sets: tuple[set[str], set[str]],
    trust: Trust,
) -> None:
    number, element = entry
    covered, own = sets
    verdict = Verdict("ofd", "e_seal" if element.get("Type", "Seal") == "Seal" else "signature")
    found.signatures.append(verdict)
    name = f"{number}: {element.get('ID', '')}"
    try:
        place = _within(listed, element.get("BaseLoc", ""))
        own.add(place)
        data = package.read(place)
        root = _parsed(data)
        value_at = _within(place, next(iter(_texts(root, "SignedValue")), ""))
        own.add(value_at)
        verdict.stated_at = _stated(root)
        parts = _parts(package, place, root, found, name)
        covered.update(parts)
        broken = [part for part, fine in parts.items() if not fine]
        if broken or not parts:
            found.notice(SIGNATURE_BROKEN, f"{name}: {broken[0] if broken else 'no references'}")
            verdict.intact = False
        _value(package.read(value_at), data, root, verdict, trust)
        if verdict.intact is False and not broken:
            found.notice(SIGNATURE_BROKEN, name)
    except (
        ValueError,
        KeyError,
        IndexError,
        StopIteration,
        TypeError,
        zipfile.BadZipFile,
    ) as error:
        found.notice(NOT_CHECKED, f"{name}: {type(error).__name__}: {error}")
    if verdict.certificate is None:
        found.notice(NO_CERTIFICATE, name)


def _parts(
    package: _Package, place: str, root: Element, found: Found, name: str
) -> Mapping[str, bool]:
    """The parts that a signature lists, and whether each has its digest."""
    checked: dict[str, bool] = {}
    for references in _every(root, "References"):
        algorithm = digest_name(references.get("CheckMethod", "md5"))
        for one in _every(references, "Reference"):
            part = _within(place, one.get("FileRef", ""))
            if algorithm is None:
                found.notice(NOT_CHECKED, f"{name}: {references.get('CheckMethod')}")
                raise ValueError("an unknown digest")
            wanted = b64decode(next(iter(_texts(one, "CheckValue")), ""))
            try:
                checked[part] = package.digest(part, algorithm) == wanted
            except KeyError:
                checked[part] = False
    return checked


def _value(data: bytes, listing: bytes, root: Element, verdict: Verdict, trust: Trust) -> None:
    """Who signed the list, and whether he did; `intact` stays False where a part differs."""
    value = ses.read(data)
    verdict.name(value.certificate)
    verdict.stated_at = time_text(value.stated_at) or verdict.stated_at
    if value.signed_data is not None:
        holds = _cms(value, listing)
    else:
        algorithm = digest_name(next(iter(_texts(root, "SignatureMethod")), "")) or "sm3"
        same = value.digest == hashlib.new(algorithm, listing).digest()
        holds = same and _holds(value)
    verdict.intact = holds and verdict.intact is not False
    verdict.trusted = trust(value.certificate, [], verdict.stated_at)


def _holds(value: ses.Value) -> bool:
    """Whether the value is of the certificate's key."""
    key = value.certificate.public_key
    if value.algorithm in (SM2_WITH_SM3, SM2_SIGN):
        return sm2.holds(key["public_key"].native, value.signed, value.signature)
    from asn1crypto import algos

    algorithm = algos.SignedDigestAlgorithm({"algorithm": value.algorithm})
    try:
        GmValidator().validate_signature(value.signature, value.signed, key, algorithm)
    except InvalidSignature:
        return False
    return True


def _cms(value: ses.Value, listing: bytes) -> bool:
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    (signer,) = value.signed_data["signer_infos"]
    if signer["signature_algorithm"]["algorithm"].native == "sm3_sm2" and not _attributes(signer):
        point = value.certificate.public_key["public_key"].native
        return sm2.holds(point, listing, signer["signature"].native)
    algorithm = signer["digest_algorithm"]["algorithm"].native
    digest = hashlib.new(algorithm, listing).digest()
    kept, valid = validate_sig_integrity(signer, value.certificate, "data", digest, GmValidator())
    return kept and valid


def _attributes(signer: Any) -> bool:
    """Whether attributes are signed in place of the list itself."""
    return bool(signer["signed_attrs"].native)


def _stated(root: Element) -> str | None:
    """SignatureDateTime: `20210101120000Z`, or as ISO 8601."""
    text = next(iter(_texts(root, "SignatureDateTime")), "").strip()
    for form in ("%Y%m%d%H%M%SZ", "%Y%m%d%H%M%S.%fZ"):
        try:
            return time_text(datetime.strptime(text, form).replace(tzinfo=UTC))
        except ValueError:
            continue
    try:
        return time_text(datetime.fromisoformat(text))
    except ValueError:
        return None


def _xml(package: _Package, name: str) -> Element:
    return _parsed(package.read(name))


def _parsed(data: bytes) -> Element:
    """XML without entities and document types; ValueError for anything else."""
    found: Any = fromstring(data, forbid_dtd=True)
    if not isinstance(found, Element):
        raise ValueError("no XML")
    return found


def _every(root: Element, local: str) -> list[Element]:
    return [one for one in root.iter() if str(one.tag).rpartition("}")[2] == local]


def _texts(root: Element, local: str) -> list[str]:
    return [(one.text or "").strip() for one in _every(root, local)]


def _within(part: str, place: str) -> str:
    """The member that a part names; never anything outside the package."""
    if not place:
        raise ValueError("a place is missing")
    if place.startswith("/"):
        return posixpath.normpath(place).lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), place))
