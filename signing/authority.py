"""The embedded certificate authority: root, issuing CA, end certificates and CRLs (RFC 5280).

P-256 with SHA-256 throughout; only people's certificates may be for RSA keys too. Serial numbers
and times are passed in; every function returns DER.
The root may be kept offline: it signs the issuing CA and a yearly CRL, nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signing import der
from signing.errors import CertificateBad
from signing.keys import P256, Signer
from signing.signatures import PersonPublicKey, signing_key

_ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))
_MAX_SERIAL_BITS = 159


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a certificate names; text may be Chinese."""

    organization: str
    common_name: str
    country: str = "CN"

    def name(self) -> x509.Name:
        """Return the distinguished name."""
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, self.country),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organization),
                x509.NameAttribute(NameOID.COMMON_NAME, self.common_name),
            ]
        )


@dataclass(frozen=True, slots=True)
class Validity:
    """First and last second of a certificate's life."""

    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA certificate (DER) with the signer that holds its key."""

    certificate: bytes
    signer: Signer

    def parsed(self) -> x509.Certificate:
        """Return the certificate after checking that the key belongs to it."""
        certificate = x509.load_der_x509_certificate(self.certificate)
        if _spki(certificate.public_key()) != self.signer.public_key():
            raise CertificateBad("The issuer's key does not belong to the issuer's certificate.")
        return certificate


@dataclass(frozen=True, slots=True)
class Revocation:
    """One line of a CRL. ``invalidity_date``: from when on the key may have been abused."""

    serial: int
    revoked_at: datetime
    reason: x509.ReasonFlags | None = None
    invalidity_date: datetime | None = None


def create_root(signer: Signer, subject: Subject, serial: int, validity: Validity) -> bytes:
    """Return a self-signed root with path length 1."""
    name = subject.name()
    key = _public_key(signer.public_key())
    builder = _builder(name, name, key, serial, validity)
    builder = _as_authority(builder, path_length=1)
    return _signed_certificate(builder, signer)


def create_issuing(
    issuer: Issuer, public_key: bytes, subject: Subject, serial: int, validity: Validity
) -> bytes:
    """Return an issuing CA's certificate with path length 0; ``public_key`` is DER SPKI."""
    builder = _issued(issuer, public_key, subject, serial, validity)
    return _signed_certificate(_as_authority(builder, path_length=0), issuer.signer)


def issue_sealing_certificate(
    issuer: Issuer, public_key: bytes, subject: Subject, serial: int, validity: Validity
) -> bytes:
    """Return an end certificate for signatures (digitalSignature, nonRepudiation)."""
    builder = _issued(issuer, public_key, subject, serial, validity)
    builder = _as_end_entity(builder, non_repudiation=True)
    return _signed_certificate(builder, issuer.signer)


def issue_tsa_certificate(
    issuer: Issuer, public_key: bytes, subject: Subject, serial: int, validity: Validity
) -> bytes:
    """Return a timestamping certificate: critical sole EKU timeStamping (RFC 3161 2.3)."""
    builder = _issued(issuer, public_key, subject, serial, validity)
    builder = _as_end_entity(builder, non_repudiation=False)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    return _signed_certificate(builder.add_extension(usage, critical=True), issuer.signer)


def issue_person_certificate(
    issuer: Issuer, public_key: bytes, subject: Subject, serial: int, validity: Validity
) -> bytes:
    """Return a person's certificate: for signatures, EKU clientAuth (not critical).

    ``public_key`` is DER SPKI, P-256 or RSA; the common name is the person id, the organization
    the unit. With an EKU it can never stand in for the sealing certificate.
    """
    parent = issuer.parsed()
    key = _person_key(public_key)
    builder = _builder(subject.name(), parent.subject, key, serial, validity)
    builder = builder.add_extension(_authority_key(parent), critical=False)
    builder = _as_end_entity(builder, non_repudiation=True)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return _signed_certificate(builder.add_extension(usage, critical=False), issuer.signer)


def read_request(csr: bytes, person: str | None = None) -> bytes:
    """Return the public key (DER SPKI) of a PKCS #10 request in PEM or DER.

    Its own signature shows who holds the key. With `person` its one common name must be this, so
    that nobody is enrolled with another's key by mistake. Raises CertificateBad.
    """
    try:
        pem = csr.lstrip().startswith(b"-----BEGIN")
        load = x509.load_pem_x509_csr if pem else x509.load_der_x509_csr
        request = load(csr)
        good, key = request.is_signature_valid, request.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateBad("The certificate request cannot be read.") from error
    if not good:
        raise CertificateBad("The signature on the certificate request does not hold.")
    names = [name.value for name in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if person is not None and names != [person]:
        raise CertificateBad(f"The certificate request was not made for {person}.")
    return _der(signing_key(key))


def issue_crl(
    issuer: Issuer,
    *,
    number: int,
    this_update: datetime,
    next_update: datetime,
    revoked: Iterable[Revocation] = (),
) -> bytes:
    """Return a full CRL with cRLNumber and authorityKeyIdentifier (RFC 5280 5.2)."""
    parent = issuer.parsed()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(parent.subject)
        .last_update(this_update)
        .next_update(next_update)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_key(parent), critical=False)
    )
    for line in revoked:
        builder = builder.add_revoked_certificate(_revoked(line))
    scratch = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return _sign_over(scratch.tbs_certlist_bytes, issuer.signer)


def listed(crl: bytes) -> tuple[Revocation, ...]:
    """Return the lines of a CRL (DER) of our own. Raises CertificateBad."""
    try:
        return tuple(_line(entry) for entry in x509.load_der_x509_crl(crl))
    except ValueError as error:
        raise CertificateBad("A CRL cannot be read.") from error


def _line(entry: x509.RevokedCertificate) -> Revocation:
    reason, invalid = None, None
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason
        if isinstance(extension.value, x509.InvalidityDate):
            invalid = extension.value.invalidity_date_utc
    return Revocation(entry.serial_number, entry.revocation_date_utc, reason, invalid)


def _revoked(line: Revocation) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(line.serial)
    builder = builder.revocation_date(line.revoked_at)
    if line.reason is not None:
        builder = builder.add_extension(x509.CRLReason(line.reason), critical=False)
    if line.invalidity_date is not None:
        date = x509.InvalidityDate(line.invalidity_date)
        builder = builder.add_extension(date, critical=False)
    return builder.build()


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: PersonPublicKey,
    serial: int,
    validity: Validity,
) -> x509.CertificateBuilder:
    if not 0 < serial < 1 << _MAX_SERIAL_BITS:
        raise CertificateBad("A serial number is positive and has at most 20 octets.")
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(validity.not_before)
        .not_valid_after(validity.not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _issued(
    issuer: Issuer, public_key: bytes, subject: Subject, serial: int, validity: Validity
) -> x509.CertificateBuilder:
    parent = issuer.parsed()
    builder = _builder(subject.name(), parent.subject, _public_key(public_key), serial, validity)
    return builder.add_extension(_authority_key(parent), critical=False)


def _authority_key(parent: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = parent.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _as_authority(builder: x509.CertificateBuilder, *, path_length: int) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    usage = _usage(key_cert_sign=True, crl_sign=True)
    return builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)


def _as_end_entity(
    builder: x509.CertificateBuilder, *, non_repudiation: bool
) -> x509.CertificateBuilder:
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    usage = _usage(digital_signature=True, content_commitment=non_repudiation)
    return builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _public_key(spki: bytes) -> ec.EllipticCurvePublicKey:
    key = _person_key(spki)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise CertificateBad("The archive's own certificates are issued for P-256 keys only.")
    return key


def _person_key(spki: bytes) -> PersonPublicKey:
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateBad("The public key is not a DER SubjectPublicKeyInfo.") from error
    return signing_key(key)


def _spki(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise CertificateBad("The issuer's certificate has no P-256 key.")
    return _der(key)


def _der(key: PersonPublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _signed_certificate(builder: x509.CertificateBuilder, signer: Signer) -> bytes:
    # The builder signs with private key objects only. A scratch key makes it write the part to be
    # signed, which does not depend on the key; our signer, perhaps a token, then signs that.
    scratch = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return _sign_over(scratch.tbs_certificate_bytes, signer)


def _sign_over(to_be_signed: bytes, signer: Signer) -> bytes:
    if signer.algorithm != P256:
        raise CertificateBad("A certificate authority signs with P-256 keys only.")
    signature = der.tlv(der.BIT_STRING, b"\x00", signer.sign(to_be_signed))
    return der.sequence(to_be_signed, _ECDSA_SHA256, signature)
