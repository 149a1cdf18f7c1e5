"""The formats of a table by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import BinaryIO

from archive.documents import csv_file, html_file, pdf_file, xlsx_file
from archive.documents.table import Table

FORMATS: Mapping[str, Callable[[Table, BinaryIO], None]] = MappingProxyType(
    {
        "csv": csv_file.write,
        "xlsx": xlsx_file.write,
        "html": html_file.write,
        "pdf": pdf_file.write,
    }
)
"""Name, which is also the suffix of the file, to writer."""
