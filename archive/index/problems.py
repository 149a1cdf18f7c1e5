"""Why a record is in the index without its text; codes with their meaning in both languages."""

from collections.abc import Mapping

ALTERED, MISSING, NO_ROOM = "CONTENT_ALTERED", "CONTENT_MISSING", "NO_ROOM"
(POSSIBLE_SECRET,) = ("POSSIBLE_SECRET",)
"""The text was read and is not put into the index: somebody has to look at the record."""
PROBLEMS: Mapping[str, tuple[str, str]] = {
    ALTERED: (
        "the stored bytes are not those that were sealed; see `cunzheng verify`",
        "存储内容与封存时不一致，请运行 cunzheng verify",
    ),
    MISSING: (
        "the content is not in the store; see `cunzheng verify`",
        "存储中没有该内容，请运行 cunzheng verify",
    ),
    NO_ROOM: (
        "the disk had no room to look at it; `cunzheng index` tries again",
        "磁盘空间不足；可再次运行 cunzheng index",
    ),
    POSSIBLE_SECRET: (
        "what could not be examined when it was taken bears the mark of a state secret: look at"
        " it, and if it is one, block it with `cunzheng spill`",
        "接收时未能检查的内容带有国家秘密标志：请核实；确属国家秘密的，用 cunzheng spill 封控",
    ),
}
