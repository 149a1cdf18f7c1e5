"""The title of a document, from its first lines. Pure.

In this order: a line (or up to four) that is what an office calls a document (行政处罚决定书,
关于…的通知, Notice of Violation); what the file's own properties state, unless a program wrote that
by itself; the first line that is neither an office nor a page number nor a field.
"""

import re
from collections.abc import Sequence

from ingest.documents.numbers import is_number

MOST = 200
_LINES = 20
_LONG = 100
"""A longer line is text."""
DATA = ("{", "[{", '["')
"""How lines of data begin (a log in JSON): they are no document, and have no title."""
_NAME = re.compile(
    r"[^。；;！!？?：:\t]{0,60}?(?:决定|決定|书|書|笔录|筆錄|回证|回執|清单|清册|记录|記錄"
    r"|记录表|登记表|审批表|通知|公告|公示|通告|告示|报告|報告|表|单|單|凭证|憑證|证明|證明|函|批复|批覆|意见|意見|请示|請示"
    r"|會議紀錄|纪要|紀要|目录|说明|办法|规定|规则|细则|条例|方案|计划|总结|日志|台账|合同|协议|收据|令|状)"
    r"(?:[（(][^（()）]{1,20}[）)])?"
)
_ABOUT = re.compile(r"[^。；;\t]{0,30}关于[^。\t]{2,}")
_ABOUT_END = re.compile(
    r"[^。；;\t]{0,30}关于[^。\t]{2,}(?:的|》)[\u3400-\u9fff]{0,6}?(?:通知|决定|批复|意见|公告|通告|函|复函|请示|报告|公示|命令"
    r"|通报|议案|纪要|说明|答复|办法|规定|方案|倡议书|通知书|决定书|建议|建议书|处罚决定|通令|令)"
    r"(?:[（(][^（()）]{1,20}[）)])?"
)
_ENGLISH = re.compile(
    r"(?=[A-Z0-9])[^.:;!?\t]{0,80}\b(?:notice|decision|report|record|order|inventory|receipt|memorandum"
    r"|memo|certificate|warning|statement|minutes|summary|application|permit|licen[cs]e|citation"
    r"|transcript|summons|affidavit|protocol|log|plan|list|form|request|complaint|warrant|agreement"
    r"|checklist|letter|regulation|rules|policy|inspection|interview|determination|hearing)s?\b[^.:;!?\t]{0,80}",
    re.IGNORECASE,
)
_OFFICE = re.compile(
    r"[\u3400-\u9fff（）()·]{2,40}(?:局|厅|委员会|委|总队|支队|大队|中队|执法队|政府|法院|检察院|部|署"
    r"|办公室|中心|所|站|分局|办|处|科)(?:文件)?|[\u3400-\u9fff（）()·]{2,40}文件"
)
_NOISE = re.compile(
    r"第?\s*\d{1,5}\s*页(?:[,，/ ]?共?\s*\d{1,5}\s*页)?|页[码次]?[:：].{0,12}|[-—–=_*~.·\s\d/]+"
    r"|page\s+\d+(?:\s*(?:of|/)\s*\d+)?|(?:特急|加急|平急|急件|特提|公开|内部资料).{0,8}"
    r"|(?:份号|编号|No\.?)\s*[:：]?\s*[\d-]*|[A-Za-z-]{2,20}:\s.*|[（(].{1,20}联[)）]|.{0,12}存根|(?:扫描件|副本|正本)",
    re.IGNORECASE,
)
_FIELD = re.compile(r"[^：:\t]{1,14}[：:]\s?.*")
_GARBAGE = re.compile(
    r"(?:microsoft (?:word|excel|powerpoint)|wps|untitled|无标题|未命名|新建|文档|document|book"
    r"|sheet|工作簿|幻灯片|presentation|演示文稿|slide|title|标题|扫描|scan|img|image|pdf|output|print|temp|tmp)"
    r".{0,20}|.{0,80}\.(?:docx?|xlsx?|wps|pdf|txt|rtf|ofd|dot|tmp)|[\d\W_]*",
    re.IGNORECASE,
)
_VERSION = re.compile(r"[（(](?:试行|暂行|草案|修订|.{0,6}稿)[）)]")
_SITE = re.compile(r"\s*[_|]\s*|\s+[-–—]\s+")
"""What parts the title of a page from the name of its site."""
_SENTENCE = re.compile(r"[。；！？]|，.*，|，$")


def title_of(lines: Sequence[str], stated: str = "") -> str:
    """The title; empty where there is none. `stated` is what the file's properties say."""
    if lines and lines[0].startswith(DATA):
        return stated[:MOST]
    top = [line for line in lines[:_LINES] if len(line) > _LONG or not _NOISE.fullmatch(line)]
    named = _named(top)
    if named:
        return named[:MOST]
    if stated and not _GARBAGE.fullmatch(stated):
        page = _SITE.split(stated)[0]
        return page if page in top else stated[:MOST]
    for line in top:
        if not (is_number(line) or _OFFICE.fullmatch(line) or _FIELD.fullmatch(line)):
            return "" if "\t" in line else line[:MOST]
    plain = [line for line in top if "\t" not in line]
    return plain[0][:MOST] if plain else ""


def _headed(row: str) -> str:
    """The name of a form in a row that has nothing beside it but a number, a page or a field."""
    names = [cell for cell in row.split("\t") if not _is_beside(cell)]
    return names[0] if len(names) == 1 and _NAME.fullmatch(names[0]) else ""


def _is_beside(cell: str) -> bool:
    return is_number(cell) or any(one.fullmatch(cell) for one in (_FIELD, _NOISE))


def _named(top: Sequence[str]) -> str:
    """What an office calls the document, before its text begins."""
    general = ""
    for at, line in enumerate(top):
        if len(line) > MOST:
            break
        if "\t" in line and (name := _headed(line)):
            return name
        if "\t" in line or is_number(line):
            continue
        if about := _about(top, at):
            return about
        if _FIELD.fullmatch(line):
            continue
        if line.isascii() and _ENGLISH.fullmatch(line):
            if " " in line:
                return line
            general = general or line  # MEMO, and below it what it is about
        elif len(line) <= 60 and _NAME.fullmatch(line) and not _SENTENCE.search(line):
            version = top[at + 1] if at + 1 < len(top) else ""
            return line + version if _VERSION.fullmatch(version) else line
        if len(line) > _LONG or _SENTENCE.search(line):
            break
    return general


def _about(top: Sequence[str], at: int) -> str:
    """A title with 关于, which may go over several lines; empty where none begins here."""
    whole = ""
    if "关" not in top[at] and "关" not in "".join(top[at + 1 : at + 2]):
        return ""
    for line in top[at : at + 4]:
        if "\t" in line or (whole and is_number(line)):
            return ""
        whole += line
        if len(whole) > MOST or "。" in whole:
            return ""
        if _ABOUT_END.fullmatch(whole):
            return whole
        if not (_ABOUT.fullmatch(whole) or (whole == line and line[-1:] == "关")):
            return ""
    return ""
