"""`cunzheng report`: the documents, and who gets to see what."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from home_copies import copy_home
from office_watched import ACCOUNTS, Watched, make_watched_office

from archive.errors import Denied
from cli.service.operations import Caller, Host, find


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return make_watched_office(tmp_path_factory.mktemp("watched"))


@pytest.fixture
def host(watched: Watched, tmp_path: Path) -> Iterator[Host]:
    """The service's side, without its socket; over a copy, for what it denies is written down."""
    copy_home(watched.office.home, tmp_path / "own")
    bench = replace(watched.office, home=tmp_path / "own").bench()
    yield Host(bench, "service")
    bench.database.close()


def receive(host: Host, person: str, name: str, **params: Any) -> bytes:
    caller = Caller(int(ACCOUNTS[person]), 4000, None)
    with find("receive", name)(host, caller, params) as delivery:
        return b"".join(delivery)


def rows_for(host: Host, person: str) -> list[dict[str, Any]]:
    data = receive(host, person, "report.access", format="json", lang="en")
    return json.loads(data)["rows"]  # type: ignore[no-any-return]


def test_the_register_as_csv_on_stdout(watched: Watched) -> None:
    done = watched.office("report", "access")
    assert done.code == 0, done.err
    rows = list(csv.DictReader(io.StringIO(done.out.decode("utf-8-sig"), newline="")))
    assert [row["Line"] for row in rows if row["Request no."] == watched.own] == [
        "request",
        "access",
        "access",
    ]
    copied = [row for row in rows if row["Request no."] == watched.copied]
    assert copied[0]["Decisions"].endswith("同意")
    assert (copied[1]["Copies"], copied[1]["Medium"]) == ("1", "光盘")
    refused = [row for row in rows if row["Request no."] == watched.refused]
    assert refused[0]["Reason"] == "核对笔录"
    assert refused[0]["Case"] == "2026-17"
    assert [row["Line"] for row in refused] == ["request", "denied"]


def test_filters(watched: Watched) -> None:
    found = watched.office("report", "access", "--person", "sun", "--json").json
    assert {row["person"] for row in found["rows"]} == {"sun"}
    assert watched.office("report", "access", "--since", "2100-01-01", "--json").json["rows"] == []
    bad = watched.office("report", "access", "--purpose", "gossip")
    assert bad.code == 2
    assert "case_handling" in bad.err


@pytest.mark.parametrize("ending", ["csv", "xlsx", "html", "pdf"])
@pytest.mark.parametrize("verb", ["access", "supervision"])
def test_files_in_every_format(watched: Watched, tmp_path: Path, verb: str, ending: str) -> None:
    path = tmp_path / f"out.{ending}"
    done = watched.office("--lang", "zh", "report", verb, "-o", path)
    assert done.code == 0, done.err
    data = path.read_bytes()
    begins = {"pdf": b"%PDF", "xlsx": b"PK", "html": b"<!DOCTYPE", "csv": b"\xef\xbb\xbf"}
    assert data.startswith(begins[ending])
    again = watched.office("report", verb, "-o", path)
    assert again.code == 2
    assert path.read_bytes() == data


def test_a_format_that_is_no_text_needs_a_file(watched: Watched) -> None:
    assert watched.office("report", "access", "--format", "pdf").code == 2


def test_an_ending_that_is_no_format_is_refused(watched: Watched, tmp_path: Path) -> None:
    for name in ("register.docx", "register"):
        done = watched.office("report", "access", "-o", tmp_path / name)
        assert done.code == 2
        assert "--format" in done.err
        assert not list(tmp_path.iterdir())
    done = watched.office("report", "access", "--format", "csv", "-o", tmp_path / "register")
    assert done.code == 0, done.err


def test_statistics(watched: Watched) -> None:
    rows = watched.office("report", "supervision", "--json").json["rows"]
    values = {(row["metric"], row["of"]): row["value"] for row in rows}
    units = {(row["metric"], row["of"]): row["unit"] for row in rows}
    assert values["retrieval_count", None] == 3
    assert values["refused_count", None] == 1
    assert values["abnormal_access_count", "rule: A9"] == 1
    unknown = ("coverage_rate", "see `report completeness`")
    assert (values[unknown], units[unknown]) == (None, "not available")


def test_custody_is_a_folder_that_openssl_can_check(watched: Watched, tmp_path: Path) -> None:
    record = watched.office.record
    done = watched.office("report", "custody", record[:12], "-o", tmp_path, "--json")
    assert done.code == 0, done.err
    folder = tmp_path / f"custody-{record}"
    assert "custody.html" in done.json["files"]
    proofs = sorted(folder.glob("*.tlog-proof"))
    assert len(proofs) >= 12
    policy = watched.office.bench().own_policy
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    roots = dict.fromkeys([*policy.ca_roots, *(tsa.certificate for tsa in policy.tsa_roots)])
    pem = [x509.load_der_x509_certificate(r).public_bytes(Encoding.PEM) for r in roots]
    (folder / "root.pem").write_bytes(b"".join(pem))
    lines = (folder / "README.txt").read_text("utf-8").splitlines()
    script = "\n".join(line[2:] for line in lines if line.startswith(("$ ", "> ")))
    ran = subprocess.run(
        ["bash", "-ec", script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count(" ok\n") == len(proofs)


def test_there_is_no_custody_of_nothing(watched: Watched, tmp_path: Path) -> None:
    done = watched.office("report", "custody", "01KANAZ8Q4V5X1R7Y2T3W6B9CD", "-o", tmp_path)
    assert done.code != 0
    assert list(tmp_path.iterdir()) == []


def test_an_inspector_sees_everything(host: Host) -> None:
    assert {row["person"] for row in rows_for(host, "watcher")} >= {"li", "sun"}


def test_a_head_of_department_sees_his_unit_only(host: Host) -> None:
    assert {row["person"] for row in rows_for(host, "leader")} == {"li", "sun"}
    with pytest.raises(Denied):
        receive(host, "leader", "report.supervision", format="csv", lang="en", unit="elsewhere")
    assert receive(host, "leader", "report.supervision", format="csv", lang="en")


def test_a_handler_sees_only_himself(host: Host) -> None:
    assert rows_for(host, "clerk") == []
    for name, more in (
        ("report.supervision", {}),
        ("report.custody", {"record": "01"}),
    ):
        with pytest.raises(Denied):
            receive(host, "clerk", name, format="csv", lang="en", **more)
    with pytest.raises(Denied):
        receive(host, "clerk", "alerts.list")


def test_an_administrator_sees_no_texts(host: Host) -> None:
    rows = rows_for(host, "machine")
    assert rows
    for row in rows:
        assert not row["name"]
        assert not row["reason"]
        assert "2026-17" not in (row["case"] or "")
        assert "同意" not in (row["approvals"] or "")
    with pytest.raises(Denied):
        receive(host, "machine", "alerts.list")
    with pytest.raises(Denied):
        receive(host, "machine", "report.custody", format="csv", lang="en", record="01")


def test_help_has_an_example(watched: Watched) -> None:
    for verb in ("access", "supervision", "custody"):
        done = watched.office("report", verb, "--help")
        assert "cunzheng report " + verb in done.text.replace("\n", " ")
