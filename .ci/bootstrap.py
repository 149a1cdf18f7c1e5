"""Make .venv from a bare Python: no pip, no ensurepip, standard library only.

    python3 .ci/bootstrap.py

The pinned pip wheel comes from the package index that pip itself is configured for, its hash is
checked before it runs, and everything else comes from the lock file with --require-hashes.
A second run with nothing changed only reads one stamp file.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import os
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PACKAGES = [ROOT / name for name in ("archive", "cli", "ingest", "retention", "signing")]
LOCK = ROOT / "requirements-dev.lock"
STAMP = VENV / "bootstrap.stamp"

PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
DEFAULT_INDEX = "https://pypi.org/simple"
TIMEOUT_SECONDS = 60
LARGEST_ANSWER = 64 << 20


class BootstrapError(Exception):
    """The environment cannot be made; the text says in one sentence what to do."""


@dataclass(frozen=True)
class PipSettings:
    """What pip would use to reach its indexes."""

    indexes: tuple[str, ...]
    certificates: str | None = None
    proxy: str | None = None


# --- pure parts -----------------------------------------------------------------------------------


def config_paths(environment: Mapping[str, str], home: Path) -> list[Path]:
    """Pip's configuration files, lowest priority first (pip docs, "Configuration")."""
    named = environment.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    folders = environment.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")
    user = Path(environment.get("XDG_CONFIG_HOME", home / ".config"))
    paths = [Path(folder) / "pip" / "pip.conf" for folder in reversed(folders) if folder]
    paths += [Path("/etc/pip.conf"), home / ".pip" / "pip.conf", user / "pip" / "pip.conf"]
    return [*paths, Path(named)] if named else paths


def read_settings(environment: Mapping[str, str], files: list[str]) -> PipSettings:
    """Merge the texts of pip.conf files (lowest priority first) and PIP_* variables, which win."""
    values: dict[str, str] = {}
    for text in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(text)
        except configparser.Error as error:
            raise BootstrapError("A pip.conf cannot be read; correct it first.") from error
        for section in ("global", "install", "download"):
            if parser.has_section(section):
                values.update({k.replace("_", "-"): v for k, v in parser.items(section)})
    for key in ("index-url", "extra-index-url", "cert", "proxy"):
        value = environment.get("PIP_" + key.replace("-", "_").upper())
        if value:
            values[key] = value
    first = values.get("index-url", "").strip() or DEFAULT_INDEX
    return PipSettings(
        indexes=(first, *values.get("extra-index-url", "").split()),
        certificates=values.get("cert", "").strip() or None,
        proxy=values.get("proxy", "").strip() or None,
    )


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.found.append(href)


def find_wheel(page: str, base: str, wheel: str) -> str | None:
    """Address of `wheel` on a PEP 503 page read from `base`, without its fragment."""
    links = _Links()
    links.feed(page)
    for href in links.found:
        address = urllib.parse.urldefrag(urllib.parse.urljoin(base, href)).url
        name = urllib.parse.unquote(urllib.parse.urlsplit(address).path.rpartition("/")[2])
        if name == wheel:
            return address
    return None


def page_address(index: str) -> str:
    """Where an index lists pip's files; an index in a folder has no server to add index.html."""
    address = index.rstrip("/") + "/pip/"
    return address + "index.html" if address.startswith("file:") else address


def split_credentials(address: str) -> tuple[str, str | None]:
    """The address without user and password, and the value of a Basic Authorization header."""
    parts = urllib.parse.urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return address, None
    secret = urllib.parse.unquote(user if ":" in user else user + ":").encode()
    return parts._replace(netloc=host).geturl(), "Basic " + base64.b64encode(secret).decode()


def check_wheel(data: bytes) -> bytes:
    """Return `data` if it is the pinned pip wheel, otherwise raise."""
    if hashlib.sha256(data).hexdigest() != PIP_SHA256:
        raise BootstrapError(
            f"{PIP_WHEEL} from the package index has another SHA-256 than the pinned one; "
            "do not use that index."
        )
    return data


def stamp_of(root: Path, python: str, *sources: bytes) -> str:
    """Changes whenever the environment has to be made again."""
    parts = (str(root).encode(), python.encode(), *sources)
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


# --- network --------------------------------------------------------------------------------------


def _opener(settings: PipSettings) -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    if settings.certificates:
        place = Path(settings.certificates)
        if place.is_dir():
            context.load_verify_locations(capath=str(place))
        else:
            context.load_verify_locations(cafile=str(place))
    handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=context)]
    if settings.proxy:
        proxies = {"http": settings.proxy, "https": settings.proxy}
        handlers.append(urllib.request.ProxyHandler(proxies))
    return urllib.request.build_opener(*handlers)


def _get(opener: urllib.request.OpenerDirector, address: str, login: str | None) -> bytes:
    request = urllib.request.Request(address, headers={"Accept": "text/html, */*;q=0.1"})
    if login:
        request.add_unredirected_header("Authorization", login)
    with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
        data: bytes = answer.read(LARGEST_ANSWER + 1)
    if len(data) > LARGEST_ANSWER:
        raise BootstrapError("The package index sent more than a pip wheel can be.")
    return data


def _wheels(settings: PipSettings) -> Iterator[bytes]:
    """The wheel from each index that has it; indexes that cannot be reached are passed over."""
    opener = _opener(settings)
    for index in settings.indexes:
        base, login = split_credentials(page_address(index))
        try:
            page = _get(opener, base, login).decode("utf-8", "replace")
            address = find_wheel(page, base, PIP_WHEEL)
            if address:
                same_host = (
                    urllib.parse.urlsplit(address).netloc == urllib.parse.urlsplit(base).netloc
                )
                yield _get(opener, address, login if same_host else None)
        except (OSError, ValueError) as error:
            host = urllib.parse.urlsplit(base).hostname or "a local folder"
            print(f"bootstrap: {host}: {error}", file=sys.stderr)


def fetch_pip(settings: PipSettings) -> bytes:
    """Bytes of the pinned pip wheel, hash checked."""
    for data in _wheels(settings):
        return check_wheel(data)
    raise BootstrapError(
        f"No configured package index gave {PIP_WHEEL}; "
        "check the network, PIP_INDEX_URL and PIP_CERT, then run this again."
    )


# --- the environment ------------------------------------------------------------------------------


def make_environment(folder: Path) -> Path:
    """Create an environment without pip unless its Python already runs; return its Python."""
    python = folder / "bin" / "python"
    if python.exists() and subprocess.run([python, "-c", ""], check=False).returncode == 0:
        return python
    try:
        import venv
    except ImportError:
        _make_by_hand(folder)
    else:
        # clear=True only where an earlier environment is broken, e.g. its Python was removed.
        venv.EnvBuilder(with_pip=False, symlinks=True, clear=True).create(folder)
    return python


def _make_by_hand(folder: Path) -> None:
    """What `venv` does on POSIX: a link to the interpreter and a pyvenv.cfg (PEP 405)."""
    interpreter = Path(os.path.realpath(sys.executable))
    site = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (folder / "lib" / site / "site-packages").mkdir(parents=True, exist_ok=True)
    (folder / "bin").mkdir(exist_ok=True)
    for name in ("python", "python3"):
        link = folder / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(interpreter)
    (folder / "pyvenv.cfg").write_text(
        f"home = {interpreter.parent}\ninclude-system-site-packages = false\n", encoding="utf-8"
    )


def _run(*command: str | Path) -> None:
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False, cwd=ROOT).returncode != 0:
        raise BootstrapError("pip failed; its message above says why.")


def _has_pinned_pip(python: Path) -> bool:
    script = "import pip; print(pip.__version__)"
    answer = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
    return answer.stdout.strip() == PIP_WHEEL.split("-")[1]


def install(python: Path, settings: PipSettings) -> None:
    """Install pip, the locked packages and the project itself into the environment."""
    quiet = ("-qq", "--disable-pip-version-check", "--no-input")
    if not _has_pinned_pip(python):
        with tempfile.TemporaryDirectory() as folder:
            wheel = Path(folder) / PIP_WHEEL
            wheel.write_bytes(fetch_pip(settings))
            # A pip wheel can run from inside its own archive.
            _run(python, wheel / "pip", "install", *quiet, "--no-index", "--no-deps", wheel)
    pip = (python, "-m", "pip", "install", *quiet)
    _run(*pip, "--require-hashes", "--no-deps", "-r", LOCK)
    _run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    # Thousands of short processes follow in the tests; where PYTHONDONTWRITEBYTECODE is set each
    # of them would compile the packages anew.
    _run(python, "-m", "compileall", "-q", *PACKAGES)


def main() -> int:
    """Bring .venv up to date; 0 when it is, 1 with one sentence when it cannot be."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the reader may run any Python
        print("bootstrap: Python 3.11 or newer is needed.", file=sys.stderr)
        return 1
    try:
        sources = (LOCK, ROOT / "pyproject.toml", Path(__file__))
        stamp = stamp_of(ROOT, sys.version, *(path.read_bytes() for path in sources))
        if STAMP.exists() and STAMP.read_text(encoding="ascii") == stamp:
            return 0
        print("bootstrap: preparing .venv, a minute or two the first time", file=sys.stderr)
        texts = [
            path.read_text(encoding="utf-8")
            for path in config_paths(os.environ, Path.home())
            if path.is_file()
        ]
        STAMP.unlink(missing_ok=True)
        install(make_environment(VENV), read_settings(os.environ, texts))
        STAMP.write_text(stamp, encoding="ascii")
    except (BootstrapError, OSError) as error:
        print(f"bootstrap: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
