"""The pure parts of .ci/bootstrap.py: configuration, index pages, hashes, stamp."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "bootstrap.py"


@pytest.fixture(scope="module")
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ci_bootstrap", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ci_bootstrap"] = module
    spec.loader.exec_module(module)
    return module


def test_default_index_without_any_configuration(bootstrap: ModuleType) -> None:
    settings = bootstrap.read_settings({}, [])
    assert settings.indexes == (bootstrap.DEFAULT_INDEX,)
    assert settings.certificates is None


def test_later_file_wins_and_environment_wins_over_files(bootstrap: ModuleType) -> None:
    files = [
        "[global]\nindex-url = https://a.example/simple\ncert = /a.pem\n",
        "[install]\nindex-url = https://b.example/simple\nextra-index-url =\n  file:///x\n  file:///y\n",
    ]
    assert bootstrap.read_settings({}, files).indexes == (
        "https://b.example/simple",
        "file:///x",
        "file:///y",
    )
    environment = {"PIP_INDEX_URL": "https://c.example/simple", "PIP_CERT": "/c.pem"}
    settings = bootstrap.read_settings(environment, files)
    assert settings.indexes[0] == "https://c.example/simple"
    assert settings.certificates == "/c.pem"


def test_configuration_with_percent_sign_is_read_as_it_stands(bootstrap: ModuleType) -> None:
    text = "[global]\nindex-url = https://u:p%40w@a.example/simple\n"
    assert bootstrap.read_settings({}, [text]).indexes == ("https://u:p%40w@a.example/simple",)


def test_broken_configuration_is_one_sentence(bootstrap: ModuleType) -> None:
    with pytest.raises(bootstrap.BootstrapError, match=r"pip\.conf cannot be read"):
        bootstrap.read_settings({}, ["index-url = no section\n"])


def test_config_file_dev_null_switches_configuration_off(bootstrap: ModuleType) -> None:
    assert bootstrap.config_paths({"PIP_CONFIG_FILE": "/dev/null"}, Path("/h")) == []
    assert bootstrap.config_paths({"PIP_CONFIG_FILE": "/x"}, Path("/h"))[-1] == Path("/x")


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("../../files/{}#sha256=00", "https://h.example/files/{}"),
        ("https://other.example/p/{}", "https://other.example/p/{}"),
        ("/abs/{}?a=1#x", "https://h.example/abs/{}?a=1"),
    ],
)
def test_find_wheel_resolves_links(bootstrap: ModuleType, href: str, address: str) -> None:
    wheel = bootstrap.PIP_WHEEL
    page = f'<a href="pip-1.0.tar.gz">old</a><a href="{href.format(wheel)}">it</a>'
    found = bootstrap.find_wheel(page, "https://h.example/simple/pip/", wheel)
    assert found == address.format(wheel)
    assert bootstrap.find_wheel(page, "https://h.example/", "pip-0-py3-none-any.whl") is None


def test_folder_index_names_its_page(bootstrap: ModuleType) -> None:
    assert bootstrap.page_address("file:///p/simple/") == "file:///p/simple/pip/index.html"
    assert bootstrap.page_address("https://h.example/simple") == "https://h.example/simple/pip/"


def test_credentials_leave_the_address(bootstrap: ModuleType) -> None:
    address, login = bootstrap.split_credentials("https://u:p%40w@h.example:8/simple/")
    assert address == "https://h.example:8/simple/"
    assert login == "Basic dTpwQHc="
    assert bootstrap.split_credentials("https://h.example/") == ("https://h.example/", None)


def test_another_wheel_is_refused(bootstrap: ModuleType) -> None:
    with pytest.raises(bootstrap.BootstrapError, match="another SHA-256"):
        bootstrap.check_wheel(b"not pip")


def test_stamp_changes_with_every_part(bootstrap: ModuleType) -> None:
    base = (Path("/r"), "3.11", b"lock", b"project", b"script")
    other = (Path("/s"), "3.12", b"l", b"p", b"s")
    stamps = {bootstrap.stamp_of(*base)}
    for position, value in enumerate(other):
        stamps.add(bootstrap.stamp_of(*base[:position], value, *base[position + 1 :]))
    assert len(stamps) == 6


def test_wheel_from_a_folder_index_is_fetched_and_checked(
    bootstrap: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "simple" / "pip"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(f'<a href="{bootstrap.PIP_WHEEL}">pip</a>')
    (folder / bootstrap.PIP_WHEEL).write_bytes(b"forged")
    settings = bootstrap.PipSettings(indexes=((tmp_path / "simple").as_uri(),))
    with pytest.raises(bootstrap.BootstrapError, match="another SHA-256"):
        bootstrap.fetch_pip(settings)


def test_unreachable_indexes_are_one_sentence(bootstrap: ModuleType, tmp_path: Path) -> None:
    settings = bootstrap.PipSettings(indexes=((tmp_path / "none").as_uri(),))
    with pytest.raises(bootstrap.BootstrapError, match="No configured package index"):
        bootstrap.fetch_pip(settings)


def test_environment_made_by_hand_runs(bootstrap: ModuleType, tmp_path: Path) -> None:
    bootstrap._make_by_hand(tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    assert bootstrap.make_environment(tmp_path / "env") == python
    prefix = bootstrap.subprocess.run(
        [python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True
    )
    assert prefix.stdout.strip() == str(tmp_path / "env")
