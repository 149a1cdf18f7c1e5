"""Writing large objects in parts: read once, bounded memory, and resumed after `kill -9`.

What a crash must not lose is the server's name of the upload: it stands in `uploads/` before the
first part is sent. Whoever begins again asks the server which parts it has, reads the file again,
and sends only what is missing. The last step creates the object, or fails if the key is taken.
"""

import json
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from archive.cause import carried
from archive.durable import FileSystem, disk_errors, replace
from archive.errors import NotFound, UsageError
from archive.ports import PutItem, StagedFile
from archive.stores.s3 import listing
from archive.stores.s3.errors import AlreadyThere, Contended, UploadGone
from archive.stores.s3.put import (
    Target,
    already_there,
    b64,
    check_staged,
    conflict,
    md5_of,
    pause,
    same_bytes,
    written,
)
from archive.stores.s3.versions import Standing

MIB = 1 << 20
_MOST_PARTS = 9_000
_ENDING = ".upload"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Parting:
    """How large objects are cut: size of a part in bytes, and how many are on their way at once.

    Memory is about (window + 1) x part. `folder` remembers unfinished uploads.
    """

    folder: Path
    fs: FileSystem
    part: int = 16 * MIB
    window: int = 4

    def size_for(self, size: int) -> int:
        """S3 takes 10,000 parts at most: larger ones for the largest files."""
        part = self.part
        while -(-size // part) > _MOST_PARTS:
            part *= 2
        return part


@dataclass(frozen=True, slots=True)
class _Upload:
    """An unfinished upload, as it stands in `uploads/`."""

    bucket: str
    key: str
    upload: str
    path: str
    size: int
    mtime_ns: int
    part: int


@dataclass(frozen=True, slots=True)
class _Part:
    """One part as the server has it."""

    number: int
    etag: str
    sha256: bytes

    def to_value(self) -> dict[str, Any]:
        return {
            "PartNumber": self.number,
            "ETag": self.etag,
            "ChecksumSHA256": b64(self.sha256),
        }


class Multipart:
    """Puts large staged files; one at a time per key."""

    def __init__(self, target: Target, parting: Parting) -> None:
        self._target = target
        self._parting = parting
        self._bucket = target.bucket
        self._swept = False

    def put(self, item: PutItem) -> Standing:
        """Write one object. Raises ObjectConflict, ContentAltered, ProtectionMissing, Unreachable.

        After anything but a conflict, doing it again goes on where it ended.
        """
        assert isinstance(item.source, StagedFile)  # noqa: S101 - the store chose this way for it
        self._sweep()
        path, state = item.source.path, self._state(item.key)
        if (there := self._stored_already(item, path)) is not None:
            state.unlink(missing_ok=True)
            return there
        upload, done = self._begin(item, path, state)
        parts, whole = self._send(path, upload, done)
        check_staged(item, whole)
        standing = self._complete(item, upload, parts, whole)
        state.unlink(missing_ok=True)
        return standing

    # --- before

    def _stored_already(self, item: PutItem, path: Path) -> Standing | None:
        """A finished upload whose reply was lost need not be sent again."""
        size = path.stat().st_size
        if self._target.versioned:
            if not listing.of_key(self._bucket, item.key):
                return None
        else:
            try:
                self._bucket.call("head_object", item.key)
            except NotFound:
                return None
        digests, whole = _hash_parts(path, self._parting.size_for(size))
        check_staged(item, whole)
        return already_there(self._target, item, size, whole, _composite(digests))

    def _begin(
        self, item: PutItem, path: Path, state: Path
    ) -> tuple[_Upload, dict[int, dict[str, Any]]]:
        """The upload to go on with, and the parts that the server has of it."""
        found = path.stat()
        want: dict[str, Any] = {
            "bucket": self._bucket.name,
            "key": self._bucket.prefix + item.key,
            "path": str(path),
            "size": found.st_size,
            "mtime_ns": found.st_mtime_ns,
            "part": self._parting.size_for(found.st_size),
        }
        old = _read_state(state)
        if old is not None:
            if all(getattr(old, name) == value for name, value in want.items()):
                with suppress(UploadGone, NotFound):
                    return old, self._parts_of(item.key, old)
            else:
                self._abort(old)
        locks = self._target.locks
        locked = locks.on_write(item.retain_until) if locks else {}
        reply = self._bucket.call(
            "create_multipart_upload", item.key, ChecksumAlgorithm="SHA256", **locked
        )
        upload = _Upload(upload=reply["UploadId"], **want)
        self._remember(state, upload)
        return upload, {}

    def _parts_of(self, key: str, upload: _Upload) -> dict[int, dict[str, Any]]:
        found: dict[int, dict[str, Any]] = {}
        marker = 0
        while True:
            reply = self._bucket.call(
                "list_parts", key, UploadId=upload.upload, PartNumberMarker=marker
            )
            found |= {part["PartNumber"]: part for part in reply.get("Parts", [])}
            if not reply.get("IsTruncated"):
                return found
            marker = int(reply["NextPartNumberMarker"])

    # --- the one pass

    def _send(
        self, path: Path, upload: _Upload, done: dict[int, dict[str, Any]]
    ) -> tuple[list[_Part], bytes]:
        """Read the file once, send what is missing; returns the parts and the whole's SHA-256."""
        whole = sha256()
        waiting: deque[Future[_Part]] = deque()
        parts: list[_Part] = []
        with ThreadPoolExecutor(self._parting.window) as threads:
            try:
                for number, data in enumerate(_read_parts(path, upload.part), 1):
                    whole.update(data)
                    digest = sha256(data).digest()
                    if (etag := _etag_if_same(done.get(number), data, digest)) is not None:
                        parts.append(_Part(number, etag, digest))
                        continue
                    send = carried(self._send_part)
                    waiting.append(threads.submit(send, upload, number, data, digest))
                    if len(waiting) >= self._parting.window:
                        parts.append(waiting.popleft().result())
                parts += [future.result() for future in waiting]
            except BaseException:
                for future in waiting:
                    future.cancel()
                raise
        return sorted(parts, key=lambda part: part.number), whole.digest()

    def _send_part(self, upload: _Upload, number: int, data: bytes, digest: bytes) -> _Part:
        check = {}
        if not self._target.traits.checks_sha256:
            check["ContentMD5"] = b64(md5_of(data))
        reply = self._bucket.call(
            "upload_part",
            upload.key.removeprefix(self._bucket.prefix),
            UploadId=upload.upload,
            PartNumber=number,
            Body=data,
            ChecksumSHA256=b64(digest),
            **check,
        )
        return _Part(number, reply["ETag"], digest)

    # --- after

    def _complete(
        self, item: PutItem, upload: _Upload, parts: list[_Part], whole: bytes
    ) -> Standing:
        checksum = _composite([part.sha256 for part in parts])
        for attempt in range(_TRIES):
            try:
                reply = self._bucket.call(
                    "complete_multipart_upload",
                    item.key,
                    UploadId=upload.upload,
                    IfNoneMatch="*",
                    MultipartUpload={"Parts": [part.to_value() for part in parts]},
                )
            except (AlreadyThere, UploadGone, NotFound):
                # The upload stays open after a 412; after our own lost reply it is gone.
                self._abort(upload)
                return already_there(self._target, item, upload.size, whole, checksum)
            except Contended:
                if attempt == _TRIES - 1:
                    raise
                pause(attempt)
            else:
                version = str(reply.get("VersionId") or "")
                return self._first(item, version, upload.size, whole, checksum)
        raise AssertionError("unreachable")

    def _first(
        self, item: PutItem, version: str, size: int, whole: bytes, checksum: str
    ) -> Standing:
        """Our version; where the server checks no condition, only if it is the first one."""
        if self._target.versioned and not self._target.traits.create_only_parts:
            first = listing.oldest(self._bucket, item.key)
            if first is not None and first.version != version:
                place = self._bucket, item.key, first.version
                if not same_bytes(*place, size, whole, checksum):
                    raise conflict(item.key)
                version = first.version
        return written(self._target, item, version)

    # --- what is remembered of unfinished ones

    def _state(self, key: str) -> Path:
        name = f"{self._bucket.name}/{self._bucket.prefix}{key}".encode()
        return self._parting.folder / (sha256(name).hexdigest()[:32] + _ENDING)

    def _remember(self, state: Path, upload: _Upload) -> None:
        data = json.dumps(asdict(upload), sort_keys=True).encode()
        with disk_errors("uploads/"):
            self._parting.fs.mkdir(state.parent)
            replace(self._parting.fs, state, data, state.with_suffix(".new"))

    def _abort(self, upload: _Upload) -> None:
        """Let go of the parts; whatever cannot be aborted is shown by `verify --storage`."""
        if upload.bucket == self._bucket.name and upload.key.startswith(self._bucket.prefix):
            key = upload.key.removeprefix(self._bucket.prefix)
            with suppress(NotFound, UploadGone, UsageError):
                self._bucket.call("abort_multipart_upload", key, UploadId=upload.upload)

    def _sweep(self) -> None:
        """Once: abort what was begun for staged files that are gone."""
        if self._swept or not self._parting.folder.is_dir():
            return
        for state in self._parting.folder.glob(f"*{_ENDING}"):
            upload = _read_state(state)
            ours = upload is not None and upload.bucket == self._bucket.name
            if upload is not None and ours and not Path(upload.path).exists():
                self._abort(upload)
                state.unlink(missing_ok=True)
        self._swept = True


def _read_parts(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while data := _read_full(file, size):
            yield data


def _read_full(file: Any, size: int) -> bytes:
    """As much as there is, up to `size`: a raw read may be short."""
    data = bytes(file.read(size))
    if len(data) in (0, size):
        return data
    pieces = [data]
    left = size - len(data)
    while left and (more := file.read(left)):
        pieces.append(more)
        left -= len(more)
    return b"".join(pieces)


def _hash_parts(path: Path, size: int) -> tuple[list[bytes], bytes]:
    whole, digests = sha256(), []
    for data in _read_parts(path, size):
        whole.update(data)
        digests.append(sha256(data).digest())
    return digests, whole.digest()


def _composite(digests: list[bytes]) -> str:
    """The checksum that S3 keeps of an object in parts: SHA-256 over their SHA-256 values."""
    return f"{b64(sha256(b''.join(digests)).digest())}-{len(digests)}"


def _etag_if_same(stored: dict[str, Any] | None, data: bytes, digest: bytes) -> str | None:
    """The ETag of a part that the server has already, None if it has other bytes or none."""
    if stored is None or stored.get("Size") != len(data):
        return None
    etag = str(stored["ETag"])
    checksum = stored.get("ChecksumSHA256")
    same = checksum == b64(digest) if checksum else etag.strip('"') == md5_of(data).hex()
    return etag if same else None


def _read_state(path: Path) -> _Upload | None:
    try:
        return _Upload(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
