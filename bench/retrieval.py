"""Supervised retrieval: from asking to the first byte, alone and 20 at once, and 1 GB released.

    python bench/retrieval.py [--small] [--runs 50] [--folder DIR]

A real `cunzheng serve` with the embedded TSA answers; this process is its client and speaks the
desk protocol. "Asking" begins before the two statements (request and start) are made, and the first
byte comes after both are sealed. The people are of `tests/support`, enrolled by the operations.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from data import MIB, make_b
from people_fixture import KEY_PASSPHRASE, People, add_founders, founder_keys
from run import CUNZHENG, ENVIRONMENT, PASSPHRASE, measure, push_out, syncfs

from archive.statements.make import Author
from cli.parts import office_of
from cli.receiving import Files
from cli.service.client import SocketDesk
from cli.service.signed import packed
from cli.settings import SETTINGS_FILE, Settings
from cli.wiring import Workbench
from signing.digest import Hasher

AT_ONCE = 20
VIEWED = 100_000
DIGESTS = ("sha256", "sm3")
_CASE = "2026-17"


@dataclass
class Office:
    """An archive with a small and a large record in one case, and those who work on the case."""

    home: Path
    keys: Path
    case: str
    small: str
    large: str
    people: People

    @property
    def handlers(self) -> list[Author]:
        """Twenty people who may view what belongs to the case."""
        return [self.people.authors[name] for name in _handlers()]


def _handlers() -> list[str]:
    return [f"handler{number:02d}" for number in range(AT_ONCE)]


def make_office(work: Path, mebibytes: int) -> Office:
    """An archive as `init` makes it, with two records and everybody enrolled; sealed."""
    home, keys = work / "home", work / "keys"
    keys.mkdir()
    small = work / "viewed.txt"
    small.write_bytes((b"a line of a record that is only looked at\n" * 3000)[:VIEWED])
    (large,) = make_b(work / "data", 1, mebibytes).iterdir()
    measure([*CUNZHENG, "--home", home, "init"])
    measure([*CUNZHENG, "--home", home, "ingest", small, large, "--source", "bench"])
    found = measure([*CUNZHENG, "--home", home, "--json", "search"])
    by_size = sorted(json.loads(found.output)["records"], key=lambda item: int(item["size"]))
    records = [str(item["record"]) for item in by_size]
    people, case = _enrol(home, keys, records)
    return Office(home, keys, case, *records, people)


def _enrol(home: Path, keys: Path, records: list[str]) -> tuple[People, str]:
    bench = Workbench(home, Settings.load(home / SETTINGS_FILE), secret=PASSPHRASE)
    people = People(bench.desk("single"), office_of(bench))
    add_founders(people, founder_keys(home, PASSPHRASE))
    for name in _handlers():
        people.enrol(name, "handler")
    people.enrol("legal", "legal_office")
    people.key_file(_handlers()[0], keys)
    case = people.open_case(_CASE, by=people.vouchers[0], handlers=_handlers(), records=records)
    people.seal()
    bench.database.close()
    return people, case


@contextmanager
def served(home: Path) -> Iterator[None]:
    """`cunzheng serve`, from when it answers until it was told to end."""
    command = [*CUNZHENG, "--home", str(home), "serve"]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield
        finally:
            process.send_signal(signal.SIGTERM)


def asking(office: Office, author: Author, record: str, action: str) -> dict[str, Any]:
    """Parameters of a request that is granted by rule together with the start under it."""
    request = author.id()
    asked = {
        "action": action,
        "capacity": "own_case",
        "case": office.case,
        "letter": None,
        "purpose": "case_handling",
        "records": [record],
        "request": request,
        "segments": None,
    }
    words = {"reason": "bench", "behalf": None, "letter_no": None, "task_no": None, "query": None}
    started = starting(author, record, action, request)
    requested = packed(*author.make("access.requested", asked, words))
    return {**started, "requested": requested}


def starting(author: Author, record: str, action: str, request: str) -> dict[str, Any]:
    """Parameters of a start under a request that was granted before."""
    payload = {
        "access": author.id(),
        "action": action,
        "copies": None if action == "view" else {"count": 1, "medium": "file"},
        "range": None,
        "record": record,
        "request": request,
        "resumes": None,
    }
    return {"started": packed(*author.make("access.started", payload)), "confidential": False}


def view(office: Office, author: Author) -> tuple[float, float]:
    """Seconds from asking to the first byte, and until the end of the access is sealed."""
    began = time.perf_counter()
    params = asking(office, author, office.small, "view")
    with SocketDesk(office.home).receive("access.receive", params) as delivery:
        pieces = iter(delivery)
        size = len(next(pieces))
        first = time.perf_counter() - began
        size += sum(len(piece) for piece in pieces)
    if size != VIEWED:
        raise RuntimeError("another record was received")
    return first, time.perf_counter() - began


def view_at_once(office: Office) -> tuple[float, float]:
    """Twenty people ask at the same moment: when the last has a byte, when all are done."""
    gate = threading.Barrier(AT_ONCE + 1)
    found: list[tuple[float, float]] = []

    def one(author: Author) -> None:
        gate.wait()
        found.append(view(office, author))

    threads = [threading.Thread(target=one, args=(author,)) for author in office.handlers]
    for thread in threads:
        thread.start()
    gate.wait()
    for thread in threads:
        thread.join()
    if len(found) != AT_ONCE:
        raise RuntimeError("not everybody received the record")
    return max(first for first, _ in found), max(end for _, end in found)


def grant_copy(office: Office) -> str:
    """A request for copies of the large record, approved; its id."""
    author, desk = office.handlers[0], SocketDesk(office.home)
    made = asking(office, author, office.large, "copy")
    state = desk.call("request.submit", made["requested"])
    for name in ("legal", office.people.vouchers[0]):
        if state["state"] == "granted":
            break
        decision = {
            "request": state["request"],
            "decision": "approve",
            "grant": None,
            "role": "legal_office" if name == "legal" else "archivist",
        }
        signed, detail = office.people.authors[name].make("access.decided", decision)
        state = desk.call("request.decide", packed(signed, detail))
    return str(state["request"])


def release(office: Office, request: str, folder: Path) -> tuple[float, float]:
    """Seconds of a copy to a durable file, both digests of it made; and of the cover sheet."""
    folder.mkdir()
    marks: list[float] = []

    class Marked(Files):
        def _sheet(self, *arguments: Any) -> str | None:
            marks.append(time.perf_counter())
            sheet = super()._sheet(*arguments)
            marks.append(time.perf_counter())
            return sheet

    began = time.perf_counter()
    params = starting(office.handlers[0], office.large, "copy", request)
    with SocketDesk(office.home).receive("access.receive", params) as delivery:
        Marked(folder, DIGESTS, "copy").take(delivery, lambda _: None)
    whole = time.perf_counter() - began
    sheet = marks[1] - marks[0]
    return whole - sheet, sheet


def copy_and_hash(source: Path, target: Path) -> float:
    """Seconds of the plain way: one pass, a thread per digest, synced."""
    began = time.perf_counter()
    hasher = Hasher(DIGESTS, threads=True)
    with source.open("rb", buffering=0) as file, target.open("wb", buffering=0) as copy, hasher:
        while piece := file.read(4 * MIB):
            copy.write(piece)
            hasher.update(piece)
        hasher.finish()
        os.fsync(copy.fileno())
    return time.perf_counter() - began


def as_command(office: Office) -> float:
    """Seconds of `cunzheng fetch` as a whole process, a view."""
    words = ("--purpose", "case_handling", "--reason", "bench", "--case", _CASE)
    key = str(office.keys / f"{_handlers()[0]}.key")
    more = {"CUNZHENG_KEY": key, "CUNZHENG_KEY_PASSPHRASE": KEY_PASSPHRASE}
    command = [*CUNZHENG, "--home", office.home, "fetch", office.small, *words]
    return measure(command, more=more).seconds


def content_of(office: Office, record: str) -> Path:
    return office.home / "store/evidence/records" / record[-2:] / record / "content"


def line(what: str, found: Sequence[float], aim: str = "") -> None:
    """One line of the table, in milliseconds."""
    each = sorted(found)
    median, late = statistics.median(each), each[max(0, -(-len(each) * 95 // 100) - 1)]
    print(
        f"| {what} | {len(each)} | {median * 1000:,.0f} | {late * 1000:,.0f}"
        f" | {each[0] * 1000:,.0f}-{each[-1] * 1000:,.0f} | {aim} |",
        flush=True,
    )


def views(office: Office, runs: int) -> None:
    author = office.handlers[0]
    for _ in range(3):
        view(office, author)
    alone = [view(office, author) for _ in range(runs)]
    line("view of 100 KB, to the first byte", [first for first, _ in alone], "median < 150")
    line("the same, until its end is sealed", [end for _, end in alone])
    together = [view_at_once(office) for _ in range(max(1, runs // 10))]
    line("20 at once, until all have a byte", [first for first, _ in together], "< 1,000")
    line("the same, until all ends are sealed", [end for _, end in together])


def copies(office: Office, work: Path, runs: int) -> None:
    """The large record, released and plainly copied in turn."""
    request, source = grant_copy(office), content_of(office, office.large)
    size = source.stat().st_size
    released, sheets, plain = [], [], []
    for number in range(runs):
        for way in (0, 1):
            push_out(source.parent)
            if way:
                plain.append(copy_and_hash(source, work / "plain"))
                (work / "plain").unlink()
            else:
                seconds, sheet = release(office, request, work / f"copy{number}")
                released.append(seconds)
                sheets.append(sheet)
                shutil.rmtree(work / f"copy{number}")
            syncfs(work)
    name = f"{size / 1e6:,.0f} MB"
    line(f"{name} released to a durable file", released)
    line(f"{name}, plain copy + hash", plain)
    line("cover sheet, apart", sheets)
    share = statistics.median(plain) / statistics.median(released)
    print(f"\n* release : plain copy + hash = {share:.2f} of its rate (aim 0.70)\n")


def measure_all(work: Path, *, small: bool, runs: int) -> None:
    """Build an archive below `work`, measure, and print one table."""
    office = make_office(work, 64 if small else 1024)
    print("\n### Retrieval\n")
    print("| what | runs | median ms | p95 ms | min-max ms | aim |\n|---|---|---|---|---|---|")
    few = max(1, runs // 10)
    with served(office.home):
        views(office, runs)
        line("`cunzheng fetch`, whole, service", [as_command(office) for _ in range(few)])
        copies(office, work, max(1, runs // 16))
    print("| what | runs | median ms | p95 ms | min-max ms | aim |\n|---|---|---|---|---|---|")
    line("`cunzheng fetch`, whole, no service", [as_command(office) for _ in range(few)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a large record of 64 MB")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="cunzheng-bench-", dir=options.folder))
    try:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        measure_all(work, small=options.small, runs=options.runs)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
