"""Any mix of small and large drops gives records that verify, whatever packs are cut to."""

import tempfile
from pathlib import Path

import pytest
from archive_fixture import policy_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packed_fixture import Packed

from archive.findings import Outcome
from archive.verify import Kit, verify
from ingest import packing
from ingest.packing import portions
from ingest.settle import FileKey, Settled
from ingest.sweep import Drop, Found

LIMIT = 600
SIDECARS = (None, b'{"cunzheng_sidecar":1}', '{"cunzheng_sidecar":1,"classification":"敏感"}')
CONTENT = st.integers(0, 1200).flatmap(lambda size: st.binary(min_size=size, max_size=size))
BESIDE = st.sampled_from([text.encode() if isinstance(text, str) else text for text in SIDECARS])


@given(
    st.lists(st.tuples(CONTENT, BESIDE), min_size=1, max_size=12),
    st.integers(1, 20),
    st.integers(700, 4000),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_mix_verifies(drops: list[tuple[bytes, bytes | None]], batch: int, held: int) -> None:
    files = {f"{n:02}.bin": content for n, (content, _) in enumerate(drops)}
    claims = {f"{n:02}.bin.json": text for n, (_, text) in enumerate(drops) if text is not None}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "HELD_BYTES", held)
        packed = Packed(Path(folder), batch, {"pack_up_to": LIMIT})
        packed.take({**files, **claims})
        assert packed.records() == files
        alone = [len(c) > LIMIT or t == SIDECARS[2].encode() for c, t in drops]  # type: ignore[union-attr]
        assert len(packed.alone()) == sum(alone)
        places = packed.archive.places
        packed.archive.clock.advance(seconds=1)
        report = verify(
            places.evidence,
            places.live,
            policy_of(packed.archive),
            now=packed.archive.clock.now(),
            kit=Kit(),
            workers=1,
        )
        assert report.outcome is Outcome.PASSED, [f.to_value() for f in report.findings]
        packed.archive.db.close()


def drop_of(size: int) -> Drop:
    file = Found("s", b"", b"n", b"p", FileKey(1, 1, size, 0, 0))
    return Drop(file, None, Settled(lease=True, seconds=0))


@given(st.lists(st.integers(0, 100), max_size=60), st.integers(1, 200), st.integers(1, 9))
def test_portions_keep_everything_within_bounds(sizes: list[int], held: int, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "HELD_BYTES", held)
        patch.setattr(packing, "MOST_MEMBERS", most)
        drops = [drop_of(size) for size in sizes]
        parts = list(portions(drops, 80))
    assert [drop for part in parts for drop in part] == drops
    for part in parts:
        assert 1 <= len(part) <= most
        small = [drop.file.key.size for drop in part if drop.file.key.size <= 80]
        assert sum(small) <= held or len(part) == 1
