"""Finds the desk of an archive: the service where it answers, else this process itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive.errors import Denied, Unreachable
from cli.invocation import Invocation
from cli.language import say
from cli.service.client import SocketDesk
from cli.service.desk import Desk
from cli.service.place import FOLDER, SOCKET
from cli.settings import SETTINGS_FILE, Settings


@contextmanager
def open_desk(invocation: Invocation) -> Iterator[Desk]:
    """The desk of the archive that an invocation names; one sentence where there is none.

    Raises UsageError, Unreachable, or Denied for an account outside the group of the socket.
    """
    home = _home(invocation)
    service = SocketDesk(home)
    closed = False
    try:
        service.hello()
    except PermissionError:
        closed = True
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        pass
    except OSError as error:
        raise Unreachable(
            say(
                f"The service does not answer: {error.strerror}.",
                f"服务没有应答：{error.strerror}。",
            )
        ) from error
    else:
        yield service
        return
    settings = _settings(invocation, home, closed=closed)
    # Imported late: a caller of the service needs no database, keys or store.
    from cli.service.local import local_desk

    with local_desk(home, settings) as desk:
        yield desk


def _home(invocation: Invocation) -> Path:
    """The home by its name alone: an account that only calls the service cannot look into it."""
    here = Path.cwd() if invocation.home is None else None
    if here and any((here / name).exists() for name in (SETTINGS_FILE, f"{FOLDER}/{SOCKET}")):
        return here
    return invocation.new_home()


def _settings(invocation: Invocation, home: Path, *, closed: bool) -> Settings:
    try:
        return Invocation(home, invocation.json, invocation.debug).settings()[1]
    except PermissionError as error:
        if closed:
            raise Denied(
                "SOCKET_CLOSED",
                say(
                    "This account may not use the service; it is not in the group of the"
                    " archive's folder run/.",
                    "此账户不能使用该服务：它不属于存证库 run/ 目录的用户组。",
                ),
            ) from error
        raise Unreachable(
            say(
                "The service does not run, and this account cannot open the archive itself.",
                "服务未运行，且此账户无权自行打开该存证库。",
            )
        ) from error
