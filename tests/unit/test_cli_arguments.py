"""Small parts of the command line: days, options with several values, files of an inspector."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pki_fixture import NOW, make_pki

from archive.errors import UsageError
from cli.dates import day_end, day_start
from cli.kept import read_crls, read_policy, read_receipts, read_small
from cli.main import spread


def test_a_day_begins_in_shanghai() -> None:
    assert day_start("2026-11-22") == datetime(2026, 11, 21, 16, tzinfo=UTC)
    assert day_end("2026-11-22") == day_start("2026-11-23")


@pytest.mark.parametrize("text", ["", "2026-02-30", "20260203", "2026-2-3", "today", "٢٠٢٦-11-22"])
def test_anything_else_is_no_day(text: str) -> None:
    with pytest.raises(UsageError, match="YYYY-MM-DD"):
        day_start(text)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--known", "a", "b"], ["--known", "a", "--known", "b"]),
        (["--known", "a", "--sample", "3"], ["--known", "a", "--sample", "3"]),
        (["--known", "a", "b", "--crl", "c"], ["--known", "a", "--known", "b", "--crl", "c"]),
        (["--other", "a", "b"], ["--other", "a", "b"]),
        (["--known=a", "b"], ["--known=a", "b"]),
        ([], []),
    ],
)
def test_an_option_with_several_values(words: list[str], found: list[str]) -> None:
    assert spread(words, ["--known", "--crl"]) == found


def test_receipts_are_named_by_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a":1}\n\n{"b":2}\n{"torn')
    assert list(read_receipts([path])) == [
        (f"{path}:1", b'{"a":1}\n'),
        (f"{path}:3", b'{"b":2}\n'),
        (f"{path}:4", b'{"torn'),
    ]


def test_revocation_lists_in_both_forms(tmp_path: Path) -> None:
    from pki_fixture import crls_to_pem

    pki = make_pki()
    lists = [pki.root_crl, pki.crl(2, NOW)]
    (tmp_path / "both.pem").write_text(crls_to_pem(lists))
    (tmp_path / "one.crl").write_bytes(pki.root_crl)
    assert read_crls([tmp_path / "both.pem", tmp_path / "one.crl"]) == [*lists, pki.root_crl]
    (tmp_path / "bad.crl").write_bytes(b"not a list")
    with pytest.raises(UsageError, match=r"bad\.crl"):
        read_crls([tmp_path / "bad.crl"])


def test_a_policy_must_come_from_somewhere(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--policy"):
        read_policy(None, None)
    with pytest.raises(UsageError, match=r"policy\.toml"):
        read_policy(None, tmp_path)
    with pytest.raises(UsageError, match="nothing"):
        read_small(tmp_path / "nothing")
