"""`cunzheng.toml`: read strictly into a frozen value, and written with its comments.

What it is not: secrets (passphrases come from the environment or a credential file) and trust
(an inspector's `policy.toml`).
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from archive.errors import FormatError, UsageError
from archive.filing.ref_codes import CodePattern
from cli.language import say
from signing.digest import ALGORITHMS

SETTINGS_FILE = "cunzheng.toml"
DATABASE_FILE = "cunzheng.db"
TEMPLATE = Path(__file__).resolve().parent.parent / "config" / SETTINGS_FILE
RELEASES = ("purge", "keep", "move")
EMBEDDED = "embedded"
MOST_ENTRIES = 65_536
"""Entries of one batch."""
IN_FILE = "file"
DATABASES = ("postgresql://", "postgresql+psycopg://", "sqlite:///")
S3_SCHEME = "s3://"
ADDRESSINGS = ("auto", "path", "virtual")
LOCK_MODES = ("compliance", "governance", "none")

_ARCHIVE_ID = re.compile(r"[a-z0-9.-]{1,64}/[0-9a-z]{1,64}")
_OFFICE = re.compile(r"[a-z0-9]{1,16}")
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*")


class SettingsError(UsageError):
    """`cunzheng.toml` cannot be used; the text names the key."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; times are in the unit that the name says, sizes are counts."""

    archive: str
    office: str = "main"
    digests: tuple[str, ...] = ("sha256", "sm3")
    batch_entries: int = 512
    batch_seconds: float = 1.0
    settle_seconds: float = 2.0
    unfinished_hours: float = 24.0
    staging_reserve_mb: int = 512
    release: str = "purge"
    purge_hours: int = 24
    tsa: str = EMBEDDED
    heartbeat_minutes: int = 60
    sealing_key: str = IN_FILE
    database: str = field(default=EMBEDDED, repr=False)
    store: str = "store"
    store_live: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_addressing: str = "auto"
    s3_ca: str = ""
    s3_profile_ingest: str = ""
    s3_profile_release: str = ""
    s3_profile_verify: str = ""
    lock_mode: str = "compliance"
    accept_missing: tuple[str, ...] = ()
    replica: str = ""
    replica_live: str = ""
    replica_endpoint: str = ""
    replica_region: str = "us-east-1"
    replica_profile: str = ""
    replica_required: bool = False
    immutable_files: bool = False
    pack_up_to: int = 262144
    media_programs: str = ""
    media_examine: bool = True
    index: bool = True
    device_profiles: str = ""
    sidecar_mappings: str = ""
    sidecar_wait_seconds: int = 0
    ref_code: str = ""
    reader_seconds: float = 20.0
    reader_memory_mb: int = 1024
    signature_trust: str = ""

    def __post_init__(self) -> None:
        """Raise SettingsError for a value out of its range."""
        _match("archive", self.archive, _ARCHIVE_ID)
        _match("office", self.office, _OFFICE)
        _check_digests(self.digests)
        _range("batch_entries", self.batch_entries, 1, MOST_ENTRIES)
        _range("batch_seconds", self.batch_seconds, 0, 60)
        _range("settle_seconds", self.settle_seconds, 0, 3600)
        _range("unfinished_hours", self.unfinished_hours, 0, 8760)
        _range("staging_reserve_mb", self.staging_reserve_mb, 0, 1 << 30)
        _range("sidecar_wait_seconds", self.sidecar_wait_seconds, 0, 604_800)
        _range("purge_hours", self.purge_hours, 0, 8760)
        _range("heartbeat_minutes", self.heartbeat_minutes, 1, 60)
        if self.release not in RELEASES:
            raise _bad("release", ", ".join(RELEASES))
        if self.tsa != EMBEDDED and not self.tsa.startswith(("http://", "https://")):
            raise _bad("tsa", f'"{EMBEDDED}", http://… / https://…')
        if self.sealing_key != IN_FILE and not self.sealing_key.startswith("pkcs11:"):
            raise _bad("sealing_key", f'"{IN_FILE}", pkcs11:…')
        if self.database != EMBEDDED and not self.database.startswith(DATABASES):
            raise _bad("database", f'"{EMBEDDED}", postgresql://…')
        if not self.store:
            raise _bad("store", say("a folder or s3://bucket", "目录或 s3://桶"))
        if self.ref_code:
            _check_code(self.ref_code)
        self._check_storage()

    def _check_storage(self) -> None:
        _range("reader_seconds", self.reader_seconds, 1, 3600)
        _range("reader_memory_mb", self.reader_memory_mb, 256, 65536)
        _range("pack_up_to", self.pack_up_to, 0, 4 << 20)
        if self.s3_addressing not in ADDRESSINGS:
            raise _bad("s3_addressing", ", ".join(ADDRESSINGS))
        if self.lock_mode not in LOCK_MODES:
            raise _bad("lock_mode", ", ".join(LOCK_MODES))
        for name in ("store", "store_live", "replica", "replica_live"):
            value = getattr(self, name)
            if "://" in value and not _BUCKET.fullmatch(value):
                raise _bad(name, say("a folder or s3://bucket[/prefix]", "目录或 s3://桶[/前缀]"))
        for name in ("s3_endpoint", "replica_endpoint"):
            value = getattr(self, name)
            if value and not value.startswith(("http://", "https://")):
                raise _bad(name, "http://… / https://…")
        if self.in_bucket and not _BUCKET.fullmatch(self.store_live):
            raise _bad("store_live", "s3://…")
        if self.replica_in_bucket and not _BUCKET.fullmatch(self.replica_live):
            raise _bad("replica_live", "s3://…")
        if self.replica_required and not self.replica:
            raise _bad("replica", say("a folder or s3://bucket[/prefix]", "目录或 s3://桶[/前缀]"))
        if self.replica and self.replica == self.store and not self.replica_endpoint:
            raise _bad("replica", say("another place than store", "不同于 store 的位置"))

    @property
    def in_bucket(self) -> bool:
        """Whether the store is a bucket and not a folder."""
        return self.store.startswith(S3_SCHEME)

    @property
    def replica_in_bucket(self) -> bool:
        """Whether the second copy is in a bucket and not in a folder."""
        return self.replica.startswith(S3_SCHEME)

    @property
    def reserve_bytes(self) -> int:
        """Bytes that intake leaves free where staging is."""
        return self.staging_reserve_mb * 1_000_000

    def replica_path(self, home: Path) -> Path:
        """Root of a second copy in a folder; a relative one is inside the home."""
        return home / self.replica

    @classmethod
    def parse(cls, text: str) -> "Settings":
        """Read TOML; raises SettingsError for a missing, unknown or wrong key."""
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{SETTINGS_FILE}: {error}") from error
        if table.pop("cunzheng", None) != 1:
            raise _bad("cunzheng", "1")
        return cls(**_typed(table))

    @classmethod
    def load(cls, path: Path) -> "Settings":
        """Read a file; raises SettingsError, or OSError where it cannot be read."""
        try:
            return cls.parse(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise SettingsError(f"{path}: UTF-8") from error

    def to_toml(self) -> str:
        """The template of `config/` with these values; `parse` gives the same settings back."""
        text = TEMPLATE.read_text(encoding="utf-8")
        for name in _names():
            line = f"{name} = {_literal(getattr(self, name))}"
            before, _, after = re.split(rf"(?m)^({name} = .*)$", text)
            text = before + line + after
        return text

    def database_url(self, home: Path) -> str:
        """SQLAlchemy URL; the embedded database is a file in the home."""
        return f"sqlite:///{home / DATABASE_FILE}" if self.database == EMBEDDED else self.database

    def programs_folder(self, home: Path) -> Path | None:
        """Folder with ffmpeg and ffprobe; None: where they are found (ingest.media.tools)."""
        return home / self.media_programs if self.media_programs else None

    def profiles_file(self, home: Path) -> Path | None:
        """File of one's own profiles of file names; None: only those that are shipped."""
        return home / self.device_profiles if self.device_profiles else None

    def mappings_file(self, home: Path) -> Path | None:
        """File of one's own mappings of sidecars; None: only those that are shipped."""
        return home / self.sidecar_mappings if self.sidecar_mappings else None

    def trust_folder(self, home: Path) -> Path | None:
        """Folder of roots for signatures in documents; None: nobody is called trusted."""
        return home / self.signature_trust if self.signature_trust else None

    def store_path(self, home: Path) -> Path:
        """Root of the directory store; a relative one is inside the home."""
        return home / self.store


def settings_of(chosen: Mapping[str, str], given: Sequence[str]) -> Settings:
    """Settings of a new archive: what was chosen, and `NAME=VALUE` for any other key.

    A value is what would stand in the file; quotes may be left out. Raises SettingsError.
    """
    table: dict[str, Any] = dict(chosen)
    kinds = {field.name: field.type for field in fields(Settings)}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingsError(
                say(f"{text!r} is not NAME=VALUE.", f"{text!r} 不是“名称=值”的形式。")
            )
        table[name.strip()] = _given(value.strip(), kinds.get(name.strip()))
    return Settings(**_typed(table))


def _given(text: str, kind: Any) -> Any:
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return text if kind is str and not isinstance(value, str) else value


def _names() -> tuple[str, ...]:
    return tuple(field.name for field in fields(Settings))


def _typed(table: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(table.keys() - set(_names()))
    if unknown:
        raise SettingsError(
            say(
                f"{SETTINGS_FILE}: there is no setting named {unknown[0]!r}; remove or correct it.",
                f"{SETTINGS_FILE}：没有名为 {unknown[0]!r} 的设置，请删除或更正。",
            )
        )
    if "archive" not in table:
        raise _bad("archive", "name/id")
    kinds = {field.name: field.type for field in fields(Settings)}
    return {name: _value(name, kinds[name], value) for name, value in table.items()}


def _value(name: str, kind: Any, value: Any) -> Any:
    """One value with its TOML type checked; an integer will do for a float, a boolean never."""
    if get_args(kind):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise _bad(name, say("a list of texts", "文本列表"))
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise _bad(name, _kind_name(kind))
    return value


def _kind_name(kind: Any) -> str:
    if kind is int:
        return say("an integer", "整数")
    if kind is bool:
        return say("true or false", "true 或 false")
    return say("a number", "数字") if kind is float else say("a text in quotes", "带引号的文本")


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\u{ord(m[0]):04X}", escaped) + '"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bad(name: str, expected: str) -> SettingsError:
    return SettingsError(
        say(
            f"{SETTINGS_FILE}: {name} must be: {expected}.",
            f"{SETTINGS_FILE}：{name} 应为：{expected}。",
        )
    )


def _match(name: str, value: str, form: re.Pattern[str]) -> None:
    if not form.fullmatch(value):
        raise _bad(name, form.pattern)


def _range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise _bad(name, say(f"from {low:g} to {high:g}", f"{low:g} 到 {high:g}"))


def _check_code(pattern: str) -> None:
    try:
        CodePattern.parse(pattern)
    except FormatError as error:
        raise _bad("ref_code", "0123-XZ-{year}-{term}-{volume}") from error


def _check_digests(digests: tuple[str, ...]) -> None:
    known = set(digests) <= set(ALGORITHMS)
    if not known or len(set(digests)) != len(digests) or "sha256" not in digests:
        accepted = ", ".join(ALGORITHMS)
        raise _bad(
            "digests", say(f"sha256 and others of {accepted}", f"含 sha256，取自 {accepted}")
        )
