"""Options that `request` and `fetch` share, as Typer takes them."""

from pathlib import Path
from typing import Annotated

import typer

from archive import vocabulary
from cli.labels import choices
from cli.language import say

Purpose = Annotated[
    str | None,
    typer.Option(
        metavar="CODE",
        help=say("What for, one of:", "用途，为下列之一：") + choices(vocabulary.PURPOSES),
    ),
]
Reason = Annotated[
    str | None, typer.Option(help=say("Why, in words; kept for ever.", "事由，永久保存。"))
]
Case = Annotated[str | None, typer.Option(help=say("Case number or id.", "案号或案件标识。"))]
Capacity = Annotated[
    str | None,
    typer.Option(
        metavar="CODE",
        help=say("In what capacity; default: what fits.", "调阅身份；默认取适合者。")
        + choices(vocabulary.CAPACITIES),
    ),
]
Bytes = Annotated[
    str | None,
    typer.Option(
        "--bytes",
        metavar="FROM-TO",
        help=say("Only these bytes, TO not included.", "仅限这些字节（不含末位）。"),
    ),
]
Span = Annotated[
    str | None,
    typer.Option(
        "--span",
        metavar="FROM-TO",
        help=say(
            "Only this part of a film, such as 00:01:00-00:02:30.",
            "仅限音像的这一时间段，如 00:01:00-00:02:30。",
        ),
    ),
]
TaskNo = Annotated[
    str | None, typer.Option(help=say("Number of the supervision task.", "监督任务编号。"))
]
BehalfName = Annotated[
    str | None, typer.Option(help=say("On whose behalf.", "代何人（单位）申请。"))
]
IdKind = Annotated[
    str | None, typer.Option(help=say("Kind of their identity document.", "其证件种类。"))
]
IdNo = Annotated[
    str | None, typer.Option(help=say("Number of their identity document.", "其证件号码。"))
]
BehalfUnit = Annotated[str | None, typer.Option(help=say("Their unit.", "其单位。"))]
BehalfPost = Annotated[str | None, typer.Option(help=say("Their post.", "其职务。"))]
BehalfContact = Annotated[str | None, typer.Option(help=say("How to reach them.", "其联系方式。"))]
Letter = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help=say("Scanned letter; it is sealed as a record.", "介绍信扫描件，将封存入库。"),
    ),
]
LetterNo = Annotated[str | None, typer.Option(help=say("Number of the letter.", "介绍信文号。"))]
