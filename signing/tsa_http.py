"""An RFC 3161 authority reached over HTTP (RFC 3161 3.4); the only network code of this package."""

import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from urllib.parse import urlsplit

from signing.digest import Digest
from signing.errors import SigningError, TimestampUnavailable
from signing.timestamp import Token, build_request, check_token, read_response

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
MAX_RESPONSE = 256 * 1024

PathCheck = Callable[[Token], object]
"""Takes a checked token; raises if its authority is not one that we know."""


class HttpTimestamper:
    """Asks the authority at ``url`` and checks its answer strictly before giving it on.

    ``timeout`` is in seconds, for every network step and for the whole body. ``policies`` are
    accepted (None: any); a single one is asked for. ``nonce`` gives a new unpredictable number at
    each call. ``check_path`` may judge the authority's certificate, so that a token from a foreign
    root is never stored. Credentials in the URL are sent, and never appear in an error.
    """

    def __init__(
        self,
        url: str,
        *,
        nonce: Callable[[], int],
        clock: Callable[[], datetime],
        timeout: float = 10.0,
        policies: Collection[str] | None = None,
        check_path: PathCheck | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SigningError("The address of a timestamp authority is an http or https URL.")
        self._url = url
        self._host = parts.hostname
        self._nonce = nonce
        self._clock = clock
        self._timeout = timeout
        self._policies = policies
        self._check_path = check_path
        self._monotonic = monotonic

    def timestamp(self, digest: Digest) -> bytes:
        """Return a checked token (DER), as ``Timestamper`` asks.

        Raises TimestampUnavailable for everything that may be better later, TimestampBad for a
        token that is wrong, and whatever ``check_path`` raises.
        """
        nonce = self._nonce()
        asked = next(iter(self._policies)) if self._policies and len(self._policies) == 1 else None
        response = self._post(build_request(digest, nonce, asked))
        token = read_response(
            response,
            digest=digest,
            nonce=nonce,
            policies=self._policies,
            now=self._clock(),
        )
        if self._check_path is not None:
            self._check_path(check_token(token, digest=digest))
        return token

    def _post(self, request: bytes) -> bytes:
        # Slow to import, and only needed where an outside authority is used.
        import httpx

        headers = {"Content-Type": _QUERY, "Accept": _REPLY, "Accept-Encoding": "identity"}
        try:
            with (
                httpx.Client(timeout=self._timeout, follow_redirects=False) as client,
                client.stream("POST", self._url, content=request, headers=headers) as response,
            ):
                self._check_head(response.status_code, response.headers.get("content-type", ""))
                return self._read(response.iter_raw())
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Only the kind of error is told: its text may hold the URL with credentials.
            kind = type(error).__name__
            raise TimestampUnavailable(
                f"The timestamp authority at {self._host} could not be reached ({kind})."
            ) from None

    def _check_head(self, status: int, content_type: str) -> None:
        if status != 200:
            raise TimestampUnavailable(
                f"The timestamp authority at {self._host} answered with status {status}."
            )
        if content_type.partition(";")[0].strip().lower() != _REPLY:
            raise TimestampUnavailable(
                f"The answer of {self._host} is not a timestamp reply by its content type."
            )

    def _read(self, chunks: Iterator[bytes]) -> bytes:
        """Collect the body within the size and time limits."""
        deadline = self._monotonic() + self._timeout
        body = bytearray()
        for chunk in chunks:
            body += chunk
            if len(body) > MAX_RESPONSE:
                raise TimestampUnavailable(f"The answer of {self._host} has no end in sight.")
            if self._monotonic() > deadline:
                raise TimestampUnavailable(f"The answer of {self._host} took too long.")
        return bytes(body)
