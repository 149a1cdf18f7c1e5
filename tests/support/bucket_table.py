"""The bucket table: what an administrator of the storage does, what the server says, what we say.

    python tests/support/bucket_table.py        # `make bucket`; exit code 1 if a row says NO

Every row begins with an archive that verifies without a finding. `refused` is the server's doing.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bucket_lab import BucketLab, Office
from s3_servers import Weed

from archive.findings import FINDINGS, Outcome
from cli.clock import SystemClock

CREDENTIALS = "the bucket's credentials"
TOOLS = "the server's own tools"
CONTENT, PACK, NOTE = "/content", "packs/", ".note"
_SOON = timedelta(hours=1)


@dataclass(frozen=True)
class Attack:
    """`codes` is what verification must say; empty where the server has to refuse it."""

    name: str
    mode: str
    do: Callable[[Office], object]
    codes: frozenset[str] = frozenset()
    who: str = CREDENTIALS


@dataclass(frozen=True)
class Row:
    """What came of one attack."""

    attack: Attack
    answer: str
    exit_code: int
    found: dict[str, list[str]]

    @property
    def good(self) -> bool:
        """Refused and nothing found, or done and all of it found."""
        refused = self.answer != "done"
        if not self.attack.codes:
            return refused and not self.found
        told = all(FINDINGS[code].outcome is Outcome.INFO for code in self.found)
        passed = self.exit_code == 0
        return not refused and self.attack.codes <= set(self.found) and passed is told


ATTACKS: list[Attack] = []


def attack(
    name: str, mode: str, *codes: str, who: str = CREDENTIALS
) -> Callable[[Callable[[Office], object]], Callable[[Office], object]]:
    """Put a function into the table."""

    def add(do: Callable[[Office], object]) -> Callable[[Office], object]:
        ATTACKS.append(Attack(name, mode, do, frozenset(codes), who))
        return do

    return add


def _now() -> datetime:
    """The server's locks are made and judged by the real time."""
    return SystemClock().now()


def _retention(mode: str, until: datetime) -> dict[str, Any]:
    return {"Retention": {"Mode": mode, "RetainUntilDate": until}}


# ── what locks stop ──


@attack("delete a locked version, with bypass", "compliance")
def _delete(office: Office) -> None:
    office.admin.delete_object(**office.one(CONTENT), BypassGovernanceRetention=True)


@attack("shorten the lock, with bypass", "compliance")
def _shorten(office: Office) -> None:
    office.admin.put_object_retention(
        **office.one(CONTENT),
        **_retention("COMPLIANCE", _now() + _SOON),
        BypassGovernanceRetention=True,
    )


@attack("change compliance into governance", "compliance")
def _weaken(office: Office) -> None:
    office.admin.put_object_retention(
        **office.one(CONTENT),
        **_retention("GOVERNANCE", _now() + timedelta(days=4000)),
        BypassGovernanceRetention=True,
    )


@attack("suspend versioning", "compliance")
def _suspend(office: Office) -> None:
    office.admin.put_bucket_versioning(
        Bucket=office.bucket, VersioningConfiguration={"Status": "Suspended"}
    )


@attack("delete the bucket", "compliance")
def _delete_bucket(office: Office) -> None:
    office.admin.delete_bucket(Bucket=office.bucket)


# ── what locks do not stop ──


@attack("overwrite a record", "compliance", "VERSION_EXTRA")
def _overwrite(office: Office) -> None:
    key = office.one(CONTENT)["Key"]
    office.admin.put_object(Bucket=office.bucket, Key=key, Body=b"forged")


@attack("a new version of a pack, locked", "compliance", "VERSION_EXTRA")
def _new_version(office: Office) -> None:
    key = office.one(PACK)["Key"]
    office.admin.put_object(
        Bucket=office.bucket,
        Key=key,
        Body=b"forged",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=_now() + _SOON,
    )


@attack("copy a record over itself", "compliance", "VERSION_EXTRA")
def _copy_over(office: Office) -> None:
    source = office.one(CONTENT)
    office.admin.copy_object(
        Bucket=office.bucket,
        Key=source["Key"],
        CopySource=source,
        MetadataDirective="REPLACE",
    )


@attack("copy one record over another", "compliance", "VERSION_EXTRA")
def _copy_other(office: Office) -> None:
    key = office.one("record.json")["Key"]
    office.admin.copy_object(Bucket=office.bucket, Key=key, CopySource=office.one(CONTENT))


@attack("hide a record by a delete marker", "compliance", "OBJECT_HIDDEN")
def _hide(office: Office) -> None:
    office.admin.delete_object(Bucket=office.bucket, Key=office.one(CONTENT)["Key"])


@attack("hide a seal by a delete marker", "compliance", "OBJECT_HIDDEN")
def _hide_seal(office: Office) -> None:
    office.admin.delete_object(Bucket=office.bucket, Key=office.one(NOTE)["Key"])


@attack("take a legal hold away", "compliance", "LEGAL_HOLD_MISSING")
def _lift(office: Office) -> None:
    office.admin.put_object_legal_hold(**office.one(NOTE), LegalHold={"Status": "OFF"})


@attack("put a legal hold on a record", "compliance", "LEGAL_HOLD_UNEXPECTED")
def _hold(office: Office) -> None:
    office.admin.put_object_legal_hold(**office.one(CONTENT), LegalHold={"Status": "ON"})


@attack("plant an object among the records", "compliance", "OBJECT_UNEXPECTED")
def _plant(office: Office) -> None:
    office.admin.put_object(Bucket=office.bucket, Key="records/zz/planted", Body=b"x")


@attack("plant an object where nothing is", "compliance", "OBJECT_UNEXPECTED")
def _plant_aside(office: Office) -> None:
    office.admin.put_object(Bucket=office.bucket, Key="aside/planted", Body=b"x")


@attack("a rule that expires objects", "compliance", "BUCKET_LIFECYCLE", "BUCKET_CHANGED")
def _expire(office: Office) -> None:
    rule = {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    office.admin.put_bucket_lifecycle_configuration(
        Bucket=office.bucket, LifecycleConfiguration={"Rules": [rule]}
    )


@attack("a rule that removes older versions", "compliance", "BUCKET_LIFECYCLE")
def _expire_versions(office: Office) -> None:
    rule = {
        "ID": "tidy",
        "Status": "Enabled",
        "Filter": {"Prefix": "records/"},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    office.admin.put_bucket_lifecycle_configuration(
        Bucket=office.bucket, LifecycleConfiguration={"Rules": [rule]}
    )


@attack("open the bucket to everybody", "compliance", "BUCKET_PUBLIC", "BUCKET_CHANGED")
def _open(office: Office) -> None:
    policy = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",'
        f'"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::{office.bucket}/*"]}}]}}'
    )
    office.admin.put_bucket_policy(Bucket=office.bucket, Policy=policy)


@attack("set another default retention", "compliance", "BUCKET_CHANGED")
def _default(office: Office) -> None:
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    office.admin.put_object_lock_configuration(
        Bucket=office.bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
    )


# ── governance: whoever may bypass it ──


@attack("delete a record, with bypass", "governance", "CONTENT_MISSING")
def _governance_delete(office: Office) -> None:
    office.admin.delete_object(**office.one(CONTENT), BypassGovernanceRetention=True)


@attack("shorten the lock, with bypass", "governance", "LOCK_SHORT")
def _governance_shorten(office: Office) -> None:
    office.admin.put_object_retention(
        **office.one(CONTENT),
        **_retention("GOVERNANCE", _now() + _SOON),
        BypassGovernanceRetention=True,
    )


@attack("delete and write another in its place", "governance", "CONTENT_ALTERED")
def _governance_replace(office: Office) -> None:
    target = office.one(CONTENT)
    old = office.admin.head_object(**target)
    office.admin.delete_object(**target, BypassGovernanceRetention=True)
    office.admin.put_object(
        Bucket=office.bucket,
        Key=target["Key"],
        Body=b"f" * old["ContentLength"],
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=old["ObjectLockRetainUntilDate"],
    )


@attack("the same bytes again, without a lock", "governance", "LOCK_MISSING")
def _governance_unlocked(office: Office) -> None:
    target = office.one(CONTENT)
    data = office.admin.get_object(**target)["Body"].read()
    office.admin.delete_object(**target, BypassGovernanceRetention=True)
    office.admin.put_object(Bucket=office.bucket, Key=target["Key"], Body=data)


# ── past S3 ──


@attack("flip one bit on the server's disk", "compliance", "STORE_UNREADABLE", who=TOOLS)
def _flip(office: Office) -> None:
    data = office.admin.get_object(**office.one(CONTENT))["Body"].read()
    part = data[1000:1064]
    for path in office.volumes():
        stored = path.read_bytes()
        at = stored.find(part)
        if at >= 0:
            with path.open("r+b") as file:
                file.seek(at)
                file.write(bytes([part[0] ^ 1]))
            return
    raise AssertionError("the bytes of the record are not in the server's files")


@attack("delete a record in the server's shell", "compliance", "CONTENT_MISSING", who=TOOLS)
def _shell_record(office: Office) -> None:
    _remove(office, office.one(CONTENT)["Key"])


@attack("delete a pack in the server's shell", "compliance", "PACK_MISSING", who=TOOLS)
def _shell_pack(office: Office) -> None:
    _remove(office, office.one(PACK)["Key"])


@attack("delete a seal in the server's shell", "compliance", "SEAL_MISSING", who=TOOLS)
def _shell_seal(office: Office) -> None:
    _remove(office, office.one(NOTE)["Key"])


def _remove(office: Office, key: str) -> None:
    office.shell(f"fs.rm -r /buckets/{office.bucket}/{key}.versions")
    assert not [v for v in office.versions(key) if v["Key"] == key], "the shell removed nothing"


# ── the table ──


def run(lab: BucketLab, one: Attack) -> Row:
    """One attack on a fresh copy, and what verification says then."""
    from botocore.exceptions import ClientError

    office = lab.copy(one.mode)
    answer = "done"
    try:
        one.do(office)
    except ClientError as error:
        answer = f"refused, {error.response['Error']['Code']}"
    verdict = lab.verify(office)
    return Row(one, answer, verdict.exit_code, verdict.found)


def clean(lab: BucketLab) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """What verification says of untouched archives, and of untouched copies."""
    for mode in ("compliance", "governance"):
        yield mode, lab.verify(lab.base(mode)).found
        yield f"{mode}, copied", lab.verify(lab.copy(mode)).found


def _table(lines: Sequence[Sequence[str]]) -> None:
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    for number, line in enumerate(lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def main() -> int:
    """Print the table."""
    from directory_attacks import rows as folder_rows

    with tempfile.TemporaryDirectory(prefix="cunzheng-bucket-") as name:
        folder = Path(name)
        server = Weed(folder / "weed").start()
        try:
            lab = BucketLab(folder, server)
            lines = [("attack", "by", "mode", "server", "verify --storage", "exit", "noticed")]
            good = True
            for what, found in clean(lab):
                good = good and not found
                lines.append(("nothing", "", what, "", ", ".join(found) or "–", "0", "–"))
            done = [run(lab, one) for one in ATTACKS]
            for row in [*done, *folder_rows(folder)]:
                good = good and row.good
                cells = (row.attack.name, row.attack.who, row.attack.mode, row.answer)
                codes = ", ".join(sorted(row.found)) or "–"
                seen = "yes" if row.good and row.attack.codes else "–" if row.good else "NO"
                lines.append((*cells, codes, str(row.exit_code), seen))
            _table(lines)
        finally:
            server.stop()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
