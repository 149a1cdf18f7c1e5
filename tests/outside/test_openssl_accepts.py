"""Seals and tokens hold for openssl with nothing of ours installed, by the documented commands."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pki_fixture import NOW, POLICY_OID, Pki, crls_to_pem, make_pki, serial_of, to_pem

from signing import authority
from signing.cms import sign_detached
from signing.digest import Digest
from signing.timestamp import build_request, read_response

CMS = "openssl cms -verify -binary -inform DER -in n.p7s -content n -certfile ica.pem -purpose any"
TOKEN = "openssl ts -verify -token_in -in n.tst -CAfile root.pem -untrusted ica.pem"
NOTE = "cunzheng.local/01kan/main-2026\n512\n存证\n".encode()
EPOCH = str(int(NOW.timestamp()))


@pytest.fixture(autouse=True)
def _openssl() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("NOT RUN: needs openssl")


@pytest.fixture
def sealed(tmp_path: Path) -> tuple[Path, Pki]:
    pki = make_pki(leaf_days=1)
    seal = sign_detached(NOTE, pki.sealing_signer, pki.sealing_certificate, pki.intermediates, NOW)
    token = pki.embedded_authority(lambda: NOW).timestamp(Digest.of("sha256", seal))
    pki.write_pem(tmp_path)
    (tmp_path / "n").write_bytes(NOTE)
    (tmp_path / "n.p7s").write_bytes(seal)
    (tmp_path / "n.tst").write_bytes(token)
    return tmp_path, pki


def _run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command.split(), cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )


def _good(folder: Path, command: str) -> None:
    done = _run(folder, command)
    assert done.returncode == 0, done.stderr


def _bad(folder: Path, command: str, words: str) -> None:
    done = _run(folder, command)
    assert done.returncode != 0
    assert words in done.stderr + done.stdout


def test_seal(sealed: tuple[Path, Pki]) -> None:
    folder, _ = sealed
    _good(folder, f"{CMS} -CAfile root.pem -cades -attime {EPOCH} -out /dev/null")


def test_seal_with_crls(sealed: tuple[Path, Pki]) -> None:
    folder, pki = sealed
    command = f"{CMS} -CAfile trust.pem -cades -crl_check_all -attime {EPOCH} -out /dev/null"
    _good(folder, command)
    line = authority.Revocation(serial_of(pki.sealing_certificate), NOW - timedelta(minutes=5))
    crl = pki.crl(2, NOW - timedelta(minutes=1), revoked=[line])
    trust = to_pem(pki.roots) + crls_to_pem([pki.root_crl, crl])
    (folder / "trust.pem").write_text(trust)
    _bad(folder, command, "certificate revoked")


def test_seal_certificates_with_crls(sealed: tuple[Path, Pki]) -> None:
    folder, _ = sealed
    _good(folder, "openssl cms -cmsout -noout -inform DER -in n.p7s -certsout certs.pem")
    _good(
        folder,
        "openssl verify -CAfile root.pem -untrusted certs.pem -CRLfile crls.pem -crl_check_all "
        f"-attime {EPOCH} certs.pem",
    )


def test_altered_note(sealed: tuple[Path, Pki]) -> None:
    folder, _ = sealed
    (folder / "n").write_bytes(NOTE.replace(b"512", b"513"))
    _bad(
        folder,
        f"{CMS} -CAfile root.pem -cades -attime {EPOCH} -out /dev/null",
        "content verify error",
    )


def test_token(sealed: tuple[Path, Pki]) -> None:
    folder, _ = sealed
    _good(folder, f"{TOKEN} -data n.p7s -attime {EPOCH}")
    later = int((NOW + timedelta(days=10)).timestamp())
    _bad(folder, f"{TOKEN} -data n.p7s -attime {later}", "expired")
    _bad(folder, f"{TOKEN} -data n -attime {EPOCH}", "mismatch")


def test_response_to_the_query_of_openssl(sealed: tuple[Path, Pki]) -> None:
    folder, pki = sealed
    _good(folder, "openssl ts -query -data n.p7s -sha256 -cert -out q.tsq")
    query = (folder / "q.tsq").read_bytes()
    (folder / "r.tsr").write_bytes(pki.embedded_authority(lambda: NOW).respond(query))
    _good(
        folder,
        "openssl ts -verify -queryfile q.tsq -in r.tsr -CAfile root.pem -untrusted ica.pem "
        f"-attime {EPOCH}",
    )


def test_our_query_is_read_by_openssl(tmp_path: Path) -> None:
    request = build_request(Digest.of("sha256", b"x"), 0xABCDEF, POLICY_OID)
    (tmp_path / "q.tsq").write_bytes(request)
    done = _run(tmp_path, "openssl ts -query -in q.tsq -text")
    assert "Nonce: 0xABCDEF" in done.stdout
    assert "Certificate required: yes" in done.stdout


def test_token_made_by_openssl_is_accepted(tmp_path: Path) -> None:
    """An authority written by others, with a certificate of ours."""
    pki = make_pki(datetime.now(UTC))  # noqa: TID251 - openssl stamps with the machine's clock
    folder = tmp_path
    pki.write_pem(folder)
    (folder / "tsa.pem").write_text(to_pem([pki.tsa_certificate]))
    from cryptography.hazmat.primitives import serialization as ser

    key = pki.tsa_signer._key.private_bytes(
        ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption()
    )
    (folder / "tsa.key").write_bytes(key)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(
        f"[tsa]\nserial = serial\nsigner_digest = sha256\ndefault_policy = {POLICY_OID}\n"
        "digests = sha256\ness_cert_id_alg = sha256\nsigner_cert = tsa.pem\ncerts = ica.pem\n"
        "signer_key = tsa.key\naccuracy = secs:1\nordering = yes\ntsa_name = yes\n"
        "ess_cert_id_chain = no\n"
    )
    digest = Digest.of("sha256", b"x")
    (folder / "q.tsq").write_bytes(build_request(digest, 99, POLICY_OID))
    command = "openssl ts -reply -config tsa.cnf -section tsa -queryfile q.tsq -out r.tsr"
    _good(folder, command)
    response = (folder / "r.tsr").read_bytes()
    now = pki.now + timedelta(days=1)
    assert read_response(response, digest=digest, nonce=99, policies={POLICY_OID}, now=now)
