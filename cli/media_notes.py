"""Notes of findings about media in people's words and in both languages.

Notes are sealed in one short technical form; what programs said stands there in their own words,
and is quoted. Here every form of ours has its sentence. A form that is not known is shown as it is.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from archive import vocabulary
from cli.dates import moment
from cli.labels import label
from cli.language import say
from cli.output import show_duration, show_size, show_time

SOURCES: vocabulary.Labels = {
    "sidecar": ("sidecar", "附带说明"),
    "name": ("file name", "文件名"),
    "container": ("the file itself", "文件自身"),
    "exif": ("the photo (EXIF)", "照片信息（EXIF）"),
}
"""Who says when something was recorded."""

_FORMATS: vocabulary.Labels = {
    "film": ("MP4 or MOV", "MP4/MOV 视频"),
    "photo": ("HEIC", "HEIC 照片"),
    "avi": ("AVI", "AVI 视频"),
    "wav": ("WAV", "WAV 音频"),
    "webp": ("WebP", "WebP 图片"),
    "matroska": ("Matroska", "Matroska 视频"),
    "transport": ("MPEG-TS", "MPEG-TS 流"),
    "program": ("MPEG-PS", "MPEG-PS 流"),
    "elementary": ("bare H.264 or H.265", "H.264/H.265 裸流"),
    "mp3": ("MP3", "MP3 音频"),
    "adts": ("AAC", "AAC 音频"),
    "amr": ("AMR", "AMR 音频"),
    "flac": ("FLAC", "FLAC 音频"),
    "ogg": ("Ogg", "Ogg 音视频"),
    "asf": ("WMV or WMA", "WMV/WMA 音视频"),
    "flv": ("FLV", "FLV 视频"),
    "dhav": ("a recorder's DAV", "DAV 录像"),
    "hik": ("a recorder's own format", "录像机专有格式"),
    "jpeg": ("JPEG", "JPEG 照片"),
    "png": ("PNG", "PNG 图片"),
    "gif": ("GIF", "GIF 图片"),
    "bmp": ("BMP", "BMP 图片"),
    "tiff": ("TIFF", "TIFF 图片"),
    "jp2": ("JPEG 2000", "JPEG 2000 图片"),
    "aiff": ("AIFF", "AIFF 音频"),
    "au": ("AU", "AU 音频"),
    "caf": ("CAF", "CAF 音频"),
    "text/plain": ("text", "文本"),
    "text/html": ("a web page", "网页"),
    "text/csv": ("a CSV table", "CSV 表格"),
    "application/json": ("JSON text", "JSON 文本"),
    "application/xml": ("XML text", "XML 文本"),
    "application/pdf": ("PDF", "PDF 文档"),
    "application/zip": ("a ZIP archive", "ZIP 压缩包"),
}
_PARTS: vocabulary.Labels = {
    "the segment": ("the segment", "数据段"),
    "the last frame": ("the last frame", "最后一帧"),
    "a chunk": ("a chunk", "数据块"),
    "a segment": ("a segment", "数据段"),
    "a block": ("a block", "数据块"),
    "chunk": ("chunk", "数据块"),
    "segment": ("segment", "数据段"),
    "box": ("box", "结构单元"),
    "boxes": ("boxes", "结构单元"),
    "element": ("element", "结构单元"),
    "packet": ("packet", "数据包"),
    "frame": ("frame", "帧"),
    "frames": ("frames", "帧"),
    "samples": ("samples", "采样"),
    "segments": ("segments", "数据段"),
    "chunks": ("chunks", "数据块"),
    "streams": ("streams", "流"),
    "tracks": ("tracks", "各轨"),
    "edit list": ("edit list", "编辑列表"),
    "end of image": ("end of the picture", "图像结束标记"),
    "frame header": ("header of the picture", "图像头"),
    "signature": ("signature", "文件标识"),
    "sync bytes": ("sync bytes", "同步字节"),
    "frame after the metadata": ("frame after the metadata", "元数据之后的帧"),
}


class _Form(NamedTuple):
    """A form of notes, and its sentences; groups of the pattern are shown by `_SHOWN`."""

    pattern: re.Pattern[str]
    english: str
    chinese: str


def _form(pattern: str, english: str, chinese: str) -> _Form:
    return _Form(re.compile(pattern, re.ASCII), english, chinese)


def note_words(note: str) -> str:
    """A note as people read it, in the chosen language."""
    for form in _FORMS:
        if found := form.pattern.fullmatch(note):
            said = {name: _shown(name, text) for name, text in found.groupdict().items()}
            return say(form.english, form.chinese).format(**said)
    return note


def _shown(name: str, text: str | None) -> str:
    show = _SHOWN.get(name.rstrip("_"))
    return "" if text is None else show(text) if show else text


def _late(milliseconds: str) -> str:
    """How far, and which way, one claim is from another."""
    span = abs(int(milliseconds)) / 1000
    words = show_duration(span)
    if milliseconds.startswith("-"):
        return say(f"{words} earlier than", f"早 {words}，相对于")
    return say(f"{words} later than", f"晚 {words}，相对于")


def _time(text: str) -> str:
    found = moment(text)
    return text if found is None else show_time(found)


_SHOWN: Mapping[str, Callable[[str], str]] = {
    "size": lambda text: show_size(int(text)),
    "by": lambda text: label(SOURCES, text),
    "format": lambda text: label(_FORMATS, text),
    "part": lambda text: label(_PARTS, text),
    "late": _late,
    "span": lambda text: show_duration(int(text) / 1000),
    "time": _time,
    "zero": lambda _: say(", all zeros at the end", "，末尾均为零"),
}
_APART = r"(?P<by>\w+) is (?P<late>[+-]\d+) ms from (?P<by_>\w+)"
_FORMS = (
    # time of recording
    _form(
        _APART + r": (?P<hours>[+-][\d.]+) h",
        "{by} is {late} {by_}; zones {hours} h apart",
        "{by}{late}{by_}；时区相差 {hours} 小时",
    ),
    _form(
        _APART + r": (?P<hours>[+-][\d.]+) h and the file's own length",
        "{by} is {late} {by_}; zones {hours} h apart, and the length of the file",
        "{by}{late}{by_}；时区相差 {hours} 小时，另加文件时长",
    ),
    _form(
        _APART + r": the file's own length",
        "{by} is {late} {by_}, exactly the length of the file",
        "{by}{late}{by_}，恰为文件时长",
    ),
    _form(_APART, "{by} is {late} {by_}", "{by}{late}{by_}"),
    _form(r"(?P<by>\w+) says (?P<time>[\dT:.Z+-]+)", "{by} says {time}", "{by}所称时间为 {time}"),
    _form(
        r"(?P<by>\w+) claims (?P<span>\d+) ms; the file has (?P<span_>\d+) ms",
        "{by} claims {span}, the file has {span_}",
        "{by}所称时长 {span}，文件时长 {span_}",
    ),
    _form(
        r"(?P<by>\w+) claims (?P<span>\d+) ms, (?P<span__>\d+) ms of it interrupted;"
        r" the file has (?P<span_>\d+) ms",
        "{by} claims {span}, {span__} of it interrupted; the file has {span_}",
        "{by}所称时长 {span}，其中中断 {span__}；文件时长 {span_}",
    ),
    # name and content
    _form(
        r"content (?P<format>\S+), name \.(?P<name>.*)",
        "the content is {format}, the name ends in .{name}",
        "内容为{format}，扩展名为 .{name}",
    ),
    _form(
        r"does not begin (with|like) (?P<what>.+)",
        "it does not begin like {what}",
        "开头不符合 {what}",
    ),
    # what is missing, and what is too much
    _form(r"(?P<part>.+) lacks (?P<size>\d+) bytes", "{part} lacks {size}", "{part} 缺少 {size}"),
    _form(
        r"(?P<size>\d+)(?P<zero> zero)? bytes from (?P<place>\d+)",
        "{size} from byte {place} on{zero}",
        "自第 {place} 字节起 {size}{zero}",
    ),
    _form(
        r"(?P<count>\d+) named, (?P<size>\d+) bytes from (?P<place>\d+)",
        "{count} that it names, {size} from byte {place} on",
        "照片自述的 {count} 项，自第 {place} 字节起 {size}",
    ),
    _form(
        r"(?P<kind>.+), (?P<size>\d+) bytes from (?P<place>\d+)",
        "{kind}, {size} from byte {place} on",
        "{kind}：自第 {place} 字节起 {size}",
    ),
    _form(
        r"(?P<size>\d+) bytes after the last packet",
        "{size} after the last packet",
        "最后一个数据包之后有 {size}",
    ),
    _form(
        r"(?P<size>\d+) bytes of a frame at (?P<place>\d+)",
        "only {size} of the frame at byte {place}",
        "第 {place} 字节处的帧仅有 {size}",
    ),
    _form(r"up to (?P<size>\d+) bytes at the end", "up to {size} at the end", "末尾至多 {size}"),
    _form(r"a ZIP archive at the end", "a ZIP archive at the end", "末尾附有 ZIP 压缩包"),
    _form(
        r"the index points to byte (?P<place>\d+) of (?P<whole>\d+)",
        "the index points to byte {place}, the file has {whole}",
        "索引指向第 {place} 字节，文件只有 {whole} 字节",
    ),
    _form(
        r"the items end at byte (?P<place>\d+) of (?P<whole>\d+)",
        "the picture's parts end at byte {place}, the file has {whole}",
        "图像数据应到第 {place} 字节，文件只有 {whole} 字节",
    ),
    _form(
        r"(?P<count>\d+) of (?P<whole>\d+) (?P<part>frames|samples)",
        "{count} of {whole} {part}",
        "应有 {whole} {part}，实有 {count}",
    ),
    _form(
        r"stream (?P<stream>\d+): (?P<count>\d+) of (?P<whole>\d+)(?: .*)?",
        "stream {stream} has {count} of {whole}",
        "流 {stream} 应有 {whole} 帧，实有 {count}",
    ),
    _form(
        r"track (?P<track>\d+): (?P<count>[\d.-]+) of (?P<whole>[\d.]+) s",
        "track {track}: {count} s of {whole} s",
        "第 {track} 轨：{whole} 秒中的 {count} 秒",
    ),
    _form(
        r"(?P<count>[\d.-]+) of (?P<whole>[\d.]+) s",
        "{count} s of {whole} s",
        "应为 {whole} 秒，实为 {count} 秒",
    ),
    _form(
        r"(?P<part>edit list|\w+) (?P<count>[\d.]+) s, (?P<part_>\w+) (?P<whole>[\d.]+) s",
        "{part} says {count} s, {part_} {whole} s",
        "{part} 为 {count} 秒，{part_}为 {whole} 秒",
    ),
    # places
    _form(
        r"stream (?P<stream>\d+): (?P<count>\d+), first (?P<from>[\d.-]+) to (?P<to>[\d.-]+) s",
        "stream {stream}: {count} place(s), first from {from} s to {to} s",
        "流 {stream}：{count} 处，首处为 {from} 秒至 {to} 秒",
    ),
    _form(
        r"stream (?P<stream>\d+): (?P<count>\d+) times",
        "stream {stream}: {count} place(s)",
        "流 {stream}：{count} 处",
    ),
    _form(
        r"(?P<count>\d+), together (?P<whole>[\d.]+) s, first at (?P<first>[\d.]+) s",
        "{count} stretch(es), {whole} s together, first at {first} s",
        "{count} 段，共 {whole} 秒，首段始于 {first} 秒",
    ),
    _form(
        r"(?P<count>\d+) times, first at (?P<place>\d+)",
        "{count} place(s), first at byte {place}",
        "{count} 处，首处在第 {place} 字节",
    ),
    _form(
        r"no (?P<part>\w+) at (?P<place>\d+)",
        "no {part} at byte {place}",
        "第 {place} 字节处没有{part}",
    ),
    _form(
        r"no (?P<part>\w+) at (?P<place>\d+), (?P<size>\d+) bytes follow",
        "no {part} at byte {place}; {size} follow",
        "第 {place} 字节处没有{part}，其后还有 {size}",
    ),
    _form(r"no (?P<part>.+)", "no {part}", "没有 {part}"),
    _form(
        r"(?P<kind>\S+) again at (?P<place>\d+)",
        "{kind} again at byte {place}",
        "第 {place} 字节处再次出现 {kind}",
    ),
    _form(
        r"begins again at (?P<place>\d+)",
        "it begins again at byte {place}",
        "自第 {place} 字节重新开始",
    ),
    _form(r"the chunk at (?P<place>\d+)", "the chunk at byte {place}", "第 {place} 字节处的数据块"),
    _form(
        r"the chunk at (?P<place>\d+) passes the end",
        "the chunk at byte {place} passes the end",
        "第 {place} 字节处的数据块超出文件末尾",
    ),
    _form(
        r"(?P<kind>.+) at (?P<place>\d+) has an impossible size",
        "{kind} at byte {place} has an impossible size",
        "第 {place} 字节处 {kind} 的长度不可能",
    ),
    _form(r"the last frame", "the last frame", "最后一帧"),
    _form(r"(?P<kind>\S+) without a length", "{kind} without a length", "{kind} 未注明长度"),
    _form(r"(?P<kind>\S+) without (?P<what>ds64)", "{kind} without {what}", "{kind} 缺少 {what}"),
    _form(r"reference movie", "it refers to another film", "指向另一文件的引用影片"),
    _form(r"data reference", "its data are in another file", "数据引用指向另一文件"),
    # sizes and limits
    _form(r"(?P<a>\d+) x (?P<b>\d+)", "{a} x {b}", "{a} x {b}"),
    _form(r"(?P<count>\d+) x (?P<kind>\S+)", "{count} times {kind}", "{kind} 出现 {count} 次"),
    _form(r"(?P<kind>\S+) of (?P<size>\d+) bytes", "{kind} of {size}", "{kind} 达 {size}"),
    _form(r"(?P<size>\d+) bytes", "{size}", "{size}"),
    _form(r"(?P<count>\d+) (?P<part>streams|boxes|frames)", "{count} {part}", "{count} 个{part}"),
    _form(r"too many (?P<part>segments|chunks)", "too many {part}", "{part}过多"),
    _form(r"it asks for too much", "it asks for too much", "读取量过大"),
    _form(r"limit", "a limit was reached", "达到资源上限"),
    _form(r"timeout", "it took too long", "超时"),
    _form(r"crashed", "the program crashed", "程序崩溃"),
    _form(
        r"(?P<program>ffmpeg|Pillow)( ended with)? (?P<code>-?\d+)",
        "{program} ended with {code}",
        "{program} 以 {code} 退出",
    ),
    _form(
        r"(?P<words>.+) \(and (?P<count>\d+) more\)",
        "{words} (and {count} more)",
        "{words}（另有 {count} 处）",
    ),
)
"""The first that fits says it; programs' own words come last, and stay as they are."""
