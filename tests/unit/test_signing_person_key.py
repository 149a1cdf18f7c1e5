"""Key files of people: every form that opens, and everything that is refused."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from pki_fixture import make_pki, subject, to_pem

from signing import person_key
from signing.authority import Validity, issue_person_certificate, read_request
from signing.errors import CertificateBad, KeyLoadError, KeyLocked
from signing.keys import P256, RSA, MemorySigner
from signing.person_key import make_person_key, make_request, open_person_key
from signing.signatures import check_signature

PKI = make_pki()
DATA = b"cunzheng statement v1\n{}"
SECRET = "开门 x"
KEYS = {
    P256: ec.generate_private_key(ec.SECP256R1()),
    RSA: rsa.generate_private_key(65537, 2048),
}
LIFE = Validity(PKI.now, PKI.now + timedelta(days=30))
CERTIFICATES = {
    kind: issue_person_certificate(
        PKI.issuing, MemorySigner(key).public_key(), subject("zhang"), PKI.serials(), LIFE
    )
    for kind, key in KEYS.items()
}


def pem_of(key, secret: str | None = SECRET) -> bytes:
    encryption = (
        serialization.BestAvailableEncryption(secret.encode())
        if secret
        else serialization.NoEncryption()
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def p12_of(key, certificate: bytes | None, secret: str | None = SECRET) -> bytes:
    encryption = (
        serialization.BestAvailableEncryption(secret.encode())
        if secret
        else serialization.NoEncryption()
    )
    own = x509.load_der_x509_certificate(certificate) if certificate else None
    others = [x509.load_der_x509_certificate(PKI.issuing.certificate)]
    return pkcs12.serialize_key_and_certificates(b"zhang", key, own, others, encryption)


@pytest.mark.parametrize("kind", [P256, RSA])
@pytest.mark.parametrize("form", ["one file", "key last", "neighbour", "der neighbour", "p12"])
def test_every_form_opens(tmp_path: Path, kind: str, form: str) -> None:
    key, certificate = KEYS[kind], CERTIFICATES[kind]
    chain = to_pem([certificate, PKI.issuing.certificate]).encode()
    path = tmp_path / ("zhang.p12" if form == "p12" else "zhang.key")
    content = {"one file": pem_of(key) + chain, "key last": chain + pem_of(key)}
    path.write_bytes(p12_of(key, certificate) if form == "p12" else content.get(form, pem_of(key)))
    if form == "neighbour":
        (tmp_path / "zhang.crt").write_bytes(chain)
    if form == "der neighbour":
        (tmp_path / "zhang.crt").write_bytes(certificate)
    found = open_person_key(str(path), SECRET)
    assert found.signer.algorithm == kind
    assert found.certificate == certificate
    assert found.chain == (() if form == "der neighbour" else (PKI.issuing.certificate,))
    check_signature(certificate, DATA, found.signer.sign(DATA))


@pytest.mark.parametrize("name", ["zhang.key", "zhang.p12"])
def test_wrong_passphrase_is_one_sentence_without_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    p12 = p12_of(KEYS[P256], CERTIFICATES[P256])
    path.write_bytes(p12 if name.endswith("p12") else pem_of(KEYS[P256]))
    with pytest.raises(KeyLocked) as caught:
        open_person_key(str(path), "secret-guess")
    assert "secret-guess" not in str(caught.value)
    with pytest.raises(KeyLoadError, match="not empty"):
        open_person_key(str(path), "")


@pytest.mark.parametrize("name", ["zhang.key", "zhang.p12"])
def test_a_key_without_a_passphrase_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    p12 = p12_of(KEYS[P256], CERTIFICATES[P256], None)
    path.write_bytes(p12 if name.endswith("p12") else pem_of(KEYS[P256], None))
    for secret in ("", SECRET):
        with pytest.raises(KeyLoadError, match="encrypted") as caught:
            open_person_key(str(path), secret)
        assert not isinstance(caught.value, KeyLocked)


def test_an_open_key_in_front_of_an_encrypted_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "zhang.key"
    path.write_bytes(pem_of(KEYS[P256], None) + pem_of(KEYS[P256]))
    with pytest.raises(KeyLoadError, match="not an encrypted"):
        open_person_key(str(path), SECRET)


@pytest.mark.parametrize("name", ["none.key", "none.p12", "none.pfx"])
def test_missing_and_damaged_files_are_not_locked(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(KeyLoadError, match="cannot be read"):
        open_person_key(str(path), SECRET)
    path.write_bytes(b"junk")
    with pytest.raises(KeyLoadError, match=r"not a PKCS #12|not an encrypted") as caught:
        open_person_key(str(path), SECRET)
    assert not isinstance(caught.value, KeyLocked)


def test_the_certificate_must_belong_to_the_key(tmp_path: Path) -> None:
    path = tmp_path / "zhang.key"
    path.write_bytes(pem_of(KEYS[P256]) + to_pem([CERTIFICATES[RSA]]).encode())
    with pytest.raises(KeyLoadError, match="does not belong"):
        open_person_key(str(path), SECRET)
    path.write_bytes(pem_of(KEYS[P256]))
    (tmp_path / "zhang.crt").write_bytes(b"junk")
    with pytest.raises(KeyLoadError, match="cannot be read"):
        open_person_key(str(path), SECRET)


def test_other_kinds_of_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "zhang.key"
    path.write_bytes(pem_of(ed25519.Ed25519PrivateKey.generate()))
    with pytest.raises(KeyLoadError, match="Ed25519"):
        open_person_key(str(path), SECRET)
    path.write_bytes(pem_of(ec.generate_private_key(ec.SECP384R1())))
    with pytest.raises(KeyLoadError, match="P-256"):
        open_person_key(str(path), SECRET)


class TestMaking:
    def test_key_and_request(self, tmp_path: Path) -> None:
        request = make_person_key(tmp_path / "zhang.key", SECRET, "zhang")
        assert request == tmp_path / "zhang.csr"
        assert stat.S_IMODE((tmp_path / "zhang.key").stat().st_mode) == 0o600
        found = open_person_key(str(tmp_path / "zhang.key"), SECRET)
        assert found.certificate is None
        assert read_request(request.read_bytes()) == found.signer.public_key()
        with pytest.raises(CertificateBad):
            read_request(request.read_bytes(), "somebody.else")
        parsed = x509.load_pem_x509_csr(request.read_bytes())
        assert parsed.subject.rfc4514_string() == "CN=zhang"

    def test_nothing_is_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "zhang.csr").write_bytes(b"other")
        with pytest.raises(KeyLoadError, match="exists"):
            make_person_key(tmp_path / "zhang.key", SECRET, "zhang")
        assert not (tmp_path / "zhang.key").exists()
        (tmp_path / "wang.key").write_bytes(b"other")
        with pytest.raises(KeyLoadError, match="exists"):
            make_person_key(tmp_path / "wang.key", SECRET, "wang")
        assert (tmp_path / "wang.key").read_bytes() == b"other"
        assert not (tmp_path / "wang.csr").exists()
        with pytest.raises(KeyLoadError, match="exists"):
            make_person_key(tmp_path / "li.csr", SECRET, "li")

    def test_a_request_that_cannot_be_written_leaves_no_key(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise KeyLoadError("full")

        monkeypatch.setattr(person_key, "write_once", fail)
        with pytest.raises(KeyLoadError, match="full"):
            make_person_key(tmp_path / "zhang.key", SECRET, "zhang")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("person", ["", "Zhang", "张", "-a", "a" * 33, "a b", "a\n"])
    def test_the_person_id_has_its_form(self, tmp_path: Path, person: str) -> None:
        with pytest.raises(KeyLoadError, match="person id"):
            make_person_key(tmp_path / "zhang.key", SECRET, person)
        assert not list(tmp_path.iterdir())


class TestRequests:
    @pytest.mark.parametrize("kind", [P256, RSA])
    def test_pem_and_der(self, kind: str) -> None:
        signer = MemorySigner(KEYS[kind])
        pem = make_request(signer, "zhang")
        der = x509.load_pem_x509_csr(pem).public_bytes(serialization.Encoding.DER)
        assert read_request(pem) == read_request(der) == signer.public_key()

    def test_a_forged_request_is_refused(self) -> None:
        """Somebody asks for a certificate over a key that he does not have."""
        theirs = make_request(MemorySigner(KEYS[P256]), "zhang")
        der = x509.load_pem_x509_csr(theirs).public_bytes(serialization.Encoding.DER)
        mine = MemorySigner(ec.generate_private_key(ec.SECP256R1())).public_key()
        forged = der.replace(MemorySigner(KEYS[P256]).public_key(), mine)
        assert forged != der
        with pytest.raises(CertificateBad, match="does not hold"):
            read_request(forged)

    def test_junk_and_other_keys_are_refused(self) -> None:
        for junk in (b"", b"junk", b"-----BEGIN CERTIFICATE REQUEST-----\n", pem_of(KEYS[P256])):
            with pytest.raises(CertificateBad, match="cannot be read"):
                read_request(junk)
        other = ec.generate_private_key(ec.SECP384R1())
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        der = request.sign(other, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        with pytest.raises(CertificateBad, match="P-256"):
            read_request(der)
        with pytest.raises(KeyLoadError, match="P-256"):
            make_request(MemorySigner(ed25519.Ed25519PrivateKey.generate()), "zhang")
