"""Errors across the boundary: class, code if any, and sentence; raised again as the same class.

An error is named by its classes from the closest to the most general, so that a side that does not
know the closest takes the next.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from archive import errors as archive_errors
from archive.errors import ArchiveError, Denied, Unreachable
from cli.service.desk import Document
from signing import errors as signing_errors
from signing.errors import SigningError

Raised = ArchiveError | SigningError
_MAX_TEXT = 4000


def describe(error: BaseException) -> Document:
    """The document of an error; one that nobody foresaw gives nothing of itself away."""
    if not isinstance(error, (ArchiveError, SigningError)):
        return describe(Unreachable("The service failed at this; its own log says where."))
    kinds = [_name(kind) for kind in type(error).__mro__ if issubclass(kind, _ROOTS)]
    facts = list(error.facts) if isinstance(error, Denied) else []
    return {
        "code": code_of(error),
        "facts": facts,
        "kinds": kinds,
        "text": str(error)[:_MAX_TEXT],
        "text_zh": _chinese(error),
    }


def _chinese(error: BaseException) -> str | None:
    """Its sentence in Chinese, where it brings one."""
    text = getattr(error, "chinese", None)
    return text[:_MAX_TEXT] if isinstance(text, str) else None


def restore(document: Mapping[str, Any]) -> Raised:
    """The error of a document, to be raised; Unreachable where its class is not known here."""
    text, kinds = document.get("text"), document.get("kinds")
    sentence = text if isinstance(text, str) else "The service refused without a reason."
    known = {_name(kind): kind for root in _ROOTS for kind in _family(root)}
    names = kinds if isinstance(kinds, list) else []
    kind = next((known[n] for n in names if isinstance(n, str) and n in known), Unreachable)
    error = kind.__new__(kind, sentence)
    error.args = (sentence,)
    if isinstance(code := document.get("code"), str):
        error.code = code  # type: ignore[union-attr]
    if isinstance(chinese := document.get("text_zh"), str):
        error.chinese = chinese  # type: ignore[union-attr]
    facts = document.get("facts")
    if isinstance(error, Denied) and isinstance(facts, list):
        error.facts = tuple(map(str, facts))
    return error


def code_of(error: BaseException) -> str | None:
    """The stable code of an error that has one."""
    code = getattr(error, "code", None)
    return code if isinstance(code, str) else None


def for_log(error: BaseException) -> str:
    """An error in a log: its code or class, and where it is from if nobody foresaw it.

    Never its sentence, which may name people or files.
    """
    if isinstance(error, (ArchiveError, SigningError)):
        return code_of(error) or type(error).__name__
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{place}"


_ROOTS: tuple[type[Raised], ...] = (archive_errors.ArchiveError, signing_errors.SigningError)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _family(root: type[Raised]) -> Iterator[type[Raised]]:
    yield root
    for child in root.__subclasses__():
        yield from _family(child)
