"""Attacks on what people look at: pictures of records, by those who can write the storage."""

import os
from pathlib import Path

from tamper import BUCKET, Look, Scene, attack
from tamper_lab import overwrite


def _pictures(scene: Scene) -> list[Path]:
    found = sorted((scene.live / "derived").glob("*/thumbnail-*.jpg"))
    assert len(found) == 3
    return found


def _key(scene: Scene, path: Path) -> str:
    return f"live/{path.relative_to(scene.live)}"


@attack("picture of a record exchanged", BUCKET, Look(("DERIVED_ALTERED",)), base="pictured")
def exchange(scene: Scene) -> str:
    one, other, _ = _pictures(scene)
    overwrite(one, other.read_bytes())
    return _key(scene, one)


@attack("picture put beside a record", BUCKET, Look(("OBJECT_UNEXPECTED",)), base="pictured")
def plant(scene: Scene) -> str:
    one, other, _ = _pictures(scene)
    planted = one.with_name(other.name)
    overwrite(planted, other.read_bytes())
    stamp = scene.base.end.timestamp()
    os.utime(planted, (stamp, stamp))
    return _key(scene, planted)
