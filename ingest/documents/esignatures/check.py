"""Checks the signatures of a sealed document: starts the child, believes its form and no more.

data = SignatureChecker(clock, roots).check(descriptor, "application/pdf", go_on)
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from archive.errors import FormatError
from archive.esignatures import check_signatures
from archive.ports import Clock
from archive.times import format_time
from ingest.documents.esignatures.child import argv_of
from ingest.documents.esignatures.codes import LIMIT, READER_DIED
from ingest.media.limits import GiB, Limits, MiB
from ingest.media.originals import GoOn, Stopped
from ingest.media.runner import run

FORMS = {"application/pdf": "pdf", "application/ofd": "ofd"}
"""Media type -> what the child is told; others have no signatures that are checked here."""
LIMITS = Limits(seconds=300, cpu_seconds=60, memory=2 * GiB, output=4 * MiB)


@dataclass(frozen=True, slots=True)
class SignatureChecker:
    """`roots` gives certificates (DER) of whom to trust, an empty list where nobody said."""

    clock: Clock
    roots: Callable[[], list[bytes]]
    limits: Limits = LIMITS

    def check(self, descriptor: int, media_type: str, go_on: GoOn) -> Mapping[str, Any]:
        """The data of the amendment; raises Stopped where `go_on` says so."""
        now = format_time(self.clock.now())
        form = FORMS.get(media_type)
        found = self._asked(form, descriptor, now, go_on) if form else _nothing("", "")
        data = {"checked_at": now, **found}
        try:
            check_signatures(data)
        except FormatError as error:
            data = {"checked_at": now, **_nothing(READER_DIED, str(error))}
        return data

    def _asked(self, form: str, descriptor: int, now: str, go_on: GoOn) -> dict[str, Any]:
        roots = _held(self.roots())
        try:
            argv = argv_of(sys.executable, form, descriptor, roots, now)
            fds = (descriptor,) if roots is None else (descriptor, roots)
            outcome = run(argv, self.limits, pass_fds=fds, watch=go_on)
        finally:
            if roots is not None:
                os.close(roots)
        match outcome.ended:
            case "ok":
                return _read(outcome.out)
            case "stopped":
                raise Stopped
            case "timeout" | "limit":
                return _nothing(LIMIT, outcome.ended)
            case _:
                return _nothing(READER_DIED, outcome.err.strip().rpartition("\n")[2][-160:])


def _held(roots: list[bytes]) -> int | None:
    """A descriptor of these certificates; None for none."""
    if not roots:
        return None
    descriptor = os.memfd_create("roots", os.MFD_CLOEXEC)
    os.write(descriptor, b"".join(roots))
    return descriptor


def _read(out: bytes) -> dict[str, Any]:
    try:
        value = json.loads(out)
        return {"signatures": value["signatures"], "findings": value["findings"]}
    except (ValueError, KeyError, TypeError):
        return _nothing(READER_DIED, "")


def _nothing(code: str, note: str) -> dict[str, Any]:
    clean = "".join(letter if letter.isprintable() else " " for letter in note)
    return {"signatures": [], "findings": [{"code": code, "note": clean}] if code else []}
