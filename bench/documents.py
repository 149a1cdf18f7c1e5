"""What the understanding of texts adds to taking them: the same files with and without it.

    python bench/documents.py [--runs 5] [--files 10000] [--folder DIR]

Data sets: A (bench/data.py, logs in JSON) and P, as many texts in prose that have titles, numbers,
dates and parties, in English and Chinese. Both ways take turns within one run, so that what else a
machine does is the same for both; the table shows medians, and CPU seconds beside them.
"""

import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from data import make_a
from run import CUNZHENG, PYTHON, Measured, measure, push_out

WITHOUT = (
    *(PYTHON, "-c"),
    "import cli.commands.ingest as command; whole = command.Reading\n"
    "command.Reading = lambda *values, **_: whole(*values)\n"
    "from cli.main import main; main()",
)
"""The same program, whose reader does not understand what it reads."""
_ENGLISH = "The officers of the commission found that the vehicle was overloaded and had no permit."
_CHINESE = (
    "经查，当事人驾驶重型半挂牵引车在本市道路上行驶，车货总重超过规定限值，其行为违反了有关规定。"
)


def make_p(folder: Path, files: int) -> Path:
    """Prose of 2 to 20 KB below `folder`; made once."""
    target = folder / f"P{files}"
    if target.exists():
        return target
    rng = random.Random(3)
    for number in range(files):
        place = target / f"unit{number // 100:03d}"
        place.mkdir(parents=True, exist_ok=True)
        body = _ENGLISH if number % 2 else _CHINESE
        many = rng.randint(2_000, 20_000) // len(body.encode())
        head = (
            f"INSPECTION REPORT\nCase No. 2026-{number:05d}\nDate: March {1 + number % 28}, 2026\n"
            "Respondent: Yuantong Logistics Co., Ltd.\nOfficers: Li Ming, Wang Fang\n"
            if number % 2
            else f"某某市交通运输局\n行 政 处 罚 决 定 书\n某交执罚〔2026〕第{number}号\n"
            "当事人：上海远通物流有限公司\n法定代表人：张伟\n执法人员：李明、王芳\n"
        )
        (place / f"doc{number:06d}.txt").write_text(head + f"{body}\n" * many, encoding="utf-8")
    return target


def take(program: tuple[str, ...], work: Path, data: Path, number: int) -> Measured:
    home = work / f"home{number}"
    measure([*CUNZHENG, "--home", home, "init"])
    push_out(data)
    command = [*program, "--home", home, "--json", "ingest", data, "--source", "bench"]
    found = measure(command)
    home.replace(work / "trash" / home.name)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="cunzheng-documents-", dir=options.folder))
    (work / "trash").mkdir()
    found: dict[str, list[Measured]] = defaultdict(list)
    try:
        sets = {make.__name__[-1].upper(): make(work, options.files) for make in (make_a, make_p)}
        number = 0
        for _ in range(options.runs):
            for name, data in sets.items():
                for way, program in (("without", WITHOUT), ("with", CUNZHENG)):
                    number += 1
                    found[f"{name} {way}"].append(take(program, work, data, number))
                    print(
                        f"{name} {way}: {found[f'{name} {way}'][-1].seconds:.2f} s", file=sys.stderr
                    )
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.files:,} files\n")
        show(found)
    finally:
        shutil.rmtree(work)


def show(found: dict[str, list[Measured]]) -> None:
    print("| set | runs | s (min-max) | CPU s | MiB |\n|---|---|---|---|---|")
    for name, each in found.items():
        seconds = [one.seconds for one in each]
        print(
            f"| {name} | {len(each)} | {statistics.median(seconds):.2f} ({min(seconds):.2f}-"
            f"{max(seconds):.2f}) | {statistics.median(one.cpu for one in each):.2f}"
            f" | {max(one.memory for one in each):.0f} |"
        )
    print()
    for name in sorted({name.split()[0] for name in found}):
        for what in ("seconds", "cpu"):
            pairs = zip(found[f"{name} with"], found[f"{name} without"], strict=True)
            ratio = statistics.median(getattr(a, what) / getattr(b, what) for a, b in pairs)
            print(f"* {name}: {what} with : without = {ratio:.2f}")


if __name__ == "__main__":
    main()
