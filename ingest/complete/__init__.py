"""When a drop is complete, beside having settled (docs/intake.md). Pure rules, but for manifests.

A source's register entry says by which of these its drops are complete:

* `settled`: nobody writes and nothing has changed for a while; that is asked of every file anyway;
* `ready`: the file has a marker NAME.ready;
* `manifest`: a manifest of its folder lists the file, with the size that it has.

What never becomes complete by its rule is taken after a long rest all the same, with a finding that
says so: nothing is lost for the want of a marker.
"""

from typing import Final

SETTLED: Final = "settled"
READY: Final = "ready"
MANIFEST: Final = "manifest"
RULES = (SETTLED, READY, MANIFEST)

OBSERVED_SECONDS = 3600.0
"""For how long it must have been seen at rest by this process, whatever the file says of itself."""


def has_rested(observed: float, age: float, needed: float) -> bool:
    """Whether a file was left alone for `needed` seconds; 0 is never.

    `observed` is how long this process has seen it unchanged, `age` the time since its last change
    by the system's clock (ctime; never its mtime, which is the device's). The age counts, so that a
    restart does not begin anew; but a clock that is set forward makes nothing old in a moment.
    """
    if needed <= 0:
        return False
    return observed >= needed or (age >= needed and observed >= min(needed, OBSERVED_SECONDS))


def hours(seconds: float) -> str:
    """A time for a note, such as `24 hours`."""
    count = f"{seconds / 3600:.2f}".rstrip("0").rstrip(".")
    return f"{count} hour" if count == "1" else f"{count} hours"
