"""`cunzheng search WORDS…`: find records in the catalog; needs no passphrase."""

from typing import Annotated

import typer

from archive import vocabulary
from archive.errors import UsageError
from archive.kinds import SHORT_KINDS
from archive.times import format_time
from cli.dates import day_end, day_start
from cli.finding_view import show_found
from cli.invocation import Invocation
from cli.labels import code_of
from cli.language import say
from cli.output import print_json
from cli.service import large, open_desk

_DAY = "YYYY-MM-DD"


def run(  # noqa: PLR0913, PLR0917 - one parameter per option
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help=say(
                "Words of the text, title, number, names, place, case or id; all must be there."
                " Quoted with blanks: a phrase. -WORD (after --): must not be there.",
                "正文、标题、文号、姓名、地点、案号或标识中的词，须全部出现；"
                "引号内含空格者按词组检索；-词（写在 -- 之后）表示不含。",
            )
        ),
    ] = None,
    case: Annotated[str | None, typer.Option(help=say("Case number.", "案号。"))] = None,
    category: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(vocabulary.CATEGORIES),
            help=say("Or in Chinese: 行政处罚 …", "执法类别，也可写中文：{}。").format(
                "、".join(chinese for _, chinese in vocabulary.CATEGORIES.values())
            ),
        ),
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(vocabulary.STAGES),
            help=say("Or in Chinese: 调查取证 …", "环节，也可写中文：{}。").format(
                "、".join(chinese for _, chinese in vocabulary.STAGES.values())
            ),
        ),
    ] = None,
    officer: Annotated[
        str | None,
        typer.Option(
            help=say(
                "Name or number, by sidecar, file name or register; --party for those whom a"
                " document names.",
                "人员姓名或编号（据附带说明、文件名或来源登记）；文书中所载人员用 --party。",
            )
        ),
    ] = None,
    unit: Annotated[str | None, typer.Option(help=say("Unit.", "单位。"))] = None,
    source: Annotated[str | None, typer.Option(help=say("Source id.", "来源标识。"))] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help=say("What it is: pdf, docx, txt, video …", "种类：pdf、docx、txt、video 等。")
        ),
    ] = None,
    media: Annotated[
        str | None,
        typer.Option(help=say("Media type, or image/.", "媒体类型，或其开头如 image/。")),
    ] = None,
    number: Annotated[
        str | None, typer.Option(help=say("Document number, or a part of it.", "文号或其一部分。"))
    ] = None,
    party: Annotated[
        str | None,
        typer.Option(
            help=say(
                "Whom a document names: party, officer, witness …",
                "文书中载明的当事人、执法人员、见证人等。",
            )
        ),
    ] = None,
    place: Annotated[str | None, typer.Option(help=say("Place.", "地点。"))] = None,
    subject: Annotated[str | None, typer.Option(help=say("Subject.", "事由。"))] = None,
    importance: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(vocabulary.IMPORTANCE),
            help=say("As the sidecar states it.", "重要程度，也可写中文：一般、重要。"),
        ),
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(vocabulary.SENSITIVITIES),
            help=say(
                "Sensitivity of the record itself.", "记录自身的敏感标记，也可写中文：{}。"
            ).format("、".join(chinese for _, chinese in vocabulary.SENSITIVITIES.values())),
        ),
    ] = None,
    condition: Annotated[
        str | None,
        typer.Option(
            help=say("Condition of a medium: ", "音像资料的状况：")
            + ", ".join(vocabulary.CONDITIONS)
            + say(".", "。"),
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help=say("Device that recorded it.", "录制设备编号。"))
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            "--from",
            metavar=_DAY,
            help=say("From this day (capture, else reception).", "自该日起（拍摄或接收）。"),
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", "--to", metavar=_DAY, help=say("Up to this day.", "至该日止（含）。")
        ),
    ] = None,
    mine: Annotated[
        bool, typer.Option("--mine", help=say("Only of cases you handle.", "仅限本人承办的案件。"))
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help=say("Most hits to show.", "最多显示条数。"))
    ] = 100,
    page: Annotated[
        int, typer.Option(min=1, max=100_000, help=say("Page of so many hits.", "第几页。"))
    ] = 1,
    top: Annotated[
        int | None,
        typer.Option(
            min=0,
            help=say(
                "`top` of the first page (--json): later pages leave out what came since.",
                "首页 JSON 结果中的 top：翻页时不计其后新入库的记录。",
            ),
        ),
    ] = None,
    snippets: Annotated[
        bool | None,
        typer.Option(
            "--snippets/--no-snippets",
            help=say(
                "The stretch of text with the words; on where words are given.",
                "显示命中片段；给出检索词时默认显示。",
            ),
        ),
    ] = None,
) -> None:
    """Find records. Example: cunzheng search 超限运输 --from 2026-11-01 --kind pdf."""
    invocation = Invocation.of(context)
    _check_kind(kind)
    params = {
        "words": words or [],
        "case": case,
        "category": _code("category", category),
        "stage": _code("stage", stage),
        "officer": officer,
        "unit": unit,
        "source": source,
        "kind": kind,
        "media": media,
        "number": number,
        "party": party,
        "place": place,
        "subject": subject,
        "importance": _code("importance", importance),
        "tag": _code("tag", tag),
        "condition": _code("condition", condition),
        "device": device,
        "since": format_time(day_start(since)) if since else None,
        "until": format_time(day_end(until)) if until else None,
        "mine": mine,
        "limit": limit,
        "page": page,
        "top": top,
        "snippets": bool(words) if snippets is None else snippets,
    }
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "catalog.search", params)
    if invocation.json:
        print_json(found)
        return
    show_found(found, limit)


_CODED = {
    "category": (vocabulary.CATEGORIES, "category", "执法类别"),
    "stage": (vocabulary.STAGES, "stage", "环节"),
    "importance": (vocabulary.IMPORTANCE, "importance", "重要程度"),
    "tag": (vocabulary.SENSITIVITIES, "tag", "敏感标记"),
    "condition": (vocabulary.CONDITIONS, "condition", "状况"),
}
"""Options whose values are codes; Chinese words are taken too."""


def _code(option: str, word: str | None) -> str | None:
    labels, english, chinese = _CODED[option]
    return None if word is None else code_of(labels, word, say(english, chinese))


def _check_kind(kind: str | None) -> None:
    if kind is not None and kind not in SHORT_KINDS:
        known = ", ".join(SHORT_KINDS)
        raise UsageError(say(f"Kinds are: {known}.", f"种类应为：{known}。"))
