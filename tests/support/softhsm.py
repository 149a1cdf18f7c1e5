"""A SoftHSM token in a folder of the test, with keys made by OpenSC's pkcs11-tool."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

MODULE = next(
    (
        path
        for path in (
            "/usr/lib/softhsm/libsofthsm2.so",
            "/usr/lib64/softhsm/libsofthsm2.so",
            "/usr/lib64/pkcs11/libsofthsm2.so",
        )
        if Path(path).exists()
    ),
    "",
)
PIN = "1234-口令"
MISSING = not MODULE or not shutil.which("pkcs11-tool") or not shutil.which("softhsm2-util")
needs_softhsm = [
    pytest.mark.full,
    pytest.mark.skipif(MISSING, reason="NOT RUN: needs softhsm2 and opensc (apt)"),
]


@dataclass(frozen=True)
class SoftHsm:
    """One token; its settings file is what SOFTHSM2_CONF names."""

    folder: Path
    label: str

    @classmethod
    def make(cls, folder: Path, label: str = "evid") -> "SoftHsm":
        tokens = folder / "tokens"
        tokens.mkdir(parents=True)
        settings = f"directories.tokendir = {tokens}\nobjectstore.backend = file\n"
        (folder / "softhsm2.conf").write_text(settings)
        made = cls(folder, label)
        pins = ("--so-pin", "12345678", "--pin", PIN)
        made._run("softhsm2-util", "--init-token", "--free", "--label", label, *pins)
        return made

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}

    def make_key(self, label: str, kind: str = "EC:prime256v1", number: str = "01") -> str:
        """Make a key pair on the token; returns its URI."""
        self.tool("--keypairgen", "--key-type", kind, "--label", label, "--id", number)
        return self.uri(label)

    def write_certificate(self, der: bytes, label: str, number: str = "01") -> None:
        path = self.folder / f"{label}.der"
        path.write_bytes(der)
        place = ("--label", label, "--id", number)
        self.tool("--write-object", str(path), "--type", "cert", *place)

    def uri(self, label: str) -> str:
        return f"pkcs11:token={self.label};object={label}?module-path={MODULE}"

    def tool(self, *arguments: str) -> None:
        token = ("--module", MODULE, "--token-label", self.label, "--login", "--pin", PIN)
        self._run("pkcs11-tool", *token, *arguments)

    def _run(self, *command: str) -> None:
        subprocess.run(command, env=self.environment, check=True, capture_output=True)
