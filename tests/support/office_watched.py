"""An office home in which things happened: an own case, a refusal, a copy, and a hold (A9).

watched = make_watched_office(folder)
"""

from dataclasses import dataclass
from pathlib import Path

from office_cli import OfficeHome, make_office_home
from people_fixture import KEY_PASSPHRASE, People, add_founders, founder_keys

from cli.parts import office_of

ACCOUNTS = {"leader": "4001", "clerk": "4002", "machine": "4003", "watcher": "4004"}


@dataclass
class Watched:
    office: OfficeHome
    own: str
    refused: str
    copied: str


def make_watched_office(folder: Path) -> Watched:
    """Everything is sealed."""
    office = make_office_home(folder)
    _bind(office)
    own = office.ask("li", "view")
    _fetch(office, own)
    copied = office.ask("li", "copy")
    assert office.decide("wang", copied, "approve", "--comment", "同意").code == 0
    folder = office.keys / "received"
    folder.mkdir()
    more = ("-o", folder, "--copies", 1, "--medium", "光盘")
    _fetch(office, copied, *more)
    refused = office.ask("sun", "view")
    assert office.decide("boss", refused, "refuse", "--comment", "无关").code == 0
    denied = office("fetch", office.record, "--request", refused, person="sun")
    assert denied.code == 4, denied.err
    held = office("hold", "place", office.record, "--reason", "舆情处置", person="insp")
    assert held.code == 0, held.err
    _fetch(office, own)
    return Watched(office, own, refused, copied)


def _fetch(office: OfficeHome, request: str, *more: object) -> None:
    done = office("fetch", office.record, "--request", request, *more, person="li")
    assert done.code == 0, done.err


def _bind(office: OfficeHome) -> None:
    """People who call the service through accounts of their own."""
    bench = office.bench()
    people = People(bench.desk("single"), office_of(bench))
    add_founders(people, founder_keys(office.home, KEY_PASSPHRASE))
    people.enrol("leader", "approver.department_head", account=ACCOUNTS["leader"])
    people.enrol("clerk", "handler", account=ACCOUNTS["clerk"], unit="elsewhere")
    people.enrol("machine", "administrator", account=ACCOUNTS["machine"])
    people.enrol("watcher", "inspector.internal", account=ACCOUNTS["watcher"])
    people.seal()
    bench.database.close()
