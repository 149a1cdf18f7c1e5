"""How the receiver of a delivery ended, as the other side is told."""

from archive.errors import DeliveryEnded

RECEIVER_CODES = ("INTERRUPTED", "WRITE_FAILED", "FAILED")
"""What a receiver can say of itself."""


class LeftEarly(Exception):
    """The block ended before the last piece, without an error."""


def end_code(error: BaseException) -> str:
    """The code of `DeliveryEnded` for what ended the receiver's block."""
    if isinstance(error, DeliveryEnded):
        return error.code
    if isinstance(error, OSError):
        return "WRITE_FAILED"
    if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit, LeftEarly)):
        return "INTERRUPTED"
    return "FAILED"
