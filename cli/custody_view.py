"""The custody of a record for people: its cases and holds, and everything that happened to it."""

from collections.abc import Iterator, Mapping
from typing import Any

from archive import vocabulary
from archive.registers.denials import DENIALS
from archive.trace import payload_of
from cli.dates import moment
from cli.labels import KINDS, label
from cli.language import say
from cli.output import print_pairs, print_table, show_size, show_span, show_time

_Found = Mapping[str, Any]


def show_registers(found: _Found) -> None:
    """Cases that the record belongs to now, and holds that are on it."""
    names = _Names(found["people"])
    pairs: list[tuple[str, object]] = [
        (say("belongs to case", "所属案件"), _case(case, value, names))
        for case, value in found["cases"].items()
    ]
    pairs += [
        (say("hold", "封存"), _hold(hold, value, names)) for hold, value in found["holds"].items()
    ]
    print_pairs(pairs)


def show_custody(found: _Found) -> None:
    """What happened, oldest first."""
    names, verdicts = _Names(found["people"]), _verdicts(found)
    print_table(
        (
            say("made", "时间"),
            say("sealed", "封存"),
            say("entry", "条目"),
            say("what", "事项"),
            say("who", "主体"),
            say("remarks", "说明"),
        ),
        [
            _line(event, names, verdict)
            for event, verdict in zip(found["custody"], verdicts, strict=True)
        ],
    )


class _Names:
    """People by id, with their names where they are known."""

    def __init__(self, people: Mapping[str, str]) -> None:
        self._people = people

    def __call__(self, person: str) -> str:
        name = self._people.get(person, person)
        return person if name == person else say(f"{name} ({person})", f"{name}（{person}）")

    def all(self, people: list[str]) -> str:
        """Several, in one line."""
        return say(", ", "、").join(self(person) for person in people)


def _case(case: str, value: _Found, names: _Names) -> str:
    parts = [value.get("number") or case, value.get("unit"), names.all(value.get("handlers", []))]
    parts += [_label(vocabulary.SENSITIVITIES, code) for code in value.get("sensitivity", ())]
    if value.get("closed"):
        parts.append(say(f"closed {value['closed']}", f"{value['closed']} 结案"))
    return _joined(parts)


def _hold(hold: str, value: _Found, names: _Names) -> str:
    return _joined([hold, value.get("unit"), names(value["placed_by"]) if value else None])


def _verdicts(found: _Found) -> Iterator[str | None]:
    """For every event what it says of the condition: of a change, before and after."""
    technical = (found.get("description") or {}).get("technical")
    before = technical["condition"]["verdict"] if technical else None
    for event in found["custody"]:
        detail = event["detail"]
        media = event["kind"] == "record.amended" and event["body"].get("what") == "media"
        if not media or not detail:
            yield None
            continue
        after = detail["condition"]["verdict"]
        words = [_label(vocabulary.CONDITIONS, code) for code in (before, after) if code]
        yield " → ".join(dict.fromkeys(words))
        before = after


def _line(event: _Found, names: _Names, verdict: str | None) -> tuple[object, ...]:
    place = None if event["log"] is None else f"{event['log']}#{event['index']}"
    kind = label(KINDS, event["kind"])
    if what := event["body"].get("what"):
        kind = _label(vocabulary.AMENDMENTS, what)
    sealed = moment(event["sealed_at"]) or say("not yet", "尚未")
    return moment(event["at"]), sealed, place, kind, _who(event, names), _remarks(event, verdict)


def _who(event: _Found, names: _Names) -> str:
    body = event["body"]
    if statements := body.get("statements"):
        return names.all([item["statement"]["person"] for item in statements])
    actor: str = event["actor"]
    return names(body["person"]) if body.get("person") else actor


def _remarks(event: _Found, verdict: str | None) -> str | None:
    return _joined([event["problem"], verdict, *_said(event), *_written(event)]) or None


def _said(event: _Found) -> Iterator[str | None]:
    """What a person said: of a statement, and of the free text that goes with it."""
    payload, detail = payload_of(event["body"]), event["detail"] or {}
    for name, labels in _CODES.items():
        code = payload.get(name)
        if code is not None:
            yield _label(labels, code)
    if grant := payload.get("grant"):
        yield _grant(grant)
    if copies := payload.get("copies"):
        yield say(f"copies: {copies['count']}", f"副本 {copies['count']} 份") + (
            f" {copies['medium']}"
        )
    if event["kind"] in ("access.returned", "access.destroyed"):
        yield say(f"copies: {payload['count']}", f"副本 {payload['count']} 份")
    for name in ("number", "title", "reason", "comment", "remarks", "document_no", "letter_no"):
        yield detail.get(name)
    for name in ("request", "access", "hold", "disposition", "pack"):
        yield payload.get(name)


def _written(event: _Found) -> Iterator[str | None]:
    """What the archive itself wrote."""
    body = event["body"]
    code = body.get("code")
    yield say(*DENIALS[code][1:]).rstrip(".。") if code in DENIALS else code
    if not body.get("statements"):
        yield _label(vocabulary.ACTIONS, body["action"]) if body.get("action") else None
        yield body.get("access")
        yield body.get("request")
    if body.get("what") == "sidecar" and event["detail"]:
        yield event["detail"]["name"]
    if event["kind"] == "drop.resolved":
        yield _label(vocabulary.RESOLUTIONS, body["outcome"])
        if replaced := (event["detail"] or {}).get("replaced"):
            names = ", ".join(one["name"] for one in replaced)
            yield say(f"in place of {names}", f"替换 {names}")
    if event["kind"] == "derived.made":
        yield _label(vocabulary.DERIVATIVES, body["role"])
        yield show_span(body["span"]) if body.get("span") else None
        yield show_size(body["size"])
    if event["kind"] in ("access.completed", "access.aborted"):
        yield show_size(body["bytes"])
    if other := body.get("same_content_as"):
        yield say(f"same content as {other}", f"内容与 {other} 相同")


def _grant(grant: _Found) -> str:
    start, end = (show_time(found) for n in ("from", "until") if (found := moment(grant[n])))
    return say(
        f"{grant['count']} times from {start} to {end}",
        f"{start} 至 {end}，{grant['count']} 次",
    )


def _label(labels: vocabulary.Labels, code: str) -> str:
    return say(*labels.get(code, (code, code)))


def _joined(parts: list[Any]) -> str:
    return say("; ", "；").join(str(part) for part in parts if part)


_CODES: Mapping[str, vocabulary.Labels] = {
    "capacity": vocabulary.CAPACITIES,
    "action": vocabulary.ACTIONS,
    "purpose": vocabulary.PURPOSES,
    "decision": vocabulary.DECISIONS,
    "role": vocabulary.ROLES,
}
