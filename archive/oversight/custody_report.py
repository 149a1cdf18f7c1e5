"""The chain of custody of one record: every entry about it, each with its inclusion proof.

    chain = Chain(record, opened_record)              # fed with every event of the ledger
    proofs, files = custody_bundle(places, trust, chain, alerts, details=True)

All proofs of a log lead to its newest timestamped seal, so three signed files prove them all.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from archive import layout
from archive.documents.table import Column, Language, Table, Value
from archive.errors import NotFound, Unreachable
from archive.oversight import events as ev
from archive.oversight.alerts.alert import Alert
from archive.oversight.custody_words import KINDS, readme, say_what
from archive.oversight.events import DetailRef, Event, Place
from archive.oversight.sources import Details, sealed_size
from archive.ports import ObjectStore, read_all
from archive.proof import pem, tlog_proof
from archive.publish import Places
from archive.stored_log import CMS, NOTE, TOKEN, LogTrust, StoredLog, seal_sizes
from signing.digest import Digest
from signing.errors import SigningError
from signing.timestamp import check_token

_LIMIT = 16 << 20


@dataclass
class Chain:
    """What concerns one record; feed it every event with `see`, then read `events`.

    `opens` tells which record a concealed access was about, None where that cannot be read.
    """

    record: str
    opens: Callable[[ev.Opened], str | None]
    accession: ev.Accessioned | None = None
    _own: list[Event] = field(default_factory=list)
    _of_cases: defaultdict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    _holds: dict[str, list[ev.HoldChanged]] = field(default_factory=dict)
    _handled: list[ev.AlertHandled] = field(default_factory=list)
    _requests: set[str] = field(default_factory=set)
    _accesses: set[str] = field(default_factory=set)
    _concealed: dict[str, list[Event]] = field(default_factory=dict)
    _cases: set[str] = field(default_factory=set)
    _dispositions: set[str] = field(default_factory=set)

    @property
    def destroyed(self) -> bool:
        """Whether the ledger says that the record was destroyed, or blocked as a secret."""
        gone = ("record.destroyed", "record.spilled")
        return any(event.kind in gone for event in self._own)

    def see(self, event: Event, line_subject: str | None) -> None:
        """Look at the next event; `line_subject` is the entry's own subject."""
        match event:
            case ev.Accessioned() if event.record == self.record:
                self.accession = event
                self._own.append(event)
            case ev.CaseChanged():
                self._case(event)
            case ev.HoldChanged():
                self._holds.setdefault(event.hold, []).append(event)
            case ev.AlertHandled():
                self._handled.append(event)
            case ev.Concealed():
                self._concealed.setdefault(event.access, []).append(event)
            case ev.Opened():
                if self.opens(event) == self.record:
                    self._own += [*self._concealed.get(event.access, ()), event]
            case ev.Requested() if self.record in event.records:
                self._requests.add(event.request)
                self._own.append(event)
            case ev.Started() if event.record == self.record:
                self._accesses.add(event.access)
                self._own.append(event)
            case ev.Denied() if self.record in event.records:
                self._own.append(event)
            case _ if self._concerns(event, line_subject):
                self._own.append(event)

    def events(self, alerts: Iterable[Alert] = ()) -> list[Event]:
        """Everything about the record in the order of the ledger; `alerts` are those about it."""
        cases = [event for case in self._cases for event in self._of_cases[case]]
        ids = {alert.id for alert in alerts}
        handled = [event for event in self._handled if event.alert in ids]
        holds = [event for both in self._holds.values() if self._held(both) for event in both]
        found = {event.place: event for event in (*self._own, *cases, *handled, *holds)}
        return [found[place] for place in sorted(found, key=_order)]

    def _case(self, event: ev.CaseChanged) -> None:
        if self.record in event.records:
            self._cases.add(event.case)
            self._own.append(event)
        elif not event.records:
            self._of_cases[event.case].append(event)

    def _kept(self, event: ev.KeptOrGone) -> bool:
        mine = self.record in event.records
        if mine and event.disposition:
            self._dispositions.add(event.disposition)
        return mine or (not event.records and event.disposition in self._dispositions)

    def _held(self, changes: list[ev.HoldChanged]) -> bool:
        return any(self.record in c.records or c.case in self._cases for c in changes)

    def _concerns(self, event: Event, subject: str | None) -> bool:
        if isinstance(event, ev.KeptOrGone):
            return self._kept(event)
        request = getattr(event, "request", None)
        access = getattr(event, "access", None)
        return subject == self.record or request in self._requests or access in self._accesses


def _order(place: Place) -> tuple[str, str, int]:
    return (place.log.rpartition("-")[2], place.log, place.index)


@dataclass(frozen=True, slots=True)
class Proofs:
    """The files that prove entries: by number, and those of the seals that they lead to."""

    files: Mapping[str, bytes]
    names: Mapping[Place, str]
    sealed: Mapping[str, tuple[int, datetime]]


def prove(places: Places, trust: LogTrust, wanted: Iterable[Place]) -> Proofs:
    """Entry and inclusion proof of every place that is timestamped; the others have no name.

    Raises ContentAltered or ObjectMissing where the store does not hold what was signed.
    """
    files: dict[str, bytes] = {}
    names: dict[Place, str] = {}
    sealed: dict[str, tuple[int, datetime]] = {}
    logs: dict[str, StoredLog] = {}
    for number, place in enumerate(wanted, 1):
        log = place.log
        if log not in logs:
            logs[log] = StoredLog(places, trust, log, sealed_size(places, log))
            sealed[log] = _seal_files(places.evidence, log, files)
        if place.index < sealed[log][0]:
            proved = logs[log].prove(place.index, sealed[log][0])
            names[place] = f"{number:04d}"
            files[f"{number:04d}.entry.json"] = proved.data
            files[f"{number:04d}.tlog-proof"] = tlog_proof(proved)
    files["certificates.pem"] = pem(places.evidence, ".crt", "CERTIFICATE")
    files["crls.pem"] = pem(places.evidence, ".crl", "X509 CRL")
    return Proofs(files, names, sealed)


def _seal_files(evidence: ObjectStore, log: str, files: dict[str, bytes]) -> tuple[int, datetime]:
    """Take the newest seal with a token; Unreachable while a log has none."""
    whole = [n for n, found in seal_sizes(evidence, log) if {NOTE, CMS, TOKEN} <= found]
    if not whole:
        raise Unreachable(f"The log {log} has no timestamped seal yet; try again later.")
    size = whole[-1]
    for key, ending in (
        (layout.note_key(log, size), NOTE),
        (layout.cms_key(log, size), CMS),
        (layout.token_key(log, size), TOKEN),
    ):
        files[log + ending] = read_all(evidence, key, _LIMIT)
    digest = Digest.of("sha256", files[log + CMS])
    try:
        token = check_token(files[log + TOKEN], digest=digest)
    except SigningError as error:
        raise Unreachable(f"The timestamp of {log} at {size} cannot be used: {error}") from error
    return size, token.gen_time


def custody_bundle(
    places: Places, trust: LogTrust, chain: Chain, alerts: Iterable[Alert], *, details: bool
) -> tuple[Proofs, dict[str, bytes]]:
    """Proofs, and every file of the folder but the document; `details` adds the free texts.

    Raises NotFound for a record that is not sealed.
    """
    if chain.accession is None:
        raise NotFound(f"There is no sealed record {chain.record}.")
    events = chain.events(alerts)
    proofs = prove(places, trust, [event.place for event in events])
    files = dict(proofs.files)
    blocked = any(event.kind == "record.spilled" for event in events)
    if details and not chain.destroyed:
        files["record.json"] = Details(places.evidence).record_json(chain.accession)
    if details and not blocked:
        for event in events:
            if event.detail and event.place in proofs.names:
                name = f"{proofs.names[event.place]}.detail.json"
                files[name] = _detail(places.evidence, event.detail)
    files["README.txt"] = readme(chain.record, proofs.sealed)
    return proofs, files


def _detail(evidence: ObjectStore, ref: DetailRef) -> bytes:
    return read_all(evidence, layout.detail_key(ref.id), _LIMIT)


def custody_table(
    chain: Chain,
    proofs: Proofs,
    alerts: Iterable[Alert],
    made_at: datetime,
    lang: Language,
) -> Table:
    """The document beside the proofs: what happened, who, where it stands, which file proves it."""
    zh = lang == "zh"
    known = list(alerts)
    titles = (
        ("at", "Time", "时间"),
        ("what", "What", "事项"),
        ("person", "Person", "人员"),
        ("more", "More", "说明"),
        ("entry", "Entry", "账本位置"),
        ("proof", "Proof", "证明文件"),
    )
    sealed = "; ".join(
        f"{log}: {size}, {when:%Y-%m-%d %H:%M:%S} UTC"
        for log, (size, when) in sorted(proofs.sealed.items())
    )
    return Table(
        title=f"{'保管链' if zh else 'Chain of custody'} {chain.record}",
        columns=tuple(
            Column(key, cn if zh else en, "moment" if key == "at" else "text")
            for key, en, cn in titles
        ),
        rows=[_row(event, proofs, lang) for event in chain.events(known)],
        made_at=made_at,
        subtitle=(f"{'封存至' if zh else 'Sealed up to'} {sealed}",),
        notes=(
            *(f"{alert.rule}: {alert.zh if zh else alert.en}" for alert in known),
            "核对方法见 README.txt。" if zh else "README.txt says how to check it.",
        ),
        lang=lang,
    )


def _row(event: Event, proofs: Proofs, lang: Language) -> tuple[Value, ...]:
    en, zh = KINDS.get(event.kind, (event.kind, event.kind))
    name = proofs.names.get(event.place)
    waiting = "尚无时间戳" if lang == "zh" else "no timestamp yet"
    return (
        event.at,
        zh if lang == "zh" else en,
        ", ".join(event.signers) or event.person,
        say_what(event, lang) or None,
        str(event.place),
        f"{name}.tlog-proof" if name else waiting,
    )
