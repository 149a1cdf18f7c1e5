"""`verify --storage`: every place against the ledger, object by object, and the two together.

Runs after the bytes were read by the ordinary verification, over the same index.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from archive.errors import ArchiveError
from archive.ports import ObjectStore, StoredVersion
from archive.report import Report
from archive.storage_check import Expected, Storage, check_storage
from archive.storage_check.compare import Pair, compare
from archive.storage_check.place import Found
from archive.verify.context import Context
from archive.verify.index import Index
from archive.verify.registers import IndexShelf
from archive.verify.stored import FIRST, IndexLedger, is_young
from archive.verify.stored import REPLICA as COPY

Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class StorageKit:
    """The places to check, and the store behind the second one, to be compared with the first.

    `read` is the place whose bytes this inspection reads; `queued` says that a key still waits to
    be copied.
    """

    places: Sequence[Storage]
    copy: ObjectStore | None = None
    queued: Callable[[str], bool] = lambda _: False
    read: str = FIRST


@dataclass(frozen=True, slots=True)
class Walked:
    """What the walk found: how far the logs go, which level each opening states, and what failed.

    `whole`: every object of the first place was read before. `entries_lost`: not every entry could
    be read, so that an object which nothing names cannot be called unexpected.
    """

    sizes: dict[str, int]
    opened: dict[str, str]
    whole: bool
    entries_lost: bool


def check_places(
    context: Context, index: Index, report: Report, kit: StorageKit, known: Walked, tell: Tell
) -> None:
    """Check all places; what cannot be finished is a finding."""
    index.run("CREATE INDEX IF NOT EXISTS suspect_key ON suspect(key)")
    index.run("CREATE INDEX IF NOT EXISTS record_pack_key ON record(pack)")
    logs = list(known.sizes)
    for storage in kit.places:
        shelf = IndexShelf(index, logs)
        ledger = IndexLedger(context, index, shelf, known.sizes, known.opened, storage.name)
        sink = _Sink(context, index, report, storage.name, known, tell)
        sink.is_read = storage.name == kit.read
        sink.waits = _waiting(context, kit)
        try:
            check_storage(storage, ledger, sink, context.now)
        except (ArchiveError, OSError) as error:
            report.add("STORE_UNREADABLE", sink.named(""), reason=str(error))
    if kit.copy is not None:
        _compare(context, index, report, kit, tell)


def _waiting(context: Context, kit: StorageKit) -> Callable[[str], bool]:
    """Whether a key that the copy lacks may be on its way: the comparison calls that a remark."""
    if kit.copy is None:
        return lambda _: False

    def waits(key: str) -> bool:
        if kit.queued(key):
            return True
        mine = context.evidence.stat(key)
        return mine is not None and context.young(mine.modified)

    return waits


def _compare(context: Context, index: Index, report: Report, kit: StorageKit, tell: Tell) -> None:
    if kit.copy is None:
        return
    pair = Pair(context.evidence, kit.copy, kit.queued, context.young)
    try:
        for count, found in compare(pair):
            report.count("compared", count)
            report.take([one for one in found if not _is_spilled(index, one)])
            tell(report.checked["compared"])
    except (ArchiveError, OSError) as error:
        report.add("STORE_UNREADABLE", "the second copy", reason=str(error))


def _is_spilled(index: Index, found: tuple[str, str, object]) -> bool:
    """Whether what the copy lacks is of a spilled record, which may be gone there before."""
    code, key, _ = found
    if code != "REPLICA_MISSING":
        return False
    name = key.split("/")[-2] if key.startswith("records/") else ""
    query = "SELECT 1 FROM spilled s JOIN record r USING(id) WHERE (r.id=? OR r.pack=?) AND id IN "
    gone = "(SELECT id FROM cleared WHERE store=? UNION SELECT id FROM going WHERE store=?)"
    return index.one(query + gone, name, key, COPY, COPY) is not None


class _Sink:
    """`archive.storage_check.Sink` over report and index; other places are named in the subject."""

    def __init__(
        self,
        context: Context,
        index: Index,
        report: Report,
        store: str,
        known: Walked,
        tell: Tell,
    ) -> None:
        self._context = context
        self._index = index
        self._report = report
        self._store = store
        self._known = known
        self._tell = tell
        self.is_read = store == FIRST
        self.waits: Callable[[str], bool] = lambda _: False

    def named(self, key: str) -> str:
        """The subject of a finding about a key here."""
        if self.is_read:
            return key or "the store"
        return f"{self._store}:{key}"

    def take(self, found: Found) -> None:
        for code, subject, details in found:
            self._report.add(code, self.named(subject), **details)

    def missing(self, wanted: Expected) -> None:
        """Where everything was read, a missing object has been reported by what it is.

        What waits for the second copy is not missing there.
        """
        if self._known.whole if self.is_read else self.waits(wanted.key):
            return
        records = {"records": list(wanted.records[:10])} if wanted.records else {}
        self._report.add("OBJECT_MISSING", self.named(wanted.key), **records)

    def unexpected(self, key: str, listed: Sequence[StoredVersion]) -> None:
        objects = [version for version in listed if not version.marker]
        if not objects:
            self._report.add("DELETE_MARKER", self.named(key))
            return
        young = is_young(self._context, [version.modified for version in objects])
        if self.is_read and not (self._known.whole and self._is_destroyed(key)):
            self._suspect(key, young=young)
        elif not self.is_read and not self._known.entries_lost:
            code = "DESTROYED_STILL_THERE" if self._is_destroyed(key) else "OBJECT_UNEXPECTED"
            self._report.add("SEALING_IN_PROGRESS" if young else code, self.named(key))

    def checked(self, count: int) -> None:
        self._report.count("protections", count)
        self._tell(self._report.checked["protections"])

    def _suspect(self, key: str, *, young: bool) -> None:
        """What nothing names may be the work of a running sealer: that is judged at the end."""
        safe = key.encode("utf-8", "backslashreplace").decode()
        if self._index.one("SELECT 1 FROM suspect WHERE key=?", safe) is None:
            self._index.add("suspect", [(safe, *self._kind(key), young)])

    def _kind(self, key: str) -> tuple[str, str]:
        """As the inventory has it: what kind of object, and the id that may name it."""
        folder, _, rest = key.partition("/")
        if folder == "records" and rest.count("/") == 2:
            record = rest.split("/")[1]
            packed = self._index.one("SELECT 1 FROM record WHERE id=?", record)
            return ("split" if packed else "record"), record
        if folder == "details":
            return "detail", rest.rpartition("/")[2].removesuffix(".json")
        if folder == "packs":
            return "pack", key
        return (folder, key[4:68]) if folder in ("pki", "log") else ("other", "")

    def _is_destroyed(self, key: str) -> bool:
        """Whether a destroyed record stands there still; where bytes are read that was said."""
        name = key.split("/")[-2] if key.startswith("records/") and key.count("/") == 3 else ""
        gone = self._index.one("SELECT 1 FROM destroyed WHERE id=?", name) or self._index.one(
            "SELECT 1 FROM cleared WHERE id=? AND store=?", name, self._store
        )
        if not gone and key.startswith("packs/"):
            # A pack that the ledger names is only unexpected when its members are destroyed.
            gone = self._index.one("SELECT 1 FROM record WHERE pack=?", key)
        return gone is not None
