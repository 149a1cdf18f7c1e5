"""What the ledger says of every stored object, out of the index: for `archive.storage_check`.

Levels follow the ledger: an object needs the protection that was stated when it was written. Ends
and holds are those of the registers as they are now.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from itertools import groupby
from typing import Any

from archive import layout
from archive.detail import Detail
from archive.registers.cases import cases_of
from archive.registers.shelf import Shelf
from archive.registers.terms import held_by
from archive.storage_check import Expected, Stated
from archive.storage_check.expected import rank
from archive.times import format_time, parse_time
from archive.verify.context import JSON_LIMIT, Context, fetch
from archive.verify.index import Index
from archive.verify.unexpected import belongs, entry_of
from signing.digest import Digest

FIRST, REPLICA = "first", "replica"
LATELY = timedelta(days=1)
"""So long a lock may take to follow what the ledger says."""

_UNKNOWN = "none"
_PROBED = Expected(
    "probe/far",
    _UNKNOWN,
    needed=False,
    until=datetime(1970, 1, 1, tzinfo=UTC),
    held=False,
)
"""Scratch of the probe that cannot always be deleted again (archive.stores.s3.probe)."""

_LONG_AGO = "1970-01-01T00:00:00.000000Z"
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}", re.ASCII)
_ASKING = "'retention.set', 'retention.extended', 'hold.placed', 'case.attached', 'case.linked'"
_GONE = "(SELECT id FROM destroyed UNION SELECT id FROM cleared WHERE store=?1)"
_UNTOLD = "SELECT id FROM excused UNION SELECT id FROM going WHERE store=?1"
_OWN = f"""
SELECT r.id, r.log, r.idx, r.body, r.size,
  r.id IN (SELECT id FROM lost UNION {_UNTOLD}) FROM record r
WHERE r.id NOT IN {_GONE} AND (pack IS NULL OR r.id IN (SELECT id FROM split))
ORDER BY substr(r.id, 25), r.id, r.log, r.idx
"""  # noqa: S608
_PACKED = f"""
SELECT pack, r.id, r.log, r.idx, r.body, r.id IN
  (SELECT id FROM lost UNION SELECT id FROM split UNION {_UNTOLD})
FROM record r WHERE pack IS NOT NULL AND r.id NOT IN {_GONE}
ORDER BY pack, r.idx
"""  # noqa: S608


class IndexLedger:
    """`archive.storage_check.Ledgered` over the index; `logs` in the order of the walk.

    `sizes` are how far the logs are verified, `opened` the level that each log's opening states.
    """

    def __init__(
        self,
        context: Context,
        index: Index,
        shelf: Shelf,
        sizes: dict[str, int],
        opened: dict[str, str],
        store: str,
    ) -> None:
        self._context = context
        self._index = index
        self._shelf = shelf
        self._sizes = sizes
        self._store = store
        self._order = {log: number for number, log in enumerate(sizes)}
        self._levels = self._timeline(opened)

    # ── levels ──

    def _probed(self) -> list[tuple[str, int, dict[str, Any]]]:
        rows = self._index.rows(
            "SELECT log, idx, body FROM act WHERE kind='store.probed' "
            "AND json_extract(body, '$.store')=? ORDER BY n",
            self._store,
        )
        return [(log, idx, json.loads(body)) for log, idx, body in rows]

    def _timeline(self, opened: dict[str, str]) -> list[tuple[tuple[int, int], str]]:
        """From which entry on which level was stated.

        A copy is made of what is older than its first probe too, so it needs one level throughout.
        """
        said = [((self._order[log], idx), body["level"]) for log, idx, body in self._probed()]
        if self._store != FIRST:
            weakest = min((level for _, level in said), key=rank, default=_UNKNOWN)
            return [((0, 0), weakest)]
        said += [((self._order[log], 0), level) for log, level in opened.items()]
        return sorted(said)

    def _level(self, log: str, idx: int) -> str:
        place = (self._order.get(log, 0), idx)
        position = bisect_right(self._levels, place, key=lambda line: line[0])
        return self._levels[position - 1][1] if position else _UNKNOWN

    def stated(self) -> Stated:
        """See Ledgered."""
        level = self._levels[-1][1] if self._levels else _UNKNOWN
        probed = self._probed()
        data = self._detail(probed[-1][2]) if probed else None
        if data is None:
            return Stated(level)
        return Stated(level, data.get("server"), data.get("settings") or None)

    def _detail(self, body: dict[str, Any]) -> dict[str, Any] | None:
        if body.get("detail_id") is None:
            return None
        key = layout.detail_key(body["detail_id"])
        data = fetch(self._context.evidence, key, JSON_LIMIT, [], None, "DETAIL_ALTERED")
        if data is None or f"sha256:{sha256(data).hexdigest()}" != body["detail"]:
            return None  # said where details are checked
        return dict(Detail.parse(data).data)

    # ── objects ──

    def objects(self) -> Iterator[Expected]:
        """See Ledgered."""
        yield from self._details()
        yield from self._packs()
        yield from self._pki()
        yield _PROBED
        yield from self._records()

    def _details(self) -> Iterator[Expected]:
        rows = self._index.rows(
            "SELECT id, min(digest), min(place) FROM detail GROUP BY id ORDER BY substr(id, 25), id"
        )
        for name, digest, place in rows:
            key, value = layout.detail_key(name), Digest.parse(digest).value
            yield Expected(key, self._at(place), sha256=value, place=place)

    def _pki(self) -> Iterator[Expected]:
        for key, place in self._index.rows(
            "SELECT key, min(place) FROM pki GROUP BY key ORDER BY key"
        ):
            yield Expected(key, self._at(place), sha256=bytes.fromhex(key[4:68]), place=place)

    def _at(self, place: str) -> str:
        log, _, idx = place.rpartition("#")
        return self._level(log, int(idx))

    def _records(self) -> Iterator[Expected]:
        last = ""
        for record, log, idx, text, size, lost in self._index.rows(_OWN, self._store):
            if record == last:
                continue  # RECORD_TWICE was said
            last = record
            body = json.loads(text)
            bare = Expected(
                "", self._level(log, idx), needed=False, records=(record,), place=f"{log}#{idx}"
            )
            own = self._kept(bare, [(record, body)])
            content = next(d for d in body["content"] if d.startswith("sha256:"))
            digest = Digest.parse(content).value
            key = layout.content_key(record)
            yield replace(own, key=key, needed=not lost, size=size, sha256=digest)
            yield replace(own, key=layout.pieces_key(record))
            digest = Digest.parse(body["record"]).value
            yield replace(own, key=layout.record_key(record), needed=not lost, sha256=digest)
            yield replace(own, key=layout.sidecar_key(record))

    def _packs(self) -> Iterator[Expected]:
        for pack, group in groupby(self._index.rows(_PACKED, self._store), key=lambda row: row[0]):
            rows = list(group)
            bare = Expected(
                pack,
                max((self._level(row[2], row[3]) for row in rows), key=rank),
                needed=not all(row[5] for row in rows),
                records=tuple(row[1] for row in rows),
                place=f"{rows[0][2]}#{rows[0][3]}",
            )
            yield self._kept(bare, [(row[1], json.loads(row[4])) for row in rows])

    def of_log(self, key: str) -> Expected | None:
        """See Ledgered."""
        covered = entry_of(key)
        if covered is None or not belongs(key, self._sizes):
            return None
        return Expected(key, self._level(*covered), place=f"{covered[0]}#{covered[1]}")

    # ── how long, by the registers ──

    @cached_property
    def _said(self) -> frozenset[str]:
        """Names of the registers that hold anything: most archives have few holds and terms."""
        return frozenset(row[0] for row in self._index.rows("SELECT DISTINCT name FROM shelf"))

    def _kept(self, bare: Expected, members: Sequence[tuple[str, Any]]) -> Expected:
        """With `until`, `held` and `kept` of an object that holds the bytes of these records."""
        ends = [self._end(record, body) for record, body in members]
        holds = {"record_holds", "case_holds"} & self._said
        held = bool(holds) and any(
            held_by(self._shelf, r) for r, _ in members if not self._shelf.get("spilled", r)
        )
        kept = any(self._runs(record) for record, _ in members)
        if None in ends:
            return replace(bare, until=None, held=True, kept=kept)
        until = parse_time(max(end for end in ends if end is not None))
        return replace(bare, until=until, held=held, kept=kept)

    def _end(self, record: str, body: Any) -> str | None:
        """To when a record must be locked at least, as a time of the ledger; None: for ever."""
        first: str | None = body.get("retain_until")
        if "spilled" in self._said and self._shelf.get("spilled", record) is not None:
            return first or _LONG_AGO  # nothing keeps it any longer than it must
        term = self._shelf.get("term", record) if "term" in self._said else None
        if first is None or term is None:
            return first
        # Times of the ledger have one form each, so their texts are in the order of the times.
        return None if term["permanent"] else max(first, term["until"] or first)

    def _runs(self, record: str) -> bool:
        """Whether a case of a record is not closed."""
        if "record_cases" not in self._said:
            return False
        cases = (self._shelf.get("case", case) for case in cases_of(self._shelf, record))
        return any(case is not None and case["closed"] is None for case in cases)

    @cached_property
    def _lately(self) -> frozenset[str]:
        """Everything that acts of the last day name which ask for more."""
        since = format_time(self._context.now - LATELY)
        rows = self._index.rows(
            f"SELECT subject, body FROM act WHERE kind IN ({_ASKING}) AND at>=?",  # noqa: S608
            since,
        )
        return frozenset(
            name for subject, body in rows for name in (subject, *_ULID.findall(body)) if name
        )

    def recent(self, wanted: Expected) -> bool:
        """See Ledgered."""
        if not self._lately:
            return False
        return any(
            record in self._lately or not self._lately.isdisjoint(cases_of(self._shelf, record))
            for record in wanted.records
        )


def is_young(context: Context, moments: Sequence[datetime]) -> bool:
    """Whether everything there was written only now."""
    return all(context.young(moment) for moment in moments)
