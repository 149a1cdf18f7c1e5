"""How a person's side makes statements: details of free text, and what is signed over them.

author = Author(archive_id, "zhang", certificate_digest, signer, clock.now, os.urandom)
signed, detail = author.make("case.closed", {"case": case, …}, {"reason": "已办结"})
second = other.cosign(signed)          # the same kind and payload, of another person
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.detail import SALT_BYTES, Detail
from archive.ids import RANDOM_BYTES, new_ulid
from archive.statements.kinds import check_data, check_payload
from archive.statements.statement import NONCE_BYTES, Signed, Statement, sign
from signing.digest import Digest
from signing.keys import Signer


@dataclass(frozen=True, slots=True)
class Author:
    """A person with a key. `now` is the clock of whoever signs, `random(n)` gives n bytes."""

    archive: str
    person: str
    certificate: Digest
    signer: Signer
    now: Callable[[], datetime]
    random: Callable[[int], bytes]

    def id(self) -> str:
        """A fresh ULID, for a case, a request, an access or a hold."""
        return new_ulid(self.now(), self.random(RANDOM_BYTES))

    def make(
        self, kind: str, payload: Mapping[str, Any], data: Mapping[str, Any] | None = None
    ) -> tuple[Signed, Detail | None]:
        """Sign a payload (without its `detail`) and the data of its detail; raises FormatError.

        Text in `data` is put into NFC, as everything in the archive is.
        """
        detail = None if data is None else self.detail(kind, data)
        whole = {**payload, "detail": None if detail is None else str(detail.digest())}
        return self.sign(kind, whole), detail

    def detail(self, kind: str, data: Mapping[str, Any]) -> Detail:
        """A salted detail; raises FormatError for data that the kind does not have."""
        plain: dict[str, Any] = in_nfc(dict(data))
        check_data(kind, plain)
        return Detail(self.id(), kind, self.random(SALT_BYTES), plain)

    def sign(self, kind: str, payload: Mapping[str, Any]) -> Signed:
        """Sign a whole payload as it stands; raises FormatError."""
        check_payload(kind, payload)
        statement = Statement(
            archive=self.archive,
            at=self.now(),
            certificate=self.certificate,
            kind=kind,
            nonce=self.random(NONCE_BYTES).hex(),
            payload=payload,
            person=self.person,
        )
        return sign(statement, self.signer)

    def cosign(self, first: Signed) -> Signed:
        """Say the same as another person."""
        return self.sign(first.statement.kind, first.statement.payload)


def in_nfc(value: Any) -> Any:
    """A JSON value with all its text in Unicode normalization form C."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {key: in_nfc(item) for key, item in value.items()}
    if isinstance(value, list):
        return [in_nfc(item) for item in value]
    return value
