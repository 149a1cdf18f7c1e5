"""Stores of an office as tests look into them, and one that has a lock."""

from dataclasses import replace

from disposal_office import DisposalOffice

from archive.ports import Protection
from retention.execute import Place


def stored(office: DisposalOffice, record: str) -> list[str]:
    found = []
    for place in office.stores():
        found += [i.key for i in place.store.list("") if record in i.key]
    return found


class Locked:
    """A vault one of whose objects is locked."""

    def __init__(self, place: Place, until: object) -> None:
        self._vault = place.vault
        self.until = until

    def protection(self, key: str, version: str) -> Protection:
        found = self._vault.protection(key, version)
        return replace(found, until=self.until) if key.endswith("record.json") else found

    def __getattr__(self, name: str) -> object:
        return getattr(self._vault, name)
