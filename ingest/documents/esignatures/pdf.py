"""Signatures in a PDF (ISO 32000, PAdES), by pyHanko: the arithmetic, one signature at a time.

Which signatures there are says `pdf_fields`, how far each reaches `pdf_reach`. What is wrong with
one hides none of the others, nor what came after any.
"""

import hashlib
import io
from collections.abc import Callable
from typing import Any, BinaryIO

from ingest.documents.esignatures.codes import (
    LIMIT,
    NO_CERTIFICATE,
    NOT_CHECKED,
    SIGNATURE_BROKEN,
    UNSIGNED_FIELD,
    WEAK,
)
from ingest.documents.esignatures.gm import FORGEABLE, GmValidator, teach_names
from ingest.documents.esignatures.pdf_fields import Filled, filled_fields
from ingest.documents.esignatures.pdf_reach import Notice, own_bytes, reach
from ingest.documents.esignatures.verdict import MOST_LOOKED_AT, Found, Verdict, time_text

Trust = Callable[[Any, list[Any], str | None], bool | None]
"""Whether a certificate (with others that came along) leads to a root, at a stated time."""


def check(file: BinaryIO, trust: Trust) -> Found:
    """Look at every signature of a PDF; what is wrong with one does not hide the others."""
    teach_names()
    found, data = Found(), file.read()
    fields = filled_fields(_opened(data), lambda note: found.notice(NOT_CHECKED, note))
    last = max((one.revision for one in fields), default=-1)
    if len(fields) > MOST_LOOKED_AT:
        found.notice(LIMIT, f"{MOST_LOOKED_AT} of {len(fields)} signatures")
    for number, filled in enumerate(fields[:MOST_LOOKED_AT], 1):
        _one(data, filled, f"{number}: {filled.name}", found, trust, later=filled.revision < last)
    if not fields and not found.findings:
        found.notice(UNSIGNED_FIELD, "")
    return found


def _opened(data: bytes) -> Any:
    """A reader, of what everybody may read by the empty password too."""
    from pyhanko.pdf_utils.crypt import AuthStatus
    from pyhanko.pdf_utils.reader import PdfFileReader

    reader = PdfFileReader(io.BytesIO(data), strict=False)
    if reader.encrypted and reader.decrypt("").status == AuthStatus.FAILED:
        raise ValueError("it asks for a password")
    return reader


def _one(
    data: bytes, filled: Filled, name: str, found: Found, trust: Trust, *, later: bool
) -> None:
    """One signature, with a line for it whatever becomes of the looking."""
    verdict = Verdict("pdf", "timestamp" if filled.timestamp else "signature")
    found.signatures.append(verdict)

    def notice(code: str, note: str) -> None:
        found.notice(code, f"{name}: {note}" if note else name)

    one = _tried(notice, filled.embedded)
    if one is None:
        return
    if own_bytes(data, one) is False:
        verdict.intact = False
        notice(SIGNATURE_BROKEN, "its byte range leaves out more than itself")
        return
    _tried(notice, lambda: _check(one, verdict, found, name, trust))
    if verdict.intact is not False:
        _tried(notice, lambda: reach(data, one, verdict, notice, later=later))
    if verdict.kind != "timestamp":
        _tried(notice, lambda: _stamped(one, found, name, trust))


def _tried(notice: Notice, work: Callable[[], Any]) -> Any:
    """Do it, and say where it cannot be done; None then."""
    try:
        return work()
    except MemoryError:
        raise
    except Exception as error:  # whatever a library makes of a file that is made to harm
        notice(NOT_CHECKED, f"{type(error).__name__}: {error}")
        return None


def _check(one: Any, verdict: Verdict, found: Found, name: str, trust: Trust) -> None:
    """Whether the bytes are those that were signed, by whom, and when he says that it was."""
    from pyhanko.sign.general import CMSExtractionError, extract_certificate_info
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    try:
        info = extract_certificate_info(one.signed_data)
    except CMSExtractionError:
        found.notice(NO_CERTIFICATE, name)
        return
    verdict.name(info.signer_cert)
    if {one.md_algorithm, one.external_md_algorithm} & FORGEABLE:
        found.notice(WEAK, f"{name}: {one.md_algorithm}")
    try:
        if verdict.kind == "timestamp":
            _token(one.signed_data, one.compute_digest(), verdict, trust)
        else:
            kept, valid = validate_sig_integrity(
                one.signer_info, info.signer_cert, "data", one.compute_digest(), GmValidator()
            )
            verdict.intact = kept and valid
            verdict.stated_at = time_text(one.self_reported_timestamp)
            verdict.trusted = trust(info.signer_cert, list(info.other_certs), verdict.stated_at)
    except SignatureValidationError as error:
        verdict.intact = False
        found.notice(SIGNATURE_BROKEN, f"{name}: {error}")
        return
    if verdict.intact is False:
        found.notice(SIGNATURE_BROKEN, name)


def _stamped(one: Any, found: Found, name: str, trust: Trust) -> None:
    """The timestamp over a signature, which is a line of its own."""
    unsigned = one.signer_info["unsigned_attrs"]
    tokens = [a for a in unsigned or () if a["type"].native == "signature_time_stamp_token"]
    if not tokens:
        return
    verdict = Verdict("pdf", "timestamp")
    found.signatures.append(verdict)
    token = tokens[0]["values"][0]["content"]
    stamped = token["encap_content_info"]["content"].parsed["message_imprint"]
    algorithm = stamped["hash_algorithm"]["algorithm"].native
    digest = hashlib.new(algorithm, one.signer_info["signature"].native).digest()
    _token(token, digest, verdict, trust)
    if verdict.intact is False:
        found.notice(SIGNATURE_BROKEN, f"{name}: timestamp")


def _token(signed_data: Any, digest: bytes | None, verdict: Verdict, trust: Trust) -> None:
    """A token of RFC 3161: over this digest, and signed by the certificate that it brings."""
    from pyhanko.sign.general import extract_certificate_info
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    info = extract_certificate_info(signed_data)
    verdict.name(info.signer_cert)
    content = signed_data["encap_content_info"]["content"]
    stamped = content.parsed
    verdict.stated_at = time_text(stamped["gen_time"].native)
    (signer_info,) = signed_data["signer_infos"]
    algorithm = signer_info["digest_algorithm"]["algorithm"].native
    actual = hashlib.new(algorithm, bytes(content)).digest()
    kept, valid = validate_sig_integrity(
        signer_info, info.signer_cert, "tst_info", actual, GmValidator()
    )
    over = digest is not None and stamped["message_imprint"]["hashed_message"].native == digest
    verdict.intact = kept and valid and over
    trusted = trust(info.signer_cert, list(info.other_certs), verdict.stated_at)
    verdict.trusted = trusted and _stamps(info.signer_cert)


def _stamps(certificate: Any) -> bool:
    """Whether a certificate is one for timestamps: not every signer may say what time it is."""
    purposes = certificate.extended_key_usage_value
    return purposes is not None and "time_stamping" in purposes.native
