"""A case on one page: its data from the archive, pictures by viewing them, each on the ledger."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archive.completeness.page import MOST_BYTES, PICTURES, CasePage, Picture, write
from archive.errors import FormatError
from archive.times import parse_time
from cli.author import Signer
from cli.fetching import Fetch
from cli.language import current, say
from cli.progress import progress
from cli.requesting import Wish
from cli.service import large
from cli.service.desk import Delivery, Desk, Document

_PLAIN: Document = {"copies": (None, None), "medium_no": None}
_MOST = 48 << 20
"""Bytes of all pictures of a page: it has to open anywhere."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Views pictures of a case's records for a person; without a request one is made for each."""

    desk: Desk
    signer: Signer
    wish: Wish
    request: str | None

    def pictures(self, roles: Mapping[str, str]) -> dict[str, list[Picture]]:
        """Pictures by record, of those that the request names. Raises Denied, ContentAltered."""
        wanted = self._named(roles)
        found: dict[str, list[Picture]] = {}
        left = _MOST
        with progress("Pictures", "正在调阅图片", len(wanted), "") as advance:
            for record, role in wanted.items():
                if left < MOST_BYTES:
                    break
                picture = self._view(record, role)
                found[record] = [picture]
                left -= len(picture.data)
                advance(1)
        return found

    def _named(self, roles: Mapping[str, str]) -> dict[str, str]:
        if self.request is None:
            return dict(roles)
        found = large.fetch(self.desk, "request.show", {"request": self.request})
        return {record: roles[record] for record in found["records"] if record in roles}

    def _view(self, record: str, role: str) -> Picture:
        given = {**_PLAIN, "note": role}
        fetch = Fetch(self.desk, self.signer, record, self.wish, given, marked=False)
        params = fetch.order(self.request, None, confidential=False) | {"derived": role}
        with self.desk.receive("access.receive", params) as delivery:
            return _taken(delivery, role)


def _taken(delivery: Delivery, role: str) -> Picture:
    """One small picture; FormatError where it is none of a size for a page."""
    kind = PICTURES.get(str(delivery.head["name"]).rpartition(".")[2])
    if kind is None:
        raise FormatError("What was received is no picture.")
    data = io.BytesIO()
    for piece in delivery:
        if data.tell() + len(piece) > MOST_BYTES:
            raise FormatError("The picture is too large for a page.")
        data.write(piece)
    return Picture(role, kind, data.getvalue())


def page_of(found: Mapping[str, Any], pictures: Mapping[str, Sequence[Picture]]) -> CasePage:
    """The page of what the archive said and the pictures that were viewed."""
    notes = list(found["notes"])
    if pictures:
        text = "The pictures are derivatives and no evidence; the records in the archive are."
        notes.insert(0, say(text, "图片为派生件，不作为证据；原件以存证库中的记录为准。"))
    return CasePage(
        title=found["title"],
        facts=[(name, value) for name, value in found["facts"]],
        check=found["check"],
        stages=found["stages"],
        pictures=pictures,
        previews=found["previews"],
        notes=notes,
        made_at=parse_time(found["made_at"]),
        lang=current(),
    )


def pieces(page: CasePage) -> Iterator[bytes]:
    """The page's bytes."""
    stream = io.BytesIO()
    write(page, stream)
    yield stream.getvalue()
