"""About forty drops as devices and officers leave them, the same for the same seed.

    python tests/support/demo_drops.py DIR        # makes DIR/<source>/…

Besides ordinary documents, pictures and sound there is one of each special case: a GBK file name,
UTF-16, a re-drop, an empty file, a claimed digest that differs, a bad sidecar, one marked 机密.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any, Literal

from demo_media import pdf, photo, sound
from demo_texts import CASES, KINDS, Case, document, stage_of

Expect = Literal["record", "redrop", "quarantined", "refused"]

SHANGHAI = timezone(timedelta(hours=8))
FIRST_DAY = datetime(2026, 10, 12, 9, 0, tzinfo=SHANGHAI)
TERMINALS = ("ZFZD-0031", "ZFZD-0032", "ZFZD-0033")
RECORDER = "DSJ-0012345"
OFFICE = "office-scan"


@dataclass(frozen=True)
class Drop:
    """One file to be dropped; `name` is as os.fsdecode gives it, UTF-8 or not."""

    source: str
    folder: str
    name: str
    content: bytes
    at: datetime
    expect: Expect = "record"
    claims: dict[str, Any] | None = None
    special: str = ""

    def path(self, inbox: Path) -> Path:
        """Where the drop goes below an inbox."""
        return inbox / self.source / self.folder / self.name


@dataclass(frozen=True)
class DropSummary:
    """What was written: how many drops of each expectation, and the special ones by name."""

    files: int
    sidecars: int
    size: int
    expected: dict[Expect, int]
    special: dict[str, Path] = field(default_factory=dict)

    @property
    def drops(self) -> int:
        """Files that are not sidecars."""
        return self.files - self.sidecars


def _claims(case: Case, stage: str, start: datetime, **more: object) -> dict[str, Any]:
    return {
        "case": case.number,
        "category": case.category,
        "stage": stage,
        "officers": [
            {"name": name, "number": f"DL{6000 + 7 * n + len(case.party)}"}
            for n, name in enumerate(case.officers)
        ],
        "unit": case.unit,
        "subject": case.party,
        "place": case.address,
        "capture_start": start.isoformat(),
        "capture_end": (start + timedelta(minutes=40)).isoformat(),
        **more,
    }


def _texts() -> Iterator[Drop]:
    """The documents of every case; every third one is GBK, every fourth has a sidecar."""
    number = 0
    for position, case in enumerate(CASES):
        kinds = [kind for kind in KINDS if case.amount or "处罚" not in kind]
        for page, kind in enumerate(kinds, start=1):
            at = FIRST_DAY + timedelta(days=9 * position + page, minutes=7 * page)
            text, number = document(kind, case, at, page), number + 1
            yield Drop(
                TERMINALS[position],
                f"{at:%Y%m%d}",
                f"{kind}_{case.number}.txt",
                text.encode("gbk" if number % 3 == 0 else "utf-8"),
                at,
                claims=_claims(case, stage_of(kind), at) if number % 4 == 0 else None,
            )


def _json_records() -> Iterator[Drop]:
    for number in range(3):
        at = FIRST_DAY + timedelta(days=number, hours=2)
        value = {
            "设备": RECORDER,
            "领用人": CASES[number].officers[0],
            "领用时间": at.isoformat(),
            "电量": 96 - number,
            "系统时间已核对": True,
            "用途": f"现场检查：{CASES[number].party}",
        }
        content = json.dumps(value, ensure_ascii=False, indent=1).encode()
        yield Drop(RECORDER, "", f"执法记录仪领用登记_{number + 1}.json", content, at)


def _media(random: Random) -> Iterator[Drop]:
    folder = f"{FIRST_DAY:%Y%m%d}"
    for number in range(5):
        at = FIRST_DAY + timedelta(minutes=11 * number)
        name = f"{RECORDER}_{at:%Y%m%d%H%M%S}_{number:04}.jpg"
        content = photo(random, f"{RECORDER} {at.isoformat()}")
        claims = _claims(CASES[0], "investigate", at, device=RECORDER) if number < 2 else None
        yield Drop(RECORDER, folder, name, content, at, claims=claims)
    at = FIRST_DAY + timedelta(hours=3)
    yield Drop(
        RECORDER,
        folder,
        f"{RECORDER}_{at:%Y%m%d%H%M%S}_询问录音.wav",
        sound(random),
        at,
        claims=_claims(CASES[0], "investigate", at),
    )
    lines = ["TEST REPORT No. SJ-2026-0417", "Sample: packaged food, 24 pieces", "Result: expired"]
    yield Drop(OFFICE, "", "检验报告_SJ-2026-0417.pdf", pdf(lines), at + timedelta(days=2))


def _special(random: Random) -> Iterator[Drop]:
    at = FIRST_DAY + timedelta(days=4)
    case = CASES[1]
    text = document("现场检查笔录", case, at, 1)
    gbk_name = os.fsdecode("送达回证（扫描）.txt".encode("gbk"))
    yield Drop(
        OFFICE,
        "",
        gbk_name,
        document("送达回证", case, at, 2).encode("gbk"),
        at,
        special="gbk_name",
    )
    utf16 = text.replace("第 1 页", "第 1 页（记事本另存）").encode("utf-16")
    yield Drop(OFFICE, "", "现场检查笔录_记事本.txt", utf16, at, special="utf16")
    yield Drop(OFFICE, "", "空白录音说明.txt", b"", at, special="empty")
    wrong = hashlib.sha256(b"what the device hashed before the transfer").hexdigest()
    yield Drop(
        RECORDER,
        "20261016",
        "传输中断补传.jpg",
        photo(random, f"{RECORDER} retransmitted"),
        at,
        claims=_claims(case, "investigate", at, sha256=wrong),
        special="claimed_digest_differs",
    )
    yield Drop(
        OFFICE,
        "",
        "阶段写错的询问笔录.txt",
        document("询问笔录", case, at, 3).encode(),
        at,
        expect="quarantined",
        claims=_claims(case, "已经办完了", at),
        special="bad_sidecar",
    )
    yield Drop(
        OFFICE,
        "",
        "不应投放的材料.txt",
        "本文件带有密级标志，不得进入本系统。\n".encode(),
        at,
        expect="refused",
        claims=_claims(case, "investigate", at, classification="机密"),
        special="classified",
    )


def plan(seed: int = 1) -> list[Drop]:
    """All drops of a seed; the re-drop stands last, in another folder of the same source."""
    random = Random(seed)
    drops = [*_texts(), *_json_records(), *_media(random), *_special(random)]
    first = next(drop for drop in drops if drop.name.endswith(".jpg") and drop.claims is None)
    again = Drop(
        first.source, "20261013", first.name, first.content, first.at, "redrop", special="redrop"
    )
    return [*drops, again]


def _write(path: Path, content: bytes, at: datetime) -> None:
    """Write beside and rename, so that a running watcher never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.utime(part, (at.timestamp(), at.timestamp()))
    part.rename(path)


def make_drops(inbox: Path, seed: int = 1) -> DropSummary:
    """Write the drops of a seed below `inbox`."""
    return write_drops(inbox, plan(seed))


def write_drops(inbox: Path, drops: Sequence[Drop]) -> DropSummary:
    """Write these drops below `inbox`, each sidecar before its file."""
    sidecars = size = 0
    expected: dict[Expect, int] = {"record": 0, "redrop": 0, "quarantined": 0, "refused": 0}
    for drop in drops:
        path = drop.path(inbox)
        if drop.claims is not None:
            sidecar = {"cunzheng_sidecar": 1, **drop.claims}
            content = json.dumps(sidecar, ensure_ascii=False, indent=1).encode()
            _write(path.with_name(path.name + ".json"), content, drop.at)
            sidecars, size = sidecars + 1, size + len(content)
        _write(path, drop.content, drop.at)
        size += len(drop.content)
        expected[drop.expect] += 1
    special = {drop.special: drop.path(inbox) for drop in drops if drop.special}
    return DropSummary(len(drops) + sidecars, sidecars, size, expected, special)


def main() -> int:
    """Make the drops in the folder named on the command line."""
    if len(sys.argv) not in (2, 3):
        print("usage: demo_drops.py DIR [SEED]", file=sys.stderr)
        return 2
    summary = make_drops(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else 1)
    print(f"{summary.drops} drops, {summary.sidecars} sidecars, {summary.size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
