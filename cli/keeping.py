"""The sweep of an archive as the settings have it, and its turn beside the watcher."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from archive.errors import ArchiveError, StateUnknown, Unreachable
from archive.ports import Protection, StoredVersion, Vault
from cli.clearing import ClearingTurn, clearer_of
from cli.exits import sentence
from cli.language import say
from cli.wiring_stock import FIRST, REPLICA, first_of, replica_of
from retention.locks import Locks
from retention.sweep import Sweep, Swept
from signing.errors import SigningError

if TYPE_CHECKING:
    from cli.wiring import Workbench

_SECONDS = 60.0


class Away:
    """A second copy that cannot be reached: what is to be kept there waits, with the reason."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def versions(self, prefix: str, after: str = "") -> Iterator[StoredVersion]:
        """See Vault.versions; raises Unreachable, as everything here does."""
        raise self._error(prefix, after)

    def protection(self, key: str, version: str) -> Protection:
        """See Vault.protection."""
        raise self._error(key, version)

    def extend(self, key: str, version: str, until: datetime | None) -> Protection:
        """See Vault.extend."""
        del until
        raise self._error(key, version)

    def hold(self, key: str, version: str, *, on: bool) -> Protection:
        """See Vault.hold."""
        del on
        raise self._error(key, version)

    def destroy(self, key: str, version: str) -> None:
        """See Vault.destroy."""
        raise self._error(key, version)

    def _error(self, *_: str) -> Unreachable:
        return Unreachable(self._reason)


def vaults_of(bench: "Workbench") -> Mapping[str, Vault]:
    """The vaults of all stores by their names in the ledger."""
    vaults: dict[str, Vault] = {FIRST: first_of(bench).vault}
    if bench.settings.replica:
        try:
            vaults[REPLICA] = replica_of(bench).vault
        except Unreachable as error:
            vaults[REPLICA] = Away(str(error))
    return vaults


def locks_of(bench: "Workbench") -> Locks:
    """What brings locks to where the registers want them; the store is tried out before."""
    desk = bench.desk("single")
    return Locks(desk.database, vaults_of(bench))


def sweep_of(bench: "Workbench", host: str) -> Sweep:
    """A sweep of this archive; needs the passphrase."""
    desk = bench.desk(host)
    turn = ClearingTurn(lambda: clearer_of(bench, desk), desk)
    return Sweep(desk, vaults_of(bench), turn.run)


def tell_failures(swept: Swept, tell: Callable[[str], None]) -> None:
    """Say what could not be kept as it should be; nothing where all is well."""
    for failure in swept.failures[:10]:
        tell(
            say(
                f"The lock of {failure.unit} in the store {failure.store} is not as it should"
                f" be; it is tried again: {failure.reason}",
                f"存储 {failure.store} 中 {failure.unit} 的锁定未达要求，将重试：{failure.reason}",
            )
        )


class Keeping:
    """Sweeps every minute in a thread of its own until `stop`; a fatal failure ends everything."""

    def __init__(self, bench: "Workbench", stop: threading.Event, wake: threading.Event) -> None:
        self._bench = bench
        self._stop, self._wake = stop, wake
        self._failure: StateUnknown | None = None

    @contextmanager
    def beside(self, tell: Callable[[str], None]) -> Iterator[None]:
        """Do it while the block runs; raises the StateUnknown that ended it."""
        thread = threading.Thread(target=self._run, args=(tell,), name="keeping", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self, tell: Callable[[str], None]) -> None:
        sweep: Sweep | None = None
        while not self._stop.wait(_SECONDS):
            try:
                sweep = sweep or sweep_of(self._bench, "single")
                tell_failures(sweep.step(), tell)
            except StateUnknown as error:
                self._failure = error
                self._stop.set()
                self._wake.set()
            except (ArchiveError, SigningError, OSError) as error:
                tell(sentence(error))
