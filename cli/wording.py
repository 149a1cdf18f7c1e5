"""Chinese for the English sentences of others: of the parser, and of what was not found."""

import re
from collections.abc import Sequence

from archive.vocabulary import RESOLUTIONS

Pattern = tuple[str, str]
"""What a sentence looks like, and its Chinese."""

_USAGE: Sequence[Pattern] = (
    (r"No such command '(.*?)'\. Did you mean (.*)\?", r"没有命令“\1”，是否为 \2？"),
    (r"No such command '(.*?)'\.", r"没有命令“\1”。"),
    (r"No such option: (\S+) \(Possible options: (.*)\)", r"没有选项 \1，是否为 \2？"),
    (r"No such option: (\S+)", r"没有选项 \1。"),
    (r"Missing command\.", "缺少命令。"),
    (r"Missing argument '?(.*?)'?\.(?: .*)?", r"缺少参数“\1”。"),
    (r"Missing option '?(.*?)'?\.(?: .*)?", r"缺少选项 \1。"),
    (r"Got unexpected extra argument\(?s?\)? \((.*)\)\.?", r"多余的参数：\1。"),
    (r"Option '?(.*?)'? requires an argument\.", r"选项 \1 须给出值。"),
    (r"Option '?(.*?)'? requires (\d+) arguments\.", r"选项 \1 须给出 \2 个值。"),
    (r"Option '?(.*?)'? does not take a value\.", r"选项 \1 不带值。"),
    (r"Invalid value for '?paths'?: (.*)", r"所给路径无效：\1"),
    (r"Invalid value for '?(.*?)'?: (.*)", r"\1 的值无效：\2"),
    (r"Invalid value: (.*)", r"值无效：\1"),
)
_VALUE: Sequence[Pattern] = (
    (r"(?:Value error, )?('.*') is not one of (.*)\.", r"\1 不在 \2 之中。"),
    (r"(?:Value error, )?('.*') is not a valid (?:integer|float|number)\.?", r"\1 不是数。"),
    (r"Input should be greater than or equal to (.*)", r"须不小于 \1。"),
    (r"Input should be less than or equal to (.*)", r"须不大于 \1。"),
    (r"Input should be a valid (?:integer|number)(?:, .*)?", "须为数字。"),
    (r"[Pp]ath '(.*)' does not exist\.", r"路径“\1”不存在。"),
    (r"File '(.*)' does not exist\.", r"文件“\1”不存在。"),
    (r"Directory '(.*)' does not exist\.", r"目录“\1”不存在。"),
)
_NOUNS = {
    "sealed record": "已封存的记录",
    "record": "记录",
    "case": "案件",
    "request": "申请",
    "person": "人员",
    "source": "来源",
    "disposition": "处置",
    "pack": "包",
    "quarantined drop": "隔离文件",
}
_WRITTEN = {
    "The inbox": "收件目录",
    "The inbox or the purge tree": "收件目录或待清理目录",
    "The purge tree": "待清理目录",
    "The outbox": "回执目录",
    "The staging area": "暂存区",
}
_PLACES: Sequence[Pattern] = (
    *(
        (rf"{place} cannot be written: (.*)", rf"{said}无法写入：\1。")
        for place, said in _WRITTEN.items()
    ),
    (
        r"There is no such bucket on the server, asked about (?:the bucket )?(.*); make it first\.",
        r"S3 服务器上没有存储桶 \1，请先创建。",
    ),
    (
        r"The S3 server refuses the credentials \((.*)\); see s3_profile_… in the settings\.",
        r"S3 服务器拒绝所用凭据（\1），请检查设置中的 s3_profile_…。",
    ),
    (
        r"There are no credentials for the S3 server; .*",
        "没有 S3 服务器的凭据：请设置 AWS_ACCESS_KEY_ID 与 AWS_SECRET_ACCESS_KEY，"
        "或在设置中指定凭据配置名（s3_profile_…）。",
    ),
    (
        r"The S3 server cannot be reached for (?:the bucket )?(.*); see s3_endpoint\.",
        r"无法连接 S3 服务器（\1），请检查设置中的 s3_endpoint。",
    ),
    (
        r"The S3 server's certificate does not hold; see s3_ca in the settings\.",
        "S3 服务器的证书未通过验证，请检查设置中的 s3_ca。",
    ),
    (
        r"The S3 server is too busy for (.*) \((.*)\); try again later\.",
        r"S3 服务器繁忙（\1，\2），请稍后再试。",
    ),
    (
        r"The S3 server does not allow this for (.*) \((.*)\)\.",
        r"S3 服务器不允许此操作（\1，\2）。",
    ),
    (r"The database does not answer: (.*)", r"数据库没有应答：\1"),
)
"""Sentences of stores and databases; what the server itself said stays as it is."""
_COPIES: Sequence[Pattern] = (
    (
        r"This record cannot be read as a film or a sound\.",
        "该记录不能作为音像资料读取，无法按时间摘录或加注。",
    ),
    (r"The film ends at (.*); name times before that\.", r"该音像到 \1 结束，请在此之前指定时间。"),
    (
        r"What the film has between these times lies outside of what was granted; ask again\.",
        "该时间段的内容超出所批准的范围，请重新申请。",
    ),
    (
        r"No copy can be made of this record: it is damaged\.",
        "该记录已损坏，无法制作副本；可申请原件的副本。",
    ),
    (
        r"The packets of this film cannot be copied without changing them\.",
        "无法在不改动数据包的前提下摘录该音像。",
    ),
    (
        r"Only films, sound, photos and PDF can be marked\.",
        "只有录像、录音、照片和 PDF 可以加注水印。",
    ),
    (r"The pictures of this film are too large or too small\.", "该录像的画面尺寸过大或过小。"),
    (r"Making the copy took more than it may\.", "制作副本超出了允许的时间或资源。"),
    (
        r"The film is too large or too odd to be walked through\.",
        "该音像过大或结构异常，无法逐包读取。",
    ),
    (
        r"There is no room on the disk to make a copy of this record\.",
        "磁盘空间不足，无法制作该记录的副本。",
    ),
    (
        r"ffmpeg and ffprobe of version 8 or later are needed .*",
        "制作副本需要 8.0 以上版本的 ffmpeg 和 ffprobe：请运行 pip install 'cunzheng[media]'。",
    ),
)
"""Why no excerpt or marked copy can be made."""
_NOT_THERE = re.compile(rf"There is no ({'|'.join(_NOUNS)}) (.*)\.")
_RESOLVED = re.compile(r"(\S+) is resolved: (\w+)\.")
_SEVERAL = re.compile(rf"Several ({'|'.join(_NOUNS)})s begin with (.*); give more of the id\.")


def by_form(forms: Sequence[Pattern], text: str) -> str | None:
    """The Chinese of the first form that the sentence has, or None."""
    for pattern, chinese in forms:
        if found := re.fullmatch(pattern, text, re.DOTALL):
            return found.expand(chinese)
    return None


def usage_in_chinese(text: str) -> str:
    """A sentence of the parser in Chinese; one that is not known stays as it is."""
    for pattern, chinese in _USAGE:
        if found := re.fullmatch(pattern, text, re.DOTALL):
            return found.expand(_value(found, chinese)).replace("' / '", " / ")
    return text


def not_found_in_chinese(text: str) -> str | None:
    """What was not found, with its id, or None where the sentence is another one."""
    if found := _NOT_THERE.fullmatch(text):
        return f"没有{_NOUNS[found[1]]} {found[2]}。"
    if found := _SEVERAL.fullmatch(text):
        return f"以 {found[2]} 开头的{_NOUNS[found[1]]}不止一个，请给出更多字符。"
    return None


def place_in_chinese(text: str) -> str | None:
    """Which store or database does not serve, or None where the sentence is another one."""
    return by_form(_PLACES, text)


def copy_in_chinese(text: str) -> str | None:
    """Why no copy can be made, or None where the sentence is another one."""
    return by_form(_COPIES, text)


def resolved_in_chinese(text: str) -> str | None:
    """That a quarantined drop is resolved already, or None where the sentence is another one."""
    if found := _RESOLVED.fullmatch(text):
        _, chinese = RESOLUTIONS.get(found[2], (found[2], found[2]))
        return f"隔离文件 {found[1]} 此前已处置：{chinese}。"
    return None


def _value(found: re.Match[str], chinese: str) -> str:
    """The template, with what is wrong with a value in Chinese where that is known."""
    last = found[found.re.groups] if found.re.groups else None
    for pattern, words in _VALUE:
        if last and (wrong := re.fullmatch(pattern, last)):
            said = wrong.expand(words).replace("\\", "\\\\")
            return chinese.replace(f"\\{found.re.groups}", said)
    return chinese
