"""What waits in the database is signed only as canonical JSON; known bodies are known quickly."""

from collections.abc import Callable
from pathlib import Path

import pytest
from packed_fixture import Packed
from sqlalchemy import select, text

from archive import waiting_bodies
from archive.errors import LedgerForked
from archive.ledger import PENDING
from archive.waiting_bodies import check_waiting
from signing import canonical
from signing.errors import CanonicalError

HARMS: dict[str, Callable[[bytes], bytes]] = {
    "white space": lambda body: body.replace(b":", b": ", 1),
    "a space at the end": lambda body: body + b" ",
    "a newline at the end": lambda body: body + b"\n",
    "cut short": lambda body: body[:-1],
    "another order": lambda body: b'{"size":1,' + body[1:],
    "a key twice": lambda body: body[:-1] + b',"source":"x"}',
    "an escape": lambda body: body.replace(b'"office":"m', b'"office":"\\u006d'),
    "a control sign": lambda body: body.replace(b'"office":"', b'"office":"\n'),
    "no UTF-8": lambda body: body.replace(b'"office":"', b'"office":"\xff'),
    "not NFC": lambda body: body.replace(b'"office":"', b'"office":"e\xcc\x81'),
    "a quote": lambda body: body.replace(b'"office":"', b'"office":""'),
    "a leading zero": lambda body: body.replace(b'"size":', b'"size":0'),
    "a fraction": lambda body: body.replace(b',"source"', b'.0,"source"'),
    "a large number": lambda body: body.replace(b'"size":', b'"size":9007199254740992'),
    "no object": lambda _: b"[]",
    "two values": lambda body: body + body,
    "the end of the entry": lambda _: b'{},"kind":"log.closed"',
    "nothing": lambda _: b"",
}
NOTES = {"a.txt": b"a", "b.txt": b"b", "large.bin": bytes(300_000)}


def bodies(packed: Packed) -> list[bytes]:
    """Bodies of the accessions that wait."""
    mine = PENDING.c.kind == "record.accessioned"
    with packed.archive.db.read() as connection:
        return [row.body for row in connection.execute(select(PENDING.c.body).where(mine))]


def test_accessions_are_known_by_their_look(tmp_path: Path) -> None:
    packed = Packed(tmp_path)
    packed.admit(NOTES)
    made = bodies(packed)
    assert len(made) == len(NOTES)
    assert all(waiting_bodies._is_accession(body) for body in made)
    locks = {"retain_until": "2027-01-01T00:00:00.000000Z", "same_content_as": "01"}
    body = canonical.encode({**canonical.decode_object(made[0]), **locks})
    assert waiting_bodies._is_accession(body)


@pytest.mark.parametrize("harm", HARMS)
def test_what_is_not_canonical_is_refused(tmp_path: Path, harm: str) -> None:
    packed = Packed(tmp_path)
    packed.admit(NOTES)
    for body in bodies(packed):
        check_waiting("x", body)
        bent = HARMS[harm](body)
        with pytest.raises((CanonicalError, AssertionError)):
            assert isinstance(canonical.decode(bent), dict)
        with pytest.raises(LedgerForked):
            check_waiting("x", bent)


@pytest.mark.parametrize("value", [None, "{}", 7])
def test_what_is_no_bytes_is_refused(value: object) -> None:
    with pytest.raises(LedgerForked):
        check_waiting("x", value)


@pytest.mark.parametrize("body", [b"{}", '{"office":"局"}'.encode(), b'{"a":[1,{"b":null}]}'])
def test_other_bodies_are_decoded(body: bytes) -> None:
    check_waiting("x", body)


@pytest.mark.parametrize("harm", ["CAST(body || ' ' AS BLOB)", "CAST(body AS TEXT)"])
@pytest.mark.parametrize("kind", ["record.accessioned", "source.registered"])
def test_an_edited_body_is_not_signed(tmp_path: Path, kind: str, harm: str) -> None:
    packed = Packed(tmp_path)
    before = packed.published().size
    packed.admit(NOTES)
    with packed.archive.db.write() as connection:
        change = text(f"UPDATE pending SET body = {harm} WHERE kind = :kind")
        connection.execute(change, {"kind": kind})
    for _ in range(2):
        with pytest.raises(LedgerForked, match="changed in the database"):
            packed.intake.finish()
    assert packed.published().size == before
    assert packed.waiting()[0] > len(NOTES)
