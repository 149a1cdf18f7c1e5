"""What libmagic calls a file that no signature of our own knows; its words are not looked for.

The library is called directly: python-magic starts a compiler or ldconfig to find it, which a
reader process may not.
"""

import ctypes
import re
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from ingest.documents.reading import Reading

_HEAD = 1 << 16
_TAKEN = re.compile(r"(application|font|model|chemical)/[a-z0-9][a-z0-9.+-]{0,80}")
"""Not media: those are known by signatures of our own, and what is looked at depends on it."""
_SAYS_NOTHING = frozenset(("application/octet-stream", "application/x-empty"))
_MIME_TYPE, _NO_UNPACKING = 0x10, 0x1000


def read(file: BinaryIO, reading: Reading) -> None:
    """Put the media type into the reading."""
    reading.unreadable = True
    found = _library()(file.read(_HEAD))
    if _TAKEN.fullmatch(found) and found not in _SAYS_NOTHING:
        reading.kind = found


@cache
def _library() -> Callable[[bytes], str]:
    """The function that names bytes; raises OSError where there is no library."""
    spec = find_spec("pylibmagic")
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise FileNotFoundError("pylibmagic is not installed")
    magic = ctypes.CDLL(str(Path(places[0]) / "libmagic.so"))
    magic.magic_open.restype = ctypes.c_void_p
    magic.magic_load.argtypes = (ctypes.c_void_p, ctypes.c_char_p)
    magic.magic_buffer.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)
    magic.magic_buffer.restype = ctypes.c_char_p
    cookie = magic.magic_open(_MIME_TYPE | _NO_UNPACKING)
    if not cookie or magic.magic_load(cookie, str(Path(places[0]) / "magic.mgc").encode()):
        raise OSError("the table of libmagic cannot be loaded")
    return lambda data: (magic.magic_buffer(cookie, data, len(data)) or b"").decode(
        "ascii", "replace"
    )
