"""Threads that wait for the same seal: one has the turn, the others hear of it."""

import threading
from collections.abc import Callable
from pathlib import Path

from archive_fixture import make_archive
from people_fixture import make_people

from archive import ledger
from archive.rounds import Rounds


def _started(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_one_has_the_turn_at_a_time() -> None:
    rounds = Rounds()
    with rounds.turn(wait=False) as mine, rounds.turn(wait=False) as second:
        assert (mine, second) == (True, False)
        got = threading.Event()

        def take() -> None:
            with rounds.turn(wait=True) as third:
                assert third
                got.set()

        waiting = _started(take)
        assert not got.wait(0.05)
    waiting.join(60)
    assert got.is_set()
    with rounds.turn(wait=False) as again:
        assert again


def test_the_turn_comes_back_after_an_error() -> None:
    rounds = Rounds()
    try:
        with rounds.turn(wait=True):
            raise ValueError
    except ValueError:
        pass
    with rounds.turn(wait=False) as mine:
        assert mine


def test_a_waiter_hears_of_a_batch_at_once() -> None:
    rounds = Rounds()
    seen = rounds.count
    with rounds.turn(wait=False):
        heard = threading.Event()
        waiting = _started(lambda: (rounds.wait(seen, 60.0), heard.set()))
        assert not heard.wait(0.05)
        rounds.published()
        waiting.join(60)
        assert heard.is_set()
    assert rounds.count == seen + 1


def test_a_batch_before_the_wait_is_not_missed() -> None:
    rounds = Rounds()
    seen = rounds.count
    rounds.published()
    rounds.wait(seen, 60.0)
    with rounds.turn(wait=False):
        rounds.wait(seen, 60.0)


def test_where_nobody_here_seals_the_wait_is_short() -> None:
    rounds = Rounds()
    waiting = _started(lambda: rounds.wait(rounds.count, 0.01))
    waiting.join(60)
    assert not waiting.is_alive()


def test_many_threads_share_few_seals(tmp_path: Path) -> None:
    people = make_people(make_archive(tmp_path))
    gate = threading.Barrier(12)
    places: list[tuple[str, int]] = []

    def put(number: int) -> None:
        payload = {
            "case": people.authors["founder1"].id(),
            "category": "penalty",
            "handlers": [],
            "importance": "ordinary",
            "opened": "2026-11-22",
            "sensitivity": [],
            "unit": "main",
        }
        gate.wait()
        data = {"number": f"c{number}", "title": None}
        said = people.say("founder1", "case.opened", payload, data)
        places.extend(people.desk.wait(said.entries))

    threads = [_started(lambda number=number: put(number)) for number in range(12)]
    for thread in threads:
        thread.join(60)
    assert len(set(places)) == 12
    log, last = max(places)
    with people.desk.database.read() as connection:
        head = ledger.head_of(connection, log)
    assert head is not None
    assert head.published == head.size > last
