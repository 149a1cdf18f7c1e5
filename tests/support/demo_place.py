"""Where the demonstration takes place: ./demo-archive, made anew each time, but never over
anything of its user's.
"""

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

PLACE = Path("demo-archive")
_MARK = ".made-by-make-demo"


class InUse(Exception):
    """There is something that is not ours; `both` says so in English and Chinese."""

    def __init__(self, root: Path, what: str) -> None:
        super().__init__(what)
        self.both = (
            f"{root} holds something of yours ({what}). Rename or remove it, then run again.",
            f"{root} 中有您自己的内容（{what}）。请改名或移走后再运行。",
        )


@dataclass(frozen=True)
class Place:
    """The folder and what stands in it."""

    root: Path

    @property
    def home(self) -> Path:
        """The archive."""
        return self.root / "home"

    @property
    def inspector(self) -> Path:
        """What an inspector took away."""
        return self.root / "inspector"

    @property
    def review(self) -> Path:
        """Where the fetched copy goes."""
        return self.root / "review"

    @property
    def page(self) -> Path:
        """The contact page of the case."""
        return self.root / "case.html"

    @property
    def tampered(self) -> Path:
        """Damaged copies of the archive."""
        return self.root / "tampered"

    @property
    def passphrase(self) -> Path:
        """The file with the passphrase of the keys."""
        return self.root / "passphrase"

    @classmethod
    def fresh(cls, root: Path) -> "Place":
        """An empty place; raises InUse if somebody used what an earlier run left there."""
        place = cls(root)
        if root.exists() or root.is_symlink():
            place._check_ours()
            shutil.rmtree(root)
        for folder in (root, place.inspector, place.review, place.tampered):
            folder.mkdir()
        (root / _MARK).write_text("{}")
        fd = os.open(place.passphrase, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(secrets.token_hex(16) + "\n")
        return place

    def finish(self) -> None:
        """Note what there is, so that a later run can tell what came since."""
        (self.root / _MARK).write_text(json.dumps(self._files()))

    def _check_ours(self) -> None:
        mark = self.root / _MARK
        if self.root.is_symlink() or not mark.is_file():
            raise InUse(self.root, "it was not made by `make demo`")
        before = json.loads(mark.read_text())
        for name, size in self._files().items() if before else ():
            if before.get(name) != size:
                raise InUse(self.root, name)

    def _files(self) -> dict[str, int]:
        """Sizes of what a user would add to: inbox, outbox, and everything outside the home."""
        own = ("inbox", "outbox", "quarantine")
        found = {}
        for path in self.root.rglob("*"):
            parts = path.relative_to(self.root).parts
            inside = parts[0] == "home"
            if path.is_dir() or parts[0] == _MARK or (inside and parts[1] not in own):
                continue
            found[os.fsdecode(os.fsencode(Path(*parts)))] = path.lstat().st_size
        return found
