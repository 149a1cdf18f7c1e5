"""C2SP tlog-checkpoint: the three lines that name a log's state.

cunzheng.local/01kan/main-2026
512
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Self

from signing.errors import CheckpointError, NoteError
from signing.note import check_name

MAX_SIZE = 2**63 - 1
_SIZE_DIGITS = 19


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Origin, number of entries, and the tree's root of 32 bytes."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        try:
            check_name(self.origin)
        except NoteError as error:
            raise CheckpointError("The origin of a checkpoint is not a key name.") from error
        if not 0 <= self.size <= MAX_SIZE:
            raise CheckpointError("The size of a checkpoint is out of range.")
        if len(self.root) != 32:
            raise CheckpointError("The root of a checkpoint has 32 bytes.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note's text of exactly three lines. Raises CheckpointError.

        Extension lines are refused: nothing may stand in a seal that no checker reads.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise CheckpointError("A checkpoint has exactly three lines.")
        origin, size, root = lines[:3]
        if not (size.isascii() and size.isdigit() and len(size) <= _SIZE_DIGITS):
            raise CheckpointError("The size of a checkpoint is not a decimal number.")
        try:
            checkpoint = cls(origin, int(size), base64.b64decode(root, validate=True))
        except (binascii.Error, ValueError) as error:
            raise CheckpointError("The root of a checkpoint is not base64.") from error
        if checkpoint.text() != text:
            raise CheckpointError("The checkpoint is not written in its one canonical way.")
        return checkpoint

    def text(self) -> str:
        """Return the three lines, each with its newline."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"
