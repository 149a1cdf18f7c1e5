"""People whose certificates an outside authority issued: its root in the policy, its lists kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_people import Person, founders
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_der_x509_certificate
from pki_fixture import Pki, crls_to_pem, make_pki, to_pem

from signing import authority
from signing.authority import Subject, Validity

PASSPHRASE = "a passphrase for tests"
WORD = b"wei's passphrase"


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - commands run by the real clock


@pytest.fixture
def pki(now: datetime) -> Pki:
    return make_pki(now)


@pytest.fixture
def home(outside: Any, tmp_path: Path) -> Any:
    cli = type(outside)(tmp_path / "home")
    assert cli("init").code == 0
    return cli


def person_of(cli: Any, pki: Pki, folder: Path, now: datetime) -> Person:
    """A person with an RSA key in a PKCS #12 file, as such authorities hand them out."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    life = Validity(now - timedelta(hours=1), now + timedelta(days=30))
    der = authority.issue_person_certificate(
        pki.issuing, spki, Subject("某市", "魏"), pki.serials(), life
    )
    (folder / "wei.pem").write_text(to_pem([der, *pki.intermediates]))
    data = pkcs12.serialize_key_and_certificates(
        b"wei",
        key,
        load_der_x509_certificate(der),
        None,
        serialization.BestAvailableEncryption(WORD),
    )
    (folder / "wei.p12").write_bytes(data)
    return Person(cli, "wei", folder / "wei.p12", WORD.decode())


def test_an_outside_authority_vouches_for_people(
    home: Any, pki: Pki, tmp_path: Path, now: datetime
) -> None:
    gu, _ = founders(home, home.home, PASSPHRASE)
    wei = person_of(home, pki, tmp_path, now)
    (tmp_path / "lists.pem").write_text(crls_to_pem(pki.crls) + to_pem(pki.intermediates))
    enrol = ("people", "enrol", "wei", "--certificate", tmp_path / "wei.pem", "--unit", "A")
    named = (*enrol, "--role", "handler", "--name", "魏")
    assert gu(*named).code == 4
    assert home("people", "lists", tmp_path / "lists.pem").code == 2

    policy = home.home / "policy.toml"
    root = f'\n[[person_root]]\npem = """\n{to_pem(pki.roots)}"""\n'
    policy.write_text(policy.read_text("utf-8") + root, "utf-8")
    assert gu(*named).code == 4  # nothing says yet that it was not revoked
    done = home("people", "lists", tmp_path / "lists.pem")
    assert done.code == 0, done.err
    done = gu(*named)
    assert done.code == 0, done.err
    done = wei("people", "suspend", "wei", "--reason", "休假")
    assert done.code == 0, done.err
    verified = home("verify", "--json")
    assert verified.code == 0, verified.out


@pytest.mark.parametrize("text", ["", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"])
def test_what_is_no_list_is_not_taken(home: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.pem").write_text(text)
    assert home("people", "lists", tmp_path / "bad.pem").code == 2
    assert home("people", "lists", tmp_path / "nothing.pem").code == 2


def test_a_list_that_is_over_is_not_taken(
    home: Any, pki: Pki, tmp_path: Path, now: datetime
) -> None:
    old = pki.crl(2, now - timedelta(days=3), hours=1, issuer=pki.root)
    (tmp_path / "old.pem").write_text(crls_to_pem([old]))
    done = home("people", "lists", tmp_path / "old.pem")
    assert done.code == 2
    assert "over" in done.err
