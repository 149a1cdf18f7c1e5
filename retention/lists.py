"""Destruction lists 销毁清册: what a disposition says of every record, for reading and for paper.

found = read_list(connection, evidence, name)
table = list_table(found, clock.now(), "zh")
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from archive.catalog import RECORD
from archive.desk import registry
from archive.desk.db_shelf import REGISTER, DbShelf
from archive.desk.destroying import unfinished
from archive.documents.table import Column, Language, Table
from archive.errors import NotFound
from archive.people_names import names_of
from archive.ports import ObjectStore
from archive.registers.shelf import Value

STATES: Mapping[str, tuple[str, str]] = {
    "proposed": ("waits for a decision", "待审批"),
    "refused": ("refused", "未批准"),
    "approved": ("approved", "已批准"),
    "executed": ("being executed", "执行中"),
    "done": ("destroyed", "已销毁"),
}
"""State of a disposition -> (English, Chinese)."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """One line: what people signed, and what the catalog knows of it."""

    line: Mapping[str, Any]
    size: int
    sha256: str
    received_at: datetime
    end: datetime | None
    destroyed: bool


@dataclass(frozen=True, slots=True)
class DestructionList:
    """A disposition: its value in the register, the words, names of who signed, and the lines."""

    name: str
    value: Value
    reason: str | None
    comments: Sequence[str]
    names: Mapping[str, str]
    lines: Sequence[ListedRecord]
    begun: int

    @property
    def destroyed(self) -> int:
        """How many records are gone and in the ledger."""
        return sum(line.destroyed for line in self.lines)

    @property
    def state(self) -> str:
        """As in STATES."""
        done = self.value["state"] == "executed" and self.destroyed == len(self.lines)
        return "done" if done else str(self.value["state"])


def find_disposition(connection: Connection, text: str) -> tuple[str, Value]:
    """A disposition by its id or a unique beginning of it; raises NotFound."""
    wanted = text.strip().upper()
    here = (REGISTER.c.shelf == "disposition") & REGISTER.c.key.startswith(wanted, autoescape=True)
    keys = connection.execute(select(REGISTER.c.key).where(here).limit(2)).scalars().all()
    value = DbShelf(connection).get("disposition", keys[0]) if len(keys) == 1 and wanted else None
    if value is None:
        many = f"Several dispositions begin with {wanted[:26]}; give more of the id."
        raise NotFound(many if len(keys) > 1 else f"There is no disposition {wanted[:26]}.")
    return keys[0], value


def summaries(connection: Connection) -> list[dict[str, Any]]:
    """Every disposition without its lines, newest first."""
    begun = list(unfinished(connection).values())
    shelf = DbShelf(connection)
    found = []
    for name, value in shelf.every("disposition"):
        gone = len(_gone(connection, value["records"]))
        summary = {key: item for key, item in value.items() if key not in ("records", "proposal")}
        counts = {
            "records": len(value["records"]),
            "destroyed": gone,
            "begun": begun.count(name),
        }
        done = value["state"] == "executed" and gone == len(value["records"])
        state = "done" if done else value["state"]
        found.append({"disposition": name, **summary, **counts, "state": state})
    return found[::-1]


def _gone(connection: Connection, records: Sequence[str]) -> list[str]:
    found: list[str] = []
    for start in range(0, len(records), _AT_ONCE):
        part = records[start : start + _AT_ONCE]
        query = select(RECORD.c.id).where(RECORD.c.id.in_(part), RECORD.c.destroyed)
        found += connection.execute(query).scalars()
    return found


def read_list(connection: Connection, evidence: ObjectStore, name: str) -> DestructionList:
    """A disposition with everything that people said about it; NotFound."""
    found, value = find_disposition(connection, name)
    events = registry.history(connection, evidence, found)
    said = [event["data"] or {} for event in events]
    proposal: Mapping[str, Any] = next((data for data in said if "list" in data), {})
    people = {value[key] for key in ("proposed_by", "decided_by", "executed_by")} - {None}
    return DestructionList(
        name=found,
        value=value,
        reason=proposal.get("reason"),
        comments=[str(data["comment"]) for data in said if "comment" in data],
        names=names_of(connection, evidence, people),
        lines=list(_lines(connection, value["records"], proposal.get("list") or ())),
        begun=list(unfinished(connection).values()).count(found),
    )


def _lines(
    connection: Connection, records: Sequence[str], listed: Sequence[Mapping[str, Any]]
) -> Iterator[ListedRecord]:
    words = {line["record"]: line for line in listed}
    for start in range(0, len(records), _AT_ONCE):
        part = records[start : start + _AT_ONCE]
        query = select(RECORD).where(RECORD.c.id.in_(part)).order_by(RECORD.c.id)
        for row in connection.execute(query):
            line = words.get(row.id) or {"record": row.id, "name": row.name}
            if row.spilled:
                line = {**dict.fromkeys(line), "record": row.id, "name": ""}
            yield ListedRecord(
                line, row.size, row.sha256.hex(), row.received_at, row.retain_until, row.destroyed
            )


def list_table(found: DestructionList, now: datetime, lang: Language) -> Table:
    """The list as a document, to be signed or filed."""

    def say(en: str, zh: str) -> str:
        return zh if lang == "zh" else en

    columns = (
        Column("number", say("No.", "序号"), "number"),
        Column("record", say("record", "记录标识")),
        Column("name", say("name", "名称")),
        Column("title", say("title", "题名")),
        Column("case", say("case", "案号")),
        Column("received_at", say("received", "接收时间"), "moment"),
        Column("end", say("kept until", "保管至"), "moment"),
        Column("size", say("size", "大小"), "size"),
        Column("sha256", "SHA-256"),
        Column("state", say("state", "状态")),
    )
    states = (say("kept", "未销毁"), say("destroyed", "已销毁"))
    rows = (
        (
            number,
            str(one.line["record"]),
            one.line.get("name"),
            one.line.get("title"),
            one.line.get("case"),
            one.received_at,
            one.end,
            one.size,
            one.sha256,
            states[one.destroyed],
        )
        for number, one in enumerate(found.lines, 1)
    )
    return Table(
        title=say("Destruction list", "档案销毁清册"),
        columns=columns,
        rows=rows,
        made_at=now,
        subtitle=tuple(_subtitle(found, lang)),
        notes=(
            say(
                "Entries and proofs of destroyed records stay in the ledger.",
                "已销毁记录的登记条目与证明仍保存在账本中。",
            ),
        ),
        lang=lang,
    )


def _subtitle(found: DestructionList, lang: Language) -> Iterator[str]:
    zh = lang == "zh"
    yield f"{'处置编号' if zh else 'Disposition'}: {found.name}"
    yield f"{'状态' if zh else 'State'}: {STATES[found.state][zh]}"
    if found.reason:
        yield f"{'事由' if zh else 'Reason'}: {found.reason}"
    for key, en, word in (
        ("proposed_by", "Proposed by", "提请人"),
        ("decided_by", "Decided by", "审批人"),
        ("executed_by", "Executed by", "执行人"),
    ):
        person = found.value[key]
        if person:
            name = found.names.get(person)
            yield f"{word if zh else en}: {person}" + (f" ({name})" if name else "")


__all__ = [
    "STATES",
    "DestructionList",
    "ListedRecord",
    "find_disposition",
    "list_table",
    "read_list",
    "summaries",
]
