"""What `doctor` measures: clocks, disks, permissions, the store, the TSA. Changes nothing that
stays: the trial file in the store's scratch folder is removed at once.
"""

import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from archive import doctor
from archive.boundary import wider
from archive.doctor import Check, Expiring, KeyFile, State
from archive.errors import ArchiveError, UsageError
from archive.pki_register import PKI
from archive.status import read_status
from cli import passphrase
from cli.settings import EMBEDDED
from cli.wiring import Workbench
from cli.wiring_places import check_file_system, folder_of
from ingest.quarantine.blocked import OpenShelf
from ingest.quarantine.rejections import Rejections
from ingest.quarantine.shelf import Shelf
from signing.digest import Digest
from signing.errors import SigningError

_PROBE = Digest.of("sha256", b"cunzheng: is the time-stamping authority there?")
_TRIAL = "doctor-trial"


def measure(workbench: Workbench) -> Iterator[Check]:
    """All checks of one archive."""
    now = workbench.clock.now()
    with workbench.database.read() as connection:
        status = read_status(connection)
        crls = connection.execute(
            select(PKI.c.issuer, func.max(PKI.c.next_update).label("until"))
            .where(PKI.c.kind == "crl")
            .group_by(PKI.c.issuer)
        ).all()
    yield doctor.judge_clock(now, status.last_time)
    yield _tsa(workbench)
    for name, path in _disks(workbench):
        found = os.statvfs(path)
        yield doctor.judge_disk(
            name, found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
        )
    keys = workbench.folder("keys")
    yield from doctor.judge_certificates(_certificates(keys), now)
    lists = [Expiring(row.issuer, row.until) for row in crls]
    yield from doctor.judge_crls(lists, now, root_key=(keys / "root.key").exists())
    yield from doctor.judge_keys(list(_key_files(keys)))
    store = workbench.settings.store_path(workbench.home)
    yield from doctor.judge_boundary(list(wider(workbench.home, store)))
    yield _quarantine(workbench)
    yield doctor.judge_store(_store_problem(workbench))
    yield from doctor.judge_database(workbench.database.settings())


def shelf_of(workbench: Workbench) -> OpenShelf:
    """What lies in quarantine, by what the ledger says of it, without what is blocked."""
    rejections = Rejections(workbench.database, workbench.evidence)
    return OpenShelf(Shelf(workbench.folder("quarantine"), rejections), workbench.database)


def _quarantine(workbench: Workbench) -> Check:
    wrong = shelf_of(workbench).wrong(whole=True)
    names = ("missing", "altered", "unknown")
    values = {name: wrong.get(f"QUARANTINE_{name.upper()}", 0) for name in names}
    return Check("QUARANTINE", State.WRONG if wrong else State.FINE, values)


def _tsa(workbench: Workbench) -> Check:
    """Ask for one token; the embedded authority needs the passphrase."""
    if workbench.settings.tsa == EMBEDDED and passphrase.given(os.environ) is None:
        return doctor.judge_tsa(workbench.clock.now(), None, "PASSPHRASE")
    from signing.timestamp import check_token

    answered: datetime | None = None
    problem = None
    try:
        token = workbench.timestamper(None).timestamp(_PROBE)
        answered = check_token(token, digest=_PROBE).gen_time
    except (SigningError, ArchiveError) as error:
        problem = str(error)
    return doctor.judge_tsa(workbench.clock.now(), answered, problem)


def _disks(workbench: Workbench) -> Iterator[tuple[str, Path]]:
    """One folder of each file system."""
    seen = set()
    store = folder_of(workbench.settings, workbench.home)
    folders = {
        **({"store": store} if store else {}),
        "staging": workbench.folder("staging"),
        "inbox": workbench.folder("inbox"),
    }
    for name, path in folders.items():
        device = path.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield name, path


def _certificates(keys: Path) -> list[Expiring]:
    from cryptography import x509

    found = []
    for path in sorted(keys.glob("*.crt")):
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        found.append(Expiring(path.stem, certificate.not_valid_after_utc))
    return found


def _key_files(keys: Path) -> Iterator[KeyFile]:
    yield KeyFile("keys/", stat.S_IMODE(keys.stat().st_mode))
    for path in sorted(keys.glob("*.key")):
        yield KeyFile(f"keys/{path.name}", stat.S_IMODE(path.stat().st_mode))


def _store_problem(workbench: Workbench) -> str | None:
    """Whether files can be made beside the store and linked into it; of buckets, who answers."""
    root = folder_of(workbench.settings, workbench.home)
    if root is None:
        return _bucket_problem(workbench)
    trial = workbench.folder("scratch") / f"{_TRIAL}-{os.getpid()}"
    second = root / "live" / trial.name
    fs = workbench.fs
    try:
        check_file_system(workbench.settings, workbench.home)
        os.close(os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        fs.link(trial, second)
    except UsageError as error:
        return str(error)
    except OSError as error:
        return f"{error.strerror}: {error.filename}"
    finally:
        fs.unlink(second)
        fs.unlink(trial)
    if not os.access(root / "evidence", os.W_OK | os.X_OK):
        return "evidence/"
    return None


def _bucket_problem(workbench: Workbench) -> str | None:
    """Whether both buckets can be listed; what they can do is shown by `doctor --store`."""
    try:
        for store in (workbench.evidence, workbench.live):
            next(iter(store.list("log/")), None)
    except ArchiveError as error:
        return str(error)
    return None
