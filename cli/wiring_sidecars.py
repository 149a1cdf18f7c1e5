"""The mappings of an archive: how the sidecars of stations are read. Loads no large library."""

from pathlib import Path

from archive.errors import FormatError, UsageError
from cli.language import say
from cli.settings import Settings
from ingest.sidecars.mapping import Mappings


def mappings_of(settings: Settings, home: Path) -> Mappings:
    """Mappings of sidecars; raises UsageError where the file of one's own cannot be used."""
    try:
        return Mappings.load(settings.mappings_file(home))
    except (FormatError, OSError) as error:
        raise UsageError(
            say(
                f"The mappings of sidecars cannot be used: {error}",
                f"附带说明读取规则无法使用：{error}",
            )
        ) from error
