"""Recording an inspection: who verified what, with which policy and which result.

The report itself is kept by the inspector; the ledger keeps its digest.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from archive import layout, submitting
from archive.actors import Doer
from archive.database import Database
from archive.detail import Detail
from archive.findings import Outcome
from archive.ids import RANDOM_BYTES, new_ulid
from archive.ledger import NewEntry, NewObject
from archive.ports import Clock
from archive.seal import Sealer
from signing.digest import Digest

KIND = "inspection.completed"


def report_bytes(value: dict[str, Any]) -> bytes:
    """The bytes of a JSON report: sorted keys, ASCII, one newline at the end."""
    return json.dumps(value, sort_keys=True, indent=1).encode("ascii") + b"\n"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is recorded; `policy` and `report` are digests of the policy file and of the report.

    `failed` and `indeterminate` count findings.
    """

    by: Doer
    scope: str
    policy: Digest
    report: Digest
    result: Outcome
    failed: int
    indeterminate: int


@dataclass(frozen=True, slots=True)
class Recorder:
    """Puts inspections on the ledger."""

    database: Database
    sealer: Sealer
    clock: Clock
    random: Callable[[int], bytes]
    timeout: float = 60.0

    def record(self, inspection: Inspection) -> tuple[str, int]:
        """Seal `inspection.completed`; returns (log, index). Raises UsageError, Unreachable."""
        actor = inspection.by.actor
        now = self.clock.now()
        data = {
            "person": inspection.by.name,
            "policy": str(inspection.policy),
            "scope": inspection.scope,
        }
        detail = Detail(self._id(), KIND, self.random(16), data)
        body = {
            "detail": str(detail.digest()),
            "detail_id": detail.id,
            "failed": inspection.failed,
            "indeterminate": inspection.indeterminate,
            "report": str(inspection.report),
            "result": inspection.result.value,
        }
        objects = (NewObject.of(layout.detail_key(detail.id), detail.to_bytes()),)
        entry = NewEntry(self._id(), KIND, "inspection", actor, now, None, body, objects)
        places = submitting.wait_until_sealed(
            self.sealer, self.database, [entry], self.clock, self.timeout
        )
        return places[0]

    def _id(self) -> str:
        return new_ulid(self.clock.now(), self.random(RANDOM_BYTES))
