"""`cunzheng doctor`: is the machine in order?"""

from typing import Annotated, Any

import typer

from archive.doctor import Check, State
from archive.times import parse_time
from cli import store_view
from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_table, show_size, show_time
from cli.service import open_desk

_CODES = {
    State.FINE: ExitCode.FINE,
    State.WRONG: ExitCode.FAILED,
    State.UNKNOWN: ExitCode.UNDETERMINED,
}


def run(
    context: typer.Context,
    store: Annotated[
        bool,
        typer.Option(
            "--store",
            help=say(
                "Try out what the store promises, on scratch objects below probe/.",
                "用 probe/ 下的临时对象实测存储所提供的保证。",
            ),
        ),
    ] = False,
) -> None:
    """Examine it; code 1 where something is wrong, 3 where something could not be found out."""
    invocation = Invocation.of(context)
    if store:
        with open_desk(invocation) as desk:
            found = desk.call("doctor.store", {})
        store_view.show(found, as_json=invocation.json)
        raise typer.Exit(int(ExitCode.FINE if found["fit"] else ExitCode.FAILED))
    with open_desk(invocation) as desk:
        found = desk.call("doctor", {})
    state = State(found["state"])
    checks = [Check(c["code"], State(c["state"]), c["values"]) for c in found["checks"]]
    if invocation.json:
        shown = [
            {"code": c.code, "state": c.state, "values": c.values, "sentence": sentence(c)}
            for c in checks
        ]
        print_json({"state": state, "checks": shown})
    else:
        headings = (say("state", "状态"), say("check", "检查"), say("found", "情况"))
        print_table(headings, [(show_state(c.state), c.code, sentence(c)) for c in checks])
    raise typer.Exit(int(_CODES[state]))


def show_state(state: State) -> str:
    """The state in the chosen language."""
    chinese = {State.FINE: "正常", State.WRONG: "异常", State.UNKNOWN: "未知"}
    return say(state.value, chinese[state])


def sentence(check: Check) -> str:
    """One check as a sentence in the chosen language."""
    texts = _SENTENCES[check.code]
    english, chinese = texts.get(check.state) or texts[State.FINE]
    if check.code == "TSA" and check.values.get("reason") == "PASSPHRASE":
        english, chinese = _NO_PASSPHRASE
    return say(english, chinese).format(**{k: _shown(k, v) for k, v in check.values.items()})


def _shown(name: str, value: Any) -> str:
    if name == "until" and value is not None:
        return show_time(parse_time(value))
    if name == "free":
        return show_size(value)
    return "–" if value is None else str(value)


_NO_PASSPHRASE = (
    "Not asked: the embedded authority needs the passphrase.",
    "未检查：内置时间戳服务需要口令。",
)
_SENTENCES: dict[str, dict[State, tuple[str, str]]] = {
    "CLOCK": {
        State.FINE: ("The clock stands after the last seal.", "时钟在最近一次封存之后。"),
        State.WRONG: (
            "The clock stands {seconds} s before the last seal; set it right.",
            "时钟比最近一次封存早 {seconds} 秒，请校正。",
        ),
        State.UNKNOWN: ("Nothing has been sealed yet.", "尚未封存过任何内容。"),
    },
    "TSA": {
        State.FINE: (
            "The time-stamping authority answers; {seconds} s apart.",
            "时间戳服务有应答，相差 {seconds} 秒。",
        ),
        State.WRONG: (
            "The time-stamping authority's time is {seconds} s apart from the clock.",
            "时间戳服务与本机时钟相差 {seconds} 秒。",
        ),
        State.UNKNOWN: (
            "The time-stamping authority gives no token: {reason}",
            "时间戳服务未给出时间戳：{reason}",
        ),
    },
    "DISK": {
        State.FINE: ("{name}: {free} free.", "{name}：可用 {free}。"),
        State.WRONG: ("{name}: only {free} free.", "{name}：仅余 {free}。"),
    },
    "CERTIFICATE": {
        State.FINE: ("{name}: valid until {until}.", "{name}：有效至 {until}。"),
        State.WRONG: (
            "{name}: expires or has expired, {until}; renew it.",
            "{name}：即将或已经到期（{until}），请更换。",
        ),
    },
    "CRL": {
        State.FINE: ("{name}: next list due by {until}.", "{name}：下次更新期限 {until}。"),
        State.WRONG: (
            "{name}: runs out at {until} and its key is not here to renew it.",
            "{name}：{until} 到期，而更新所需的密钥不在此处。",
        ),
        State.UNKNOWN: ("There is no revocation list yet.", "尚无证书吊销列表。"),
    },
    "QUARANTINE": {
        State.FINE: (
            "What lies in quarantine is what the ledger rejected.",
            "隔离区的文件与账本登记一致。",
        ),
        State.WRONG: (
            "Quarantine and ledger differ: {missing} drop(s) gone, {altered} changed, {unknown}"
            " unknown; see: cunzheng quarantine list",
            "隔离区与账本不符：缺失 {missing}、被改 {altered}、无登记 {unknown}；"
            "请运行：cunzheng quarantine list",
        ),
    },
    "KEYS": {
        State.FINE: ("Only the owner can reach the keys.", "密钥仅限属主访问。"),
        State.WRONG: (
            "{name} has mode {mode}: others can reach it; take that away with chmod.",
            "{name} 的权限为 {mode}，他人可以访问，请用 chmod 收回。",
        ),
    },
    "BOUNDARY": {
        State.FINE: (
            "Other accounts can reach nothing but the service and the inbox.",
            "其他账户只能访问服务和收件目录。",
        ),
        State.WRONG: (
            "{name} has mode {mode}, it should be no wider than {allowed}; use chmod.",
            "{name} 的权限为 {mode}，不应宽于 {allowed}，请用 chmod 收紧。",
        ),
    },
    "STORE": {
        State.FINE: ("The store can be written.", "存储可以写入。"),
        State.WRONG: ("The store cannot be written: {reason}", "存储无法写入：{reason}"),
    },
    "DATABASE": {
        State.FINE: ("{name}: {found}.", "{name}：{found}。"),
        State.WRONG: (
            "{name} is {found}, it should be {wanted}.",
            "{name} 为 {found}，应为 {wanted}。",
        ),
    },
}
