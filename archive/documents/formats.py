"""The formats of a table by name. What writes a format is imported when it is written."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import BinaryIO

from archive.documents.table import Table


def _write(name: str, table: Table, file: BinaryIO) -> None:
    # reportlab and XlsxWriter take 0.1 s to import, and hardly any process writes all formats.
    import_module(f"archive.documents.{name}_file").write(table, file)


FORMATS: Mapping[str, Callable[[Table, BinaryIO], None]] = MappingProxyType(
    {name: partial(_write, name) for name in ("csv", "xlsx", "html", "pdf")}
)
"""Name, which is also the suffix of the file, to writer."""
