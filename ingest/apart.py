"""A batch that fails because of some of its drops is taken without them.

    result = admit_all(intake.admit, drops, read)
    result.faults                  # drops that are left alone, each with what happened

Where it fails by no trouble of the system it is taken again in halves, and in halves of those,
until the drops stand alone that cannot be taken. Nothing of this is asked where nothing goes wrong.
"""

from collections.abc import Callable, Sequence

from ingest.ahead import ReadPack
from ingest.batch import Admitted, Fault
from ingest.errors import SourceChanged, SourceUnreadable
from ingest.faults import is_of_one, what_of
from ingest.found import Drop

Admit = Callable[[Sequence[Drop], Sequence[ReadPack]], Admitted]


def admit_all(admit: Admit, drops: Sequence[Drop], read: Sequence[ReadPack]) -> Admitted:
    """Admit a batch, without those drops that make it fail; raises what is no drop's fault."""
    try:
        return admit(drops, read)
    except Exception as error:
        if not is_of_one(error):
            raise
        every = [*drops, *(outcome.drop for pack in read for outcome in pack.outcomes)]
        return _apart(admit, every, error)


def _apart(admit: Admit, drops: Sequence[Drop], error: Exception) -> Admitted:
    result = Admitted()
    if len(drops) < 2:
        for drop in drops:
            if isinstance(error, SourceChanged):
                result.unsettled.append(drop)
            elif isinstance(error, SourceUnreadable):
                result.unreadable.append(drop)
            else:
                result.faults.append(Fault(drop, what_of(error)))
        return result
    half = len(drops) // 2
    for some in (drops[:half], drops[half:]):
        result.add(admit_all(admit, some, ()))
    return result
