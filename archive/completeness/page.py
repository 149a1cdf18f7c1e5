"""A case on one page of HTML that loads nothing: verdicts, timeline, pictures of its recordings.

    write(CasePage(title, facts, check, stages, pictures, previews, made_at, "zh"), stream)

Pictures are data: URIs, every text is escaped, scripts are forbidden by the page itself.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, BinaryIO

from archive.completeness.bars import Bar, bars
from archive.documents.cells import moment, one_style_of_lines
from archive.documents.table import Language
from archive.times import SHANGHAI, parse_time
from archive.vocabulary import CONDITIONS, COVERAGE, DERIVATIVES, INTERRUPTIONS, STAGES, Labels

Document = Mapping[str, Any]
_STYLE = """
body { font: 14px/1.5 "Noto Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif;
  margin: 1.5em auto; max-width: 78em; padding: 0 1em; color: #1a1a1a }
h1 { font-size: 1.5em; margin: 0 0 .3em }
h2 { font-size: 1.15em; margin: 1.6em 0 .5em; border-bottom: 2px solid #35618f }
p { margin: .1em 0 } .quiet { color: #555 } .code { overflow-wrap: anywhere }
.verdict { font-size: 1.15em; font-weight: bold; margin: .6em 0 }
table { border-collapse: collapse; width: 100% } thead { display: table-header-group }
th, td { border: 1px solid #b9bec7; padding: .25em .5em; text-align: left; vertical-align: top;
  overflow-wrap: anywhere } td.short { white-space: nowrap }
thead th { background: #e7e9ed } tr, article { break-inside: avoid }
.covered { color: #1d6b34 } .missing { color: #a3161d; font-weight: bold }
.partial, .late { color: #9a5200; font-weight: bold } .excused, .not_required { color: #555 }
article { border: 1px solid #d5d9e0; border-radius: 4px; padding: .5em .7em; margin: 0 0 .6em }
article.begins { margin-top: 1.2em } article header { display: flex; gap: 1em; flex-wrap: wrap }
article b { overflow-wrap: anywhere } .bar { width: 100%; height: .8em; background: #eef0f3 }
.bar rect { fill: #35618f } .bar .text { fill: #9aa4b2 }
figure { display: inline-block; margin: .5em .8em 0 0; max-width: 100%; vertical-align: top }
figure img { display: block; max-width: 100%; max-height: 28em; background: #eef0f3 }
figcaption { color: #555; font-size: .85em } blockquote { margin: .4em 0 0; color: #444;
  border-left: 3px solid #d5d9e0; padding-left: .7em; white-space: pre-wrap }
@media print { body { margin: 0; font-size: 10px } figure img { max-height: 14em } }
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; img-src data:; style-src 'sha256-{_DIGEST}'; base-uri 'none'; "
    "form-action 'none'"
)


PICTURES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
"""What a page can show, by extension."""
MOST_BYTES = 2 << 20
"""Of one picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One derivative: `role` is a code of `vocabulary.DERIVATIVES`, `type` its media type."""

    role: str
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class CasePage:
    """What the page shows. `check` and `stages` are those of `archive.completeness.answer`.

    `check` is None where no list is in force; `pictures` and `previews` are by record id; `notes`
    stand at the end.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    check: Document | None
    stages: Sequence[Document]
    pictures: Mapping[str, Sequence[Picture]]
    previews: Mapping[str, str]
    notes: Sequence[str]
    made_at: datetime
    lang: Language


def write(page: CasePage, stream: BinaryIO) -> None:
    """Write it as UTF-8."""
    for part in _Writer(page).parts():
        stream.write(part.encode("utf-8"))


class _Writer:
    def __init__(self, page: CasePage) -> None:
        self._page = page
        self._zh = page.lang == "zh"

    def parts(self) -> Iterator[str]:
        page = self._page
        yield (
            f'<!DOCTYPE html>\n<html lang="{"zh-CN" if self._zh else "en"}">\n<head>\n'
            f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" '
            f'content="{_POLICY}">\n<meta name="viewport" content="width=device-width">\n'
            f"<title>{_text(page.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
            f"<h1>{_text(page.title)}</h1>\n"
        )
        for name, value in page.facts:
            yield f'<p><span class="quiet">{_text(name)}</span> {_text(value)}</p>\n'
        made = self._say("made", "制作时间")
        yield f'<p><span class="quiet">{made}</span> {moment(page.made_at)} (UTC+8)</p>\n'
        if page.check is not None:
            yield from self._check(page.check)
        for stage in page.stages:
            yield from self._stage(stage)
        for note in page.notes:
            yield f'<p class="quiet">{_text(note)}</p>\n'
        yield "</body>\n</html>\n"

    # --- verdicts

    def _check(self, check: Document) -> Iterator[str]:
        rows = [row for row in check["rows"] if row["required"]]
        states = [row["state"] for row in rows]
        if check["complete"]:
            told, state = self._say("The case is complete.", "本案记录齐全。"), "covered"
        else:
            missing, partial = states.count("missing"), states.count("partial")
            state = "missing"
            told = self._say(
                f"The case is not complete: {missing} missing, {partial} partial.",
                f"本案记录不齐全：缺失 {missing} 项，不完整 {partial} 项。",
            )
        yield f'<p class="verdict {state}">{told}</p>\n<table><thead><tr>'
        for title in (
            *(self._say("stage", "环节"), self._say("row of the list", "清单事项")),
            *(self._say("verdict", "结论"), self._say("lacking", "缺少")),
            *(self._say("records", "记录"), self._say("basis", "依据")),
        ):
            yield f'<th scope="col">{title}</th>'
        yield "</tr></thead><tbody>\n"
        order = list(STAGES)
        for row in sorted(rows, key=lambda row: order.index(row["stage"])):
            yield self._row(row)
        yield "</tbody></table>\n"
        for one in check["late"]:
            due = _clock(one["due"], day=True)
            late = self._say("late", "逾期上传")
            until = self._say("due", "应于")
            yield f'<p class="late">{late}: {_text(one["name"])} ({until} {due})</p>\n'
        by = self._say("by the list", "依据清单")
        yield f'<p class="quiet code">{by} {_text(check["list"])}</p>\n'

    def _row(self, row: Document) -> str:
        state = row["state"]
        lacking = ""
        if row["lacking"]:
            spans = (f"{_clock(one['from'])}–{_clock(one['to'])}" for one in row["lacking"])
            seconds = self._say(f"{row['lacking_seconds']} s", f"{row['lacking_seconds']} 秒")
            lacking = f"{seconds}<br>{', '.join(spans)}"
        volumes = (self._say(f"volume {number}", f"卷 {number}") for number in row["volumes"])
        names = "<br>".join((*(_text(one["name"]) for one in row["records"]), *volumes))
        return (
            f'<tr><td class="short">{self._label(STAGES, row["stage"])}</td>'
            f"<td>{_text(row['name']['zh' if self._zh else 'en'])}</td>"
            f'<td class="short {state}">{self._label(COVERAGE, state)}</td>'
            f"<td>{lacking}</td><td>{names}</td><td>{_text(row['basis'])}</td></tr>\n"
        )

    # --- timeline

    def _stage(self, stage: Document) -> Iterator[str]:
        known = stage["stage"]
        name = self._label(STAGES, known) if known else self._say("no stage", "未注明环节")
        yield f"<h2>{name}</h2>\n"
        for bar in bars(stage["records"]):
            yield from self._record(bar)

    def _record(self, bar: Bar) -> Iterator[str]:
        one = bar.record
        yield f'<article class="{"begins" if bar.first else "goes"}"><header>'
        yield f'<span>{self._times(one)}</span><b dir="auto">{_text(one["name"])}</b>'
        yield f'<span class="quiet">{_text(one["record"])}</span>{self._marks(one)}</header>\n'
        if bar.start is not None and bar.end:
            width = max(round(100 * (bar.end - bar.start), 2), 0.5)
            left = min(round(100 * bar.start, 2), 100 - width)
            kind = "text" if one["kind"] == "text" else "media"
            yield (
                '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none"'
                ' aria-hidden="true">'
                f'<rect class="{kind}" x="{left}" width="{width}" height="10"/></svg>\n'
            )
        for picture in self._page.pictures.get(one["record"], ()):
            label = self._label(DERIVATIVES, picture.role)
            data = base64.b64encode(picture.data).decode("ascii")
            source = f"data:{picture.type};base64,{data}"
            yield f'<figure><img alt="{label}" src="{source}">'
            yield f"<figcaption>{label}</figcaption></figure>\n"
        if preview := self._page.previews.get(one["record"]):
            yield f'<blockquote dir="auto">{_text(preview)}</blockquote>\n'
        yield "</article>\n"

    def _times(self, one: Document) -> str:
        if one["start"] is None:
            return self._say("received ", "收到 ") + _clock(one["received_at"], day=True)
        end = one["end"] if one["end"] != one["start"] else None
        return _clock(one["start"], day=True) + (f"–{_clock(end)}" if end else "")

    def _marks(self, one: Document) -> str:
        marks = []
        if one["late_seconds"]:
            marks.append(self._say("late", "逾期上传"))
        if one["condition"] not in (None, "sound"):
            marks.append(self._label(CONDITIONS, one["condition"]))
        for stretch in one["interruptions"]:
            why = self._say("no reason", "未说明原因")
            reason = self._label(INTERRUPTIONS, stretch["reason"]) if stretch["reason"] else why
            span = f"{_clock(stretch['from'])}–{_clock(stretch['to'])}"
            marks.append(self._say(f"interruption {span}: {reason}", f"中断 {span}：{reason}"))
        if one["restricted"]:
            marks.append(self._say("restricted", "限制查看"))
        return "".join(f'<span class="late">{mark}</span>' for mark in marks)

    def _say(self, en: str, zh: str) -> str:
        return zh if self._zh else en

    def _label(self, labels: Labels, code: str) -> str:
        return escape(labels[code][self._zh] if code in labels else code)


def _text(text: str) -> str:
    return escape(one_style_of_lines(text))


def _clock(text: str, *, day: bool = False) -> str:
    return f"{parse_time(text).astimezone(SHANGHAI):{'%Y-%m-%d ' if day else ''}%H:%M:%S}"
