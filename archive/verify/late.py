"""Cases that records claim by sidecars which came later: asked where record.json names none."""

import json
from hashlib import sha256

from archive.detail import Detail
from archive.errors import FormatError
from archive.late_sidecar import claims_of
from archive.layout import detail_key
from archive.verify.context import JSON_LIMIT, Context, fetch

LATE_SIDECARS = (
    "(SELECT json_group_array(json_array(detail.id, detail.digest)) FROM detail"
    " WHERE detail.subject = record.id AND detail.kind = 'record.amended/sidecar')"
)
"""A column of the index's records: id and digest of the details, as JSON."""


LATE_INDEX = (
    "CREATE INDEX IF NOT EXISTS late_sidecar ON detail(subject) WHERE kind='record.amended/sidecar'"
)
"""Without it every record would be looked for among all details."""


def late_case(context: Context, details: str) -> str | None:
    """The number that the first of them claims; one that is gone or altered claims none.

    That it is, the check of the details says.
    """
    for number, digest in json.loads(details):
        key = detail_key(number)
        data = fetch(context.evidence, key, JSON_LIMIT, [], "DETAIL_MISSING", "DETAIL_ALTERED")
        if data is None or f"sha256:{sha256(data).hexdigest()}" != digest:
            continue
        try:
            found = claims_of(Detail.parse(data).data).get("case")
        except FormatError:
            continue
        if found is not None:
            return str(found)
    return None
