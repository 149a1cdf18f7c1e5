"""Ready markers: a file NAME is complete when NAME.ready stands beside it. Pure.

What leaves the inbox without being kept must be small: a larger file of such a name is no marker,
but a drop like any other.
"""

from collections.abc import Mapping

from ingest.found import Found

_ENDING = b".ready"
MAX_MARKER = 1024
"""Bytes of a marker at most."""


def is_marker(file: Found) -> bool:
    """Whether a file is a marker: by its name, in whatever letters, and its size."""
    name = file.name
    if len(name) <= len(_ENDING) or not name.lower().endswith(_ENDING):
        return False
    return file.key.size <= MAX_MARKER


def markers(files: Mapping[bytes, Found]) -> Mapping[bytes, bytes]:
    """Names of files of one folder that are marked, each with its marker's name.

    Letters of either case will do, where no other file has exactly the marked name.
    """
    small = {name for name, file in files.items() if is_marker(file)}
    plain = files.keys() - small
    by_small: dict[bytes, bytes] = {name.lower(): name for name in sorted(plain, reverse=True)}
    found: dict[bytes, bytes] = {}
    for marker in sorted(small):
        marked = marker[: -len(_ENDING)]
        name = marked if marked in plain else by_small.get(marked.lower())
        if name is not None:
            found.setdefault(name, marker)
    return found
