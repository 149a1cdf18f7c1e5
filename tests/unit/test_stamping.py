"""A time-stamping authority that is away, comes back, or lies; and the turn of the year."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from archive_fixture import Archive, FakeClock, make_archive, policy_of

from archive import layout, ledger
from archive.entry import Entry, link_digest
from archive.errors import Unreachable
from archive.findings import Outcome
from archive.ledger import NewEntry
from archive.ports import read_all
from archive.report import Report
from archive.seal import Sealer
from archive.seals import tokens_missing
from archive.verify import verify
from signing.digest import Digest
from signing.errors import TimestampBad, TimestampUnavailable
from signing.timestamp import Timestamper


class Switch:
    """An outside authority that can be switched off; it may also fail after some tokens."""

    def __init__(self, inner: Callable[[datetime | None], Timestamper]) -> None:
        self._inner = inner
        self.away = False
        self.bad = False
        self.left: int | None = None

    def __call__(self, after: datetime | None) -> Timestamper:
        inner, switch = self._inner(after), self

        class Checked:
            def timestamp(self, digest: Digest) -> bytes:
                return switch.answer(inner, digest)

        return Checked()

    def answer(self, inner: Timestamper, digest: Digest) -> bytes:
        if self.bad:
            raise TimestampBad("The token is for another digest.")
        if self.left is not None:
            self.away = self.left <= 0
            self.left -= 1
        if self.away:
            raise TimestampUnavailable("The authority does not answer.")
        return inner.timestamp(digest)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return make_archive(tmp_path)


@pytest.fixture
def tsa(archive: Archive) -> Switch:
    """The archive's authority, from now on outside and with a switch."""
    switch = Switch(archive.identity.timestamper)
    archive.identity = dataclasses.replace(
        archive.identity, timestamper=switch, time_is_local=False
    )
    archive.sealer = archive.new_sealer()
    return switch


def urgent(archive: Archive) -> NewEntry:
    entry = dataclasses.replace(archive.source_entry("source.confirmed"), urgent=True)
    archive.submit(entry)
    return entry


def entries(archive: Archive, log: str = "main-2026") -> list[Entry]:
    with archive.db.read() as connection:
        head = ledger.head_of(connection, log)
        assert head is not None
        rows = ledger.entries_between(connection, log, 0, head.published)
    return [Entry.parse(row.data) for row in rows]


def report_of(archive: Archive) -> Report:
    places = archive.places
    policy = policy_of(archive, max_seal_gap=100 * 86400, max_age=100 * 86400)
    return verify(places.evidence, places.live, policy, now=archive.clock.now(), workers=1)


def assert_passed(archive: Archive) -> None:
    report = report_of(archive)
    assert report.outcome is Outcome.PASSED, [f.to_value() for f in report.findings]


def has_token(archive: Archive, size: int, log: str = "main-2026") -> bool:
    return archive.places.evidence.stat(layout.token_key(log, size)) is not None


class TestAway:
    def test_accessions_wait(self, archive: Archive, tsa: Switch) -> None:
        archive.seal()
        tsa.away = True
        made = archive.accession(b"waits")
        drained = archive.seal()
        assert drained.waiting_for_tsa
        assert [entry.kind for entry in entries(archive)[1:]] == ["log.linked", "outage.started"]
        assert archive.places.evidence.stat(layout.content_key(made.record)) is None
        with archive.db.read() as connection:
            assert ledger.pending_count(connection) == 1
        tsa.away = False
        archive.clock.advance(minutes=5)
        assert not archive.seal().waiting_for_tsa
        assert archive.place(made.entry)[1] > 3
        assert_passed(archive)

    def test_urgent_entries_are_sealed_at_once_and_the_token_follows(
        self, archive: Archive, tsa: Switch
    ) -> None:
        archive.seal()
        tsa.away = True
        waiting, entry = archive.accession(b"waits"), urgent(archive)
        archive.seal()
        log, index = archive.place(entry)
        assert index < archive.head().published
        assert read_all(archive.places.evidence, layout.note_key(log, archive.head().signed))
        assert not has_token(archive, archive.head().signed)
        report = report_of(archive)
        assert report.outcome is Outcome.INDETERMINATE
        assert set(report.counts) - {"INTERNAL_TIME", "OUTAGE_RECORDED"} == {"TIMESTAMP_PENDING"}
        tsa.away = False
        archive.clock.advance(hours=1)
        archive.seal()
        assert archive.place(waiting.entry)[1] > index
        assert_passed(archive)

    def test_late_tokens_are_named(self, archive: Archive, tsa: Switch) -> None:
        archive.seal()
        tsa.away = True
        sizes = []
        for _ in range(3):
            urgent(archive)
            archive.seal()
            sizes.append(archive.head().size)
        tsa.away = False
        archive.seal()
        archive.heartbeats(1)
        archive.seal()
        named: dict[int, list[str | None]] = {}
        for entry in entries(archive):
            if entry.kind == "log.linked":
                seals = [entry.body["seal"], *entry.body["tokens"]]
                for seal in seals:
                    named.setdefault(seal["size"], []).append(seal["tst"])
        for size in sizes:
            token = read_all(archive.places.evidence, layout.token_key("main-2026", size))
            assert named[size][-1] == str(Digest.of("sha256", token))
        assert [named[size][0] is None for size in sizes] == [True, True, False]
        assert_passed(archive)

    def test_start_and_end_are_on_record(self, archive: Archive, tsa: Switch) -> None:
        archive.seal()
        tsa.away = True
        for _ in range(2):
            urgent(archive)
            archive.seal()
        archive.clock.advance(hours=3)
        tsa.away = False
        archive.seal()
        outages = [entry for entry in entries(archive) if entry.kind.startswith("outage.")]
        assert [entry.kind for entry in outages] == ["outage.started", "outage.ended"]
        assert {entry.body["reason"] for entry in outages} == {"tsa"}
        assert outages[0].body["outage"] == outages[1].body["outage"]
        assert outages[1].body["until"].startswith("2026-11-22T07:00")

    def test_tokens_rise_though_they_come_late(self, archive: Archive, tsa: Switch) -> None:
        archive.seal()
        tsa.away = True
        for _ in range(3):
            urgent(archive)
            archive.seal()
        tsa.away, tsa.left = False, 2
        archive.seal()
        with archive.db.read() as connection:
            sizes = [size for _, size, _ in tokens_missing(connection)]
        assert sizes == sorted(sizes)
        assert len(sizes) >= 1
        tsa.away, tsa.left = False, None
        archive.seal()
        assert_passed(archive)

    def test_it_goes_away_between_append_and_stamp(self, archive: Archive, tsa: Switch) -> None:
        archive.seal()
        tsa.left = 1
        made = archive.accession(b"already appended")
        archive.seal()
        assert archive.place(made.entry)[1] < archive.head().published
        assert report_of(archive).outcome is Outcome.INDETERMINATE
        tsa.away, tsa.left = False, None
        archive.seal()
        assert_passed(archive)

    def test_from_the_very_beginning(self, archive: Archive, tsa: Switch) -> None:
        tsa.away = True
        archive.accession(b"waits")
        assert archive.seal().waiting_for_tsa
        tsa.away = False
        archive.reopen()
        archive.seal()
        assert len(entries(archive)) == 5
        assert_passed(archive)

    def test_a_crash_before_a_late_token_is_stored(
        self, archive: Archive, tsa: Switch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive.seal()
        tsa.away = True
        urgent(archive)
        archive.seal()
        size = archive.head().size
        tsa.away = False
        with monkeypatch.context() as patched:
            patched.setattr("archive.publish.store_seal", _full)
            with pytest.raises(Unreachable):
                archive.seal()
        archive.reopen()
        assert not has_token(archive, size)
        archive.seal()
        assert has_token(archive, size)
        archive.heartbeats(1)
        archive.seal()
        assert_passed(archive)

    def test_a_bad_token_is_never_used(self, archive: Archive, tsa: Switch) -> None:
        archive.seal()
        tsa.bad = True
        made = archive.accession(b"waits")
        assert archive.seal().waiting_for_tsa
        assert archive.places.evidence.stat(layout.content_key(made.record)) is None
        assert not has_token(archive, archive.head().size)
        tsa.bad = False
        archive.reopen()
        archive.seal()
        assert_passed(archive)


def _full(*_: object) -> None:
    raise Unreachable("the store cannot be written")


class TestNewYear:
    """Logs are named by the year in Asia/Shanghai, eight hours before it begins in UTC."""

    @pytest.fixture
    def archive(self, tmp_path: Path) -> Archive:
        clock = FakeClock(datetime(2026, 12, 31, 15, 0, tzinfo=UTC))
        return make_archive(tmp_path, clock)

    def seal_year(self, archive: Archive) -> Sealer:
        archive.accession(b"old", source="A")
        archive.seal()
        archive.clock.advance(minutes=61)
        archive.accession(b"new", source="A")
        return archive.sealer

    def test_one_log_closes_and_the_next_opens(self, archive: Archive) -> None:
        self.seal_year(archive)
        archive.seal()
        old, new = entries(archive, "main-2026"), entries(archive, "main-2027")
        assert [entry.kind for entry in old] == [
            "log.opened",
            "record.accessioned",
            "log.linked",
            "log.closed",
        ]
        assert old[-1].body == {"next": "main-2027"}
        assert new[0].kind == "log.opened"
        assert new[0].body["log"] == "main-2027"
        previous = new[0].body["previous"]
        assert (previous["log"], previous["size"]) == ("main-2026", 4)
        for part, key in (("note", layout.note_key), ("p7s", layout.cms_key)):
            data = read_all(archive.places.evidence, key("main-2026", 4))
            assert previous[part] == str(Digest.of("sha256", data))
        assert_passed(archive)

    def test_streams_go_on(self, archive: Archive) -> None:
        self.seal_year(archive)
        archive.seal()
        old, new = entries(archive, "main-2026"), entries(archive, "main-2027")
        assert (new[0].seq, new[0].prev) == (3, link_digest(old[-1].to_bytes()))
        assert (new[1].stream, new[1].seq) == ("source/A", 1)
        assert new[1].prev == link_digest(old[1].to_bytes())

    def test_it_is_not_yet_new_year_at_midnight_in_london(self, archive: Archive) -> None:
        archive.seal()
        archive.clock.advance(minutes=59)
        archive.heartbeats(1)
        archive.seal()
        assert archive.head().log == "main-2026"

    @pytest.mark.parametrize("step", range(4))
    def test_a_crash_on_the_way(self, archive: Archive, step: int) -> None:
        """Stopped after closing, after finishing the old log, after opening, after all."""
        sealer = self.seal_year(archive)
        steps = [sealer._append, sealer._finish, sealer._append, sealer._finish]
        sealer._guard()
        for part in steps[: step + 1]:
            part()
        archive.reopen()
        archive.seal()
        assert len(entries(archive, "main-2026")) == 4
        assert len(entries(archive, "main-2027")) == 2
        assert_passed(archive)

    def test_off_over_new_year(self, archive: Archive) -> None:
        """The silence is on record in the closing batch, before its token hides it."""
        archive.seal()
        archive.clock.advance(days=4)
        archive.heartbeats(1)
        archive.seal()
        assert [entry.kind for entry in entries(archive, "main-2026")][1:] == [
            "log.linked",
            "outage.started",
            "outage.ended",
            "log.closed",
        ]
        assert_passed(archive)

    def test_a_clock_that_steps_back_over_midnight_closes_nothing(self, archive: Archive) -> None:
        archive.seal()
        archive.clock.advance(minutes=60, seconds=1)
        archive.heartbeats(1)
        archive.seal()
        assert archive.head().log == "main-2027"
        archive.clock.advance(seconds=-1.5)
        archive.heartbeats(1)
        archive.seal()
        assert archive.head().log == "main-2027"
        archive.clock.advance(minutes=5)
        archive.heartbeats(1)
        archive.seal()
        assert_passed(archive)

    def test_the_next_log_is_the_one_that_was_named(self, archive: Archive) -> None:
        """Closed in one year, killed, started again in a later one."""
        sealer = self.seal_year(archive)
        sealer._guard()
        sealer._append()
        archive.clock.advance(days=500)
        archive.reopen()
        archive.seal()
        assert entries(archive, "main-2027")[0].body["log"] == "main-2027"
        archive.heartbeats(1)
        archive.seal()
        assert archive.head().log == "main-2028"
        assert_passed(archive)

    def test_no_log_closes_while_the_authority_is_away(self, archive: Archive, tsa: Switch) -> None:
        archive.seal()
        tsa.away = True
        archive.clock.advance(minutes=61)
        urgent(archive)
        archive.seal()
        assert archive.head().log == "main-2026"
        tsa.away = False
        archive.seal()
        assert archive.head().log == "main-2027"
        assert_passed(archive)

    def test_several_years_later(self, archive: Archive) -> None:
        archive.seal()
        archive.clock.advance(days=800)
        archive.heartbeats(1)
        archive.seal()
        assert archive.head().log == "main-2029"
        kinds = [entry.kind for entry in entries(archive, "main-2029")]
        assert kinds[0] == "log.opened"
