"""A table as one page of HTML that loads nothing: every text escaped, scripts forbidden.

Bars are drawn as inline SVG, so the page prints as it looks.
"""

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from typing import BinaryIO

from archive.documents.cells import moment, one_style_of_lines, show, shown_row
from archive.documents.table import Chart, Column, Table

_STYLE = """
@page { size: A4 landscape; margin: 12mm }
body { font: 14px/1.5 "Noto Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif;
  margin: 1.5em; color: #1a1a1a }
h1 { font-size: 1.5em; margin: 0 0 .3em } h2 { font-size: 1.1em; margin: 1.2em 0 .3em }
p { margin: .1em 0 } .made, .notes { color: #444 }
table { border-collapse: collapse; margin: 1em 0 } thead { display: table-header-group }
th, td { border: 1px solid #b9bec7; padding: .25em .5em; text-align: left; vertical-align: top;
  white-space: pre-wrap; overflow-wrap: anywhere }
thead th { background: #e7e9ed } tr { break-inside: avoid }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
td.t { white-space: nowrap; font-variant-numeric: tabular-nums }
.chart th, .chart td { border: 0 } .chart th { font-weight: normal; max-width: 20em }
.chart svg { width: 24em; height: 1em } .chart rect { fill: #35618f }
@media print { body { margin: 0; font-size: 10px } }
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
_CLASSES = {"text": "", "moment": ' class="t"', "number": ' class="n"'}


def write(table: Table, stream: BinaryIO) -> None:
    """Write the page; memory does not grow with the rows."""
    for part in _page(table):
        stream.write(part.encode("utf-8"))


def _page(table: Table) -> Iterator[str]:
    lang = "zh-CN" if table.lang == "zh" else "en"
    yield (
        f'<!DOCTYPE html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{_text(table.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{_text(table.title)}</h1>\n"
    )
    for line in table.subtitle:
        yield f"<p>{_text(line)}</p>\n"
    made = table.say("Made", "制作时间")
    yield f'<p class="made">{made}: {moment(table.made_at)} (UTC+8)</p>\n'
    for chart in table.charts:
        yield from _bars(chart)
    yield from _rows(table)
    if table.closing:
        yield '<div class="notes">\n'
        for line in table.closing:
            yield f"<p>{_text(line)}</p>\n"
        yield "</div>\n"
    yield "</body>\n</html>\n"


def _rows(table: Table) -> Iterator[str]:
    titles = "".join(f'<th scope="col">{_text(column.title)}</th>' for column in table.columns)
    yield f"<table>\n<thead><tr>{titles}</tr></thead>\n<tbody>\n"
    for row in table.rows:
        cells = zip(table.columns, shown_row(table.columns, row), strict=True)
        yield "<tr>" + "".join(_cell(column, text) for column, text in cells) + "</tr>\n"
    yield "</tbody>\n</table>\n"


def _cell(column: Column, text: str) -> str:
    return f'<td dir="auto"{_CLASSES.get(column.kind, _CLASSES["number"])}>{escape(text)}</td>'


def _bars(chart: Chart) -> Iterator[str]:
    most = max((value for _, value in chart.bars), default=0)
    yield f'<h2>{_text(chart.title)}</h2>\n<table class="chart">\n'
    for label, value in chart.bars:
        length = round(100 * value / most, 2) if most else 0
        yield (
            f'<tr><th scope="row" dir="auto">{_text(label)}</th><td><svg viewBox="0 0 100 10" '
            f'preserveAspectRatio="none" aria-hidden="true"><rect width="{length}" height="10"/>'
            f'</svg></td><td class="n">{show("number", value)} {_text(chart.unit)}</td></tr>\n'
        )
    yield "</table>\n"


def _text(text: str) -> str:
    return escape(one_style_of_lines(text))
