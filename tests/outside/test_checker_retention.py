"""The outside checker's arithmetic of periods and first locks agrees with the product's."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from retention_book import LAW, SCHEDULE

from archive.report import Report
from archive.times import format_time
from archive.verify.first_locks import FirstLocks
from archive.verify.index import Index
from retention.ends import case_end
from retention.periods import Period
from retention.schedule import Schedule

sys.path.insert(0, str(Path(__file__).parent))
import checker_disposition
import checker_retention

LOG = "main-2026"
TEXTS = [SCHEDULE.replace('"6m"', f'"{period}"') for period in ("6m", "12m", "1y", "180d", "2y")]
MOMENTS = st.integers(1_735_660_800, 1_798_700_000).map(lambda at: datetime.fromtimestamp(at, UTC))
PERIODS = st.tuples(st.integers(1, 100), st.sampled_from("dmy")).map(
    lambda one: f"{one[0]}{one[1]}"
)


@given(period=PERIODS, moment=MOMENTS)
def test_periods_end_at_the_same_moment(period: str, moment: datetime) -> None:
    day = checker_disposition.day(format_time(moment))
    end = Period.parse(period).end(moment)
    assert end is not None
    assert checker_disposition.ends(period, day) == format_time(end)


def test_the_shortest_period_is_the_same() -> None:
    for text in TEXTS:
        assert checker_retention.shortest(text) == LAW.floor_class(text)


def test_ends_of_cases_are_the_same() -> None:
    from archive.registers.keeping import CaseFacts

    for importance in ("ordinary", "major"):
        facts = CaseFacts("penalty", importance, datetime(2026, 12, 31, tzinfo=UTC).date())
        case = {"category": "penalty", "importance": importance, "closed": "2026-12-31"}
        classes = {one["name"]: one for one in checker_disposition.tomllib.loads(SCHEDULE)["class"]}
        found = checker_disposition.Keeping.file_end(case, classes)
        end = case_end(Schedule.parse(SCHEDULE), facts).moment
        assert found == (checker_disposition.FOREVER if end is None else format_time(end))


RECORDS = st.tuples(MOMENTS, st.none() | PERIODS)
ADOPTED = st.tuples(MOMENTS, st.sampled_from(TEXTS))


@settings(max_examples=60, deadline=None)
@given(ledger=st.lists(RECORDS | ADOPTED.map(lambda one: (one[0], one[1], True)), max_size=12))
def test_short_first_locks_are_the_same(ledger: list[tuple[object, ...]]) -> None:
    accessions: list[tuple[str, dict[str, object]]] = []
    schedules = []
    with Index() as index:
        locks = FirstLocks(index, [LOG])
        for place, (moment, said, *schedule) in enumerate(ledger):
            assert isinstance(moment, datetime)
            if schedule:
                locks.adopted((0, place), moment, str(said))
                schedules.append((len(accessions), format_time(moment), str(said)))
                continue
            body: dict[str, object] = {"received_at": format_time(moment)}
            if said is not None:
                until = Period.parse(said).end(moment)
                assert until is not None
                body["retain_until"] = format_time(until)
            accessions.append((f"R{place:03}", {"body": body}))
            row = (f"R{place:03}", LOG, place, format_time(moment), json.dumps(body))
            index.add("record", [(*row, 1, None, None, None, None)])
        report = Report("everything", datetime(2027, 1, 1, tzinfo=UTC))
        locks.check(LAW, report)
    product = sorted(finding.subject for finding in report.findings)
    assert product == sorted(rid for rid, _ in checker_retention.short_locks(accessions, schedules))
