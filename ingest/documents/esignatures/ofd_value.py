"""The value of a signature in an OFD: who signed the list of parts, and whether he did.

weak = judge(value, listing, root, verdict, trust)      # "md5", "sha1", or nothing
"""

import hashlib
from typing import Any
from xml.etree.ElementTree import Element  # the type alone: what is parsed, defusedxml parses

from cryptography.exceptions import InvalidSignature
from pyhanko_certvalidator.sig_validate import SignatureValidationContext

from ingest.documents.esignatures import ses, sm2
from ingest.documents.esignatures.gm import (
    FORGEABLE,
    SAFE,
    SM2_SIGN,
    SM2_WITH_SM3,
    GmValidator,
    digest_name,
    digest_of_signature,
)
from ingest.documents.esignatures.ofd_package import every, texts
from ingest.documents.esignatures.pdf import Trust
from ingest.documents.esignatures.verdict import Verdict, time_text


def judge(data: bytes, listing: bytes, root: Element, verdict: Verdict, trust: Trust) -> str:
    """Fill the verdict, whose `intact` stays False where a part differs; returns a weak digest."""
    value = ses.read(data)
    verdict.name(value.certificate)
    verdict.stated_at = time_text(value.stated_at) or verdict.stated_at
    if value.signed_data is not None:
        holds, digest = _cms(value, listing)
    else:
        holds, digest = _seal(value, listing, root)
    verdict.intact = holds and verdict.intact is not False
    verdict.trusted = trust(value.certificate, list(value.others), verdict.stated_at)
    return digest if digest in FORGEABLE else ""


def _seal(value: ses.Value, listing: bytes, root: Element) -> tuple[bool, str]:
    """Whether it is over this list, and of this key."""
    named, besides = _digests(value, root)
    for one in (*named, *besides):
        if hashlib.new(one, listing).digest() == value.digest:
            return _holds(value, one), one
    if not named:
        raise ValueError(f"the algorithm {value.algorithm} is not known")
    return False, ""


def _digests(value: ses.Value, root: Element) -> tuple[list[str], list[str]]:
    """The digests by which the list may be named: its algorithm's, and, as some do, its parts'."""
    methods = texts(root, "SignatureMethod")
    named = [digest_name(one) or digest_of_signature(one) for one in methods]
    besides = [digest_name(one.get("CheckMethod", "")) for one in every(root, "References")]
    return (
        [one for one in (digest_of_signature(value.algorithm), *named) if one is not None],
        [one for one in besides if one in SAFE],
    )


def _holds(value: ses.Value, digest: str) -> bool:
    """Whether the value is of the certificate's key."""
    key = value.certificate.public_key
    if value.algorithm in (SM2_WITH_SM3, SM2_SIGN):
        return sm2.holds(key["public_key"].native, value.signed, value.signature)
    from asn1crypto import algos

    algorithm = algos.SignedDigestAlgorithm({"algorithm": value.algorithm})
    context = SignatureValidationContext(contextual_md_algorithm=digest)
    try:
        GmValidator().validate_signature(value.signature, value.signed, key, algorithm, context)
    except InvalidSignature:
        return False
    return True


def _cms(value: ses.Value, listing: bytes) -> tuple[bool, str]:
    """The same of a CMS, which says by itself what it signs."""
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    (signer,) = value.signed_data["signer_infos"]
    if signer["signature_algorithm"]["algorithm"].native == "sm3_sm2" and not _attributes(signer):
        point = value.certificate.public_key["public_key"].native
        return sm2.holds(point, listing, signer["signature"].native), "sm3"
    algorithm = signer["digest_algorithm"]["algorithm"].native
    digest = hashlib.new(algorithm, listing).digest()
    kept, valid = validate_sig_integrity(signer, value.certificate, "data", digest, GmValidator())
    return kept and valid, algorithm


def _attributes(signer: Any) -> bool:
    """Whether attributes are signed in place of the list itself."""
    return bool(signer["signed_attrs"].native)
