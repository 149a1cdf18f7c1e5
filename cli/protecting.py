"""How well the store protects evidence: tried out before the first write, and remembered.

    stand = protected(bench)          # raises UsageError where the server promises too little
    bench.log_settings … storage=stand.level

A folder promises nothing that has to be tried out. A bucket is probed before anything is written
that relies on its locks, and again when its server or the settings that name it have changed.
"""

import json
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive.database import Database
from archive.errors import UsageError
from archive.ids import RANDOM_BYTES, new_ulid
from archive.introducing import Introductions, Stand, said_of, stated_level
from archive.storage_level import IMMUTABLE, NO_LOCKS, READ_ONLY
from archive.stores.immutable import can_be_immutable
from cli.bench import Bench
from cli.language import say
from cli.settings import Settings
from cli.wiring_places import Purpose, access_of
from signing.digest import Digest

if TYPE_CHECKING:
    from archive.stores.s3 import Bucket, Traits

FIRST = "first"
_SEEN: set[tuple[str, str]] = set()
"""Second copies that this process has looked at already."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One place of evidence as the settings name it: its name in the ledger, where, and how."""

    name: str
    place: str
    endpoint: str
    region: str
    lock_mode: str
    bucket: "Callable[[], Bucket] | None" = None
    """Opens its bucket; None for a folder."""

    @property
    def configuration(self) -> str:
        """Digest of what decides which server is spoken to, and how."""
        said = {
            "endpoint": self.endpoint,
            "lock_mode": self.lock_mode,
            "region": self.region,
            "store": self.place,
        }
        return str(Digest.of("sha256", json.dumps(said, sort_keys=True).encode()))


def first_spot(settings: Settings) -> Spot:
    """The first store."""
    return Spot(
        FIRST,
        settings.store,
        settings.s3_endpoint,
        settings.s3_region,
        settings.lock_mode,
        (lambda: bucket_of(settings)) if settings.in_bucket else None,
    )


def protected(bench: Bench, spot: Spot | None = None, fresh: Stand | None = None) -> Stand:
    """What protects a place (default: the first); asks the server only as far as it must.

    `fresh` is what a probe of this moment found already. Raises UsageError where a guarantee is
    missing that the settings do not do without, Unreachable.
    """
    spot = spot or first_spot(bench.settings)
    accepted = bench.settings.accept_missing
    if spot.bucket is None:
        return _folder(bench) if spot.name == FIRST else Stand(READ_ONLY)
    known = introductions(bench).known(spot.name)
    here = Stand("", server=_server(spot.bucket()), configuration=spot.configuration)
    if known is not None and known.same_place(here):
        check_accepted(spot, known.missing, accepted)
        return known
    found = fresh or examined(bench, spot)
    check_accepted(spot, found.missing, accepted)
    introductions(bench).say(spot.name, found)
    return found


def protected_copy(bench: Bench, spot: Spot) -> None:
    """The same for the second copy, once in a process; the ledger hears of a folder too."""
    mark = (str(bench.home), spot.configuration)
    if mark in _SEEN:
        return
    stand = protected(bench, spot)
    if introductions(bench).known(spot.name) is None:
        introductions(bench).say(spot.name, stand)
    _SEEN.add(mark)


def examined(bench: Bench, spot: Spot | None = None) -> Stand:
    """Try a place out now, whatever is remembered; writes nothing to the ledger."""
    from archive.stores.s3.guarantees import level_of
    from archive.stores.s3.inspection import S3Inspection
    from archive.stores.s3.probe import probe

    spot = spot or first_spot(bench.settings)
    if spot.bucket is None:
        return Stand(folder_level(bench) if spot.name == FIRST else READ_ONLY)
    bucket = spot.bucket()
    run = new_ulid(bench.clock.now(), os.urandom(RANDOM_BYTES))
    found = probe(bucket, spot.lock_mode, run, bench.clock)
    lacking = found.lacking(spot.lock_mode)
    facts = S3Inspection(bucket, bench.clock).facts()
    return Stand(
        level=level_of(spot.lock_mode, lacking),
        missing=tuple(sorted(lacking)),
        server=facts.server,
        configuration=spot.configuration,
        settings=facts.settings,
        more={
            "given": sorted(found.given),
            "left": found.left,
            "lock_mode": spot.lock_mode,
            "may_delete": found.rights,
            "untried": sorted(frozenset(lacking) - found.missing),
        },
    )


def _folder(bench: Bench) -> Stand:
    """A folder's level; the ledger hears of it where its log was opened with another one."""
    stand = Stand(folder_level(bench))
    with bench.database.read() as connection:
        stated = stated_level(connection)
    if stated not in (None, stand.level):
        introductions(bench).say(FIRST, stand)
    return stand


def folder_level(bench: Bench) -> str:
    """What the settings ask of a folder; UsageError where it cannot be had."""
    if not bench.settings.immutable_files:
        return READ_ONLY
    if can_be_immutable(bench.folder("scratch")):
        return IMMUTABLE
    raise UsageError(
        say(
            "The immutable flag cannot be set: this account has not CAP_LINUX_IMMUTABLE, or the"
            " file system has no such flag (immutable_files = false does without).",
            "无法设置不可变标志：本账户没有 CAP_LINUX_IMMUTABLE，或文件系统不支持"
            "（immutable_files = false 可不使用）。",
        )
    )


def introductions(bench: Bench) -> Introductions:
    """What the ledger says of the stores."""
    from archive.stores.s3 import S3Store

    settings = bench.settings
    # Not the bench's own: how that writes depends on what is read here.
    evidence = S3Store(bucket_of(settings)) if settings.in_bucket else bench.places.evidence
    return Introductions(bench.database, evidence, bench.clock, os.urandom, settings.archive)


def remembered_traits(database: Database, name: str) -> "Traits | None":
    """What the last probe of a place said that writing must know; None before the first one."""
    if not database.exists():
        return None
    with database.read() as connection:
        said = said_of(connection, name)
    return traits_of(said["missing"]) if said else None


def check_accepted(spot: Spot, missing: Collection[str], accepted: Collection[str]) -> None:
    """Raise UsageError unless the settings do without everything that is missing."""
    from archive.stores.s3.guarantees import unacceptable

    if spot.lock_mode == NO_LOCKS:
        return
    if harmful := unacceptable(missing):
        names = ", ".join(harmful)
        raise UsageError(
            say(
                f"Nothing can be locked safely in {spot.place}: it lacks {names}; see"
                ' `cunzheng doctor --store`, or go without locks (lock_mode = "none").',
                f"{spot.place} 无法安全加锁：缺少 {names}；请运行 cunzheng doctor --store，"
                '或放弃加锁（lock_mode = "none"）。',
            )
        )
    refused = sorted(set(missing) - set(accepted))
    if refused:
        names = ", ".join(refused)
        raise UsageError(
            say(
                f"{spot.place} does not promise what evidence needs: {names}; see `cunzheng"
                " doctor --store`. To go on without, name all of it in accept_missing.",
                f"{spot.place} 未提供存证所需的保证：{names}；请运行 cunzheng doctor --store。"
                "如确需继续，请在 accept_missing 中逐项列明。",
            )
        )


def acceptable(settings: Settings, missing: Collection[str]) -> bool:
    """Whether the archive may write there as it is set up."""
    try:
        check_accepted(first_spot(settings), missing, settings.accept_missing)
    except UsageError:
        return False
    return True


def look_of(settings: Settings, found: Stand) -> dict[str, Any]:
    """What a probe found as a document: level, and every guarantee with its state.

    States: `given`, `missing`, `accepted` (missing, and the settings do without it), `untried`
    (what is missing would make trying it dangerous or senseless), `unasked` (not needed without
    locks).
    """
    from archive.stores.s3.guarantees import GUARANTEES, needed

    rows = []
    asked = needed(settings.lock_mode) if settings.in_bucket else frozenset[str]()
    for name in GUARANTEES if settings.in_bucket else ():
        state = "given" if name in found.more["given"] else "missing"
        if name not in asked:
            state = "unasked"
        elif name in found.more["untried"]:
            state = "untried"
        elif state == "missing" and name in settings.accept_missing:
            state = "accepted"
        rows.append({"guarantee": name, "state": state})
    return {
        "place": settings.store,
        "level": found.level,
        "lock_mode": settings.lock_mode if settings.in_bucket else None,
        "server": found.server,
        "guarantees": rows,
        "left": found.more.get("left", 0),
        "may_delete": found.more.get("may_delete"),
        "fit": not settings.in_bucket or acceptable(settings, found.missing),
    }


def traits_of(missing: Collection[str]) -> "Traits":
    """What writing must know of a server."""
    from archive.stores.s3 import Traits

    return Traits(
        create_only=not {"create_only", "create_only_race"} & set(missing),
        create_only_parts="create_only_multipart" not in missing,
        checks_sha256="sha256_enforced" not in missing,
    )


def bucket_of(settings: Settings) -> "Bucket":
    """The bucket of evidence, with the credentials that write."""
    from archive.stores.s3 import Bucket, connect

    return Bucket.at(connect(access_of(settings, Purpose.INGEST)), settings.store)


def _server(bucket: "Bucket") -> str | None:
    headers = bucket.ask("head_bucket")["ResponseMetadata"]["HTTPHeaders"]
    found = headers.get("server")
    return None if found is None else str(found)
