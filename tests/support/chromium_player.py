"""Plays a film in headless Chromium and says what it saw; nothing leaves this machine.

seen = play(Path("proxy.mp4"), at=374.0)
seen["duration"], seen["width"], seen["dots"]
"""

import json
import queue
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECONDS = 900
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_PAGE = """<!doctype html><video id="v" src="/film" muted></video><script>
const film = document.getElementById("v"), dots = [], say = what =>
  fetch("/seen", {method: "POST", body: JSON.stringify(what)});
film.onerror = () => say({error: film.error.message});
film.oncanplay = () => { film.oncanplay = null; film.play().catch(e => say({error: `${e}`})); };
film.ontimeupdate = () => {
  if (film.currentTime < 0.5) return;
  film.ontimeupdate = null; film.pause();
  const played = film.currentTime;
  film.onseeked = () => {
    const canvas = document.createElement("canvas"), [w, h] = [film.videoWidth, film.videoHeight];
    canvas.width = w; canvas.height = h;
    const drawn = canvas.getContext("2d"); drawn.drawImage(film, 0, 0);
    for (let column = 0; column < 6; column++)
      dots.push([...drawn.getImageData((column + 0.5) * w / 6, 0.97 * h, 1, 1).data].slice(0, 3));
    say({played, duration: film.duration, width: w, height: h, at: film.currentTime, dots});
  };
  film.currentTime = AT;
};
</script>"""


def program() -> str | None:
    """Chromium, where it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def play(film: Path, at: float) -> Mapping[str, Any]:
    """Play for half a second, go to a time, draw the frame that is there."""
    seen: queue.Queue[Mapping[str, Any]] = queue.Queue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(film, at, seen))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = program()
    assert browser is not None
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
        argv = [
            browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio",
            "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run",
            "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={profile}",
            f"http://127.0.0.1:{server.server_address[1]}/",
        ]  # fmt: skip
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(argv, stdin=quiet, stdout=quiet, stderr=quiet)
        try:
            return seen.get(timeout=SECONDS)
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            server.shutdown()
            server.server_close()


def _handler(film: Path, at: float, seen: "queue.Queue[Mapping[str, Any]]") -> Any:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/":
                self._send(200, _PAGE.replace("AT", str(at)).encode(), "text/html")
            elif self.path == "/film":
                self._film()
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            seen.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._send(204, b"", "text/plain")

        def _film(self) -> None:
            """The film, or the range that was asked for: without ranges nobody can seek."""
            data = film.read_bytes()
            match = _RANGE.match(self.headers.get("Range", ""))
            if match is None:
                self._send(200, data, "video/mp4")
                return
            first = int(match[1])
            last = min(int(match[2] or len(data) - 1), len(data) - 1)
            self._send(
                206, data[first : last + 1], "video/mp4",
                {"Content-Range": f"bytes {first}-{last}/{len(data)}"},
            )  # fmt: skip

        def _send(
            self, code: int, data: bytes, kind: str, more: Mapping[str, str] | None = None
        ) -> None:
            self.send_response(code)
            head = {
                "Content-Type": kind,
                "Content-Length": str(len(data)),
                "Accept-Ranges": "bytes",
            }
            for name, value in {**head, **(more or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing is told."""

    return Handler
