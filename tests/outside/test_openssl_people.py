"""Signatures and certificates of people hold for openssl by the commands of docs/formats.md §11."""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pki_fixture import NOW, Pki, make_pki, serial_of, subject, to_pem
from softhsm import MODULE, PIN, SoftHsm, needs_softhsm

from signing import authority, pkcs11
from signing.errors import SignatureBad
from signing.keys import P256, MemorySigner, Signer
from signing.person_key import make_person_key, make_request, open_person_key
from signing.signatures import check_signature

SIGNED = b'cunzheng statement v1\n{"cunzheng_statement":1,"person":"zhang"}'
LIFE = authority.Validity(NOW - timedelta(hours=1), NOW + timedelta(days=365))
EPOCH = int(NOW.timestamp())
PATH = (
    "openssl verify -CAfile root.pem -untrusted ica.pem -CRLfile crls.pem -crl_check_all "
    f"-attime {EPOCH} -no-CApath -no-CAstore"
)


@pytest.fixture(autouse=True)
def _openssl() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("NOT RUN: needs openssl")


def _run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command.split(), cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )


def _good(folder: Path, command: str) -> str:
    done = _run(folder, command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def certified(pki: Pki, signer: Signer) -> bytes:
    """From a request to a certificate, as enrolment does it."""
    public = authority.read_request(make_request(signer, "zhang"))
    return authority.issue_person_certificate(
        pki.issuing, public, subject("zhang"), pki.serials(), LIFE
    )


def check_with_openssl(folder: Path, certificate: bytes, signature: bytes) -> None:
    """The documented commands; a changed statement must fail."""
    (folder / "HEX.crt").write_bytes(certificate)
    (folder / "signed").write_bytes(SIGNED)
    (folder / "signature").write_bytes(signature)
    key = _good(folder, "openssl x509 -inform DER -in HEX.crt -pubkey -noout")
    (folder / "key.pem").write_text(key)
    verify = "openssl dgst -sha256 -verify key.pem -signature signature signed"
    assert "Verified OK" in _good(folder, verify)
    (folder / "signed").write_bytes(SIGNED.replace(b"zhang", b"zhAng"))
    assert _run(folder, verify).returncode != 0


@pytest.mark.parametrize("kind", ["P-256", "RSA"])
def test_a_statement_by_a_key_file(tmp_path: Path, kind: str) -> None:
    pki = make_pki()
    if kind == "P-256":
        make_person_key(tmp_path / "zhang.key", "x", "zhang")
        signer = open_person_key(str(tmp_path / "zhang.key"), "x").signer
    else:
        signer = MemorySigner(rsa.generate_private_key(65537, 3072))
    check_with_openssl(tmp_path, certified(pki, signer), signer.sign(SIGNED))


def test_keys_and_requests_of_openssl(tmp_path: Path) -> None:
    """What a person makes without us: key, request, PKCS #12 with the certificate we issued."""
    pki = make_pki()
    _good(tmp_path, "openssl ecparam -genkey -name prime256v1 -noout -out open.pem")
    _good(tmp_path, "openssl pkcs8 -topk8 -in open.pem -passout pass:x -out zhang.key")
    _good(tmp_path, "openssl req -new -key zhang.key -passin pass:x -subj /CN=w -out zhang.csr")
    public = authority.read_request((tmp_path / "zhang.csr").read_bytes())
    certificate = authority.issue_person_certificate(pki.issuing, public, subject("zhang"), 5, LIFE)
    (tmp_path / "zhang.crt").write_text(to_pem([certificate, pki.issuing.certificate]))
    for name in ("zhang.p12", "plain.p12"):
        cipher = "-keypbe NONE" if name == "plain.p12" else ""
        _good(
            tmp_path,
            f"openssl pkcs12 -export -inkey zhang.key -passin pass:x -in zhang.crt {cipher} "
            f"-passout pass:x -out {name}",
        )
    for name in ("zhang.key", "zhang.p12"):
        found = open_person_key(str(tmp_path / name), "x")
        assert found.certificate == certificate
        assert found.chain == pki.intermediates
        check_with_openssl(tmp_path, certificate, found.signer.sign(SIGNED))
    with pytest.raises(Exception, match="not encrypted"):
        open_person_key(str(tmp_path / "plain.p12"), "x")


def test_a_signature_of_openssl_is_accepted(tmp_path: Path) -> None:
    pki = make_pki()
    make_person_key(tmp_path / "zhang.key", "x", "zhang")
    certificate = certified(pki, open_person_key(str(tmp_path / "zhang.key"), "x").signer)
    (tmp_path / "signed").write_bytes(SIGNED)
    _good(tmp_path, "openssl dgst -sha256 -sign zhang.key -passin pass:x -out signature signed")
    signature = (tmp_path / "signature").read_bytes()
    check_signature(certificate, SIGNED, signature)
    with pytest.raises(SignatureBad):
        check_signature(certificate, SIGNED + b" ", signature)


def test_a_request_of_ours_is_read_by_openssl(tmp_path: Path) -> None:
    make_person_key(tmp_path / "zhang.key", "x", "zhang")
    text = _good(tmp_path, "openssl req -in zhang.csr -verify -noout -subject")
    assert text.replace(" ", "") == "subject=CN=zhang\n"


@pytest.mark.parametrize("kind", ["P-256", "RSA"])
def test_the_path_of_a_person(tmp_path: Path, kind: str) -> None:
    pki = make_pki()
    strong = rsa.generate_private_key(65537, 2048)
    signer = MemorySigner.generate(P256) if kind == "P-256" else MemorySigner(strong)
    certificate = certified(pki, signer)
    pki.write_pem(tmp_path)
    (tmp_path / "zhang.pem").write_text(to_pem([certificate]))
    _good(tmp_path, f"{PATH} -purpose sslclient -x509_strict zhang.pem")
    assert _run(tmp_path, f"{PATH} -purpose timestampsign zhang.pem").returncode != 0
    line = authority.Revocation(serial_of(certificate), NOW, None, NOW - timedelta(hours=1))
    crl = pki.crl(2, NOW, revoked=[line])
    (tmp_path / "crls.der").write_bytes(crl)
    _good(tmp_path, "openssl crl -inform DER -in crls.der -out new.pem")
    with (tmp_path / "crls.pem").open("a") as file:
        file.write((tmp_path / "new.pem").read_text())
    done = _run(tmp_path, f"{PATH} zhang.pem")
    assert "revoked" in done.stderr + done.stdout


class TestToken:
    pytestmark = needs_softhsm

    @pytest.mark.parametrize("kind", ["EC:prime256v1", "RSA:2048"])
    def test_a_statement_by_a_token(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        hsm = SoftHsm.make(tmp_path / "hsm", f"card-{kind[:2]}")
        monkeypatch.setenv("SOFTHSM2_CONF", hsm.environment["SOFTHSM2_CONF"])
        pkcs11.restart(MODULE)
        signer = open_person_key(hsm.make_key("zhang", kind), PIN).signer
        check_with_openssl(tmp_path, certified(make_pki(), signer), signer.sign(SIGNED))
