"""Takes a folder in one process and prints what each stage took, as JSON.

    python bench/stages.py HOME FOLDER

`work` is everything but starting the interpreter, importing, and opening keys and database. The
stages overlap (two files are read at once, a batch is finished while the next one is staged), so
they add up to more than `work`; CPU seconds are of the whole stage, all its threads.
"""

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from archive import publish, seal
from archive.stores.directory import DirectoryStore
from cli.settings import Settings
from cli.wiring import Workbench
from ingest import drops
from ingest.by_hand import drops_of
from ingest.intake import Intake
from ingest.watcher import Reporter, take_all

_lock = threading.Lock()
_spent: dict[str, float] = defaultdict(float)


def timed(owner: Any, name: str, stage: str) -> None:
    """Count the time in a function; of calls that overlap only once."""
    function: Callable[..., Any] = getattr(owner, name)
    inside, since = 0, 0.0

    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal inside, since
        with _lock:
            inside += 1
            if inside == 1:
                since = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            with _lock:
                inside -= 1
                if inside == 0:
                    _spent[stage] += time.perf_counter() - since

    setattr(owner, name, call)


def import_the_signer() -> None:
    """Import what is otherwise imported at the first seal."""
    import pyhanko.sign.signers  # noqa: F401


def main(home: Path, folder: Path) -> None:
    timed(drops, "hold", "read and hash small ones")
    timed(drops, "stage", "stage and hash large ones")
    timed(DirectoryStore, "put", "store")
    timed(publish, "read_back", "read back")
    timed(seal.Sealer, "_sign", "sign")
    timed(Intake, "_receipt_some", "receipts")
    import_the_signer()
    settings = Settings.load(home / "cunzheng.toml")
    bench = Workbench(home, settings)
    with bench.by_hand(Reporter(), lambda _: None) as pipeline:
        cpu, start = time.process_time(), time.perf_counter()
        take_all(pipeline, drops_of([folder], "bench"), settings.batch_entries)
        _spent["work"] = time.perf_counter() - start
        _spent["work cpu"] = time.process_time() - cpu
    print(json.dumps(_spent))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
