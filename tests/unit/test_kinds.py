"""Short names of media types."""

import pytest

from archive.kinds import SHORT_KINDS, short_kind


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("application/pdf", "pdf"),
        ("application/ofd", "ofd"),
        ("text/plain", "txt"),
        ("message/rfc822", "eml"),
        ("video/mp4", "video"),
        ("audio/wav", "audio"),
        ("image/jpeg", "image"),
        ("application/octet-stream", "other"),
        ("", "other"),
        ("text", "other"),
        ("videos/mp4", "other"),
    ],
)
def test_short_kinds(media_type: str, kind: str) -> None:
    assert short_kind(media_type) == kind
    assert kind in SHORT_KINDS


def test_no_kind_has_two_types() -> None:
    assert len(set(SHORT_KINDS)) == len(SHORT_KINDS)
