"""The sweep beside the watcher: again and again, its troubles told, a fatal one ends everything."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from archive.errors import StateUnknown, Unreachable
from cli import keeping
from cli.keeping import Away, Keeping, tell_failures
from retention.locks import Failure
from retention.sweep import Swept


class Steps:
    """A sweep whose steps are given; `done` is set when they are used up."""

    def __init__(self, *steps: Callable[[], Swept]) -> None:
        self.left = list(steps)
        self.done = threading.Event()

    def step(self) -> Swept:
        if not self.left:
            self.done.set()
            return Swept()
        return self.left.pop(0)()


def away() -> Swept:
    raise Unreachable("The server does not answer.")


def broken() -> Swept:
    raise StateUnknown("fsync failed")


def refused() -> Swept:
    return Swept(failures=[Failure("first", "packs/x", "no lock")])


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[[Steps], tuple[list[str], threading.Event]]:
    monkeypatch.setattr(keeping, "_SECONDS", 0.0)

    def go(steps: Steps) -> tuple[list[str], threading.Event]:
        monkeypatch.setattr(keeping, "sweep_of", lambda *_: steps)
        told: list[str] = []
        stop, wake = threading.Event(), threading.Event()
        bench: Any = None
        with Keeping(bench, stop, wake).beside(told.append):
            while not steps.done.wait(0.01) and not stop.is_set():
                pass
        return told, wake

    return go


def test_troubles_are_told_and_it_goes_on(run: Any) -> None:
    told, wake = run(Steps(away, refused))
    assert len(told) == 2
    assert "does not answer" in told[0]
    assert "packs/x" in told[1]
    assert not wake.is_set()


def test_a_fatal_one_ends_everything(run: Any) -> None:
    with pytest.raises(StateUnknown):
        run(Steps(broken))


def test_what_cannot_be_reached_says_why() -> None:
    vault = Away("The second copy is not mounted.")
    for act in (
        lambda: next(vault.versions("")),
        lambda: vault.protection("k", ""),
        lambda: vault.extend("k", "", None),
        lambda: vault.hold("k", "", on=True),
        lambda: vault.destroy("k", ""),
    ):
        with pytest.raises(Unreachable, match="not mounted"):
            act()
    told: list[str] = []
    tell_failures(Swept(), told.append)
    assert told == []
