"""Copies made for one access: judged from docs/formats.md alone, and by `verify`, alike."""

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

CHECKER = Path(__file__).with_name("checker.py")
if shutil.which("openssl") is None:
    pytest.skip("NOT RUN: needs openssl", allow_module_level=True)
CONTENT = b"packets of a film"
SPAN = {"from": 1000, "to": 2000}
BYTES = {"from": 2, "to": 9}
SUPERVISION = {"capacity": "internal_supervision", "purpose": "supervision"}
COPIES = {"count": 1, "medium": "文件"}
Act = Callable[[Office], None]


def check(made: Builder) -> tuple[int, list[str]]:
    """Exit code and lines of the checker."""
    policy = made.root / "policy.toml"
    policy.write_text(made.policy.to_toml())
    command = [sys.executable, "-I", str(CHECKER), str(made.root), str(policy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    before = datetime.now(UTC) - timedelta(hours=1)  # noqa: TID251
    office = Office(Builder(tmp_path / "archive", make_pki(before)))
    office.staff()
    office.made.accession(CONTENT)
    office.made.accession(b"another record")
    office.made.seal()
    return office


def ask(office: Office, **other: Any) -> str:
    asked = {"action": "excerpt", "segments": [BYTES], "span": SPAN, **SUPERVISION, **other}
    return office.request("du", asked.pop("records", office.made.records[:1]), **asked)


def start(office: Office, request: str, **other: Any) -> str:
    said = {"action": "excerpt", "copies": COPIES, "form": "excerpt", "range": BYTES, "span": SPAN}
    payload = {key: value for key, value in {**said, **other}.items() if value != "none"}
    return office.start("du", request, office.made.records[0], **payload)


def made(office: Office, access: str | None, **other: Any) -> None:
    body = {
        "access": access,
        "digest": "sha256:" + "ab" * 32,
        "key": None,
        "parent": "sha256:" + hashlib.sha256(CONTENT).hexdigest(),
        "range": BYTES,
        "recipe": "excerpt/1",
        "role": "excerpt",
        "size": 700,
        "span": SPAN,
        "tool": None,
        **other,
    }
    body = {key: value for key, value in body.items() if value != "none"}
    record = office.made.records[0]
    office.made.entry("derived.made", "registry", record, body, actor="system/media")


def end(office: Office, access: str, count: int, code: str | None = None) -> None:
    office.end(access, office.made.records[0], count, code)


def begun(office: Office, **other: Any) -> str:
    return start(office, ask(office), **other)


def test_honest_copies_pass_both(office: Office) -> None:
    access = begun(office)
    made(office, access)
    end(office, access, 700)
    failed = begun(office)
    end(office, failed, 0, "COPY_FAILED")
    left = begun(office)
    made(office, left)
    end(office, left, 300, "CONNECTION_LOST")
    whole = {"action": "copy", "segments": None, "span": "none"}
    request = office.request("du", office.made.records[:1], action="copy", **SUPERVISION)
    marked = start(office, request, form="marked", range=None, **{**whole, "segments": "none"})
    made(office, marked, role="marked", range="none", span="none")
    end(office, marked, 700)
    office.made.seal()
    assert check(office.made) == (0, ["PASSED"])
    assert office.made.verify().outcome == "PASSED"


def span_of_two_records(office: Office) -> None:
    ask(office, records=office.made.records[:2])


def span_without_a_form(office: Office) -> None:
    begun(office, form="none")


def wider_span(office: Office) -> None:
    begun(office, span={"from": 999, "to": 2000})


def wider_range(office: Office) -> None:
    begun(office, range={"from": 2, "to": 10})


def whole_for_a_part(office: Office) -> None:
    """A marked copy of everything under a request for some bytes."""
    request = office.request(
        "du", office.made.records[:1], action="excerpt", segments=[BYTES], **SUPERVISION
    )
    start(office, request, form="marked", span="none")


def made_for_nothing(office: Office) -> None:
    made(office, office.made.new_id())


def bytes_of_a_span(office: Office) -> None:
    """The bytes as they are, though a span of time was granted."""
    begun(office, form="none", span="none")


def made_for_a_plain_access(office: Office) -> None:
    request = office.request(
        "du", office.made.records[:1], action="excerpt", segments=[BYTES], **SUPERVISION
    )
    made(office, start(office, request, form="none", span="none"))


def made_twice(office: Office) -> None:
    access = begun(office)
    made(office, access)
    made(office, access)


def made_after_the_end(office: Office) -> None:
    access = begun(office)
    end(office, access, 0, "FAILED")
    made(office, access)


def made_wider(office: Office) -> None:
    made(office, begun(office), range={"from": 1, "to": 9})


def made_longer(office: Office) -> None:
    made(office, begun(office), span={"from": 0, "to": 2000})


def made_of_another(office: Office) -> None:
    made(office, begun(office), parent="sha256:" + hashlib.sha256(b"another record").hexdigest())


def handed_out_unsaid(office: Office) -> None:
    end(office, begun(office), 700)


def left_amid_unsaid(office: Office) -> None:
    end(office, begun(office), 1, "CONNECTION_LOST")


def more_than_was_made(office: Office) -> None:
    access = begun(office)
    made(office, access)
    end(office, access, 701)


def gone_on_with(office: Office) -> None:
    request = office.request("du", office.made.records[:1], action="copy", **SUPERVISION)
    plain = {"action": "copy", "span": "none", "range": None}
    access = start(office, request, form="marked", **plain)
    made(office, access, role="marked", range="none", span="none")
    end(office, access, 3, "CONNECTION_LOST")
    rest = {"form": "none", "range": {"from": 3, "to": len(CONTENT)}}
    start(office, request, resumes=access, **{**plain, **rest})


ATTACKS: tuple[Act, ...] = (
    span_of_two_records,
    span_without_a_form,
    bytes_of_a_span,
    wider_span,
    wider_range,
    whole_for_a_part,
    made_for_nothing,
    made_for_a_plain_access,
    made_twice,
    made_after_the_end,
    made_wider,
    made_longer,
    handed_out_unsaid,
    left_amid_unsaid,
    more_than_was_made,
    gone_on_with,
)


def test_whatever_is_forged_is_found_by_both(office: Office) -> None:
    expected = set()
    for act in ATTACKS:
        act(office)
        expected.add(("ACCESS_UNLAWFUL", office.made.place()))
    office.made.seal()
    result, lines = check(office.made)
    assert (result, lines[-1]) == (1, "FAILED")
    found = {tuple(line.split(":")[0].split()) for line in lines[:-1] if line[:6] != "remark"}
    assert found == expected, found ^ expected
    report = office.made.verify()
    assert {(f.code, f.subject) for f in report.findings} == expected


def test_a_copy_of_another_record(office: Office) -> None:
    """Verification says besides that the parent is not the record's."""
    made_of_another(office)
    place = office.made.place()
    office.made.seal()
    assert f"ACCESS_UNLAWFUL {place}" in check(office.made)[1][0]
    found = {(f.code, f.subject) for f in office.made.verify().findings}
    assert ("ACCESS_UNLAWFUL", place) in found
