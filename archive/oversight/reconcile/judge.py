"""Whether an entry of the ledger explains a request.

A cause in the user agent is only a claim, so it has to fit: an access explains reads of its record
between its start and its end, an ingest explains that an object is made once and read back, a
disposition explains that its own records are deleted. What has no cause, or one that does not fit,
is a finding. Reads for verification and for the second copy name no entry; they are counted by
account, to be held against who was to verify.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.oversight.reconcile.known import Access, Known
from archive.oversight.reconcile.request import Act, Request

TOLERANCE = timedelta(seconds=10)
"""By how much the server's clock and ours may differ."""
READ_BACK = timedelta(hours=1)
"""For so long after an object was made its read-back belongs to its making."""
PROBE = "probe/"
_READERS = ("verify", "replica", "rebuild", "media")
_CONTENTS = ("/content", "/pieces")
_ENTRY = re.compile(r"entry:([a-z0-9]{1,16}-\d{4}):(\d{1,16})", re.ASCII)

CODES: Mapping[str, tuple[str, str]] = {
    "NO_CAUSE": (
        "It names no entry and no work of the archive: somebody reached the storage directly.",
        "未注明任何条目或系统工作：有人绕过系统直接访问了存储。",
    ),
    "CAUSE_UNKNOWN": (
        "It names an entry that is no access, or that the ledger does not have.",
        "所注明的条目不是调阅，或账本中没有该条目。",
    ),
    "CAUSE_OTHER_RECORD": (
        "It names an access to another record.",
        "所注明的调阅针对的是另一份记录。",
    ),
    "CAUSE_OTHER_TIME": (
        "It names work that was not going on at that time.",
        "所注明的工作当时并未进行。",
    ),
    "CAUSE_OTHER_ACT": (
        "It does something that the work it names never does.",
        "其操作不属于所注明工作的范围。",
    ),
    "KEY_UNKNOWN": (
        "It is about an object that the ledger does not name.",
        "所涉对象未见于账本。",
    ),
    "WRITTEN_AGAIN": (
        "It made an object again that had been made before.",
        "已写成的对象被再次写入。",
    ),
    "LINE_UNREADABLE": (
        "This is no line of an access log.",
        "此行不是访问日志。",
    ),
}
"""Codes of findings, in English and Chinese."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Work of the archive: `release`, `ingest`, `keep`, `verify`, `replica`, `destroy`, `probe`,
    `rebuild`, `media` (looking and making pictures), `work` (reports and the like), `own account`
    (of a folder).
    """

    work: str


Judged = Explained | str
"""What explains a request, or the code of the finding that it is."""


class Judge:
    """Judges requests in the order in which they come; `prefix` stands before the bucket's keys."""

    def __init__(self, known: Known, prefix: str = "") -> None:
        self._known = known
        self._prefix = prefix
        self._concealed: dict[str, str] = {}

    def judge(self, request: Request) -> Judged | None:
        """None for what is only looked at without a cause: names and sizes, no content."""
        key = self.key(request)
        if not request.cause:
            return None if request.act is Act.LOOK else "NO_CAUSE"
        work, _, rest = request.cause.partition(":")
        if work == "entry":
            return self._release(request, key)
        if work == "destroy":
            return self._destroy(request, key, rest)
        return self._work(request, key, work)

    def concerns(self, request: Request) -> bool:  # noqa: ARG002 - as FolderJudge has it
        """Whether it is about the store: all of a bucket is."""
        return True

    def key(self, request: Request) -> str | None:
        """The key as the ledger has it."""
        if request.key is None or not request.key.startswith(self._prefix):
            return request.key
        return request.key.removeprefix(self._prefix)

    def _work(self, request: Request, key: str | None, work: str) -> Judged:
        if work in _READERS:
            looks = request.act in (Act.READ, Act.LOOK)
            return Explained(work) if looks else "CAUSE_OTHER_ACT"
        if work in ("probe", "work"):
            return self._probe(request, key) if work == "probe" else self._other(request, key)
        if work == "keep":
            return self._keep(request, key)
        return self._ingest(request, key) if work == "ingest" else "CAUSE_UNKNOWN"

    def _release(self, request: Request, key: str | None) -> Judged:
        found = _ENTRY.fullmatch(request.cause)
        access = self._known.access(found[1], int(found[2])) if found else None
        if access is None:
            return "CAUSE_UNKNOWN"
        if request.act not in (Act.READ, Act.LOOK):
            return "CAUSE_OTHER_ACT"
        if not _during(access, request.at):
            return "CAUSE_OTHER_TIME"
        self._known.saw(access.id)
        if key is None or key.startswith(("log/", "pki/")) or self._is_of(access, key):
            return Explained("release")
        return "CAUSE_OTHER_RECORD"

    def _is_of(self, access: Access, key: str) -> bool:
        """A concealed access says of no record; but all that is read for it is of one object."""
        if access.record is not None:
            return self._known.is_of(key, access.record)
        folder = key.rpartition("/")[0] if key.startswith("records/") else key
        return self._concealed.setdefault(access.id, folder) == folder

    def _ingest(self, request: Request, key: str | None) -> Judged:
        if request.act is Act.LOOK:
            return Explained("ingest")
        if key is None or request.act not in (Act.WRITE, Act.LOCK, Act.READ):
            return "CAUSE_OTHER_ACT"
        since = self._known.written_since(key)
        if since is None:
            return "KEY_UNKNOWN"
        if request.act is Act.WRITE and request.at >= since - TOLERANCE:
            return self._made(request, key)
        read_back = key.startswith("log/") or self._is_fresh(key, since, request.at)
        return Explained("ingest") if read_back else "CAUSE_OTHER_TIME"

    def _made(self, request: Request, key: str) -> Judged:
        if request.makes and request.succeeded and self._known.wrote(key, request.at):
            return "WRITTEN_AGAIN"
        return Explained("ingest")

    def _is_fresh(self, key: str, since: datetime, at: datetime) -> bool:
        made = self._known.last_written(key) or since
        return since - TOLERANCE <= at <= made + READ_BACK

    def _keep(self, request: Request, key: str | None) -> Judged:
        """Locks and holds are set, and looked at, of what the ledger names."""
        if request.act is Act.LOOK:
            return Explained("keep")
        if request.act is not Act.LOCK or key is None:
            return "CAUSE_OTHER_ACT"
        return Explained("keep") if self._known.written_since(key) else "KEY_UNKNOWN"

    def _destroy(self, request: Request, key: str | None, disposition: str) -> Judged:
        if request.act is Act.LOOK:
            return Explained("destroy")
        if request.act not in (Act.DELETE, Act.LOCK) or key is None:
            return "CAUSE_OTHER_ACT"
        ordered = self._known.disposed_of(disposition, key)
        if ordered is None:
            return "CAUSE_OTHER_RECORD"
        return Explained("destroy") if request.at >= ordered - TOLERANCE else "CAUSE_OTHER_TIME"

    def _other(self, request: Request, key: str | None) -> Judged:
        """Reports, custody, search and the like: entries, details and descriptions, no contents."""
        if request.act is Act.LOOK:
            return Explained("work")
        if request.act is not Act.READ or key is None or key.endswith(_CONTENTS):
            return "CAUSE_OTHER_ACT"
        return Explained("work") if self._known.written_since(key) else "KEY_UNKNOWN"

    def _probe(self, request: Request, key: str | None) -> Judged:
        if request.act is Act.LOOK or (key or PROBE).startswith(PROBE):
            return Explained("probe")
        return "CAUSE_OTHER_ACT"


def _during(access: Access, at: datetime) -> bool:
    if at < access.at - TOLERANCE:
        return False
    return access.ended is None or at <= access.ended + TOLERANCE
