"""Founding an archive's home: folders, keys and certificates, and the policy to take away.

The caller seals the first batch and writes the settings last: a home without settings is no
archive, so a founding that was cut short can be seen as such.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from archive.boundary import FOLDERS, HOME_MODE, PLACES, PRIVATE_FOLDER
from archive.durable import FileSystem, write_new
from archive.errors import UsageError
from archive.keyring import Keyring, found
from signing.trust import LogKey, TrustPolicy, TsaRoot

_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Founding:
    """What a new archive starts with; `store` is the root of the store, None with buckets."""

    home: Path
    store: Path | None
    archive_id: str
    organization: str


def found_home(
    fs: FileSystem,
    founding: Founding,
    keyring: Keyring,
    now: datetime,
    serial: Callable[[], int],
) -> TrustPolicy:
    """Make folders, keys and `policy.toml`; returns the policy.

    Raises UsageError if the home is not empty: nothing that is there is ever touched.
    """
    _make_folders(founding)
    found(keyring, founding.organization, now, serial)
    policy = founding_policy(keyring, founding.archive_id, now)
    path = founding.home / "policy.toml"
    write_new(fs, path, (policy.to_toml().encode(),), mode=0o644)
    fs.sync_file_system(founding.home)
    return policy


def founding_policy(keyring: Keyring, archive_id: str, now: datetime) -> TrustPolicy:
    """Trust in the archive's own new keys and its embedded, internal time."""
    root = keyring.certificate("root")
    return TrustPolicy(
        archive=archive_id,
        log_keys=(LogKey(keyring.signer("log").public_key(), now.replace(microsecond=0) - _SLACK),),
        ca_roots=(root,),
        tsa_roots=(TsaRoot(root, "internal"),),
    )


def _make_folders(founding: Founding) -> None:
    home = founding.home
    if home.exists() and any(home.iterdir()):
        raise UsageError(f"{home} is not empty; an archive needs a folder of its own.")
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(HOME_MODE)
    for name, mode in FOLDERS.items():
        (home / name).mkdir()
        if mode is not None:
            (home / name).chmod(mode)
    if founding.store is None:
        return
    for part in PLACES:
        (founding.store / part).mkdir(parents=True)
        (founding.store / part).chmod(PRIVATE_FOLDER)
