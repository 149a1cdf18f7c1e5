"""One module per verb, and the table that names them.

A module has either a function `run` (the command) or a Typer named `app` (a group such as
`sources confirm`). It is imported only when its verb is used, so the first lines of
`cunzheng --help` come from this table alone.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """A command's name, the module that holds it, and one line of help in both languages.

    `example` is the rest of a command line after `cunzheng`, in both languages. `lists` are the
    options that take several values (of a verb without arguments).
    """

    name: str
    module: str
    en: str
    zh: str
    example: tuple[str, str] | None = None
    lists: tuple[str, ...] = ()


def _verb(name: str, en: str, zh: str, example: str, example_zh: str | None = None) -> Verb:
    return Verb(name, f"cli.commands.{name}", en, zh, (example, example_zh or example))


VERBS: tuple[Verb, ...] = (
    _verb(
        "init",
        "Create an archive.",
        "创建存证库。",
        "--home /srv/cunzheng init --organization 'City Enforcement Bureau'",
        "--home /srv/cunzheng init --organization 某市综合行政执法局",
    ),
    _verb("watch", "Watch the inbox and seal.", "监视收件目录并封存。", "watch --once"),
    _verb(
        "serve",
        "Watch, and answer commands of others.",
        "监视收件目录，并受理其他账户的命令。",
        "--home /srv/cunzheng serve",
    ),
    _verb(
        "ingest",
        "Seal files by hand.",
        "手工收取文件。",
        "ingest ~/scan/*.pdf --source office-scan",
    ),
    _verb("status", "Queue, ledger, seals, warnings.", "队列、账本、封存与告警。", "status --json"),
    _verb(
        "search",
        "Find records.",
        "检索记录。",
        "search notice --stage investigate --since 2026-11-01",
        "search 笔录 --stage investigate --since 2026-11-01",
    ),
    _verb(
        "index",
        "Bring the index of words up to date.",
        "更新全文索引。",
        "index --rebuild",
    ),
    _verb(
        "show",
        "One record and its custody.",
        "查看一份记录及其保管经过。",
        "show 01KAN4",
    ),
    _verb(
        "request",
        "Ask for records.",
        "申请调阅。",
        "request 01KAN4 --action copy --purpose case_handling --reason 'hearing' --case 2026-17",
        "request 01KAN4 --action copy --purpose case_handling --reason 听证准备 --case 2026-17",
    ),
    _verb("requests", "Requests and how they stand.", "调阅申请及其状态。", "requests list"),
    _verb(
        "decide",
        "Approve, refuse or withdraw a request.",
        "批准、拒绝或撤回申请。",
        "decide 01KAN4 approve --comment 'as asked'",
        "decide 01KAN4 approve --comment 同意",
    ),
    _verb(
        "fetch",
        "Receive a record.",
        "调阅记录。",
        "fetch 01KAN4 --request 01KB2Z -o ~/review",
    ),
    Verb(
        "return",
        "cli.commands.returned",
        "Copies that came back.",
        "登记交回的副本。",
        ("return 01KAN4 --count 1",) * 2,
    ),
    _verb(
        "destroyed",
        "Copies that were destroyed outside.",
        "登记在外销毁的副本。",
        "destroyed 01KAN4 --count 1",
    ),
    _verb(
        "reveal",
        "Open a confidential access.",
        "公开保密调阅。",
        "reveal 01KAN4Z.opening.json",
    ),
    _verb(
        "derive",
        "Pictures and copies for browsers.",
        "制作封面、缩略图、波形与浏览版。",
        "derive 01KAN4 --proxy",
    ),
    Verb(
        "verify",
        "cli.commands.verify",
        "Read everything again and judge it.",
        "重新读取全部内容并核验。",
        ("verify --policy my-policy.toml --known june.note",) * 2,
        ("--known", "--receipts", "--crl", "--case"),
    ),
    _verb(
        "checkpoint",
        "The newest seal, to keep elsewhere.",
        "最新封存，供另行保存。",
        "checkpoint -o /media/usb",
    ),
    _verb(
        "rebuild",
        "The database again, from the store.",
        "由存储重建数据库。",
        "rebuild",
    ),
    _verb(
        "replica",
        "The second copy.",
        "第二副本。",
        "replica repair",
    ),
    _verb(
        "quarantine",
        "Drops that could not be taken.",
        "处置已隔离的文件。",
        "quarantine list",
    ),
    _verb(
        "sources",
        "Register of sources.",
        "来源登记。",
        "sources confirm DSJ-0012345 --label 'body camera 12'",
        "sources confirm DSJ-0012345 --label 12号执法记录仪",
    ),
    _verb(
        "people",
        "Register of people.",
        "人员登记。",
        "people enrol li --request li.csr --unit zfdd1 --role handler --name 'Li Ming'",
        "people enrol li --request li.csr --unit zfdd1 --role handler --name 李明",
    ),
    _verb(
        "rules",
        "Rules in force.",
        "现行规则。",
        "rules show access",
    ),
    _verb(
        "case",
        "Register of cases.",
        "案件登记。",
        "case open 'CF-2026-12' --category penalty --unit zfdd1 --handler li",
        "case open 滨综执罚〔2026〕12号 --category penalty --unit zfdd1 --handler li",
    ),
    _verb(
        "retention",
        "How long records are kept.",
        "保管期限。",
        "retention show 01KAN4",
    ),
    _verb(
        "hold",
        "What must be kept.",
        "封存（不得销毁）登记。",
        "hold place 01KAN4 --reason 'reconsideration pending'",
        "hold place 01KAN4 --reason 行政复议期间",
    ),
    _verb(
        "disposition",
        "Destroy what is past its retention.",
        "鉴定销毁。",
        "disposition propose --due --reason 'past retention'",
        "disposition propose --due --reason 保管期限届满",
    ),
    _verb(
        "spill",
        "Block a state secret that is found among the records.",
        "对已封存记录中发现的国家秘密予以封控。",
        "spill 01KAN4 --reason 'notice of the secrecy office'",
        "spill 01KAN4 --reason 依保密部门通知",
    ),
    _verb(
        "packs",
        "Packs of small records.",
        "小记录的打包存放。",
        "packs show 01KAN4",
    ),
    _verb(
        "report",
        "Register of retrieval, statistics, custody.",
        "调阅登记簿、统计表、保管链。",
        "report access --since 2026-11-01 -o register.pdf",
    ),
    _verb(
        "alerts",
        "What the rules of supervision say.",
        "监督规则发现的异常。",
        "alerts --open",
    ),
    _verb(
        "audit",
        "The storage's own logs against the ledger.",
        "将存储自身的日志与账本对账。",
        "audit reconcile --access-log access.log",
    ),
    _verb(
        "doctor",
        "Clock, disk, keys, certificates, TSA.",
        "检查时钟、磁盘、密钥、证书与时间戳服务。",
        "doctor",
    ),
    _verb(
        "seal",
        "Repair of the sealing.",
        "封存修复。",
        "seal abandon --reason 'staging disk failed'",
        "seal abandon --reason 暂存磁盘损坏",
    ),
)
