"""The commands of a proof bundle's README, run as they stand: nothing of ours is used to check."""

import subprocess
from pathlib import Path

import pytest
from archive_fixture import Accession, Archive, make_archive
from disposal_office import make_office

from archive import layout
from archive.bundle import write_bundle
from archive.errors import ContentAltered, NotFound, Unreachable, UsageError
from archive.proof import proof_bundle
from archive.stored_log import LogTrust

NAMES = [
    "README.txt",
    "certificates.pem",
    "checkpoint.note",
    "checkpoint.note.p7s",
    "checkpoint.note.p7s.tst",
    "crls.pem",
    "entry.json",
    "proof.tlog-proof",
    "record.json",
]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    archive = make_archive(tmp_path)
    archive.seal()
    return archive


def bundle(archive: Archive, record: str) -> dict[str, bytes]:
    return proof_bundle(archive.db, archive.places, LogTrust.of(archive.identity), record)


def written(archive: Archive, made: Accession) -> Path:
    folder = archive.home / "out" / made.record
    write_bundle(archive.fs, folder, bundle(archive, made.record))
    (folder / "CONTENT").write_bytes(made.content)
    root = archive.keyring.folder / "root.crt"
    (folder / "root.pem").write_bytes(root.read_bytes())
    return folder


def commands(folder: Path, count: int = 7) -> list[str]:
    found: list[str] = []
    for line in (folder / "README.txt").read_text().split("\n"):
        if line.startswith("$ "):
            found.append(line[2:])
        elif line.startswith("> "):
            found[-1] += "\n" + line[2:]
    assert len(found) == count
    return found


def outputs(folder: Path, found: list[str] | None = None) -> list[tuple[int, str]]:
    results = []
    for command in found or commands(folder):
        script = ["bash", "-e", "-o", "pipefail", "-c", command]
        done = subprocess.run(script, cwd=folder, capture_output=True, text=True, check=False)
        results.append((done.returncode, done.stdout + done.stderr))
    return results


def agree(text: str) -> bool:
    one, other = text.split()
    return one == other


@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 0), (5, 2), (300, 300), (255, 600)])
def test_readme_commands(archive: Archive, before: int, after: int) -> None:
    archive.heartbeats(before)
    made = archive.accession(b"the content\n", sidecar=b"{}")
    archive.heartbeats(after % 7)
    archive.seal()
    archive.heartbeats(after)
    archive.seal()
    folder = written(archive, made)
    assert sorted(p.name for p in folder.iterdir() if p.name in NAMES) == NAMES
    results = outputs(folder)
    assert [code for code, _ in results] == [0] * 7, results
    readme = (folder / "README.txt").read_text()
    assert results[0][1].split()[0] in readme
    assert results[1][1].split()[0] in readme
    assert agree(results[2][1])
    assert results[3][1] == "same\n"
    assert "Verification successful" in results[4][1]
    assert "Verification: OK" in results[5][1]
    assert "2026" in results[5][1]
    assert "signer.pem: OK" in results[6][1]


def test_readme_commands_notice_changes(archive: Archive) -> None:
    made = archive.accession(b"the content\n")
    archive.heartbeats(3)
    archive.seal()
    folder = written(archive, made)
    entry = folder / "entry.json"
    entry.write_bytes(entry.read_bytes().replace(b"system/ingest", b"system/Ingest"))
    note = folder / "checkpoint.note"
    note.write_bytes(note.read_bytes().replace(b"main-2026\n", b"main-2027\n", 1))
    results = outputs(folder)
    assert not agree(results[2][1])
    assert results[3][0] != 0
    assert results[4][0] != 0


def test_another_root_is_not_accepted(archive: Archive) -> None:
    made = archive.accession(b"the content\n")
    archive.seal()
    folder = written(archive, made)
    other = archive.keyring.folder / "tsa.crt"
    (folder / "root.pem").write_bytes(other.read_bytes())
    assert [outputs(folder)[number][0] != 0 for number in (4, 5, 6)] == [True] * 3


def test_first_seal_with_a_token_is_taken(archive: Archive) -> None:
    made = archive.accession(b"one")
    archive.seal()
    first = archive.head().size
    archive.heartbeats(3)
    archive.seal()
    files = bundle(archive, made.record)
    assert files["checkpoint.note"].split(b"\n")[1] == b"%d" % first
    assert files["proof.tlog-proof"].startswith(b"c2sp.org/tlog-proof@v1\nindex ")
    assert files["proof.tlog-proof"].endswith(b"\n\n" + files["checkpoint.note"])


def test_no_token_yet(archive: Archive) -> None:
    made = archive.accession(b"one")
    archive.seal()
    with archive.db.write() as connection:
        connection.exec_driver_sql("UPDATE seal SET tst = NULL")
    with pytest.raises(Unreachable, match="timestamp"):
        bundle(archive, made.record)


def test_altered_tile_gives_no_bundle(archive: Archive) -> None:
    made = archive.accession(b"one")
    archive.seal()
    for tile in (archive.live / "log/main-2026/tile/0").rglob("*"):
        if tile.is_file():
            tile.chmod(0o644)
            tile.write_bytes(bytes(tile.stat().st_size))
    with pytest.raises(ContentAltered, match="proved"):
        bundle(archive, made.record)


def test_altered_description_gives_no_bundle(archive: Archive) -> None:
    made = archive.accession(b"one")
    archive.seal()
    path = archive.evidence / layout.record_key(made.record)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ContentAltered):
        bundle(archive, made.record)


def test_unknown_record_and_taken_folder(archive: Archive) -> None:
    made = archive.accession(b"one")
    archive.seal()
    with pytest.raises(NotFound):
        bundle(archive, "0" * 26)
    folder = written(archive, made)
    with pytest.raises(UsageError, match="already"):
        write_bundle(archive.fs, folder, {"x": b""})


def test_what_was_destroyed_is_still_proved(tmp_path: Path) -> None:
    """Only the entry is left: whoever kept a copy proves with it that it is the record."""
    office = make_office(tmp_path)
    record = office.keep(b"the content\n")
    office.later(days=11)
    office.destroy([record])
    archive = office.archive
    files = bundle(archive, record)
    assert sorted(files) == [name for name in NAMES if name != "record.json"]
    folder = archive.home / "out" / record
    write_bundle(archive.fs, folder, files)
    (folder / "CONTENT").write_bytes(b"the content\n")
    (folder / "root.pem").write_bytes((archive.keyring.folder / "root.crt").read_bytes())
    found = commands(folder, 6)
    results = outputs(folder, found)
    assert [code for code, _ in results] == [0] * 6, results
    readme = (folder / "README.txt").read_text()
    assert results[0][1].split()[0] in readme
    assert "record.json" not in readme
    assert "已销毁" in readme
    assert agree(results[1][1])
