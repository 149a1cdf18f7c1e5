"""Makes docs/findings.md from the table: run it, and write its output there."""

from collections.abc import Iterator, Mapping

from archive.findings import FINDINGS, FindingKind, Outcome
from ingest import codes
from ingest.documents import codes as documents
from ingest.documents.esignatures import codes as esignatures

HEAD = """# Findings

What `cunzheng verify` can say, and what to do about it. Codes are stable: scripts may rely on them.
What was noticed of a record when it arrived stands [at the end](#in-recordjson).

A report is **FAILED** if any finding failed (exit code 1), else **INDETERMINATE** if anything could
not be determined (exit code 3), else **PASSED** (exit code 0). **INFO** does not count.
`…` stands for the subject: a record id, the key of an object, a log, or `<log>#<index>` for an
entry. Details of a finding stand beside it in the JSON report (`--json`).

本页列出 `cunzheng verify` 的全部发现代码及处理办法。
任何一项为 FAILED 则报告为 **FAILED**（退出码 1）；否则只要有一项无法判定即为
**INDETERMINATE**（退出码 3）；否则为 **PASSED**（退出码 0）。**INFO** 不计入。
`…` 代表对象：记录标识、对象键、日志，或以 `<日志>#<序号>` 表示的条目。
"""
TITLES = {
    Outcome.FAILED: "FAILED",
    Outcome.INDETERMINATE: "INDETERMINATE",
    Outcome.INFO: "INFO",
}


IN_RECORDS = """## In record.json

What was noticed when a drop arrived, or when it was read. It is sealed with the record, is no fault
of the archive, and `show` says it in words; the note beside a code has the particulars. More on the
first table is in [intake.md](intake.md) and [sidecar.md](sidecar.md), on the others in
[documents.md](documents.md); codes of media stand in [media.md](media.md).

收取和识别时所见，随记录封存，不表示存证库有误；`show` 以文字显示，细节见附注。
第一张表详见 intake.md 和 sidecar.md，其余见 documents.md；音像代码见 media.md。
"""
TABLES: tuple[tuple[str, Mapping[str, tuple[str, str]]], ...] = (
    ("`findings`, of late sidecars too · 收取时所见，含补交的附带说明", codes.CODES),
    ("`document.findings` · 识别文书时所见", documents.CODES),
    ("Electronic signatures (`record.amended`) · 查验电子签名时所见", esignatures.CODES),
)


def _in_records() -> Iterator[str]:
    yield IN_RECORDS
    for title, table in TABLES:
        yield f"### {title}\n\n| code | meaning | 含义 |\n|---|---|---|"
        rows = (f"| `{code}` | {words[0]} | {words[1]} |" for code, words in table.items())
        yield "\n".join(rows) + "\n"


def _row(kind: FindingKind) -> str:
    english, chinese = (kind.describe("…", language) for language in ("en", "zh"))
    advice = f"{kind.advice['en']}<br>{kind.advice['zh']}"
    return f"| `{kind.code}` | {english}<br>{chinese} | {advice} |"


def page() -> str:
    parts = [HEAD]
    for outcome, title in TITLES.items():
        parts.append(f"## {title}\n\n| code | what was found | what to do |\n|---|---|---|")
        rows = (_row(kind) for kind in FINDINGS.values() if kind.outcome is outcome)
        parts.append("\n".join(rows) + "\n")
    parts += _in_records()
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
