"""What checks the electronic signatures of sealed documents."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import UsageError
from cli.language import say
from cli.wiring_media import MediaBench, originals_of

if TYPE_CHECKING:
    from ingest.documents.esignatures.step import SignatureStep


def signatures_of(bench: MediaBench) -> "SignatureStep":
    """Checks what is sealed; the folder of roots is read anew for each document."""
    from ingest.documents.esignatures.check import SignatureChecker
    from ingest.documents.esignatures.step import SignatureStep

    roots = partial(_roots, bench.settings.trust_folder(bench.home))
    checker = SignatureChecker(bench.clock, roots)
    return SignatureStep(bench.database, originals_of(bench), checker, bench.clock, os.urandom)


def _roots(folder: Path | None) -> list[bytes]:
    if folder is None:
        return []
    from ingest.documents.esignatures.trust import roots_in

    try:
        return roots_in(folder)
    except (OSError, ValueError) as error:
        raise UsageError(
            say(
                f"The roots for signatures in {folder} cannot be read: {error}",
                f"无法读取 {folder} 中的签名根证书：{error}",
            )
        ) from error
