"""What can be done to an archive, and what an inspection must say about it, as data and as a run.

An `Attack` is done once to a copy of a real archive; every `Look` at it is one `cunzheng verify`
and one row of the table. A row is good when the code is found, names what was damaged, the exit
code is right, nothing could be called a failure of the check itself, and no file was changed.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from resealer import History, Keys
from tamper_lab import Base, Lab, Verdict

BUCKET, DATABASE, BOTH, KEYS, NOBODY = "bucket", "database", "bucket, database", "all keys", "-"
_NOT_A_CATCH = ("CHECK_INCOMPLETE", "STORE_UNREADABLE")


@dataclass(frozen=True)
class Look:
    """One inspection: what the inspector has beside the policy, and what must come out.

    `codes` must all be found, the first one naming the damage; () means PASSED. `policy` is the
    name of another policy file beside the inspector's own.
    """

    codes: tuple[str, ...]
    exit_code: int = 1
    checkpoint: bool = False
    receipt: bool = False
    database: bool = False
    after: timedelta = timedelta(minutes=30)
    policy: str | None = None
    during: Callable[["Scene"], AbstractContextManager[object]] = lambda _: nullcontext()

    @property
    def by(self) -> str:
        """What catches it, for the table."""
        with_policy = [
            "one kept checkpoint" if self.checkpoint else "",
            "one kept receipt" if self.receipt else "",
            "the database" if self.database else "",
        ]
        return " + ".join(["policy", *filter(None, with_policy)])


@dataclass(frozen=True)
class Scene:
    """A copy of an archive that somebody is about to damage."""

    lab: Lab
    base: Base
    home: Path

    @property
    def evidence(self) -> Path:
        return self.home / "store" / "evidence"

    @property
    def live(self) -> Path:
        return self.home / "store" / "live"

    def history(self) -> History:
        return History.read(self.home)

    def keys(self) -> Keys:
        return Keys.stolen(self.home)


@dataclass(frozen=True)
class Attack:
    """`act` does it and returns what the finding must name, or None."""

    name: str
    who: str
    act: Callable[[Scene], str | None]
    looks: tuple[Look, ...]
    base: str = "office"
    column: str | None = None


@dataclass(frozen=True)
class Row:
    """One inspection after one attack; `fault` is empty where it went as it must."""

    attack: Attack
    look: Look
    verdict: Verdict
    fault: str

    @property
    def good(self) -> bool:
        return not self.fault


ATTACKS: list[Attack] = []


def attack(
    name: str, who: str, *looks: Look, base: str = "office", column: str | None = None
) -> Callable[[Callable[[Scene], str | None]], Callable[[Scene], str | None]]:
    """Put a function into the table; `column` is that of the peers' table which it stands for."""

    def put(act: Callable[[Scene], str | None]) -> Callable[[Scene], str | None]:
        ATTACKS.append(Attack(name, who, act, looks, base, column))
        return act

    return put


def run(lab: Lab, one: Attack) -> Iterator[Row]:
    """Do it to a fresh copy, and inspect that in every way that is asked for."""
    base: Base = getattr(lab, one.base)
    scene = Scene(lab, base, lab.copy(base))
    named = one.act(scene)
    for look in one.looks:
        with look.during(scene):
            verdict = lab.verify(
                scene.home,
                base,
                policy=look.policy,
                checkpoint=look.checkpoint,
                receipt=look.receipt,
                database=look.database,
                after=look.after,
            )
        yield Row(one, look, verdict, _fault(look, verdict, named))


def _fault(look: Look, verdict: Verdict, named: str | None) -> str:
    """What is wrong with an answer, in a few words; empty if nothing is."""
    outcome = {0: "PASSED", 1: "FAILED", 3: "INDETERMINATE"}[look.exit_code]
    if (verdict.exit_code, verdict.outcome) != (look.exit_code, outcome):
        return f"exit code {verdict.exit_code}, {verdict.outcome} {verdict.codes}"
    if not verdict.untouched:
        return "verification changed the archive"
    missing = [code for code in look.codes if code not in verdict.codes]
    if missing:
        return f"no {missing[0]} among {verdict.codes}"
    if not look.codes and verdict.codes:
        return f"{verdict.codes} found in what is fine"
    excuses = [code for code in _NOT_A_CATCH if code in verdict.codes and code not in look.codes]
    if excuses:
        return f"{excuses[0]}: {verdict.subjects(excuses[0])[0]}"
    if named and look.codes and not any(named in text for text in verdict.subjects(look.codes[0])):
        return f"{look.codes[0]} does not name {named}: {verdict.subjects(look.codes[0])[0]}"
    return ""
