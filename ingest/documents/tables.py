"""Tables with a row of labels at their head, told from forms. Pure.

In a form a label stands before its value (当事人 | 张三 | 案由 | 超限运输), and both are the
document's. In a table labels stand side by side (案号 | 当事人 | 案由), and what stands below them
are other documents' numbers, days and parties: it gives no fields.
"""

import re
from collections.abc import Sequence

_WORD = re.compile(
    r"[\u3400-\u9fff、和及或/]{0,8}(?:(?:编|案|文|序|单|票|批|牌|证|书|件|户|账)号|號|号码|名称|名稱|姓名|名字|日期|时间|時間"
    r"|地点|地址|住址|住所|案由|事由|缘由|金额|金額|罚款|数额|数量|件数|份数|页数|页码|总数|单价|规格|型号|备注|備註|情况"
    r"|内容|事项|项目|类型|类别|种类|方式|结果|状态|性别|年龄|民族|职务|职业|电话|联系方式|来源|依据|意见|序)(?:[（(][^（()）]{0,8}[)）])?"
    r"|(?:[a-z]{1,15}[ _.-]?)?(?:no|number|id|name|date|time|amount|status|type|address|location"
    r"|place|description|remarks?|notes?|result|quantity|category|fine|phone)\.?",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"[\u3400-\u9fff]{0,6}(?:人|人员|者|單位|单位|机关|机构|部门|行为|材料|文书|处罚|原因|标准)(?:[（(][^（()）]{0,8}[)）])?"
    r"|part(?:y|ies)|officers?|respondents?|applicants?|violations?|items?|cases?|witness(?:es)?",
    re.IGNORECASE,
)
_VALUE = re.compile(r"[\d０-９:：。，；;]")
_FIELD = re.compile(r"(?:^|\t)[\u3400-\u9fff]{2,8}[:：]")
_LONGEST = 16
_FEW = 2


def is_label(text: str) -> bool:
    """Whether a word names a column or a field, and nobody."""
    return len(text) <= _LONGEST and _WORD.fullmatch(text) is not None


def without_tables(lines: Sequence[str]) -> Sequence[str]:
    """The lines that are in no table with a head; a line with a field in it is kept."""
    if "\t" not in "".join(lines):
        return lines
    kept: list[str] = []
    columns, broken = 0, False
    for at, line in enumerate(lines):
        count = line.count("\t") + 1
        if columns and count == 1:
            broken = True
        elif columns and _is_below(line, count, columns, broken=broken):
            if not _FIELD.search(line):
                continue
        else:
            columns, broken = (count if _is_head(lines, at) else 0), False
            if columns:
                continue
        kept.append(line)
    return kept


def _is_below(line: str, count: int, columns: int, *, broken: bool) -> bool:
    """Whether a row belongs to the table above; `broken` where other lines stand between."""
    if broken and (count != columns or columns <= _FEW):
        return False
    return not names_column(line.partition("\t")[0])


def _is_head(lines: Sequence[str], at: int) -> bool:
    """Labels side by side; of two only, rows of values must follow."""
    cells = lines[at].split("\t")
    if len(cells) < _FEW or any(_VALUE.search(cell) for cell in cells):
        return False
    named = [names_column(cell) for cell in cells]
    if not (named[0] and named[1]) or sum(named) < len(cells) - len(cells) // 4:
        return False
    below = [line.split("\t") for line in lines[at + 1 : at + 3]]
    return len(cells) > _FEW or (
        len(below) == _FEW and all(len(row) == _FEW and not names_column(row[0]) for row in below)
    )


def names_column(cell: str) -> bool:
    """Whether it does, or names somebody's part in a matter (当事人, 单位)."""
    return is_label(cell) or (len(cell) <= _LONGEST and _OTHER.fullmatch(cell) is not None)
