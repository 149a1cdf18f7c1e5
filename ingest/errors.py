"""What can go wrong between a file in a folder and a staged copy of it."""

from collections.abc import Iterable

from archive.errors import ArchiveError, Refused, Unreachable
from ingest.names import sealable


class SourceChanged(Unreachable):
    """The file changed, or somebody had it open for writing, while it was read; it settles anew."""


class SourceUnreadable(Unreachable):
    """The file is gone, is not a regular file, or may not be read."""


class SourceForbidden(SourceUnreadable):
    """The system does not let this user read the file; that does not pass by waiting."""


class InboxLost(Unreachable):
    """The inbox cannot be read, or is not the one it was: told in English and in Chinese."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.english = english
        self.chinese = chinese


class FoundSecret(Refused):
    """A quarantined drop that turned out to be a state secret; nothing of it is kept."""

    code = "CLASSIFIED_REFUSED"

    def __init__(self, number: str) -> None:
        self.english = (
            f"{number} is marked as a state secret: it is refused, and nothing of it is kept."
        )
        self.chinese = f"{number} 标有国家秘密标志：系统拒收，不保留其任何内容。"
        super().__init__(self.english)


class AttachedSecret(Refused):
    """A sidecar that somebody attached is a state secret; the quarantined drop stays as it was."""

    code = "CLASSIFIED_REFUSED"

    def __init__(self, number: str) -> None:
        self.english = (
            "The attached sidecar is marked as a state secret: it is refused, and nothing of it is"
            f" kept. {number} stays in quarantine as it was."
        )
        self.chinese = (
            f"所附的说明标有国家秘密标志：系统拒收，不保留其任何内容。{number} 仍按原状隔离。"
        )
        super().__init__(self.english)


class SidecarBad(ArchiveError):
    """A sidecar that cannot be taken: one code, one sentence in English and one in Chinese.

    The sentences name what stands there, in whatever form, and are sealed.
    """

    def __init__(self, code: str, english: str, chinese: str) -> None:
        self.code = code
        self.english = sealable(english)
        self.chinese = sealable(chinese)
        super().__init__(self.english)


class Classified(Refused):
    """A sidecar marked as a state secret. It carries nothing of what was read."""

    code = "CLASSIFIED_REFUSED"
    english = "The sidecar marks this drop as a state secret; it is refused and nothing of it kept."
    chinese = "附带说明标有国家秘密标志，系统拒收，不保留其任何内容。"

    def __init__(self) -> None:
        super().__init__(self.english)


class StillRejected(Refused):
    """A quarantined drop that cannot be taken now either; `bad` says why."""

    code = "STILL_REJECTED"

    def __init__(self, bad: SidecarBad) -> None:
        super().__init__(bad.english)
        self.bad = bad


class AmendedBefore(Refused):
    """A quarantined sidecar that came after its file, of whose record nothing is lacking now."""

    def __init__(self, record: str) -> None:
        self.chinese = f"记录 {record} 现已有附带说明，或已无该记录的收取信息。"
        super().__init__(f"The record {record} has a sidecar by now, or nothing is known of it.")


class DestroyedBefore(SidecarBad):
    """A drop that repeats what was lawfully destroyed; it does not come back by being dropped."""

    def __init__(self) -> None:
        super().__init__(
            "DESTROYED_BEFORE",
            "This record was destroyed by a disposition; it is not taken again.",
            "该记录已依法销毁，不再收取。",
        )


class NoRecord(SidecarBad):
    """A medium in which there is nothing, and that neither a sidecar nor its name speaks for."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(
            "NO_RECORD", f"There is no record in it: {english}", f"其中没有任何记录：{chinese}"
        )


class KindNotAllowed(SidecarBad):
    """A drop of a kind that its source is not registered for."""

    def __init__(self, kind: str, allowed: Iterable[str]) -> None:
        """`kind` and those allowed are short kinds (archive.kinds)."""
        among = ", ".join(sorted(allowed))
        super().__init__(
            "KIND_NOT_ALLOWED",
            f"The register does not allow this source files of the kind {kind}; allowed: {among}.",
            f"登记簿不允许该来源提交 {kind} 类文件；允许的类型：{among}。",
        )
