"""What a record says of a medium, for people: what it is, when it was recorded, its condition."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archive import vocabulary
from cli.dates import moment
from cli.labels import label
from cli.language import say
from cli.media_notes import SOURCES, note_words
from cli.output import show_duration, show_time
from ingest.kind import MEDIA
from ingest.media.codes import CODES

_Value = Mapping[str, Any]
Pair = tuple[str, object]

_KINDS: vocabulary.Labels = {
    "video": ("video", "视频"),
    "audio": ("audio", "音频"),
    "data": ("data", "数据"),
    "subtitle": ("subtitles", "字幕"),
    "picture": ("picture", "图像"),
}
_CONTAINERS = {
    "mov,mp4,m4a,3gp,3g2,mj2": "MP4",
    "matroska,webm": "Matroska",
    "mpegts": "MPEG-TS",
    "mpeg": "MPEG-PS",
    "jpeg_pipe": "JPEG",
    "image2": "JPEG",
    "png_pipe": "PNG",
    "bmp_pipe": "BMP",
    "tiff_pipe": "TIFF",
    "webp_pipe": "WebP",
    "hevc": "H.265",
    "asf": "WMV/ASF",
}
"""What people call what ffprobe calls otherwise; the others are only written large."""
_TYPES = {
    "video/quicktime": "MOV",
    "video/webm": "WebM",
    "video/3gpp": "3GP",
    "audio/mp4": "M4A",
    "image/heic": "HEIC",
    "image/heif": "HEIF",
    "image/avif": "AVIF",
}
"""Media types that are told apart where ffprobe has one name for several containers."""
_SHOWN_DIGITS = 16


def media_pairs(description: _Value, custody: Sequence[_Value]) -> Iterator[Pair]:
    """Lines of a record that was looked at; none for any other."""
    technical = description.get("technical")
    if technical is None:
        return
    later = _amended(custody)
    yield from _what(technical, description["media"]["type"])
    yield from _captured(technical["captured"])
    medium = description["media"]["type"].startswith(MEDIA)
    yield from _condition(technical["condition"], later, medium=medium)
    if later:
        yield from _stretches(later["stretches"])
        yield from _essence(later["essence"])
    tools = (later or technical)["tools"]
    yield (
        say("looked at with", "检查工具"),
        say(", ", "，").join(f"{one['name']} {one['version']}" for one in tools) or None,
    )


def _amended(custody: Sequence[_Value]) -> _Value | None:
    """What the full check found, once it is sealed and can be read."""
    found = [
        event["detail"]
        for event in custody
        if event["kind"] == "record.amended" and event["body"].get("what") == "media"
    ]
    known = [detail for detail in found if detail]
    return known[-1] if known else None


def _what(technical: _Value, media_type: str) -> Iterator[Pair]:
    duration = technical["duration_ms"]
    yield say("duration", "时长"), None if duration is None else show_duration(duration / 1000)
    container = _container(technical["container"], media_type)
    yield say("container", "封装"), _joined(container, technical["puid"]) or None
    still = media_type.startswith("image/")
    for stream in technical["streams"]:
        yield f"{say('stream', '流')} {stream['index']}", _stream(stream, still=still)
    if device := technical["device"]:
        words = [device[key] for key in ("make", "model", "serial")]
        yield say("device", "设备"), _joined(*words, _by(device["by"]))
    if segment := technical["segment"]:
        yield say("by its name", "文件名所示"), _segment(segment)
    if place := technical["place"]:
        yield say("place", "地点"), f"{place['latitude']}, {place['longitude']}"


def _container(name: str | None, media_type: str) -> str | None:
    if name is None:
        return None
    several = "," in name
    return (_TYPES.get(media_type) if several else None) or _CONTAINERS.get(name, name.upper())


def _rate(rate: str) -> str:
    """Frames per second of `30000/1001`: 29.97."""
    above, _, below = rate.partition("/")
    if not int(below):
        return rate
    return f"{int(above) / int(below):.2f}".rstrip("0").rstrip(".")


def _stream(stream: _Value, *, still: bool) -> str:
    size = f"{stream['width']}x{stream['height']}" if stream["width"] else None
    turned, rate = stream["rotation"], stream["frame_rate"]
    return _joined(
        label(_KINDS, "picture" if still and stream["type"] == "video" else stream["type"] or "?"),
        stream["codec"],
        stream["profile"],
        size,
        say(f"turned {turned}°", f"旋转 {turned}°") if turned else None,
        say(f"{_rate(rate)} fps", f"{_rate(rate)} 帧/秒") if rate else None,
        f"{stream['sample_rate']} Hz" if stream["sample_rate"] else None,
        say(f"{stream['channels']} channels", f"{stream['channels']} 声道")
        if stream["channels"]
        else None,
        f"{stream['bit_rate'] / 1000:.0f} kbit/s" if stream["bit_rate"] else None,
    )


def _segment(segment: _Value) -> str:
    number = segment["number"]
    return _joined(
        say(f"officer {segment['officer']}", f"人员 {segment['officer']}")
        if segment["officer"]
        else None,
        say(f"unit {segment['unit']}", f"单位 {segment['unit']}") if segment["unit"] else None,
        say(f"segment {number}", f"第 {number} 段") if number is not None else None,
        say("marked important", "标为重要") if segment["important"] else None,
        segment["profile"].partition("/")[0],
    )


def _captured(captured: _Value) -> Iterator[Pair]:
    assumed = (
        say("zone assumed: Asia/Shanghai", "未注明时区，按北京时间") * captured["zone_assumed"]
    )
    if captured["start"]:
        start = moment(captured["start"])
        shown = show_time(start) if start else None
        yield say("recorded from", "录制开始"), _joined(shown, _by(captured["by"]), assumed)
        yield say("recorded to", "录制结束"), moment(captured["end"])
    for claim in captured["claims"]:
        if claim["start"]:
            yield f"{say('says', '声明')} {_by(claim['by'])}", moment(claim["start"])
    if offset := captured["offset_ms"]:
        apart = show_duration(offset / 1000) if offset >= 1000 else f"{offset} ms"
        yield say("clocks differ by", "时钟相差"), apart


def _condition(first: _Value, later: _Value | None, *, medium: bool) -> Iterator[Pair]:
    condition = later["condition"] if later else first
    yield (
        say("condition", "状况"),
        f"{label(vocabulary.CONDITIONS, condition['verdict'])} ({_when(later, medium=medium)})",
    )
    for one in condition["findings"]:
        code = CODES.get(one["code"])
        words = say(code.english, code.chinese) if code else one["code"]
        yield say("noticed", "提示"), f"{words} [{one['code']}{_note(one['note'])}]"


def _when(later: _Value | None, *, medium: bool) -> str:
    if later:
        return say("fully checked", "已完整检查")
    if not medium:
        return say("no medium: only its name is held against it", "并非音像：仅核对文件名")
    return say("checked before the seal; the full check follows", "封存前检查；完整检查随后进行")


def _note(note: str) -> str:
    return f": {note_words(note)}" if note else ""


def _stretches(stretches: _Value) -> Iterator[Pair]:
    names = {
        "black": ("black", "黑屏"),
        "frozen": ("picture stands still", "画面静止"),
        "silent": ("silent", "无声"),
    }
    for kind, words in names.items():
        parts = [f"{part['from_ms'] / 1000:.1f}-{part['to_ms'] / 1000:.1f} s"
                 for part in stretches[kind][:20]]  # fmt: skip
        if parts:
            yield say(*words), ", ".join(parts)


def _essence(streams: Sequence[_Value]) -> Iterator[Pair]:
    """Digests of what the streams carry: those of a remux are the same."""
    for stream in streams:
        name = f"{say('essence of stream', '流内容摘要')} {stream['index']}"
        yield name, _joined(f"sha256:{stream['sha256'][:_SHOWN_DIGITS]}…", stream["codec"])


def _by(source: str | None) -> str:
    return label(SOURCES, source) if source else ""


def _joined(*words: object) -> str:
    return say(", ", "，").join(str(word) for word in words if word)
