"""Listings of a server that never ends them: refused, instead of asking for ever."""

from typing import Any

import pytest

from archive.errors import Unreachable
from archive.stores.s3 import listing


class Endless:
    """A bucket whose every page says that there is more behind the same place."""

    prefix = ""

    def __init__(self, **reply: str) -> None:
        self._reply = reply
        self.asked = 0

    def ask(self, _operation: str, **_asked: Any) -> dict[str, Any]:
        self.asked += 1
        assert self.asked < 10
        return {"IsTruncated": True, **self._reply}


@pytest.mark.parametrize(
    "reply",
    [{}, {"NextKeyMarker": "a", "NextVersionIdMarker": "1"}, {"NextKeyMarker": "a/7.note"}],
)
def test_a_listing_without_end_is_refused(reply: dict[str, str]) -> None:
    bucket: Any = Endless(**reply)
    with pytest.raises(Unreachable, match="end"):
        list(listing.versions(bucket))
