"""Options of `sources confirm`, as Typer takes them."""

from typing import Annotated

import typer

from archive.kinds import SHORT_KINDS
from archive.source_terms import COMPLETE
from cli.language import say

_Text = str | None

Label = Annotated[_Text, typer.Option(help=say("Name for people.", "便于识别的名称。"))]
Kind = Annotated[
    _Text, typer.Option(help=say("For example body-camera.", "设备类型，如 执法记录仪。"))
]
Device = Annotated[_Text, typer.Option(help=say("Number of the device.", "设备编号。"))]
Office = Annotated[_Text, typer.Option(help=say("Office it stands in.", "所在办公处。"))]
Unit = Annotated[_Text, typer.Option(help=say("Unit it belongs to.", "所属单位。"))]
Officer = Annotated[
    _Text,
    typer.Option(
        help=say("Whose recordings these are where nothing else says so.", "默认执法人员。")
    ),
]
ClockOffset = Annotated[
    _Text,
    typer.Option(
        metavar="±HH:MM:SS",
        help=say("To be added to the device's clock.", "设备时钟应加的偏差，或毫秒数。"),
    ),
]
Profile = Annotated[
    _Text,
    typer.Option(
        help=say(
            "Profile of its file names, by its name in device-profiles.toml.",
            "文件名规则名称（见 device-profiles.toml）。",
        )
    ),
]
Kinds = Annotated[
    _Text,
    typer.Option(
        metavar="KIND,…",
        help=say("Take only these kinds: ", "只收这些类型：") + ", ".join(SHORT_KINDS),
    ),
]
Quota = Annotated[
    int | None,
    typer.Option(min=1, metavar="MB", help=say("Megabytes a day.", "每日收取上限（MB）。")),
]
Complete = Annotated[
    _Text,
    typer.Option(
        metavar="|".join(COMPLETE),
        help=say("When a file is complete.", "文件何时视为收齐。"),
    ),
]
SidecarWait = Annotated[
    int | None,
    typer.Option(min=0, metavar="SECONDS", help=say("Wait for a sidecar.", "等待附带说明的秒数。")),
]
SilenceHours = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="HOURS", help=say("Warn after such a silence.", "静默多少小时后告警。")
    ),
]
Forget = Annotated[
    list[str] | None,
    typer.Option(
        metavar="OPTION",
        help=say("Take back what was said: quota, kinds …", "撤销某项登记，如 quota。"),
    ),
]
Person = Annotated[
    _Text,
    typer.Option(
        help=say("Who confirms; the account's person by default.", "确认人；默认为系统用户。")
    ),
]
