"""Ready markers: a file NAME is complete when NAME.ready stands beside it. Pure."""

from collections.abc import Iterable, Mapping

_ENDING = b".ready"


def is_marker(name: bytes) -> bool:
    """Whether a name is that of a marker, in whatever letters."""
    return len(name) > len(_ENDING) and name.lower().endswith(_ENDING)


def markers(names: Iterable[bytes]) -> Mapping[bytes, bytes]:
    """Names of files of one folder that are marked, each with its marker's name.

    Letters of either case will do, where no other file has exactly the marked name.
    """
    plain = {name for name in names if not is_marker(name)}
    by_small: dict[bytes, bytes] = {name.lower(): name for name in sorted(plain, reverse=True)}
    found: dict[bytes, bytes] = {}
    for marker in sorted(name for name in names if is_marker(name)):
        marked = marker[: -len(_ENDING)]
        name = marked if marked in plain else by_small.get(marked.lower())
        if name is not None:
            found.setdefault(name, marker)
    return found
