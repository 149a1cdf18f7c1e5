"""The demonstration: a whole life of an archive in a minute, with the commands as one types them.

    python tests/support/demo.py        # `make demo`; makes ./demo-archive anew

Every step says what must come out of it; the exit code is 1 if something else does. The language
is that of CUNZHENG_LANG, LC_ALL or LANG.
"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demo_case import CASE, case_drops, missing_recording
from demo_drops import Drop, plan, write_drops
from demo_place import PLACE, InUse, Place
from resealer import History, Keys, false_record
from stored_files import stored

ENVIRONMENT = os.environ.get("CUNZHENG_LANG") or next(
    filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), ""
)
CHINESE = ENVIRONMENT.lower().startswith("zh")
CUNZHENG = Path(sys.executable).parent / "cunzheng"
PATIENCE = 900.0
"""Seconds to wait for receipts."""


class DemoFailed(Exception):
    """A step did not go as announced."""


def say(english: str, chinese: str) -> None:
    """A sentence in the chosen language."""
    print(chinese if CHINESE else english, flush=True)


class Demo:
    """The steps, in their order, on one fresh archive."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.home = place.home
        self.drops = plan()
        self._step = 0
        self.environment = {
            **os.environ,
            "CUNZHENG_HOME": str(place.home),
            "CUNZHENG_PASSPHRASE_FILE": str(place.passphrase),
            "CUNZHENG_KEY_PASSPHRASE_FILE": str(place.passphrase),
            "LC_ALL": "zh_CN.UTF-8" if CHINESE else "C.UTF-8",
            "PYTHONUTF8": "1",
        }
        self.environment.pop("CUNZHENG_PASSPHRASE", None)

    # ── how a step is shown ──

    def heading(self, english: str, chinese: str) -> None:
        """Both languages, numbered."""
        self._step += 1
        print(f"\n━━ {self._step}. {english} · {chinese} ━━\n", flush=True)

    def run(self, *words: str | Path, expect: int = 0) -> None:
        """Run `cunzheng`, show the command, its output and its exit code."""
        plain = (f"'{word}'" if " " in str(word) else str(word) for word in words)
        print(f"$ cunzheng {' '.join(plain)}", flush=True)
        done = subprocess.run([CUNZHENG, *map(str, words)], env=self.environment, check=False)
        self._ended(done.returncode, expect)

    def _ended(self, code: int, expect: int) -> None:
        print(f"→ exit code {code} · 退出码 {code}\n", flush=True)
        self.must(code == expect, f"exit code {code}, not {expect}")

    def must(self, fine: bool, otherwise: str) -> None:
        """Stop the demonstration where something is not as announced."""
        if not fine:
            raise DemoFailed(f"step {self._step}: {otherwise}")

    # ── the steps ──

    def found(self) -> None:
        """Create the archive."""
        self.heading("Create an archive", "创建存证库")
        print(
            f"$ export PATH={os.path.relpath(CUNZHENG.parent)}:$PATH\n"
            f"$ export CUNZHENG_HOME={self.place.home}\n"
            f"$ export CUNZHENG_PASSPHRASE_FILE={self.place.passphrase}\n"
            f"$ export CUNZHENG_KEY_PASSPHRASE_FILE={self.place.passphrase}"
        )
        self.run("init", "--organization", "滨海市综合行政执法局")

    def drop(self) -> None:
        """Run the watcher; devices drop their files; one of them drops a file again."""
        self.heading("Devices drop files, the watcher seals them", "设备投放，监视并封存")
        first = [drop for drop in self.drops if drop.expect != "redrop"]
        again = [drop for drop in self.drops if drop.expect == "redrop"]
        print("$ cunzheng watch &", flush=True)
        with subprocess.Popen([CUNZHENG, "watch"], env=self.environment) as watcher:
            try:
                self._drop(first, f"{len(first)} files · {len(first)} 个文件")
                self._drop(again, "one of them once more · 其中一个再次投放")
            finally:
                watcher.send_signal(signal.SIGTERM)
                code = watcher.wait(PATIENCE)
        print()
        self._ended(code, 0)

    def _drop(self, drops: list[Drop], what: str) -> None:
        before = len(self.receipts())
        summary = write_drops(self.home / "inbox", drops)
        print(f"… {what} → {self.home / 'inbox'}/SOURCE/", flush=True)
        wanted = before + summary.expected["record"] + summary.expected["redrop"]
        settled = {drop.path(self.home / "inbox") for drop in drops if drop.expect != "refused"}
        end = time.monotonic() + PATIENCE
        while len(self.receipts()) < wanted or any(path.exists() for path in settled):
            self.must(time.monotonic() < end, f"{len(self.receipts())} receipts, not {wanted}")
            time.sleep(0.1)

    def receipts(self) -> list[dict[str, Any]]:
        """All receipt lines, in the order of the ledger."""
        lines = []
        for path in (self.home / "outbox").rglob("*.jsonl"):
            whole = path.read_bytes().rpartition(b"\n")[0]
            lines += [json.loads(line) for line in whole.splitlines()]
        return sorted(lines, key=lambda line: int(line["index"]))

    def show_receipts(self) -> None:
        """What the devices get."""
        self.heading("Receipts", "回执")
        receipts = self.receipts()
        for source in sorted((self.home / "outbox").iterdir()):
            lines = sum(len(path.read_bytes().splitlines()) for path in source.iterdir())
            print(f"{lines:4}  {source}/")
        again = receipts[-1]
        first = next(line for line in receipts if line["record"] == again["record"])
        print(f"\n{first['name']}\n  → {first['record']}  {first['log']}#{first['index']}")
        print(f"{again['name']}\n  → {again['record']}  {again['log']}#{again['index']}")
        self.must(
            again["entry"]["kind"] == "record.redropped" and first["index"] < again["index"],
            "the file that was dropped again was not recognised",
        )
        say(
            "\nThe file that came again is no second record: its receipt names the first one.",
            "\n再次投放的文件没有成为第二份记录：其回执指向首次入库的记录。",
        )
        expected = {"record": len(receipts) - 1, "quarantined": 1, "refused": 1}
        counted = {kind: sum(d.expect == kind for d in self.drops) for kind in expected}
        self.must(counted == expected, f"{expected}, not {counted}")
        self.run("status")

    def search(self) -> None:
        """Find records by words, case and kind."""
        self.heading("Search", "检索")
        self.run("search", "询问笔录")
        self.run("search", "--case", "滨市监罚〔2026〕17号", "--stage", "investigate")
        self.run("search", "--media", "audio/")

    def case(self) -> None:
        """A case with film, photo and sound, against the list of what is recorded."""
        self.heading("A case and what it has to have", "案件及其应有的记录")
        now = datetime.now(UTC)  # noqa: TID251 - devices drop in real time
        self._deliver(case_drops(now))
        opening = ("--category", "penalty", "--unit", "main", "--key", self._founders()[0])
        self.run("case", "open", CASE.number, *opening)
        self.run("case", "show", CASE.number)
        self.run("case", "check", CASE.number, expect=1)
        say("The recording that is missing arrives late:", "缺失的录像补来：")
        self._deliver([missing_recording(now)])
        self.run("case", "check", CASE.number, expect=1)
        lacking = self._lacking()
        self.must(lacking == {"partial": 1}, f"{lacking}")
        self.heading("Pictures of the recordings", "录音录像的图像")
        self.run("derive")
        approves, asks = self._founders()
        why = ("--purpose", "file_review", "--reason", "案卷评查")
        self.run("request", *self._records(), "--action", "view", *why, "--key", asks)
        request = self._request()
        granted = ("--comment", "同意", "--count", "20", "--key", approves)
        self.run("decide", request, "approve", *granted)
        page = ("case", "page", CASE.number, "-o", self.place.page)
        self.run(*page, "--request", request, "--key", asks)
        page = self.place.page.read_text(encoding="utf-8")
        self.must(page.count("<img ") == 5 and "://" not in page, "the page is not as it should be")

    def _deliver(self, drops: list[Drop]) -> None:
        """Drop files and let them be taken."""
        write_drops(self.home / "inbox", drops)
        print(f"… {len(drops)} → {self.home / 'inbox'}/SOURCE/", flush=True)
        self.run("watch", "--once")

    def _lacking(self) -> dict[str, int]:
        """How many required rows of the list are in which state, but for those covered."""
        words = [CUNZHENG, "case", "check", CASE.number, "--json"]
        done = subprocess.run(words, env=self.environment, check=False, capture_output=True)
        rows = json.loads(done.stdout)["rows"]
        states = Counter(row["state"] for row in rows if row["required"])
        return {state: count for state, count in states.items() if state != "covered"}

    def _records(self) -> list[str]:
        """The records of the case."""
        words = [CUNZHENG, "case", "show", CASE.number, "--json"]
        done = subprocess.run(words, env=self.environment, check=True, capture_output=True)
        stages = json.loads(done.stdout)["timeline"]
        return [one["record"] for stage in stages for one in stage["records"]]

    def fetch(self) -> None:
        """One of the founders asks for a copy, the other approves; the ledger has it all."""
        self.heading("Ask for a copy; another person approves", "申请复制，由另一人批准")
        asks, approves = self._founders()
        why = ("--purpose", "file_review", "--reason", "复核 17 号案")
        self.run("request", self.record, "--action", "copy", *why, "--key", asks)
        request = self._request()
        self.run("decide", request, "approve", "--comment", "同意", "--key", approves)
        self.heading("Receive it", "领取副本")
        review = self.place.review
        self.run("fetch", self.record, "--request", request, "-o", review, "--key", asks)
        copy = next(path for path in review.iterdir() if path.suffix != ".pdf")
        wanted = next(drop for drop in self.drops if drop.name == self.receipt["name"])
        self.must(
            hashlib.sha256(copy.read_bytes()).digest() == hashlib.sha256(wanted.content).digest(),
            "the copy is not what the device dropped",
        )
        say("The copy is, byte for byte, what was dropped.", "副本与投放的文件逐字节相同。")
        self.heading("The record and its custody", "记录及其保管经过")
        self.run("show", self.record)

    def _founders(self) -> tuple[Path, Path]:
        """Keys that `init` made: the user's own, and the second founder's."""
        second = self.home / "founders" / "second.key"
        found = (path for path in second.parent.glob("*.key") if path != second)
        return next(found), second

    def _request(self) -> str:
        """The newest request."""
        words = [CUNZHENG, "requests", "list", "--json"]
        done = subprocess.run(words, env=self.environment, check=True, capture_output=True)
        return str(json.loads(done.stdout)["requests"][0]["request"])

    @property
    def receipt(self) -> dict[str, Any]:
        """The receipt of the record that is looked at: a document of the first case."""
        return next(
            line
            for line in self.receipts()
            if "询问笔录" in line["name"] and line["entry"]["body"]["source"] == "ZFZD-0031"
        )

    @property
    def record(self) -> str:
        """Its identifier."""
        return str(self.receipt["record"])

    def verify(self) -> None:
        """Everything is read again; the inspector takes away policy, checkpoint and a receipt."""
        self.heading("What an inspector takes away", "核验人员带走什么")
        inspector = self.place.inspector
        print(f"$ cp {self.home}/policy.toml {inspector}/")
        shutil.copy(self.home / "policy.toml", inspector)
        self.run("checkpoint", "-o", inspector)
        outbox = next((self.home / "outbox/ZFZD-0031").iterdir())
        print(f"$ cp {outbox} {inspector}/receipts.jsonl")
        shutil.copy(outbox, inspector / "receipts.jsonl")
        self.heading("Verify", "核验")
        self.inspect(self.home, "untouched", (), kept=True)

    @property
    def checkpoint(self) -> Path:
        """The folder of the kept checkpoint."""
        return next(path for path in self.place.inspector.iterdir() if path.is_dir())

    def inspect(
        self,
        home: Path,
        name: str,
        codes: Sequence[str],
        *,
        kept: bool = False,
        lines: bool = False,
    ) -> None:
        """One verification of a store; these codes must be found, and nothing else that counts."""
        inspector = self.place.inspector
        report = inspector / f"report-{name}.json"
        words: list[str | Path] = ["verify", "--store", home / "store"]
        words += ["--policy", inspector / "policy.toml"]
        words += ["--known", self.checkpoint / "checkpoint.note"] if kept else []
        words += ["--evidence", inspector / "proof"] if kept and codes else []
        words += ["--receipts", inspector / "receipts.jsonl"] if lines else []
        self.run(*words, "--report", report, expect=1 if codes else 0)
        found = {one["code"] for one in json.loads(report.read_bytes())["findings"]}
        self.must(found == set(codes), f"{sorted(found)} found, not {sorted(codes)}")

    def outside_tools(self) -> None:
        """Check the kept seal with openssl alone."""
        self.heading("Check the seal with openssl alone", "仅用 openssl 检查封印")
        if shutil.which("openssl") is None:
            say(
                "openssl is not installed here, so this step is left out.",
                "本机未安装 openssl，略过此步。",
            )
            return
        readme = (self.checkpoint / "README.txt").read_text(encoding="utf-8")
        print(f"$ cd {self.checkpoint}")
        commands = _commands(readme)
        self.must(len(commands) >= 2, "README.txt names no commands")
        for command in commands:
            print(f"$ {command}", flush=True)
            shell = ["sh", "-ec", command]
            done = subprocess.run(shell, cwd=self.checkpoint, env=self.environment, check=False)
            self._ended(done.returncode, 0)

    # ── tampering ──

    def _copy(self, name: str) -> Path:
        copy = self.place.tampered / name
        print(f"$ cp -a {self.home} {copy}")
        shutil.copytree(self.home, copy, symlinks=True)
        return copy

    def flip(self) -> None:
        """Flip one byte of a stored file."""
        self.heading("Tampering: one byte", "篡改之一：改动一个字节")
        copy = self._copy("1-one-byte")
        file = stored(copy / "store/evidence", self.record, "content")
        path, at = file.path, file.start + 100
        say(f"One byte of {path} is changed.", f"改动 {path} 中的一个字节。")
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        path.chmod(0o644)
        path.write_bytes(data)
        self.inspect(copy, "one-byte", ("CONTENT_ALTERED",))

    def remove(self) -> None:
        """Remove a record from the store, with the pack that it came in."""
        self.heading("Tampering: records removed", "篡改之二：删除记录")
        copy = self._copy("2-removed")
        path = stored(copy / "store/evidence", self.record, "content").path
        print(f"$ rm {path}")
        path.unlink()
        self.inspect(copy, "removed", ("PACK_MISSING", "CONTENT_MISSING"))

    def rewrite(self) -> None:
        """Rewrite the ledger with the stolen keys."""
        self.heading(
            "Tampering: the ledger rewritten with the stolen keys", "篡改之三：盗用密钥改写账本"
        )
        old, new = "没有按制度检查", "一直按制度检查"
        say(
            "Somebody has the machine, the passphrase and every key. In the interview record the\n"
            f"answer “{old}” (we did not check) becomes “{new}” (we always\nchecked);"
            " description, entry, tree, notes, signatures and timestamps are all made again.",
            f"某人掌握机器、口令和全部密钥，把询问笔录中的“{old}”改为“{new}”，\n"
            "并重做描述、条目、哈希树、检查点、签名和时间戳。",
        )
        copy = self._copy("3-rewritten")
        history = History.read(copy)
        batch, position = history.find(kind="record.accessioned", subject=self.record)
        entry = batch.entries[position]
        false = false_record(copy / "store/evidence", entry, self.record, old, new)
        batch.entries[position] = false
        history.write(Keys.stolen(copy, self.place.passphrase.read_text().strip()))
        say("\nWith nothing kept, it is perfect:", "\n若手中没有任何留存，毫无破绽：")
        self.inspect(copy, "rewritten-1", ())
        say("With the kept checkpoint:", "有此前保存的检查点：")
        self.inspect(copy, "rewritten-2", ("LEDGER_REWRITTEN",), kept=True)
        say(
            "Two notes with the archive's own signature contradict each other: "
            f"{self.place.inspector / 'proof'}/\nproves it to anyone.\n",
            f"两份均有存证库签名的检查点相互矛盾：{self.place.inspector / 'proof'}/ "
            "可向任何人证明。\n",
        )
        self.must(len(list((self.place.inspector / "proof").iterdir())) >= 2, "no proof was kept")
        say("With the device's receipts alone:", "仅凭设备手中的回执：")
        codes = ("LEDGER_REWRITTEN", "RECEIPTED_MISSING")
        self.inspect(copy, "rewritten-3", codes, lines=True)

    def closing(self) -> None:
        """Where to go on."""
        self.heading("Now your own files", "现在轮到您的文件")
        self.place.finish()
        watch = (
            f"    export CUNZHENG_HOME={self.home}\n"
            f"    export CUNZHENG_PASSPHRASE_FILE={self.place.passphrase}\n"
            f"    {os.path.relpath(CUNZHENG)} watch\n"
        )
        say(
            f"The archive stays in {self.place.root}. Run\n\n{watch}\nand drop files into"
            f" {self.home}/inbox/ANY-NAME/ in another window; receipts\nappear in"
            f" {self.home}/outbox/ANY-NAME/. The tampered copies are in {self.place.tampered}.",
            f"存证库保留在 {self.place.root}。运行\n\n{watch}\n然后在另一个窗口中把文件放入"
            f" {self.home}/inbox/任意名称/，\n回执出现在 {self.home}/outbox/任意名称/。"
            f"被篡改的副本在 {self.place.tampered}。",
        )

    def play(self) -> None:
        """All of it."""
        for step in (
            self.found,
            self.drop,
            self.show_receipts,
            self.search,
            self.case,
            self.fetch,
            self.verify,
            self.outside_tools,
            self.flip,
            self.remove,
            self.rewrite,
            self.closing,
        ):
            step()


def _commands(readme: str) -> list[str]:
    """Command lines of a README: `$ ` begins one, `> ` goes on."""
    commands: list[str] = []
    for line in readme.splitlines():
        if line.startswith("$ "):
            commands.append(line[2:])
        elif line.startswith("> ") and commands:
            commands[-1] += "\n" + line[2:]
    return commands


def main() -> int:
    """Play it; 1 if a step did not go as announced, 2 if there is no place for it."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    start = time.monotonic()
    try:
        place = Place.fresh(PLACE)
    except InUse as error:
        say(*error.both)
        return 2
    try:
        with contextlib.suppress(KeyboardInterrupt):
            Demo(place).play()
            print(f"\n{time.monotonic() - start:.0f} s")
            return 0
    except DemoFailed as error:
        print(f"\nThe demo did not go as announced: {error}\n演示未按预期进行：{error}", flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
