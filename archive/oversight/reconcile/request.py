"""One request of an access log, whatever server wrote it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import parse_qsl, unquote

from archive.cause import PRODUCT


class Act(StrEnum):
    """What a request does; `look` is a listing, a HEAD, or a setting that is only read."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    LOCK = "lock"
    SETTING = "setting"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Request:
    """`source` is file and line or number. `key` is the object's, None for the bucket itself.

    `operation` is in the server's own words, `status` its answer, `sent` bytes of the reply's body.
    `cause` is what follows `cunzheng-cause/` in the user agent, "" without one.
    """

    source: str
    at: datetime
    bucket: str
    who: str
    address: str
    act: Act
    operation: str
    key: str | None
    status: int
    sent: int
    cause: str
    makes: bool = False
    """Whether it makes an object, and is no step on the way there."""

    @property
    def succeeded(self) -> bool:
        """Whether the server did it."""
        return self.status < 300


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that is no line of a log: where, and why."""

    source: str
    reason: str


_CAUSE = re.compile(re.escape(PRODUCT) + r"/([A-Za-z0-9:._-]{1,128})(?=\s|$)", re.ASCII)
_LOCKS = frozenset({"retention", "legal-hold"})
_ASIDE = _LOCKS | {"acl", "attributes", "restore", "tagging", "uploadId"}
_LOOKING = ("HEAD", "OPTIONS")


def cause_in(agent: str) -> str:
    """The cause that a user agent carries; the last one, "" for none."""
    found = _CAUSE.findall(agent)
    return str(found[-1]) if found else ""


def query_of(text: str) -> dict[str, str]:
    """Parameters of a query; Ceph 16 writes it twice, behind another question mark."""
    return dict(parse_qsl(text.partition("?")[0], keep_blank_values=True))


def act_of(method: str, key: str | None, query: Mapping[str, str]) -> Act:
    """What a request of S3 does, by method and query."""
    if key is None:
        return _of_bucket(method, query)
    names = query.keys()
    if method == "GET" and not names & _ASIDE:
        return Act.READ
    if method == "GET" or method in _LOOKING:
        return Act.LOOK
    if names & _ASIDE and "uploadId" not in names:
        return Act.LOCK if names & _LOCKS else Act.SETTING
    if method == "DELETE" and "uploadId" not in names:
        return Act.DELETE
    return Act.READ if "select" in names else Act.WRITE


def _of_bucket(method: str, query: Mapping[str, str]) -> Act:
    if method == "GET" or method in _LOOKING:
        return Act.LOOK
    if method == "POST" and "delete" in query:
        return Act.DELETE
    return Act.SETTING


def makes_object(method: str, query: Mapping[str, str]) -> bool:
    """Whether a write makes an object: in one request, or with the last one of several."""
    names = query.keys() - {"x-id"}
    return not names if method == "PUT" else method == "POST" and "uploadId" in names


def key_of(path: str) -> str | None:
    """A key as it stands in a path, decoded; None for an empty one."""
    return unquote(path) or None


def is_number(text: str) -> bool:
    """Whether a field is a whole number, and no unreasonable one."""
    return text.isascii() and text.isdigit() and len(text) <= 18
