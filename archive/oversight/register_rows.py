"""Rows of the 调阅登记簿: which files of the register are wanted, and their fields as text."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive import vocabulary
from archive.access_rules import AccessRules
from archive.documents.table import Language, Value
from archive.oversight.events import NOTHING, Denied, DetailRef, Started
from archive.oversight.granting import granted
from archive.oversight.register import (
    AccessFile,
    ConcealedFile,
    DeniedFile,
    File,
    Register,
    RequestFile,
    Texts,
    Who,
    is_other,
)
from archive.registers.denials import DENIALS
from archive.times import SHANGHAI, film_clock

Row = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks for; `case` is an id or a number, `until` is exclusive."""

    person: str | None = None
    unit: str | None = None
    case: str | None = None
    purpose: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader may see: everything, or what these people or these units asked for."""

    everything: bool
    people: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()

    def covers(self, who: Who | None) -> bool:
        """Whether a line of this person may be seen; None is a person that is not known."""
        if self.everything:
            return True
        return who is not None and (who.person in self.people or who.unit in self.units)


ANYBODY = Sight(everything=True)

KINDS = {
    False: ("retrieval", "调阅"),
    True: ("other refused acts", "其他被拒绝的操作"),
}
"""Which of the two lists a line belongs to, by `is_other`."""
_LINES = {
    "request": ("request", "申请"),
    "access": ("access", "调阅"),
    "denied": ("denied", "被拒"),
    "concealed": ("concealed", "保密"),
}
_RESULTS = {
    None: ("completed", "完成"),
    "open": ("not ended", "未结束"),
}
_CLOSED = {
    "expired": ("expired", "到期"),
    "exhausted": ("used up", "次数用尽"),
    "refused": ("refused", "被拒绝"),
    "withdrawn": ("withdrawn", "已撤回"),
    "returned": ("returned", "已归还"),
}


class Rows:
    """Makes rows in one language."""

    def __init__(self, register: Register, texts: Texts, lang: Language) -> None:
        self._register = register
        self._texts = texts
        self._zh = lang == "zh"
        self._known_rules: dict[DetailRef, AccessRules | None] = {}

    def all(self, wanted: Wanted, sight: Sight) -> Iterator[Row]:
        """The rows of every file that is wanted and may be seen."""
        for file in self._register.files():
            if self._is_wanted(file, wanted) and sight.covers(_who(file)):
                kind = self._say(KINDS[is_other(file)])
                yield from ({**row, "kind": kind} for row in self._file(file))

    def _is_wanted(self, file: File, wanted: Wanted) -> bool:
        who, at = _who(file), _at(file)
        if (wanted.since and at < wanted.since) or (wanted.until and at >= wanted.until):
            return False
        asked = file.asked if isinstance(file, RequestFile) else None
        numbers = {name for case in _cases(file) for name in (case, self._number(case))}
        return all(
            word is None or word in found
            for word, found in (
                (wanted.person, {who.person} if who else set()),
                (wanted.unit, {who.unit} if who else set()),
                (wanted.purpose, {asked.purpose} if asked else set()),
                (wanted.case, numbers),
            )
        )

    def _file(self, file: File) -> Iterator[Row]:
        match file:
            case RequestFile():
                yield from self._request(file)
            case DeniedFile():
                yield {**self._denied(file.tried, file.who), "case": self._numbers(file.cases)}
            case ConcealedFile():
                yield {
                    "line": self._say(_LINES["concealed"]),
                    "entry": str(file.begun.place),
                    "at": file.begun.at,
                    "access": file.begun.access,
                    "ended": file.ended.at if file.ended else None,
                }

    def _request(self, file: RequestFile) -> Iterator[Row]:
        asked, texts = file.asked, self._request_texts(file)
        common = {**self._person(file.who), "request": asked.request}
        closed = file.closed
        yield {
            **common,
            "line": self._say(_LINES["request"]),
            "entry": str(asked.place),
            "at": asked.at,
            "capacity": self._label(vocabulary.CAPACITIES, asked.capacity),
            "behalf": _joined(texts.get("behalf")),
            "contact": _contact(texts.get("behalf")),
            "letter_no": _text(texts.get("letter_no")) or _text(texts.get("task_no")),
            "letter": f"{asked.letter['record']} {asked.letter['sha256']}"
            if asked.letter
            else None,
            "purpose": self._label(vocabulary.PURPOSES, asked.purpose),
            "reason": _text(texts.get("reason")),
            "case": self._numbers(asked.cases),
            "records": "\n".join(asked.records),
            "query": _text(texts.get("query")),
            "action": self._label(vocabulary.ACTIONS, asked.action),
            "segments": _parts(asked.segments, asked.span),
            "approvals": "\n".join(self._decisions(file)) or None,
            "grant": self._grant(file),
            "closed": closed.at if closed else None,
            "outcome": self._say(_CLOSED[closed.code]) if closed else None,
            "client": f"{asked.host} {asked.account}",
            "remarks": self._remarks(file, texts),
        }
        for access in file.accesses:
            yield {**common, **self._access(access)}
        for tried in file.tries:
            yield {**self._denied(tried, file.who), "request": asked.request}

    def _request_texts(self, file: RequestFile) -> Mapping[str, Any]:
        if file.opened is None:
            return self._texts.of(file.asked.detail)
        opened = self._texts.of(file.opened.detail)
        start = opened.get("start") or {}
        found = (start.get("requested_detail") or {}).get("data")
        return found if isinstance(found, dict) else {}

    def _remarks(self, file: RequestFile, texts: Mapping[str, Any]) -> str | None:
        said = [str(texts["problem"])] if "problem" in texts else []
        if file.opened is not None:
            place = file.opened.place
            said.append(
                self._say((f"concealed; opened by {place}", f"原为保密调阅，于 {place} 公开"))
            )
        return "\n".join(said) or None

    def _decisions(self, file: RequestFile) -> Iterator[str]:
        for decided, who in file.decisions:
            name = str(self._person(who)["name"] or who.person)
            role = self._label(vocabulary.ROLES, decided.role) if decided.role else ""
            word = self._label(vocabulary.DECISIONS, decided.decision)
            comment = _text(self._texts.of(decided.detail).get("comment")) or ""
            yield " ".join(filter(None, (name, role, word, show_time(decided.at), comment)))

    def _grant(self, file: RequestFile) -> str | None:
        rules = self._rules(file)
        found = (
            granted(file.asked, [decided for decided, _ in file.decisions], rules)
            if rules
            else None
        )
        if found is None:
            return None
        times = f"{found.count} 次" if self._zh else f"{found.count} times"
        return f"{show_time(found.start)} – {show_time(found.until)}, {times}"

    def _rules(self, file: RequestFile) -> AccessRules | None:
        """The access rules of a request; None where there were none or they cannot be read."""
        ref = file.rules
        if ref is not None and ref not in self._known_rules:
            text = _text(self._texts.of(ref, keep=True).get("text"))
            self._known_rules[ref] = AccessRules.parse(text) if text else None
        return self._known_rules.get(ref) if ref else None

    def _access(self, file: AccessFile) -> Row:
        started, ended = file.started, file.ended
        texts, copies = self._texts.of(started.detail), started.copies or {}
        returned = sum(item.count for item in file.back if not item.destroyed)
        destroyed = sum(item.count for item in file.back if item.destroyed)
        remarks = [_text(self._texts.of(item.detail).get("remarks")) for item in file.back]
        return {
            "line": self._say(_LINES["access"]),
            "entry": str(started.place),
            "at": started.at,
            "records": started.record,
            "action": self._received(started),
            "segments": _parts([started.range] if started.range else [], started.span),
            "access": started.access,
            "ended": ended.at if ended else None,
            "bytes": ended.bytes if ended else None,
            "result": self._result(file),
            "copies": copies.get("count"),
            "medium": copies.get("medium"),
            "medium_no": _text(texts.get("medium_no")),
            "returned": returned if copies else None,
            "destroyed": destroyed if copies else None,
            "client": f"{started.host} {started.account}",
            "remarks": "\n".join(filter(None, (_text(texts.get("note")), *remarks))) or None,
        }

    def _received(self, started: Started) -> str:
        action = self._label(vocabulary.ACTIONS, started.action)
        if started.form is None or started.form == started.action:
            return action
        return f"{action} · {self._label(vocabulary.DERIVATIVES, started.form)}"

    def _result(self, file: AccessFile) -> str:
        code = file.ended.code if file.ended else "open"
        return self._say(_RESULTS[code]) if code in _RESULTS else str(code)

    def _denied(self, tried: Denied, who: Who) -> Row:
        known = DENIALS.get(tried.code)
        return {
            **self._person(who),
            "line": self._say(_LINES["denied"]),
            "entry": str(tried.place),
            "request": tried.request,
            "at": tried.at,
            "records": "\n".join(tried.records) or None,
            "action": self._label(vocabulary.ACTIONS, tried.action) if tried.action else None,
            "result": f"{tried.code}: {self._say((known[1], known[2]))}" if known else tried.code,
            "client": f"{tried.host} {tried.account}",
        }

    def _person(self, who: Who) -> Row:
        texts = self._texts.of(who.enrolment, keep=True)
        return {
            "person": who.person or None,
            "name": _text(texts.get("name")),
            "unit": _text(texts.get("unit_name")) or who.unit,
            "post": _text(texts.get("post")),
        }

    def _numbers(self, cases: Iterable[str]) -> str | None:
        return ", ".join(self._number(case) for case in sorted(cases)) or None

    def _number(self, case: str) -> str:
        texts = self._texts.of(self._register.case_ref(case), keep=True)
        return _text(texts.get("number")) or case

    def _label(self, labels: vocabulary.Labels, code: str) -> str:
        return self._say(labels[code]) if code in labels else code

    def _say(self, pair: tuple[str, str]) -> str:
        return pair[1] if self._zh else pair[0]


def _who(file: File) -> Who | None:
    return None if isinstance(file, ConcealedFile) else file.who


def _cases(file: File) -> frozenset[str]:
    match file:
        case RequestFile():
            return file.asked.cases
        case DeniedFile():
            return file.cases
        case ConcealedFile():
            return NOTHING


def _at(file: File) -> datetime:
    match file:
        case RequestFile():
            return file.asked.at
        case DeniedFile():
            return file.tried.at
        case ConcealedFile():
            return file.begun.at


def _parts(ranges: Iterable[tuple[int, int]], span: tuple[int, int] | None) -> str | None:
    """Bytes, and the times of a film that they stand for."""
    shown = ", ".join(f"{a} – {b}" for a, b in ranges) or None
    return shown if span is None else f"{film_clock(span[0])} – {film_clock(span[1])} ({shown})"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _joined(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    keys: Iterable[str] = ("name", "id_kind", "id_no", "unit", "post")
    return ", ".join(str(value[key]) for key in keys if value.get(key)) or None


def _contact(value: object) -> str | None:
    return _text(value.get("contact")) if isinstance(value, dict) else None


def show_time(moment: datetime) -> str:
    """For example `2026-11-22 12:05`, in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
