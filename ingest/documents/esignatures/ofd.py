"""Signatures and electronic seals in an OFD (GB/T 33190-2016 §18, GB/T 38540-2020).

A signature lists parts of the package with a digest of each; its value signs the list
(`ofd_value`). So it holds where every digest is that of the part, the list is the one that was
signed, and the value is of the key. What it does not list may have been put in by anybody, whoever
lists it besides; left out are the files of the signatures alone, each where it is such a file.
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO
from xml.etree.ElementTree import Element  # the type alone: what is parsed, defusedxml parses

from ingest.documents.esignatures import ofd_value, ses
from ingest.documents.esignatures.codes import (
    LIMIT,
    NO_CERTIFICATE,
    NOT_CHECKED,
    PARTS_OPEN,
    SIGNATURE_BROKEN,
    UNSIGNED_FIELD,
    WEAK,
)
from ingest.documents.esignatures.gm import FORGEABLE, digest_name
from ingest.documents.esignatures.ofd_package import (
    Package,
    called,
    every,
    parsed,
    texts,
    within,
    xml_of,
)
from ingest.documents.esignatures.pdf import Trust
from ingest.documents.esignatures.verdict import MOST_LOOKED_AT, Found, Verdict, time_text

_ROOT = "OFD.xml"


@dataclass(slots=True)
class _Entry:
    """One line of a list of signatures; `own` are its files, `covered` the parts that it lists."""

    listed: str
    element: Element
    name: str
    verdict: Verdict
    own: set[str] = field(default_factory=set)
    covered: frozenset[str] = frozenset()


def check(file: BinaryIO, trust: Trust) -> Found:
    """Look at every signature of every document in the package."""
    found = Found()
    package = Package(file)
    own: set[str] = set()
    entries = _entries(package, found, own)
    if len(entries) > MOST_LOOKED_AT:
        found.notice(LIMIT, f"{MOST_LOOKED_AT} of {len(entries)} signatures")
    for entry in entries[:MOST_LOOKED_AT]:
        found.signatures.append(entry.verdict)
        _one(package, entry, found, trust)
        own |= entry.own
    for entry in entries[:MOST_LOOKED_AT]:
        if entry.verdict.intact:
            _reach(package, entry, found, own)
    if not found.signatures and not found.findings:
        found.notice(UNSIGNED_FIELD, "")
    return found


def _entries(package: Package, found: Found, own: set[str]) -> list[_Entry]:
    """What the lists of signatures name; a list that cannot be read hides no other."""
    entries: list[_Entry] = []
    for place in texts(xml_of(package, _ROOT), "Signatures"):
        try:
            listed = within(_ROOT, place)
            root = xml_of(package, listed)
            if called(root) == "Signatures":
                own.add(listed)
            for element in every(root, "Signature"):
                kind = "e_seal" if element.get("Type", "Seal") == "Seal" else "signature"
                name = f"{len(entries) + 1}: {element.get('ID', '')}"
                entries.append(_Entry(listed, element, name, Verdict("ofd", kind)))
        except MemoryError:
            raise
        except Exception as error:  # whatever a library makes of a file that is made to harm
            found.notice(NOT_CHECKED, f"{place}: {type(error).__name__}: {error}")
    return entries


def _reach(package: Package, entry: _Entry, found: Found, own: set[str]) -> None:
    """Whether it lists whatever there is but the files of signatures."""
    open_ = [name for name in package.files if name not in entry.covered and name not in own]
    entry.verdict.covers_all = not open_
    if open_:
        found.notice(PARTS_OPEN, f"{entry.name}: {len(open_)}: {open_[0]}")


def _one(package: Package, entry: _Entry, found: Found, trust: Trust) -> None:
    verdict, name = entry.verdict, entry.name
    try:
        place = within(entry.listed, entry.element.get("BaseLoc", ""))
        data = package.read(place)
        root = parsed(data)
        if called(root) != "Signature":
            raise ValueError(f"{place} is no signature")
        entry.own.add(place)
        verdict.stated_at = _stated(root)
        value = _value_of(package, entry, place, root)
        parts = _parts(package, place, root, found, name)
        entry.covered = frozenset(parts)
        broken = [part for part, fine in parts.items() if not fine]
        if broken or not parts:
            found.notice(SIGNATURE_BROKEN, f"{name}: {broken[0] if broken else 'no references'}")
            verdict.intact = False
        if value is None:
            raise ValueError("its value is not there")
        weak = ofd_value.judge(value, data, root, verdict, trust)
        if weak:
            found.notice(WEAK, f"{name}: {weak}")
        if verdict.intact is False and parts and not broken:
            found.notice(SIGNATURE_BROKEN, name)
    except ses.NoCertificate:
        found.notice(NO_CERTIFICATE, name)
    except MemoryError:
        raise
    except Exception as error:  # whatever a library makes of a file that is made to harm
        found.notice(NOT_CHECKED, f"{name}: {type(error).__name__}: {error}")


def _value_of(package: Package, entry: _Entry, place: str, root: Element) -> bytes | None:
    """The value; it and the seal, where they are what they are named for, are files of its own."""
    value_at = within(place, next(iter(texts(root, "SignedValue")), ""))
    if value_at not in package.files:
        return None
    value = package.read(value_at)
    if ses.alone(value):
        entry.own.add(value_at)
    for seal in every(root, "Seal"):
        for text in texts(seal, "BaseLoc"):
            seal_at = within(place, text)
            if seal_at in package.files and _stands_in(package.read(seal_at), value):
                entry.own.add(seal_at)
    return value


def _stands_in(seal: bytes, value: bytes) -> bool:
    """Whether a seal is the one in the value: another picture of it is nobody's."""
    return ses.alone(seal) and seal in value


def _parts(
    package: Package, place: str, root: Element, found: Found, name: str
) -> Mapping[str, bool]:
    """The parts that a signature lists, and whether each has its digest."""
    checked: dict[str, bool] = {}
    for references in every(root, "References"):
        method = references.get("CheckMethod", "md5")
        algorithm = digest_name(method)
        if algorithm is None:
            raise ValueError(f"the digest {method} is not known")
        if algorithm in FORGEABLE:
            found.notice(WEAK, f"{name}: {algorithm}")
        for one in every(references, "Reference"):
            part = within(place, one.get("FileRef", ""))
            wanted = b64decode(next(iter(texts(one, "CheckValue")), ""))
            try:
                same = package.digest(part, algorithm) == wanted
            except KeyError:
                same = False
            checked[part] = same and checked.get(part, True)
    return checked


def _stated(root: Element) -> str | None:
    """SignatureDateTime: `20210101120000Z`, or as ISO 8601."""
    text = next(iter(texts(root, "SignatureDateTime")), "").strip()
    for form in ("%Y%m%d%H%M%SZ", "%Y%m%d%H%M%S.%fZ"):
        try:
            return time_text(datetime.strptime(text, form).replace(tzinfo=UTC))
        except ValueError:
            continue
    try:
        return time_text(datetime.fromisoformat(text))
    except ValueError:
        return None
