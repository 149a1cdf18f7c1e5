"""Tags of a sidecar: sealed with the record, and heeded wherever sensitivity counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from home_copies import copy_home
from office_cli import OfficeHome, make_office_home

from archive import catalog
from archive.catalog import Query
from archive.desk.finding import find_for
from archive.desk.reading import Reader, sees_record

TAGS = ["minor", "work_secret"]
SIDECAR = '{"cunzheng_sidecar": 1, "case": "2026-17", "tags": ["工作秘密", "minor"]}'
HANDLER = frozenset({"handler"})
"""`sun` is a colleague of the unit, `li` handles the case."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> OfficeHome:
    """A case of two records, one of them tagged."""
    made = make_office_home(tmp_path_factory.mktemp("tags"), b"plain\n")
    folder = made.home / "inbox/camera"
    (folder / "童.txt").write_text("询问未成年人笔录\n问：几岁？\n", encoding="utf-8")
    (folder / "童.txt.json").write_text(SIDECAR, encoding="utf-8")
    (folder / "另.txt").write_text("另一份笔录\n", encoding="utf-8")
    assert made("watch", "--once").code == 0
    return made


def tagged(office: OfficeHome) -> Any:
    (found,) = office("search", "--tag", "minor", "--json").json["records"]
    return found


def fetch(office: OfficeHome, *more: object) -> Any:
    words = ("--case", "2026-17", "--purpose", "case_handling", "--reason", "核对")
    return office("fetch", tagged(office)["record"], *(more or words), person="li")


def test_they_stand_in_the_accession_and_the_record_stands_alone(office: OfficeHome) -> None:
    bodies = office.entries("record.accessioned")
    (body,) = [body for body in bodies if "tags" in body]
    assert body["tags"] == TAGS
    assert "pack" not in body
    assert all("pack" in other for other in bodies if "tags" not in other)
    found = tagged(office)
    assert found["tags"] == TAGS
    assert "minors, work secret" in office("show", found["record"]).text


def test_the_handler_needs_an_approval(office: OfficeHome, tmp_path: Path) -> None:
    denied = fetch(office)
    assert denied.code == 4
    assert "approver.department_head of main" in denied.err
    record = tagged(office)["record"]
    words = ("--case", "2026-17", "--purpose", "case_handling", "--reason", "核对")
    asked = office("request", record, "--action", "view", *words, "--json", person="li")
    request = asked.json["request"]
    key = office.home / "founders/second.key"
    decided = office("decide", request, "approve", "--key", key)
    assert decided.code == 0, decided.err
    assert "几岁" in fetch(office, "--request", request).text
    assert office("verify").code == 0
    copy = OfficeHome(tmp_path / "home", office.keys, b"")
    copy_home(office.home, copy.home)
    (copy.home / "cunzheng.db").unlink()
    assert copy("rebuild").code == 0
    assert tagged(copy)["tags"] == TAGS
    assert fetch(copy).code == 4
    assert copy("verify").code == 0


def test_colleagues_of_the_unit_do_not_see_it(office: OfficeHome) -> None:
    record = tagged(office)["record"]
    assert fetch(office).code == 4  # what claims a case is linked to it before a person acts
    own = Reader(("li",), HANDLER, frozenset({"main"}))
    colleague = Reader(("sun",), HANDLER, frozenset({"main"}))
    bench = office.bench()
    with bench.database.read() as connection:
        for reader, whole in ((own, [True]), (colleague, [])):
            found = find_for(connection, reader, Query(words=("未成年人",)))
            assert [shown for _, shown in found] == whole
        row = catalog.find_record(connection, record)
        plain = catalog.find_record(connection, office.record)
        assert sees_record(connection, own, row)
        assert not sees_record(connection, colleague, row)
        assert sees_record(connection, colleague, plain)
    bench.database.close()
