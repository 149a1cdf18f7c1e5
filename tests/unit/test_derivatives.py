"""Derivatives: never an entry without its object, nothing left over, and gone with their record."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import Archive, make_archive, policy_of
from derived_fixture import TOOL, Derived, products
from disposal_office import make_office
from sqlalchemy import insert

from archive import ledger
from archive.derivatives import Derivatives, Product
from archive.desk.destroying import DESTROYING
from archive.errors import ContentAltered, NotFound
from archive.findings import Outcome
from archive.lease import Lease
from archive.ledger import NewEntry
from archive.ports import PutItem
from archive.rebuild import rebuild
from signing.digest import Digest


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = make_archive(tmp_path)
    made.seal()
    return made


@pytest.fixture
def derived(archive: Archive) -> Derived:
    return Derived(archive)


def codes(derived: Derived, **later: float) -> set[str]:
    return {found.code for found in derived.verify(**later).findings}


def test_what_is_made_stands_in_live_and_on_the_ledger(derived: Derived) -> None:
    record = derived.record(b"film")
    (made,) = derived.make(record, poster=b"picture")
    digest = Digest.of("sha256", b"picture")
    assert made.key == f"derived/{record}/poster-{digest.value.hex()[:16]}.jpg"
    assert derived.path(made.key).read_bytes() == b"picture"
    (entry,) = derived.entries()
    assert (entry.subject, entry.actor, entry.stream) == (record, "system/media", "registry")
    assert entry.body == {
        "access": None,
        "digest": str(digest),
        "key": made.key,
        "parent": str(Digest.of("sha256", b"film")),
        "recipe": "poster/1",
        "role": "poster",
        "size": 7,
        "tool": f"sha256:{TOOL}",
    }
    assert derived.rows() == {(record, "poster"): made.key}
    report = derived.verify()
    assert (report.outcome, report.checked["derivatives"]) == (Outcome.PASSED, 1)


def test_a_large_one_comes_from_a_file(derived: Derived, tmp_path: Path) -> None:
    record = derived.record()
    staged = tmp_path / "staging" / "proxy"
    staged.write_bytes(b"x" * 5_000_000)
    (made,) = derived.use.made(record, [Product("proxy", "mp4", "proxy/1", staged)])
    assert derived.path(made.key).stat().st_size == made.size == 5_000_000
    assert derived.entries()[0].body["tool"] is None


def test_a_new_one_replaces_the_old_one(derived: Derived) -> None:
    record = derived.record()
    derived.make(record, poster=b"old", waveform=b"wave")
    second = derived.use.submit(record, products(poster=b"new"))
    # Until its entry is durable the old one still counts, and stays.
    assert len(derived.stored()) == 3
    assert derived.use.sweep(record) == 0
    derived.use.settle(second)
    assert len(derived.stored()) == 2
    assert derived.rows()[record, "poster"] == second[0].key
    assert derived.verify().outcome is Outcome.PASSED


def test_the_same_again_is_no_news(derived: Derived) -> None:
    record = derived.record()
    (made,) = derived.make(record, poster=b"picture")
    derived.path(made.key).unlink()
    assert derived.use.missing(record) == ["poster"]
    (again,) = derived.make(record, poster=b"picture")
    assert (again.key, again.entry) == (made.key, None)
    assert derived.path(made.key).read_bytes() == b"picture"
    assert len(derived.entries()) == 1


def test_an_altered_one_is_put_right(derived: Derived) -> None:
    record = derived.record()
    (made,) = derived.make(record, poster=b"picture")
    derived.write(made.key, b"another face")
    derived.make(record, poster=b"picture")
    assert derived.path(made.key).read_bytes() == b"picture"


def test_what_no_entry_names_is_swept_and_the_rest_stays(derived: Derived) -> None:
    record, other = derived.record(b"a"), derived.record(b"b")
    derived.make(record, poster=b"picture")
    derived.make(other, poster=b"other")
    kept = derived.stored()
    derived.write(f"derived/{record}/waveform-0123456789abcdef.jpg", b"left over")
    derived.write(f"derived/{record}/marked-0123456789abcdef.mp4", b"made for one access")
    assert derived.use.sweep(record) == 2
    assert derived.stored() == kept


class Killed(BaseException):
    """The process ends here."""


class Dying:
    """A live store whose process dies before or after one of its calls."""

    def __init__(self, live: Any, at: int) -> None:
        self._live = live
        self._left = at

    def _step(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise Killed

    def put(self, items: Sequence[PutItem]) -> None:
        self._step()
        self._live.put(items)
        self._step()

    def read(self, key: str) -> Iterator[bytes]:
        self._step()
        return self._live.read(key)  # type: ignore[no-any-return]

    def discard(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._step()
            self._live.discard([key])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._live, name)


def test_a_kill_at_any_step_leaves_no_entry_without_its_object(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    archive.seal()
    whole = Derived(archive)
    record = whole.record()
    whole.make(record, poster=b"old", waveform=b"old")
    for at in range(1, 40):
        dying = Derived(archive, Dying(archive.places.live, at))
        contents = {"poster": b"new %d" % at, "waveform": b"wave %d" % at}
        try:
            dying.make(record, **contents)
        except Killed:
            archive.reopen()
            archive.seal()
        else:
            break
        whole = Derived(archive)
        assert set(whole.rows().values()) <= set(whole.stored())
        whole.use.sweep(record)
        assert set(whole.rows().values()) == set(whole.stored())
    else:
        pytest.fail("it never came to its end")
    assert at > 6
    assert Derived(archive).verify().outcome is Outcome.PASSED


def test_what_does_not_read_back_is_not_told(archive: Archive) -> None:
    class Forgetful:
        def put(self, items: Sequence[PutItem]) -> None:
            archive.places.live.put([PutItem(item.key, b"other bytes") for item in items])

        def __getattr__(self, name: str) -> Any:
            return getattr(archive.places.live, name)

    derived = Derived(archive, Forgetful())
    record = derived.record()
    with pytest.raises(ContentAltered, match="does not read back"):
        derived.make(record, poster=b"picture")
    assert derived.entries() == []


def test_nothing_is_made_of_what_is_being_destroyed(derived: Derived) -> None:
    record = derived.record()
    derived.make(record, poster=b"before")
    with derived.archive.db.write() as connection:
        row = {"record": record, "disposition": derived.archive.ulid()}
        connection.execute(insert(DESTROYING), [row])
    with pytest.raises(NotFound, match="about to be"):
        derived.make(record, waveform=b"too late")
    assert len(derived.stored()) == 1
    with pytest.raises(NotFound):
        derived.make(derived.archive.ulid(), poster=b"of nothing")


def test_a_rebuild_finds_them_again(derived: Derived) -> None:
    archive = derived.archive
    record = derived.record()
    derived.make(record, poster=b"old")
    derived.make(record, poster=b"new", waveform=b"wave")
    before = derived.rows()
    lease = Lease(archive.home / "seal.lock")
    rebuild(
        archive.db, archive.places, archive.identity, lease, archive.clock, archive.fs,
        policy_of(archive),
    )  # fmt: skip
    assert derived.rows() == before
    assert derived.use.sweep(record) == 0


# ── what verification says ──


def _altered(derived: Derived, key: str) -> None:
    derived.write(key, b"another face")


def _gone(derived: Derived, key: str) -> None:
    derived.path(key).unlink()


def _unnamed(derived: Derived, key: str) -> None:
    derived.write(key.replace("poster-", "poster-ffff"), b"whoever put it there")
    _age(derived.path(key.replace("poster-", "poster-ffff")))


def _stray(derived: Derived, _key: str) -> None:
    derived.write("derived/notes.txt", b"x")
    _age(derived.path("derived/notes.txt"))


def _age(path: Path) -> None:
    os.utime(path, (10**9, 10**9))


@pytest.mark.parametrize(
    ("damage", "code", "outcome"),
    [
        (_altered, "DERIVED_ALTERED", Outcome.FAILED),
        (_gone, "DERIVED_MISSING", Outcome.PASSED),
        (_unnamed, "OBJECT_UNEXPECTED", Outcome.FAILED),
        (_stray, "OBJECT_UNEXPECTED", Outcome.FAILED),
    ],
)
def test_verification_tells_damage(
    derived: Derived, damage: Callable[[Derived, str], None], code: str, outcome: Outcome
) -> None:
    record = derived.record()
    (made,) = derived.make(record, poster=b"picture")
    damage(derived, made.key)
    report = derived.verify()
    assert report.outcome is outcome
    assert code in report.counts
    told = [*report.findings, *report.remarks]
    (found,) = [one for one in told if one.code == code]
    assert found.subject.startswith("live/derived")


def submit_raw(archive: Archive, record: str, **changed: Any) -> None:
    """An entry as a broken or hostile program might write it."""
    body = {
        "access": None,
        "digest": str(Digest.of("sha256", b"x")),
        "key": f"derived/{record}/poster-{Digest.of('sha256', b'x').value.hex()[:16]}.jpg",
        "parent": str(Digest.of("sha256", b"film")),
        "recipe": "poster/1",
        "role": "poster",
        "size": 1,
        "tool": None,
        **changed,
    }
    now = archive.clock.now()
    entry = NewEntry(archive.ulid(), "derived.made", "registry", "system/media", now, record, body)
    with archive.db.write() as connection:
        ledger.submit(connection, [entry])
    archive.seal()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"parent": str(Digest.of("sha256", b"another film"))}, "REFERENCE_BAD"),
        ({"key": "records/AA/content"}, "ENTRY_BAD"),
        ({"key": "derived/../log/checkpoint"}, "ENTRY_BAD"),
        ({"key": None}, "ENTRY_BAD"),
    ],
)
def test_an_entry_that_cannot_be_right_is_a_finding(
    derived: Derived, changed: dict[str, Any], code: str
) -> None:
    submit_raw(derived.archive, derived.record(), **changed)
    assert codes(derived) == {code}


def test_what_waits_for_its_seal_may_be_the_work_of_the_archive(derived: Derived) -> None:
    from archive.database_check import LedgerCopy
    from archive.verify import Kit, verify

    archive = derived.archive
    record = derived.record()
    (made,) = derived.use.submit(record, products(poster=b"picture"))
    _age(derived.path(made.key))
    assert codes(derived) == {"OBJECT_UNEXPECTED"}
    copy = LedgerCopy(f"sqlite:///{archive.home}/cunzheng.db")
    try:
        report = verify(
            archive.places.evidence, archive.places.live, policy_of(archive),
            now=archive.clock.now(), kit=Kit(database=copy), workers=1,
        )  # fmt: skip
    finally:
        copy.close()
    assert {found.code for found in report.findings} == {"SEALING_IN_PROGRESS"}


# ── they go with their record ──


def test_destruction_takes_derivatives_along(tmp_path: Path) -> None:
    office = make_office(tmp_path)
    record, other = office.keep(b"film"), office.keep(b"other")
    packed = office.keep_packed([b"a", b"b"])
    derived = Derived(office.archive)
    for one in (record, other, *packed):
        derived.make(one, poster=b"picture of " + one.encode(), waveform=b"wave")
    kept = [key for key in derived.stored() if other in key]
    office.extend(other, 100)
    office.later(days=11)
    office.destroy([record, *packed])
    assert derived.stored() == kept
    assert {place[0] for place in derived.rows()} == {other}
    assert office.codes() == set()
    derived.write(f"derived/{record}/poster-0123456789abcdef.jpg", b"still there")
    assert office.codes() == {"DESTROYED_STILL_THERE"}


def test_the_use_case_needs_no_more_than_it_is_given(derived: Derived) -> None:
    """A second one over the same parts goes on with what the first one made."""
    record = derived.record()
    derived.make(record, poster=b"picture")
    archive = derived.archive
    other = Derivatives(
        archive.db, archive.places.live, archive.sealer, archive.clock, archive.random
    )
    assert other.records() == [record]
    assert other.stored_records() == [record]
    assert other.missing(record) == []
    other.discard(record)
    assert other.missing(record) == ["poster"]
