"""What a thief of all the archive's keys can try: log, sealing, issuing and time-stamping keys.

Every history below is sealed anew and fits together. The keys sign nothing for people, so nobody
can be made to have said anything; what was said can be left out, which only a checkpoint that
somebody else kept brings to light.
"""

import shutil
from dataclasses import replace
from datetime import timedelta
from typing import Any

from archive_fixture import make_archive
from forger import KEYS, forgery, store_certificate
from forger_lab import Scene
from people_fixture import make_people
from resealer import Batch, Value

from archive.times import parse_time

UNSEEN = "with nothing kept outside this passes"


def _reseal(scene: Scene, history: Any) -> None:
    history.write(scene.keys())


def _drop(scene: Scene, *kinds: str, **wanted: str) -> None:
    """Leave entries out and seal everything anew."""
    history = scene.history()
    for kind in kinds:
        batch, position = history.find(kind=kind, **wanted)
        entry = batch.entries.pop(position)
        _drop_detail(scene, entry)
    _reseal(scene, history)


def _drop_detail(scene: Scene, entry: Value) -> None:
    detail = entry["body"].get("detail_id")
    if detail:
        (scene.archive.evidence / f"details/{detail[-2:]}/{detail}.json").unlink()


def _access(scene: Scene) -> None:
    """Leave wang's access out, from start to end."""
    history = scene.history()
    wanted = scene.names.access
    for batch in history.batches:
        batch.entries = [
            entry for entry in batch.entries if wanted not in (_started(entry), _ended(entry))
        ]
    _reseal(scene, history)


def _started(entry: Value) -> str:
    if entry["kind"] != "access.started":
        return ""
    return str(entry["body"]["statements"][0]["statement"]["payload"]["access"])


def _ended(entry: Value) -> str:
    return str(entry["body"].get("access", ""))


def _find(scene: Scene, history: Any) -> tuple[Batch, Value]:
    """wang's access as an object that may be changed."""
    for batch in history.batches:
        for entry in batch.entries:
            if _started(entry) == scene.names.access:
                return batch, entry
    raise LookupError(scene.names.access)


@forgery("invent a request of li's", KEYS, rule="STATEMENT_BAD")
def invent_request(scene: Scene) -> str:
    history = scene.history()
    batch, position = history.find(kind="access.requested", actor="user/li")
    entry = batch.entries[position]
    entry["body"]["statements"][0]["statement"]["nonce"] = "00" * 16
    _reseal(scene, history)
    return ""


@forgery("swap the approver", KEYS, rule="STATEMENT_BAD")
def swap_approver(scene: Scene) -> str:
    history = scene.history()
    batch, position = history.find(kind="access.decided")
    entry = batch.entries[position]
    statement = entry["body"]["statements"][0]["statement"]
    statement["person"] = "founder1"
    statement["certificate"] = str(scene.author("founder1").certificate)
    entry["actor"] = "user/founder1"
    _reseal(scene, history)
    return ""


@forgery("say that an access was half an hour later", KEYS, rule="STATEMENT_STALE")
def move_in_time(scene: Scene) -> str:
    history = scene.history()
    last = history.batches[-1]
    for batch in history.batches:
        moved = [e for e in batch.entries if scene.names.access in (_started(e), _ended(e))]
        for entry in moved:
            batch.entries.remove(entry)
            last.entries.append({**entry, "at": last.entries[0]["at"]})
    entry = next(entry for entry in last.entries if _started(entry))
    entry["body"]["accepted_at"] = entry["at"]
    _reseal(scene, history)
    return ""


@forgery("put an access before its approval", KEYS, rule="NO_GRANT")
def reorder(scene: Scene) -> str:
    history = scene.history()
    batch, entry = _find(scene, history)
    batch.entries.remove(entry)
    target, position = history.find(kind="access.decided")
    target.entries.insert(position, entry)
    _reseal(scene, history)
    return ""


@forgery("approve with a new certificate in founder2's name", KEYS, rule="SIGNER_UNKNOWN")
def issue_certificate(scene: Scene) -> str:
    scene.people.new_author("founder2", "main")
    store_certificate(scene, scene.people.certificates["founder2"])
    signed, _ = scene.author("founder2").make("access.decided", scene.deciding(scene.names.waiting))
    scene.put(signed)
    scene.archive.sealer.drain()
    return ""


@forgery("found the register once more", KEYS, rule="FOUNDING_OVER")
def found_again(scene: Scene) -> str:
    scene.people.new_author("puppet", "main")
    store_certificate(scene, scene.people.certificates["puppet"])
    payload = scene.people.enrolment("puppet", ("archivist",))
    words = {
        "name": "某人",
        "post": "科员",
        "unit_name": "执法队",
        "certificate_no": None,
        "certificate_until": None,
    }
    signed, detail = scene.author("puppet").make("person.enrolled", payload, words)
    scene.put(signed, detail, bootstrap=True)
    scene.archive.sealer.drain()
    return ""


@forgery("put another founder in founder2's place", KEYS, rule="SIGNER_UNKNOWN")
def replace_founder(scene: Scene) -> str:
    history = scene.history()
    batch, position = history.find(kind="person.enrolled", actor="user/founder2")
    true = batch.entries[position]
    scene.people.new_author("founder2", "main")
    certificate = scene.people.certificates["founder2"]
    at = parse_time(true["body"]["accepted_at"])
    author = scene.author("founder2", now=lambda: at)
    payload = {**true["body"]["statements"][0]["statement"]["payload"]}
    payload["certificate"] = str(author.certificate)
    true["body"]["statements"] = [author.sign("person.enrolled", payload).value()]
    _store(scene, history, certificate)
    _reseal(scene, history)
    return ""


def _store(scene: Scene, history: Any, certificate: bytes) -> None:
    """A certificate in the store, named by the first entry."""
    from tamper_lab import overwrite

    from signing.digest import Digest

    digest = Digest.of("sha256", certificate)
    history.batches[0].entries[0]["body"]["certificates"].append(str(digest))
    overwrite(scene.archive.evidence / f"pki/{digest.value.hex()}.crt", certificate)


@forgery("leave out the start of an access alone", KEYS, rule="ACCESS_UNKNOWN")
def drop_start(scene: Scene) -> str:
    history = scene.history()
    batch, entry = _find(scene, history)
    batch.entries.remove(entry)
    _reseal(scene, history)
    return ""


@forgery("leave out the approval of an access", KEYS, rule="NO_GRANT")
def drop_approval(scene: Scene) -> str:
    _drop(scene, "access.decided")
    return ""


@forgery("leave out the enrolment of somebody who signed", KEYS, rule="SIGNER_UNKNOWN")
def drop_enrolment(scene: Scene) -> str:
    _drop(scene, "person.enrolled", subject="wang")
    return ""


@forgery("leave out a whole access", KEYS, found="LEDGER_TRUNCATED", checkpoint=True)
def drop_access(scene: Scene) -> str:
    _access(scene)
    return ""


@forgery("leave out a whole access", KEYS, UNSEEN)
def drop_access_unseen(scene: Scene) -> str:
    _access(scene)
    return ""


@forgery("leave out a revocation", KEYS, found="LEDGER_TRUNCATED", checkpoint=True)
def drop_revocation(scene: Scene) -> str:
    _drop(scene, "person.revoked")
    return ""


@forgery("leave out that somebody was suspended", KEYS, UNSEEN)
def drop_suspension_unseen(scene: Scene) -> str:
    _drop(scene, "person.suspended")
    return ""


def _other_office(scene: Scene) -> None:
    """The same keys, another office: people, statements and accesses of one's own making."""
    moment = scene.archive.clock.moment
    home = scene.archive.home / "other"
    clock = replace(scene.archive.clock, moment=scene.start)
    other = make_archive(home, clock)
    people = make_people(other)
    people.enrol("li", "handler")
    other.accession(b"an invented record")
    other.seal()
    while clock.moment + timedelta(minutes=50) < moment:
        clock.advance(minutes=50)
        other.heartbeats(1)
        other.seal()
    other.db.close()
    shutil.rmtree(scene.archive.home / "store")
    shutil.copytree(home / "store", scene.archive.home / "store")


@forgery("invent another office with other people", KEYS, found="LEDGER_TRUNCATED",
         checkpoint=True)  # fmt: skip
def other_office(scene: Scene) -> str:
    _other_office(scene)
    return ""


@forgery("invent another office with other people", KEYS, UNSEEN)
def other_office_unseen(scene: Scene) -> str:
    _other_office(scene)
    return ""
