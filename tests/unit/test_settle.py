import random

from ingest.settle import FileKey, Settle, Settled, Settler

KEY = FileKey(1, 2, 100, 5, 6)
SETTLE = Settle(seconds=2.0, seconds_without_lease=60.0)


def never_asked() -> bool:
    raise AssertionError("the lease was asked for too early")


def test_settles_after_the_time_with_a_lease():
    settler = Settler(SETTLE)
    assert settler.observe(b"a", KEY, 10.0, never_asked) is None
    assert settler.observe(b"a", KEY, 11.9, never_asked) is None
    assert settler.observe(b"a", KEY, 12.5, lambda: False) == Settled(lease=True, seconds=2)


def test_every_part_of_the_key_counts():
    for field in FileKey._fields:
        settler = Settler(SETTLE)
        settler.observe(b"a", KEY, 0.0, never_asked)
        changed = KEY._replace(**{field: 99})
        assert settler.observe(b"a", changed, 5.0, never_asked) is None
        assert settler.observe(b"a", changed, 7.0, lambda: False) == Settled(True, 2)


def test_a_writer_starts_the_time_anew():
    settler = Settler(SETTLE)
    settler.observe(b"a", KEY, 0.0, never_asked)
    assert settler.observe(b"a", KEY, 3.0, lambda: True) is None
    assert settler.observe(b"a", KEY, 4.9, never_asked) is None
    assert settler.observe(b"a", KEY, 5.0, lambda: False) == Settled(True, 2)


def test_without_a_lease_sixty_seconds_and_the_outcome_says_so():
    settler = Settler(SETTLE)
    settler.observe(b"a", KEY, 0.0, never_asked)
    assert settler.observe(b"a", KEY, 3.0, lambda: None) is None
    assert settler.observe(b"a", KEY, 59.9, never_asked) is None
    assert settler.observe(b"a", KEY, 60.5, lambda: None) == Settled(lease=False, seconds=60)


def test_an_old_or_a_future_mtime_makes_no_difference():
    outcomes = set()
    for mtime in (0, 4_000_000_000 * 10**9):
        settler = Settler(SETTLE)
        key = KEY._replace(mtime_ns=mtime)
        settler.observe(b"a", key, 0.0, never_asked)
        outcomes.add(settler.observe(b"a", key, 2.0, lambda: False))
    assert outcomes == {Settled(True, 2)}


def test_taken_until_it_changes():
    settler = Settler(Settle(seconds=0))
    assert settler.observe(b"a", KEY, 0.0, lambda: False)
    settler.take(b"a")
    assert settler.is_taken(b"a")
    settler.observe(b"a", KEY._replace(size=7), 1.0, lambda: False)
    assert not settler.is_taken(b"a")
    settler.take(b"a")
    settler.forget(b"a")
    assert not settler.is_taken(b"a")


def test_vanished_files_are_forgotten():
    settler = Settler(SETTLE)
    rng = random.Random(1)
    for _ in range(50):
        for _ in range(100):
            settler.observe(rng.randbytes(8), KEY, 0.0, never_asked)
        settler.end_round()
        assert len(settler) == 100
    settler.end_round()
    assert len(settler) == 0
