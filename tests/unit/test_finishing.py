"""The second process: what it says arrives, what goes wrong there is raised here."""

import os
import signal
from collections.abc import Iterator

import pytest

from archive.errors import StateUnknown, Unreachable
from ingest.finishing import Build, ProcessFinisher, Work


def working(run: Work) -> Build:
    def build() -> Iterator[Work]:
        yield run

    return build


def test_the_result_of_every_run_arrives() -> None:
    results = iter([True, False])
    finisher = ProcessFinisher(working(lambda: next(results)))
    try:
        for expected in (True, False):
            finisher.start()
            assert finisher.wait() is expected
    finally:
        finisher.close()


def test_an_error_is_raised_here_and_the_next_run_goes_on() -> None:
    calls = iter([Unreachable("the store cannot be written"), None])

    def run() -> bool:
        error = next(calls)
        if error is not None:
            raise error
        return False

    finisher = ProcessFinisher(working(run))
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

    def run() -> bool:
        raise Local("odd")

    finisher = ProcessFinisher(working(run))
    try:
        finisher.start()
        with pytest.raises(StateUnknown, match="Local: odd"):
            finisher.wait()
    finally:
        finisher.close()


def test_what_fails_before_the_first_run_is_raised_by_it() -> None:
    def build() -> Iterator[Work]:
        raise Unreachable("no database")
        yield

    finisher = ProcessFinisher(build)
    try:
        finisher.start()
        with pytest.raises(Unreachable, match="no database"):
            finisher.wait()
    finally:
        finisher.close()


def test_a_process_that_is_killed_is_noticed() -> None:
    def run() -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        return False

    finisher = ProcessFinisher(working(run))
    try:
        for _ in range(2):
            finisher.start()
            with pytest.raises(StateUnknown, match="ended unexpectedly"):
                finisher.wait()
    finally:
        finisher.close()


def test_its_tidying_up_is_done_before_close_returns(tmp_path: object) -> None:
    place = f"{tmp_path}/tidied"

    def build() -> Iterator[Work]:
        try:
            yield lambda: False
        finally:
            os.mkdir(place)

    finisher = ProcessFinisher(build)
    finisher.start()
    finisher.wait()
    finisher.close()
    assert os.path.isdir(place)
