"""What an inspector brings along in files: policy, notes, receipts, revocation lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from archive.errors import UsageError
from archive.receipt import MAX_LINE
from archive.verify.known import Kept
from cli.language import say
from cli.output import show_path
from signing.digest import Digest
from signing.trust import TrustPolicy

_LIMIT = 64 << 20
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        exists=True,
        dir_okay=False,
        help=say("What you trust; default: the archive's own copy.", "信任策略；默认为库内副本。"),
    ),
]
"""Whose keys and authorities an inspector trusts; read by `read_policy`."""


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy, the digest of its file, and whether it is the archive's own copy."""

    policy: TrustPolicy
    digest: Digest
    own: bool


def read_policy(named: Path | None, home: Path | None) -> PolicyFile:
    """The policy that was named, else the one in the home; raises UsageError, TrustPolicyError."""
    copy = home / "policy.toml" if home else None
    path = named or copy
    if path is None:
        raise UsageError(
            say(
                "Without an archive's home the policy is named with --policy FILE.",
                "没有存证库目录时，请用 --policy 指定策略文件。",
            )
        )
    data = read_small(path)
    own = copy is not None and copy.exists() and path.samefile(copy)
    return PolicyFile(TrustPolicy.parse(data), Digest.of("sha256", data), own)


def read_small(path: Path) -> bytes:
    """A whole file that cannot be large; raises UsageError."""
    try:
        if path.stat().st_size > _LIMIT:
            raise UsageError(say(f"{show_path(path)} is too large.", f"{show_path(path)} 过大。"))
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            say(
                f"{show_path(path)} cannot be read: {error.strerror}.",
                f"无法读取 {show_path(path)}：{error.strerror}。",
            )
        ) from error


def read_notes(paths: Sequence[Path]) -> list[Kept]:
    """Kept notes with the names of their files."""
    return [(show_path(path), read_small(path)) for path in paths]


def read_receipts(paths: Sequence[Path]) -> Iterator[Kept]:
    """Receipt lines, each named by its file and line; files are read as they are needed."""
    for path in paths:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE + 2):
                number += 1
                if line.strip():
                    yield f"{show_path(path)}:{number}", line


def read_crls(paths: Sequence[Path]) -> list[bytes]:
    """Revocation lists as DER, from DER or PEM files; raises UsageError."""
    # Only needed where an inspector brings a list of his own.
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    found = []
    for path in paths:
        data = read_small(path)
        end = b"-----END X509 CRL-----"
        try:
            if end in data:
                parts = [part + end for part in data.split(end)[:-1]]
                lists = [x509.load_pem_x509_crl(part.lstrip()) for part in parts]
            else:
                lists = [x509.load_der_x509_crl(data)]
        except ValueError:
            name = show_path(path)
            raise UsageError(
                say(f"{name} is not a revocation list (CRL).", f"{name} 不是证书吊销列表。")
            ) from None
        found += [item.public_bytes(Encoding.DER) for item in lists]
    return found
