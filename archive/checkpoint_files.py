"""The newest seal, as an inspector takes it away: three files, and what checks them.

Kept somewhere else, a checkpoint proves later that nothing before it was changed or taken out.
"""

import base64
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from archive import layout
from archive.database import Database
from archive.errors import NotFound
from archive.ledger import HEAD
from archive.ports import ObjectStore, read_all
from archive.seals import SEAL
from archive.stored_log import NOTE_LIMIT, LogTrust
from signing.note import NoteKey

_PEM_LINE = 64


@dataclass(frozen=True, slots=True)
class NewestSeal:
    """The newest stored seal that has its token. `root` is the tree's root, `vkey` who signed.

    `behind` counts entries that are stored but not covered by it, because newer seals still wait
    for their token.
    """

    log: str
    origin: str
    size: int
    root: bytes
    gen_time: datetime
    vkey: str
    behind: int
    note: bytes
    p7s: bytes
    tst: bytes

    @property
    def name(self) -> str:
        """A folder name that sorts by size."""
        return f"{self.log}-{self.size:016d}"


def newest_seal(database: Database, evidence: ObjectStore, trust: LogTrust) -> NewestSeal:
    """Read it from storage and check all three files; the database says only which it is.

    Raises NotFound before the first seal, ObjectMissing, ContentAltered or a SigningError.
    """
    from signing.cms import verify_detached
    from signing.digest import Digest
    from signing.timestamp import check_token

    query = (
        select(SEAL.c.log, SEAL.c.size, HEAD.c.published)
        .join(HEAD, HEAD.c.log == SEAL.c.log)
        .where(SEAL.c.size <= HEAD.c.published, SEAL.c.tst.is_not(None))
        .order_by(HEAD.c.year.desc(), SEAL.c.size.desc())
        .limit(1)
    )
    with database.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NotFound("There is no seal with a timestamp yet.")
    note = read_all(evidence, layout.note_key(row.log, row.size), NOTE_LIMIT)
    p7s = read_all(evidence, layout.cms_key(row.log, row.size), NOTE_LIMIT)
    tst = read_all(evidence, layout.token_key(row.log, row.size), NOTE_LIMIT)
    checkpoint = trust.check(row.log, row.size, note)
    verify_detached(p7s, note)
    gen_time = check_token(tst, digest=Digest.of("sha256", p7s)).gen_time
    return NewestSeal(
        log=row.log,
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root,
        gen_time=gen_time,
        vkey=NoteKey(checkpoint.origin, trust.log_key).vkey(),
        behind=row.published - row.size,
        note=note,
        p7s=p7s,
        tst=tst,
    )


def checkpoint_files(
    seal: NewestSeal, evidence: ObjectStore, roots: Sequence[bytes]
) -> dict[str, bytes]:
    """All files to take away, by name; `roots` are DER certificates from the policy."""
    return {
        "checkpoint.note": seal.note,
        "checkpoint.note.p7s": seal.p7s,
        "checkpoint.note.p7s.tst": seal.tst,
        "vkey.txt": f"{seal.vkey}\n".encode(),
        "root.pem": b"".join(_pem(root, "CERTIFICATE") for root in roots),
        "certificates.pem": b"".join(_stored(evidence, ".crt", "CERTIFICATE")),
        "crls.pem": b"".join(_stored(evidence, ".crl", "X509 CRL")),
        "README.txt": openssl_commands(seal).encode(),
    }


def openssl_commands(seal: NewestSeal) -> str:
    """How to check the files with openssl and nothing of ours."""
    return _README.format(
        origin=seal.origin,
        size=seal.size,
        time=seal.gen_time.strftime("%Y-%m-%d %H:%M:%S UTC"),
        epoch=math.ceil(seal.gen_time.timestamp()),
    )


def _stored(evidence: ObjectStore, ending: str, label: str) -> Iterator[bytes]:
    for info in evidence.list("pki/"):
        if info.key.endswith(ending):
            yield _pem(read_all(evidence, info.key, NOTE_LIMIT), label)


def _pem(der: bytes, label: str) -> bytes:
    text = base64.b64encode(der).decode("ascii")
    lines = [text[i : i + _PEM_LINE] for i in range(0, len(text), _PEM_LINE)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


_README = """\
Checkpoint of {origin}
检查点 {origin}

{size} entries, timestamp {time}.
共 {size} 条，时间戳 {time}。

Keep checkpoint.note where the archive's operator cannot reach it. Later
请将 checkpoint.note 保存在存证库运行人员无法触及之处。日后运行

    cunzheng verify --policy policy.toml --known checkpoint.note

proves whether anything that was sealed until then has been changed or taken out.
即可证明此前封存的内容是否被改动或删除。

root.pem comes from the archive's own policy.toml: compare it once with one received another way.
root.pem 取自存证库自带的 policy.toml，请与经其他途径取得的根证书比对一次。

The archive signed the checkpoint / 归档机构签署了检查点

$ openssl cms -verify -binary -inform DER -in checkpoint.note.p7s -content checkpoint.note \\
>   -CAfile root.pem -certfile certificates.pem -purpose any -cades -attime {epoch} -out /dev/null

When it did so at the latest / 签署时间不晚于

$ openssl ts -verify -token_in -in checkpoint.note.p7s.tst -data checkpoint.note.p7s \\
>   -CAfile root.pem -untrusted certificates.pem -attime {epoch}

The certificate was not revoked then / 当时证书未被撤销

$ openssl cms -cmsout -noout -inform DER -in checkpoint.note.p7s -certsout signer.pem
> openssl verify -CAfile root.pem -untrusted certificates.pem -CRLfile crls.pem -crl_check_all \\
>   -attime {epoch} signer.pem
"""
