"""Killed at any moment of a destruction: run again it ends, and nothing is claimed before.

The child is a fork with its own connection to the database; it is killed with SIGKILL when it has
done a number of steps (deletions, submissions, questions to a store).
"""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from disposal_office import DisposalOffice, make_office

from archive.verify.disposals import UNFINISHED
from retention.execute import Destroyer, Place

STEPS = 24


class Counted:
    """Passes everything on, and dies when so many calls were made."""

    def __init__(self, inner: Any, left: list[int], names: tuple[str, ...]) -> None:
        self._inner = inner
        self._left = left
        self._names = names

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        def call(*args: Any, **named: Any) -> Any:
            self._tick()
            try:
                return found(*args, **named)
            finally:
                self._tick()

        return call

    def _tick(self) -> None:
        self._left[0] -= 1
        if self._left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)


def run_and_die(office: DisposalOffice, name: str, steps: int) -> bool:
    """Run the destruction in a child that dies after so many steps; whether it did die."""
    child = os.fork()
    if child == 0:
        signal.alarm(300)
        try:
            again = office.reopened()
            left = [steps]
            stores = [
                Place(
                    place.name,
                    Counted(place.store, left, ("stat",)),
                    Counted(place.vault, left, ("destroy",)),
                )
                for place in again.stores()
            ]
            desk = again.people.desk
            sealer = Counted(desk.sealer, left, ("drain",))
            desk = replace(desk, sealer=sealer, database=Counted(desk.database, left, ("write",)))
            Destroyer(desk, stores, again.archive.places.live, again.warrant()).run(name)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), code
    return code != 0


@pytest.mark.parametrize("steps", range(0, 60, 3))
def test_a_killed_destruction_is_finished(tmp_path: Path, steps: int) -> None:
    office = make_office(tmp_path)
    alone = office.keep(b"alone", sidecar=b'{"cunzheng_sidecar":1}')
    packed = office.keep_packed([b"a", b"b"])
    office.later(days=11)
    name = office.dispose([alone, *packed])
    office.archive.db.close()
    died = run_and_die(office, name, steps)
    again = office.reopened()
    between = again.codes()
    assert between <= {"DESTRUCTION_UNFINISHED", "OVERDUE"}, between
    again.destroyer().run(name)
    again.archive.seal()
    assert again.codes() == set()
    held = [i.key for i in again.archive.places.evidence.list("records/")]
    assert held == []
    assert died or steps > STEPS


def test_what_is_left_half_done_fails_after_a_day(tmp_path: Path) -> None:
    office = make_office(tmp_path)
    record = office.keep(b"alone")
    office.later(days=11)
    name = office.dispose([record])
    office.archive.db.close()
    # The content is deleted, the description is not.
    assert run_and_die(office, name, 6)
    again = office.reopened()
    keys = [i.key for i in again.archive.places.evidence.list("records/")]
    assert [key.rpartition("/")[2] for key in keys] == ["record.json"]
    assert again.codes() == {"DESTRUCTION_UNFINISHED"}
    again.later(seconds=UNFINISHED.total_seconds() + 60)
    assert "CONTENT_MISSING" in again.codes()
    again.destroyer().run(name)
    assert again.codes() == set()
