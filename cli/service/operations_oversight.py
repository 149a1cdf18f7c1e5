"""Operations of supervision: register, statistics, chain of custody, alerts.

Who sees what: inspectors, archivists, the legal office and the principal everything; a head of
department what his unit did; others what they did themselves; an administrator no texts.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, get_args

from archive import catalog, fields
from archive.desk.db_shelf import DbShelf
from archive.desk.reading import Reader, belonging
from archive.documents.formats import FORMATS
from archive.documents.table import Language, Table
from archive.errors import NotFound, UsageError
from archive.oversight.alerts.alert import Alert
from archive.oversight.alerts.settings import AlertSettings
from archive.oversight.custody_report import custody_bundle, custody_table
from archive.oversight.register import Texts
from archive.oversight.register_report import register_table
from archive.oversight.register_rows import Sight, Wanted
from archive.oversight.statistics import Figures, statistics_table
from archive.oversight.survey import Survey
from archive.registers.denials import denied
from archive.times import parse_time
from cli.founding import CONFIG
from cli.output import to_json
from cli.service import files, large
from cli.service.desk import MAX_PIECE, Delivery, Document, Stream
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.handed import handed_from
from cli.service.operations import Caller, Host, Params, delivery, operation

_OF_ALL = ("archivist", "approver.principal", "legal_office")
_HEAD = "approver.department_head"
_FORM = ("html", "pdf")
_DOCUMENT = {"format": str, "lang": str}


def survey_of(host: Host) -> Survey:
    """What supervision sees of an archive; opens no keys."""
    bench = host.bench
    text = (CONFIG / "alerts.toml").read_text(encoding="utf-8")
    return Survey(bench.places, bench.own_trust, AlertSettings.parse(text))


def supervises(reader: Reader) -> bool:
    """Whether a reader sees what everybody did."""
    inspects = any(role.startswith("inspector.") for role in reader.roles)
    return reader.holder or inspects or not reader.roles.isdisjoint(_OF_ALL)


def sight_of(reader: Reader) -> Sight:
    """Whose lines a reader may see."""
    units = reader.units if _HEAD in reader.roles else frozenset[str]()
    bare = reader.roles == {"administrator"}
    return Sight(supervises(reader) or bare, frozenset(reader.people), units)


@delivery("report.access")
@contextmanager
def _access(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The register of retrieval, as far as the reader may see it."""
    optional = dict.fromkeys(("person", "unit", "case", "purpose", "since", "until"), str)
    check_params(params, _DOCUMENT, optional)
    with gate(host, caller) as reader:
        sight = sight_of(reader)
    wanted = Wanted(
        **{key: params.get(key) for key in ("person", "unit", "case", "purpose")},
        since=_moment(params, "since"),
        until=_moment(params, "until"),
    )
    survey = survey_of(host)
    texts = Texts(survey.details, readable=reader.holder or reader.roles != {"administrator"})
    table = register_table(
        survey.register(),
        texts,
        wanted,
        sight,
        host.bench.clock.now(),
        asked_language(params),
        form=params["format"] in _FORM,
    )
    with written(host, table, params["format"]) as stream:
        yield stream


@delivery("report.supervision")
@contextmanager
def _supervision(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The statistics; of his own unit for a head of department."""
    check_params(params, _DOCUMENT, {"unit": str, "since": str, "until": str})
    with gate(host, caller) as reader:
        unit = unit_seen(reader, params.get("unit"))
    figures = Figures(_moment(params, "since"), _moment(params, "until"), unit)
    table = statistics_table(
        survey_of(host).figures(figures), host.bench.clock.now(), asked_language(params)
    )
    with written(host, table, params["format"]) as stream:
        yield stream


def unit_seen(reader: Reader, wanted: str | None) -> str | None:
    """The unit that a report is of, None for all: who supervises all may choose; raises Denied."""
    if supervises(reader):
        return wanted
    reader.check_role(_HEAD)
    unit = wanted or min(reader.units)
    if unit not in reader.units:
        raise denied("ROLE_MISSING", unit)
    return unit


@delivery("report.custody")
@contextmanager
def _custody(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The chain of custody of a record with its proofs, as files."""
    check_params(params, {**_DOCUMENT, "record": str})
    with gate(host, caller) as reader:
        record = _record(host, reader, params["record"])
    survey, bench, lang = survey_of(host), host.bench, asked_language(params)
    chain, alerts = survey.chain(record)
    proofs, bundle = custody_bundle(bench.places, bench.own_trust, chain, alerts, details=True)
    table = custody_table(chain, proofs, alerts, bench.clock.now(), lang)
    with _spool(host) as spool:
        _writer(params["format"])(table, spool)
        spool.seek(0)
        bundle[f"custody.{params['format']}"] = spool.read()
    yield large.stream({"record": record, "files": files.packed(bundle)})


def _record(host: Host, reader: Reader, text: str) -> str:
    """The record's id; Denied unless the reader supervises all, or heads the unit it is of."""
    with host.bench.database.read() as connection:
        row = catalog.find_record(connection, text)
        if not supervises(reader):
            reader.check_role(_HEAD)
            shelf = DbShelf(connection)
            cases = shelf.get("record_cases", row.id)
            whose = belonging(shelf, row.source, cases["cases"] if cases else ())
            if reader.units.isdisjoint(whose.units):
                raise denied("ROLE_MISSING", row.id)
    return row.id


@delivery("alerts.list")
@contextmanager
def _alerts(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The alerts that the reader may see; `id` is one, or the beginning of one."""
    check_params(params, {}, {"id": str, "rule": str, "since": str, "open": bool})
    with gate(host, caller) as reader:
        if not supervises(reader):
            reader.check_role(_HEAD)
    since, rule, number = _moment(params, "since"), params.get("rule"), params.get("id")
    found = [
        alert
        for alert in survey_of(host).alerts()
        if (supervises(reader) or alert.unit in reader.units)
        and (since is None or alert.at >= since)
        and rule in (None, alert.rule)
        and (number is None or alert.id.startswith(number.lower()))
        and not (params.get("open") and alert.handled)
    ]
    yield large.stream({"alerts": [_value(alert) for alert in found]})


def _value(alert: Alert) -> Document:
    handled = alert.handled
    return {
        "id": alert.id,
        "rule": alert.rule,
        "severity": alert.severity,
        "assignee": alert.assignee,
        "person": alert.person,
        "unit": alert.unit,
        "at": to_json(alert.at),
        "sentence": {"en": alert.en, "zh": alert.zh},
        "evidence": [{"log": place.log, "index": place.index} for place in alert.evidence],
        "handled": {
            "disposition": handled.disposition,
            "person": handled.person,
            "at": to_json(handled.at),
            "entry": str(handled.place),
        }
        if handled
        else None,
    }


@operation("alerts.handle")
def _handle(host: Host, caller: Caller, params: Params) -> Document:
    """Put on the ledger what became of an alert, as its person signed it."""
    check_params(params, {"statement": dict, "detail": dict})
    handed = handed_from(params, "alert.handled")
    said = handed.signed.statement.payload
    with gate(host, caller):
        known = {alert.id: alert for alert in survey_of(host).alerts()}
        alert = known.get(said["alert"])
        if alert is None or (alert.rule, _places(alert)) != (said["rule"], said["evidence"]):
            raise NotFound("There is no such alert.")
        if handed.signed.statement.person == alert.person:
            raise denied("ALERT_OWN", alert.person)
    accepted = host.desk.submit([handed.signed], handed.detail, str(caller.uid))
    ((log, index),) = host.desk.wait(accepted.entries)
    return {"alert": alert.id, "disposition": said["disposition"], "log": log, "index": index}


def _places(alert: Alert) -> list[dict[str, Any]]:
    return [{"log": place.log, "index": place.index} for place in alert.evidence]


# --- documents


def _json(table: Table, stream: BinaryIO) -> None:
    """A table as JSON: for programs that read no CSV."""
    keys = [column.key for column in table.columns]
    rows = [dict(zip(keys, map(to_json, row), strict=True)) for row in table.rows]
    document = {"title": table.title, "made_at": to_json(table.made_at), "rows": rows}
    stream.write(json.dumps(document, ensure_ascii=False).encode())


def _writer(name: str) -> Any:
    found = _json if name == "json" else FORMATS.get(name)
    if found is None:
        raise UsageError(f"The formats are {', '.join((*FORMATS, 'json'))}.")
    return found


def _spool(host: Host) -> IO[bytes]:
    return TemporaryFile(dir=host.bench.folder("scratch"))


@contextmanager
def written(host: Host, table: Table, name: str) -> Iterator[Stream]:
    """A table as a delivery, in the format of this name."""
    write = _writer(name)
    with _spool(host) as spool:
        write(table, spool)
        size = spool.tell()
        spool.seek(0)
        yield Stream({"format": name, "size": size}, iter(lambda: spool.read(MAX_PIECE), b""))


def asked_language(params: Params) -> Language:
    """The language that a document is asked for in; raises UsageError."""
    lang: Language = params["lang"]
    if lang not in get_args(Language):
        raise UsageError("The languages are en and zh.")
    return lang


def _moment(params: Params, key: str) -> datetime | None:
    text = params.get(key)
    return None if text is None else parse_time(fields.text(text))
