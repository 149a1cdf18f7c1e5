"""The document number (文号) of a document, as it stands there. Pure.

Own is a number that fills a line near the top, or stands behind a label. One within a sentence is
cited, and is not the document's; nor is what is served, paid for or listed: of a 送达回证 or 缴款书
only a number beside the title counts, before the form begins, or behind 案号 and 编号. A number
has one of these forms; brackets may be any of
〔〕 [] （） () ﹝﹞ 【】, blanks may stand anywhere.

    沪交执罚〔2026〕第12号 · 皖交执（2026）罚字第12号     office, year, serial
    （2026）京01行初12号                                  year, court, serial
    沪公行罚决字第20260012号 · 国务院令第825号             no year of its own
    案号：2026-0012 · Case No. SHT/2026/12               whatever stands behind a label
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

MOST = 80
_TOP = 25
_BESIDE_TITLE = 4
"""Lines in which the number of a form stands that has another document's too."""
_SHORT = 20
_OPEN, _CLOSE = r"[〔\[（(﹝【［〖{<＜]", r"[〕\]）)﹞】］〗}>＞]"
_YEAR = r"(?:(?:19|20|２０)\d\d|二[〇○零O０][一二三四五六七八九〇○零]{2})"
_BRACKET = rf"{_OPEN} ?{_YEAR} ?年?{_CLOSE}"
_SERIAL = (
    r"(?:(?:[A-Za-z]{1,6}-?)?\d{1,18}(?:-[A-Za-z]{0,4}\d{1,16}){0,3}|[一二三四五六七八九十百]{1,6})"
    r"(?:之[\d一二三四五六七八九十]{1,3})?"
)
_HAN = r"[\u3400-\u9fff]"
_WORD = r"[\u3400-\u9fffA-Za-z（）()·]"
_PROPER = (
    rf"(?:{_WORD}{{1,30}}? ?{_BRACKET} ?(?:{_WORD}{{0,12}}?[字-]?)? ?第? ?{_SERIAL} ?[号號]"
    rf"|{_BRACKET} ?{_HAN}[\u3400-\u9fff\d]{{0,14}}? ?第? ?{_SERIAL} ?[号號]"
    rf"|{_WORD}{{1,30}}?字 ?(?:{_YEAR} ?年? ?)?第 ?{_SERIAL} ?[号號]"
    rf"|{_BRACKET} ?第? ?{_SERIAL} ?期"
    rf"|(?:{_WORD}{{2,30}}? ?{_YEAR} ?年|第) ?第?\d{{1,18}} ?[号號]"
    rf"|{_HAN}{{2,30}}令 ?第? ?{_SERIAL} ?[号號])"
)
_CODE = (
    r"[A-Za-z0-9\u3400-\u9fff〔\[（(【]"
    r"[A-Za-z0-9\u3400-\u9fff〔〕（）()\[\]【】/.·_-]{0,38}[A-Za-z0-9〕）)号號]"
)
_CITED = r"(?![^〔\[（(﹝【［\n\t ]{0,20}(?:备注|见|依据|根据|参照|按照|的|文书|[:：]))"
"""What stands before the number of another document."""
_LABELS = (
    r"(?:发文字|發文字|公文文|文书文|文书字|文书编|文书|决定书文|处罚决定书文|行政处罚决定书文|案件编|案件"
    r"|案卷|立案|记录编|报告编|文件编|表单编|登记编|受理编|流水编|通知书编|单据编|票据编)(?:号|號)"
    r"|文号|文號|字号|字號|案号|案號|编号|編號|单号|流水号"
)
_ENGLISH = (
    r"(?:document|doc|case|decision|notice|report|order|file|record|reference|ref|permit|citation"
    r"|docket|inspection|incident|matter|complaint|control|serial|licen[cs]e|urn)"
    r"(?:[ _.-]{0,2}(?:no|number|num|id))?|no|number"
)
_BEHIND = r"(?:[（(][^）)\n]{0,10}[）)])?[ \t]*[:：|=]?[ \t]*"
_ALONE = re.compile(
    rf"(?P<open>[（(〔\[])?{_CITED}(?P<number>{_PROPER})(?(open)[）)〕\]])"
    r"(?:\t[^\t]*| ?签发人.*)?",
)
_LABELLED = re.compile(rf"(?:^|[\t |;；])({_LABELS}){_BEHIND}(?:({_PROPER})|[（(]?({_CODE}))")
_LABELLED_ENGLISH = re.compile(
    rf"(?:^|\t)(№|(?:agency )?(?:{_ENGLISH})\.?)"
    r"(?:[ \t]*[:：#|=]{1,2}\s*|(?<=№) ?|(?<=\.)[ \t]*|\t)(?:no\b\.? ?)?"
    rf"(?:({_PROPER})|({_CODE})(?=$|[\t,;]))",
    re.IGNORECASE,
)
_LABEL_ALONE = re.compile(rf"({_LABELS})[:：]?")
_ABOUT_OTHERS = re.compile(r"回证|回證|回执|回執|缴款|收据|台账|委托书")
"""In the title of what goes with another document."""
_NAMED_FOR = re.compile(r"(?:行政)?(?:处罚)?(?:(决定|通知)书|文书(?!编))")
"""How a label begins that names the document whose number it is (文书编号 is any form's own)."""
_SHOWN = ("公示", "公开")
"""In the title of what shows a decision, under its number."""
_CITING = re.compile(
    r".{0,6}(?:送达文书|送达的文书|文书名称|文件名称|相关文书|关联|依据|所附|原决定|原处罚|原案).{0,10}"
)
"""A label before the number of another document."""
_INITIALS = frozenset("№adcnrofpimsluADCNROFPIMSLU")
_DIGIT = re.compile(r"\d")
_DAY = re.compile(r"(?:19|20)\d\d[-./年]\d{1,2}[-./月]\d{1,2}日?")


def is_number(line: str) -> bool:
    """Whether a line holds a document number and nothing else."""
    return _may_hold(line) and _ALONE.fullmatch(line) is not None


def number_of(lines: Sequence[str], title: str = "") -> str | None:
    """The number of the document of which these are the first lines; None where it has none.

    Blanks in it are layout, and left out; nothing else is changed.
    """
    chinese = [line for line in lines if "号" in line or "號" in line]
    english = (line for line in lines if line[0] in _INITIALS or "\t" in line)
    if not chinese:
        return _alone(lines[:_TOP]) or _labelled(_LABELLED_ENGLISH, english)
    others = _ABOUT_OTHERS.search(title) is not None
    if found := _alone(_before_form(lines) if others else lines[:_TOP]):
        return found
    for label, value in pairwise(lines):
        named = _LABEL_ALONE.fullmatch(label) if _may_hold(label) else None
        if named and _is_own(named[1], title, others=others) and is_number(value):
            return _closed(value)
    chinese = [line for line in chinese if not _CITING.match(_first_cell(line))]
    return _labelled(
        _LABELLED, chinese, lambda label: _is_own(label, title, others=others)
    ) or _labelled(_LABELLED_ENGLISH, english)


def _alone(lines: Sequence[str]) -> str | None:
    """The first number that fills a line; of a list, whose rows begin with numbers, none."""
    rows = 0
    for at, line in enumerate(lines):
        if not (_may_hold(line) and (found := _ALONE.fullmatch(line))):
            continue
        if at and len(lines[at - 1]) < _SHORT and _CITING.fullmatch(lines[at - 1]):
            continue
        below = lines[at + 1] if at + 1 < len(lines) else ""
        rows = rows + 1 if "\t" in line else 0
        if rows > 1 or (rows and "\t" in below and is_number(below)):
            continue
        return _closed(found["number"])
    return None


def _before_form(lines: Sequence[str]) -> Sequence[str]:
    """The lines before the first with a label or a cell."""
    for at, line in enumerate(lines):
        if "\t" in line or "：" in line or ":" in line or _CITING.fullmatch(line[:_SHORT]):
            return lines[:at]
    return lines[:_BESIDE_TITLE]


def _is_own(label: str, title: str, *, others: bool) -> bool:
    """Whether a label of this form names the document itself: 决定书文号 only in a 决定书."""
    named = _NAMED_FOR.match(label)
    if named is None:
        return True
    if others or not title or not named[1]:
        return not others
    return any(word in title for word in (named[1], *_SHOWN))


def _first_cell(line: str) -> str:
    return line.partition("\t")[0].partition("：")[0].partition(":")[0]


def _may_hold(line: str) -> bool:
    return ("号" in line or "號" in line or "期" in line[-4:]) and len(line) <= 2 * MOST


def _labelled(
    pattern: re.Pattern[str], lines: Iterable[str], is_own: Callable[[str], bool] = bool
) -> str | None:
    """The first that has the form of a number, else the first code with a digit in it."""
    codes = []
    for line in lines:
        for label, proper, code in pattern.findall(line):
            if not is_own(label):
                continue
            if proper:
                return _closed(proper)
            if _DIGIT.search(code) and not _DAY.fullmatch(code):
                codes.append(_closed(code))
    return codes[0] if codes else None


def _closed(number: str) -> str:
    return number.replace(" ", "")[:MOST]
