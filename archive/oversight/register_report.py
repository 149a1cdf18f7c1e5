"""The 调阅登记簿 as a document: complete for programs (CSV, XLSX), as the paper form for people.

table = register_table(register, texts, Wanted(unit="team1"), ANYBODY, made_at, "zh", form=True)
"""

from collections.abc import Iterator
from datetime import datetime

from archive.documents.table import Column, Language, Table, Value
from archive.oversight.register import Register, Texts
from archive.oversight.register_rows import KINDS, Row, Rows, Sight, Wanted, show_time

_ALL: tuple[tuple[str, str, str, str], ...] = (
    ("kind", "Kind", "类别", "text"),
    ("line", "Line", "事项", "text"),
    ("entry", "Entry", "账本位置", "text"),
    ("request", "Request no.", "申请号", "text"),
    ("at", "Time", "时间", "moment"),
    ("person", "Person", "人员编号", "text"),
    ("name", "Name", "姓名", "text"),
    ("unit", "Unit", "单位", "text"),
    ("post", "Post", "职务", "text"),
    ("capacity", "Capacity", "调阅身份", "text"),
    ("behalf", "On behalf of", "代何人调阅", "text"),
    ("contact", "Contact", "联系方式", "text"),
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
    (
        "who",
        "Requester",
        "调阅人",
        ("name", "person", "post", "unit", "capacity", "behalf", "contact"),
    ),
    ("why", "Why", "事由", ("purpose", "reason", "case", "letter_no", "letter", "query")),
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


_SIGNED = (
    "Made by: ________________    Checked by: ________________    Date: ____________",
    "制表：________________    审核：________________    日期：______年____月____日",
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
        lines = _form_lines(rows, lang)
    else:
        columns = tuple(Column(key, cn if zh else en, kind) for key, en, cn, kind in _ALL)  # type: ignore[arg-type]
        lines = (tuple(row.get(column.key) for column in columns) for row in rows)
    return Table(
        title="调阅登记簿" if zh else "Register of retrieval",
        columns=columns,
        rows=lines,
        made_at=made_at,
        subtitle=tuple(_subtitle(register, wanted, sight, lang)),
        notes=(
            "由账本与存储生成；每行注明账本位置，可用 cunzheng verify 核对。"
            if zh
            else "Made from ledger and store; every line names its entry (see cunzheng verify).",
            *((_SIGNED[zh],) if form else ()),
        ),
        lang=lang,
    )


def _subtitle(register: Register, wanted: Wanted, sight: Sight, lang: Language) -> Iterator[str]:
    zh = lang == "zh"
    if (state := register.state) is not None:
        yield f"存证库：{state.archive}" if zh else f"Archive: {state.archive}"
        yield (
            f"账本状态：{state.log}，{state.entries} 条，根 sha256:{state.root}"
            if zh
            else f"State of the ledger: {state.log}, {state.entries} entries,"
            f" root sha256:{state.root}"
        )
    yield _period(wanted, zh=zh)
    yield _seen(sight, zh=zh)
    for key, en, cn in (
        ("person", "Person", "人员"),
        ("unit", "Unit", "单位"),
        ("case", "Case", "案件"),
        ("purpose", "Purpose", "用途"),
    ):
        if (value := getattr(wanted, key)) is not None:
            yield f"{cn}：{value}" if zh else f"{en}: {value}"


def _period(wanted: Wanted, *, zh: bool) -> str:
    since, until = (show_time(m) if m else None for m in (wanted.since, wanted.until))
    if since is None and until is None:
        return "期间：账本全部" if zh else "Period: whole ledger"
    if zh:
        end = f"{until}（不含）" if until else "账本末尾"
        return f"期间：{since or '账本开始'} 至 {end}"
    end = f"{until} (not included)" if until else "end of the ledger"
    return f"Period: {since or 'beginning of the ledger'} to {end}"


def _seen(sight: Sight, *, zh: bool) -> str:
    """Whose lines are in it, so that nobody takes a part for the whole."""
    if sight.everything:
        return "范围：全部人员" if zh else "Contains: what everybody asked for"
    people, units = ", ".join(sorted(sight.people)), ", ".join(sorted(sight.units))
    if zh:
        return f"范围：仅含本人申请（{people}）" + (f"及单位 {units} 的申请" if units else "")
    own = f"Contains: only own requests ({people})"
    return f"{own} and those of the unit {units}" if units else own


def _form_lines(rows: Iterator[Row], lang: Language) -> Iterator[tuple[Value, ...]]:
    """The rows as the form has them; a line of its own stands above the other refused acts."""
    heading = KINDS[True][1 if lang == "zh" else 0]
    told = False
    for row in rows:
        if row["kind"] == heading and not told:
            told = True
            yield (heading, *(None for _ in _FORM[1:]))
        yield _formed(row, lang)


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
    (
        *("behalf", "contact", "case", "letter_no", "letter", "query", "segments"),
        *("ended", "outcome", "closed"),
        *("copies", "medium", "medium_no", "returned", "destroyed", "remarks"),
    )
)


def _figure(key: str, value: Value) -> str:
    return f"{value:,} B" if key == "bytes" and isinstance(value, int) else str(value)
