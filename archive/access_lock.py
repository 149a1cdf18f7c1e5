"""A lock file per running access: held while its process lives, and what it handed out so far."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

_DIGITS = 20


class AccessLock:
    """`<folder>/<access id>.lock`, flock(2)ed from `__enter__` to `__exit__`.

    `held` says whether we have it; `noted` is the count that the file had when it was opened, None
    where there is none. The file is removed at the end by whoever holds it.
    """

    def __init__(self, folder: Path, access: str) -> None:
        self._path = folder / f"{access}.lock"
        self._fd = -1
        self.held = False
        self.noted: int | None = None

    def __enter__(self) -> "AccessLock":
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return self
        except BaseException:
            os.close(self._fd)
            raise
        self.held = True
        digits = os.pread(self._fd, _DIGITS, 0)
        self.noted = int(digits) if len(digits) == _DIGITS and digits.isdigit() else None
        return self

    def note(self, count: int) -> None:
        """Write down how many bytes are about to have been handed out."""
        os.pwrite(self._fd, b"%0*d" % (_DIGITS, count), 0)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.held:
            with suppress(FileNotFoundError):
                os.unlink(self._path)
        os.close(self._fd)
