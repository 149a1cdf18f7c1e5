"""Small files of real formats, made by hand: baseline JPEG, PDF 1.4, PCM wav. Deterministic."""

from __future__ import annotations

import io
import math
import struct
import wave
from random import Random

# ITU-T T.81 table K.3: Huffman code lengths of the DC differences, categories 0 to 11.
_DC_LENGTHS = (0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0)
_DC_SYMBOLS = tuple(range(12))
# The only AC symbol that is needed: end of block, one bit long.
_AC_LENGTHS = (1, *[0] * 15)
_AC_SYMBOLS = (0,)
_QUANTISER = 16


class _Bits:
    """Bits of an entropy-coded segment, with a zero stuffed after every 0xFF (T.81 F.1.2.3)."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._value = self._count = 0

    def put(self, value: int, count: int) -> None:
        self._value = (self._value << count) | value
        self._count += count
        while self._count >= 8:
            self._count -= 8
            byte = (self._value >> self._count) & 0xFF
            self.data += b"\xff\x00" if byte == 0xFF else bytes([byte])

    def close(self) -> bytes:
        if self._count:
            missing = 8 - self._count
            self.put((1 << missing) - 1, missing)
        return bytes(self.data)


def _codes(lengths: tuple[int, ...], symbols: tuple[int, ...]) -> dict[int, tuple[int, int]]:
    codes, code, position = {}, 0, 0
    for length, count in enumerate(lengths, start=1):
        for symbol in symbols[position : position + count]:
            codes[symbol] = (code, length)
            code += 1
        position += count
        code <<= 1
    return codes


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg(blocks: list[list[tuple[int, int, int]]], comment: str) -> bytes:
    """A baseline JPEG in which every YCbCr value of `blocks` fills one square of 8 x 8 pixels."""
    bits, dc, end = _Bits(), _codes(_DC_LENGTHS, _DC_SYMBOLS), _codes(_AC_LENGTHS, _AC_SYMBOLS)[0]
    before = [0, 0, 0]
    for row in blocks:
        for block in row:
            for component, value in enumerate(block):
                # The DC coefficient is eight times the mean (T.81 A.3.3), here with quantiser 16.
                level = (value - 128) * 8 // _QUANTISER
                change, before[component] = level - before[component], level
                category = abs(change).bit_length()
                bits.put(*dc[category])
                if category:
                    bits.put(change if change > 0 else change + (1 << category) - 1, category)
                bits.put(*end)
    width, height = 8 * len(blocks[0]), 8 * len(blocks)
    frame = struct.pack(">BHHB", 8, height, width, 3)
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0" + struct.pack(">BBBHHBB", 1, 1, 0, 1, 1, 0, 0)),
            _segment(0xFE, comment.encode()),
            _segment(0xDB, b"\0" + bytes([_QUANTISER] * 64)),
            _segment(0xC0, frame + b"".join(bytes((n, 0x11, 0)) for n in (1, 2, 3))),
            _segment(0xC4, b"\x00" + bytes(_DC_LENGTHS) + bytes(_DC_SYMBOLS)),
            _segment(0xC4, b"\x10" + bytes(_AC_LENGTHS) + bytes(_AC_SYMBOLS)),
            _segment(0xDA, b"\3" + b"".join(bytes((n, 0)) for n in (1, 2, 3)) + b"\0\x3f\0"),
            bits.close(),
            b"\xff\xd9",
        )
    )


def photo(random: Random, comment: str, columns: int = 80, rows: int = 60) -> bytes:
    """A picture of 640 x 480 pixels: sky, ground and some dark shelves on it."""
    horizon = random.randint(rows // 4, rows // 2)
    shelves = [
        (random.randrange(columns - 12), random.randrange(horizon, rows - 6)) for _ in "123456"
    ]

    def colour(x: int, y: int) -> tuple[int, int, int]:
        if any(left <= x < left + 10 and top <= y < top + 5 for left, top in shelves):
            return 60 + random.randint(0, 20), 120, 140
        if y < horizon:
            return 200 - y + random.randint(0, 6), 150, 115
        return 120 + random.randint(0, 30), 118, 134

    return jpeg([[colour(x, y) for x in range(columns)] for y in range(rows)], comment)


def sound(random: Random, seconds: float = 2.0, rate: int = 8000) -> bytes:
    """A mono 16-bit wav: a rising tone with some noise."""
    frames = bytearray()
    for n in range(int(seconds * rate)):
        tone = 9000 * math.sin(2 * math.pi * (220 + 40 * n / rate) * n / rate)
        frames += struct.pack("<h", int(tone) + random.randint(-500, 500))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(frames))
    return out.getvalue()


def pdf(lines: list[str]) -> bytes:
    """A one-page PDF with lines of ASCII text and a correct cross-reference table."""
    shown = [line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for line in lines]
    drawn = "BT /F1 11 Tf 60 780 Td 16 TL " + " ".join(f"({line}) Tj T*" for line in shown) + " ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("ascii")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    out += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    ).encode("ascii")
    return bytes(out)
