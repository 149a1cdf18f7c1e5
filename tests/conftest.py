"""Counts the tests that were not run, and lets `make test-full` fail when there are any."""

from __future__ import annotations

import os

import pytest
from ceph_server import ceph
from hypothesis import HealthCheck, settings
from postgres_server import on_postgresql, postgres
from s3_servers import admin, aws, buckets, weed

__all__ = ["admin", "aws", "buckets", "ceph", "on_postgresql", "postgres", "weed"]

FULL = os.environ.get("CUNZHENG_FULL") == "1"

# How long an example takes says more of a busy machine than of what is tested. All else is kept.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


LONG = ("test_bucket_faults", "test_demo", "test_suites_on_postgresql")
"""They wait more than they work, so they begin first: at the end nothing would run beside them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without CUNZHENG_FULL=1, tests marked `full` are reported as not run."""
    items.sort(key=lambda item: item.path.stem not in LONG)
    if FULL:
        return
    for item in items:
        if item.get_closest_marker("full"):
            item.add_marker(pytest.mark.skip(reason="NOT RUN: only in make test-full"))


def _not_run(config: pytest.Config) -> int:
    reporter = config.pluginmanager.getplugin("terminalreporter")
    return len(reporter.stats.get("skipped", ())) if reporter else 0


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In the full run a test that was not run is a failure."""
    on_worker = hasattr(session.config, "workerinput")
    if FULL and not on_worker and exitstatus == pytest.ExitCode.OK and _not_run(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests were not run, just above pytest's closing line."""
    count = _not_run(terminalreporter.config)
    hint = "" if FULL or not count else "  (make test-full runs them)"
    terminalreporter.write_line(f"NOT RUN: {count}{hint}")
