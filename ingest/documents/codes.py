"""Codes of what is noticed in documents, and their meaning (docs/documents.md)."""

from collections.abc import Mapping

LIMIT_REACHED = "LIMIT_REACHED"
READER_DIED = "READER_DIED"
BROKEN = "DOCUMENT_BROKEN"
ENCRYPTED = "ENCRYPTED"
MACROS = "MACROS_PRESENT"
ACTIVE = "ACTIVE_CONTENT"
EXTERNAL = "EXTERNAL_LINKS"
EMBEDDED = "EMBEDDED_FILES"
MEMBER_NAMES = "MEMBER_NAMES"
NOT_READ = "FORMAT_NOT_READ"
FIRST_PAGE_SCANNED = "FIRST_PAGE_SCANNED"
NAME_DIFFERS = "NAME_DIFFERS"
ENTITIES = "ENTITIES_REFUSED"
MIXED = "MIXED_ENCODINGS"
UNDERSTANDING_FAILED = "UNDERSTANDING_FAILED"

CODES: Mapping[str, tuple[str, str]] = {
    LIMIT_REACHED: (
        "a limit was reached while it was read; what was read until then is used",
        "读取时达到限额；已读出的部分照用",
    ),
    READER_DIED: ("the reading process ended while it read this file", "读取进程在读此文件时中断"),
    BROKEN: ("the file does not keep to its own format", "文件不符合其自身格式"),
    ENCRYPTED: ("locked by a password; its text cannot be read", "已加密，无法读取其文字"),
    MACROS: ("it carries macros; they were not run", "含有宏；未运行"),
    ACTIVE: ("it carries scripts or actions; they were not run", "含有脚本或动作；未运行"),
    EXTERNAL: ("it refers to something outside; nothing was fetched", "引用外部内容；未获取"),
    EMBEDDED: ("other files are embedded in it; they were not read", "内嵌其他文件；未读取"),
    MEMBER_NAMES: ("names of members that lead elsewhere", "成员名称指向包外路径"),
    NOT_READ: ("its format is not read here", "此格式不在读取之列"),
    FIRST_PAGE_SCANNED: (
        "its first page is a picture; what stands there was not read",
        "首页为图像；其上文字未读取",
    ),
    NAME_DIFFERS: ("the name says another kind than the content", "文件名所示种类与内容不符"),
    ENTITIES: ("it declares XML entities; they were not followed", "声明了 XML 实体；未展开"),
    MIXED: ("it is text in more than one encoding", "文字混用多种编码"),
    UNDERSTANDING_FAILED: (
        "an error of the archive's own; nothing was found out about it",
        "系统自身出错，未能识别其内容",
    ),
}
