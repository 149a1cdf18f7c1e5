"""Volumes of a case, checked by a program that knows only docs/formats.md."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from archive_builder import Builder
from people_office import Office
from pki_fixture import make_pki

from archive.registers.volumes import volume_digest

CHECKER = Path(__file__).with_name("checker.py")
if shutil.which("openssl") is None:
    pytest.skip("NOT RUN: needs openssl", allow_module_level=True)


class Filer(Office):
    """A case of three records, a fourth of no case, and what is said of filing them."""

    def __init__(self, folder: Path) -> None:
        hour_ago = datetime.now(UTC) - timedelta(hours=1)  # noqa: TID251
        super().__init__(Builder(folder, make_pki(hour_ago)))
        self.staff()
        for content in (b"one", b"two", b"three", b"four"):
            self.made.accession(content)
        self.made.seal()
        self.records = dict(
            zip((b"one", b"two", b"three", b"four"), self.made.records, strict=True)
        )
        self.case_id = self.case("A-1", ["chen"])
        self.attach(self.case_id, [self.records[name] for name in (b"one", b"two", b"three")])

    def close(self) -> None:
        payload = {"case": self.case_id, "closed": "2026-11-30", "decided": None}
        self.say("gu", "case.closed", payload, {"reason": "办结"})

    def lines(self, *contents: bytes, **changed: Any) -> list[dict[str, Any]]:
        """A catalogue of these, each with two pages; `changed` is of its last line."""
        made = [
            {
                "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
                "pages": 2,
                "page_from": 2 * number + 1,
                "record": self.records[content],
                "title": content.decode(),
            }
            for number, content in enumerate(contents)
        ]
        return [*made[:-1], {**made[-1], **changed}]

    def file(
        self, lines: list[dict[str, Any]], number: int, code: str, who: Any = "gu", **changed: Any
    ) -> None:
        payload = {
            "case": self.case_id,
            "number": number,
            "ref_code": code,
            "volume": str(volume_digest(lines)),
            **changed,
        }
        self.say(who, "case.filed", payload, {"catalogue": lines, "note": None})

    def handled_by(self, *handlers: str) -> None:
        payload = {
            "case": self.case_id,
            "category": "penalty",
            "handlers": list(handlers),
            "importance": "ordinary",
            "sensitivity": [],
            "unit": "team1",
        }
        self.say("bai", "case.changed", payload, {"reason": "x"})

    def excuse(self, who: Any, *items: str) -> None:
        payload = {"case": self.case_id, "items": list(items)}
        self.say(who, "case.excused", payload, {"reason": "暴雨"})


def check(made: Builder) -> tuple[int, list[str]]:
    """Exit code and lines of the checker."""
    policy = made.root / "policy.toml"
    policy.write_text(made.policy.to_toml())
    command = [sys.executable, "-I", str(CHECKER), str(made.root), str(policy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_a_case_that_was_filed_passes(tmp_path: Path) -> None:
    filer = Filer(tmp_path / "archive")
    filer.excuse("bai", "penalty_scene", "penalty_seal")
    filer.close()
    filer.excuse("fa", "penalty_scene")
    filer.file(filer.lines(b"two", b"one"), 1, "0123-XZ·2-2026-D30-0001")
    filer.file(filer.lines(b"three"), 2, "0123-XZ·2-2026-D30-0002")
    filer.made.seal()
    assert check(filer.made) == (0, ["PASSED"])
    assert filer.made.verify().outcome == "PASSED"


def before(filer: Filer) -> None:
    filer.file(filer.lines(b"one"), 1, "a")


ATTACKS: list[Callable[[Filer], None]] = [
    lambda filer: filer.excuse("du", "x"),
    lambda filer: filer.excuse("zhu", "x"),
    lambda filer: filer.excuse(["bai", "fa"], "x"),
    lambda filer: filer.file(filer.lines(b"one"), 1, "b", "bai"),
    lambda filer: filer.file(filer.lines(b"one"), 1, "b", ["gu", "fa"]),
    lambda filer: filer.file(filer.lines(b"one"), 2, "b"),
    lambda filer: filer.file(filer.lines(b"one"), 1, "b", volume="sha256:" + "00" * 32),
    lambda filer: filer.file(filer.lines(b"one"), 1, "b", case=filer.made.new_id()),
    lambda filer: filer.file(filer.lines(b"one", b"four"), 1, "b"),
    lambda filer: filer.file(filer.lines(b"one", b"one"), 1, "b"),
    lambda filer: filer.file(filer.lines(b"one", digest="sha256:" + "11" * 32), 1, "b"),
    lambda filer: filer.file(filer.lines(b"one", b"two", page_from=2), 1, "b"),
    lambda filer: filer.file(filer.lines(b"one", page_from=0), 1, "b"),
    lambda filer: filer.file(filer.lines(b"one", b"two", pages=0), 1, "b"),
    lambda filer: filer.file(filer.lines(b"one", record=filer.made.new_id()), 1, "b"),
]
AFTERWARDS: list[Callable[[Filer], None]] = [
    lambda filer: filer.file(filer.lines(b"one"), 2, "b"),
    lambda filer: filer.file(filer.lines(b"two"), 1, "b"),
    lambda filer: filer.file(filer.lines(b"two"), 2, "a"),
]


def test_whatever_breaks_a_rule_is_found_by_both(tmp_path: Path) -> None:
    """One after the other in one archive: what breaks a rule changes nothing."""
    filer = Filer(tmp_path / "archive")
    wrong = []

    def attempt(act: Callable[[Filer], None]) -> None:
        act(filer)
        wrong.append(filer.made.place())

    attempt(before)  # the case is not closed
    filer.handled_by("chen", "fa")
    filer.handled_by("chen")
    attempt(lambda filer: filer.excuse("fa", "x"))  # handled it until now
    filer.close()
    for act in ATTACKS:
        attempt(act)
    before(filer)
    for act in AFTERWARDS:
        attempt(act)
    filer.made.seal()
    result, lines = check(filer.made)
    assert (result, lines[-1]) == (1, "FAILED")
    found = {tuple(line.split(":")[0].split()) for line in lines[:-1]}
    report = filer.made.verify()
    assert {(one.code, one.subject) for one in report.findings} == found
    assert {place for _, place in found} == set(wrong)
