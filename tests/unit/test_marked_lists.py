"""Lists of files that name a secret are refused with it, for they keep its name and digest."""

from __future__ import annotations

import json
import os
import time
from hashlib import sha256
from pathlib import Path

import pytest
from station_sidecars import csv_list, csv_row, xml_list

from ingest.claim import LIST, Claim
from ingest.classification import is_marked_path
from ingest.found import Drop, Found
from ingest.marked import is_marked_list, is_secret_by_name, names_a_secret
from ingest.settle import FileKey, Settled

SECRET = "机密★10年.行动方案.txt"
DIGEST = sha256(b"x").hexdigest()
NAMES = (SECRET, "DCIM/通知-机密.docx", r"机密\行动方案.txt", "【秘密】方案.txt", "TOP SECRET.pdf")
FORMS = {
    "manifest.sha256": lambda name: f"{DIGEST}  a.mp4\n{DIGEST} *{name}\n",
    "SHA256SUMS": lambda name: f"SHA256 ({name}) = {DIGEST}\n",
    "x.manifest.txt": lambda name: f"{DIGEST}  a.mp4\nMARK 2026-11-22T08:00:00Z {name} \n",
    "manifest.json": lambda name: json.dumps({"files": [{"name": "a"}, {"name": name}]}),
    "s.manifest.json": lambda name: json.dumps({"segments": [], "x": name}, ensure_ascii=False),
    "manifest.csv": lambda name: f'name,path\na.mp4,"{name}"\n',
}


def drop(folder: Path, name: str, data: bytes, claim: Claim | None = None) -> Drop:
    path = folder / name
    path.write_bytes(data)
    raw = os.fsencode(path)
    key = FileKey.of(os.lstat(path))
    found = Found("S", b"", name.encode(), raw, key)
    return Drop(found, None, Settled(lease=False, seconds=0), claim=claim)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16-le"])
@pytest.mark.parametrize("listed", NAMES)
@pytest.mark.parametrize("form", FORMS)
def test_a_manifest_that_names_a_secret(
    tmp_path: Path, form: str, listed: str, encoding: str
) -> None:
    data = FORMS[form](listed).encode(encoding)
    assert names_a_secret(drop(tmp_path, form, data))
    assert not names_a_secret(drop(tmp_path, "list.txt", data)), "a text like any other"


@pytest.mark.parametrize("form", FORMS)
def test_a_manifest_of_harmless_names(tmp_path: Path, form: str) -> None:
    for name in ("a.mp4", "商业秘密-1.docx", "秘密举报/a.mp4", "关于机密文件销毁的通知.docx"):
        assert not names_a_secret(drop(tmp_path, form, FORMS[form](name).encode()))


@pytest.mark.parametrize(
    "data",
    [
        csv_list(csv_row("a.mp4"), csv_row(SECRET)),
        csv_list(csv_row("a.mp4"), csv_row(SECRET), encoding="utf-8")[:-40],
        xml_list(("a.mp4", "1"), (SECRET, "2")),
        xml_list(("a.mp4", "1"), ("&#x673A;&#x5BC6;★10年.方案.txt", "2")),
        xml_list(("a.mp4", "1"), (SECRET, "2"), encoding="UTF-16"),
    ],
)
def test_a_list_of_a_station_that_names_a_secret(tmp_path: Path, data: bytes) -> None:
    assert names_a_secret(drop(tmp_path, "list", data, Claim("station", LIST)))
    assert not names_a_secret(drop(tmp_path, "list", data))


def test_a_list_of_a_station_with_harmless_names(tmp_path: Path) -> None:
    for data in (csv_list(csv_row("a.mp4", note="涉及商业秘密")), xml_list(("秘密花园.mp4", "1"))):
        assert not names_a_secret(drop(tmp_path, "list", data, Claim("station", LIST)))


@pytest.mark.parametrize("cut", range(0, 120, 7))
def test_a_name_may_stand_in_two_pieces(cut: int) -> None:
    data = FORMS["manifest.sha256"](SECRET).encode()
    assert is_marked_list([data[:cut], data[cut:]])
    assert not is_marked_list([data[:100]])


def test_a_long_list_and_one_without_lines_take_no_time() -> None:
    start = time.process_time()
    assert not is_marked_list(["".join(f"{DIGEST}  保密{n}.mp4\n" for n in range(20_000)).encode()])
    assert not is_marked_list([("密" * (1 << 18)).encode()] * 3)
    assert time.process_time() - start < 3


def test_a_path_is_marked_by_its_folders_too() -> None:
    assert is_marked_path("DCIM/机密/a.txt")
    assert not is_marked_path("DCIM/机密文件管理/a.txt")


@pytest.mark.parametrize("folder", ["机密", "绝密★长期", "SECRET"])
def test_a_source_that_is_called_by_a_level(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    assert is_secret_by_name(drop(tmp_path / folder, "a.txt", b"x"))
    below = drop(tmp_path / folder, "a.txt", b"x")
    elsewhere = below.file._replace(folder=b"b", name=b"c.txt")
    assert not is_secret_by_name(below._replace(file=elsewhere)), "what lies in quarantine"


def test_a_source_whose_name_only_speaks_of_it(tmp_path: Path) -> None:
    (tmp_path / "保密科").mkdir()
    assert not is_secret_by_name(drop(tmp_path / "保密科", "a.txt", b"x"))
