"""Signatures in a PDF (ISO 32000, PAdES), by pyHanko: the arithmetic, and how far each reaches.

A signature that holds covers one revision of the file; what was appended afterwards is said, and
whether that was only another signature. Bytes behind the last revision belong to no signature.
"""

import hashlib
import io
from collections.abc import Callable
from typing import Any, BinaryIO

from ingest.documents.esignatures.codes import (
    APPENDED,
    CHANGED_AFTER,
    NO_CERTIFICATE,
    NOT_CHECKED,
    SIGNATURE_BROKEN,
    SIGNED_AGAIN,
    UNSIGNED_FIELD,
)
from ingest.documents.esignatures.gm import GmValidator, teach_names
from ingest.documents.esignatures.verdict import Found, Verdict, time_text

Trust = Callable[[Any, list[Any], str | None], bool | None]
"""Whether a certificate (with others that came along) leads to a root, at a stated time."""


def check(file: BinaryIO, trust: Trust) -> Found:
    """Look at every signature of a PDF; what is wrong with one does not hide the others."""
    teach_names()
    from pyhanko.pdf_utils.reader import PdfFileReader

    found = Found()
    reader = PdfFileReader(io.BytesIO(file.read()), strict=False)
    embedded = reader.embedded_signatures
    last = max((one.signed_revision for one in embedded), default=-1)
    for number, one in enumerate(embedded, 1):
        verdict = Verdict("pdf")
        found.signatures.append(verdict)
        name = f"{number}: {one.field_name}"
        try:
            _check(one, verdict, found, name, trust)
            _reach(one, verdict, found, name, later=one.signed_revision < last)
        except Exception as error:  # whatever a library makes of a file that is made to harm
            found.notice(NOT_CHECKED, f"{name}: {type(error).__name__}: {error}")
    if not embedded:
        found.notice(UNSIGNED_FIELD, "")
    return found


def _check(one: Any, verdict: Verdict, found: Found, name: str, trust: Trust) -> None:
    """Whether the bytes are those that were signed, by whom, and when he says that it was."""
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    timestamp = one.sig_object_type == "/DocTimeStamp"
    verdict.kind = "timestamp" if timestamp else "signature"
    certificate = one.signer_cert
    if certificate is None:
        found.notice(NO_CERTIFICATE, name)
        return
    verdict.name(certificate)
    one.compute_digest()
    try:
        if timestamp:
            _token(one.signed_data, one.compute_digest(), verdict, trust)
        else:
            kept, valid = validate_sig_integrity(
                one.signer_info, certificate, "data", one.compute_digest(), GmValidator()
            )
            verdict.intact = kept and valid
            verdict.stated_at = time_text(one.self_reported_timestamp)
            verdict.trusted = trust(certificate, list(one.other_embedded_certs), verdict.stated_at)
    except SignatureValidationError as error:
        verdict.intact = False
        found.notice(SIGNATURE_BROKEN, f"{name}: {error}")
        return
    if verdict.intact is False:
        found.notice(SIGNATURE_BROKEN, name)
    if not timestamp:
        _stamped(one, found, name, trust)


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
    kept, valid = validate_sig_integrity(signer_info, info.signer_cert, "tst_info", actual)
    over = digest is not None and stamped["message_imprint"]["hashed_message"].native == digest
    verdict.intact = kept and valid and over
    verdict.trusted = trust(info.signer_cert, list(info.other_certs), verdict.stated_at)


def _reach(one: Any, verdict: Verdict, found: Found, name: str, *, later: bool) -> None:
    """How much of the file it covers, and what came after it."""
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    coverage = one.coverage = one.evaluate_signature_coverage()
    verdict.covers_all = coverage is SignatureCoverageLevel.ENTIRE_FILE
    if verdict.covers_all:
        return
    if coverage is not SignatureCoverageLevel.ENTIRE_REVISION:
        found.notice(CHANGED_AFTER, f"{name}: {coverage.name.lower()}")
        return
    revisions = one.reader.xrefs.total_revisions
    if one.signed_revision == revisions - 1:
        found.notice(APPENDED, name)
        return
    changed = one.evaluate_modifications(_policy())
    level = getattr(changed, "modification_level", None)
    if level is None:
        found.notice(CHANGED_AFTER, f"{name}: {changed}")
    elif later and level.name in ("NONE", "LTA_UPDATES", "FORM_FILLING"):
        found.notice(SIGNED_AGAIN, name)
    else:
        found.notice(CHANGED_AFTER, f"{name}: {level.name.lower()}")


def _policy() -> Any:
    from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY

    return DEFAULT_DIFF_POLICY
