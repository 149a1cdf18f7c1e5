"""音像记录事项清单, the list of what is recorded: `config/record-list.toml`, read strictly.

    rules = RecordList.parse(text)
    rules.of("penalty")                  # rows that concern cases of a category
    rules.named("penalty_scene_check")

What each key means stands in docs/completeness.md. In force is the text that was adopted last
(docs/formats.md §13); the text in `config/` is only what a new archive begins with.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any

from archive import fields
from archive.errors import FormatError
from archive.fields import Check
from archive.versioned_toml import read_versioned
from archive.vocabulary import CARRIERS, CATEGORIES, MEDIA_KINDS, RECORDING_KINDS, REQUIRED, STAGES

VERSION = 1
MOST_TEXT = 512 << 10
"""Characters a list may have."""
SAME_AS_CASE = "same_as_case"
_MOST_ROWS = 500
_MOST_HOURS = 24 * 366
_MOST_TOLERANCE = 3600
_PERIOD = re.compile(r"[1-9]\d{0,4}[dmy]", re.ASCII)
COLUMNS = (
    *("matter", "place", "begins", "content", "ends", "recorder", "unit", "timing", "storage"),
    "note",
)
"""Columns of a list that people fill in and nothing is concluded from."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `media` is empty for a document, else kinds of recordings that will do.

    What has one of `keywords` in its name, and none of `without`, counts for the row. `needs` are
    ids of documents that show that the row applies, and whose times say what has to be covered;
    `columns` are the texts of `COLUMNS` that the list gives.
    """

    id: str
    categories: tuple[str, ...]
    stage: str
    en: str
    zh: str
    basis: str
    required: str
    retention: str
    keywords: tuple[str, ...]
    without: tuple[str, ...]
    needs: tuple[str, ...]
    media: tuple[str, ...]
    carriers: tuple[str, ...]
    kind: str | None
    upload_hours: int | None
    columns: Mapping[str, str]

    @property
    def is_recording(self) -> bool:
        """Whether it asks for a recording, not for a document."""
        return bool(self.media)

    def is_named(self, item: str) -> bool:
        """Whether a claimed item is this row: its id, or its name in either language."""
        return plain(item) in {self.id, plain(self.en), plain(self.zh)}


@dataclass(frozen=True, slots=True)
class RecordList:
    """All rows in the order of the text, and what holds for all of them."""

    upload_hours: int
    upload_basis: str
    tolerance: timedelta
    rows: tuple[Row, ...]

    @classmethod
    def parse(cls, text: str) -> "RecordList":
        """Read it strictly; FormatError naming the row for what is unknown, missing or twice."""
        if len(text) > MOST_TEXT:
            raise FormatError("the list of what is recorded has at most 512 KiB")
        table = read_versioned(text, "cunzheng_record_list", VERSION)
        fields.exactly(table, _LIST, {})
        recordings = (
            _row(number, row, _RECORDING) for number, row in _numbered(table, "recording")
        )
        documents = (_row(number, row, {}) for number, row in _numbered(table, "document"))
        found = cls(
            table["upload_hours"],
            table["upload_basis"],
            timedelta(seconds=table["tolerance_seconds"]),
            tuple(chain(recordings, documents)),
        )
        _check_whole(found)
        return found

    def of(self, category: str) -> Sequence[Row]:
        """Rows for cases of a category, in the order of the text."""
        return [row for row in self.rows if category in row.categories]

    def named(self, row: str) -> Row:
        """A row by its id; FormatError for one that is not on the list."""
        for one in self.rows:
            if one.id == row:
                return one
        raise FormatError(f"the list has no row {row[:40]!r}")

    def hours(self, row: Row | None) -> int:
        """Hours within which a recording of a row has to be handed in."""
        return self.upload_hours if row is None or row.upload_hours is None else row.upload_hours


def plain(text: str) -> str:
    """A name as names are compared: NFC, without case, without space around it."""
    return unicodedata.normalize("NFC", text).strip().casefold()


def _words(value: object) -> None:
    if not fields.text(value).strip():
        raise FormatError("the text is empty")


def _number(most: int, least: int = 1) -> Check:
    def run(value: object) -> None:
        if not least <= fields.count(value) <= most:
            raise FormatError(f"a number from {least} to {most} was expected")

    return run


def _list(value: object) -> None:
    if not isinstance(value, list):
        raise FormatError("a list was expected")


def _retention(value: object) -> None:
    if fields.text(value) not in (SAME_AS_CASE, "permanent") and not _PERIOD.fullmatch(str(value)):
        raise FormatError(f"{str(value)[:40]!r} is none of 30d, 6m, 10y, permanent, {SAME_AS_CASE}")


_LIST: Mapping[str, Check] = {
    "upload_hours": _number(_MOST_HOURS),
    "upload_basis": _words,
    "tolerance_seconds": _number(_MOST_TOLERANCE, 0),
    "recording": _list,
    "document": _list,
}
_ROW: Mapping[str, Check] = {
    "id": fields.class_name,
    "categories": fields.sorted_each(fields.one_of(CATEGORIES), 1, 32),
    "stage": fields.one_of(STAGES),
    "en": _words,
    "zh": _words,
    "basis": _words,
    "required": fields.one_of(REQUIRED),
    "retention": _retention,
}
_MORE: Mapping[str, Check] = {
    "keywords": fields.each(_words),
    "without": fields.each(_words),
    "with": fields.sorted_each(fields.class_name, 1, 32),
    "note": _words,
}
_RECORDING: Mapping[str, Check] = {
    "media": fields.sorted_each(fields.one_of(MEDIA_KINDS), 1, 8),
    "carriers": fields.sorted_each(fields.one_of(CARRIERS), 1, 16),
    "kind": fields.one_of(RECORDING_KINDS),
    "begins": _words,
    "content": _words,
    "ends": _words,
}
_RECORDING_MORE: Mapping[str, Check] = {
    **_MORE,
    **dict.fromkeys(("matter", "place", "recorder", "unit", "timing", "storage"), _words),
    "upload_hours": _number(_MOST_HOURS),
}


def _numbered(table: Mapping[str, Any], key: str) -> Sequence[tuple[str, Any]]:
    if len(table[key]) > _MOST_ROWS:
        raise FormatError(f"there are at most {_MOST_ROWS} tables {key}")
    return [(f"{key} {number}", row) for number, row in enumerate(table[key], 1)]


def _row(where: str, row: Any, more: Mapping[str, Check]) -> Row:
    name = row.get("id") if isinstance(row, dict) else None
    try:
        fields.exactly(row, {**_ROW, **more}, _RECORDING_MORE if more else _MORE)
        if not more and not row.get("keywords"):
            raise FormatError("a document has keywords, by which it is known")
        return _made(row)
    except FormatError as error:
        shown = f"{where} ({str(name)[:32]})" if name else where
        raise FormatError(f"{shown}: {error}") from error


def _made(row: Mapping[str, Any]) -> Row:
    return Row(
        **{key: row[key] for key in ("id", "stage", "en", "zh", "basis", "required", "retention")},
        categories=tuple(row["categories"]),
        keywords=tuple(plain(word) for word in row.get("keywords", ())),
        without=tuple(plain(word) for word in row.get("without", ())),
        needs=tuple(row.get("with", ())),
        media=tuple(row.get("media", ())),
        carriers=tuple(row.get("carriers", ())),
        kind=row.get("kind"),
        upload_hours=row.get("upload_hours"),
        columns={key: row[key] for key in COLUMNS if key in row},
    )


def _check_whole(found: RecordList) -> None:
    """No id twice, no name twice where it could be meant, and `with` names documents."""
    if not found.rows:
        raise FormatError("the list is empty")
    rows = {row.id: row for row in found.rows}
    if len(rows) != len(found.rows):
        twice = next(row.id for row in found.rows if rows[row.id] is not row)
        raise FormatError(f"two rows have the id {twice}")
    for row in found.rows:
        for other in row.needs:
            if other not in rows or rows[other].is_recording:
                raise FormatError(f"{row.id}: with: {other} is no document of the list")
            if not set(row.categories) <= set(rows[other].categories):
                raise FormatError(f"{row.id}: with: {other} is not of the same categories")
        if row.required == "if_claimed" and row.is_recording and not row.needs and not row.keywords:
            raise FormatError(f"{row.id}: if_claimed takes keywords, or documents in with")
    _check_names(found)


def _check_names(found: RecordList) -> None:
    for category in CATEGORIES:
        for recordings in (True, False):
            names: dict[str, str] = {}
            for row in found.of(category):
                for name in (
                    {plain(row.en), plain(row.zh)} if row.is_recording is recordings else ()
                ):
                    if names.setdefault(name, row.id) != row.id:
                        raise FormatError(f"{row.id}: its name is that of {names[name]} too")
