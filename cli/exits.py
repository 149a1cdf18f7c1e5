"""From an exception to an exit code and one sentence."""

from enum import IntEnum

from archive import errors as archive_errors
from cli.language import current, say
from cli.wording import (
    copy_in_chinese,
    not_found_in_chinese,
    place_in_chinese,
    resolved_in_chinese,
)
from ingest import errors as ingest_errors
from signing import errors as signing_errors


class ExitCode(IntEnum):
    """What a script can rely on."""

    FINE = 0
    FAILED = 1
    """Evidence failed verification, or an item was refused."""
    USAGE = 2
    """Wrong usage or configuration."""
    UNDETERMINED = 3
    """Could not be determined or done: unreachable, unsealed."""
    DENIED = 4
    """Not allowed for this person."""


# The first match decides, so a child stands before its parent.
_TABLE: tuple[tuple[type[BaseException], ExitCode], ...] = (
    (archive_errors.ObjectMissing, ExitCode.FAILED),
    (archive_errors.NotFound, ExitCode.USAGE),
    (archive_errors.UsageError, ExitCode.USAGE),
    (archive_errors.DataBad, ExitCode.FAILED),
    (archive_errors.CopyNotMade, ExitCode.FAILED),
    (archive_errors.Refused, ExitCode.FAILED),
    (archive_errors.Denied, ExitCode.DENIED),
    (archive_errors.StillLocked, ExitCode.FAILED),
    (ingest_errors.SidecarBad, ExitCode.FAILED),
    (archive_errors.Unreachable, ExitCode.UNDETERMINED),
    (archive_errors.StateUnknown, ExitCode.UNDETERMINED),
    (archive_errors.DeliveryEnded, ExitCode.UNDETERMINED),
    (signing_errors.TrustPolicyError, ExitCode.USAGE),
    (signing_errors.KeyLoadError, ExitCode.USAGE),
    (signing_errors.EvidenceBad, ExitCode.FAILED),
    (signing_errors.Unavailable, ExitCode.UNDETERMINED),
    (OSError, ExitCode.UNDETERMINED),
)


def exit_code(error: BaseException) -> ExitCode:
    """Code of an error; one that nobody foresaw is never a pass."""
    for kind, code in _TABLE:
        if isinstance(error, kind):
            return code
    return ExitCode.UNDETERMINED


_CHINESE: tuple[tuple[type[BaseException], str], ...] = (
    (archive_errors.ContentAltered, "内容与封存时不一致"),
    (archive_errors.ObjectConflict, "存储中已有不同内容的同名对象"),
    (archive_errors.LedgerForked, "数据库与已签名的账本不一致，拒绝签名"),
    (archive_errors.ObjectMissing, "存储中缺少对象"),
    (archive_errors.NotFound, "未找到"),
    (archive_errors.StillLocked, "锁定或封存期间不能执行"),
    (archive_errors.ClockBehind, "时钟早于最近一次封存，请先校正"),
    (archive_errors.LedgerBehind, "数据库早于存储中的最新封存，请运行 cunzheng rebuild"),
    (archive_errors.LedgerBlocked, "有一批内容无法完成封存"),
    (archive_errors.StateUnknown, "写盘失败，磁盘状态未知，请停止并重新启动"),
    (archive_errors.Unreachable, "暂时无法完成"),
    (archive_errors.DeliveryEnded, "交付提前结束"),
    (archive_errors.CopyNotMade, "无法制作副本"),
    (archive_errors.UsageError, "用法有误"),
    (archive_errors.Refused, "按规则拒收"),
    (archive_errors.Denied, "不允许"),
    (archive_errors.DataBad, "数据不正确"),
    (signing_errors.KeyLoadError, "密钥无法打开"),
    (signing_errors.TrustPolicyError, "策略文件有误"),
    (signing_errors.EvidenceBad, "签名、证书或时间戳不成立"),
    (signing_errors.Unavailable, "暂时无法取得或判断"),
)


def in_both_languages(error: BaseException) -> tuple[str, str]:
    """English and Chinese, for documents that have both."""
    return str(error), _in_chinese(error, str(error))


def _in_chinese(error: BaseException, text: str) -> str:
    """The error's own Chinese, else a heading by kind before what lower packages say in English."""
    if isinstance(said := getattr(error, "chinese", None), str):
        return said
    if isinstance(error, archive_errors.Denied):
        from archive.registers.denials import in_chinese

        if said := in_chinese(error):
            return said
    if isinstance(error, archive_errors.NotFound) and (said := not_found_in_chinese(text)):
        return said
    found = (place_in_chinese, copy_in_chinese, resolved_in_chinese)
    if said := next(filter(None, (turn(text) for turn in found)), None):
        return said
    if any("\u4e00" <= char <= "\u9fff" for char in text):
        return text
    heads = (chinese for kind, chinese in _CHINESE if isinstance(error, kind))
    head = next(heads, None)
    return f"{head}：{text}" if head else text


def sentence(error: BaseException) -> str:
    """What to tell a person about an error, in one sentence."""
    if isinstance(error, (archive_errors.ArchiveError, signing_errors.SigningError)):
        text = str(error) or type(error).__name__
        if current() == "zh":
            return _in_chinese(error, text)
        # A file name or a key at the beginning stays as it is.
        return text[0].upper() + text[1:] if text.split()[0].isalpha() else text
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{place}"
    # Imported late: `--help` needs no database.
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, DBAPIError):
        # Its own text has the statement and its values.
        reason = (str(error.orig).splitlines() or [type(error.orig).__name__])[0]
        return say(f"The database does not answer: {reason}.", f"数据库没有应答：{reason}。")
    return say(
        f"Unexpected error {type(error).__name__}: {error} (--debug shows where).",
        f"意外错误 {type(error).__name__}: {error}（用 --debug 查看位置）。",
    )


def heading(code: ExitCode) -> str:
    """The word in front of an error's sentence."""
    return {
        ExitCode.FINE: say("fine", "正常"),
        ExitCode.FAILED: say("failed", "未通过"),
        ExitCode.USAGE: say("usage", "用法或配置有误"),
        ExitCode.UNDETERMINED: say("undetermined", "无法确定"),
        ExitCode.DENIED: say("denied", "不允许"),
    }[code]
