"""Archives: names of their members and nothing else; they are never unpacked."""

import tarfile
from typing import BinaryIO

from ingest.documents.codes import BROKEN, MEMBER_NAMES
from ingest.documents.package import list_members, shown
from ingest.documents.reading import MEMBERS, Reading


def read_zip(file: BinaryIO, reading: Reading) -> None:
    """List a ZIP."""
    reading.puid = "x-fmt/263"
    listing = list_members(file, reading)
    for member in listing.members:
        reading.add(shown(member.name) + "\n")
    if listing.total > MEMBERS:
        reading.limit(f"members: {listing.total}, more than {MEMBERS}")


def read_tar(file: BinaryIO, reading: Reading) -> None:
    """List a TAR that is not packed."""
    reading.puid = "x-fmt/265"
    try:
        with tarfile.open(fileobj=file, mode="r:", errors="replace") as archive:
            for number, member in enumerate(archive):
                if number >= MEMBERS:
                    reading.limit(f"members: more than {MEMBERS}")
                    return
                if member.name.startswith("/") or ".." in member.name.split("/"):
                    reading.notice(MEMBER_NAMES, member.name)
                if member.issym() or member.islnk():
                    reading.notice(MEMBER_NAMES, f"{member.name} is a link to {member.linkname}")
                reading.add(member.name + "\n")
    except tarfile.TarError as error:
        reading.notice(BROKEN, str(error))
