"""50 people, 5,000 records, 10,000 accesses, 24 misuses: what the rules find, and what they cry."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import office_life
import pytest
from office_ledger import write
from office_life import Life, live, settings
from office_misuse import plant

from archive.oversight.alerts.alert import Alert
from archive.oversight.alerts.evaluate import Lookups, evaluate
from archive.oversight.events import Place, Started
from archive.oversight.reading import Reader
from archive.oversight.sources import stored_lines

SEEDS = (1, 2, 3, 5, 8, 13)


def alerts_of(life: Life) -> list[Alert]:
    return evaluate(Reader().read(life.lines()), settings(), Lookups.none())


def planted_in(life: Life, alert: Alert) -> set[int]:
    """The misuses whose acts are evidence of an alert."""
    found = {life.acts[place.index].misuse for place in alert.evidence}
    return {number for number in found if number is not None}


@pytest.mark.parametrize("seed", SEEDS)
def test_all_misuse_is_found_and_few_others_are_accused(seed: int) -> None:
    life = plant(live(seed))
    assert len(life.people) == 50
    assert sum(len(case.records) for case in life.cases) >= 5000
    assert life.accesses >= 9700
    assert len(life.planted) == 24
    started = time.process_time()
    alerts = alerts_of(life)
    assert time.process_time() - started < 10
    found = {
        number
        for alert in alerts
        for number in planted_in(life, alert)
        if life.planted[number] == alert.rule
    }
    assert found == set(life.planted), {n: life.planted[n] for n in life.planted.keys() - found}
    false = [alert for alert in alerts if not planted_in(life, alert)]
    assert len(false) * 1000 <= life.accesses, [alert.en for alert in false]


def test_every_alert_says_why() -> None:
    life = plant(live(1))
    for alert in alerts_of(life):
        assert alert.evidence
        assert list(alert.evidence) == sorted(set(alert.evidence))
        assert alert.assignee in ("legal_office", "inspector.internal")
        assert any(character.isdigit() for character in alert.en)
        assert alert.en != alert.zh
        if alert.rule != "A12":
            assert alert.person
            assert alert.person in alert.en or alert.rule in ("A7", "A8")


def test_alerts_keep_their_ids_while_the_ledger_grows() -> None:
    life = plant(live(2))
    lines = list(life.lines())
    whole = {a.id: a for a in evaluate(Reader().read(lines), settings(), Lookups.none())}
    half = evaluate(Reader().read(lines[: len(lines) // 2]), settings(), Lookups.none())
    assert 0 < len(half) < len(whole)
    assert all(whole[alert.id] == alert for alert in half)


def test_without_misuse_there_is_next_to_nothing() -> None:
    life = live(3)
    life.settle()
    assert len(alerts_of(life)) * 1000 <= life.accesses


def test_a_rule_that_is_switched_off_is_silent_and_the_others_are_not() -> None:
    life = plant(live(1))
    default = settings()
    quiet = replace(default, a5=replace(default.a5, enabled=False))
    alerts = evaluate(Reader().read(life.lines()), quiet, Lookups.none())
    assert [a for a in alerts_of(life) if a.rule != "A5"] == alerts


def test_signed_entries_in_a_store_give_the_same_alerts(tmp_path: Path) -> None:
    life = plant(live(1, days=12, records=2200, share=0.05))
    assert life.accesses > 200
    places, trust = write(life, tmp_path)
    stored = list(Reader().read(stored_lines(places, trust)))
    assert sum(isinstance(event, Started) for event in stored) == life.accesses
    found = evaluate(stored, settings(), Lookups.none())
    expected = alerts_of(life)
    assert {alert.rule for alert in expected} == set(life.planted.values())
    assert [moved(alert) for alert in found] == expected


def moved(alert: Alert) -> Alert:
    """The first entry of a real log is `log.opened`; the acts begin after it."""
    back = tuple(Place(office_life.LOG, place.index - 1) for place in alert.evidence)
    text = {
        name: _earlier(getattr(alert, name)) if alert.rule == "A12" else getattr(alert, name)
        for name in ("en", "zh")
    }
    return replace(alert, evidence=back, **text)


def _earlier(sentence: str) -> str:
    before, log, after = sentence.partition(f"{office_life.LOG}#")
    digits = len(after) - len(after.lstrip("0123456789"))
    return f"{before}{log}{int(after[:digits]) - 1}{after[digits:]}"
