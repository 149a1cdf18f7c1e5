"""The crash table: kill -9 at every durable step, then an ordinary run, then verification.

python tests/support/crash_table.py        # `make crash`: prints every point with its result
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import crash_intake
from crash_driver import Driver, Ended, Job, Kill
from crash_intake import CHANGED, ENVIRONMENT, TO_CHANGE, Drop
from crash_load import kill_at_random

from archive.errors import ArchiveError

_SHM = Path("/dev/shm")
_RELEASE = ("release", "releasing")
_ALONE = ("staging", "admitting", "session", "directory")


@dataclass(frozen=True)
class Scene:
    """A command that is killed. Whatever it is, it is repeated plainly and then checked."""

    name: str
    arguments: tuple[str, ...]
    rounds: int | None = None
    purge_hours: int = 24
    changing: bool = False
    by_hand: bool = False
    pack_up_to: int = 1 << 18
    batch_entries: int = 8
    only: tuple[str, ...] = ()
    """Parts of the steps' names; a scene beside the first one shows what is special about it."""


SCENES = (
    Scene("watch --once", ("watch", "--once")),
    Scene("watch --once, without packs", ("watch", "--once"), pack_up_to=0, only=_ALONE),
    Scene("watch --once, a drop changes", ("watch", "--once"), changing=True, only=_RELEASE),
    Scene("watch, purging", ("watch",), rounds=2, purge_hours=0, only=_RELEASE),
    Scene(
        "ingest",
        ("ingest", "PATH", "--source", crash_intake.BY_HAND),
        by_hand=True,
        batch_entries=1,  # which by hand is 8
        only=("admit", "packing", "stage", "session", "seal.", "outbox", "intake", "releasing"),
    ),
)


@dataclass(frozen=True)
class Result:
    """What became of one point; `fault` is empty where everything held."""

    scene: Scene
    kill: Kill
    reached: bool
    fault: str


class Stage:
    """One scene's prepared home, and the server that runs commands on it."""

    def __init__(self, scene: Scene, folder: Path, driver: Driver) -> None:
        self.scene = scene
        self.home = folder / "home"
        self.paper = folder / "paper"
        self._driver = driver
        settings = {
            "purge_hours": scene.purge_hours,
            "pack_up_to": scene.pack_up_to,
            "batch_entries": scene.batch_entries,
        }
        self._template = crash_intake.prepare(driver, self.home, **settings)
        made = crash_intake.drops_by_hand() if scene.by_hand else crash_intake.small_drops()
        self.drops: list[Drop] = made

    @property
    def inbox(self) -> Path:
        """Where the drops lie."""
        return self.paper if self.scene.by_hand else self.home / "inbox"

    def fresh(self) -> None:
        """Start anew."""
        crash_intake.fresh(self._template, self.home, [] if self.scene.by_hand else self.drops)
        if self.scene.by_hand:
            for drop in self.drops:
                drop.write(self.paper)

    def run(
        self, kill: Kill | None = None, trace: Path | None = None, *, again: bool = False
    ) -> Ended:
        """The scene's command, killed or not; `again` is the plain run that must drain."""
        place = str(self.paper / crash_intake.BY_HAND)
        rewrite = str(TO_CHANGE.path(self.inbox)) if self.scene.changing and not again else None
        return self._driver.run(
            Job(
                tuple(place if word == "PATH" else word for word in self.scene.arguments),
                str(self.home),
                kill,
                self.scene.rounds,
                rewrite,
                str(trace) if trace else None,
                environment=ENVIRONMENT,
            )
        )

    def counts(self, folder: Path) -> dict[str, int]:
        """How often each step is done in one undisturbed run."""
        self.fresh()
        trace = folder / "steps"
        ended = self.run(trace=trace)
        assert ended.code in (0, 1), ended.output
        steps: dict[str, int] = json.loads(trace.read_text())["steps"]
        only = self.scene.only
        return {name: n for name, n in steps.items() if not only or any(p in name for p in only)}

    def present(self) -> list[Drop]:
        """All drops; the one that changes is two, if it was changed before the kill came."""
        path = TO_CHANGE.path(self.inbox)
        changed = Drop(TO_CHANGE.source, TO_CHANGE.name, CHANGED)
        if not self.scene.changing or not _has(path, self.home / "purge", CHANGED):
            return self.drops
        return [*self.drops, changed]

    def _resting(self, present: list[Drop]) -> int | None:
        """Files in the purge tree: what was changed went back, and has gone only once."""
        if self.scene.by_hand:
            return 1
        if self.scene.purge_hours == 0:
            return 0
        if present is self.drops:
            return None
        return sum(d.files for d in [crash_intake.EARLIER, *self.drops] if d.kind != "refused")

    def case(self, kill: Kill) -> bool:
        """Kill there, look, run again, look again; returns whether the point was reached.

        Raises AssertionError.
        """
        self.fresh()
        ended = self.run(kill)
        if not ended.killed:
            return False
        present = self.present()
        crash_intake.check_after_kill(
            self.home,
            [d for d in self.drops if d is not TO_CHANGE or present is self.drops],
            self.inbox,
            torn=int(kill.place == "middle"),
        )
        again = self.run(again=True)
        assert again.code in (0, 1), f"exit code {again.code}: {again.output}"
        if self.scene.rounds is not None:
            again = self.run(again=True)
        torn = int(kill.place == "middle")
        crash_intake.check_drained(self.home, present, torn=torn, resting=self._resting(present))
        return True


def _has(path: Path, purge: Path, content: bytes) -> bool:
    """Whether these bytes stand at the drop's place or below the purge tree."""
    places = [path, *(p for p in purge.rglob("*") if p.is_file())]
    return any(place.exists() and place.read_bytes() == content for place in places)


def points(counts: dict[str, int]) -> Iterator[Kill]:
    """First, middle and last call of every step, before and after, and in the middle of writes."""
    for step, count in sorted(counts.items()):
        for number in sorted({1, (count + 1) // 2, count}):
            for place in ("before", "after"):
                yield Kill(step, number, place)
        if step.startswith("write "):
            yield Kill(step, 1, "middle")


def try_point(stage: Stage, kill: Kill) -> Result:
    """One line of the table; a point that was not reached is tried once more.

    Two threads share the work, so how often a step is done differs a little from run to run.
    """
    for _ in range(2):
        try:
            if stage.case(kill):
                return Result(stage.scene, kill, reached=True, fault="")
        except (AssertionError, ArchiveError) as error:
            return Result(stage.scene, kill, reached=True, fault=str(error).splitlines()[0][:300])
    return Result(stage.scene, kill, reached=False, fault="")


def run_part(scene: Scene, part: int, parts: int, folder: Path) -> list[Result]:
    """Every `parts`-th point of a scene, from number `part` on."""
    with Driver() as driver:
        stage = Stage(scene, folder, driver)
        kills = list(points(stage.counts(folder)))
        return [try_point(stage, kill) for kill in kills[part::parts]]


def fast_folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder in memory where there is one: what a kill leaves is the same on any file system."""
    place = str(_SHM) if os.access(_SHM, os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix="cunzheng-crash-", dir=place)


def _part_in_memory(scene: Scene, part: int, parts: int) -> list[Result]:
    with fast_folder() as folder:
        return run_part(scene, part, parts, Path(folder))


def main() -> int:
    """Print the table; the exit code is 1 if anything did not hold."""
    start = time.monotonic()
    parts = 2
    faults = 0
    print("kill -9 at every durable step; then an ordinary run must drain, and verification pass")
    print("the number counts the calls of a step; middle: half of the bytes are written")
    for scene in SCENES:
        with ThreadPoolExecutor(parts) as threads:
            done = threads.map(lambda part, s=scene: _part_in_memory(s, part, parts), range(parts))
            results = [result for part in done for result in part]
        results.sort(key=lambda result: (result.kill.step, result.kill.number, result.kill.place))
        print(f"\n{scene.name}: {len({r.kill.step for r in results})} steps")
        for result in results:
            outcome = result.fault or ("drained, PASSED" if result.reached else "not reached")
            faults += bool(result.fault)
            print(f"  {result.kill.place:7}{result.kill.step:68}#{result.kill.number:<5}{outcome}")
    print(f"\nkill points: {faults} faults, {time.monotonic() - start:.0f} s")
    faults += _random_kills()
    return 1 if faults else 0


def _random_kills() -> int:
    """200 kills at random moments under load; returns how many archives had a fault."""
    print("\nkill -9 at random moments, with drops arriving and ingest or fetch beside")
    faults = 0
    for seed in range(1, 5):
        with fast_folder() as folder:
            try:
                done = kill_at_random(Path(folder), seed, 50)
                print(f"  seed {seed}: {done} kills: drained, PASSED", flush=True)
            except (AssertionError, ArchiveError) as error:
                faults += 1
                print(f"  seed {seed}: {error}", flush=True)
    return faults


if __name__ == "__main__":
    sys.exit(main())
