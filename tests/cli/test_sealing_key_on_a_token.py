"""An archive whose sealing key never leaves its token: init, ingest, verify, and openssl."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from softhsm import PIN, SoftHsm, needs_softhsm

pytestmark = needs_softhsm
PASSPHRASE = "a passphrase for tests"
MAIN = "from cli.main import main; main()"
OPENSSL = (
    "openssl cms -verify -binary -inform DER -in {0}.p7s -content {0} -cades -purpose any "
    "-CAfile {1} -no-CApath -no-CAstore -out /dev/null"
)


class Token:
    """Runs commands as processes of their own, as an office would."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.hsm = SoftHsm.make(folder / "hsm")
        self.uri = self.hsm.make_key("seal")

    def __call__(self, *arguments: object, **environment: str | None):
        given = {
            **self.hsm.environment,
            "CUNZHENG_PASSPHRASE": PASSPHRASE,
            "CUNZHENG_PIN": PIN,
            **environment,
        }
        command = [sys.executable, "-c", MAIN, "--home", self.home, *arguments]
        return subprocess.run(
            [str(part) for part in command],
            env={name: value for name, value in given.items() if value is not None},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Token:
    made = Token(tmp_path_factory.mktemp("token"))
    done = made("init", "--sealing-key", made.uri)
    assert done.returncode == 0, done.stderr
    return made


def test_the_key_is_not_in_the_home(token: Token):
    keys = {path.name for path in (token.home / "keys").iterdir()}
    assert "seal.key" not in keys
    assert {"seal.crt", "log.key", "issuing.key"} <= keys
    settings = (token.home / "cunzheng.toml").read_text(encoding="utf-8")
    assert f'sealing_key = "{token.uri}"' in settings
    assert not [
        path
        for path in token.home.rglob("*")
        if path.is_file() and PIN.encode() in path.read_bytes()
    ]


def test_ingest_verify_and_openssl(token: Token, tmp_path: Path):
    drops = tmp_path / "drops"
    drops.mkdir()
    for number in range(3):
        (drops / f"{number}.txt").write_text(f"现场笔录 {number}", encoding="utf-8")
    done = token("ingest", drops, "--source", "hand", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["receipts"] == 3
    checked = token("verify", "--policy", token.home / "policy.toml", CUNZHENG_PIN=None)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "PASSED" in checked.stdout
    notes = sorted((token.home / "store/evidence/log").glob("*/seals/*.note"))
    assert len(notes) >= 2
    for note in notes:
        command = OPENSSL.format(note, token.home / "keys" / "root.crt").split()
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_without_its_pin_nothing_is_sealed(token: Token, tmp_path: Path):
    (tmp_path / "a.txt").write_text("a")
    for environment, words in (
        ({"CUNZHENG_PIN": None}, "CUNZHENG_PIN"),
        ({"CUNZHENG_PIN": "secret-guess"}, "PIN does not open"),
        ({"SOFTHSM2_CONF": os.devnull}, "token"),
    ):
        done = token("ingest", tmp_path / "a.txt", "--source", "hand", **environment)
        assert done.returncode == 2, done.stdout + done.stderr
        assert words in done.stderr
        assert "secret-guess" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_the_pin_comes_from_a_file_or_a_credential(token: Token, tmp_path: Path):
    (tmp_path / "cunzheng.pin").write_text(f"{PIN}\n", encoding="utf-8")
    for number, environment in enumerate(
        (
            {"CUNZHENG_PIN_FILE": str(tmp_path / "cunzheng.pin")},
            {"CREDENTIALS_DIRECTORY": str(tmp_path)},
        )
    ):
        drop = tmp_path / f"{number}.txt"
        drop.write_text(f"credential {number}")
        done = token("ingest", drop, "--source", "hand", CUNZHENG_PIN=None, **environment)
        assert done.returncode == 0, done.stderr


def test_init_with_a_wrong_pin_leaves_nothing(token: Token, tmp_path: Path):
    for uri, environment in (
        (token.uri, {"CUNZHENG_PIN": "wrong"}),
        (token.uri.replace("object=seal", "object=none"), {}),
        ("pkcs11:token=evid", {}),
        ("file:/keys", {}),
    ):
        other = Token.__new__(Token)
        other.home, other.hsm = tmp_path / "home", token.hsm
        done = other("init", "--sealing-key", uri, **environment)
        assert done.returncode == 2, done.stderr
        assert not other.home.exists() or not list(other.home.iterdir())


def test_an_rsa_key_does_not_seal(token: Token, tmp_path: Path):
    other = Token.__new__(Token)
    other.home, other.hsm = tmp_path / "home", token.hsm
    uri = token.hsm.make_key("rsa", "RSA:2048", "02")
    done = other("init", "--sealing-key", uri)
    assert done.returncode == 2
    assert "another kind" in done.stderr
