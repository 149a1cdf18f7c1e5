"""`cunzheng serve`: the one process of a home that owns keys, database and store.

It watches the inbox as `watch` does and answers commands on `run/cunzheng.sock`.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import typer

from archive.boundary import FOLDERS, wider
from archive.desk.closing import keep_house
from archive.errors import ArchiveError, StateUnknown, UsageError
from cli import passphrase
from cli.commands.watch import end_on_signals, watch
from cli.exits import sentence
from cli.index_work import index_work
from cli.invocation import Invocation
from cli.language import say
from cli.media_work import media_work
from cli.output import print_line, show_path
from cli.reporting import Tally
from cli.service.faults import for_log
from cli.service.home_lock import serving
from cli.service.operations import Host, start
from cli.service.place import FOLDER, SOCKET
from cli.service.secrecy import keep_memory_private
from cli.service.server import Server, log_line
from cli.settings import Settings
from cli.wiring import Workbench
from cli.wiring_copy import copying
from signing.errors import SigningError

_HOUSEKEEPING_SECONDS = 60.0


def run(context: typer.Context) -> None:
    """Serve until told to end. Example: cunzheng --home /srv/cunzheng serve."""
    invocation = Invocation.of(context)
    home, settings = invocation.settings()
    with serving(home):
        _check_boundary(home, settings)
        keep_memory_private()
        workbench = Workbench(home, settings, secret=passphrase.taken())
        _open(workbench)
        tally = Tally(quiet=invocation.json, inbox=home / "inbox")
        service = _Service(Host(workbench, "service"), quiet=invocation.json)
        end_on_signals(service.stop, service.wake)
        with (
            workbench.watcher(tally, tally.tell) as watcher,
            copying(workbench, log_line),
            media_work(workbench, lambda: watcher.pipeline.busy, log_line),
            index_work(workbench, lambda: watcher.pipeline.busy, log_line),
            service.running(home),
        ):
            watch(watcher, home, service.stop, service.wake, quiet=invocation.json)
        service.raise_failure()
        waiting = watcher.waiting_for_tsa
    tally.show(as_json=invocation.json, waiting_for_tsa=waiting)


class _Service:
    """What runs beside the watcher, and the one failure that ends all of it."""

    def __init__(self, host: Host, *, quiet: bool) -> None:
        self._host = host
        self._quiet = quiet
        self.stop, self.wake = threading.Event(), threading.Event()
        self._failure: StateUnknown | None = None

    @contextmanager
    def running(self, home: Path) -> Iterator[None]:
        """Answer on the socket and keep house."""
        start(self._host)
        keeping = threading.Thread(target=self._keep_house, name="housekeeping", daemon=True)
        with Server(home, self._host, self._fail):
            if not self._quiet:
                place = home / FOLDER / SOCKET
                print_line(say(f"serving on {place}", f"服务地址 {place}"))
            keeping.start()
            try:
                yield
            finally:
                self._end()
        keeping.join()

    def raise_failure(self) -> None:
        """Raise what made the service end, if it was not told to."""
        if self._failure is not None:
            raise self._failure

    def _keep_house(self) -> None:
        while not self.stop.is_set():
            for step in self._host.housekeeping:
                self._do(step)
            self.stop.wait(_HOUSEKEEPING_SECONDS)

    def _do(self, step: Callable[[], None]) -> None:
        try:
            step()
        except StateUnknown as error:
            self._fail(error)
        except (ArchiveError, SigningError, OSError) as error:
            log_line(sentence(error))
        except Exception as error:  # one step that fails does not stop the others
            log_line(f"housekeeping: {for_log(error)}")

    def _fail(self, error: StateUnknown) -> None:
        self._failure = error
        self._end()

    def _end(self) -> None:
        self.stop.set()
        self.wake.set()


def _open(workbench: Workbench) -> None:
    """Open keys and database at once: a wrong passphrase is told now, not at the first drop."""
    # Takes half a second and is needed at the first seal: nobody who asks shall wait for it.
    import_module("pyhanko.sign.signers")
    keep_house(workbench.confidential("service"))


def _check_boundary(home: Path, settings: Settings) -> None:
    """Refuse to serve a home that others can look into; makes the folder of the socket."""
    (home / FOLDER).mkdir(mode=FOLDERS[FOLDER] or 0, exist_ok=True)
    found = [show_path(item.path) for item in wider(home, settings.store_path(home))]
    if found:
        names = " ".join(found)
        raise UsageError(
            say(
                "Other accounts can reach more of the archive than they may; `cunzheng doctor`"
                f" says what the modes should be: {names}",
                f"其他账户可访问的范围过大，应有的权限见 cunzheng doctor：{names}",
            )
        )
