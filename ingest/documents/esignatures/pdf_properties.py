"""What a program that signs, or keeps signatures checkable, may change of a PDF's properties: dates
and its own name, in the dictionary and in XMP. A title that becomes another one is a change.
"""

from collections.abc import Iterable
from typing import Any

from defusedxml.ElementTree import fromstring
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.sign.diff_analysis import (
    DocInfoRule,
    MetadataUpdateRule,
    ReferenceUpdate,
    SuspiciousModification,
)

_FREE = frozenset(("/ModDate", "/Producer"))
_FREE_IN_XMP = frozenset(("ModifyDate", "MetadataDate", "Producer", "InstanceID"))


class DatesOnly(DocInfoRule):
    """The dictionary of properties."""

    def apply(self, old: Any, new: Any) -> Iterable[ReferenceUpdate]:
        """Let it be replaced by one that says the same; SuspiciousModification."""
        before, after = (_info(view) for view in (old, new))
        if after is not None and _told(before or {}) != _told(after):
            raise SuspiciousModification("properties of the document were changed")
        yield from super().apply(old, new)


class DatesOnlyInXmp(MetadataUpdateRule):
    """The XMP of the document."""

    def apply(self, old: Any, new: Any) -> Iterable[ReferenceUpdate]:
        """Let it be replaced by one that says the same; SuspiciousModification."""
        before, after = (_xmp(view.root) for view in (old, new))
        if after is None:
            return
        updates = list(super().apply(old, new))
        if before is None or _words(before) != _words(after):
            raise SuspiciousModification("metadata of the document were changed")
        yield from updates


def _info(view: Any) -> Any:
    """As it stood in that revision: the trailer by itself gives what it is now."""
    reference = view.trailer_view.get_value_as_reference("/Info", optional=True)
    return None if reference is None else view(reference)


def _told(properties: Any) -> dict[str, str]:
    return {str(key): str(properties[key]) for key in properties if key not in _FREE}


def _xmp(root: Any) -> Any:
    """As it stands there: what pyHanko makes of it by itself fails in revisions before the last."""
    return root.raw_get("/Metadata").get_object() if "/Metadata" in root else None


def _words(stream: Any) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Elements and attributes but for those that every program writes anew."""
    root = fromstring(stream.read_data(DecodePurpose.XMP_METADATA), forbid_dtd=True)
    return [
        (
            str(one.tag),
            (one.text or "").strip(),
            sorted(pair for pair in one.attrib.items() if not _free(pair[0])),
        )
        for one in root.iter()
        if not _free(str(one.tag))
    ]


def _free(name: str) -> bool:
    return name.rpartition("}")[2] in _FREE_IN_XMP
