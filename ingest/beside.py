"""Files that are released together with a drop, such as its ready marker: how a row keeps them.

They are no evidence: the row has path and key of each, and a file that is no longer the one with
its key stays where it is.
"""

import base64
import json
from collections.abc import Sequence

from ingest.found import Found
from ingest.release import Held
from ingest.settle import FileKey


def to_text(beside: Sequence[Found]) -> str | None:
    """What the row has; None where there is nothing."""
    if not beside:
        return None
    return json.dumps([[base64.b64encode(one.path).decode(), *one.key] for one in beside])


def held(text: str | None) -> list[Held]:
    """What a row says, in its order."""
    if text is None:
        return []
    # No content has this digest: only the key counts.
    return [Held(base64.b64decode(path), FileKey(*key), b"") for path, *key in json.loads(text)]


def suffix(number: int) -> str:
    """Ending of the name in the purge tree of the `number`th (from 0)."""
    return f"beside-{number}"
