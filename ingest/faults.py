"""Whether something that went wrong is about one drop, or about disk, database, keys or stamps.

One drop that fails, in whatever way that nobody foresaw, does not stop the others.
"""

from archive.errors import ArchiveError, FormatError, Unreachable
from ingest.errors import SidecarBad, SourceChanged, SourceUnreadable
from signing.errors import CanonicalError, SigningError

_OF_ONE = (SourceChanged, SourceUnreadable, SidecarBad, FormatError, CanonicalError)
_OF_ALL = (ArchiveError, SigningError, OSError, MemoryError)
_REFUSED_VALUES = ("DataError", "IntegrityError", "StatementError")
"""Errors of SQLAlchemy that are about a value."""


def is_of_one(error: Exception) -> bool:
    """Whether an error is about what was read, and not about disk, database, keys or stamps."""
    if isinstance(error, _OF_ONE):
        return True
    raised = error.__cause__ if isinstance(error, Unreachable) and error.__cause__ else error
    if type(raised).__module__.startswith("sqlalchemy."):
        return type(raised).__name__ in _REFUSED_VALUES
    return not isinstance(error, _OF_ALL)


def what_of(error: BaseException) -> str:
    """An error for a log: its class and where it is from, never its text, which may name people."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"
