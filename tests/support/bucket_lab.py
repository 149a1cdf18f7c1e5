"""Archives in buckets of a real server, copied for every attack, and looked at by the command line.

lab = BucketLab(folder, weed)
office = lab.copy("compliance")            # a bucket of its own with all objects and their locks
office.admin.put_object(…)                # what somebody with the bucket's credentials does
verdict = lab.verify(office)
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from home_copies import copy_home
from s3_servers import Weed, admin_client, aws_environment, fresh_bucket

import cli.main
from archive.database import Database
from cli.settings import SETTINGS_FILE

PASSPHRASE = "correct horse battery staple"
_SECRETS = ("CUNZHENG_PASSPHRASE", "CUNZHENG_KEY_PASSPHRASE", "CUNZHENG_SECOND_KEY_PASSPHRASE")
_LARGE = 300_000


@dataclass(frozen=True)
class Office:
    """One archive: its home, the bucket of its evidence, and an administrator's client."""

    home: Path
    bucket: str
    admin: Any
    weed: Weed

    def versions(self, part: str = "") -> list[dict[str, Any]]:
        """Every version whose key has this part, as the server lists them."""
        pages = self.admin.get_paginator("list_object_versions").paginate(Bucket=self.bucket)
        return [v for page in pages for v in page.get("Versions", ()) if part in v["Key"]]

    def one(self, part: str) -> dict[str, Any]:
        """Bucket, key and version of the first object with this part in its key."""
        found = min(self.versions(part), key=lambda v: v["Key"])
        return {"Bucket": self.bucket, "Key": found["Key"], "VersionId": found["VersionId"]}

    def shell(self, *lines: str) -> str:
        """The server's own administrative shell."""
        port = self.weed.port
        weed = Path(sys.executable).parent / "weed"
        done = subprocess.run(
            [
                str(weed),
                "shell",
                f"-master=127.0.0.1:{port + 2}.{port + 3}",
                f"-filer=127.0.0.1:{port + 6}.{port + 7}",
            ],
            input="\n".join([*lines, "exit", ""]),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.stdout + done.stderr

    def volumes(self) -> list[Path]:
        """The files in which the server keeps the bytes of this bucket."""
        return sorted((self.weed.folder / "data").glob(f"{self.bucket}_*.dat"))


@dataclass(frozen=True)
class Verdict:
    """What `verify --storage` said."""

    exit_code: int
    report: dict[str, Any]

    @property
    def found(self) -> dict[str, list[str]]:
        """Subjects by code, of everything but what is said of every archive."""
        by: dict[str, list[str]] = {}
        for item in (*self.report["findings"], *self.report["remarks"]):
            if item["code"] not in ("INTERNAL_TIME", "POLICY_NOT_INDEPENDENT"):
                by.setdefault(item["code"], []).append(item["subject"])
        return by


@dataclass
class BucketLab:
    """Makes one archive for each lock mode, and copies of it."""

    folder: Path
    weed: Weed
    _bases: dict[str, Office] = field(default_factory=dict)
    _copies: int = 0

    def __post_init__(self) -> None:
        self._environment = {
            **aws_environment(self.folder),
            **dict.fromkeys(_SECRETS, PASSPHRASE),
            "CUNZHENG_LANG": "en",
        }
        self.admin = admin_client(self.weed.http)

    def run(self, home: Path, *arguments: str) -> tuple[int, str]:
        """One command line: exit code and what it printed."""
        opened: list[Database] = []

        def database(url: str) -> Database:
            opened.append(Database(url))
            return opened[-1]

        out, err = io.StringIO(), io.StringIO()
        terminate = signal.getsignal(signal.SIGTERM)
        with (
            patch.dict(os.environ, self._environment),
            patch("cli.wiring.Database", database),
            patch("os.sched_getaffinity", lambda _: {0}),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            try:
                code = cli.main.run(["--home", str(home), *arguments], os.environ)
            finally:
                signal.signal(signal.SIGTERM, terminate)
                for one in opened:
                    one.close()
        return code, out.getvalue() + err.getvalue()

    def must(self, home: Path, *arguments: str) -> str:
        code, text = self.run(home, *arguments)
        assert code == 0, f"{' '.join(arguments)}: exit code {code}\n{text}"
        return text

    def base(self, mode: str) -> Office:
        """An archive with one record that stands alone and three in a pack."""
        if mode not in self._bases:
            self._bases[mode] = self._make(mode)
        return self._bases[mode]

    def _make(self, mode: str) -> Office:
        evidence = fresh_bucket(self.admin, f"{mode}-evidence")
        live = fresh_bucket(self.admin, f"{mode}-live", locked=False)
        home = self.folder / mode
        settings = {
            "store": f"s3://{evidence}",
            "store_live": f"s3://{live}",
            "s3_endpoint": self.weed.http,
            "s3_addressing": "path",
            "lock_mode": mode,
        }
        words = [word for item in settings.items() for word in ("--set", "=".join(item))]
        self.must(home, "init", *words)
        drops = self.folder / f"drops-{mode}"
        drops.mkdir()
        (drops / "video.mp4").write_bytes(os.urandom(_LARGE))
        for number in range(3):
            (drops / f"note-{number}.txt").write_bytes(f"现场检查笔录 {number}\n".encode() * 50)
        self.must(home, "ingest", str(drops), "--source", "DSJ-0012345")
        return Office(home, evidence, self.admin, self.weed)

    def copy(self, mode: str) -> Office:
        """The same archive in a bucket of its own, with the same locks."""
        base = self.base(mode)
        self._copies += 1
        bucket = fresh_bucket(self.admin, f"copy-{self._copies}")
        for version in base.versions():
            self._copy_version(base.bucket, bucket, version["Key"], version["VersionId"])
        home = self.folder / f"copy-{self._copies}"
        copy_home(base.home, home)
        settings = home / SETTINGS_FILE
        settings.write_text(settings.read_text().replace(f"s3://{base.bucket}", f"s3://{bucket}"))
        return Office(home, bucket, self.admin, self.weed)

    def _copy_version(self, source: str, target: str, key: str, version: str) -> None:
        found = self.admin.get_object(Bucket=source, Key=key, VersionId=version)
        kept = {
            name: found[name]
            for name in (
                "ObjectLockMode",
                "ObjectLockRetainUntilDate",
                "ObjectLockLegalHoldStatus",
            )
            if name in found
        }
        body = found["Body"].read()
        self.admin.put_object(Bucket=target, Key=key, Body=body, ChecksumAlgorithm="SHA256", **kept)

    def verify(self, office: Office) -> Verdict:
        """`verify --storage`; what was planted is old enough to be nobody's unfinished work."""
        with (
            patch("archive.verify.context.IN_PROGRESS", timedelta(0)),
            # What cannot be read is asked for again and again, for more than a minute.
            patch("archive.stores.s3.client._ATTEMPTS", 1),
            patch("archive.stores.s3.read._TRIES", 1),
        ):
            code, text = self.run(office.home, "verify", "--json", "--storage")
        start = text.index("{")
        return Verdict(code, json.JSONDecoder().raw_decode(text[start:])[0])
