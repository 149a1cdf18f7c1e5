"""Whether a place keeps what the ledger says, and as well as it says: `verify --storage`.

Pure judgement over the ports of a place; it reads, and imports nothing that writes. What should be
there comes from the ledger, by way of `archive.verify.stored`.
"""

from archive.storage_check.expected import Expected, Stated
from archive.storage_check.run import Ledgered, Sink, Storage, check_storage

__all__ = ["Expected", "Ledgered", "Sink", "Stated", "Storage", "check_storage"]
