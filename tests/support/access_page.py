"""Makes docs/access.md from config/access.toml: run it, and write its output there."""

from itertools import groupby
from pathlib import Path

from archive.matrix import AccessRules, Approver, Explanation, explain, requirement
from archive.vocabulary import ACTIONS, CAPACITIES, FACTS, NEEDS, ROLES, SENSITIVITIES, Labels

RULES = Path(__file__).parents[2] / "config" / "access.toml"
HEAD = """# Who may have which records

This is what `config/access.toml` says, the rules that `init` adopts; other rules take two people
(`rules.adopted` in formats.md §11). Every key is explained in that file. All approvers of a line
must approve, each another person; nobody approves his own request. Whether somebody has a role
or belongs to a unit is judged at the moment at which his signature is accepted.

- *Sensitive* means minors, personal privacy, trade secrets or work secrets: every approver is one
  step higher. A case says so (`case open --sensitivity`), or the record itself by the `tags` of its
  sidecar, which are sealed in its accession.
- A record with tags is shown by name, title and words only to who sees every record and to the
  handlers of its own cases, not to their colleagues of the unit; nor is it found by them. Where
  a case is checked, shown, put on a page or its volumes are listed, it counts for them too, as an
  id without name, title, beginning or picture. Tags of a
  sidecar that came later hide it in the same way, and raise no approval: set the case's
  sensitivity. Tags do not go away.
- An excerpt needs the consent of an archivist too, wherever an approval is needed; an archivist
  who asks himself needs another archivist.
- Supervision that may demand is registered, takes no approval and no refusal.
- A part of a film is asked for by time, from key frame to key frame, and approved with its bytes.
  A marked copy (`--marked`) takes what the action takes, and is no redacted one.
- State secrets are refused at intake and are in no line.
- An administrator never sees content, in no capacity.

本页列出 `config/access.toml` 的内容，即 `init` 时采用的规则；
更改须两人签名（formats.md §11 `rules.adopted`）。各键的含义见该文件。
每行所列审批人须全部批准，且各为不同的人；任何人不得审批本人的申请。
是否具有某角色、是否属于某单位，以签名被接受时为准。

- “敏感”指涉及未成年人、个人隐私、商业秘密或工作秘密：各级审批人提高一级。可由案件载明
  （`case open --sensitivity`），也可由附带说明的 `tags` 标注在记录本身，并随接收条目封存。
- 带标签的记录，其名称、标题和文字只向可查看全部记录的人员和本案承办人显示，同单位其他人员不予显示，
  也检索不到；案件核对、时间轴、案件页和卷内目录中照常计入，但只显示标识，不显示名称、标题、文字和图像。
  补交附带说明中的标签同样使其隐藏，但不提高审批层级，此时请设定案件的敏感类别。
  标签不能取消。
- 摘录凡须审批的，还须经档案员同意；档案员本人申请的，由另一名档案员同意。
- 音像的摘录按时间申请，按关键帧取整，审批的是时间和对应的字节。
  水印副本（`--marked`）按相应调阅方式审批，不视为脱敏副本。
- 有权要求提供的监督只登记，不审批、不得拒绝。
- 国家秘密在接收时即予拒绝，不在本表中。
- 系统管理员在任何情况下都不接触内容。

The marks: [S13] 公安机关现场执法视音频记录工作规定; [S25] 行政执法监督条例（国务院令第825号）;
[S79] 平顶山市教育体育局调阅监督制度; [S80] 郏县水利局行政执法记录信息调阅监督制度;
[D] our default where no source decides 来源未作规定时的默认值.
"""
COLUMNS = (
    "action 方式",
    "who asks 申请人",
    "who approves 审批人",
    "where sensitive 敏感时",
    "what is needed 须提供",
    "grant 期限",
    "remarks 说明",
)


def _both(codes: tuple[str, ...], labels: Labels) -> str:
    if not codes:
        return "-"
    return "<br>".join(
        separator.join(labels[code][side] for code in codes)
        for side, separator in enumerate((", ", "、"))
    )


def _people(approvers: tuple[Approver, ...]) -> str:
    if not approvers:
        return "nobody<br>无需审批"
    owning = (" of the owning unit", "（资料所属单位）")
    return "<br>".join(
        separator.join(ROLES[one.role][side] + owning[side] * one.of_unit for one in approvers)
        for side, separator in enumerate((", ", "、"))
    )


def _cells(usual: Explanation, sensitive: Explanation) -> tuple[str, ...]:
    remarks = [*usual.note]
    if usual.facts:
        remarks.append(_both(usual.facts, FACTS))
    return (
        _both(usual.by, ROLES),
        _people(usual.approvers),
        _people(sensitive.approvers),
        _both(usual.needs, NEEDS),
        f"{usual.count} × / {usual.hours} h",
        "<br>".join(remarks),
    )


def _capacity(rules: AccessRules, capacity: str) -> str:
    def told(action: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        usual, sensitive = (
            explain(rules, requirement(rules, capacity, action, frozenset(found)))
            for found in ((), SENSITIVITIES)
        )
        return _cells(usual, sensitive), tuple(dict.fromkeys((*usual.basis, *sensitive.basis)))

    lines, bases = [], {}
    for (cells, basis), actions in groupby(ACTIONS, told):
        lines.append("| " + " | ".join((_both(tuple(actions), ACTIONS), *cells)) + " |")
        bases.update(dict.fromkeys(basis))
    head = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"
    title = "## " + " · ".join(CAPACITIES[capacity]) + f" (`{capacity}`)"
    basis = "Basis 依据：\n\n" + "\n".join(f"- {one}" for one in bases)
    return "\n".join((title, "", head, *lines, "", basis, ""))


def page() -> str:
    rules = AccessRules.parse(RULES.read_text(encoding="utf-8"))
    return "\n".join((HEAD, *(_capacity(rules, capacity) for capacity in CAPACITIES)))


if __name__ == "__main__":
    print(page(), end="")
