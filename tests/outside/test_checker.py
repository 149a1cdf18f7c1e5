"""An archive made by the command line, checked by a program that knows only docs/formats.md."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECKER = Path(__file__).with_name("checker.py")
if shutil.which("openssl") is None:
    pytest.skip("NOT RUN: needs openssl", allow_module_level=True)


def cunzheng(home: Path, *words: str) -> None:
    command = [sys.executable, "-c", "from cli.main import main; main()", "--home", str(home)]
    names = ("CUNZHENG_PASSPHRASE", "CUNZHENG_KEY_PASSPHRASE", "CUNZHENG_SECOND_KEY_PASSPHRASE")
    environment = {**os.environ, **dict.fromkeys(names, "pass phrase")}
    done = subprocess.run(
        [*command, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def check(home: Path, *words: str | Path) -> tuple[int, list[str]]:
    """Exit code and lines of the checker."""
    command = [sys.executable, "-I", CHECKER, home / "store", home / "policy.toml", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three batches, 261 records, one content of two pieces, two sidecars, a retrieval.

    All but two records travel in packs.
    """
    home = tmp_path_factory.mktemp("outside") / "home"
    drops = home.parent / "drops"
    (drops / "many").mkdir(parents=True)
    for number in range(256):
        (drops / "many" / f"笔录{number}.txt").write_text(f"第{number}份")
    (drops / "one").mkdir()
    (drops / "one/large.bin").write_bytes(b"video" * 1_000_000)
    (drops / "one/empty.txt").touch()
    for name, text in (("with.txt", "检查"), ("alone.txt", "检查" * 50_000)):
        (drops / "one" / name).write_text(text)
        (drops / "one" / f"{name}.json").write_text('{"cunzheng_sidecar": 1, "case": "7号"}')
    (drops / "one/same.txt").write_text("检查")
    keys = {person: home.parent / f"{person}.key" for person in ("gu", "du")}
    for person, key in keys.items():
        cunzheng(home, "people", "key", person, "-o", str(key))
    founders = (f"gu:archivist:{keys['gu']}", f"du:inspector.internal:{keys['du']}")
    cunzheng(home, "init", "--founder", founders[0], "--founder", founders[1])
    cunzheng(home, "ingest", str(drops / "one"), "--source", "DSJ-1")
    large = next(p for p in home.rglob("content") if p.stat().st_size == 5_000_000)
    why = (
        "--action",
        "export",
        "--purpose",
        "supervision",
        "--reason",
        "复核",
        "--key",
        str(keys["du"]),
    )
    cunzheng(home, "fetch", large.parent.name, *why, "-o", str(drops))
    cunzheng(home, "ingest", str(drops / "many"), "--source", "DSJ-2")
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy to tamper with; files are linked, so replace them and never write into them."""
    return Path(shutil.copytree(made, tmp_path / "home", copy_function=os.link))


def kept(home: Path) -> list[str]:
    """What was taken away earlier: the newest note and every receipt."""
    words = ["--known", str(home / "store/live/log/checkpoint")]
    for path in sorted((home / "outbox").rglob("*.jsonl")):
        words += ["--receipts", str(path)]
    return words


def flip(path: Path, at: int = 30) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.unlink()
    path.write_bytes(data)


def of(home: Path, pattern: str) -> Path:
    """The first file of a pattern, largest first, so that it is never an empty one."""
    return max((home / "store").glob(pattern), key=lambda p: (p.stat().st_size, p))


def in_pack(home: Path, name: str, change: Callable[[bytes, int], bytes]) -> None:
    """Change a pack where the bytes of its first file of this name begin."""
    for path in sorted((home / "store").glob("evidence/packs/*/*/*.zip")):
        data = path.read_bytes()
        if (found := data.find(name.encode())) >= 0:
            path.unlink()
            path.write_bytes(change(data, found + len(name)))
            return
    raise AssertionError(name)


def bit(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def cut(data: bytes, _: int) -> bytes:
    return data[:-1]


def packs(home: Path) -> list[Path]:
    return sorted((home / "store").glob("evidence/packs/*/*/*.zip"))


def swap(home: Path) -> None:
    """Exchange the bytes of two contents of one length."""
    pack = packs(home)[1]
    data, files = pack.read_bytes(), list[tuple[int, int]]()
    for found in re.finditer(rb"/content", data[: data.index(b"PK\1\2")]):
        if data[found.start() - 56 :].startswith(b"PK\3\4"):
            size = int.from_bytes(data[found.start() - 38 : found.start() - 34], "little")
            files.append((found.end(), size))
    (one, size), (other, _) = next((a, b) for a, b in pairwise(files) if a[1] == b[1])
    mine, others = data[one : one + size], data[other : other + size]
    assert mine != others
    data = data[:one] + others + data[one + size : other] + mine + data[other + size :]
    pack.unlink()
    pack.write_bytes(data)


def replace_pack(home: Path) -> None:
    one, other, *_ = packs(home)
    one.unlink()
    shutil.copy(other, one)


def plant_own(home: Path) -> None:
    """A packed record's content as an object of its own."""
    text = next(p for p in packs(home) if b"/sidecar" in p.read_bytes()).read_bytes()
    record = text[30:56].decode()
    own = home / "store/evidence/records" / record[-2:] / record / "content"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"")


def older_seal(home: Path, end: str) -> Path:
    return sorted((home / "store/evidence/log").glob(f"*/seals/*{end}"))[1]


def test_archive_passes_with_everything_kept(made: Path) -> None:
    code, lines = check(made, *kept(made))
    assert (code, lines) == (0, ["PASSED"])


def test_every_part_of_the_format_is_there(made: Path) -> None:
    """So that PASSED says something about each of them."""
    store = made / "store"
    for pattern in ("evidence/records/*/*/sidecar", "evidence/records/*/*/pieces",
                    "evidence/details/*/*.json", "evidence/log/*/tile/0/000",
                    "evidence/log/*/tile/entries/000", "live/log/*/tile/entries/001.p/*",
                    "evidence/packs/*/*/*.zip", "evidence/pki/*.crl"):  # fmt: skip
        assert list(store.glob(pattern)), pattern
    assert len(list(store.glob("evidence/log/*/seals/*.tst"))) >= 4
    assert any(b"/sidecar" in path.read_bytes() for path in packs(made))


ATTACKS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "content": ("CONTENT_ALTERED", lambda h: flip(of(h, "evidence/records/*/*/content"))),
    "description": ("RECORD_ALTERED", lambda h: flip(of(h, "evidence/records/*/*/record.json"))),
    "sidecar": ("SIDECAR_ALTERED", lambda h: flip(of(h, "evidence/records/*/*/sidecar"))),
    "pieces": ("PIECES_ALTERED", lambda h: flip(of(h, "evidence/records/*/*/pieces"))),
    "detail": ("DETAIL_ALTERED", lambda h: flip(of(h, "evidence/details/*/*.json"))),
    "hash tile": ("TILE_ALTERED", lambda h: flip(of(h, "evidence/log/*/tile/0/000"))),
    "entries": ("LEDGER_ALTERED", lambda h: flip(of(h, "evidence/log/*/tile/entries/000"))),
    "note": ("SEAL_SIGNATURE_BAD", lambda h: flip(older_seal(h, ".note"), -10)),
    "cms": ("SEAL_SIGNATURE_BAD", lambda h: flip(older_seal(h, ".p7s"), -3)),
    "token": ("TIMESTAMP_BAD", lambda h: flip(older_seal(h, ".tst"), -3)),
    "crl": ("PKI_ALTERED", lambda h: flip(of(h, "evidence/pki/*.crl"), -3)),
    "record deleted": (
        "RECORD_MISSING",
        lambda h: shutil.rmtree(of(h, "evidence/records/*/*/content").parent),
    ),
    "seal deleted": ("SEAL_MISSING", lambda h: older_seal(h, ".note").unlink()),
    "token deleted": ("TIMESTAMP_MISSING", lambda h: older_seal(h, ".tst").unlink()),
    "packed content": ("CONTENT_ALTERED", swap),
    "packed description": ("RECORD_ALTERED", lambda h: in_pack(h, "/record.json", bit)),
    "packed sidecar": ("SIDECAR_ALTERED", lambda h: in_pack(h, "/sidecar", bit)),
    "sums of a pack": ("PACK_ALTERED", lambda h: in_pack(h, "SHA256SUMS", bit)),
    "header in a pack": ("PACK_ALTERED", lambda h: in_pack(h, "PK\1\2", bit)),
    "pack cut off": ("PACK_ALTERED", lambda h: in_pack(h, "PK", cut)),
    "pack extended": ("PACK_ALTERED", lambda h: in_pack(h, "PK", lambda data, _: data + b"x")),
    "pack deleted": ("PACK_MISSING", lambda h: packs(h)[0].unlink()),
    "pack replaced": ("RECORD_ALTERED", replace_pack),
    "pack planted": (
        "OBJECT_UNEXPECTED",
        lambda h: shutil.copy(packs(h)[0], packs(h)[0].with_name("x.zip")) and None,
    ),
    "own object beside a packed record": ("OBJECT_UNEXPECTED", plant_own),
    "planted": (
        "OBJECT_UNEXPECTED",
        lambda h: (h / "store/evidence/records/extra").write_bytes(b"x") and None,
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_named(home: Path, attack: str) -> None:
    word, do = ATTACKS[attack]
    do(home)
    code, lines = check(home)
    assert (code, lines[-1]) == (1, "FAILED")
    assert word in [line.split()[0] for line in lines], lines


def test_outside_tools_open_a_pack(made: Path, tmp_path: Path) -> None:
    """Whoever finds a pack in twenty years: unzip and sha256sum are enough."""
    if shutil.which("unzip") is None:
        pytest.skip("NOT RUN: needs unzip")
    for number, pack in enumerate(packs(made)):
        folder = tmp_path / str(number)
        for command in (
            ["unzip", "-tq", str(pack)],
            ["unzip", "-q", str(pack), "-d", str(folder)],
            ["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"],
        ):
            cwd = folder if command[0] == "sha256sum" else tmp_path
            done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        names = {path.relative_to(folder).as_posix() for path in folder.rglob("*/*")}
        listed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
        assert names == listed
        assert {path.name for path in folder.rglob("*") if path.is_file()} >= {"content"}


def truncate(home: Path) -> None:
    """Back to the second seal: everything newer removed, as somebody with the disk would."""
    log = next((home / "store/evidence/log").iterdir())
    sizes = sorted({path.name[:16] for path in (log / "seals").iterdir()})
    older = home / "store/live/log" / log.name / "tile"
    raw = (log / "tile/entries/000").read_bytes()
    hashes = (log / "tile/0/000").read_bytes()
    size, at = int(sizes[1]), 0
    for _ in range(size):
        at += 2 + int.from_bytes(raw[at : at + 2], "big")
    shutil.rmtree(log / "tile")
    shutil.rmtree(older)
    for name, data in (("entries", raw[:at]), ("0", hashes[: 32 * size])):
        (older / name / "000.p").mkdir(parents=True)
        (older / name / "000.p" / str(size)).write_bytes(data)
    for path in (log / "seals").iterdir():
        if path.name[:16] > sizes[1]:
            path.unlink()


def test_truncation_is_found_by_what_was_kept(home: Path, made: Path) -> None:
    truncate(home)
    words = [word.replace(str(home), str(made)) for word in kept(made)]
    code, lines = check(home, *words)
    assert (code, lines[-1]) == (1, "FAILED")
    assert {"KNOWN_NOTE_BAD", "LEDGER_TRUNCATED"} & {line.split()[0] for line in lines}


def test_receipt_with_another_entry_fails(home: Path, tmp_path: Path) -> None:
    line = next((home / "outbox").rglob("*.jsonl")).read_text().splitlines()[0]
    receipt = tmp_path / "receipt.jsonl"
    receipt.write_text(line.replace("system/ingest", "system/other") + "\n")
    code, lines = check(home, "--receipts", receipt)
    assert (code, lines[0].split()[0], lines[-1]) == (1, "RECEIPT_BAD", "FAILED")


def test_policy_without_the_log_key_fails(home: Path) -> None:
    policy = home / "policy.toml"
    text = policy.read_text()
    key = text.split('key = "')[1].split('"')[0]
    policy.unlink()
    policy.write_text(text.replace(key, "A" * 43 + "="))
    code, lines = check(home)
    assert (code, lines[-1]) == (1, "FAILED")
    assert any(line.startswith("SEAL_SIGNATURE_BAD") for line in lines)


def test_checker_imports_the_standard_library_only() -> None:
    parts = [CHECKER, *CHECKER.parent.glob("checker_*.py")]
    names = set()
    for step in (step for part in parts for step in ast.walk(ast.parse(part.read_text()))):
        if isinstance(step, ast.Import):
            names |= {one.name.split(".")[0] for one in step.names}
        elif isinstance(step, ast.ImportFrom):
            assert step.level == 0
            names.add((step.module or "").split(".")[0])
    assert names - {part.stem for part in parts} <= sys.stdlib_module_names
    assert "importlib" not in names
