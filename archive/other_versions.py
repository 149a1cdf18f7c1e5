"""An object may have several versions; the one whose bytes match the ledger is the record.

Stores choose the version they wrote, or the oldest. Whoever reads, and finds that the bytes are not
the ledger's, asks for another one and reads again:

    while not right(data) and other_version(store, key):
        data = read_all(store, key)
"""

from archive.ports import ObjectStore


def other_version(store: ObjectStore, key: str) -> bool:
    """Let the store read the next version of an object; False where there is none left.

    Then it is back at its first choice. A store without versions never has another one.
    """
    change = getattr(store, "other_version", None)
    return bool(change and change(key))
