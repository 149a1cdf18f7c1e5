"""Which entries of the registry and of the accesses are about one record.

    trace = Trace(record, cases, opened)
    found = [*trace.follow(registry_lines), *trace.follow(access_lines)]

An entry names the record itself, or the case, hold, request or access that it is about. Each stream
is followed in its order, because a decision names only the request that came before it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from archive.entry import Entry

Line = tuple[str, int, bytes]
"""Log, index, and the entry's bytes."""
Traced = tuple[str, int, Entry]

_SUBJECT = b'"subject":"'
_REQUEST = b'"request":"'
_DENIED = b'"kind":"access.denied"'
_CONCEALED = b'"kind":"access.concealed'
_OPENED = b'"kind":"access.opened"'
_HELD = b'"kind":"hold.placed"'
_LISTING = (b'"kind":"case.attached"', b'"kind":"case.detached"', b'"kind":"case.linked"')


class Trace:
    """Follows one record. `cases` are all that it is or was attached to.

    `opened` gives the record of a concealed access that was opened, else None.
    """

    def __init__(
        self, record: str, cases: Iterable[str], opened: Callable[[str], str | None]
    ) -> None:
        self._record = record
        self._quoted = f'"{record}"'.encode()
        self._cases = set(cases)
        self._case_needles = [f'"case":"{case}"'.encode() for case in self._cases]
        self._related = {record.encode(), *(case.encode() for case in self._cases)}
        self._opened = opened
        self._concealed: dict[str, list[Traced]] = {}

    def follow(self, lines: Iterable[Line]) -> Iterator[Traced]:
        """Entries of a stream that are about the record."""
        for log, index, data in lines:
            if _CONCEALED in data:
                entry = Entry.parse(data)
                held = self._concealed.setdefault(entry.body["access"], [])
                held.append((log, index, entry))
            elif self.concerns(data):
                entry = Entry.parse(data)
                if entry.kind == "access.opened":
                    yield from self._concealed.pop(entry.subject or "", ())
                self._relate(entry)
                yield log, index, entry

    def concerns(self, data: bytes) -> bool:
        """Whether an entry is about the record."""
        if self._quoted in data:
            return True
        if _after(data, _SUBJECT) in self._related:
            return not any(kind in data for kind in _LISTING)
        if _DENIED in data:
            return _after(data, _REQUEST) in self._related
        if _OPENED in data:
            return self._opened(_after(data, _SUBJECT).decode()) == self._record
        # A hold on a case is on its records; a request in a case is about its own records.
        return _HELD in data and any(needle in data for needle in self._case_needles)

    def awaits(self, kind: str, subject: str | None, body: bytes) -> bool:
        """Whether an entry that has no place yet is about the record."""
        if kind.startswith(("record.", "drop.")):
            return subject == self._record
        form = b'{"body":%b,"kind":"%b","subject":"%b"}'
        return self.concerns(form % (body, kind.encode(), (subject or "").encode()))

    def _relate(self, entry: Entry) -> None:
        """What later entries may name instead of the record."""
        if entry.subject is None or entry.kind.startswith("case."):
            return
        self._related.add(entry.subject.encode())
        payload = payload_of(entry.body)
        if "access" in payload:
            self._related.add(str(payload["access"]).encode())


def payload_of(body: Any) -> Any:
    """What was signed in a signed entry's body; empty for another."""
    statements = body.get("statements")
    return statements[0]["statement"]["payload"] if statements else {}


def _after(data: bytes, key: bytes) -> bytes:
    """The text behind a key; keys stand in order, so the entry's own subject is the last one."""
    start = data.rfind(key)
    if start < 0:
        return b""
    start += len(key)
    return data[start : data.index(b'"', start)]
