"""A database's URL as people write it: read, brought to one form, and never shown with a secret."""

from importlib.util import find_spec

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from archive.errors import UsageError

_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")
_SECRET = ("password", "sslpassword", "passfile")
_HIDDEN = "***"


def parse_url(text: str) -> URL:
    """Read `sqlite:///FILE` or `postgresql://…`, which means psycopg 3; raises UsageError.

    No error has any of the text: a mistyped URL may show a password anywhere.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UsageError(_FORM) from None
    if url.get_backend_name() == "sqlite":
        return url
    if url.drivername in _POSTGRESQL:
        if find_spec("psycopg") is None:
            raise UsageError(_DRIVER)
        return url.set(drivername="postgresql+psycopg")
    raise UsageError(_FORM)


def shown(url: URL) -> str:
    """The URL for people: where and as whom, no secret and none of its options."""
    return url.set(query={}).render_as_string(hide_password=True)


def without_secrets(text: str, url: URL) -> str:
    """What a driver or a server said, without what only the URL should know."""
    found = [url.password, *(url.query.get(name) for name in _SECRET)]
    for secret in found:
        for part in (secret,) if isinstance(secret, str) else secret or ():
            text = text.replace(part, _HIDDEN) if part else text
    return text


_FORM = (
    "The setting `database` cannot be read; it is `embedded` or has the form"
    " postgresql://USER@HOST:PORT/NAME (special signs in it as %XX)."
)
_DRIVER = "PostgreSQL needs its driver: install cunzheng[postgresql] (psycopg, LGPL)."
