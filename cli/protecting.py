"""How well the store protects evidence: tried out before the first write, and remembered.

    stand = protected(bench)          # raises UsageError where the server promises too little
    bench.log_settings … storage=stand.level

A folder promises nothing that has to be tried out. A bucket is probed before anything is written
that relies on its locks, and again when its server or the settings that name it have changed.
"""

import json
import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from archive.errors import UsageError
from archive.ids import RANDOM_BYTES, new_ulid
from archive.introducing import Introductions, Stand, said_of
from archive.storage_level import NO_LOCKS, READ_ONLY
from cli.language import say
from cli.settings import Settings
from cli.wiring_places import Purpose, access_of
from signing.digest import Digest

if TYPE_CHECKING:
    from archive.stores.s3 import Bucket, Traits
    from cli.wiring import Workbench

FIRST = "first"


def protected(bench: "Workbench") -> Stand:
    """What protects the first store; asks the server only as far as it must.

    Raises UsageError where a guarantee is missing that the settings do not do without, Unreachable.
    """
    settings = bench.settings
    if not settings.in_bucket:
        return Stand(READ_ONLY)
    bucket = bucket_of(settings)
    known = introductions(bench).known(FIRST)
    here = Stand("", server=_server(bucket), configuration=configuration(settings))
    if known is not None and known.same_place(here):
        check_accepted(settings, known.missing)
        return known
    found = bench.examined or examined(bench)
    check_accepted(settings, found.missing)
    introductions(bench).say(FIRST, found)
    return found


def examined(bench: "Workbench") -> Stand:
    """Try the first store out now, whatever is remembered; writes nothing to the ledger."""
    from archive.stores.s3.guarantees import level_of
    from archive.stores.s3.inspection import S3Inspection
    from archive.stores.s3.probe import probe

    settings = bench.settings
    if not settings.in_bucket:
        return Stand(READ_ONLY)
    bucket = bucket_of(settings)
    run = new_ulid(bench.clock.now(), os.urandom(RANDOM_BYTES))
    found = probe(bucket, settings.lock_mode, run, bench.clock)
    lacking = found.lacking(settings.lock_mode)
    facts = S3Inspection(bucket, bench.clock).facts()
    return Stand(
        level=level_of(settings.lock_mode, lacking),
        missing=tuple(sorted(lacking)),
        server=facts.server,
        configuration=configuration(settings),
        settings=facts.settings,
        more={
            "given": sorted(found.given),
            "left": found.left,
            "lock_mode": settings.lock_mode,
            "may_delete": found.rights,
            "untried": sorted(frozenset(lacking) - found.missing),
        },
    )


def introductions(bench: "Workbench") -> Introductions:
    """What the ledger says of the stores."""
    from archive.stores.s3 import S3Store

    settings = bench.settings
    # Not the bench's own: how that writes depends on what is read here.
    evidence = S3Store(bucket_of(settings)) if settings.in_bucket else bench.evidence
    return Introductions(bench.database, evidence, bench.clock, os.urandom, settings.archive)


def remembered_traits(bench: "Workbench") -> "Traits | None":
    """What the last probe said that writing must know; None before the first one."""
    if bench.examined is not None:
        return traits_of(bench.examined.missing)
    if not bench.bare_database.exists():
        return None
    with bench.database.read() as connection:
        said = said_of(connection, FIRST)
    return traits_of(said["missing"]) if said else None


def configuration(settings: Settings) -> str:
    """Digest of what decides which server is spoken to, and how."""
    said = {
        "endpoint": settings.s3_endpoint,
        "lock_mode": settings.lock_mode,
        "region": settings.s3_region,
        "store": settings.store,
    }
    return str(Digest.of("sha256", json.dumps(said, sort_keys=True).encode()))


def check_accepted(settings: Settings, missing: Collection[str]) -> None:
    """Raise UsageError unless the settings do without everything that is missing."""
    from archive.stores.s3.guarantees import unacceptable

    if settings.lock_mode == NO_LOCKS:
        return
    if harmful := unacceptable(missing):
        names = ", ".join(harmful)
        raise UsageError(
            say(
                f"Nothing can be locked safely in {settings.store}: it lacks {names}; see"
                ' `cunzheng doctor --store`, or go without locks (lock_mode = "none").',
                f"{settings.store} 无法安全加锁：缺少 {names}；请运行 cunzheng doctor --store，"
                '或放弃加锁（lock_mode = "none"）。',
            )
        )
    refused = sorted(set(missing) - set(settings.accept_missing))
    if refused:
        names = ", ".join(refused)
        raise UsageError(
            say(
                f"{settings.store} does not promise what evidence needs: {names}; see `cunzheng"
                " doctor --store`. To go on without, name all of it in accept_missing.",
                f"{settings.store} 未提供存证所需的保证：{names}；请运行 cunzheng doctor --store。"
                "如确需继续，请在 accept_missing 中逐项列明。",
            )
        )


def acceptable(settings: Settings, missing: Collection[str]) -> bool:
    """Whether the archive may write there as it is set up."""
    try:
        check_accepted(settings, missing)
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
