"""`cunzheng status`: how the archive stands; needs no passphrase."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import typer

from archive.index.problems import POSSIBLE_SECRET, PROBLEMS
from archive.times import parse_time
from cli.dates import moment
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line, print_pairs, show_duration, show_size, show_time
from cli.service import open_desk
from cli.source_view import lacking_line, show_sources

_Found = Mapping[str, Any]


def run(context: typer.Context) -> None:
    """Show it. Example: cunzheng --home /srv/cunzheng status."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = desk.call("status", {})
    warned = [{**item, "sentence": warning_sentence(item)} for item in found["warnings"]]
    if invocation.json:
        print_json({**found, "warnings": warned})
        return
    print_pairs(_pairs(found))
    show_sources(found["sources"], found["sources_more"])
    for item in warned:
        print_line(say("! ", "！") + item["sentence"])


def _pairs(found: _Found) -> list[tuple[str, object]]:
    status, drops = found["ledger"], found["drops"]
    now = parse_time(found["now"])
    unconfirmed = status["unconfirmed"]
    return [
        (say("archive", "存证库"), found["archive"]),
        (say("ledger", "账本"), _ledger(status)),
        (say("last seal", "最近封存"), _seal(status, now)),
        (say("records", "记录"), status["records"]),
        (say("waiting for a seal", "等待封存"), status["pending"] + status["unpublished"]),
        (say("intake", "收取状态"), _intake(status["intake"])),
        *(
            [
                (
                    say("without text", "无文字"),
                    say(f"{n}, not examined for marks", f"{n}，未检查密级标志"),
                )
            ]
            if (n := status["unread"])
            else []
        ),
        (say("media to be looked at", "待处理的音像"), _looking(status)),
        (say("not in the index yet", "尚未建立全文索引"), _index(found["index"])),
        (say("drops in the inbox", "收件目录中"), drops["waiting"]),
        *_lacking(found["lacking"]),
        (say("refused, still there", "拒收仍未取走"), drops["refused"]),
        (say("quarantine", "隔离"), _aged(drops["quarantined"], drops["oldest_quarantine"])),
        (
            say("accesses without end", "未结束的调阅"),
            _aged(status["open_accesses"], status["oldest_access"]),
        ),
        (
            say("sources", "来源"),
            say(
                f"{status['sources']}, {unconfirmed} unconfirmed",
                f"{status['sources']}，其中 {unconfirmed} 个未确认",
            ),
        ),
        (say("storage", "存储"), _storage(found["storage"])),
        *_copy(found.get("copy")),
        (say("clock", "时钟"), now),
    ]


def _lacking(lacking: _Found | None) -> list[tuple[str, object]]:
    """What complete files wait for, by the watcher's last look; nothing where none does."""
    words = lacking_line(lacking)
    if lacking is None or not words:
        return []
    at = show_time(parse_time(lacking["at"]))
    shown = say(f"{words}, seen {at}", f"{words}，{at} 所见")
    return [(say("waiting for more", "等待补齐"), shown)]


def _aged(count: int, oldest: str | None) -> object:
    if oldest is None:
        return count
    since = show_time(parse_time(oldest))
    return say(f"{count}, oldest of {since}", f"{count}，最早 {since}")


def _looking(status: _Found) -> object:
    """A medium may wait for both: to be decoded, and to be shown in pictures."""
    lag, examine = status["looking"], status["to_examine"]
    if not lag["count"]:
        return 0
    check = status["to_check"]
    pictures, aside = lag["count"] - examine - check, lag["problems"]
    said = say(
        f"to examine {examine}, pictures to make {pictures}, signatures to check {check}",
        f"待检查 {examine}、待制图 {pictures}、待验签 {check}",
    )
    since = show_time(parse_time(lag["oldest"]))
    waiting = say(f"{said}, oldest of {since}", f"{said}，最早 {since}")
    return say(f"{waiting}; {aside} put aside", f"{waiting}；搁置 {aside}") if aside else waiting


def _index(index: _Found) -> object:
    suspects = index["problems"].get(POSSIBLE_SECRET, 0)
    unread = sum(index["problems"].values()) - suspects
    if not unread and not suspects:
        return index["waiting"]
    said = str(index["waiting"])
    if unread:
        said += say(
            f"; {unread} without their text (cunzheng index)",
            f"；{unread} 份未能读取正文（cunzheng index）",
        )
    if suspects:
        named = ", ".join(index["possible_secrets"])
        said += say(
            f"; POSSIBLE STATE SECRET: {suspects} ({named}): {PROBLEMS[POSSIBLE_SECRET][0]}",
            f"；疑似国家秘密 {suspects} 份（{named}）：{PROBLEMS[POSSIBLE_SECRET][1]}",
        )
    return said


def _ledger(status: _Found) -> str:
    log, entries = status["log"], status["entries"]
    return say(f"{log}, {entries} entries", f"{log}，共 {entries} 条")


def _seal(status: _Found, now: datetime) -> str | None:
    seal = status["seal"]
    if seal is None:
        return None
    place = f"{seal['log']} {seal['size']}"
    sealed = moment(seal["gen_time"])
    if sealed is None:
        return say(f"{place}, without its timestamp yet", f"{place}，尚无时间戳")
    age, shown = show_duration((now - sealed).total_seconds()), show_time(sealed)
    return say(f"{place}, {shown}, {age} ago", f"{place}，{shown}，{age} 之前")


def _intake(states: Mapping[str, int]) -> str | None:
    names = {
        "staged": ("staged", "已暂存"),
        "receipted": ("receipted", "已出回执"),
        "released": ("released", "已放行"),
        "kept": ("kept", "保留原处"),
        "purged": ("purged", "已清除"),
        "refused": ("refused", "拒收"),
    }
    shown = [
        f"{say(*names.get(state, (state, state)))} {count}"
        for state, count in sorted(states.items())
    ]
    return say(", ", "，").join(shown) or None


def _storage(disk: _Found) -> str:
    free, total = show_size(disk["free"]), show_size(disk["total"])
    found: str = disk["level"]
    level = say(found, {"read-only": "只读文件"}.get(found, found))
    return say(f"{level}; {free} free of {total}", f"{level}；可用 {free}，共 {total}")


def _copy(copy: _Found | None) -> list[tuple[str, object]]:
    if copy is None:
        return []
    name = say("second copy", "第二副本")
    if not copy["begun"]:
        return [(name, say(f"{copy['place']}, not begun", f"{copy['place']}，尚未开始"))]
    if not copy["count"]:
        return [(name, say(f"{copy['place']}, complete", f"{copy['place']}，完整"))]
    behind = _aged(copy["count"], copy["oldest"])
    return [(name, say(f"{copy['place']}, behind by {behind}", f"{copy['place']}，落后 {behind}"))]


def warning_sentence(warned: _Found) -> str:
    """A warning, of which code and values are given, in the chosen language."""
    english, chinese = _SENTENCES[warned["code"]]
    return say(english, chinese).format(**{k: _shown(k, v) for k, v in warned["values"].items()})


def _shown(name: str, value: Any) -> str:
    if name == "since":
        return show_time(parse_time(value))
    reasons = {"tsa": ("time-stamping authority away", "时间戳服务不可用")}
    reasons["not_running"] = ("not running", "未运行")
    reasons["storage"] = ("storage away", "存储不可用")
    return say(*reasons[value]) if value in reasons else str(value)


_SENTENCES = {
    "NEVER_SEALED": ("Nothing has been sealed yet.", "尚未封存过任何内容。"),
    "CLOCK_BEHIND": (
        "The clock stands {seconds} s before the last seal; nothing is sealed until it is right.",
        "时钟比最近一次封存早 {seconds} 秒；校正之前不会封存。",
    ),
    "SEAL_OLD": (
        "The last seal is of {since}; is `cunzheng watch` running?",
        "最近一次封存是 {since}；cunzheng watch 是否在运行？",
    ),
    "OUTAGE": ("Outage since {since}: {reason}.", "自 {since} 起中断：{reason}。"),
    "TOKENS_MISSING": (
        "{count} seal(s) wait for their timestamp.",
        "{count} 个封存尚待时间戳。",
    ),
    "UNPUBLISHED": (
        "{count} entries are in the ledger but not stored and read back yet.",
        "{count} 条记入账本但尚未存储并回读。",
    ),
    "PENDING_OLD": (
        "{count} entries have been waiting for a seal for more than ten minutes.",
        "{count} 条等待封存已超过十分钟。",
    ),
    "COPY_BEHIND": (
        "{count} object(s) wait for the second copy since {since}; is it away?",
        "{count} 个对象自 {since} 起尚未写入第二副本；第二副本是否不可用？",
    ),
    "COPY_NOT_BEGUN": (
        "Nothing is in the second copy yet; run: cunzheng replica begin",
        "第二副本尚无内容；请运行：cunzheng replica begin",
    ),
    "COPY_PROBLEM": (
        "{count} object(s) could not be copied as they were sealed; run: cunzheng replica repair",
        "{count} 个对象未能按封存时的内容复制；请运行：cunzheng replica repair",
    ),
    "DISK_LOW": ("The disk is nearly full.", "磁盘空间将满。"),
    "NO_ROOM": (
        "Less than {reserve} MB are free where staging is (staging_reserve_mb): nothing is taken"
        " until there is room.",
        "暂存所在磁盘的可用空间少于 {reserve} MB（staging_reserve_mb）：有空间之前不收取任何文件。",
    ),
    "MOUNT_LOST": (
        "{path} was mounted and is not now; nothing is taken there. Mount it, or delete its line in"
        " locks/mounts.",
        "{path} 原为挂载的文件系统，现已脱离，其中文件无法收取；"
        "请重新挂载，或从 locks/mounts 中删去该行。",
    ),
    "RECORDS_LOST": (
        "{count} record(s) are on the ledger as lost.",
        "{count} 份记录已登记为丢失。",
    ),
    "HALF_DESTROYED": (
        "The destruction of {count} record(s) has begun; end it: cunzheng disposition execute",
        "{count} 份记录的销毁已开始而未完成；请运行：cunzheng disposition execute",
    ),
    "SPILL_LEFT": (
        "{count} record(s) that are blocked as secrets are stored still; first lock ends: {first};"
        " see: cunzheng spill --list",
        "{count} 份已涉密封控的记录仍有存储；最早锁定期满：{first}；详见：cunzheng spill --list",
    ),
    "LOCKS_REFUSED": (
        "{count} lock(s) are not what they should be in a store; see: cunzheng retention sweep",
        "{count} 项存储锁定未达要求；详见：cunzheng retention sweep",
    ),
    "NOT_LOOKED_AT": (
        "{count} task(s) on sealed media were put aside; take them up again: cunzheng derive",
        "{count} 项已封存音像的查看任务被搁置；请运行：cunzheng derive",
    ),
    "ACCESS_WITHOUT_END": (
        "{count} access(es) have no end on the ledger; the next fetch or watch closes dead ones.",
        "{count} 次调阅没有结束记录；下次调阅或监视时将予以关闭。",
    ),
    "REFUSED_STILL_THERE": (
        "{count} refused drop(s) still lie in the inbox; take them away.",
        "{count} 个被拒收的文件仍在收件目录中，请取走。",
    ),
    "QUARANTINE_OLD": (
        "{count} drop(s) lie in quarantine, some for more than a week.",
        "隔离区有 {count} 个文件，其中有的已超过一周。",
    ),
    "QUARANTINE_MISSING": (
        "The files of {count} drop(s) in quarantine that nobody has resolved are gone; see:"
        " cunzheng quarantine list",
        "有 {count} 个尚未处置的隔离项，其文件已不存在；请运行：cunzheng quarantine list",
    ),
    "QUARANTINE_ALTERED": (
        "The files of {count} drop(s) in quarantine are not those that were sealed; see:"
        " cunzheng quarantine list",
        "有 {count} 个隔离项的文件与隔离时封存的不一致；请运行：cunzheng quarantine list",
    ),
    "QUARANTINE_UNKNOWN": (
        "{count} folder(s) lie in quarantine that the ledger does not know; see:"
        " cunzheng quarantine list",
        "隔离区中有 {count} 个文件夹在账本中没有登记；请运行：cunzheng quarantine list",
    ),
    "LATE_SIDECARS": (
        "{count} sidecar(s) came after their files were taken, and nothing was amended by them.",
        "{count} 个附带说明晚于其文件到达，未能据以补充登记。",
    ),
    "PATH_TOO_LONG": (
        "{count} file(s) or folder(s) in the inbox have paths of 4,096 bytes or more and are not"
        " taken; move them up, or give their folders shorter names.",
        "收件目录中有 {count} 个文件或文件夹的完整路径达到或超过 4096 字节，无法收取；"
        "请上移或缩短名称。",
    ),
    "PASSED_OVER": (
        "{count} temporary or hidden name(s) have rested in the inbox for an hour; rename what is"
        " to be taken.",
        "收件目录中有 {count} 个临时或隐藏文件名超过一小时未变；如需收取，请改名。",
    ),
    "PURGE_LEFTOVERS": (
        "{count} file(s) in purge/ are from before the database was rebuilt; compare, then delete"
        " them by hand.",
        "purge/ 中有 {count} 个文件早于数据库重建；请核对后手工删除。",
    ),
    "SOURCE_SILENT": (
        "{count} source(s) have been silent for longer than the register allows: {sources}; one"
        " since {since}. See: cunzheng sources stats",
        "{count} 个来源的静默时间超过登记上限：{sources}；最久者自 {since} 起。"
        "详见：cunzheng sources stats",
    ),
    "SOURCE_QUOTA": (
        "{count} file(s) wait in the inbox for tomorrow's quota: {sources}",
        "{count} 个文件因当日配额已满在收件目录中等待：{sources}",
    ),
    "SOURCE_RETIRED": (
        "{count} file(s) of retired sources wait in the inbox: {sources}; take them away, or"
        " confirm the source again.",
        "已停用来源有 {count} 个文件在收件目录中等待：{sources}；请取走，或再次确认来源。",
    ),
    "SOURCES_UNCONFIRMED": (
        "{count} source(s) are unconfirmed; see: cunzheng sources list",
        "{count} 个来源尚未确认；请运行 cunzheng sources list 查看。",
    ),
}
