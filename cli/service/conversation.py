"""One conversation of the service with a client: what it asks, and how it is answered.

Nothing that a client sends, and no way in which it stops sending, is trusted or waited for longer
than the limits allow. What goes wrong inside is told to the client without any of its details.
"""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from archive.errors import DeliveryEnded, FormatError, StateUnknown, Unreachable, UsageError
from cli.service.desk import Document
from cli.service.documents import check_params
from cli.service.endings import RECEIVER_CODES
from cli.service.faults import describe, for_log
from cli.service.frames import Channel, ConnectionLost
from cli.service.local import LocalDesk
from cli.service.operations import Caller, Host, find
from cli.service.place import Peer


@dataclass(frozen=True, slots=True)
class Limits:
    """Connections at a time, in all and of one account, uploads among them, times in seconds.

    `ask` is for a request, `piece` for one piece to be taken or to come, `upload` for all pieces of
    an upload, `receipt` for the receiver to put the last bytes on its disk; `grace` is what running
    operations get when the service is told to end.
    """

    connections: int = 64
    of_one_account: int = 32
    uploads: int = 4
    ask: float = 10.0
    piece: float = 120.0
    upload: float = 600.0
    receipt: float = 600.0
    grace: float = 20.0


@dataclass(frozen=True)
class House:
    """What the conversations of a server share; `ending` is set when they have to stop."""

    host: Host
    limits: Limits
    uploads: threading.BoundedSemaphore
    ending: threading.Event = field(default_factory=threading.Event)


def busy() -> Unreachable:
    """There is no room now."""
    return Unreachable("The service is busy; try again in a moment.")


class Conversation:
    """One operation over one connection."""

    def __init__(self, house: House, channel: Channel, peer: Peer) -> None:
        self._channel = channel
        self._limits = house.limits
        self._ending = house.ending
        self._uploads = house.uploads
        self._desk = LocalDesk(house.host, Caller(peer.uid, peer.gid, peer.pid))
        self.name = "-"
        """The operation, for the log; nothing of a client's own making."""

    def hold(self) -> str:
        """Answer; returns the result's code. Raises StateUnknown only."""
        try:
            request = self._channel.document(self._limits.ask)
            self._carry_out(request)
        except ConnectionLost:
            return "CONNECTION_LOST"
        except StateUnknown as error:
            self._tell(error)
            raise
        except Exception as error:
            self._tell(error)
            return for_log(error)
        return "ok"

    def _tell(self, error: BaseException) -> None:
        with suppress(ConnectionLost):
            self._channel.send({"error": describe(error)}, self._limits.ask)

    def _carry_out(self, request: Document) -> None:
        check_params(request, {"form": str, "operation": str, "params": dict})
        forms = {"call": self._call, "receive": self._receive, "send": self._send}
        form, name = request["form"], request["operation"]
        if form not in forms:
            raise UsageError("There is no such form of an operation.")
        find(form, name)
        self.name = name
        forms[form](name, request["params"])

    def _call(self, name: str, params: Document) -> None:
        self._reply("ok", self._desk.call(name, params))

    def _reply(self, field: str, document: Document) -> None:
        self._channel.send({field: document}, self._limits.piece)

    def _receive(self, name: str, params: Document) -> None:
        with self._desk.receive(name, params) as delivery:
            try:
                self._reply("ok", delivery.head)
                for piece in delivery:
                    self._check_receiver()
                    self._channel.send(piece, self._limits.piece)
                self._reply("tail", delivery.tail)
                self._await_receipt()
            except ConnectionLost as error:
                raise self._lost() from error
        self._reply("ok", {})

    def _check_receiver(self) -> None:
        if self._ending.is_set():
            raise DeliveryEnded("SERVICE_STOPPED")
        if self._channel.ready():
            raise _ended(self._channel.document(self._limits.ask))

    def _await_receipt(self) -> None:
        word = self._channel.document(self._limits.receipt)
        if word != {"received": True}:
            raise _ended(word)

    def _lost(self) -> DeliveryEnded:
        stopped = self._ending.is_set()
        return DeliveryEnded("SERVICE_STOPPED" if stopped else "CONNECTION_LOST")

    def _send(self, name: str, params: Document) -> None:
        if not self._uploads.acquire(blocking=False):
            raise busy()
        try:
            self._reply("ok", {})
            upload: Any = _Upload(self._channel, self._limits)
            self._reply("ok", self._desk.send(name, params, upload))
        finally:
            self._uploads.release()


class _Upload:
    """The pieces of an upload as a file to be read."""

    def __init__(self, channel: Channel, limits: Limits) -> None:
        self._channel = channel
        self._piece = limits.piece
        self._deadline = time.monotonic() + limits.upload

    def read(self, size: int) -> bytes:  # noqa: ARG002 - a piece is never larger than is asked for
        """The next piece; empty at the end."""
        while True:
            left = self._deadline - time.monotonic()
            frame = self._channel.receive(min(self._piece, left))
            if isinstance(frame, dict):
                if frame != {"end": True}:
                    raise FormatError("An upload ends with its own word.")
                return b""
            if frame:
                return frame


def _ended(word: Document) -> DeliveryEnded:
    code = word.get("ended")
    return DeliveryEnded(code if code in RECEIVER_CODES else "FAILED")
