"""From an exception to an exit code and one sentence."""

from enum import IntEnum

from archive import errors as archive_errors
from cli.language import say
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
    (archive_errors.Refused, ExitCode.FAILED),
    (ingest_errors.SidecarBad, ExitCode.FAILED),
    (archive_errors.Unreachable, ExitCode.UNDETERMINED),
    (archive_errors.StateUnknown, ExitCode.UNDETERMINED),
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


def sentence(error: BaseException) -> str:
    """What to tell a person about an error, in one sentence."""
    if isinstance(error, (archive_errors.ArchiveError, signing_errors.SigningError)):
        text = str(error) or type(error).__name__
        # A file name or a key at the beginning stays as it is.
        return text[0].upper() + text[1:] if text.split()[0].isalpha() else text
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{place}"
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
