"""Makes docs/findings.md from the table: run it, and write its output there."""

from archive.findings import FINDINGS, FindingKind, Outcome

HEAD = """# Findings

What `cunzheng verify` can say, and what to do about it. Codes are stable: scripts may rely on them.

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
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
