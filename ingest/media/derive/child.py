"""Opens hostile photos and PDFs in a process of its own, which the runner holds to its limits.

    python -I -m ingest.media.derive.child photo|moving|pdf DESCRIPTOR LONGEST

The answer on standard output is a PPM file: dots and nothing else, whatever happened to the child.
"""

import os
import re
import sys
from collections.abc import Callable
from typing import Any

from PIL import Image

MOST = 200_000_000
"""Dots of the largest photo that is opened."""
_MOST_DOTS, _MOST_PICTURES = 500_000_000, 10_000
"""Dots and pictures of a GIF that are decoded: some 10 s."""
_PPM = re.compile(rb"P6\n(\d{1,4}) (\d{1,4})\n255\n")


def argv_of(python: str, what: str, descriptor: int, longest: int) -> list[str]:
    """Arguments that start the child."""
    return [python, "-I", "-m", __name__, what, str(descriptor), str(longest)]


def read_ppm(data: bytes) -> Image.Image | None:
    """The child's (or ffmpeg's) one picture; None where it is not exactly that."""
    match = _PPM.match(data)
    if match is None:
        return None
    width, height = int(match[1]), int(match[2])
    if not width or not height or len(data) != match.end() + 3 * width * height:
        return None
    return Image.frombytes("RGB", (width, height), data[match.end() :])


def photo(descriptor: int, longest: int) -> Image.Image:
    """A photo turned upright as its EXIF says, at most `longest` on either side."""
    from PIL import ImageOps

    Image.MAX_IMAGE_PIXELS = MOST
    with os.fdopen(descriptor, "rb", closefd=False) as file, Image.open(file) as opened:
        opened.draft("RGB", (2 * longest, 2 * longest))
        upright = ImageOps.exif_transpose(opened)
        if upright.mode in ("RGBA", "LA", "PA", "P"):
            upright = upright.convert("RGBA")
            ground = Image.new("RGBA", upright.size, "#ffffff")
            upright = Image.alpha_composite(ground, upright)
        small = upright.convert("RGB")
        small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        return small


def pdf(descriptor: int, longest: int) -> Image.Image:
    """The first page of a PDF; forms are not filled in and scripts are not run."""
    import pypdfium2

    with os.fdopen(descriptor, "rb", closefd=False) as file:
        document = pypdfium2.PdfDocument(file.read())
        page = document[0]
        width, height = page.get_size()
        scale = longest / max(width, height, 1.0)
        drawn: Image.Image = page.render(scale=scale).to_pil().convert("RGB")
        return drawn


def moving(descriptor: int, longest: int) -> Image.Image:
    """A photo, after every picture of a GIF was decoded, of the first 500 million dots."""
    if _first_bytes(descriptor) == b"GIF8":
        Image.MAX_IMAGE_PIXELS = MOST
        with os.fdopen(descriptor, "rb", closefd=False) as file, Image.open(file) as opened:
            dots = opened.size[0] * opened.size[1]
            for _ in range(min(_MOST_PICTURES, _MOST_DOTS // max(1, dots))):
                opened.load()
                try:
                    opened.seek(opened.tell() + 1)
                except EOFError:
                    break
        os.lseek(descriptor, 0, os.SEEK_SET)
    return photo(descriptor, longest)


def _first_bytes(descriptor: int) -> bytes:
    return os.pread(descriptor, 4, 0)


_WHAT: dict[str, Callable[[int, int], Any]] = {"moving": moving, "photo": photo, "pdf": pdf}


def main() -> int:
    """Draw what the arguments name; anything that goes wrong is an exit code."""
    what, descriptor, longest = sys.argv[1:]
    picture = _WHAT[what](int(descriptor), int(longest))
    head = b"P6\n%d %d\n255\n" % picture.size
    with os.fdopen(1, "wb", closefd=False) as out:
        out.write(head + picture.tobytes())
    return 0


if __name__ == "__main__":
    sys.exit(main())
