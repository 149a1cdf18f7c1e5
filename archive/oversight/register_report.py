"""The 调阅登记簿 as a document: complete for programs (CSV, XLSX), as the paper form for people.

table = register_table(register, texts, Wanted(unit="team1"), ANYBODY, made_at, "zh", form=True)
"""

from collections.abc import Iterator
from datetime import datetime

from archive.documents.table import Column, Language, Table, Value
from archive.oversight.register import Register, Texts
from archive.oversight.register_rows import Row, Rows, Sight, Wanted, show_time

_ALL: tuple[tuple[str, str, str, str], ...] = (
    ("line", "Line", "类别", "text"),
    ("entry", "Entry", "账本位置", "text"),
    ("request", "Request no.", "申请号", "text"),
    ("at", "Time", "时间", "moment"),
    ("person", "Person", "人员编号", "text"),
    ("name", "Name", "姓名", "text"),
    ("unit", "Unit", "单位", "text"),
    ("post", "Post", "职务", "text"),
    ("capacity", "Capacity", "调阅身份", "text"),
    ("behalf", "On behalf of", "代何人调阅", "text"),
    ("letter_no", "Letter or task no.", "介绍信/任务编号", "text"),
    ("letter", "Letter (record, digest)", "函件（记录、摘要）", "text"),
    ("purpose", "Purpose", "用途", "text"),
    ("reason", "Reason", "事由", "text"),
    ("case", "Case", "案号", "text"),
    ("records", "Records", "记录", "text"),
    ("query", "Query", "检索条件", "text"),
    ("action", "Action", "方式", "text"),
    ("segments", "From – to (bytes)", "起止（字节）", "text"),
    ("approvals", "Decisions", "审批", "text"),
    ("grant", "Grant", "授权", "text"),
    ("access", "Access", "调阅编号", "text"),
    ("ended", "Ended", "结束时间", "moment"),
    ("bytes", "Bytes", "字节数", "size"),
    ("result", "Result", "结果", "text"),
    ("copies", "Copies", "份数", "number"),
    ("medium", "Medium", "介质", "text"),
    ("medium_no", "Serial no.", "介质编号", "text"),
    ("returned", "Returned", "归还份数", "number"),
    ("destroyed", "Destroyed", "销毁份数", "number"),
    ("closed", "Closed", "办结时间", "moment"),
    ("outcome", "Outcome", "办结结果", "text"),
    ("client", "Through", "途径", "text"),
    ("remarks", "Remarks", "备注", "text"),
)
_FORM: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("no", "No. and time", "编号与时间", ("line", "request", "at", "entry")),
    ("who", "Requester", "调阅人", ("name", "person", "post", "unit", "capacity", "behalf")),
    ("why", "Why", "事由", ("purpose", "reason", "case", "letter_no", "query")),
    ("what", "What", "调阅内容", ("action", "records", "segments")),
    ("approvals", "Decisions and grant", "审批与授权", ("approvals", "grant")),
    ("given", "Received", "调阅情况", ("ended", "bytes", "result", "outcome", "closed")),
    (
        "copies",
        "Copies",
        "复制与归还",
        ("copies", "medium", "medium_no", "returned", "destroyed", "remarks"),
    ),
)


def register_table(
    register: Register,
    texts: Texts,
    wanted: Wanted,
    sight: Sight,
    made_at: datetime,
    lang: Language,
    *,
    form: bool,
) -> Table:
    """The document; with `form` in the columns of the paper form, else every field in its own."""
    maker = Rows(register, texts, lang)
    rows = maker.all(wanted, sight)
    zh = lang == "zh"
    if form:
        columns = tuple(Column(key, cn if zh else en) for key, en, cn, _ in _FORM)
        lines = (_formed(row, lang) for row in rows)
    else:
        columns = tuple(Column(key, cn if zh else en, kind) for key, en, cn, kind in _ALL)  # type: ignore[arg-type]
        lines = (tuple(row.get(column.key) for column in columns) for row in rows)
    return Table(
        title="调阅登记簿" if zh else "Register of retrieval",
        columns=columns,
        rows=lines,
        made_at=made_at,
        subtitle=tuple(_subtitle(wanted, lang)),
        notes=(
            "由账本与存储生成；每行注明账本位置，可用 cunzheng verify 核对。"
            if zh
            else "Made from ledger and store; every line names its entry (see cunzheng verify).",
        ),
        lang=lang,
    )


def _subtitle(wanted: Wanted, lang: Language) -> Iterator[str]:
    names = (
        ("person", "Person", "人员"),
        ("unit", "Unit", "单位"),
        ("case", "Case", "案件"),
        ("purpose", "Purpose", "用途"),
        ("since", "Since", "起"),
        ("until", "Before", "止（不含）"),
    )
    for key, en, zh in names:
        value = getattr(wanted, key)
        if value is not None:
            shown = show_time(value) if isinstance(value, datetime) else str(value)
            yield f"{zh if lang == 'zh' else en}: {shown}"


def _formed(row: Row, lang: Language) -> tuple[Value, ...]:
    labels = {key: zh if lang == "zh" else en for key, en, zh, _ in _ALL}
    cells: list[Value] = []
    for _, _, _, keys in _FORM:
        lines = []
        for key in keys:
            value = row.get(key)
            if value is None or value == "":
                continue
            text = show_time(value) if isinstance(value, datetime) else _figure(key, value)
            named = key in _NAMED
            lines.append(f"{labels[key]}: {text}" if named else text)
        cells.append("\n".join(lines) or None)
    return tuple(cells)


_NAMED = frozenset(
    ("behalf", "case", "letter_no", "query", "ended", "outcome", "closed", "copies", "medium")
) | {"medium_no", "returned", "destroyed", "remarks", "segments"}


def _figure(key: str, value: Value) -> str:
    return f"{value:,} B" if key == "bytes" and isinstance(value, int) else str(value)
