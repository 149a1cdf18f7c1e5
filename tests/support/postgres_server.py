"""A real PostgreSQL for the tests: started when first asked for, on loopback, killed by its number.

server = Server.start()          # or the fixture `postgres`, one for each worker
url = server.database()          # a new database, with its URL
server.kill(); server.restart()  # kill -9 of everything, and up again on the same files
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from ports import release, reserve

SCRIPT = Path(__file__).parents[1] / "servers" / "postgres.sh"
BINARIES = Path("/usr/lib/postgresql")
START_SECONDS = 120
"""Making its files takes long on a busy machine."""
USER, PASSWORD = "keeper", "hidden/pass word"
_QUOTED = "hidden%2Fpass%20word"
NOT_HERE = "NOT RUN: needs PostgreSQL (apt-get install postgresql)"


def installed() -> bool:
    """Whether there are binaries to start."""
    return any(BINARIES.glob("*/bin/postgres"))


@dataclass
class Server:
    """One server and its folder."""

    folder: Path
    port: int
    fsync: str = "off"
    process: "subprocess.Popen[bytes] | None" = None
    _count: int = field(default=0)
    _model: str = ""

    @classmethod
    def start(cls, fsync: str = "off") -> "Server":
        """A new server on a free port."""
        # Not below pytest's folder, which only its owner may enter.
        server = cls(Path(tempfile.mkdtemp(prefix="cunzheng-postgres-")), reserve(), fsync)
        try:
            server.restart()
        except RuntimeError:
            server.stop()
            raise
        return server

    def restart(self) -> None:
        """Up again on the same files and port."""
        environment = {**os.environ, "FSYNC": self.fsync}
        command = [str(SCRIPT), str(self.folder), str(self.port)]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.plain("postgres"), connect_timeout=5).close()
                return
            time.sleep(0.05)
        self.kill()
        log = self.folder / "log"
        said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        raise RuntimeError(f"PostgreSQL does not start:\n{said}")

    def kill(self) -> None:
        """kill -9 of the server and of all that it started."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGSTOP)  # so that it starts no more of them
        children = _children(self.process.pid)
        for number in (self.process.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self.process.wait()
        end = time.monotonic() + 60  # a number may be given to another process
        for number in children:
            while Path(f"/proc/{number}").exists() and time.monotonic() < end:
                time.sleep(0.01)

    def stop(self) -> None:
        """End it and take its files away."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)  # at once; nothing is kept
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        release(self.port)
        shutil.rmtree(self.folder, ignore_errors=True)

    def plain(self, name: str) -> str:
        """How libpq is told of a database."""
        return f"postgresql://{USER}:{_QUOTED}@127.0.0.1:{self.port}/{name}"

    def database(self, **options: str) -> str:
        """A new, empty database; returns its URL. `options` go into CREATE DATABASE."""
        self._count += 1
        name = f"archive{self._count}"
        more = " ".join(f"{key} {value}" for key, value in options.items())
        self.run(f"CREATE DATABASE {name} {more}")
        return self.plain(name)

    def prepared(self) -> str:
        """A new database that has the archive's tables; migrating each one again is slow."""
        from archive.database import Database

        if not self._model:
            self._model = "prepared"
            self.run(f"CREATE DATABASE {self._model}")
            model = Database(self.plain(self._model))
            model.prepare()
            model.close()
        return self.database(TEMPLATE=self._model)

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """One statement of the superuser; returns its rows."""
        with psycopg.connect(self.plain(database), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One server for all tests of this worker; each takes a database of its own."""
    if not installed():
        pytest.skip(NOT_HERE)
    server = Server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def on_postgresql(request: pytest.FixtureRequest) -> Iterator[None]:
    """With CUNZHENG_TEST_DATABASE=postgresql archives of `archive_fixture` stand on a server."""
    if os.environ.get("CUNZHENG_TEST_DATABASE") != "postgresql":
        yield
        return
    import archive_fixture

    server: Server = request.getfixturevalue("postgres")
    archive_fixture.ELSEWHERE.append(server.prepared)
    yield
    archive_fixture.ELSEWHERE.pop()
