"""Manifests of docking stations as their makers write them, and text that is none."""

import json

import pytest

from archive.errors import FormatError
from archive.gaps.manifest import MAX_SIZE, MOST_FILES, ListedFile, is_manifest, parse

ONE, TWO = "11" * 32, "AB" * 32
FILES = (
    ListedFile("DSJ0012_012345_20260301083000_0001.mp4", bytes.fromhex(ONE)),
    ListedFile("视频/b.mp4", bytes.fromhex(TWO)),
)


@pytest.mark.parametrize(
    "name",
    [
        "manifest.sha256",
        "MANIFEST.SHA256",
        "SHA256SUMS",
        "sha256sums.txt",
        "20260301.manifest.json",
        "manifest.json",
        "DSJ0012.manifest.csv",
        "a.mp4.sha256",
        "manifest.txt",
    ],
)
def test_names_of_manifests(name: str) -> None:
    assert is_manifest(name)


@pytest.mark.parametrize(
    "name", ["manifest", "manifest.mp4", "mymanifest.json", "a.json", "sha256", "笔录.txt", ""]
)
def test_names_of_other_files(name: str) -> None:
    assert not is_manifest(name)


TEXT = f"""# station 7
{ONE}  {FILES[0].name}
{TWO} *视频\\b.mp4
{ONE}  {FILES[0].name}

MARK 2026-03-01T08:31:00+08:00 {FILES[0].name} 重点
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_lines_of_sha256sum(encoding: str) -> None:
    found = parse("manifest.sha256", TEXT.replace("\n", "\r\n").encode(encoding))
    assert (found.files, found.unread) == (FILES, 0)


@pytest.mark.parametrize(
    "value",
    [
        {"files": [{"name": f.name, "sha256": f.sha256.hex() if f.sha256 else ""} for f in FILES]},
        {"device": "x", "segments": [{"path": FILES[0].name, "digest": f"sha256:{ONE}"},
                                     {"File": FILES[1].name, "hash": TWO, "size": 3}]},
        [{"文件名": FILES[0].name, "校验值": ONE}, {"file_name": "视频/b.mp4", "SHA-256": TWO}],
    ],
)  # fmt: skip
def test_json_of_stations(value: object) -> None:
    data = json.dumps(value, ensure_ascii=False).encode()
    assert parse("x.manifest.json", data).files == FILES


def test_csv_of_stations_with_headings_in_chinese() -> None:
    text = (
        f"序号,文件名,大小,校验值\r\n1,{FILES[0].name},5,{ONE}\r\n2,视频/b.mp4,6,{TWO}\r\n3,,,\r\n"
    )
    found = parse("manifest.csv", text.encode("gb18030"))
    assert (found.files, found.unread) == (FILES, 1)


def test_without_a_digest_that_we_know_the_name_is_listed_alone() -> None:
    found = parse("manifest.csv", b"name,md5\na.mp4,0123456789abcdef0123456789abcdef\n")
    assert found.files == (ListedFile("a.mp4", None),)


def test_what_cannot_be_read_is_counted() -> None:
    text = f"{ONE}  a.mp4\nnonsense\n{ONE[:-1]}  b.mp4\n{ONE}\n"
    found = parse("manifest.sha256", text.encode())
    assert (len(found.files), found.unread) == (1, 3)
    assert parse("m.manifest.json", b'[{"name": "a"}, 7, {"name": 3}]').unread == 2


@pytest.mark.parametrize("name", ["\\ud800.mp4", "a\\udc80.mp4", "\\udfff/b.mp4"])
def test_a_name_with_half_a_character_is_no_name(name: str) -> None:
    found = parse("manifest.json", b'["", {"name": "%b"}, {"name": "a.mp4"}]' % name.encode())
    assert ([file.name for file in found.files], found.unread) == (["a.mp4"], 2)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("manifest.sha256", b""),
        ("manifest.sha256", b"nothing here\n"),
        ("manifest.sha256", b"\xff\xff\xff"),
        ("manifest.json", b"{"),
        ("manifest.json", b'{"other": []}'),
        ("manifest.json", b"[" * 100_000),
        ("manifest.json", b'{"files": {"a": 1}}'),
        ("manifest.csv", b'name,sha256\n"a.mp4'),
        ("manifest.csv", b"colour,shape\nred,round\n"),
        ("manifest.sha256", b" " * (MAX_SIZE + 1)),
        ("manifest.csv", b"name\n" + b"".join(b"%d.ts\n" % n for n in range(MOST_FILES + 1))),
    ],
)
def test_what_is_no_manifest(name: str, data: bytes) -> None:
    with pytest.raises(FormatError, match=r"^the manifest "):
        parse(name, data)
