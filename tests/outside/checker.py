"""Checks an archive as docs/formats.md §10 says, with the standard library and openssl alone.

    python checker.py STORE_DIR POLICY_TOML [--known NOTE]... [--receipts FILE]...

Written from that page; it shares no line with the product. One finding per line, then PASSED
(exit 0) or FAILED (exit 1). Lines beginning with `remark` do not fail the archive.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time
import tomllib
import unicodedata
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import checker_disposition as kept  # beside this file, which may run isolated
import checker_documents as told
import checker_intake as intake
import checker_media as seen
import checker_spill as spilled
import checker_volumes as filed
from checker_retention import short_locks

Json = dict[str, Any]
PIECE = 4194304


class Bad(Exception):
    """Something does not have the form the page describes."""


# --- values and forms (§1) ---------------------------------------------------------------------


def quoted(text: str) -> str:
    if not unicodedata.is_normalized("NFC", text) or any(0xD800 <= ord(c) < 0xE000 for c in text):
        raise Bad("text is not in NFC or has a lone surrogate")
    return json.dumps(text, ensure_ascii=False)


def canonical(value: Any) -> str:
    """RFC 8785 without floating-point numbers."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int) and abs(value) < 2**53:
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda k: k.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{quoted(k)}:{canonical(value[k])}" for k in keys) + "}"
    raise Bad("a number that canonical JSON does not allow")


def read_json(data: bytes) -> Json:
    try:
        value = json.loads(data.decode())
        same = canonical(value).encode() == data
    except (ValueError, RecursionError) as error:
        raise Bad(f"not JSON: {error}") from error
    if not same or not isinstance(value, dict):
        raise Bad("not one canonical JSON object")
    return value


def sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def unbase64(text: str, length: int | None = None) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Bad("not base64") from error
    if base64.b64encode(raw).decode() != text or length not in (None, len(raw)):
        raise Bad("base64 of another form or length")
    return raw


def when(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Bad(f"not a time: {text}") from error


KINDS = {  # §3: stream, subject, keys of the body
    "log.opened": "log - archive certificates crls digests heartbeat_seconds log log_key office"
    " previous software storage",
    "log.linked": "log - certificates crls seal tokens",
    "log.heartbeat": "log -",
    "log.closed": "log - next",
    "outage.started": "log - outage reason since",
    "outage.ended": "log - outage reason since until",
    "source.registered": "registry source detail detail_id",
    "source.confirmed": "registry source detail detail_id",
    "source.retired": "registry source detail detail_id",
    "record.accessioned": "source/ id content first_hash_at office received_at record size source",
    "record.redropped": "source/ id content first received_at size source",
    "record.lost": "source/ id detail detail_id entry",
    "drop.rejected": "source/ - code detail detail_id received_at source",
    "access.completed": "access id access bytes",
    "access.aborted": "access id access bytes code",
    "access.denied": "access - account action code host person records request statement",
    "access.closed": "access id code",
    "access.concealed": "access - accepted_at access commitment host spent",
    "access.concealed_end": "access - access commitment",
    "person.expired": "registry staff valid_until",
    "case.linked": "registry id records",
    "inspection.completed": "inspection - detail detail_id failed indeterminate report result",
    **kept.KINDS,
    **spilled.KINDS,
    **seen.KINDS,
    **intake.KINDS,
}
OPTIONAL = {
    "record.accessioned": {"pack", "retain_until", "same_content_as", "tags"},
    "drop.rejected": {"refusal"},
    **seen.OPTIONAL,
}
TAGS = {"minor", "privacy", "trade_secret", "work_secret"}  # §14
ACTORS = {  # §3: of unsigned kinds; all others are `system/…`
    **dict.fromkeys(("source.confirmed", "source.retired", "record.lost"), "account/.+"),
    "inspection.completed": "account/.+",
    **dict.fromkeys(("person.expired", "case.linked"), "system/registry"),
    **dict.fromkeys(("access.denied", "access.closed", "access.concealed",
                     "access.concealed_end"), "system/access"),
    **kept.ACTORS,
    **spilled.ACTORS,
    **seen.ACTORS,
    **intake.ACTORS,
}  # fmt: skip
SIGNED = {  # §11: stream, the payload's field that is the subject, keys of the payload
    "person.enrolled": "registry person account certificate key person roles unit valid_from"
    " valid_until",
    "person.suspended": "registry person person",
    "person.resumed": "registry person person",
    "person.revoked": "registry person code person since",
    "rules.adopted": "registry - name rules",
    "case.opened": "registry case case category handlers importance opened sensitivity unit",
    "case.changed": "registry case case category handlers importance sensitivity unit",
    "case.closed": "registry case case closed decided",
    "case.attached": "registry case case records",
    "case.detached": "registry case case records",
    "hold.placed": "registry hold case hold records",
    "hold.lifted": "registry hold hold",
    "access.requested": "access request action capacity case letter purpose records request"
    " segments",
    "access.decided": "access request decision grant request role",
    "access.started": "access record access action copies range record request resumes",
    "access.returned": "access access access count",
    "access.destroyed": "access access access count",
    "access.opened": "access access access",
    "alert.handled": "inspection - alert disposition evidence rule",
    **kept.SIGNED,
    **spilled.SIGNED,
    **filed.SIGNED,
}
BODY = "accepted_at account detail detail_id host statements"
STATEMENT = "archive at certificate cunzheng_statement kind nonce payload person"
TERMS = (  # §14
    "clock_offset_ms complete device kinds office officer profile quota_mb sidecar_wait_seconds"
    " silence_hours"
)
DATA = {  # §6: keys of a detail's data
    "source.registered": "name name_b64 state",
    "source.confirmed": "name name_b64 state label kind unit person",  # and perhaps TERMS
    "source.retired": "name name_b64 state person reason",
    "drop.rejected": "name name_b64 folder folder_b64 quarantine sentence files",
    "record.lost": "reason person",
    "inspection.completed": "person scope policy",
    "person.enrolled": "name post unit_name certificate_no certificate_until",
    "rules.adopted": "text",
    "case.opened": "number title",
    "hold.placed": "reason document_no",
    "access.requested": "reason behalf letter_no task_no query",
    "access.decided": "comment",
    "access.started": "medium_no note",
    "access.returned": "remarks",
    "access.destroyed": "remarks",
    "access.opened": "start end",
    "alert.handled": "comment assignee",
    "person.suspended": "reason",
    "person.resumed": "reason",
    "person.revoked": "reason",
    "case.changed": "reason",
    "case.closed": "reason",
    "case.attached": "reason",
    "case.detached": "reason",
    "hold.lifted": "reason",
    **kept.DATA,
    **spilled.DATA,
    **intake.DATA,
    **filed.DATA,
}
RECORD = (
    "v id salt name name_b64 folder folder_b64 size digests pieces media text source office"
    " received_at first_hash_at modified_at settle sidecar claims findings software"
)
RECEIPT = (
    "cunzheng_receipt name name_b64 size digests record log index entry path checkpoint storage"
)
TIME = r"\d{4}(-\d\d){2}T[\d:]{8}\.\d{6}Z"
FORMS = {  # the values that hold everything together, wherever a key has this name
    "at accepted_at since until valid_until received_at first_hash_at modified_at"
    " retain_until": TIME,
    "record prev note p7s tst root": "sha256:[0-9a-f]{64}",
    "salt": "[0-9a-f]{32}",
    "kind": r"[a-z]+\.[a-z_]+",
    "actor": "(system|user|account)/.+",
    "source": "[A-Za-z0-9._-]{1,64}",
    "id detail_id access outage": "[0-7][0-9A-HJKMNP-TV-Z]{25}",
    "nonce": "[0-9a-f]{32}",
    "staff": "[a-z0-9][a-z0-9._-]{0,31}",
    "log next": r"[a-z0-9]{1,16}-\d{4}",
    "pack_id": r"[a-z0-9]{1,16}-\d{4}-\d{16}-[a-z0-9]{1,8}",
    "storage software code": ".+",
}
FORM = {name: re.compile(form) for names, form in FORMS.items() for name in names.split()}


def must(keys: str, value: Json) -> None:
    """Exactly these keys, and values of the form that their name asks for."""
    if wrong := set(keys.split()) ^ value.keys():
        raise Bad(f"not the keys of the page: {sorted(wrong)}")
    for name in FORM.keys() & value.keys():
        one = value[name]
        if one is not None and not FORM[name].fullmatch(one):
            raise Bad(f"{name} has another form")


def claimed(register: Json) -> None:
    """`register` of record.json (§14)."""
    only("clock_offset_ms device kind officer unit", register)
    offset, *texts = (register[key] for key in sorted(register))
    if not isinstance(offset, int | None) or not all(isinstance(t, str | None) for t in texts):
        raise Bad("what the register said has another form")


def check_entry(e: Json) -> None:
    """Form of one entry (§2, §3)."""
    must("actor at body kind prev seq stream subject v", e)
    when(e["at"])
    if e["kind"] in SIGNED:
        check_signed(e)
    elif e["kind"] in KINDS:
        stream, subject, *keys = KINDS[e["kind"]].split()
        more = OPTIONAL.get(e["kind"], set()) & e["body"].keys()
        must(" ".join([*keys, *more]), e["body"])
        if "pack" in more:
            must("description id offset sidecar", {**e["body"]["pack"], "id": None})
            if not FORM["pack_id"].fullmatch(e["body"]["pack"]["id"]):
                raise Bad("no pack id")
        tags = e["body"].get("tags", ["minor"])
        if not tags or tags != sorted(TAGS & {*tags}):
            raise Bad("tags of another form")
        refusal = e["body"].get("refusal")
        if refusal is not None and not (
            FORM["id"].fullmatch(refusal) and e["body"]["code"] == "CLASSIFIED_REFUSED"
        ):
            raise Bad("a refusal of another form")
        own = "source/" + e["body"].get("source", e["stream"].partition("/")[2])
        if subject == "perhaps":
            fits = intake.is_resolution(e)
            subject = "id" if e["subject"] else "-"
            fits = fits and (not e["subject"] or FORM["id"].fullmatch(e["subject"]))
        else:
            fits = e["subject"] is None if subject == "-" else FORM[subject].fullmatch(e["subject"])
        if not fits or e["v"] != 1 or e["stream"] != (own if stream == "source/" else stream):
            raise Bad("subject, stream or version does not fit the kind")
        if not re.fullmatch(ACTORS.get(e["kind"], "system/.+"), e["actor"]):
            raise Bad("the actor does not fit the kind")
        if e["kind"] == "access.denied":
            check_named(e["body"]["records"])


def check_named(records: list[str]) -> None:
    """What a refused try was about (§3): at most 1,000 identifiers, ascending, none twice."""
    if len(records) > 1000 or records != sorted(set(records)):
        raise Bad("the records of a refused try are not in order")
    if not all(FORM["id"].fullmatch(record) for record in records):
        raise Bad("a refused try names what is no record id")


def only(keys: str, value: Json) -> None:
    """Exactly these keys, whatever their values are."""
    if wrong := set(keys.split()) ^ value.keys():
        raise Bad(f"not the keys of the page: {sorted(wrong)}")


def check_signed(e: Json) -> None:
    """Form of a signed entry (§11): its statements say one thing, and the entry repeats it."""
    stream, subject, *keys = SIGNED[e["kind"]].split()
    body, statements = e["body"], [one["statement"] for one in e["body"]["statements"]]
    must(BODY + " bootstrap" * (e["kind"] in ("person.enrolled", "rules.adopted")), body)
    payload = statements[0]["payload"]
    more = seen.PAYLOADS.get(e["kind"], set()) & payload.keys()
    only(" ".join([*keys, *more, "detail"]), payload)
    for one, signed in zip(statements, body["statements"], strict=True):
        only("signature statement", signed)
        must(STATEMENT, {**one, "person": None})
        if one["payload"] != payload or one["kind"] != e["kind"] or one["cunzheng_statement"] != 1:
            raise Bad("the statements say different things, or belong to another kind")
        if not FORM["staff"].fullmatch(one["person"]):
            raise Bad("no person id")
    if not 1 <= len({one["person"] for one in statements}) == len(statements) <= 2:
        raise Bad("one or two statements of different people were expected")
    named = None if subject == "-" else payload[subject]
    own = (stream, named, f"user/{statements[0]['person']}", body["detail"])
    if own != (e["stream"], e["subject"], e["actor"], payload["detail"]):
        raise Bad("stream, subject, actor or detail is not that of the statements")
    if (body["detail"] is None) != (body["detail_id"] is None):
        raise Bad("a detail without its identifier, or the reverse")


# --- tree (§4) ---------------------------------------------------------------------------------


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


class Tree:
    """Appends leaf hashes; gives the root at every size on the way."""

    def __init__(self) -> None:
        self.peaks: list[tuple[int, bytes]] = []

    def add(self, value: bytes) -> None:
        width = 1
        while self.peaks and self.peaks[-1][0] == width:
            value, width = node(self.peaks.pop()[1], value), 2 * width
        self.peaks.append((width, value))

    def root(self) -> bytes:
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        value = self.peaks[-1][1]
        for _, left in reversed(self.peaks[:-1]):
            value = node(left, value)
        return value


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(leaves: list[bytes]) -> bytes:
    tree = Tree()
    for value in leaves:
        tree.add(value)
    return tree.root()


def root_by_path(value: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """Root from an inclusion path, as RFC 9162 §2.1.3.2 writes it down."""
    fn, sn = index, size - 1
    for step in path:
        if fn & 1 or fn == sn:
            value = node(step, value)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            value = node(value, step)
        fn, sn = fn >> 1, sn >> 1
    return value if sn == 0 else b""


def tile_name(number: int) -> str:
    rest, last = divmod(number, 1000)
    name = f"{last:03}"
    while rest:
        rest, last = divmod(rest, 1000)
        name = f"x{last:03}/{name}"
    return name


def unbundle(data: bytes, width: int) -> list[bytes]:
    entries, at = list[bytes](), 0
    while at < len(data) and len(entries) <= width:
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            raise Bad("an entry is cut off")
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) != width:
        raise Bad(f"a tile that should hold {width} entries holds another number")
    return entries


# --- DER: what the page needs and openssl does not compare --------------------------------------


@dataclass(frozen=True)
class Der:
    tag: int
    body: bytes
    whole: bytes

    def __iter__(self) -> Iterator[Der]:
        at = 0
        while at < len(self.body):
            part = der(self.body, at)
            at += len(part.whole)
            yield part

    def __getitem__(self, index: int) -> Der:
        return list(self)[index]


def der(data: bytes, at: int = 0, *, alone: bool = False) -> Der:
    size, start = data[at + 1], at + 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[at + 2 : start], "big")
    if start + size > len(data) or (alone and start + size != len(data)):
        raise Bad("DER: cut off, or something follows")
    return Der(data[at], data[start : start + size], data[at : start + size])


def oid(text: str) -> bytes:
    first, second, *rest = map(int, text.split("."))
    out = b""
    for n in [first * 40 + second, *rest]:
        part = bytes([n & 0x7F])
        while n := n >> 7:
            part = bytes([n & 0x7F | 0x80]) + part
        out += part
    return out


SHA256, ECDSA = oid("2.16.840.1.101.3.4.2.1"), oid("1.2.840.10045.4.3.2")
ATTRIBUTES = {oid(f"1.2.840.113549.1.9.{n}"): n for n in ("3", "4", "5", "16.2.47", "52")}
KEY_USAGE, EXTENDED_USAGE, CRL_NUMBER = oid("2.5.29.15"), oid("2.5.29.37"), oid("2.5.29.20")
INVALIDITY = oid("2.5.29.24")


def der_time(part: Der) -> datetime:
    text = part.body.decode("ascii", "replace")
    if part.tag == 0x17:
        text = ("19" if text[:2] >= "50" else "20") + text
    if not re.fullmatch(r"\d{14}(\.\d{1,6})?Z", text):
        raise Bad(f"a time of another form: {text}")
    whole, _, rest = text[:-1].partition(".")
    return datetime.strptime(f"{whole}.{rest or 0}+0000", "%Y%m%d%H%M%S.%f%z")


@dataclass(frozen=True)
class Signed:
    content: bytes
    signer: bytes
    attributes: set[str]
    algorithms: tuple[bytes, bytes]


def signed_data(data: bytes) -> Signed:
    """The one signature of a CMS SignedData and its certificate; openssl judges both."""
    parts = list(der(data, alone=True)[1][0])
    (info,) = (list(one) for one in parts[-1])
    for certificate in (c for p in parts if p.tag == 0xA0 for c in p):
        if issuer_of(certificate).whole + serial_of(certificate).whole == info[1].body:
            break
    else:
        raise Bad("the signer's certificate is not inside")
    if any(p.tag == 0xA1 for p in [*parts, *info]):
        raise Bad("unsigned attributes or CRLs are inside")
    inside = list(parts[2])
    content = inside[1][0].body if len(inside) > 1 else b""
    attributes = [ATTRIBUTES.get(a[0].body, "?") for a in info[3]] if info[3].tag == 0xA0 else []
    used = (info[2][0].body, info[4 if attributes else 3][0].body)
    return Signed(content, certificate.whole, set(attributes), used)


def fields_of(certificate: Der) -> list[Der]:
    return [f for f in certificate[0] if f.tag != 0xA0]


def serial_of(certificate: Der) -> Der:
    return fields_of(certificate)[0]


def issuer_of(certificate: Der) -> Der:
    return fields_of(certificate)[2]


def extensions(part: Der) -> dict[bytes, bytes]:
    return {e[0].body: e[-1].body for e in part[0]}


@dataclass(frozen=True)
class Crl:
    path: Path
    issuer: bytes
    start: datetime
    end: datetime
    number: int
    revoked: dict[bytes, datetime]


def revoked_since(line: Der) -> datetime:
    """The earlier of revocationDate and invalidityDate (§10)."""
    parts = list(line)
    dates = [der_time(parts[1])]
    for one in parts[2] if len(parts) > 2 else ():
        if one[0].body == INVALIDITY:
            dates.append(der_time(der(one[-1].body)))
    return min(dates)


def read_crl(path: Path) -> Crl:
    data = path.read_bytes()
    parts = [f for f in der(data, alone=True)[0] if f.tag != 0x02]
    revoked, number = {}, -1
    for part in parts[4:]:
        if part.tag == 0x30:
            revoked = {one[0].body: revoked_since(one) for one in part}
        elif CRL_NUMBER in extensions(part):
            number = int.from_bytes(der(extensions(part)[CRL_NUMBER]).body, "big")
    return Crl(path, parts[1].whole, der_time(parts[2]), der_time(parts[3]), number, revoked)


def missing(key: str) -> str:
    """The word for an object that is not there."""
    name = key.rpartition("/")[2]
    words = {"log": "seal", "details": "detail", "pki": "pki", "packs": "pack"}
    word = words.get(key.partition("/")[0], name.removesuffix(".json"))
    return ("timestamp" if key.endswith(".tst") else word).upper() + "_MISSING"


def pem(data: bytes, kind: str = "CERTIFICATE") -> str:
    return f"-----BEGIN {kind}-----\n{base64.encodebytes(data).decode()}-----END {kind}-----\n"


# --- the archive (§4 to §10) -------------------------------------------------------------------

TILE = re.compile(r"log/[^/]+/tile/(entries|0|[1-9]\d*)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d*))?")
QUIET = ["-no-CApath", "-no-CAstore"]
POLICY = {
    "": {"cunzheng_policy", "archive", "log_key", "ca_root", "tsa_root", "person_root", "limits"},
    "log_key": {"key", "not_before", "not_after"},
    "ca_root": {"pem"},
    "person_root": {"pem"},
    "tsa_root": {"pem", "kind", "policies"},
}
LIMITS = {"max_seal_gap": 7200, "max_age": 86400, "max_token_delay": 86400, "min_crl_number": 0}


def read_policy(path: Path) -> Json:
    policy = tomllib.loads(path.read_text())
    policy["limits"] = LIMITS | policy.get("limits", {})
    for part in ("log_key", "ca_root", "tsa_root"):
        if not policy.get(part) or any(one.keys() - POLICY[part] for one in policy[part]):
            raise Bad(f"{part} is missing or has an unknown key")
    policy.setdefault("person_root", [])
    if policy.keys() - POLICY[""] or policy["limits"].keys() != LIMITS.keys():
        raise Bad("an unknown key")
    return policy


@dataclass
class Log:
    name: str
    raw: list[bytes] = field(default_factory=list)
    entries: list[Json] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    roots: list[bytes] = field(default_factory=lambda: [root_of([])])
    sizes: list[int] = field(default_factory=list)
    times: dict[int, datetime] = field(default_factory=dict)


class Zip:
    """A pack as it must be (§12), written again from what was found for its files."""

    def __init__(self) -> None:
        self.chunks, self.central, self.size = list[bytes](), list[bytes](), 0
        self.sums, self.data = b"", b""

    def take(self, data: bytes, name: str, size: int) -> bytes:
        """A file that stands in `data` at the present place."""
        at = self.size + 30 + len(name)
        self.add(name, data[at : at + size], size)
        return self.chunks[-1]

    def add(self, name: str, data: bytes, size: int) -> None:
        crc, raw = zlib.crc32(data), name.encode()
        fixed = struct.pack("<HHHHLLLHH", 0, 0, 0, 0x21, crc, size, size, len(raw), 0)
        line = b"PK\1\2" + struct.pack("<HH", 0x0314, 20) + fixed
        self.central.append(line + struct.pack("<HHHLL", 0, 0, 0, 0x81240000, self.size) + raw)
        self.sums += f"{hashlib.sha256(data).hexdigest()}  {name}\n".encode()
        self.chunks += [b"PK\3\4" + struct.pack("<H", 20) + fixed + raw, data]
        self.size += 30 + len(raw) + size

    def finish(self) -> None:
        self.add("SHA256SUMS", self.sums, len(self.sums))
        count, central = len(self.central), b"".join(self.central)
        end = struct.pack("<HHHHLLH", 0, 0, count, count, len(central), self.size, 0)
        self.data = b"".join(self.chunks) + central + b"PK\5\6" + end


class Checker:
    def __init__(self, store: Path, policy: Json, temp: Path) -> None:
        self.policy, self.temp = policy, temp
        self.failed, self.lines = False, list[str]()
        self.jobs: list[tuple[str, str, list[list[str]]]] = []
        self.stored: dict[str, dict[str, Path]] = {"evidence": {}, "live": {}}
        self.seen: set[str] = {"live/log/checkpoint"}
        for place, found in self.stored.items():
            for path in sorted((store / place).rglob("*")):
                if path.is_symlink():  # may point anywhere, and elsewhere tomorrow
                    self.fail("OBJECT_UNEXPECTED", str(path), "is a link, not an object")
                elif not path.is_dir():
                    found[path.relative_to(store / place).as_posix()] = path
        self.evidence = self.stored["evidence"]
        self.accessions: dict[str, tuple[str, int, Json]] = {}
        self.quarantine = intake.Quarantine()
        self.lost: set[str] = set()
        self.late: dict[str, Json] = {}
        self.split: set[str] = set()  # packed records that got objects of their own
        self.destroyed: set[str] = set()
        self.register = Register(self)

    def fail(self, code: str, place: str, why: object) -> None:
        self.failed = True
        self.lines.append(f"{code} {place}: {why}")

    def remark(self, code: str, place: str, why: object) -> None:
        self.lines.append(f"remark {code} {place}: {why}")

    @contextmanager
    def guard(self, code: str, place: str) -> Iterator[None]:
        """Turns what goes wrong inside into a finding."""
        try:
            yield
        except Bad as error:
            own, colon, why = str(error).partition(": ")
            named = bool(colon) and own.isupper()
            self.fail(own if named else code, place, why if named else error)
        except (ValueError, LookupError, TypeError, AttributeError, OSError) as error:
            self.fail(code, place, repr(error))

    def take(self, key: str) -> bytes:
        self.seen.add(f"evidence/{key}")
        if key not in self.evidence:
            raise Bad(f"{missing(key)}: {key} is not there")
        return self.evidence[key].read_bytes()

    def keep(self, name: str, data: bytes) -> str:
        path = self.temp / hashlib.sha256(name.encode() + b"\0" + data).hexdigest()
        path.write_bytes(data)
        return str(path)

    def run(self, known: list[Path], receipts: list[Path]) -> None:
        self.pki()
        names = {k.split("/")[1] for k in self.evidence if k.count("/") > 2 and k[:4] == "log/"}
        self.logs = [self.read_log(n) for n in sorted(names, key=lambda n: (n[-4:], n))]
        if not self.logs:
            self.fail("LOG_MISSING", "log", "there is no log")
        for log in self.logs:
            self.seals(log)
            self.tiles(log)
        self.late = {(t["log"], t["size"]): t["tst"] for log in self.logs for e in log.entries
                     if e.get("kind") == "log.linked" for t in e["body"]["tokens"]}  # fmt: skip
        for office in sorted({log.name[:-5] for log in self.logs}):
            self.chain = [log for log in self.logs if log.name[:-5] == office]
            with self.guard("LOG_ORDER", office):
                self.links()
                self.streams()
                self.times()
        self.register.finish()
        for rid, (_, _, e) in self.accessions.items():
            with self.guard("RECORD_DISAGREES", rid):
                self.record(rid, e)
        self.packs()
        for path in known:
            with self.guard("KNOWN_NOTE_BAD", path.name):
                self.note(path.read_bytes().decode(), path.name, None)
        for path in receipts:
            for number, line in enumerate(path.read_bytes().splitlines(), 1):
                with self.guard("RECEIPT_BAD", f"{path.name}:{number}"):
                    self.receipt(read_json(line), f"{path.name}:{number}")
        self.unexpected()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(self.job, {repr(job[2]): job for job in self.jobs}.values()))

    def job(self, job: tuple[str, str, list[list[str]]]) -> None:
        """Runs openssl; one of the alternatives has to accept."""
        code, place, alternatives = job
        for command in alternatives:
            done = subprocess.run(["openssl", *command], capture_output=True, check=False)
            said = (done.stdout + done.stderr).decode(errors="replace")
            if done.returncode == 0:
                return
        if "revoked" in said:
            code = "CERTIFICATE_REVOKED"
        elif "CRL" in said:
            code = "REVOCATION_UNKNOWN"
        self.fail(code, place, " / ".join(said.split("\n")[-4:]).strip(" /"))

    def pki(self) -> None:
        certificates, self.crls = [], list[Crl]()
        parts = ("ca_root", "tsa_root", "person_root")
        roots = [one["pem"] for part in parts for one in self.policy[part]]
        for key in [k for k in self.evidence if k.startswith("pki/")]:
            with self.guard("PKI_ALTERED", key):
                data = self.evidence[key].read_bytes()
                if Path(key).stem != hashlib.sha256(data).hexdigest():
                    raise Bad("not named by its digest")
                if key.endswith(".crt"):
                    certificates.append(pem(data))
                else:
                    self.crls.append(read_crl(self.evidence[key]))
        self.untrusted = self.keep("pki", "".join(certificates + roots).encode())
        for crl in self.crls:
            check = ["crl", "-inform", "DER", "-in", str(crl.path), "-noout", "-CAfile"]
            done = subprocess.run(["openssl", *check, self.untrusted], capture_output=True)  # noqa: PLW1510
            if b"verify OK" not in done.stdout + done.stderr:
                self.fail("PKI_ALTERED", crl.path.name, "the CRL's signature is not valid")

    def read_log(self, name: str) -> Log:
        log, number, tree = Log(name), 0, Tree()
        with self.guard("ENTRIES", name):
            while (key := f"log/{name}/tile/entries/{tile_name(number)}") in self.evidence:
                log.raw += unbundle(self.take(key), 256)
                number += 1
            live, start = self.stored["live"], key + ".p/"
            widths = [int(k[len(start) :]) for k in live if k.startswith(start)]
            if widths:
                path = live[f"{start}{max(widths)}"]
                log.raw += unbundle(path.read_bytes(), max(widths))
        for index, data in enumerate(log.raw):
            log.leaves.append(leaf(data))
            tree.add(log.leaves[-1])
            log.roots.append(tree.root())
            log.entries.append({})
            with self.guard("ENTRY_BAD", f"{name}#{index}"):
                e = read_json(data)
                check_entry(e)
                log.entries[-1] = e
                if e["kind"] not in KINDS and e["kind"] not in SIGNED:
                    self.remark("KIND_UNKNOWN", f"{name}#{index}", e["kind"])
        return log

    def tiles(self, log: Log) -> None:
        levels, size = [log.leaves], min(max(log.sizes, default=0), len(log.raw))
        while len(levels[-1]) >= 256:
            full = range(0, len(levels[-1]) - 255, 256)
            levels.append([root_of(levels[-1][at : at + 256]) for at in full])
        table = {str(level): row for level, row in enumerate(levels)}
        table["entries"] = [len(d).to_bytes(2, "big") + d for d in log.raw]
        for name in table:
            count = size >> (0 if name == "entries" else 8 * int(name))
            for n in range((count + 255) // 256):
                key, width = f"log/{log.name}/tile/{name}/{tile_name(n)}", min(256, count - 256 * n)
                place, key = ("evidence", key) if width == 256 else ("live", f"{key}.p/{width}")
                if key not in self.stored[place]:
                    self.fail("TILE_MISSING", key, "is not there")
        for place, found in self.stored.items():
            for key in [k for k in found if k.startswith(f"log/{log.name}/tile/")]:
                match = TILE.fullmatch(key)
                if match and (place == "live" or match[3] is None):
                    at, width = 256 * int(re.sub("[x/]", "", match[2])), int(match[3] or 256)
                    want = table.get(match[1], [])[at : at + width]
                    self.seen.add(f"{place}/{key}")
                    if len(want) != width or found[key].read_bytes() != b"".join(want):
                        self.fail("TILE_ALTERED", key, "differs from the tree of the entries")

    def seals(self, log: Log) -> None:
        start = f"log/{log.name}/seals/"
        found = {k[len(start) :][:16] for k in self.evidence if k.startswith(start)}
        log.sizes = sorted(int(s) for s in found if s.isdecimal())
        for size in log.sizes:
            key = f"{start}{size:016}.note"
            stamp = None
            if f"{key}.p7s.tst" in self.evidence:
                with self.guard("TIMESTAMP_BAD", key):
                    stamp = log.times[size] = self.token(key)
            else:
                self.remark("TIMESTAMP_PENDING", key, "this seal has no token")
            with self.guard("SEAL_SIGNATURE_BAD", key):
                if self.note(self.take(key).decode(), key, stamp) != (log.name, size):
                    raise Bad("origin or size is not the file's")
            with self.guard("SEAL_SIGNATURE_BAD", key):
                self.cms(key, stamp)

    def token(self, key: str) -> datetime:
        cms = signed_data(self.take(f"{key}.p7s.tst"))
        info = list(der(cms.content, alone=True))
        stamp, imprint = der_time(info[4]), hashlib.sha256(self.take(f"{key}.p7s")).digest()
        if info[2][0][0].body != SHA256 or info[2][1].body != imprint:
            raise Bad("the imprint is not the SHA-256 of the .p7s")
        roots = [
            root["pem"]
            for root in self.policy["tsa_root"]
            if info[1].body in map(oid, root.get("policies", [])) or "policies" not in root
        ]
        if not roots or "16.2.47" not in cms.attributes:
            raise Bad("its policy is not accepted, or signingCertificateV2 is missing")
        files = [
            "-in",
            str(self.evidence[f"{key}.p7s.tst"]),
            "-data",
            str(self.evidence[f"{key}.p7s"]),
        ]
        start = ["ts", "-verify", "-token_in", *files, "-untrusted", self.untrusted]
        self.certificates(key, cms.signer, stamp)
        self.jobs.append(("TIMESTAMP_BAD", key, [start + self.trust([r], stamp) for r in roots]))
        return stamp

    def cms(self, key: str, stamp: datetime | None) -> None:
        cms = signed_data(self.take(f"{key}.p7s"))
        used = cms.algorithms == (SHA256, ECDSA)
        if cms.attributes - {"52"} != {"3", "4", "5", "16.2.47"} or not used:
            raise Bad("other signed attributes or algorithms")
        usage = extensions(fields_of(der(cms.signer))[-1])
        if EXTENDED_USAGE in usage or not der(usage[KEY_USAGE]).body[1] & 0xC0:
            raise Bad("the certificate is not for signing documents")
        files = ["-in", f"{self.evidence[f'{key}.p7s']}", "-content", f"{self.evidence[key]}"]
        command = [
            "cms",
            "-verify",
            "-binary",
            "-inform",
            "DER",
            *files,
            "-cades",
            "-purpose",
            "any",
        ]
        command += [*QUIET, "-certfile", self.untrusted, "-out", os.devnull]
        roots = [one["pem"] for one in self.policy["ca_root"]]
        at = stamp or datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251
        self.jobs.append(("SEAL_SIGNATURE_BAD", key, [command + self.trust(roots, at)]))
        self.certificates(key, cms.signer, at)
        numbers = [c.number for c in self.crls if c.issuer == issuer_of(der(cms.signer)).whole]
        if max(numbers, default=-1) < self.policy["limits"]["min_crl_number"]:
            self.fail("REVOCATION_UNKNOWN", key, "the newest CRL is older than the policy asks")

    def trust(self, roots: list[str], at: datetime) -> list[str]:
        """What openssl may trust at a time: roots, and CRLs in force then."""
        text = "".join(roots)
        for crl in self.crls:
            if crl.start <= at <= crl.end:
                text += pem(crl.path.read_bytes(), "X509 CRL")
        file = self.keep("trust", text.encode())
        return ["-CAfile", file, "-crl_check_all", "-attime", str(int(at.timestamp()))]

    def certificates(self, key: str, certificate: bytes, at: datetime) -> None:
        """Revoked by a later CRL, from a time before `at`."""
        one = der(certificate)
        for crl in self.crls:
            since = crl.revoked.get(serial_of(one).body)
            if crl.issuer == issuer_of(one).whole and since is not None and since <= at:
                self.fail("CERTIFICATE_REVOKED", key, f"certificate revoked since {since}")

    def note(self, text: str, place: str, stamp: datetime | None) -> tuple[str, int]:
        """A checkpoint: signed by a key of the policy, true of the tree."""
        head, gap, rest = text.partition("\n\n")
        origin, count, root = head.split("\n")
        lines = [re.fullmatch("\u2014 ([^ ]+) ([^ ]+)", one) for one in rest[:-1].split("\n")]
        name, size = origin[len(self.policy["archive"]) + 1 :], int(count)
        if not gap or rest[-1:] != "\n" or not all(lines) or str(size) != count or size < 0:
            raise Bad("not a signed note of three lines")
        if origin != f"{self.policy['archive']}/{name}" or not FORM["log"].fullmatch(name):
            raise Bad("another archive")
        blobs = [unbase64(m[2]) for m in lines if m and m[1] == origin]
        signed = False
        for key in self.policy["log_key"]:
            raw = unbase64(key["key"], 32)
            mark = hashlib.sha256(origin.encode() + b"\n\x01" + raw).digest()[:4]
            for blob in (b for b in blobs if b[:4] == mark):
                signed = True
                if stamp and not key["not_before"] <= stamp <= key.get("not_after", stamp):
                    self.fail("LOG_KEY", place, "the key was not valid at the token's time")
                public = pem(bytes.fromhex("302a300506032b6570032100") + raw, "PUBLIC KEY")
                self.jobs.append(("SEAL_SIGNATURE_BAD", place, [[
                    "pkeyutl", "-verify", "-rawin", "-pubin",
                    "-inkey", self.keep("key", public.encode()),
                    "-in", self.keep("text", f"{head}\n".encode()),
                    "-sigfile", self.keep("signature", blob[4:])]]))  # fmt: skip
        if not signed:
            raise Bad("no signature by a log key of the policy")
        log = next((one for one in self.logs if one.name == name), None)
        if log is None or size >= len(log.roots):
            raise Bad(f"LEDGER_TRUNCATED: the archive has no {name} of size {size}")
        if log.roots[size] != unbase64(root, 32):
            raise Bad("LEDGER_ALTERED: not the root of the tree at this size")
        return name, size

    def linked(self, place: str, named: Json, log: Log) -> None:
        """The seal an entry names stands there with these digests."""
        key = f"log/{log.name}/seals/{named['size']:016}.note"
        for part, end in (("note", ""), ("p7s", ".p7s"), ("tst", ".p7s.tst")):
            path, want = self.evidence.get(key + end), named[part]
            real = sha(path.read_bytes()) if path else None
            if part == "tst":  # may be named later, or not yet
                want = want or self.late.get((log.name, named["size"]))
                want = want or (real if log.sizes[-2:][0] <= named["size"] else None)
            if real != want:
                word = missing(key + end) if real is None else "SEAL_LINK_BAD"
                self.fail(word, place, f"the {part} of the seal of size {named['size']}")

    def links(self) -> None:
        for number, log in enumerate(self.chain):
            size, end = max(log.sizes, default=0), len(log.entries) - 1
            later = self.chain[number + 1].name if log is not self.chain[-1] else None
            if later and log.entries[-1:] and log.entries[-1].get("kind") != "log.closed":
                self.fail("LOG_ORDER", log.name, "was never closed, and another log follows")
            if size != end + 1:
                word = "SEAL_MISSING" if size <= end else "LEDGER_TRUNCATED"
                self.fail(word, log.name, f"{end + 1} entries, sealed are {size}")
            for index, e in enumerate(log.entries):
                place, body, kind = f"{log.name}#{index}", e.get("body", {}), e.get("kind")
                want = "log.linked" if index in log.sizes else None
                want = "log.opened" if index == 0 else want
                have = kind if kind in ("log.opened", "log.linked", "log.closed") else None
                if e and have != want and not (kind == "log.closed" and index == end):
                    word = "SEAL_MISSING" if "log.linked" in (have, want) else "LOG_ORDER"
                    self.fail(word, place, f"is {kind}, and {want or 'another kind'} belongs here")
                elif have == "log.linked":
                    self.linked(place, body["seal"], log)
                elif have == "log.opened":
                    self.opened(place, body, log, self.chain[number - 1] if number else None)
                elif have == "log.closed" and body["next"] != later:
                    self.fail("LOG_MISSING", place, f"{body['next']} should follow, not {later}")
                for part in (
                    ("certificates", "crls") if have in ("log.opened", "log.linked") else ()
                ):
                    for digest in body[part]:
                        with self.guard("PKI_MISSING", place):
                            self.take(f"pki/{digest[7:]}.{'crt' if part[1] == 'e' else 'crl'}")

    def opened(self, place: str, body: Json, log: Log, before: Log | None) -> None:
        own = (body["archive"], body["log"], body["office"])
        if own != (self.policy["archive"], log.name, log.name[:-5]):
            self.fail("LOG_IDENTITY", place, "names another archive, log or office")
        if body["log_key"] not in [one["key"] for one in self.policy["log_key"]]:
            self.fail("LOG_IDENTITY", place, "the log's key is not in the policy")
        previous = body["previous"] or {"log": None, "size": 0}
        named = (before.name, max(before.sizes, default=0)) if before else (None, 0)
        if (previous["log"], previous["size"]) != named:
            self.fail("LOG_ORDER", place, "names another final seal of a previous log")
        elif before:
            self.linked(place, previous, before)

    def streams(self) -> None:
        state: dict[str, tuple[int, str | None]] = {}
        for log in self.chain:
            for index, e in enumerate(log.entries):
                if not e:
                    continue
                place = f"{log.name}#{index}"
                if (e["seq"], e["prev"]) != state.get(e["stream"], (0, None)):
                    self.fail("STREAM_FORK", place, f"{e['stream']} does not continue")
                state[e["stream"]] = (e["seq"] + 1, f"sha256:{log.leaves[index].hex()}")
                with self.guard("ENTRY_BAD", place):
                    self.history(log, index, e)

    def history(self, log: Log, index: int, e: Json) -> None:
        """What one entry says of earlier ones, and its detail."""
        body, rid, data = e["body"], e["subject"], None
        if e["kind"] == "record.accessioned":
            if rid in self.accessions:
                raise Bad("RECORD_TWICE: the record was there before")
            self.accessions[rid] = (log.name, index, e)
        elif e["kind"] in ("record.lost", "record.redropped"):
            name, at, first = self.accessions[rid]
            if body.get("first", body.get("entry")) != {"log": name, "index": at}:
                raise Bad("not the record's accession")
            if e["kind"] == "record.lost":
                self.lost.add(rid)
            elif (body["content"], body["size"]) != (
                first["body"]["content"],
                first["body"]["size"],
            ):
                raise Bad("a re-drop of other content")
        elif e["kind"] == "record.amended" and rid not in self.accessions:
            raise Bad("REFERENCE_BAD: it amends no record")
        if body.get("detail"):
            data = self.detail(e)
            if not self.quarantine.takes(e, data):
                raise Bad("REFERENCE_BAD: nobody rejected this drop")
        if e["kind"] == "record.amended":
            self.amends(rid, body["what"], data or {})
        self.register.take(f"{log.name}#{index}", e, data)

    def amends(self, rid: str, what: str, data: Json) -> None:
        """What an amendment says (§13, §14)."""
        if what == "media":
            only(seen.MEDIA, data)
            seen.amendment(data)
        elif what == "sidecar":
            only(seen.SIDECAR, data)
            late = base64.b64decode(data["sidecar"])
            if len(late) != data["size"] or sha(late) not in data["digests"]:
                raise Bad("not the bytes of the sidecar that came later")
            self.late.setdefault(rid, data["claims"])
        elif what == "signatures":
            only(seen.SIGNATURES, data)
            seen.signatures(data)
        else:
            raise Bad("it amends something else")

    def detail(self, e: Json) -> Json:
        """The data of an entry's detail."""
        body = e["body"]
        detail_id = body["detail_id"]
        data = self.take(f"details/{detail_id[-2:]}/{detail_id}.json")
        if sha(data) != body["detail"]:
            raise Bad("DETAIL_ALTERED: another digest")
        detail = read_json(data)
        must("cunzheng_detail data id kind salt", detail)
        if (detail["id"], detail["kind"]) != (detail_id, e["kind"]):
            raise Bad("DETAIL_ALTERED: of another entry")
        said = dict(detail["data"])
        if e["kind"] == "source.confirmed" and "terms" in said:
            only(TERMS, said.pop("terms"))
        if e["kind"] == "store.probed":
            more = spilled.PROBED_MORE & said.keys()
            only(" ".join([spilled.PROBED, *more]), said)
        elif e["kind"] == "drop.rejected":
            only(" ".join([DATA["drop.rejected"], *(intake.MORE & said.keys())]), said)
        elif e["kind"] != "record.amended":  # by what it amends
            only(DATA[e["kind"]], said)
        return dict(detail["data"])

    def times(self) -> None:
        limits, entries = self.policy["limits"], [e for log in self.chain for e in log.entries if e]
        stamps = [t for log in self.chain for _, t in sorted(log.times.items())]
        outages = [e["body"] for e in entries if e["kind"] == "outage.ended"]
        for a, b in pairwise(stamps):
            if a >= b:
                self.fail("TIMESTAMP_ORDER", str(b), "a token is not later than the one before")
            free = [min(b, when(o["until"])) - max(a, when(o["since"])) for o in outages]
            if (
                (b - a - max(free, default=b - b)).total_seconds()
                > limits["max_seal_gap"]
                < (b - a).total_seconds()
            ):
                self.fail("SEAL_GAP", str(b), f"{b - a} since the token before")
        now = datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251
        if not stamps or (now - stamps[-1]).total_seconds() > limits["max_age"]:
            self.remark("STALE", "archive", "the newest token is older than the policy allows")
        if stamps and stamps[-1] > now:
            self.fail("TIMESTAMP_BAD", str(stamps[-1]), "a token from the future")
        for log in self.chain:
            for start, end in pairwise([0, *log.sizes]):
                oldest = min((when(e["at"]) for e in log.entries[start:end] if e), default=now)
                delay = log.times.get(end, now) - oldest
                if delay.total_seconds() > limits["max_token_delay"]:
                    self.fail("TIMESTAMP_LATE", f"{log.name}#{start}", "its token came late")

    def blob(self, key: str, digests: list[str], size: int) -> list[bytes]:
        """Reads an object by pieces, compares size and digests; returns piece hashes."""
        self.seen.add(f"evidence/{key}")
        if key not in self.evidence:
            raise Bad(f"{missing(key)}: {key} is not there")
        hashers = [hashlib.new(d.split(":")[0]) for d in digests]
        pieces, length = [], 0
        with self.evidence[key].open("rb") as file:
            while piece := file.read(PIECE):
                length += len(piece)
                pieces.append(hashlib.sha256(piece).digest())
                for hasher in hashers:
                    hasher.update(piece)
        if length != size or [f"{h.name}:{h.hexdigest()}" for h in hashers] != digests:
            raise Bad(f"{key.rsplit('/', 1)[1].upper()}_ALTERED: not what was sealed")
        return pieces

    def record(self, rid: str, e: Json) -> None:
        """A record that stands alone; a packed one too, once it was split off (§12)."""
        start, body = f"records/{rid[-2:]}/{rid}/", e["body"]
        other = self.accessions[body.get("same_content_as", rid)]  # may stand later in the batch
        if other[2]["body"]["content"] != body["content"]:
            raise Bad("REFERENCE_BAD: same_content_as names other content")
        if rid in self.lost:
            self.fail("CONTENT_LOST", rid, "lost before it was stored, and recorded so")
            self.seen |= {f"evidence/{k}" for k in self.evidence if k.startswith(start)}
        elif rid in self.destroyed or "first" in self.register.cleared.get(rid, ()):
            there = {f"evidence/{k}" for k in self.evidence if k.startswith(start)}
            if there:
                self.fail("DESTROYED_STILL_THERE", rid, "its objects are stored")
            self.seen |= there
        elif "pack" not in body and self.going(rid, [start + "content"]):
            return
        elif "pack" not in body or rid in self.split:
            record = self.described(rid, body, self.take(start + "record.json"))
            pieces = self.blob(start + "content", body["content"], body["size"])
            self.rooted(record, pieces)
            if len(pieces) > 1 and self.take(start + "pieces") != b"".join(pieces):
                raise Bad("PIECES_ALTERED: pieces differs from the content")
            if beside := record["sidecar"]:
                self.blob(start + "sidecar", beside["digests"], beside["size"])

    def going(self, rid: str, keys: list[str]) -> bool:
        """Whether a record whose bytes are gone was ordered to be destroyed within a day (§12)."""
        now = datetime.fromtimestamp(time.time(), UTC).isoformat()  # noqa: TID251
        known = [code for code, fine in (
            ("DESTRUCTION_UNFINISHED", self.register.unfinished(rid, now)),
            ("SPILL_UNFINISHED", self.register.gone_already(rid, kept.stamp(
                datetime.fromisoformat(now)))),
        ) if fine]  # fmt: skip
        if keys[0] in self.evidence or not known:
            return False
        self.remark(known[0], rid, "gone, and nobody said so yet")
        start = f"records/{rid[-2:]}/{rid}/"
        self.seen |= {f"evidence/{k}" for k in self.evidence if k.startswith(start)}
        return True

    def to_be_gone(self) -> set[str]:
        """Records that the ledger says anywhere were destroyed: nobody can ask them any more."""
        return {e["subject"] for log in self.logs for e in log.entries
                if e.get("kind") == "record.destroyed"} | {*self.register.blocked}  # fmt: skip

    def described(self, rid: str, body: Json, data: bytes) -> Json:
        """record.json against the entry."""
        if sha(data) != body["record"]:
            raise Bad("RECORD_ALTERED: record.json has another digest")
        record = read_json(data)
        more = [key for key in ("document", "register", "technical") if key in record]
        must(" ".join((RECORD, *more)), record)
        if "register" in record:
            claimed(record["register"])
        if "document" in record:
            told.document(record["document"])
        if "technical" in record:
            seen.technical(record["technical"])
        same = ("size", "source", "office", "received_at", "first_hash_at")
        if (
            record["id"] != rid
            or record["digests"] != body["content"]
            or any(record[k] != body[k] for k in same)
            or ((record["claims"] or {}).get("tags") or []) != body.get("tags", [])
        ):
            raise Bad("record.json does not agree with the entry")
        return record

    def record_json(self, rid: str) -> bytes:
        """From where it stands; `record` and `pack` compare it with its entry."""
        e = self.accessions[rid][2]
        place, own = e["body"].get("pack"), f"records/{rid[-2:]}/{rid}/record.json"
        key = self.pack_key(e) if place else ""
        if key not in self.evidence:
            return self.take(own)
        with self.evidence[key].open("rb") as file:
            file.seek(place["offset"] + e["body"]["size"] + 68)
            return file.read(place["description"])

    @staticmethod
    def pack_key(e: Json) -> str:
        return f"packs/{e['at'][:4]}/{e['at'][5:7]}/{e['body']['pack']['id']}.zip"

    def rooted(self, record: Json, pieces: list[bytes]) -> None:
        root = root_of([leaf(p) for p in pieces])
        if record["pieces"] != {"size": PIECE, "root": f"sha256:{root.hex()}"}:
            raise Bad("another root of the pieces")

    # packs (§12)

    def packs(self) -> None:
        packs: dict[str, list[tuple[str, str, int, Json]]] = {}
        for rid, (log, index, e) in self.accessions.items():
            if "pack" in e["body"]:
                packs.setdefault(self.pack_key(e), []).append((rid, log, index, e))
        for key, members in packs.items():
            with self.guard("PACK_DISAGREES", key):
                self.pack(key, members)

    def pack(self, key: str, members: list[tuple[str, str, int, Json]]) -> None:
        (_, name, first, _), (_, _, last, _) = members[0], members[-1]
        log = next(one for one in self.logs if one.name == name)
        own = rf"packs/\d{{4}}/\d\d/{name}-{first:016}-([1-9]\d*[dmy]|p)\.zip"
        one_batch = not any(first < size <= last for size in log.sizes)
        one_batch = one_batch and {m[1] for m in members} == {name} and len(members) <= 1000
        if not re.fullmatch(own, key) or not one_batch:
            raise Bad("its name is not that of its first member, or it has several batches")
        clear = {r for r, stores in self.register.cleared.items() if "first" in stores}
        gone = {rid for rid, *_ in members} & (self.lost | self.destroyed | self.split | clear)
        if key not in self.evidence:
            gone |= {rid for rid, *_ in members if rid not in gone and self.going(rid, [key])}
            if len(gone) == len(members):
                return
        elif gone & (self.destroyed | clear):
            self.fail("DESTROYED_STILL_THERE", key, "some of its members were destroyed")
        data, made = self.take(key), Zip()
        for rid, _, _, e in members:
            place, at = e["body"]["pack"], made.size + 30 + len(rid) + len("/content")
            if (place["offset"], e["body"]["size"] <= PIECE) != (at, True):
                raise Bad(f"{rid} does not begin where the member before it ends")
            files = {"content": e["body"]["size"], "record.json": place["description"]}
            if place["sidecar"] is not None:
                files["sidecar"] = place["sidecar"]
            found = {part: made.take(data, f"{rid}/{part}", files[part]) for part in files}
            if rid not in self.lost | self.destroyed:
                with self.guard("RECORD_DISAGREES", rid):
                    self.member(rid, e["body"], found)
        made.finish()
        if made.data != data:
            raise Bad("PACK_ALTERED: not the bytes that follow from its records")

    def member(self, rid: str, body: Json, found: dict[str, bytes]) -> None:
        """The files of one packed record."""
        self.same("CONTENT", rid, found["content"], body["content"], body["size"])
        record = self.described(rid, body, found["record.json"])
        beside = record["sidecar"]
        if (beside and beside["size"]) != body["pack"]["sidecar"]:
            raise Bad("the entry and record.json do not agree about a sidecar")
        if beside:
            self.same("SIDECAR", rid, found["sidecar"], beside["digests"], beside["size"])
        content = found["content"]
        self.rooted(record, [hashlib.sha256(content).digest()] if content else [])

    def same(self, word: str, rid: str, data: bytes, digests: list[str], size: int) -> None:
        made = [f"{d.split(':')[0]}:{hashlib.new(d.split(':')[0], data).hexdigest()}"
                for d in digests]  # fmt: skip
        if made != digests or len(data) != size:
            self.fail(f"{word}_ALTERED", rid, "not what was sealed")

    def unexpected(self) -> None:
        for place, found in self.stored.items():
            for key in found:
                if f"{place}/{key}" not in self.seen and key.split("/")[0] in (
                    "records",
                    "packs",
                    "details",
                    "log",
                    "pki",
                ):
                    self.fail("OBJECT_UNEXPECTED", f"{place}/{key}", "nothing names it")

    def receipt(self, r: Json, place: str) -> None:
        must(RECEIPT, {**r, "record": None})
        check_entry(r["entry"])
        body = r["entry"]["body"]
        if (r["record"], r["size"], r["digests"]) != (
            r["entry"]["subject"],
            body["size"],
            body["content"],
        ):
            raise Bad("the line does not agree with its entry")
        name, size = self.note(r["checkpoint"], place, None)
        value = leaf(canonical(r["entry"]).encode())
        log = next(one for one in self.logs if one.name == name)
        path = [unbase64(p, 32) for p in r["path"]]
        if name != r["log"] or r["index"] >= size or log.leaves[r["index"]] != value:
            raise Bad("its entry does not stand at its index")
        if root_by_path(value, r["index"], size, path) != log.roots[size]:
            raise Bad("the path does not lead to the root")


# --- people, cases, retrieval (§11) ------------------------------------------------------------

CLIENT_AUTH, TIME_STAMPING = oid("1.3.6.1.5.5.7.3.2"), oid("1.3.6.1.5.5.7.3.8")
STOPPERS = {"archivist", "administrator", "approver.principal", "inspector.internal",
            "inspector.judicial"}  # fmt: skip
KEEPERS = {"archivist", "legal_office", "inspector.internal", "inspector.judicial"}
MINUTES = 60


def need(code: str, fine: object, why: str) -> None:
    if not fine:
        raise Bad(f"{code}: {why}")


class Register(spilled.Spills, kept.Keeping, seen.Copies, filed.Volumes):
    """Takes the entries in the order of the ledger; one that breaks a rule changes nothing.

    Of the approval matrix it knows how many must approve, not who: the ladder is not climbed here.
    """

    need = staticmethod(need)
    canonical = staticmethod(canonical)

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self.begin_keeping()
        self.begin_spills()
        self.begin_filing()
        self.people: dict[str, Json] = {}
        self.owners: dict[str, tuple[str, str | None]] = {}  # certificate or key -> person, since
        self.founders: list[str] = []
        self.founding = True
        self.terms: dict[str, list[Json]] = {}  # certificate -> what its person was with it, when
        self.nonces: set[str] = set()  # their digests
        self.rules: dict[str, str] = {}
        self.schedules: list[tuple[int, str, str]] = []  # accessions before it, at, text
        self.cases: dict[str, Json] = {}
        self.units: dict[str, str | None] = {}  # of sources
        self.holds: dict[str, Json] = {}
        self.requests: dict[str, Json] = {}
        self.accesses: dict[str, Json] = {}
        self.said: list[tuple[str, str, str]] = []
        self.listed: list[tuple[str, str, str]] = []

    def take(self, place: str, e: Json, data: Json | None) -> None:
        rule = getattr(self, e["kind"].replace(".", "_"), None)
        if e["kind"] not in SIGNED:
            if e["kind"] == "source.confirmed":
                said = (data or {})["unit"]
                fits = said and re.fullmatch("[A-Za-z0-9._-]{1,32}", said)
                self.units[e["subject"]] = said if fits else None
            if rule:
                rule(place, e)
            return
        body = e["body"]
        signers = [self.statement(place, e, one) for one in body["statements"]]
        if None not in (accounts := {p["account"] for p in signers}) and signers:
            need("SIGNER_INVALID", body["account"] in accounts, "another account")
        if rule:
            rule(body["statements"][0]["statement"]["payload"], e, data, signers)
        for one in body["statements"]:
            self.nonces.add(sha(one["statement"]["nonce"].encode()))
            self.said.append((place, one["statement"]["person"], body["accepted_at"]))

    def finish(self) -> None:
        """What was revoked afterwards, and what has no end."""
        since = {name: p["since"] for name, p in self.people.items() if p["since"]}
        for place, name, accepted in self.said:
            if accepted >= since.get(name, "9"):
                self.checker.remark("SIGNER_DOUBTFUL", place, f"{name} was revoked afterwards")
        for place, name, at in self.listed:
            if at < since.get(name, "9"):
                self.checker.fail("SIGNER_INVALID", place, f"{name}'s certificate was revoked")
        for access, one in self.accesses.items():
            if one["state"] == "open":
                self.checker.remark("ACCESS_OPEN", access, "has no end")
        accessions = ((rid, e) for rid, (_, _, e) in self.checker.accessions.items())
        for rid, why in short_locks(accessions, self.schedules):
            self.checker.fail("RETENTION_UNLAWFUL", rid, why)

    # statements

    def statement(self, place: str, e: Json, signed: Json) -> Json:
        """Signature, certificate, times; returns the person as enrolled."""
        said, body, checker = signed["statement"], e["body"], self.checker
        name, accepted, at = said["person"], when(body["accepted_at"]), when(said["at"])
        need("STATEMENT_FOREIGN", said["archive"] == checker.policy["archive"], said["archive"])
        spent = sha(said["nonce"].encode()) in self.nonces
        need("STATEMENT_REPLAYED", not spent, "its nonce was used before")
        longest = 24 * 60 if e["stream"] == "registry" else 15
        age, ahead = (accepted - at).total_seconds(), (accepted - when(e["at"])).total_seconds()
        fine = -5 * MINUTES <= age <= longest * MINUTES and ahead <= 5 * MINUTES
        need("STATEMENT_STALE", fine, "signed, accepted and written at other times")
        if ahead < -24 * 60 * MINUTES:
            checker.remark("STATEMENT_LATE", place, "written more than a day after it was accepted")
        self.signature(place, e, signed)
        if e["kind"] == "person.enrolled" and body["bootstrap"]:
            return {"account": None}
        person = self.people.get(name, {"certificate": None})
        _, since = self.owners.get(said["certificate"], ("", None))
        need("SIGNER_INVALID", since is None or body["accepted_at"] < since, f"{name} is revoked")
        need("SIGNER_INVALID", person["certificate"] == said["certificate"], f"{name} not enrolled")
        need("SIGNER_INVALID", person["state"] != "suspended", f"{name} is suspended")
        valid = person["valid_from"] <= body["accepted_at"] <= person["valid_until"]
        need("SIGNER_INVALID", valid, f"{name}'s enrolment is not valid then")
        return person

    def signature(self, place: str, e: Json, signed: Json, at: str = "") -> None:
        """Checked now, because a forged statement must not count."""
        said, checker, moment = signed["statement"], self.checker, when(at or e["at"])
        key = f"pki/{said['certificate'][7:]}.crt"
        certificate = checker.evidence.get(key)
        if certificate is None:
            raise Bad(f"PKI_MISSING: {key} is not there")
        public = openssl("x509", "-inform", "DER", "-in", certificate, "-pubkey", "-noout")
        data = b"cunzheng statement v1\n" + canonical(said).encode()
        files = [checker.keep("key", public), "-signature",
                 checker.keep("signature", unbase64(signed["signature"]))]  # fmt: skip
        try:
            openssl("dgst", "-sha256", "-verify", *files, checker.keep("signed", data))
        except Bad as error:
            raise Bad(f"STATEMENT_BAD: {said['person']}: {error}") from error
        raw = certificate.read_bytes()
        usage = extensions(fields_of(der(raw))[-1]).get(EXTENDED_USAGE)
        uses = [] if usage is None else [one.body for one in der(usage)]
        parts = ["ca_root"] * (CLIENT_AUTH in uses) + ["person_root"]
        roots = [[r["pem"] for r in checker.policy[p]] for p in parts if checker.policy[p]]
        need("SIGNER_INVALID", roots and TIME_STAMPING not in uses, "no certificate of a person")
        moments = [moment] if at else [moment, when(e["body"]["accepted_at"])]
        commands = [["verify", *QUIET, *checker.trust(one, then), "-untrusted",
                     checker.untrusted, checker.keep("person", pem(raw).encode())]
                    for then in moments for one in roots]  # fmt: skip
        checker.jobs.append(("SIGNER_INVALID", place, commands))
        one = der(raw)
        for crl in checker.crls:
            since = crl.revoked.get(serial_of(one).body)
            if crl.issuer == issuer_of(one).whole and since is not None and since <= moment:
                self.listed.append((place, said["person"], at or e["at"]))

    def as_of(self, said: Json, at: str) -> Json:
        """What the signer was at a moment that is past."""
        for term in self.terms.get(said["certificate"], []):
            if term["start"] <= at < term["end"] and term["person"] == said["person"]:
                away = any(start <= at < end for start, end in term["away"])
                fine = not away and term["valid_from"] <= at <= term["valid_until"]
                need("SIGNER_INVALID", fine, f"{term['person']} was suspended or not valid then")
                return term
        raise Bad(f"SIGNER_INVALID: {said['person']} was not enrolled then")

    # people and rules

    def vouched(self, name: str, roles: list[str], e: Json, signers: list[Json]) -> None:
        names = [one["statement"]["person"] for one in e["body"]["statements"]]
        need("REGISTER_UNLAWFUL", name not in names, f"{name} vouches for himself")
        some = any({"archivist", "administrator"} & set(p["roles"]) for p in signers)
        need("REGISTER_UNLAWFUL", some, "no archivist or administrator vouches")
        again = e["kind"] == "person.enrolled" and name in self.people
        alone = any("archivist" in p["roles"] for p in signers)
        if again or set(roles) != {"handler"} or not alone:
            two = len(signers) == 2 and all(set(p["roles"]) != {"handler"} for p in signers)
            need("REGISTER_UNLAWFUL", two, f"one person alone vouches for {name}")

    def person_enrolled(self, p: Json, e: Json, _: Json | None, signers: list[Json]) -> None:
        name, roles = p["person"], p["roles"]
        alone = "administrator" not in roles or len(roles) == 1
        need("REGISTER_UNLAWFUL", alone, "an administrator with other roles")
        if e["body"]["bootstrap"]:
            said = e["body"]["statements"][0]["statement"]
            own = (said["person"], said["certificate"]) == (name, p["certificate"])
            fresh = self.founding and len(self.founders) < 2 and name not in self.founders
            need("REGISTER_UNLAWFUL", own and fresh, "the founding is over, or not by himself")
        else:
            self.vouched(name, roles, e, signers)
        file = self.checker.evidence.get(f"pki/{p['certificate'][7:]}.crt")
        need("PKI_MISSING", file, p["certificate"])
        key = sha(fields_of(der(file.read_bytes()))[5].whole) if file else ""
        for taken in (p["certificate"], key):
            owner, since = self.owners.get(taken, (name, None))
            need("REGISTER_UNLAWFUL", owner == name and since is None, "the key is taken")
        bound = p["account"] and any(
            other != name and (one["account"], one["since"]) == (p["account"], None)
            for other, one in self.people.items()
        )
        need("REGISTER_UNLAWFUL", not bound, "the account is somebody else's")
        if e["body"]["bootstrap"]:
            self.founders.append(name)
        else:
            self.founding = False
        self.owners |= {p["certificate"]: (name, None), key: (name, None)}
        accepted, before = e["body"]["accepted_at"], self.people.get(name)
        if before:
            before["term"]["end"] = accepted
        term: Json = {**p, "start": accepted, "end": "9", "away": []}
        self.terms.setdefault(p["certificate"], []).append(term)
        self.people[name] = {**p, "state": "active", "since": None, "term": term}

    def person_suspended(self, p: Json, e: Json, _: Json | None, signers: list[Json]) -> None:
        self.stop(p["person"], e, signers)
        need("REGISTER_UNLAWFUL", self.people[p["person"]]["state"] == "active", "not active")
        self.people[p["person"]]["state"] = "suspended"
        self.people[p["person"]]["term"]["away"].append([e["body"]["accepted_at"], "9"])

    def person_resumed(self, p: Json, e: Json, _: Json | None, signers: list[Json]) -> None:
        person = self.people[p["person"]]
        self.vouched(p["person"], person["roles"], e, signers)
        need("REGISTER_UNLAWFUL", person["state"] == "suspended", "not suspended")
        person["state"] = "active"
        person["term"]["away"][-1][1] = e["body"]["accepted_at"]

    def person_revoked(self, p: Json, e: Json, _: Json | None, signers: list[Json]) -> None:
        self.stop(p["person"], e, signers)
        person = self.people[p["person"]]
        earlier = person["since"] is None or p["since"] < person["since"]
        need("REGISTER_UNLAWFUL", earlier, "revoked before, from an earlier moment")
        person |= {"state": "revoked", "since": p["since"]}
        for taken, (owner, _since) in self.owners.items():
            if owner == p["person"]:
                self.owners[taken] = (owner, p["since"])

    def stop(self, name: str, e: Json, signers: list[Json]) -> None:
        need("REGISTER_UNLAWFUL", name in self.people and len(signers) == 1, "nobody, or two")
        own = e["body"]["statements"][0]["statement"]["person"] == name
        need("REGISTER_UNLAWFUL", own or STOPPERS & set(signers[0]["roles"]), "not his to stop")

    def rules_adopted(self, p: Json, e: Json, data: Json | None, signers: list[Json]) -> None:
        names = {one["statement"]["person"] for one in e["body"]["statements"]}
        if e["body"]["bootstrap"]:
            need("REGISTER_UNLAWFUL", self.founding and names == {*self.founders} and
                 len(names) == 2, "not the founders, or the founding is over")  # fmt: skip
        else:
            two = len(signers) == 2 and all(set(one["roles"]) != {"handler"} for one in signers)
            some = any("archivist" in one["roles"] for one in signers)
            need("REGISTER_UNLAWFUL", two and some, "not two people, an archivist among them")
        text = (data or {})["text"]
        need("REGISTER_UNLAWFUL", sha(text.encode()) == p["rules"], "another text was signed")
        self.rules[p["name"]] = text
        if p["name"] == "retention":
            self.schedules.append((len(self.checker.accessions), e["at"], text))

    # cases and holds

    def kept(self, case: Json, e: Json, signers: list[Json], *, named: bool = False) -> None:
        """By an archivist or the head of the unit; handlers are named by two, or by the head."""
        roles = signers[0]["roles"]
        head = "approver.department_head" in roles and signers[0]["unit"] == case["unit"]
        fine = len(signers) == 1 and (head or ("archivist" in roles and not named))
        if named and len(signers) == 2:
            some = any("archivist" in one["roles"] for one in signers)
            fine = some and all(set(one["roles"]) != {"handler"} for one in signers)
        need("REGISTER_UNLAWFUL", fine, "not his case to keep")
        self.no_handler(case, e)

    def no_handler(self, case: Json, e: Json) -> None:
        names = {one["statement"]["person"] for one in e["body"]["statements"]}
        need("REGISTER_UNLAWFUL", not names & {*case["handlers"]}, "a handler of the case")
        need("REGISTER_UNLAWFUL", not case.get("closed"), "the case is closed")

    def case_opened(self, p: Json, e: Json, data: Json | None, signers: list[Json]) -> None:
        self.kept(p, e, signers, named=bool(p["handlers"]))
        number = unicodedata.normalize("NFC", (data or {})["number"]).strip()
        taken = p["case"] in self.cases or number in [c["number"] for c in self.cases.values()]
        need("REGISTER_UNLAWFUL", not taken, "there is such a case")
        need("REGISTER_UNLAWFUL", self.people.keys() >= {*p["handlers"]}, "an unknown handler")
        more: Json = {"number": number, "records": set(), "detached": set()}
        self.cases[p["case"]] = {**p, **more}

    def case_changed(self, p: Json, e: Json, _: Json | None, signers: list[Json]) -> None:
        case, roles = self.cases[p["case"]], {r for one in signers for r in one["roles"]}
        need("REGISTER_UNLAWFUL", not case.get("closed"), "the case is closed")
        less = set(case["sensitivity"]) - set(p["sensitivity"])
        able = not less or roles & {"archivist", "legal_office"}
        need("REGISTER_UNLAWFUL", able, "takes a sensitivity away")
        same = all(p[k] == case[k] for k in ("category", "handlers", "importance", "unit"))
        all_of_them = {**case, "handlers": [*case["handlers"], *p["handlers"]]}
        if same and len(signers) == 1 and "legal_office" in roles:
            self.no_handler(all_of_them, e)
        else:
            named = not {*p["handlers"]} <= {*case["handlers"]}
            self.kept(all_of_them, e, signers, named=named)
        known = self.people.keys() | {*case["handlers"]}
        need("REGISTER_UNLAWFUL", known >= {*p["handlers"]}, "an unknown handler")
        case |= {**p, "former": {*case["handlers"], *case.get("former", ())}}

    def case_closed(self, p: Json, e: Json, _: Json | None, signers: list[Json]) -> None:
        self.kept(self.cases[p["case"]], e, signers)
        after = p["closed"] >= self.cases[p["case"]]["opened"]
        need("REGISTER_UNLAWFUL", after, "closed before it was opened")
        self.cases[p["case"]] |= {"closed": p["closed"], "decided": p["decided"]}

    def case_attached(self, p: Json, e: Json, _: Json | None, signers: list[Json]) -> None:
        self.kept(self.cases[p["case"]], e, signers)
        for rid in p["records"] if "archivist" not in signers[0]["roles"] else ():
            owners = {c["unit"] for c in self.cases.values() if rid in c["records"]}
            owners = (owners | {self.unit(rid)}) - {None}
            need("REGISTER_UNLAWFUL", not owners or signers[0]["unit"] in owners, "not his unit's")
        self.attach(self.cases[p["case"]], p["records"])

    def unit(self, rid: str) -> str | None:
        """Of a record's source."""
        found = self.checker.accessions.get(rid)
        return self.units.get(found[2]["body"]["source"]) if found else None

    def case_detached(self, p: Json, e: Json, _: Json | None, signers: list[Json]) -> None:
        case = self.cases[p["case"]]
        if case["sensitivity"]:
            able = len(signers) == 1 and {"archivist", "legal_office"} & set(signers[0]["roles"])
            need("REGISTER_UNLAWFUL", able, "takes a record from a sensitive case")
            self.no_handler(case, e)
        else:
            self.kept(case, e, signers)
        need("REGISTER_UNLAWFUL", case["records"] >= {*p["records"]}, "not attached")
        case["records"] -= {*p["records"]}
        case["detached"] |= {*p["records"]}

    def attach(self, case: Json, records: list[str]) -> None:
        known = all(r in self.checker.accessions for r in records)
        need("REGISTER_UNLAWFUL", known and not case["records"] & {*records}, "not to be attached")
        case["records"] |= {*records}

    def case_linked(self, _: str, e: Json) -> None:
        case, records = self.cases[e["subject"]], e["body"]["records"]
        need("REGISTER_UNLAWFUL", not case["detached"] & {*records}, "a person detached it")
        strange = [rid for rid in records if self.unit(rid) not in (None, case["unit"])]
        need("REGISTER_UNLAWFUL", not strange, "a record of another unit's source")
        gone = self.checker.lost | self.checker.to_be_gone()
        for rid in set(records) & set(self.checker.accessions) - gone:
            claims = read_json(self.checker.record_json(rid))["claims"] or {}
            claims = claims if "case" in claims else self.checker.late.get(rid)
            number = unicodedata.normalize("NFC", (claims or {}).get("case") or "").strip()
            need("REGISTER_UNLAWFUL", number == case["number"], f"{rid} does not claim the case")
        self.attach(case, records)

    def hold_placed(self, p: Json, _: Json, __: Json | None, signers: list[Json]) -> None:
        fine = len(signers) == 1 and KEEPERS & set(signers[0]["roles"])
        need("REGISTER_UNLAWFUL", fine and p["hold"] not in self.holds, "not his to hold")
        on = {"records": set(p["records"]), "case": p["case"]}
        self.holds[p["hold"]] = {"unit": signers[0]["unit"], **on}

    def hold_lifted(self, p: Json, _: Json, __: Json | None, signers: list[Json]) -> None:
        fine = len(signers) == 1 and KEEPERS & set(signers[0]["roles"])
        same = self.holds.pop(p["hold"])["unit"] == signers[0]["unit"]
        need("REGISTER_UNLAWFUL", fine and same, "not his to lift")

    # requests, decisions, accesses

    def access_requested(self, p: Json, e: Json, _: Json | None, signers: list[Json]) -> None:
        at, name = e["body"]["accepted_at"], e["body"]["statements"][0]["statement"]["person"]
        need("ACCESS_UNLAWFUL", p["request"] not in self.requests, "asked for before")
        self.requests[p["request"]] = self.asked(p, at, name, signers[0])

    def asked(self, p: Json, at: str, name: str, person: Json) -> Json:
        """A request that may be made, with what the rules say of it."""
        need("ACCESS_UNLAWFUL", "access" in self.rules, "no rules are in force")
        rules = tomllib.loads(self.rules["access"])
        row = next(r for r in rules["row"] if r["capacity"] == p["capacity"] and
                   p["action"] in r["actions"])  # fmt: skip
        known = all(r in self.checker.accessions for r in p["records"])
        self.free_to_read(p["records"], at)
        fine = known and set(row["by"]) & set(person["roles"])
        need("ACCESS_UNLAWFUL", fine, "no such record, or not in this capacity")
        self.asked_span(p)
        if letter := p["letter"]:
            *_, sealed = self.checker.accessions[letter["record"]]
            same = "sha256:" + letter["sha256"] in sealed["body"]["content"]
            other = letter["record"] not in p["records"]
            fine = same and other and sealed["body"]["source"] == "letters"
            need("ACCESS_UNLAWFUL", fine, "the letter is none")
        if p["capacity"] == "own_case" or row.get("own_records"):
            case = self.cases[p["case"]]
            handler = p["capacity"] != "own_case" or name in case["handlers"]
            fine = handler and case["records"] >= {*p["records"]}
            need("ACCESS_UNLAWFUL", fine, "not his own case, or a record is not of it")
        limits = {**rules["grant"], **{k: row[k] for k in ("count", "hours") if k in row}}
        sensitive = any(c["sensitivity"] and c["records"] & {*p["records"]}
                        for c in self.cases.values())  # fmt: skip
        bodies = (self.checker.accessions[record][2]["body"] for record in p["records"])
        sensitive = sensitive or any("tags" in body for body in bodies)
        blockable = row.get("blockable", True)
        least = len(row["approvers"]) or int(sensitive and blockable)
        until = shift(at, limits["hours"])
        own = [] if least else [{"from": at, "until": until, "count": limits["count"]}]
        return {**p, "person": name, "by": {*row["by"]}, "least": least, "grants": own,
                "approved": set(), "used": 0, "over": False, "limits": limits,
                "conceal": row.get("conceal"), "blockable": blockable}  # fmt: skip

    def access_decided(self, p: Json, e: Json, _: Json | None, signers: list[Json]) -> None:
        request, at = self.requests[p["request"]], e["body"]["accepted_at"]
        name = e["body"]["statements"][0]["statement"]["person"]
        need("DECISION_UNLAWFUL", not request["over"], "the request has ended")
        if p["decision"] == "withdraw":
            need("DECISION_UNLAWFUL", name == request["person"], "not his request")
        else:
            able = request["blockable"] and p["role"] in signers[0]["roles"]
            fine = able and name != request["person"] and name not in request["approved"]
            need("DECISION_UNLAWFUL", fine, "not his decision")
        if p["decision"] != "approve":
            request["over"] = True
            return
        limits = request["limits"]
        usual = {"from": at, "until": shift(at, limits["hours"]), "count": limits["count"]}
        grant = p["grant"] or usual
        need("DECISION_UNLAWFUL", grant["count"] <= limits["max_count"], "more than the rules give")
        request["approved"].add(name)
        request["grants"].append({**grant, "from": max(grant["from"], at)})

    def access_started(self, p: Json, e: Json, _: Json | None, signers: list[Json]) -> None:
        name = e["body"]["statements"][0]["statement"]["person"]
        request = self.requests[p["request"]]
        fine: object = {*request["by"]} & {*signers[0]["roles"]}
        if request["capacity"] == "own_case":
            case = self.cases[request["case"]]
            fine = fine and name in case["handlers"] and p["record"] in case["records"]
        need("ACCESS_UNLAWFUL", fine, "not in this capacity any more")
        self.begin(self.requests[p["request"]], p, e["body"]["accepted_at"], name)

    def begin(self, request: Json, p: Json, at: str, name: str) -> None:
        need("ACCESS_UNLAWFUL", p["access"] not in self.accesses, "begun before")
        self.free_to_read([p["record"]], at)
        fine = name == request["person"] and p["record"] in request["records"]
        need("ACCESS_UNLAWFUL", fine and p["action"] == request["action"], "another was asked for")
        enough = len(request["approved"]) >= request["least"] and not request["over"]
        need("ACCESS_UNLAWFUL", enough, "too few have approved, or it is over")
        grants = request["grants"]
        inside = all(grant["from"] <= at <= grant["until"] for grant in grants)
        need("ACCESS_UNLAWFUL", inside, "outside of the window")
        copies = bool(p["copies"] and p["copies"]["count"])
        need("ACCESS_UNLAWFUL", copies != (p["action"] == "view"), "copies of a view, or none")
        size = self.checker.accessions[p["record"]][2]["body"]["size"]
        start, stop = (p["range"]["from"], p["range"]["to"]) if p["range"] else (0, size)
        need("ACCESS_UNLAWFUL", stop <= size, "beyond the record")
        before, floor = self.accesses.get(p["resumes"] or "", {"state": ""}), start
        again = before["state"] == "aborted" and before["request"] == p["request"]
        if again:
            floor = before["start"] + before["bytes"]
            more = 0 < before["bytes"] < before["stop"] - before["start"]
            from_there = start >= max(floor - PIECE, before["floor"]) and stop == before["stop"]
            again = more and from_there and p["record"] == before["record"]
            again = again and "form" not in before
        need("ACCESS_UNLAWFUL", again or not p["resumes"], "resumes another access")
        self.form(request, p)
        least = min(grant["count"] for grant in grants)
        need("ACCESS_UNLAWFUL", again or request["used"] < least, "the count is used up")
        request["used"] += not again
        if again:
            before["state"] = "resumed"
        self.accesses[p["access"]] = {**p, "state": "open", "again": again, "start": start,
                                      "stop": stop, "floor": max(start, floor)}  # fmt: skip

    def access_completed(self, _: str, e: Json) -> None:
        access = self.accesses.get(e["body"]["access"], {"state": "", "record": ""})
        fine = access["state"] == "open" and access["record"] == e["subject"]
        need("ACCESS_UNLAWFUL", fine, "the end of no access, or a second one")
        self.made_for(access, e["kind"].partition(".")[2], e["body"]["bytes"])
        access |= {"state": e["kind"].partition(".")[2], "bytes": e["body"]["bytes"]}
        if access["state"] == "aborted" and not e["body"]["bytes"] and not access["again"]:
            self.requests[access["request"]]["used"] -= 1
        if access["state"] == "aborted" and not e["body"]["bytes"] and access["again"]:
            self.accesses[access["resumes"]]["state"] = "aborted"

    access_aborted = access_completed

    def access_closed(self, _: str, e: Json) -> None:
        need("ACCESS_UNLAWFUL", e["subject"] in self.requests, "no such request")
        self.requests[e["subject"]]["over"] = True

    def access_returned(self, p: Json, _: Json, __: Json | None, signers: list[Json]) -> None:
        access = self.accesses[p["access"]]
        access["copies"]["count"] -= p["count"]
        fine = "archivist" in signers[0]["roles"] and p["count"] > 0
        need("ACCESS_UNLAWFUL", fine and access["copies"]["count"] >= 0, "more than went out")

    access_destroyed = access_returned

    def access_concealed(self, place: str, e: Json) -> None:
        body = e["body"]
        need("ACCESS_UNLAWFUL", body["access"] not in self.accesses, "begun before")
        taken = self.nonces & {*body["spent"]}
        need("STATEMENT_REPLAYED", not taken and len({*body["spent"]}) == 2, "reserved before")
        ahead = (when(body["accepted_at"]) - when(e["at"])).total_seconds()
        need("STATEMENT_STALE", ahead <= 5 * MINUTES, "accepted after it was written")
        if ahead < -24 * 60 * MINUTES:
            self.checker.remark("STATEMENT_LATE", place, "written more than a day later")
        self.nonces |= {*body["spent"]}
        self.accesses[body["access"]] = {"state": "open", "start": body["commitment"], "end": "",
                                         "record": None, "at": body["accepted_at"],
                                         "spent": body["spent"],
                                         "rules": self.rules.get("access")}  # fmt: skip

    def access_concealed_end(self, _: str, e: Json) -> None:
        access = self.accesses[e["body"]["access"]]
        need("ACCESS_UNLAWFUL", access["state"] == "open" and not access["end"], "ended before")
        access |= {"state": "hidden", "end": e["body"]["commitment"]}

    def access_opened(self, p: Json, e: Json, data: Json | None, signers: list[Json]) -> None:
        access, opened = self.accesses[p["access"]], data or {}
        need("ACCESS_UNLAWFUL", access["state"] == "hidden", "not concealed, or opened before")
        for part in ("start", "end"):
            same = sha(canonical(opened[part]).encode()) == access[part]
            need("ACCESS_UNLAWFUL", same, f"the {part} is not what was committed")
        start, at = opened["start"], opened["start"]["accepted_at"]
        both = (start["requested"], start["started"])
        spent = sorted(sha(one["statement"]["nonce"].encode()) for one in both)
        same = (at, spent) == (access["at"], access["spent"])
        need("ACCESS_UNLAWFUL", same, "committed at another time, or with other statements")
        for one in both:
            said = one["statement"]
            self.signature(str(p["access"]), e, one, at)
            need("STATEMENT_FOREIGN", said["archive"] == self.checker.policy["archive"], "foreign")
            owner, since = self.owners.get(said["certificate"], ("", None))
            fine = owner == said["person"] and (since is None or at < since)
            need("SIGNER_INVALID", fine, "not enrolled then")
            person = self.as_of(said, at)
        asked, begun = start["requested"]["statement"], start["started"]["statement"]
        inspectors = all({"inspector.internal", "inspector.judicial"} & set(one["roles"])
                         for one in signers)  # fmt: skip
        own = e["body"]["statements"][0]["statement"]["person"] == begun["person"]
        need("ACCESS_UNLAWFUL", own or (len(signers) == 2 and inspectors), "not his to open")
        same = sha(canonical(start["requested_detail"]).encode()) == asked["payload"]["detail"]
        need("ACCESS_UNLAWFUL", same, "another detail was signed")
        rules, self.rules = self.rules, {"access": access["rules"] or ""}
        try:
            request = self.asked(asked["payload"], at, asked["person"], person)
        finally:
            self.rules = rules
        open_ = "form" in begun["payload"]
        fine = request["conceal"] and not open_
        need("ACCESS_UNLAWFUL", fine, "the rules do not allow it to be concealed")
        del self.accesses[p["access"]]
        self.begin(request, begun["payload"], at, begun["person"])
        state = "completed" if opened["end"]["code"] is None else "aborted"
        self.accesses[p["access"]]["state"] = state


def shift(moment: str, hours: int) -> str:
    return (when(moment) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def openssl(*command: object) -> bytes:
    done = subprocess.run(["openssl", *map(str, command)], capture_output=True, check=False)
    if done.returncode:
        raise Bad((done.stdout + done.stderr).decode(errors="replace").strip().split("\n")[0])
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks an archive from its documented format.")
    parser.add_argument("store", type=Path)
    parser.add_argument("policy", type=Path)
    parser.add_argument("--known", type=Path, action="append", default=[])
    parser.add_argument("--receipts", type=Path, action="append", default=[])
    args = parser.parse_args()
    try:
        policy = read_policy(args.policy)
    except (Bad, ValueError, OSError) as error:
        print(f"POLICY_BAD {args.policy}: {error}\nFAILED")
        return 1
    with tempfile.TemporaryDirectory() as temp:
        checker = Checker(args.store, policy, Path(temp))
        checker.run(args.known, args.receipts)
    print(*checker.lines, "FAILED" if checker.failed else "PASSED", sep="\n")
    return 1 if checker.failed else 0


if __name__ == "__main__":
    sys.exit(main())
