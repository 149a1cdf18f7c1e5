"""Generated office life as a real ledger: entries signed by everybody's own key, in sealed tiles.

places, trust = write(life, folder)      # act number i is entry number i + 1
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from archive_builder import ARCHIVE, Builder
from office_life import Act, Life
from people_office import STAFF, Office, reasons

from archive.durable import FileSystem
from archive.publish import Places
from archive.statements.kinds import SIGNED
from archive.stored_log import LogTrust
from archive.stores.directory import DirectoryPointer

_STREAMS = {"log.heartbeat": "log"}


def write(life: Life, folder: Path) -> tuple[Places, LogTrust]:
    """Write every act; returns what a reader needs."""
    made = Builder(folder)
    made.now = life.acts[0].at - timedelta(hours=1)
    office = Office(made, extra=sorted(life.people.keys() - STAFF.keys()))
    for act in life.acts:
        _write(office, act)
    made.seal(token=False)
    evidence, live = made.stores()
    pointer = DirectoryPointer(folder / "live/log/checkpoint", folder / "pointer", FileSystem())
    trust = LogTrust(ARCHIVE, made.pki.log_signer.public_key())
    return Places(evidence, live, pointer, folder / "staging"), trust


def _write(office: Office, act: Act) -> None:
    made = office.made
    made.now = act.at
    written = act.written or act.at
    if act.kind not in SIGNED:
        stream = _STREAMS.get(act.kind, "access")
        actor = f"system/{stream}"
        made.entry(act.kind, stream, act.subject, dict(act.said), at=written, actor=actor)
        return
    assert act.person
    authors = [office.authors[name] for name in (act.person, act.other) if name]
    first, detail = authors[0].make(act.kind, _payload(office, act), _data(act.kind))
    signed = [first, *(author.cosign(first) for author in authors[1:])]
    extra: dict[str, Any] = {"bootstrap": False} if act.kind == "person.enrolled" else {}
    office.put(signed, detail, at=written, accepted_at=act.at, account=act.account, **extra)


def _payload(office: Office, act: Act) -> dict[str, Any]:
    said = dict(act.said)
    if act.kind == "person.enrolled":
        said["certificate"] = str(office.authors[said["person"]].certificate)
    return said


def _data(kind: str) -> Mapping[str, Any] | None:
    if kind in ("access.started", "access.decided"):
        return None
    if kind == "access.requested":
        return reasons()
    texts = dict.fromkeys(SIGNED[kind].data, "测试")
    return {**texts, **{key: None for key in texts if key in _NOTHING}}


_NOTHING = ("certificate_no", "certificate_until", "document_no", "title")
