"""Finds the classification line of a state secret on a first page, in a file's name or a field.

GB/T 9704 puts it at the top left: 秘密, 机密 or 绝密, spaced out, with ★ and a period. A text that
speaks of secrets is not marked: what counts is a line, a cell or a field that says nothing else,
and stands where such a mark stands. At the top of the page doubt refuses; within the text it does
not. Pure; a page without the words costs some microseconds.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ingest import classified_fields
from ingest.mark_words import HIDDEN, SIMPLIFIED, STRAY

_MOST = 20_000
"""Characters that are looked at."""
_TOP = 8
"""Lines with text that may stand before the end of the top: copy number, urgency, office, title."""
_BOTTOM = 2
_PROSE = 60
"""A longer line is text; so is one with a full stop."""
_SIGNS = ("密", "祕", "Ｅ", "ｅ")
_WORDS = ("ECRE", "ecre", "E C R", "NFID", "nfid", "F I D")
"""What a marked page has one of, but for escapes of JSON."""

_LEVEL = r"(?:绝密|机密|秘密)"
_TERM = r"(?:(?:\d{1,3}|[一二三四五六七八九十百拾零两]{1,5})(?:年|个月|月|天)|长期|永久)"
_STARRED = rf"[★☆✩✪⭐*※]+(?:{_TERM}|[^,。;:、的★]{{0,16}})"
_URGENT = r"(?:特急|加急|平急|特提|急件|紧急|限时)"
_COPY = r"(?:(?:份号|编号|序号|no\.?|第):?\d{1,24}(?!\d)(?:号|份)?|\d{4,24}(?!\d))"
_GAP = r"[()\[\]【】·/,;|-]*"
_KEEPING = r"请?(?:注意保管|妥善保管|不得外传|严禁外传|勿外传|阅后销毁|阅后收回|严禁复制)"
_NOTICE = rf"(?:文件|资料|材料|件)?(?:,?{_KEEPING})?"
_PERIOD = rf"(?:{_TERM}|(?:保密)?期限[:为]?[^,。;:、的★]{{1,16}})"
_MARK = (
    rf"{_LEVEL}级?{_NOTICE}{_GAP}(?:{_STARRED}|{_PERIOD})?"
    rf"(?:{_GAP}(?:topsecret|secret|confidential))?"
)
_LINE = re.compile(
    rf"(?:(?:{_COPY}|{_URGENT}){_GAP})*{_MARK}"
    rf"(?:{_GAP}(?:{_COPY}|{_URGENT}|文件|资料|材料|件|{_KEEPING}))*{_GAP}"
)
"""What is repeated is never empty and begins with no sign of a gap: else a line could be read in
more ways than can be tried.
"""
_STAR_LINE = re.compile(rf"(?:{_COPY}{_GAP})?{_LEVEL}级?{_GAP}{_STARRED}(?:{_GAP}{_URGENT})?")
_ENGLISH = r"(?:TOP-?SECRET|SECRET|CONFIDENTIAL)"
_IN_CAPITALS = re.compile(
    rf"(?:NATO|EU|UN|US|STRICTLY)?{_ENGLISH}(?:(?://|[-–—:,])[A-Z0-9/, -]{{0,40}})?"
)
_ENGLISH_LINE = re.compile(
    rf"{_IN_CAPITALS.pattern}|(?:Strictly)?(?:Top-?Secret|Secret|Confidential)"
)
"""A word in small letters is no mark: programs have such lines."""
_BESIDE = re.compile(
    rf"{_COPY}|{_URGENT}|.{{2,24}}(?:文件|号|年|日|页)|[\d./-]+|{_NOTICE}|"
    r"(?:份号|保密期限|紧急程度|期限|编号)?:?[^,。;:]{0,12}"
)
"""What may stand in other cells of a line with the mark in one of them."""
_URGENCY = re.compile(rf"{_URGENT}|{_NOTICE}|{_PERIOD}|.*[★☆].*")
_SERIAL = re.compile(r"\d{1,3}")
_COUNTED = re.compile(r"\d{1,4}(?:张|部|集|册|本|盘|碟|卷|枚|套|支|分钟|元|人|次)")
_UNTICKED = re.compile(rf"[□☐○◯]{_LEVEL}|{_LEVEL}级?(?:[(\[【]_{{0,8}}[)\]】]|[□☐○◯])")
_TITLE = re.compile(rf"[《〈]{_LEVEL}级?[》〉]")
_PREFIXED = re.compile(
    r"(?:(?:subject|title|re|fwd?|主题|标题|题名|题目|文件名|答复|回复|转发):)*"
    rf"(?:[\[【(〔{{]{_LEVEL}级?(?:{_STARRED})?[\]】)〕}}]|[〈《]{_LEVEL}级?{_STARRED}[〉》]"
    rf"|{_LEVEL}级?[★☆✩✪⭐※](?:{_TERM})(?![的\"”’'」』]|等|字样|之类))"
)
_SUBJECT = re.compile(
    rf"(?:subject|主题):(?:(?:re|fwd?|回复|转发|答复):)*(?:{_LEVEL}|topsecret|secret)(?:[:★☆*-]|$)"
)
_ENGLISH_PREFIX = re.compile(
    rf"(?:[A-Z][A-Za-z]{{1,7}}:)*[\[【(〔](?:{_ENGLISH}|Top-?Secret|Secret|Confidential)[\]】)〕]"
)
_HEADER = re.compile(r"[a-z][a-z-]{1,40}:|(?:主题|发件人|收件人|抄送|日期|发送时间|密[级别]):")
_EXAMPLE = re.compile(
    r"(?:例|样式|格式|如下|分为|包括|标注|标明|写法|字样)[^:]{0,8}:?$|:$"
    r"|(?:标|印|写|盖|注|带|载)有[\"'“‘「]?$"
)
_NAMED_SO = re.compile(r"[\"'”’」]?的?等?(?:字样|字迹)")
"""The beginning of a line that says of the one before it that it is quoted."""
_DECOR = " \t#>_~`\"'“”‘’「」『』()[]【】〔〕<>{}《》|·.,;:、—–-=+•●■◆▲/!。"
_STOP = re.compile("。.")
_CELLS = re.compile(r"\t|\s{2,}|\|")
_NAME_MARK = re.compile(
    rf"[\[【(〔{{]{_LEVEL}级?(?:{_STARRED})?[\]】)〕}}]|^{_LEVEL}级?(?:{_STARRED}|[-_ .]|$)"
    rf"|{_LEVEL}[★☆✩✪⭐※]{_TERM}(?!的|字样)|^topsecret(?:[-_.]|$)"
)
_NAME_PARTS = re.compile(r"[-_\s.—–~+·、,;&]+")
_NAME_PART = re.compile(rf"{_LEVEL}[级件]?(?:{_STARRED}|{_PERIOD})?")
_BETWEEN_FOLDERS = re.compile(r"[/\\]+")
_NO_STATE = re.compile(r".*(?:商业|工作|个人|企业|公司|技术|国家)")
"""What a part of a name ends with where the secret behind it is one that is only spoken of."""


def is_marked_page(first_page: str) -> bool:
    """Whether a first page bears a classification line, or a field that names one."""
    if not may_be_marked(first_page):
        return False
    text = first_page[:_MOST]
    if "\\u" in text:
        text = classified_fields.unescaped(text)
    shown = _shown(text)
    lines = [line for line in shown.splitlines() if line.strip()]
    small = [line.casefold() for line in lines]
    return (
        _at_the_top(lines)
        or _at_the_bottom(lines)
        or classified_fields.has_marked_field(shown.casefold(), small)
    )


def is_marked_name(name: str) -> bool:
    """Whether a file's name begins with a mark, bears it in brackets, with ★ or between dashes."""
    if not may_be_marked(name):
        return False
    shown = _shown(name)
    compact = _compact(shown)
    if _has_marked_part(shown):
        return True
    if _NAME_MARK.search(compact.casefold()) or _ENGLISH_PREFIX.search(compact):
        return True
    return _IN_CAPITALS.fullmatch(compact.rpartition(".")[0] or compact) is not None


def _has_marked_part(shown: str) -> bool:
    """Whether one level stands by itself between dashes, dots or spaces."""
    found = set()
    for name in (shown, _compact(shown)):
        parts = _NAME_PARTS.split(name)
        for before, part in pairwise(["", *parts]):
            if _NAME_PART.fullmatch(part) and not _NO_STATE.fullmatch(before):
                found.add(_level(part))
    return len(found) == 1


def is_marked_folder(name: str) -> bool:
    """Whether a folder's name is a mark and nothing else."""
    return may_be_marked(name) and _is_mark(_shown(name))


def is_marked_path(path: str) -> bool:
    """Whether a path, as a list has it, ends with a marked name or goes through a marked folder."""
    if not may_be_marked(path):
        return False
    *folders, name = _BETWEEN_FOLDERS.split(path)
    return is_marked_name(name) or any(map(is_marked_folder, (*folders, name)))


def may_be_marked(text: str) -> bool:
    """False where a text has nothing that a mark is made of."""
    if any(sign in text for sign in _SIGNS) or any(word in text for word in _WORDS):
        return True
    return "\\" in text and "\\u" in text


def _at_the_top(lines: Sequence[str]) -> bool:
    top = [*_top(lines)]
    if top and _is_mark(top[0], first=True):
        return True
    found = [line for line in top if _is_mark(line)]
    if any(_STAR_LINE.fullmatch(_trimmed(line)) for line in found):
        return True
    # Several levels below each other are a list of what there is.
    return bool(found) and len({_level(line) for line in lines if _is_mark(line)}) == 1


def _top(lines: Sequence[str]) -> Iterator[str]:
    """The lines before the text begins, but for those that a line before announces as examples."""
    seen = 0
    for line, announced in _with_announced(lines):
        compact = _compact(line)
        header = _HEADER.match(compact.casefold()) is not None
        if not header and (len(compact) > _PROSE or _STOP.search(compact)):
            # A mark that stands before a title in its line is one all the same.
            if _is_prefixed(compact):
                yield line
            return
        if not announced:
            yield line
        seen += not header
        if seen >= _TOP:
            return


def _with_announced(lines: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Every line, and whether one before it says that examples or a list follow."""
    announced = False
    for number, line in enumerate(lines):
        announced = (announced or _is_quoted(lines, number)) and _is_mark(line)
        yield line, announced
        compact = _compact(line).casefold()
        if not _HEADER.match(compact) and _EXAMPLE.search(compact):
            announced = True


def _is_quoted(lines: Sequence[str], number: int) -> bool:
    """Whether a line within the text is followed by one that says what its words are."""
    behind = lines[number + 1] if 0 < number < len(lines) - 1 else ""
    return bool(behind and _NAMED_SO.match(_compact(behind)))


def _at_the_bottom(lines: Sequence[str]) -> bool:
    if len(lines) <= _BOTTOM:
        return False
    return any(
        not announced
        and (_STAR_LINE.fullmatch(_trimmed(line)) or _IN_CAPITALS.fullmatch(_trimmed(line)))
        for line, announced in [*_with_announced(lines)][-_BOTTOM:]
    )


def _is_mark(line: str, *, first: bool = False) -> bool:
    """Whether a line is one; the first line of a page also where it may be a title or a box."""
    compact = _compact(line)
    if not first and (_TITLE.fullmatch(compact) or _UNTICKED.search(compact)):
        return False
    if _says_a_level(_trimmed(line)) or _is_prefixed(compact):
        return True
    if _SUBJECT.match(compact.casefold()):
        return True
    cells = [cell for cell in map(_trimmed, _CELLS.split(line.strip())) if cell]
    marked = [cell for cell in cells if _says_a_level(cell)]
    if len(marked) != 1 or _is_row(cells) or _UNTICKED.search(compact):
        return False
    return all(_BESIDE.fullmatch(cell) for cell in cells if cell is not marked[0])


def _is_row(cells: Sequence[str]) -> bool:
    """Whether cells are of a list in which a word stands between a number and a count."""
    if any(_URGENCY.fullmatch(cell) for cell in cells):
        return False
    return _SERIAL.fullmatch(cells[0]) is not None or any(map(_COUNTED.fullmatch, cells))


def _says_a_level(cell: str) -> bool:
    return len(cell) <= _PROSE and bool(
        _LINE.fullmatch(cell.casefold()) or _ENGLISH_LINE.fullmatch(cell)
    )


def _is_prefixed(compact: str) -> bool:
    led = compact.lstrip("#*>_~` ")
    return bool(_PREFIXED.match(led.casefold()) or _ENGLISH_PREFIX.match(led))


def _level(line: str) -> str:
    found = re.search(rf"{_LEVEL}|topsecret|secret|confidential", _compact(line).casefold())
    return found[0] if found else ""


def _shown(text: str) -> str:
    """One form of each character; capitals stay, for English marks have them."""
    return unicodedata.normalize("NFKC", STRAY.sub("", text)).translate(SIMPLIFIED)


def _compact(text: str) -> str:
    return HIDDEN.sub("", text)


def _trimmed(line: str) -> str:
    return _compact(line).lstrip(_DECOR + "*★☆").rstrip(_DECOR)
