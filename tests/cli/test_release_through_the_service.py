"""Retrieval through `cunzheng serve`: streams that break, and a service that is killed."""

import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from home_copies import copy_home
from office_cli import OfficeHome, make_office_home
from people_fixture import KEY_PASSPHRASE
from service_driver import served

from archive.pieces import PIECE_SIZE
from cli.author import open_signer
from cli.requesting import Wish, ask, explain
from cli.service.client import SocketDesk
from cli.service.desk import Document
from cli.service.signed import packed

CONTENT = b"".join(b"line %07d of the record\n" % number for number in range(1_000_000))
WORDS = ("--purpose", "case_handling", "--reason", "核对", "--case", "2026-17")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> OfficeHome:
    return make_office_home(tmp_path_factory.mktemp("office"), CONTENT)


@pytest.fixture
def office(made: OfficeHome, tmp_path: Path) -> OfficeHome:
    copy_home(made.home, tmp_path / "h")
    return replace(made, home=tmp_path / "h")


def order(office: OfficeHome, desk: SocketDesk) -> Document:
    """Request and start of a view, signed by the handler."""
    signer = open_signer(desk, str(office.keys / "li.key"))
    wish = Wish(action="view", purpose="case_handling", reason="x", case="2026-17")
    found = explain(desk, "li", wish, [office.record])
    request, made = ask(desk, signer, wish, found)
    payload = {
        "access": signer.author.id(),
        "action": "view",
        "copies": None,
        "range": None,
        "record": office.record,
        "request": request,
        "resumes": None,
    }
    started = packed(*signer.make("access.started", payload))
    return {"started": started, "requested": packed(*made), "confidential": False}


def leave_amid(office: OfficeHome) -> None:
    """A receiver that takes one piece and is gone."""
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            os.environ["CUNZHENG_KEY_PASSPHRASE"] = KEY_PASSPHRASE
            desk = SocketDesk(office.home)
            with desk.receive("access.receive", order(office, desk)) as delivery:
                next(iter(delivery))
                os._exit(7)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def aborted(office: OfficeHome) -> Document:
    """The last access that was aborted, waited for."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if found := office.entries("access.aborted"):
            return dict(found[-1])
        time.sleep(0.05)
    raise AssertionError("no access was aborted")


def test_a_copy_through_the_service(office: OfficeHome, tmp_path: Path) -> None:
    with served(office.home):
        request = office.ask("li", "copy")
        assert office.decide("wang", request, "approve").code == 0
        out = tmp_path / "out"
        done = office(
            "fetch", office.record, "--request", request, "-o", out, "--json", person="li"
        )
        assert done.code == 0, done.err
        assert Path(done.json["path"]).read_bytes() == CONTENT
        view = office("fetch", office.record, *WORDS, person="li")
        assert (view.code, view.out) == (0, CONTENT)
        denied = office("fetch", office.record, "--action", "export", *WORDS, person="li")
        assert denied.code == 4
    hosts = [body["host"] for body in office.entries("access.started")]
    assert hosts == ["service", "service"]
    assert office.entries("access.denied")[-1]["host"] == "service"


def test_a_receiver_that_is_gone(office: OfficeHome) -> None:
    with served(office.home):
        leave_amid(office)
        found = aborted(office)
    assert found["code"] == "CONNECTION_LOST"
    assert PIECE_SIZE <= found["bytes"] <= len(CONTENT)


def test_a_service_that_is_killed_amid(office: OfficeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNZHENG_KEY_PASSPHRASE", KEY_PASSPHRASE)
    with served(office.home) as process:
        desk = SocketDesk(office.home)
        with suppress(Exception), desk.receive("access.receive", order(office, desk)) as delivery:
            next(iter(delivery))
            process.kill()
            process.wait()
            list(delivery)
    assert office.entries("access.aborted") == []
    with served(office.home):
        found = aborted(office)
    assert found["code"] == "PROCESS_ENDED"
    assert PIECE_SIZE <= found["bytes"] <= len(CONTENT)
    assert office("verify").code == 0
