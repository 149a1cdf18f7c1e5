"""PDF and OFD that are really signed: own authorities, own keys, damage of every kind.

office = Signers()
office.pdf()                         # one signature
office.pdf(stamped=True)             # with a timestamp over it
office.pdf(twice=True)               # two people, one after the other
office.ofd()                         # an SM2 seal over every part
"""

import asyncio
import base64
import hashlib
import io
import logging
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from asn1crypto import core, keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ingest.documents.esignatures import sm2

logging.getLogger("pyhanko").setLevel(logging.ERROR)
NOW = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251
NS = "http://www.ofdspec.org/2016"
SM3, SM2_SM3 = "1.2.156.10197.1.401", "1.2.156.10197.1.501"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Signers:
    """An authority and whom it certified."""

    name: str = "测试签发机构"

    @cached_property
    def root_key(self) -> Any:
        return ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def root(self) -> x509.Certificate:
        return self._certificate(self.name, self.root_key.public_key(), ca=True)

    def _certificate(
        self, subject: str, key: Any, *, ca: bool = False, tsa: bool = False
    ) -> x509.Certificate:
        usage = x509.KeyUsage(not ca, not ca, False, False, False, ca, ca, False, False)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name(self.name))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=30))
            .not_valid_after(NOW + timedelta(days=300))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(usage, critical=True)
        )
        if tsa:
            stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(stamping, critical=True)
        return builder.sign(self.root_key, hashes.SHA256())

    @property
    def root_der(self) -> bytes:
        return self.root.public_bytes(Encoding.DER)

    # ── PDF ──

    def signer(self, name: str) -> Any:
        from pyhanko.sign.signers import SimpleSigner
        from pyhanko_certvalidator.registry import SimpleCertificateStore

        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certificate(name, key.public_key())
        return SimpleSigner(
            signing_cert=asn1.Certificate.load(certificate.public_bytes(Encoding.DER)),
            signing_key=_asn1_key(key),
            cert_registry=SimpleCertificateStore.from_certs([]),
        )

    @cached_property
    def stamper(self) -> Any:
        from pyhanko.sign.timestamps import DummyTimeStamper

        key = rsa.generate_private_key(65537, 2048)
        certificate = self._certificate("测试时间戳", key.public_key(), tsa=True)
        data = certificate.public_bytes(Encoding.DER)
        return DummyTimeStamper(asn1.Certificate.load(data), _asn1_key(key), fixed_dt=NOW)

    def pdf(self, *, stamped: bool = False, twice: bool = False) -> bytes:
        data = self.sign(plain_pdf(), "王芳", "One", stamped=stamped)
        return self.sign(data, "李明", "Two") if twice else data

    def sign(self, data: bytes, name: str, field: str, **how: Any) -> bytes:
        """Signed by a person of that name, in a field of its own."""
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

        return self.sign_by(IncrementalPdfFileWriter(io.BytesIO(data)), name, field, **how)

    def sign_by(
        self,
        writer: Any,
        name: str,
        field: str,
        *,
        stamped: bool = False,
        digest: str = "sha256",
        room: int | None = None,
        final: bool = False,
    ) -> bytes:
        """The same of what a writer holds; `room` is that which is kept for the signature.

        Where it is `final`, the signer says that nobody may sign after him.
        """
        from pyhanko.sign import signers
        from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter

        meta = signers.PdfSignatureMetadata(
            field_name=field,
            md_algorithm=digest,
            subfilter=SigSeedSubFilter.PADES,
            certify=final,
            docmdp_permissions=MDPPerm.NO_CHANGES if final else MDPPerm.FILL_FORMS,
        )
        stamper = self.stamper if stamped else None
        made = signers.PdfSigner(meta, signer=self.signer(name), timestamper=stamper)
        out = io.BytesIO()
        asyncio.run(made.async_sign_pdf(writer, output=out, bytes_reserved=room))
        return out.getvalue()

    # ── OFD ──

    def ofd(self, *, extra: bool = False, changed: str = "", forged: bool = False) -> bytes:
        """An OFD with one seal; `changed` names a part that is altered after it was signed."""
        parts = dict(OFD_PARTS)
        listing = _listing(parts)
        value = self.seal(listing, forged=forged)
        if changed:
            parts[changed] += b" "
        if extra:
            parts["Doc_0/Pages/Page_1/Content.xml"] = b"<Page/>"
        if changed == "listing":
            listing = listing.replace(b"2026", b"2025")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
            for name, data in parts.items():
                package.writestr(name, data)
            package.writestr("Doc_0/Signs/Signatures.xml", SIGNATURES)
            package.writestr("Doc_0/Signs/Sign_0/Signature.xml", listing)
            package.writestr("Doc_0/Signs/Sign_0/SignedValue.dat", value)
        return out.getvalue()

    def seal(self, listing: bytes, *, forged: bool = False) -> bytes:
        """A value of GB/T 38540 over a list of parts."""
        secret = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
        point = sm2._times(secret, sm2.G)
        assert point is not None
        certificate = self.sm2_certificate("示例局电子公章", point)
        digest = hashlib.new("sm3", listing).digest()
        inside = [
            core.Integer(4).dump(),
            core.Sequence.load(b"\x30\x00").dump(),
            core.GeneralizedTime(NOW).dump(),
            core.OctetBitString(digest).dump(),
            core.IA5String("/Doc_0/Signs/Sign_0/Signature.xml").dump(),
        ]
        signed = _sequence(inside)
        signature = sm2_sign(secret, point, signed + (b"x" if forged else b""))
        return _sequence(
            [
                signed,
                core.OctetString(certificate).dump(),
                core.ObjectIdentifier(SM2_SM3).dump(),
                core.OctetBitString(signature).dump(),
            ]
        )

    def sm2_certificate(self, name: str, point: tuple[int, int]) -> bytes:
        """A certificate for an SM2 key, signed by the authority's own."""
        made = self._certificate(name, ec.generate_private_key(ec.SECP256R1()).public_key())
        certificate = asn1.Certificate.load(made.public_bytes(Encoding.DER))
        body = certificate["tbs_certificate"]
        public = b"\x04" + b"".join(number.to_bytes(32, "big") for number in point)
        algorithm = _sequence(
            [
                core.ObjectIdentifier("1.2.840.10045.2.1").dump(),
                core.ObjectIdentifier("1.2.156.10197.1.301").dump(),
            ]
        )
        info = _sequence([algorithm, core.OctetBitString(public).dump()])
        body["subject_public_key_info"] = keys.PublicKeyInfo.load(info)
        data = body.dump(force=True)
        signature = self.root_key.sign(data, ec.ECDSA(hashes.SHA256()))
        certificate["tbs_certificate"] = asn1.TbsCertificate.load(data)
        certificate["signature_value"] = signature
        return certificate.dump(force=True)


def sm2_sign(secret: int, point: tuple[int, int], message: bytes) -> bytes:
    """An SM2 signature for tests: its nonce is no secret."""
    e = int.from_bytes(sm2._sm3(sm2.own_digest(point) + message), "big")
    nonce = int.from_bytes(hashlib.sha256(message).digest(), "big") % sm2.N
    place = sm2._times(nonce, sm2.G)
    assert place is not None
    r = (e + place[0]) % sm2.N
    s = pow(1 + secret, -1, sm2.N) * (nonce - r * secret) % sm2.N
    return _sequence([core.Integer(r).dump(), core.Integer(s).dump()])


def _sequence(parts: list[bytes]) -> bytes:
    data = b"".join(parts)
    length = len(data)
    if length < 0x80:
        return b"\x30" + bytes([length]) + data
    size = (length.bit_length() + 7) // 8
    return b"\x30" + bytes([0x80 | size]) + length.to_bytes(size, "big") + data


def _asn1_key(key: Any) -> keys.PrivateKeyInfo:
    data = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert load_der_private_key(data, None)
    return keys.PrivateKeyInfo.load(data)


def plain_pdf(text: str = "Inspection record") -> bytes:
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    page = canvas.Canvas(out, invariant=1)
    page.drawString(72, 720, text)
    page.showPage()
    page.save()
    return out.getvalue()


def revised(data: bytes) -> bytes:
    """A revision appended without a signature: another text on the page."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    stream = generic.StreamObject(stream_data=b"BT (other) Tj ET")
    page["/Contents"] = writer.add_object(stream)
    writer.mark_update(page.container_ref)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


OFD_PARTS = {
    "OFD.xml": f'<ofd:OFD xmlns:ofd="{NS}" DocType="OFD" Version="1.0"><ofd:DocBody><ofd:DocInfo/>'
    "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
    "<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody></ofd:OFD>".encode(),
    "Doc_0/Document.xml": f'<ofd:Document xmlns:ofd="{NS}"><ofd:CommonData/><ofd:Pages>'
    '<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>'.encode(),
    "Doc_0/Pages/Page_0/Content.xml": f'<ofd:Page xmlns:ofd="{NS}"><ofd:Content><ofd:Layer ID="2">'
    '<ofd:TextObject ID="3" Boundary="10 10 100 10"><ofd:TextCode X="0" Y="5">现场检查笔录'
    "</ofd:TextCode></ofd:TextObject></ofd:Layer></ofd:Content></ofd:Page>".encode(),
}
SIGNATURES = (
    f'<ofd:Signatures xmlns:ofd="{NS}"><ofd:MaxSignId>1</ofd:MaxSignId>'
    '<ofd:Signature ID="1" Type="Seal" BaseLoc="Sign_0/Signature.xml"/></ofd:Signatures>'
).encode()


def _listing(parts: dict[str, bytes]) -> bytes:
    lines = "".join(
        f'<ofd:Reference FileRef="/{name}"><ofd:CheckValue>'
        f"{base64.b64encode(hashlib.new('sm3', data).digest()).decode()}"
        "</ofd:CheckValue></ofd:Reference>"
        for name, data in parts.items()
    )
    return (
        f'<ofd:Signature xmlns:ofd="{NS}"><ofd:SignedInfo><ofd:Provider ProviderName="test"/>'
        f"<ofd:SignatureMethod>{SM2_SM3}</ofd:SignatureMethod>"
        "<ofd:SignatureDateTime>20261122040506Z</ofd:SignatureDateTime>"
        f'<ofd:References CheckMethod="{SM3}">{lines}</ofd:References></ofd:SignedInfo>'
        "<ofd:SignedValue>/Doc_0/Signs/Sign_0/SignedValue.dat</ofd:SignedValue></ofd:Signature>"
    ).encode()
