"""`cunzheng init`: create an archive: settings, keys, certificates, database, folders."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from archive.boundary import PRIVATE_FILE
from archive.durable import write_new
from archive.errors import UsageError
from archive.founding import Founding, found_home
from archive.ids import new_ulid
from archive.ledger import current_head
from cli import passphrase
from cli.clock import SystemClock
from cli.founding import FOLDER, Named, found_people, named_founders
from cli.invocation import Invocation
from cli.keyrings import keyring_in, serial
from cli.labels import role_label
from cli.language import say
from cli.output import print_json, print_line, print_pairs
from cli.protecting import check_accepted, examined, first_spot
from cli.service.home_lock import hosting
from cli.settings import EMBEDDED, IN_FILE, SETTINGS_FILE, Settings, settings_of
from cli.wiring import Workbench
from cli.wiring_places import folder_of


def run(
    context: typer.Context,
    organization: Annotated[
        str, typer.Option(help=say("Name of the office in certificates.", "证书中的单位名称。"))
    ] = "示例市综合行政执法局",
    office: Annotated[
        str, typer.Option(help=say("Short name of the office's log.", "本单位日志的简称。"))
    ] = "main",
    archive: Annotated[
        str | None, typer.Option(help=say("Archive id, name/id.", "存证库标识，name/id。"))
    ] = None,
    sealing_key: Annotated[
        str,
        typer.Option(
            help=say(
                "Key on a token that seals, as PKCS#11 URI; it has to be there already.",
                "密码设备中用于封存的密钥（PKCS#11 URI），须已存在。",
            )
        ),
    ] = IN_FILE,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help=say(
                "Any setting of cunzheng.toml, such as store=s3://evidence; again for more.",
                "cunzheng.toml 中的任一设置，如 store=s3://evidence，可重复。",
            ),
        ),
    ] = None,
    founder: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID:ROLE,ROLE:KEY",
            help=say(
                "One of the two founders with a key of his own; give it twice. By default both"
                " keys are made in founders/.",
                "两名创始人之一及其自有密钥，须给出两次；默认在 founders/ 中生成两把密钥。",
            ),
        ),
    ] = None,
) -> None:
    """Create an archive in --home."""
    invocation = Invocation.of(context)
    home = invocation.new_home()
    if (home / SETTINGS_FILE).exists():
        raise UsageError(say(f"There is already an archive in {home}.", f"{home} 中已有存证库。"))
    founders = named_founders(founder or [])
    clock = SystemClock()
    number = new_ulid(clock.now(), os.urandom(10)).lower()
    names = {
        "archive": archive or f"cunzheng.local/{number}",
        "office": office,
        "sealing_key": sealing_key,
    }
    settings = settings_of(names, given or [])
    secret = passphrase.given(os.environ)
    shown = None if secret else passphrase.generate()
    secret = secret or shown or ""
    keyring = keyring_in(home, settings, secret)
    if keyring.tokens:
        # Before anything is made: a wrong PIN shall not leave half an archive behind.
        keyring.signer("seal")
    workbench = Workbench(home, settings, clock)
    _check_buckets(workbench)
    _check_database(workbench)
    store = folder_of(settings, home)
    founding = Founding(home, store, settings.archive, organization)
    found_home(workbench.fs, founding, keyring, clock.now(), serial)
    os.environ[passphrase.VARIABLE] = secret
    with hosting(home):
        found_people(workbench, founders, organization, secret)
        workbench.sealer.drain()
    # Written last: a home without settings is no archive, so a failed init can be seen as such.
    text = settings.to_toml().encode()
    write_new(workbench.fs, home / SETTINGS_FILE, (text,), mode=PRIVATE_FILE)
    _tell(invocation, home, settings, shown, founders)


def _check_buckets(workbench: Workbench) -> None:
    """Before anything is made: both buckets answer, hold no archive, and can protect one."""
    if not workbench.settings.in_bucket:
        return
    for store in (workbench.evidence, workbench.live):
        if next(iter(store.list("log/")), None) is not None:
            raise UsageError(
                say(
                    "There is already an archive in the buckets; choose others or a prefix.",
                    "存储桶中已有存证库；请换用其他存储桶或前缀。",
                )
            )
    found = examined(workbench)
    settings = workbench.settings
    check_accepted(first_spot(settings), found.missing, settings.accept_missing)
    workbench.examined = found


def _check_database(workbench: Workbench) -> None:
    """A database of its own for every archive: one that has a ledger is another archive's."""
    if workbench.settings.database == EMBEDDED:
        return
    with workbench.database.read() as connection:
        if current_head(connection) is not None:
            raise UsageError(
                say(
                    "There is already an archive in the database; choose another one.",
                    "该数据库中已有存证库；请换用其他数据库。",
                )
            )


def _tell(
    invocation: Invocation,
    home: Path,
    settings: Settings,
    shown: str | None,
    founders: Sequence[Named],
) -> None:
    if invocation.json:
        print_json(
            {
                "home": str(home),
                "archive": settings.archive,
                "passphrase": shown,
                "founders": [
                    {"person": f.person, "roles": f.roles, "key": f.source or _made(home, f)}
                    for f in founders
                ],
            }
        )
        return
    print_pairs(
        [
            (say("archive", "存证库"), settings.archive),
            (say("home", "目录"), str(home)),
            (say("drop files into", "文件放入"), str(home / "inbox" / "SOURCE")),
            (say("inspector's policy", "核验策略"), str(home / "policy.toml")),
            *(
                (say("founder", "创始人"), f"{f.person}: {' '.join(map(role_label, f.roles))}")
                for f in founders
            ),
        ]
    )
    if shown:
        print_line(
            say(
                f"Passphrase of the keys, shown this once: {shown}",
                f"密钥口令（仅显示这一次）：{shown}",
            )
        )
        print_line(
            say(
                f"Keep it safe and give it to commands as {passphrase.VARIABLE}.",
                f"请妥善保管；运行命令时用 {passphrase.VARIABLE} 提供。",
            )
        )
    if any(f.source is None for f in founders):
        print_line(
            say(
                f"The two founders' keys are in {home / FOLDER}. Let them enrol two people with"
                " keys of their own (`people key`, `people enrol`), revoke both founders"
                " (`people revoke`) and delete the folder: until then whoever has it can act as"
                " both. Their passphrase is that of the archive's keys unless"
                " CUNZHENG_KEY_PASSPHRASE was set.",
                f"两名创始人的密钥在 {home / FOLDER}。请由其登记两名自持密钥的人员（people key、"
                "people enrol），随后吊销两名创始人（people revoke）并删除该目录；在此之前，"
                "持有该目录者可冒充两人。未设置 CUNZHENG_KEY_PASSPHRASE 时，其口令即存证库密钥"
                "口令。",
            )
        )


def _made(home: Path, founder: Named) -> str:
    return str(home / FOLDER / f"{founder.person}.key")
