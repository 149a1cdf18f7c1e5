"""The connection to an S3 server: how every client is set, and a bucket as the store sees it."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from archive import cause
from archive.errors import UsageError
from archive.stores.s3.errors import explained

THREADS = 16
"""Requests at a time; a client keeps twice as many connections."""

Client = Any
"""A boto3 S3 client; boto3 has no types."""

_PLACE = re.compile(
    r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)", re.ASCII
)
_ATTEMPTS = 8
"""About three seconds of pauses for errors and broken connections, half a minute for SlowDown."""
_CONNECT_SECONDS = 10
_READ_SECONDS = 60


@dataclass(frozen=True, slots=True)
class S3Access:
    """How a server is reached. Secrets are not here: they come from boto3's own chain.

    `endpoint` "" is AWS; `addressing` is auto, path or virtual; `ca` is a file with certificates;
    `profile` names credentials, "" takes the first that boto3 finds. `otherwise` is the cause of
    requests for which nobody named one (archive.cause).
    """

    endpoint: str = ""
    region: str = "us-east-1"
    addressing: str = "auto"
    ca: str = ""
    profile: str = ""
    otherwise: str = ""


class PerProcess:
    """A client that is made anew in every process: connections must not be shared by a fork."""

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._process = -1
        self._client: Client = None
        self._renewed()

    def _renewed(self) -> Client:
        if self._process != os.getpid():
            self._client, self._process = self._make(), os.getpid()
        return self._client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._renewed(), name)


def connect(access: S3Access) -> Client:
    """A client; nothing is sent yet. Raises UsageError for a profile that is not there.

    Checksums are only ever those we give ourselves: boto3's own would go as a trailer over https,
    which older gateways refuse. What fails for a moment is sent again, seven times, with jitter.
    """
    return PerProcess(lambda: _connect(access))


def _connect(access: S3Access) -> Client:
    import boto3
    from botocore.config import Config
    from botocore.session import Session

    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": access.addressing},
        max_pool_connections=2 * THREADS,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        tcp_keepalive=True,
    )
    with explained("the store"):
        core = Session(profile=access.profile or None)
        core.register_component("data_loader", _descriptions())
        session = boto3.Session(botocore_session=core)
        client = session.client(
            "s3",
            region_name=access.region,
            endpoint_url=access.endpoint or None,
            verify=access.ca or None,
            config=config,
        )
    # Later than signing: boto3 makes the user agent anew before it sends a request.
    client.meta.events.register("before-send.s3", partial(_name_cause, access.otherwise))
    return client


@cache
def _descriptions() -> Any:
    """What boto3 knows of S3; reading it takes longer than anything else here."""
    from botocore.loaders import create_loader

    return create_loader()


def _name_cause(otherwise: str, request: Any, **_rest: object) -> None:
    """Append the cause to the user agent; it is not part of the signature."""
    if suffix := cause.agent_suffix(otherwise):
        agent = request.headers.get("User-Agent", "")
        agent = agent.decode("ascii", "replace") if isinstance(agent, bytes) else str(agent)
        del request.headers["User-Agent"]
        request.headers["User-Agent"] = f"{agent} {suffix}".strip()


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket and what stands before every key in it: "" or a folder with its `/`."""

    client: Client
    name: str
    prefix: str = ""

    @classmethod
    def at(cls, client: Client, place: str) -> "Bucket":
        """From `s3://bucket[/prefix]`; raises UsageError for anything else."""
        found = _PLACE.fullmatch(place)
        if not found:
            raise UsageError(f"{place!r} is not s3://bucket or s3://bucket/prefix.")
        prefix = found[2].lstrip("/")
        return cls(client, found[1], f"{prefix}/" if prefix else "")

    def call(self, operation: str, key: str, **parameters: Any) -> dict[str, Any]:
        """One request about one object; raises the errors of the archive."""
        with explained(key):
            method = getattr(self.client, operation)
            reply: dict[str, Any] = method(Bucket=self.name, Key=self.prefix + key, **parameters)
        return reply

    def ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One request about the whole bucket; raises the errors of the archive."""
        with explained(f"the bucket {self.name}"):
            reply: dict[str, Any] = getattr(self.client, operation)(Bucket=self.name, **parameters)
        return reply
