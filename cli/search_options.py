"""Options of `search`, as Typer takes them."""

from typing import Annotated, Any

import typer

from archive import vocabulary
from cli.language import say

_DAY = "YYYY-MM-DD"


def _coded(labels: vocabulary.Labels, english: str, chinese: str) -> Any:
    """An option whose values are codes, or their Chinese in place of `{}`."""
    words = "、".join(word for _, word in labels.values())
    return typer.Option(metavar="|".join(labels), help=say(english, chinese.format(words)))


Words = Annotated[
    list[str] | None,
    typer.Argument(
        help=say(
            "Words of the text, title, number, names, place, case or id; all must be there."
            " Quoted with blanks: a phrase. -WORD (after --): must not be there.",
            "正文、标题、文号、姓名、地点、案号或标识中的词，须全部出现；"
            "引号内含空格者按词组检索；-词（写在 -- 之后）表示不含。",
        )
    ),
]
Case = Annotated[str | None, typer.Option(help=say("Case number.", "案号。"))]
Category = Annotated[
    str | None,
    _coded(vocabulary.CATEGORIES, "Or in Chinese: 行政处罚 …", "执法类别，也可写中文：{}。"),
]
Stage = Annotated[
    str | None,
    _coded(vocabulary.STAGES, "Or in Chinese: 调查取证 …", "环节，也可写中文：{}。"),
]
Officer = Annotated[
    str | None,
    typer.Option(
        help=say(
            "Name or number, by sidecar, file name or register; --party for those whom a"
            " document names.",
            "人员姓名或编号（据附带说明、文件名或来源登记）；文书中所载人员用 --party。",
        )
    ),
]
Unit = Annotated[str | None, typer.Option(help=say("Unit.", "单位。"))]
Source = Annotated[str | None, typer.Option(help=say("Source id.", "来源标识。"))]
Kind = Annotated[
    str | None,
    typer.Option(
        help=say("What it is: pdf, docx, txt, video …", "种类：pdf、docx、txt、video 等。")
    ),
]
Media = Annotated[
    str | None,
    typer.Option(help=say("Media type, or image/.", "媒体类型，或其开头如 image/。")),
]
Number = Annotated[
    str | None, typer.Option(help=say("Document number, or a part of it.", "文号或其一部分。"))
]
Party = Annotated[
    str | None,
    typer.Option(
        help=say(
            "Whom a document names: party, officer, witness …",
            "文书中载明的当事人、执法人员、见证人等。",
        )
    ),
]
Place = Annotated[str | None, typer.Option(help=say("Place.", "地点。"))]
Subject = Annotated[str | None, typer.Option(help=say("Subject.", "事由。"))]
Importance = Annotated[
    str | None,
    _coded(vocabulary.IMPORTANCE, "As the sidecar states it.", "重要程度，也可写中文：{}。"),
]
Tag = Annotated[
    str | None,
    _coded(
        vocabulary.SENSITIVITIES,
        "Sensitivity of the record itself.",
        "记录自身的敏感标记，也可写中文：{}。",
    ),
]
Condition = Annotated[
    str | None,
    typer.Option(
        help=say("Condition of a medium: ", "音像资料的状况：")
        + ", ".join(vocabulary.CONDITIONS)
        + say(".", "。"),
    ),
]
Device = Annotated[str | None, typer.Option(help=say("Device that recorded it.", "录制设备编号。"))]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        "--from",
        metavar=_DAY,
        help=say("From this day (capture, else reception).", "自该日起（拍摄或接收）。"),
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", "--to", metavar=_DAY, help=say("Up to this day.", "至该日止（含）。")),
]
Mine = Annotated[
    bool, typer.Option("--mine", help=say("Only of cases you handle.", "仅限本人承办的案件。"))
]
Limit = Annotated[
    int, typer.Option(min=1, max=100_000, help=say("Most hits to show.", "最多显示条数。"))
]
Page = Annotated[
    int, typer.Option(min=1, max=100_000, help=say("Page of so many hits.", "第几页。"))
]
Top = Annotated[
    int | None,
    typer.Option(
        min=0,
        help=say(
            "`top` of the first page (--json): later pages leave out what came since.",
            "首页 JSON 结果中的 top：翻页时不计其后新入库的记录。",
        ),
    ),
]
Snippets = Annotated[
    bool | None,
    typer.Option(
        "--snippets/--no-snippets",
        help=say(
            "The stretch of text with the words; on where words are given.",
            "显示命中片段；给出检索词时默认显示。",
        ),
    ),
]
