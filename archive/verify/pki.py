"""Stored certificates and revocation lists: read and named rightly.

They are material for building paths, never trust: trust is in the policy alone.
"""

import re
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from archive.errors import ArchiveError
from archive.ports import ObjectStore
from archive.report import Report
from archive.verify.context import Found, fetch
from signing.certificates import load_certificate
from signing.errors import SigningError

_NAME = re.compile(r"pki/([0-9a-f]{64})\.(crt|crl)", re.ASCII)
_LIMIT = 32 * 1024 * 1024


@dataclass(slots=True)
class Pki:
    """DER certificates and revocation lists of the store, and the keys that are intact."""

    certificates: list[bytes] = field(default_factory=list)
    crls: list[bytes] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)


def load_pki(evidence: ObjectStore, report: Report) -> Pki:
    """Read all of `pki/`; what does not have its own hash is reported and left out."""
    pki = Pki()
    found: Found = []
    try:
        for info in evidence.list("pki/"):
            match = _NAME.fullmatch(info.key)
            if not match:
                continue
            data = fetch(evidence, info.key, _LIMIT, found, "PKI_MISSING", "PKI_ALTERED")
            pki.keys.add(info.key)
            if data is None:
                continue
            if sha256(data).hexdigest() != match[1] or not readable(data, match[2]):
                found.append(("PKI_ALTERED", info.key, {}))
                continue
            (pki.certificates if match[2] == "crt" else pki.crls).append(data)
    except (ArchiveError, OSError) as error:
        found.append(("STORE_UNREADABLE", "pki/", {"reason": str(error)}))
    report.take(found)
    return pki


def readable(data: bytes, kind: str) -> bool:
    """Whether it is a certificate (`crt`) or a revocation list (`crl`) at all."""
    try:
        if kind == "crt":
            load_certificate(data)
        else:
            crl = x509.load_der_x509_crl(data)
            _ = crl.extensions, crl.last_update_utc, crl.next_update_utc
    except (ValueError, SigningError, x509.DuplicateExtension, UnsupportedAlgorithm):
        return False
    return True
