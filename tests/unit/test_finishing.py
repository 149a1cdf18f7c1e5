"""The second process: what it says arrives, what goes wrong there is raised here."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from archive.errors import StateUnknown, Unreachable
from ingest.finishing import Build, OnReceipts, ProcessFinisher, Tell, Work


def a_process(build: Build, heard: list[object]) -> ProcessFinisher:
    return ProcessFinisher(build, heard.append, heard.append)


def working(run: Callable[[OnReceipts, Tell], bool]) -> Build:
    def build(tell: Tell) -> Iterator[Work]:
        yield lambda on_receipts: run(on_receipts, tell)

    return build


def test_receipts_sentences_and_the_result_arrive() -> None:
    def run(on_receipts: OnReceipts, tell: Tell) -> bool:
        on_receipts(3)
        tell("changed")
        return True

    heard: list[object] = []
    finisher = a_process(working(run), heard)
    try:
        for _ in range(2):
            finisher.start()
            assert finisher.wait() is True
    finally:
        finisher.close()
    assert heard == [3, "changed", 3, "changed"]


def test_an_error_is_raised_here_and_the_next_run_goes_on() -> None:
    calls = iter([Unreachable("the store cannot be written"), None])

    def run(_on_receipts: OnReceipts, _tell: Tell) -> bool:
        error = next(calls)
        if error is not None:
            raise error
        return False

    finisher = a_process(working(run), [])
    try:
        finisher.start()
        with pytest.raises(Unreachable, match="the store cannot be written"):
            finisher.wait()
        finisher.start()
        assert finisher.wait() is False
    finally:
        finisher.close()


def test_an_error_that_cannot_travel_is_named() -> None:
    class Local(Exception):
        pass

    def run(_on_receipts: OnReceipts, _tell: Tell) -> bool:
        raise Local("odd")

    finisher = a_process(working(run), [])
    try:
        finisher.start()
        with pytest.raises(StateUnknown, match="Local: odd"):
            finisher.wait()
    finally:
        finisher.close()


def test_what_fails_before_the_first_run_is_raised_by_it() -> None:
    def build(_tell: Tell) -> Iterator[Work]:
        raise Unreachable("no database")
        yield

    finisher = a_process(build, [])
    try:
        finisher.start()
        with pytest.raises(Unreachable, match="no database"):
            finisher.wait()
    finally:
        finisher.close()


def test_a_process_that_is_killed_is_noticed() -> None:
    def run(_on_receipts: OnReceipts, _tell: Tell) -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        return False

    finisher = a_process(working(run), [])
    try:
        for _ in range(2):
            finisher.start()
            with pytest.raises(StateUnknown, match="ended unexpectedly"):
                finisher.wait()
    finally:
        finisher.close()


def test_its_tidying_up_is_done_before_close_returns(tmp_path: object) -> None:
    place = f"{tmp_path}/tidied"

    def build(_tell: Tell) -> Iterator[Work]:
        try:
            yield lambda _: False
        finally:
            os.mkdir(place)

    finisher = a_process(build, [])
    finisher.start()
    finisher.wait()
    finisher.close()
    assert os.path.isdir(place)
