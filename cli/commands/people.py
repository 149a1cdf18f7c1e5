"""`cunzheng people`: the register of people; `people key` makes a key and a request for it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from archive import vocabulary
from archive.errors import UsageError
from cli import key_passphrase
from cli.commands import people_changes, people_enrol
from cli.dates import moment
from cli.invocation import Invocation
from cli.labels import KINDS, STATES, label, listed
from cli.language import say
from cli.output import print_json, print_line, print_pairs, print_table, show_path
from cli.service import large, open_desk
from signing.person_key import make_person_key, make_request, open_person_key

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help=say("Register of people.", "人员登记。")
)
_EXAMPLE = say("Example: ", "示例：") + "cunzheng people "


@app.command(
    help=say(
        "Make a key (-o FILE) and a request for a certificate beside it; or a request for a key"
        " on a token (--key pkcs11:…). Needs no archive.",
        "生成密钥（-o 文件）及其证书请求；或为密码设备中的密钥（--key pkcs11:…）生成证书请求。"
        "无需存证库。",
    ),
    epilog=_EXAMPLE + "key li -o li.key",
)
def key(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help=say("Person id.", "人员编号。"))],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", help=say("Key file, or the request's.", "密钥文件或证书请求文件。")
        ),
    ],
    source: Annotated[
        str | None, typer.Option("--key", help=say("Key on a token.", "密码设备中的密钥。"))
    ] = None,
) -> None:
    """Make it; the passphrase is asked for, or taken from CUNZHENG_KEY_PASSPHRASE."""
    secret = key_passphrase.required(source or str(output))
    if source is None:
        request = make_person_key(output, secret, person)
    else:
        request = output
        pem = make_request(open_person_key(source, secret).signer, person)
        try:
            with request.open("xb") as file:
                file.write(pem)
        except OSError as error:
            raise UsageError(
                say(f"{request} cannot be written.", f"无法写入 {request}。")
            ) from error
    if Invocation.of(context).json:
        print_json({"person": person, "key": source or str(output), "request": str(request)})
        return
    print_line(
        say(
            f"Request: {show_path(request)}. Give it to an archivist for `people enrol`; keep"
            " the key to yourself.",
            f"证书请求：{show_path(request)}。请交档案员办理 people enrol；密钥自行保管。",
        )
    )


@app.command(
    name="list",
    help=say("Everybody who is or was enrolled.", "列出全部已登记人员。"),
    epilog=_EXAMPLE + "list",
)
def list_people(context: typer.Context) -> None:
    """List them."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "people.list", {})
    if invocation.json:
        print_json(found)
        return
    print_table(
        (
            say("person", "编号"),
            say("name", "姓名"),
            say("unit", "单位"),
            say("roles", "角色"),
            say("state", "状态"),
            say("until", "有效期至"),
        ),
        [
            (
                person["person"],
                person["name"],
                person["unit"],
                listed(vocabulary.ROLES, person["roles"]),
                label(STATES, person["state"]),
                moment(person["valid_until"]),
            )
            for person in found["people"]
        ],
    )


@app.command(
    help=say("One person, and what the register says.", "查看一名人员及其登记经过。"),
    epilog=_EXAMPLE + "show li",
)
def show(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help=say("Person id.", "人员编号。"))],
) -> None:
    """Show it."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "people.show", {"person": person})
    if invocation.json:
        print_json(found)
        return
    print_pairs(
        [
            (say("person", "编号"), found["person"]),
            (say("name", "姓名"), found["name"]),
            (say("post", "职务"), found["post"]),
            (say("unit", "单位"), found["unit"]),
            (say("name of the unit", "单位名称"), found["unit_name"]),
            (say("enforcement card", "执法证号"), found["certificate_no"]),
            (say("card valid until", "执法证有效期至"), found["certificate_until"]),
            (say("roles", "角色"), listed(vocabulary.ROLES, found["roles"])),
            (say("state", "状态"), label(STATES, found["state"])),
            (say("valid from", "生效"), moment(found["valid_from"])),
            (say("valid until", "有效期至"), moment(found["valid_until"])),
            (say("revoked since", "吊销自"), moment(found["revoked_since"])),
            (say("account", "操作系统账号"), found["account"]),
            (say("certificate", "证书"), found["certificate"]),
        ]
    )
    print_history(found["history"])


def print_history(history: list[dict[str, Any]]) -> None:
    """Entries about a subject, oldest first."""
    print_line()
    print_table(
        (
            say("entry", "条目"),
            say("time", "时间"),
            say("kind", "事项"),
            say("by", "签署人"),
            say("words", "说明"),
        ),
        [
            (
                f"{item['log']}#{item['index']}",
                moment(item["at"]),
                label(KINDS, item["kind"]),
                " ".join(item["signers"]) or item["actor"],
                _words(item),
            )
            for item in history
        ],
    )


def _words(item: dict[str, Any]) -> str | None:
    """What was said, in one line; of lists only how long they are."""
    words = (item["words"] or {}).values()
    said = [_said(item["kind"], value) for value in words if value is not None]
    code = [item["ref_code"]] if "ref_code" in item else []
    return say("; ", "；").join((*code, *said)) or None


def _said(kind: str, value: object) -> str:
    if not isinstance(value, (list, dict)):
        return str(value)
    count, more = len(value), "" if len(value) == 1 else "s"
    if kind == "case.filed":
        return say(f"{count} record{more}", f"{count} 件")
    return say(f"{count} item{more}", f"{count} 项")


people_enrol.add_to(app)
people_changes.add_to(app)
