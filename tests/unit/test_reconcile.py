"""Access logs against the ledger: parsing of hostile lines, and what explains what."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive import layout
from archive.cause import PRODUCT
from archive.oversight.events import Place
from archive.oversight.lines import Line
from archive.oversight.reconcile.known import Known
from archive.oversight.reconcile.logs import read_log
from archive.oversight.reconcile.request import Act, Request, Unreadable
from archive.oversight.reconcile.run import Finding, Result, Scope, reconcile

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
LOG = "main-2026"
ONE, TWO, THREE = (f"01KAN000000000000000000{n}AA" for n in (1, 2, 3))
PACK = layout.pack_key(layout.pack_id(LOG, 3, "6m"), AT)
DETAIL = "01KAN0000000000000000D1AA1"
DISPOSITION = "01KAN0000000000000000D2AA1"


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def entry(index: int, kind: str, seconds: float, **parts: Any) -> Line:
    value = {
        "at": later(seconds).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "kind": kind,
        "subject": parts.pop("subject", None),
        "body": parts,
    }
    return Line(Place(LOG, index), value)


def signed(index: int, kind: str, seconds: float, **payload: Any) -> Line:
    statement = {"statement": {"payload": payload}}
    return entry(index, kind, seconds, statements=[statement])


LEDGER = [
    entry(0, "record.accessioned", 0, subject=ONE),
    entry(1, "record.accessioned", 0, subject=TWO),
    entry(
        3,
        "record.accessioned",
        0,
        subject=THREE,
        size=10,
        pack={"description": 5, "id": layout.pack_id(LOG, 3, "6m"), "offset": 60, "sidecar": None},
    ),
    entry(4, "source.registered", 0, detail_id=DETAIL, detail="sha256:00"),
    signed(10, "access.started", 1000, access="01A", record=ONE),
    entry(11, "access.completed", 1100, access="01A", bytes=5),
    signed(12, "access.started", 1000, access="01B", record=THREE),
    entry(13, "access.concealed", 1000, access="01C"),
    signed(20, "disposition.proposed", 2000, disposition=DISPOSITION, records=[TWO]),
    signed(21, "disposition.executed", 3000, disposition=DISPOSITION),
]


@pytest.fixture
def known() -> Known:
    made = Known(":memory:")
    made.take(LEDGER)
    return made


def request(
    cause: str,
    act: Act = Act.READ,
    key: str | None = None,
    seconds: float = 1050,
    **changed: Any,
) -> Request:
    values: dict[str, Any] = {
        "source": "log:1",
        "at": later(seconds),
        "bucket": "evidence",
        "who": "ingest",
        "address": "10.0.0.1",
        "operation": act.value,
        "status": 200,
        "sent": 5,
        **changed,
    }
    return Request(act=act, key=key or layout.content_key(ONE), cause=cause, **values)


def judged(known: Known, *items: Request | Unreadable) -> tuple[list[str], Result]:
    found: list[Finding] = []
    result = reconcile(known, Scope({"evidence": ""}), items, found.append)
    return [finding.code for finding in found], result


ACCESS = f"entry:{LOG}:10"
CONTENT_TWO = layout.content_key(TWO)


class TestWhatExplains:
    @pytest.mark.parametrize(
        ("item", "work"),
        [
            (request(ACCESS), "release"),
            (request(ACCESS, key=layout.record_key(ONE)), "release"),
            (request(ACCESS, key="log/main-2026/tile/0/000"), "release"),
            (request(ACCESS, seconds=995), "release"),
            (request(f"entry:{LOG}:12", key=PACK), "release"),
            (request(f"entry:{LOG}:13", key=CONTENT_TWO), "release"),
            (request("ingest", Act.WRITE, makes=True, seconds=1), "ingest"),
            (request("ingest", Act.READ, seconds=2), "ingest"),
            (request("ingest", Act.WRITE, PACK, 1, makes=True), "ingest"),
            (request("ingest", Act.WRITE, layout.detail_key(DETAIL), 1), "ingest"),
            (request("ingest", Act.LOOK), "ingest"),
            (request("verify"), "verify"),
            (request("replica"), "replica"),
            (request("rebuild"), "rebuild"),
            (request("probe", Act.DELETE, "probe/X/plain"), "probe"),
            (request(f"keep:{ONE}", Act.LOCK), "keep"),
            (request(f"destroy:{DISPOSITION}", Act.DELETE, CONTENT_TWO, 3001), "destroy"),
            (request("work", key=layout.detail_key(DETAIL)), "work"),
            (request("work", key=layout.record_key(ONE)), "work"),
        ],
    )
    def test_lawful(self, known: Known, item: Request, work: str) -> None:
        codes, result = judged(known, item)
        assert (codes, dict(result.work)) == ([], {(work, "ingest"): 1})

    @pytest.mark.parametrize(
        ("item", "code"),
        [
            (request(""), "NO_CAUSE"),
            (request("", Act.WRITE), "NO_CAUSE"),
            (request("", Act.DELETE, status=403), "NO_CAUSE"),
            (request("", Act.LOCK), "NO_CAUSE"),
            (request("", Act.SETTING), "NO_CAUSE"),
            (request("holiday"), "CAUSE_UNKNOWN"),
            (request(f"entry:{LOG}:999"), "CAUSE_UNKNOWN"),
            (request(f"entry:{LOG}:0"), "CAUSE_UNKNOWN"),
            (request("entry:main-2025:10"), "CAUSE_UNKNOWN"),
            (request("entry"), "CAUSE_UNKNOWN"),
            (request(ACCESS, key=CONTENT_TWO), "CAUSE_OTHER_RECORD"),
            (request(ACCESS, key=PACK), "CAUSE_OTHER_RECORD"),
            (request(ACCESS, key=layout.detail_key(DETAIL)), "CAUSE_OTHER_RECORD"),
            (request(ACCESS, seconds=900), "CAUSE_OTHER_TIME"),
            (request(ACCESS, seconds=1200), "CAUSE_OTHER_TIME"),
            (request(ACCESS, Act.WRITE), "CAUSE_OTHER_ACT"),
            (request("ingest", Act.READ, seconds=8000), "CAUSE_OTHER_TIME"),
            (request("ingest", Act.WRITE, seconds=-60), "CAUSE_OTHER_TIME"),
            (request("ingest", Act.WRITE, "records/ZZ/planted"), "KEY_UNKNOWN"),
            (request("ingest", Act.DELETE), "CAUSE_OTHER_ACT"),
            (request("ingest", Act.SETTING), "CAUSE_OTHER_ACT"),
            (request("verify", Act.WRITE), "CAUSE_OTHER_ACT"),
            (request("replica", Act.LOCK), "CAUSE_OTHER_ACT"),
            (request("probe", Act.READ), "CAUSE_OTHER_ACT"),
            (request(f"keep:{ONE}", Act.READ), "CAUSE_OTHER_ACT"),
            (request(f"keep:{ONE}", Act.LOCK, "records/ZZ/planted"), "KEY_UNKNOWN"),
            (request(f"destroy:{DISPOSITION}", Act.DELETE, seconds=3001), "CAUSE_OTHER_RECORD"),
            (
                request(f"destroy:{DISPOSITION}", Act.DELETE, CONTENT_TWO, 2500),
                "CAUSE_OTHER_TIME",
            ),
            (request("destroy:01NONE", Act.DELETE, CONTENT_TWO, 3001), "CAUSE_OTHER_RECORD"),
            (request("work"), "CAUSE_OTHER_ACT"),
            (request("work", Act.DELETE), "CAUSE_OTHER_ACT"),
        ],
    )
    def test_unlawful_or_forged(self, known: Known, item: Request, code: str) -> None:
        codes, result = judged(known, item)
        assert (codes, result.findings) == ([code], 1)

    def test_a_concealed_access_is_one_record_only(self, known: Known) -> None:
        concealed = f"entry:{LOG}:13"
        codes, _ = judged(
            known,
            request(concealed, key=layout.content_key(ONE)),
            request(concealed, key=layout.record_key(ONE)),
            request(concealed, key=CONTENT_TWO),
        )
        assert codes == ["CAUSE_OTHER_RECORD"]

    def test_an_object_is_made_once(self, known: Known) -> None:
        again = request("ingest", Act.WRITE, makes=True, seconds=4)
        refused = request("ingest", Act.WRITE, makes=True, seconds=3, status=412)
        codes, _ = judged(known, refused, again, refused, again)
        assert codes == ["WRITTEN_AGAIN"]

    def test_a_read_back_follows_a_late_write(self, known: Known) -> None:
        written = request("ingest", Act.WRITE, makes=True, seconds=90_000)
        codes, _ = judged(known, written, request("ingest", seconds=90_010))
        assert codes == []

    def test_looking_without_a_cause_is_counted(self, known: Known) -> None:
        codes, result = judged(known, request("", Act.LOOK, who="somebody"))
        assert (codes, dict(result.work)) == ([], {("look", "somebody"): 1})

    def test_other_buckets_are_none_of_it(self, known: Known) -> None:
        codes, result = judged(known, request("", bucket="other"))
        assert (codes, result.foreign, result.requests) == ([], 1, 0)

    def test_accesses_that_the_log_does_not_show(self, known: Known) -> None:
        _, result = judged(known, request("verify", seconds=0), request("verify", seconds=5000))
        assert result.unseen == 3
        _, result = judged(known, request(ACCESS), request("verify", seconds=5000))
        assert result.unseen == 0, "the span begins with the first request"


def aws_line(
    key: str = "records/AA/X/content", agent: str = f"boto3 {PRODUCT}/verify", **changed: str
) -> str:
    parts = {
        "time": "[22/Nov/2026:12:00:01 +0800]",
        "op": "REST.GET.OBJECT",
        "uri": f"GET /evidence/{key}?versionId=v1 HTTP/1.1",
        "status": "200",
        **changed,
    }
    return (
        f"79a5 evidence {parts['time']} 192.0.2.3 arn:x 3E57 {parts['op']} {key}"
        f' "{parts["uri"]}" {parts["status"]} - 113 5 7 6 "-" "{agent}" v1 s9lz SigV4 -'
    )


def ceph_entry(**changed: Any) -> dict[str, Any]:
    return {
        "bucket": "evidence",
        "time": "2026-11-22T04:00:01.000000Z",
        "remote_addr": "127.0.0.1",
        "user": "archive",
        "operation": "get_obj",
        "uri": "GET /evidence/records/AA/X/content?versionId=a?versionId=a HTTP/1.1",
        "http_status": "200",
        "bytes_sent": 5,
        "user_agent": f"boto3 {PRODUCT}/verify",
        **changed,
    }


def parsed(tmp_path: Path, text: str | bytes, name: str = "log") -> list[Request | Unreadable]:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_log(path))


class TestAws:
    def test_a_line(self, tmp_path: Path) -> None:
        (found,) = parsed(tmp_path, aws_line() + "\n")
        assert isinstance(found, Request)
        assert (found.bucket, found.key, found.act) == (
            "evidence",
            "records/AA/X/content",
            Act.READ,
        )
        assert (found.at, found.who, found.address) == (later(1), "arn:x", "192.0.2.3")
        assert (found.status, found.sent, found.cause) == (200, 113, "verify")

    @pytest.mark.parametrize(
        ("operation", "uri", "act"),
        [
            ("REST.HEAD.OBJECT", "HEAD /evidence/k HTTP/1.1", Act.LOOK),
            ("REST.PUT.OBJECT", "PUT /evidence/k HTTP/1.1", Act.WRITE),
            ("REST.PUT.OBJECT_LOCK_RETENTION", "PUT /evidence/k?retention HTTP/1.1", Act.LOCK),
            (
                "REST.PUT.OBJECT_LOCK_LEGALHOLD",
                "PUT /evidence/k?legal-hold&versionId=1 HTTP/1.1",
                Act.LOCK,
            ),
            ("REST.DELETE.OBJECT", "DELETE /evidence/k?versionId=1 HTTP/1.1", Act.DELETE),
            ("REST.DELETE.UPLOAD", "DELETE /evidence/k?uploadId=1 HTTP/1.1", Act.WRITE),
            ("REST.PUT.ACL", "PUT /evidence/k?acl HTTP/1.1", Act.SETTING),
            ("REST.COPY.OBJECT_GET", "-", Act.READ),
            ("BATCH.DELETE.OBJECT", "-", Act.DELETE),
            ("S3.EXPIRE.OBJECT", "-", Act.DELETE),
            ("S3.CREATE.DELETEMARKER", "-", Act.DELETE),
        ],
    )
    def test_acts(self, tmp_path: Path, operation: str, uri: str, act: Act) -> None:
        (found,) = parsed(tmp_path, aws_line("k", op=operation, uri=uri))
        assert isinstance(found, Request)
        assert found.act is act

    @pytest.mark.parametrize(
        ("uri", "act"),
        [
            ("PUT /evidence?lifecycle HTTP/1.1", Act.SETTING),
            ("PUT /evidence?object-lock HTTP/1.1", Act.SETTING),
            ("POST /evidence?delete HTTP/1.1", Act.DELETE),
            ("GET /evidence?versions HTTP/1.1", Act.LOOK),
        ],
    )
    def test_acts_on_the_bucket(self, tmp_path: Path, uri: str, act: Act) -> None:
        (found,) = parsed(tmp_path, aws_line("-", op="REST.X.Y", uri=uri))
        assert isinstance(found, Request)
        assert (found.act, found.key) == (act, None)

    @pytest.mark.parametrize(
        "line",
        [
            "nonsense",
            aws_line()[:60],
            aws_line(time="[yesterday]"),
            aws_line(time="[32/Nov/2026:12:00:01 +0800]"),
            aws_line(time="[22/Nov/2026:12:00:01 +9999]").replace("2026", "0000"),
            "\x00\x01\x02" * 100,
            '"' * 5000,
            "[" * 5000,
        ],
    )
    def test_hostile_lines_are_findings(self, tmp_path: Path, known: Known, line: str) -> None:
        items = parsed(tmp_path, f"{aws_line()}\n{line}\n{aws_line()}\n")
        assert [isinstance(item, Unreadable) for item in items] == [False, True, False]
        codes, _ = judged(known, *items)
        assert codes == ["LINE_UNREADABLE"]

    def test_a_line_without_end_is_cut_up(self, tmp_path: Path) -> None:
        items = parsed(tmp_path, "x" * (3 << 20))
        assert [isinstance(item, Unreadable) for item in items] == [True, True, True]

    def test_gzip_and_foreign_bytes(self, tmp_path: Path) -> None:
        data = aws_line(agent="\u2028 é").encode() + b"\xff\xfe\n"
        (found,) = parsed(tmp_path, gzip.compress(data), "log.gz")
        assert isinstance(found, Request)
        assert found.cause == ""

    def test_the_last_cause_counts(self, tmp_path: Path) -> None:
        forged = f"x {PRODUCT}/verify y {PRODUCT}/entry:main-2026:10"
        (found,) = parsed(tmp_path, aws_line(agent=forged))
        assert isinstance(found, Request)
        assert found.cause == "entry:main-2026:10"


class TestCeph:
    def test_as_radosgw_admin_prints_it(self, tmp_path: Path) -> None:
        text = json.dumps(
            {"bucket": "evidence", "log_entries": [ceph_entry(), ceph_entry(user="")]}, indent=4
        )
        first, second = parsed(tmp_path, text)
        assert isinstance(first, Request)
        assert isinstance(second, Request)
        assert (first.key, first.act, first.at) == ("records/AA/X/content", Act.READ, later(1))
        assert (first.cause, first.sent, second.who) == ("verify", 5, "anonymous")

    def test_one_object_a_line(self, tmp_path: Path) -> None:
        lines = "\n".join(json.dumps(ceph_entry(operation=op)) for op in ("get_obj", "put_obj"))
        assert [r.operation for r in parsed(tmp_path, lines) if isinstance(r, Request)] == [
            "get_obj",
            "put_obj",
        ]

    def test_a_text_with_brackets_is_a_text(self, tmp_path: Path) -> None:
        entries = [ceph_entry(user_agent="evil {", referrer="[\n}"), ceph_entry()]
        text = json.dumps({"log_entries": entries}, indent=4)
        assert len(parsed(tmp_path, text)) == 2

    @pytest.mark.parametrize(
        "spoiled",
        [{"time": "then"}, {"http_status": "abc"}, {"bytes_sent": None}, {"uri": None, "time": 5}],
    )
    def test_hostile_entries_are_findings(self, tmp_path: Path, spoiled: dict[str, Any]) -> None:
        text = json.dumps({"log_entries": [ceph_entry(**spoiled), ceph_entry()]}, indent=4)
        bad, good = parsed(tmp_path, text)
        assert isinstance(bad, Unreadable)
        assert isinstance(good, Request)

    def test_a_log_that_breaks_off(self, tmp_path: Path) -> None:
        text = json.dumps({"log_entries": [ceph_entry(), ceph_entry()]}, indent=4)
        *_, last = parsed(tmp_path, text[:-300])
        assert isinstance(last, Unreadable)

    def test_the_bucket_in_the_name_of_the_host(self, tmp_path: Path) -> None:
        (found,) = parsed(tmp_path, json.dumps(ceph_entry(uri="GET /records/AA/X HTTP/1.1")))
        assert isinstance(found, Request)
        assert found.key == "records/AA/X"


AUDIT = """\
type=SYSCALL msg=audit(1795320001.500:7): arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c \
a1=7ffe a2=0 a3=0 items=1 ppid=1 pid=2 auid=0 uid={uid} gid=0 comm="cat" exe="/usr/bin/cat"
type=CWD msg=audit(1795320001.500:7): cwd="/srv/store"
type=PATH msg=audit(1795320001.500:7): item=0 name="{name}" inode=1 nametype=NORMAL
type=PROCTITLE msg=audit(1795320001.500:7): proctitle=636174
"""


class TestFolder:
    def judged(self, known: Known, tmp_path: Path, text: str, **_: Any) -> tuple[list[str], Result]:
        found: list[Finding] = []
        scope = Scope(folder="/srv/store/evidence", owner="990")
        result = reconcile(known, scope, parsed(tmp_path, text), found.append)
        return [finding.code for finding in found], result

    def test_another_account_that_reads(self, known: Known, tmp_path: Path) -> None:
        text = AUDIT.format(uid=1000, name=f"evidence/{layout.content_key(ONE)}")
        codes, result = self.judged(known, tmp_path, text)
        assert (codes, result.requests) == (["NO_CAUSE"], 1)

    def test_the_archives_own_account(self, known: Known, tmp_path: Path) -> None:
        text = AUDIT.format(uid=990, name=f"evidence/{layout.content_key(ONE)}")
        codes, result = self.judged(known, tmp_path, text)
        assert (codes, dict(result.work)) == ([], {("own account", "990"): 1})

    @pytest.mark.parametrize(
        ("syscall", "code"),
        [("87", "CAUSE_OTHER_ACT"), ("90", "CAUSE_OTHER_ACT"), ("9999", "CAUSE_OTHER_ACT")],
    )
    def test_what_the_archive_never_does(
        self, known: Known, tmp_path: Path, syscall: str, code: str
    ) -> None:
        text = AUDIT.format(uid=990, name=f"evidence/{layout.content_key(ONE)}")
        codes, _ = self.judged(known, tmp_path, text.replace("syscall=257", f"syscall={syscall}"))
        assert codes == [code]

    def test_opening_for_writing(self, known: Known, tmp_path: Path) -> None:
        text = AUDIT.format(uid=990, name=f"evidence/{layout.content_key(ONE)}")
        codes, _ = self.judged(known, tmp_path, text.replace("a2=0 ", "a2=241 "))
        assert codes == ["CAUSE_OTHER_ACT"]

    def test_elsewhere_and_nonsense(self, known: Known, tmp_path: Path) -> None:
        text = AUDIT.format(uid=1000, name="/etc/passwd") + "type=what is this\n"
        codes, result = self.judged(known, tmp_path, text)
        assert (codes, result.foreign) == (["LINE_UNREADABLE"], 1)


@pytest.mark.parametrize(
    "text",
    [
        b"o b [01/Jan/0001:00:00:00 +2359] 1.2.3.4 who R REST.GET.OBJECT k"
        b' "GET /b/k HTTP/1.1" 200 - 1 1 1 1 "-" "agent" -\n',
        b"o b [31/Dec/9999:23:59:59 -2359] 1.2.3.4 who R REST.GET.OBJECT k"
        b' "GET /b/k HTTP/1.1" 200 - 1 1 1 1 "-" "agent" -\n',
        b"\x1f\x8b\x08\x00broken",
        gzip.compress(b"line\n" * 1000, mtime=0)[:-9],
        b'{"a":' * 1000,
        b'[{"bucket":"b"}]\n',
        b'{"bucket":"b","operation":"get_obj"},\n',
    ],
)
def test_nothing_of_a_log_is_left_out_in_silence(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(text)
    found = list(read_log(path))
    assert found
    assert isinstance(found[-1], Unreadable)


def test_a_time_without_its_zone_is_none(tmp_path: Path) -> None:
    entry_ = {
        "bucket": "b",
        "time": "2026-11-22T04:00:00",
        "user": "u",
        "operation": "get_obj",
        "uri": "GET /b/k HTTP/1.1",
        "remote_addr": "",
        "http_status": "200",
        "bytes_sent": 1,
        "user_agent": "",
    }
    path = tmp_path / "log"
    path.write_text(json.dumps(entry_) + "\n")
    assert [type(one) for one in read_log(path)] == [Unreadable]
    path.write_text(json.dumps({**entry_, "time": "2026-11-22T04:00:00.1Z"}) + "\n")
    assert [type(one) for one in read_log(path)] == [Request]
