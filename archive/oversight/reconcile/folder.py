"""A store that is a folder: records of the audit system have accounts and programs, but no causes.

So what other accounts than the archive's did is a finding, and so is what the archive itself never
does: opening an object for writing, changing its mode, deleting what no disposition destroyed.
Reads of the archive's own account are a release while an access of the record was going on, and
counted as work of its own otherwise: whoever has that account reads unseen here.
"""

from archive.oversight.reconcile.judge import TOLERANCE, Explained
from archive.oversight.reconcile.known import Known
from archive.oversight.reconcile.request import Act, Request

_MADE = ("link", "linkat")
_OWN = Explained("own account")


class FolderJudge:
    """Judges what was done below `root`, the evidence folder; `owner` is the archive's account."""

    def __init__(self, known: Known, root: str, owner: str) -> None:
        self._known = known
        self._root = root.rstrip("/") + "/"
        self._owner = owner

    def concerns(self, request: Request) -> bool:
        """Whether it is about an object of the store."""
        return (request.key or "").startswith(self._root)

    def key(self, request: Request) -> str:
        """The object's key."""
        return (request.key or "").removeprefix(self._root)

    def judge(self, request: Request) -> Explained | str:
        """What explains it, or the code of the finding that it is."""
        if request.who != self._owner:
            return "NO_CAUSE"
        key = self.key(request)
        if request.act is Act.READ:
            during = self._known.going_on(key, request.at, TOLERANCE)
            return Explained("release") if during else _OWN
        if request.operation in _MADE:
            return Explained("ingest") if self._known.written_since(key) else "KEY_UNKNOWN"
        if request.act is Act.DELETE and self._was_ordered(request, key):
            return Explained("destroy")
        return "CAUSE_OTHER_ACT"

    def _was_ordered(self, request: Request, key: str) -> bool:
        ordered = self._known.disposed_of(None, key)
        return ordered is not None and request.at >= ordered - TOLERANCE
