"""Sealed OFDs that somebody changed, or sealed in ways of his own.

package(parts | sealed(signers, parts))                      # a good one
package(parts | sealed(signers, parts, listed=["OFD.xml"]))  # a seal over one part
"""

import hashlib
import io
import zipfile
from collections.abc import Collection, Mapping
from typing import Any

from asn1crypto import core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from signed_documents import (
    NOW,
    OFD_PARTS,
    SIGNATURES,
    SM2_SM3,
    Signers,
    _listing,
    _sequence,
)

SIGNS = "Doc_0/Signs/"
PAGE = "Doc_0/Pages/Page_0/Content.xml"
RSA_SHA256, ECDSA_SHA256 = "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2"
Parts = dict[str, bytes]


def package(parts: Mapping[str, bytes]) -> bytes:
    """A package of these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
    return out.getvalue()


def sealed(
    signers: Signers, parts: Mapping[str, bytes], listed: Collection[str] | None = None
) -> Parts:
    """The files of a seal over all parts, or over those that are named."""
    held = {name: data for name, data in parts.items() if listed is None or name in listed}
    listing = _listing(held)
    return _files(listing, signers.seal(listing))


def _files(listing: bytes, value: bytes) -> Parts:
    return {
        f"{SIGNS}Signatures.xml": SIGNATURES,
        f"{SIGNS}Sign_0/Signature.xml": listing,
        f"{SIGNS}Sign_0/SignedValue.dat": value,
    }


def with_entry(files: Mapping[str, bytes], place: str) -> Parts:
    """One more line in the list of signatures."""
    line = f'<ofd:Signature ID="9" Type="Seal" BaseLoc="{place}"/></ofd:Signatures>'.encode()
    changed = files[f"{SIGNS}Signatures.xml"].replace(b"</ofd:Signatures>", line)
    return {**files, f"{SIGNS}Signatures.xml": changed}


def with_another(files: Mapping[str, bytes], parts: Mapping[str, bytes], value: bytes) -> Parts:
    """A second signature over all parts, with this value."""
    listing = _listing(dict(parts)).replace(b"Sign_0/SignedValue", b"Sign_1/SignedValue")
    return {
        **with_entry(files, "Sign_1/Signature.xml"),
        f"{SIGNS}Sign_1/Signature.xml": listing,
        f"{SIGNS}Sign_1/SignedValue.dat": value,
    }


def other_pages() -> Parts:
    """The parts with a page of somebody's before the one that was sealed."""
    parts = dict(OFD_PARTS)
    pages = b'<ofd:Pages><ofd:Page ID="9" BaseLoc="Pages/Page_9/Content.xml"/>'
    parts["Doc_0/Document.xml"] = parts["Doc_0/Document.xml"].replace(b"<ofd:Pages>", pages)
    parts["Doc_0/Pages/Page_9/Content.xml"] = parts[PAGE]
    return parts


def sealed_by_other_algorithm(signers: Signers, algorithm: str, digest: str = "sha256") -> Parts:
    """The files of a seal of GB/T 38540 by RSA, or by ECDSA, whatever its identifier says.

    With what the standard lets stand besides: further data, and a timestamp.
    """
    listing = _listing(OFD_PARTS).replace(SM2_SM3.encode(), algorithm.encode())
    key: Any = ec.generate_private_key(ec.SECP256R1())
    if algorithm == RSA_SHA256:
        key = rsa.generate_private_key(65537, 2048)
    certificate = signers._certificate("示例局电子公章", key.public_key())
    signed = _sequence(
        [
            core.Integer(4).dump(),
            core.Sequence.load(b"\x30\x00").dump(),
            core.GeneralizedTime(NOW).dump(),
            core.OctetBitString(hashlib.new(digest, listing).digest()).dump(),
            core.IA5String("/Doc_0/Signs/Sign_0/Signature.xml").dump(),
            b"\xa0\x02\x30\x00",
        ]
    )
    by_rsa = (padding.PKCS1v15(), hashes.SHA256())
    how: Any = by_rsa if algorithm == RSA_SHA256 else (ec.ECDSA(hashes.SHA256()),)
    value = [
        signed,
        core.OctetString(certificate.public_bytes(Encoding.DER)).dump(),
        core.ObjectIdentifier(algorithm).dump(),
        core.OctetBitString(key.sign(signed, *how)).dump(),
        b"\xa0\x03\x03\x01\x00",
    ]
    return _files(listing, _sequence(value))


def sealed_by_cms(signers: Signers, *, named: bool = True) -> Parts:
    """The files of a signature as a CMS, by somebody whom an authority below the root certified."""
    listing = _listing(OFD_PARTS)
    below = Signers("下级机构")
    middle = signers._certificate(below.name, below.root_key.public_key(), ca=True)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = below._certificate("赵敏", key.public_key())
    made = pkcs7.PKCS7SignatureBuilder().set_data(listing)
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    options += [] if named else [pkcs7.PKCS7Options.NoCerts]
    made = made.add_signer(certificate, key, hashes.SHA256()).add_certificate(middle)
    return _files(listing, made.sign(Encoding.DER, options))
