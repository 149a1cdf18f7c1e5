"""Whether what waits in the database for its place in the ledger is still canonical JSON.

A body is put into its leaf as it stands (`archive.lines`), so one that was edited meanwhile would
be signed and could never be read again. Nearly all are accessions of packed records, which one
pattern knows in a quarter of the time that decoding takes.
"""

import re

from archive.errors import LedgerForked
from signing import canonical
from signing.errors import CanonicalError

_TEXT = rb'"[ !#-\[\]-~]*+"'
_NUMBER = rb"(?:0|[1-9][0-9]{0,14})"
_PACK = (
    rb'"pack":\{"description":%(number)b,"id":%(text)b,"offset":%(number)b,'
    rb'"sidecar":(?:%(number)b|null)\},'
)
_ACCESSION = (
    rb'\{"content":\[%(text)b(?:,%(text)b)*+\],"first_hash_at":%(text)b,"office":%(text)b,'
    rb"(?:" + _PACK + rb')?"received_at":%(text)b,"record":%(text)b,'
    rb'(?:"retain_until":%(text)b,)?(?:"same_content_as":%(text)b,)?'
    rb'"size":%(number)b,"source":%(text)b\}'
)
_is_accession = re.compile(_ACCESSION % {b"text": _TEXT, b"number": _NUMBER}).fullmatch
"""Only canonical JSON looks so: ASCII without escapes, keys in their order, no long number."""


def check_waiting(entry: str, body: object) -> None:
    """Raise LedgerForked unless a submitted entry's body is an object in canonical JSON."""
    if isinstance(body, bytes) and _is_accession(body):
        return
    try:
        if not isinstance(body, bytes):
            raise CanonicalError("It is no bytes.")
        canonical.decode_object(body)
    except CanonicalError as error:
        raise LedgerForked(
            f"The submitted entry {entry} was changed in the database: {error}"
        ) from error
