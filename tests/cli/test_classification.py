"""State secrets at the door: nothing of them is kept but a stub, whatever form they have."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from home_copies import settle
from marked_documents import (
    MARKED,
    MENTIONING,
    MORE_MARKED,
    Sample,
    marked_by_name,
    marked_by_sidecar,
    samples,
)

from archive.database import Database
from cli.reporting import Tally
from ingest.overview import look
from ingest.sweep import Noticed

Cli = Any

REFUSED = [
    *samples(MARKED, 1),
    *samples(MORE_MARKED, 2),
    *marked_by_sidecar(3),
    *marked_by_name(4),
]
ACCEPTED = samples(MENTIONING, 5)
BAD = b'{"cunzheng_sidecar": 1, "stage": "?"}'


@pytest.fixture
def fresh(outside: Cli, tmp_path: Path) -> Cli:
    """An empty archive that takes drops at once."""
    cli = type(outside)(tmp_path / "home")
    assert cli("init").code == 0
    change(cli.home, "settle_seconds = 2.0", "settle_seconds = 0.0")
    return cli


def change(home: Path, old: str, new: str) -> None:
    settings = home / "cunzheng.toml"
    text = settings.read_text(encoding="utf-8")
    assert old in text
    settings.write_text(text.replace(old, new), encoding="utf-8")


def traces(sample: Sample, others: bytes) -> Iterator[bytes]:
    """Whatever would show that something of a drop was kept."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        yield sample.token.encode(encoding)
    for part in (sample.data, sample.sidecar):
        if part is None:
            continue
        for algorithm in ("sha256", "md5"):
            digest = hashlib.new(algorithm, part)
            yield from (digest.digest(), digest.hexdigest().encode())
        # Packed parts too: stretches of it that no accepted document has.
        stretches = (part[start : start + 24] for start in range(0, len(part) - 24, 24))
        yield from (some for some in stretches if some not in others and len({*some}) > 8)


def kept(home: Path) -> dict[str, bytes]:
    """Names and bytes of all files of a home but the refused ones."""
    settle()
    paths = (path for path in home.rglob("*") if not path.name.startswith(".refused-"))
    return {
        str(path): os.fsencode(path.relative_to(home)) + b"\n" + path.read_bytes()
        for path in paths
        if path.is_file()
    }


def check_nothing_is_kept(home: Path, refused: Sequence[Sample]) -> None:
    others = b"".join(sample.data for sample in ACCEPTED)
    files = kept(home)
    everything = b"\n".join(files.values())
    for sample in refused:
        for trace in {*traces(sample, others)}:
            if trace in everything:
                where = [path for path, data in files.items() if trace in data]
                raise AssertionError(f"{trace!r} of {sample.name} is in {where}")


def put_aside(folder: Path) -> dict[str, int]:
    """How many files there are of each refused drop."""
    found: dict[str, int] = {}
    for path in folder.rglob(".refused-*"):
        refusal = path.name[len(".refused-") :][:26]
        found[refusal] = found.get(refusal, 0) + 1
    return found


def stubs(cli: Cli) -> list[dict[str, Any]]:
    """Bodies of the entries that tell of refusals, as the ledger's tiles have them."""
    found = []
    for path in (cli.home / "store").rglob("*"):
        if "entries" not in path.parts or not path.is_file():
            continue
        data, at = path.read_bytes(), 0
        while at < len(data):
            size = int.from_bytes(data[at : at + 2], "big")
            entry = json.loads(data[at + 2 : at + 2 + size])
            at += 2 + size
            if entry["kind"] == "drop.rejected" and entry not in found:
                found.append(entry)
    return [entry["body"] for entry in found]


@pytest.mark.parametrize("release", ["purge", "keep"])
def test_marked_documents_are_refused_and_nothing_of_them_is_kept(fresh: Cli, release: str) -> None:
    change(fresh.home, 'release = "purge"', f'release = "{release}"')
    inbox = fresh.home / "inbox/OA"
    for sample in (*REFUSED, *ACCEPTED):
        sample.write(inbox / "收文")
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["refused"]) == (1, len(REFUSED)), done.out + done.err
    assert (done.json["records"], done.json["rejected"]) == (len(ACCEPTED), 0)
    said = done.out + done.err
    assert not any(sample.token in said for sample in REFUSED)
    check_nothing_is_kept(fresh.home, REFUSED)
    with pytest.raises(AssertionError, match="is in"):
        check_nothing_is_kept(fresh.home, ACCEPTED[:1])  # it would be seen
    aside = put_aside(inbox)
    assert len(aside) == len(REFUSED)
    assert sum(aside.values()) == sum(1 + (one.sidecar is not None) for one in REFUSED)
    told = stubs(fresh)
    assert {body["refusal"] for body in told} == aside.keys()
    for body in told:
        left = {key: value for key, value in body.items() if value is not None}
        assert left.keys() == {"code", "received_at", "refusal", "source"}
        assert (body["code"], body["source"]) == ("CLASSIFIED_REFUSED", "OA")
    drops = fresh("status", "--json").json["drops"]
    assert (drops["refused"], drops["waiting"]) == (len(REFUSED), 0)
    names = {item["name"] for item in fresh("search", "--json").json["records"]}
    assert names == {sample.name for sample in ACCEPTED}
    for sample in REFUSED[:3]:
        assert fresh("search", sample.token, "--json").json["records"] == []
    again = fresh("watch", "--once", "--json")
    assert (again.code, again.json["refused"], again.json["known"]) == (0, 0, again.json["known"])
    assert fresh("verify").code == 0


def test_after_a_rebuild_refused_drops_are_not_told_again(fresh: Cli) -> None:
    (sample,) = samples({"txt": MARKED["txt"]}, 23)
    sample.write(fresh.home / "inbox/OA")
    assert fresh("watch", "--once", "--json").json["refused"] == 1
    (fresh.home / "cunzheng.db").unlink()
    assert fresh("rebuild").code == 0
    done = fresh("watch", "--once", "--json")
    assert (done.code, done.json["refused"]) == (0, 0)
    assert len(stubs(fresh)) == 1


def test_by_hand_a_persons_own_file_stays_as_it_is(fresh: Cli, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    refused = [*samples(MARKED, 11)[:3], *marked_by_sidecar(12)[:1]]
    for sample in refused:
        sample.write(mine)
    before = sorted(path.name for path in mine.iterdir())
    done = fresh("ingest", mine, "--source", "hand")
    assert done.code == 1
    assert "refused 4" in done.out
    assert not any(sample.token in done.out + done.err for sample in refused)
    assert sorted(path.name for path in mine.iterdir()) == before
    check_nothing_is_kept(fresh.home, refused)
    again = fresh("ingest", mine, "--source", "hand", "--json")
    assert (again.code, again.json["refused"]) == (1, 4)


def test_what_is_wrong_otherwise_is_refused_and_not_quarantined(fresh: Cli) -> None:
    inbox = fresh.home / "inbox/OA"
    (sample,) = samples({"txt": MARKED["txt"]}, 21)
    bad = Sample(sample.name, sample.data, sample.token, BAD)
    bad.write(inbox)
    done = fresh("watch", "--once", "--json")
    assert (done.json["refused"], done.json["rejected"]) == (1, 0)
    assert [*(fresh.home / "quarantine").iterdir()] == []
    check_nothing_is_kept(fresh.home, [bad])


def test_a_drop_that_cannot_be_renamed_is_told_once(
    fresh: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archive.durable import FileSystem

    real = FileSystem.rename

    def guarded(self: FileSystem, source: Any, target: Any) -> None:
        if b".refused-" in os.fsencode(target):
            raise PermissionError(1, "Operation not permitted")
        real(self, source, target)

    monkeypatch.setattr(FileSystem, "rename", guarded)
    inbox = fresh.home / "inbox/OA"
    (sample,) = samples({"txt": MARKED["txt"]}, 22)
    sample.write(inbox)
    done = fresh("watch", "--once")
    assert done.code == 1
    assert "could not be renamed" in done.out
    assert sample.token not in done.out
    assert [path.name for path in inbox.iterdir()] == [sample.name]
    again = fresh("watch", "--once", "--json")
    assert (again.json["refused"], again.json["known"]) == (0, 1)
    assert fresh("status", "--json").json["drops"]["refused"] == 1
    monkeypatch.undo()
    assert len(stubs(fresh)) == 1


KILL = """
import os, signal, sys
from archive.durable import FileSystem
from archive.database import Database
from cli.main import run

step = sys.argv[1]
rename, sync, write = FileSystem.rename, FileSystem.fsync_directory, Database.write

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def renaming(self, source, target):
    aside = b".refused-" in os.fsencode(target)
    if aside and step == "before rename":
        die()
    rename(self, source, target)
    if aside and (step == "after rename" or step == "after sidecar" and target.endswith(b".1")):
        die()

FileSystem.rename = renaming
if step == "after commit":
    Database.empty_log = lambda self: die()
run(["--home", sys.argv[2], "watch", "--once", "--json"], {})
"""


@pytest.mark.parametrize("step", ["before rename", "after rename", "after sidecar", "after commit"])
def test_a_kill_between_the_steps_keeps_nothing_and_loses_nothing(
    fresh: Cli, step: str, tmp_path: Path
) -> None:
    inbox = fresh.home / "inbox/OA"
    (sample,) = marked_by_sidecar(31)[:1]
    sample.write(inbox)
    script = tmp_path / "kill.py"
    script.write_text(KILL, encoding="utf-8")
    environment = {
        **os.environ,
        "CUNZHENG_PASSPHRASE": "a passphrase for tests",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    killed = subprocess.run(
        [sys.executable, script, step, fresh.home],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = fresh("watch", "--once", "--json")
    told = stubs(fresh)
    aside = put_aside(inbox)
    assert len(told) == 1, told
    assert aside == {told[0]["refusal"]: 2}
    assert sorted(path.name[:9] for path in inbox.iterdir()) == [".refused-"] * 2
    assert sample.token not in done.out + done.err or step == "after rename"
    check_nothing_is_kept(fresh.home, [sample])


def test_a_folder_named_after_a_level(fresh: Cli) -> None:
    sample = Sample("tokenofafolder.txt", b"tokenofafolder\n", "tokenofafolder")
    sample.write(fresh.home / "inbox/OA/机密")
    assert fresh("watch", "--once", "--json").json["refused"] == 1
    check_nothing_is_kept(fresh.home, [sample])


@pytest.mark.parametrize("source", ["机密", "机密★10年 tokenofasource", "SECRET"])
def test_a_source_named_after_a_level_is_registered_without_its_name(
    fresh: Cli, source: str
) -> None:
    sample = Sample("tokenofafile.txt", b"tokenofafile\n", "tokenofafile")
    sample.write(fresh.home / "inbox" / source)
    assert fresh("watch", "--once", "--json").json["refused"] == 1
    (registered,) = fresh("sources", "list", "--json").json["sources"]
    assert registered["name"] == registered["source"] == stubs(fresh)[0]["source"]
    shutil.rmtree(fresh.home / "inbox" / source)
    check_nothing_is_kept(fresh.home, [sample, Sample("", b"", "tokenofasource")])
    if source != "SECRET":
        check_nothing_is_kept(fresh.home, [Sample("", b"", "机密")])


def test_what_is_left_alone_is_told_without_a_marked_name(fresh: Cli, tmp_path: Path) -> None:
    inbox = fresh.home / "inbox/OA"
    inbox.mkdir(parents=True)
    (inbox / "绝密★长期.tokenofalink.pdf").symlink_to("/dev/null")
    os.mkfifo(inbox / "通知-机密-tokenofapipe")
    (inbox / "plain").symlink_to("/dev/null")
    for options in ([], ["--json"], ["--lang", "zh"]):
        told = fresh(*options, "watch", "--once")
        said = told.out + told.err
        assert "tokenof" not in said
        assert said.count(str(inbox)) == 3, said
    assert "不予显示" in said
    mine = tmp_path / "mine"
    mine.mkdir()
    os.mkfifo(mine / "机密.tokenofapipe")
    told = fresh("ingest", mine, "--source", "hand")
    assert (told.code, "a pipe" in told.out, "tokenof" in told.out) == (1, True, False)


@pytest.mark.parametrize("reason", ["no_marker", "unreadable", "path_long", "fault", "passed_over"])
def test_no_reason_tells_a_marked_name(
    reason: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    inbox = tmp_path / "机密" / "inbox"
    tally = Tally(inbox=inbox)
    for name in ("OA/机密★10年.tokenof.txt", "机密/tokenof.txt", "OA/tokenof/绝密"):
        what = "ValueError: tokenof" if name.startswith("机密/") else ""
        tally.noticed(Noticed(os.fsencode(inbox / name), reason, what))
    out = capsys.readouterr().out
    assert (out.count(str(inbox / "OA")), out.count("tokenof")) == (2, 1), out
    assert "tokenof" not in out.splitlines()[1]
    tally.noticed(Noticed(os.fsencode(inbox / "OA/商业秘密-1.docx"), reason))
    assert "商业秘密-1.docx" in capsys.readouterr().out, "the home may stand anywhere"


def test_a_manifest_that_names_a_secret_is_refused_with_it(fresh: Cli) -> None:
    inbox = fresh.home / "inbox/OA"
    sample = Sample("机密★10年.tokenofaplan.bin", b"tokenofaplan\n", "tokenofaplan")
    sample.write(inbox)
    (inbox / "a.txt").write_bytes(b"a harmless text\n")
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(inbox.iterdir())]
    lines = zip(digests, sorted(path.name for path in inbox.iterdir()), strict=True)
    text = "".join(f"{digest}  {name}\n" for digest, name in lines)
    (inbox / "manifest.sha256").write_text(text, encoding="utf-8")
    done = fresh("watch", "--once", "--json")
    assert (done.json["refused"], done.json["records"]) == (2, 1)
    assert fresh("search", sample.token, "--json").json["records"] == []
    check_nothing_is_kept(fresh.home, [sample])


def test_names_that_only_look_refused_are_told_and_make_no_entries(fresh: Cli) -> None:
    """Whoever may drop can neither make entries of refusals nor hide a file by such a name."""
    inbox = fresh.home / "inbox/OA"
    (sample,) = samples({"txt": MARKED["txt"]}, 24)
    sample.write(inbox)
    assert fresh("watch", "--once", "--json").json["refused"] == 1
    (stub,) = stubs(fresh)
    made_up = "01KAN0000000000000000000"
    for number in range(10, 30):
        (inbox / f".refused-{made_up}{number}").write_bytes(b"")
        (inbox / f"rest{number}.json").write_bytes(b'{"cunzheng_sidecar": 1}')
    for name in (".refused-report.mp4", f".refused-{made_up}10.1", f".refused-{made_up}40/a.txt"):
        (inbox / name).parent.mkdir(exist_ok=True)
        (inbox / name).write_bytes(b"evidence")
    copied = fresh.home / "inbox/OB" / f".refused-{stub['refusal']}"
    copied.parent.mkdir()
    copied.write_bytes(b"of another source")
    done = fresh("watch", "--once", "--json")
    assert done.json["refused"] == 0
    assert stubs(fresh) == [stub]
    assert fresh("status", "--json").json["drops"]["refused"] == 2
    database = Database(f"sqlite:///{fresh.home / 'cunzheng.db'}")
    with database.read() as connection:
        later = datetime.fromtimestamp(inbox.stat().st_ctime, UTC) + timedelta(hours=2)
        seen = look(connection, fresh.home, later)
    assert (seen.refused, seen.passed_over) == (2, 23)


def test_a_stub_that_a_crash_left_out_is_made_though_an_id_of_it_is_all_that_is_known(
    fresh: Cli,
) -> None:
    inbox = fresh.home / "inbox/OA"
    inbox.mkdir(parents=True)
    refusals = ["01KAN000000000000000000010", "01KAN000000000000000000011"]
    (fresh.home / "staging/refusals").write_text("\n".join(refusals) + "\n01KAN0", "ascii")
    for refusal in (*refusals, "01KAN000000000000000000012"):
        (inbox / f".refused-{refusal}").write_bytes(b"")
    assert fresh("watch", "--once", "--json").json["refused"] == 2
    assert {body["refusal"] for body in stubs(fresh)} == {*refusals}
