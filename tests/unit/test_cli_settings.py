"""cunzheng.toml: strict reading, round trip, template in step with the defaults."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import language
from cli.settings import TEMPLATE, Settings, SettingsError

# A list, for drawing from it is cheap: under load Hypothesis finds filters and regexes too slow.
PRINTABLE = [
    one
    for one in map(chr, (*range(0x3100), *range(0xFF00, 0x10000), 0x4E2D, 0x1F3A5))
    if one.isprintable()
]
BASE = 'cunzheng = 1\narchive = "cunzheng.local/01kan"\n'


def test_template_is_valid_and_holds_exactly_the_defaults() -> None:
    read = Settings.parse(TEMPLATE.read_text(encoding="utf-8"))
    assert read == Settings(archive=read.archive)
    lines = TEMPLATE.read_text(encoding="utf-8").splitlines()
    keys = {line.split(" = ")[0] for line in lines if line and not line.startswith("#")}
    assert keys == {"cunzheng", *(field.name for field in dataclasses.fields(Settings))}


def test_absent_keys_take_their_defaults() -> None:
    assert Settings.parse(BASE) == Settings(archive="cunzheng.local/01kan")


@given(
    office=st.text(st.sampled_from("abcxyz0189"), min_size=1, max_size=16),
    digests=st.permutations(["sha256", "sm3", "sha512"]),
    entries=st.integers(1, 65536),
    seconds=st.floats(0, 60),
    store=st.text(st.sampled_from(PRINTABLE), min_size=1).filter(lambda text: "://" not in text),
)
def test_written_settings_read_back_the_same(
    office: str, digests: list[str], entries: int, seconds: float, store: str
) -> None:
    settings = Settings(
        archive="a.b/c",
        office=office,
        digests=tuple(digests),
        batch_entries=entries,
        batch_seconds=seconds,
        store=store,
    )
    assert Settings.parse(settings.to_toml()) == settings


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("purge_hour = 3", "'purge_hour'"),
        ("[batch]\nentries = 1", "'batch'"),
        ('office = "Main"', "office"),
        ('sealing_key = "/keys/seal.key"', "sealing_key"),
        ('digests = ["sm3"]', "digests"),
        ('digests = ["sha256", "md5"]', "digests"),
        ('digests = ["sha256", "sha256"]', "digests"),
        ('digests = "sha256"', "digests"),
        ("batch_entries = true", "batch_entries"),
        ("batch_entries = 0", "batch_entries"),
        ("batch_entries = 1.5", "batch_entries"),
        ("batch_seconds = nan", "batch_seconds"),
        ("settle_seconds = -1", "settle_seconds"),
        ('release = "delete"', "release"),
        ("heartbeat_minutes = 61", "heartbeat_minutes"),
        ('tsa = "ftp://x"', "tsa"),
        ('database = "somewhere"', "database"),
        ('store = ""', "store"),
        ("cunzheng = 2", "cunzheng"),
        ("= 1", "cunzheng.toml"),
    ],
)
def test_wrong_setting_is_named(line: str, named: str) -> None:
    text = line + "\n" + (BASE if not line.startswith(("[", "cunzheng")) else "")
    if line.startswith("["):
        text = BASE + line
    with pytest.raises(SettingsError, match=named):
        Settings.parse(text)


def test_archive_is_required_and_checked() -> None:
    with pytest.raises(SettingsError, match="archive"):
        Settings.parse("cunzheng = 1\n")
    with pytest.raises(SettingsError, match="archive"):
        Settings.parse('cunzheng = 1\narchive = "no slash"\n')


def test_sentences_come_in_chinese_too() -> None:
    language.choose("zh")
    try:
        with pytest.raises(SettingsError, match="没有名为 'x' 的设置"):
            Settings.parse(BASE + "x = 1\n")
    finally:
        language.choose("en")


def test_places_are_relative_to_the_home() -> None:
    home = Path("/h")
    embedded = Settings(archive="a/b")
    assert embedded.database_url(home) == "sqlite:////h/cunzheng.db"
    assert embedded.store_path(home) == Path("/h/store")
    outside = Settings(archive="a/b", database="postgresql://db/x", store="/mnt/worm")
    assert outside.database_url(home) == "postgresql://db/x"
    assert outside.store_path(home) == Path("/mnt/worm")


def test_file_that_is_not_utf8_is_a_settings_error(tmp_path: Path) -> None:
    path = tmp_path / "cunzheng.toml"
    path.write_bytes("archive = '存'".encode("gbk"))
    with pytest.raises(SettingsError):
        Settings.load(path)
