"""Where registers stand: values by name and key, in a database, an index or in memory."""

from collections.abc import Mapping
from typing import Any, Protocol

Value = Mapping[str, Any]
"""A JSON-able object; never changed in place, always put back as a whole."""


class Shelf(Protocol):
    """The registers as they are at one moment of the ledger.

    Names: `person` by id, `certificate` by digest, `key` by digest of the public key, `case` by id,
    `record` by id (read only: {`source`, `size`, `sha256` in hexadecimal, `received_at`,
    `retain_until` (the first lock, or None), `tags` of the accession}), `record_cases`,
    `record_holds` and `term` (see `retention`) by record, `source` by id ({`unit`}), `hold`,
    `request`, `access`, `rules` by name, `rules_text` by digest, `statement` by digest, `nonce` by
    its digest, `case_number` by number, `account` by number ({`person`}), `case_holds` by case,
    `store` by name (what the last probe said), `founding` (one value, see `signers`). Of
    disposition: `record_pack` by record ({`pack`}) and `pack` by id ({`members`}), both read only;
    `disposition`, `record_disposition`, `destroyed` and `split` by record, `stores` (one value:
    `names`). Of spills: `spill` by id, `spilled` and `cleared` by record (see `spill`). Of filing:
    `case_volumes` and `case_excused` by case, `ref_code` by code.
    """

    def get(self, shelf: str, key: str) -> Value | None:
        """A value, or None."""

    def put(self, shelf: str, key: str, value: Value) -> None:
        """Set a value."""


class MemoryShelf:
    """Registers in memory, for tests and for judging a few entries."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], Value] = {}

    def get(self, shelf: str, key: str) -> Value | None:
        """A value, or None."""
        return self._values.get((shelf, key))

    def put(self, shelf: str, key: str, value: Value) -> None:
        """Set a value."""
        self._values[shelf, key] = value


class Overlay:
    """Registers over others: what is put here is seen here alone."""

    def __init__(self, below: Shelf) -> None:
        self._below = below
        self._own: dict[tuple[str, str], Value] = {}

    def get(self, shelf: str, key: str) -> Value | None:
        """A value, or None."""
        own = self._own.get((shelf, key))
        return self._below.get(shelf, key) if own is None else own

    def put(self, shelf: str, key: str, value: Value) -> None:
        """Set a value, here alone."""
        self._own[shelf, key] = value
