"""Whether a signer's certificate leads to a root of a folder; without a folder nobody can tell."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
MOST_ROOTS, MOST_BYTES = 2_000, 1 << 20


def roots_in(folder: Path) -> list[bytes]:
    """Certificates (DER) of a folder's `.pem`, `.crt` and `.cer` files.

    Raises OSError, and ValueError with the file's name for one that holds anything else: with a
    root missing, whom it certified would be called not trusted.
    """
    found: list[bytes] = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".pem", ".crt", ".cer") and path.is_file():
            found += _certificates(path)
    if len(found) > MOST_ROOTS:
        raise ValueError(f"more than {MOST_ROOTS} certificates")
    return found


def _certificates(path: Path) -> list[bytes]:
    """What one file holds, which is one certificate at least."""
    from asn1crypto import pem, x509

    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    try:
        if len(data) > MOST_BYTES:
            raise ValueError("too large")
        blocks = [pem.unarmor(block)[2] for block in _PEM.findall(data)] or [data]
        for block in blocks:
            certificate = x509.Certificate.load(block, strict=True)
            _ = certificate.subject.native, certificate.public_key.native, certificate.issuer.native
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path.name} is no certificate, in DER or PEM") from error
    return blocks


class Roots:
    """Judges certificates by roots (DER); says None where there are none."""

    def __init__(self, roots: list[bytes], now: datetime) -> None:
        from asn1crypto import x509

        self._roots = [x509.Certificate.load(data) for data in roots]
        self._now = now
        self._loop = asyncio.new_event_loop() if roots else None

    def close(self) -> None:
        """Let the loop go."""
        if self._loop is not None:
            self._loop.close()

    def __call__(self, certificate: Any, others: list[Any], stated_at: str | None) -> bool | None:
        """Whether a path was valid at the stated time; revocation is looked at by nobody."""
        if self._loop is None:
            return None
        from pyhanko_certvalidator import CertificateValidator, ValidationContext
        from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError

        from ingest.documents.esignatures.gm import GmValidator

        moment = _moment(stated_at) or self._now
        context = ValidationContext(
            trust_roots=self._roots,
            other_certs=others,
            allow_fetching=False,
            revocation_mode="soft-fail",
            moment=moment,
            signature_validator=GmValidator(),
        )
        validator = CertificateValidator(certificate, others, validation_context=context)
        try:
            self._loop.run_until_complete(validator.async_validate_path())
        except (PathBuildingError, PathValidationError):
            return False
        return True


def _moment(text: str | None) -> datetime | None:
    """A stated time; one without a zone is taken as UTC, which matters for hours only."""
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
