"""What is found of one signature, and what is odd: what the child process answers."""

import re
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from archive.document import MOST_TEXT
from archive.esignatures import MOST_FINDINGS, MOST_SIGNATURES
from ingest.documents.esignatures.codes import LIMIT

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
MOST_LOOKED_AT = MOST_SIGNATURES // 2
"""Signatures of a document: each may have a timestamp, which is a line of its own."""


@dataclass(slots=True)
class Verdict:
    """One signature, seal or timestamp; None says that it could not be told."""

    form: str
    kind: str = "signature"
    by: str | None = None
    certificate: str | None = None
    issuer: str | None = None
    stated_at: str | None = None
    intact: bool | None = None
    covers_all: bool | None = None
    trusted: bool | None = None

    def name(self, certificate: Any) -> None:
        """Take signer and issuer from a certificate (asn1crypto)."""
        self.certificate = f"sha256:{sha256(certificate.dump()).hexdigest()}"
        self.by = common_name(certificate.subject)
        self.issuer = common_name(certificate.issuer)


@dataclass(slots=True)
class Found:
    """All of a document."""

    signatures: list[Verdict] = field(default_factory=list)
    findings: list[tuple[str, str]] = field(default_factory=list)

    def notice(self, code: str, note: str) -> None:
        """Put something odd down, once; the last line says that there was more."""
        row = (code, shown(note) or "")
        if row in self.findings or len(self.findings) >= MOST_FINDINGS:
            return
        full = len(self.findings) == MOST_FINDINGS - 1
        self.findings.append((LIMIT, "findings") if full else row)

    def value(self) -> dict[str, Any]:
        """As it crosses to the parent process."""
        return {
            "signatures": [asdict(one) for one in self.signatures[:MOST_SIGNATURES]],
            "findings": [{"code": code, "note": note} for code, note in self.findings],
        }


def common_name(name: Any) -> str | None:
    """The most telling part of a distinguished name (asn1crypto)."""
    parts = name.native
    for key in ("common_name", "organization_name", "organizational_unit_name"):
        value = parts.get(key)
        if value:
            return shown(value if isinstance(value, str) else "，".join(map(str, value)))
    return shown(name.human_friendly)


def shown(text: str) -> str | None:
    """A text out of a file as one short line; None for nothing."""
    line = " ".join(_CONTROLS.sub(" ", text.encode("utf-8", "replace").decode()).split())
    return line[:MOST_TEXT] or None


def time_text(moment: datetime | None) -> str | None:
    """A stated time; one without a zone stays so."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        return moment.replace(microsecond=0).isoformat()
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
