"""Names of the Chinese national algorithms for asn1crypto, and a validator that knows SM2."""

from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator, SignatureValidationContext

from ingest.documents.esignatures import sm2

SM2_CURVE = "1.2.156.10197.1.301"
SM3 = "1.2.156.10197.1.401"
SM2_WITH_SM3, SM2_SIGN = "1.2.156.10197.1.501", "1.2.156.10197.1.301.1"
FORGEABLE = frozenset(("md2", "md5", "sha1"))
"""Digests for which two contents with the same one have been made."""
SAFE = frozenset(("sha224", "sha256", "sha384", "sha512", "sm3"))


@cache
def teach_names() -> None:
    """Let asn1crypto know what these identifiers mean; once in a process."""
    from asn1crypto import algos, cms, keys

    keys.NamedCurve.register("sm2p256v1", SM2_CURVE, 32)
    for known, number, name in (
        (algos.DigestAlgorithmId, SM3, "sm3"),
        (algos.SignedDigestAlgorithmId, SM2_WITH_SM3, "sm3_sm2"),
        (algos.SignedDigestAlgorithmId, SM2_SIGN, "sm3_sm2"),
        (cms.ContentType, "1.2.156.10197.6.1.4.2.1", "data"),
        (cms.ContentType, "1.2.156.10197.6.1.4.2.2", "signed_data"),
    ):
        known._map[number] = name
        if known._reverse_map is not None:
            known._reverse_map.setdefault(name, number)


def digest_name(text: str) -> str | None:
    """The hash that an OFD names, by its identifier or by its name; None for an unknown one."""
    from asn1crypto import algos

    teach_names()
    known = {SM3: "sm3", "1.2.840.113549.2.5": "md5", "1.3.14.3.2.26": "sha1"}
    known |= {number: name for number, name in algos.DigestAlgorithmId._map.items() if name in SAFE}
    plain = text.strip().lower()
    names = {name: name for name in known.values()}
    return known.get(plain) or names.get(plain.replace("-", ""))


def digest_of_signature(algorithm: str) -> str | None:
    """The hash that a signature of this identifier is made over; None where it does not say."""
    from asn1crypto import algos

    if algorithm in (SM2_WITH_SM3, SM2_SIGN):
        return "sm3"
    try:
        made: str = algos.SignedDigestAlgorithm({"algorithm": algorithm}).hash_algo
    except (ValueError, TypeError, KeyError):
        return None
    return made if made in SAFE | FORGEABLE else None


class GmValidator(DefaultSignatureValidator):
    """As the usual one, and SM2 with SM3."""

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: Any,
        signature_algorithm: Any,
        context: SignatureValidationContext | None = None,
    ) -> None:
        """Raise InvalidSignature where it does not hold, other errors where it cannot be told."""
        if signature_algorithm["algorithm"].native == "sm3_sm2":
            if context is not None and context.prehashed:
                raise ValueError("SM2 over a digest alone")  # it signs key and content together
            if not sm2.holds(public_key_info["public_key"].native, signed_data, signature):
                raise InvalidSignature
            return
        super().validate_signature(
            signature,
            signed_data,
            public_key_info,
            signature_algorithm,
            context or SignatureValidationContext(),
        )
