"""Codes of what is noticed when a drop arrives, and what they mean: `findings` of record.json.

Those of what is read in documents stand in ingest.documents.codes, those of media in
ingest.media.codes; docs/findings.md has them all.
"""

from collections.abc import Mapping

CODES: Mapping[str, tuple[str, str]] = {
    "COPY_UNFINISHED": (
        "it may be a part of what was to be copied",
        "可能只是待复制内容的一部分",
    ),
    "HARD_LINKED": ("the dropped file had other names too", "投放的文件另有硬链接名"),
    "MANIFEST_DIFFERS": ("it is not what its manifest says", "与清单所载不符"),
    "MANIFEST_UNLISTED": ("no manifest lists it", "没有清单列出该文件"),
    "MANIFEST_MISSING": ("files that this manifest lists never came", "本清单所列文件未到齐"),
    "CLAIMED_DIGEST_DIFFERS": (
        "a digest that its sidecar claims is not its own",
        "所声明的摘要与文件不符",
    ),
    "CLAIMED_DIGEST_UNCHECKED": (
        "a digest was claimed after the file was sealed and cannot be compared",
        "摘要在封存之后才声明，无从比对",
    ),
    "OFFICERS_FEW": ("fewer than two officers are named", "执法人员少于两人"),
    "INTERRUPTION_OUTSIDE": ("an interruption is not within the recording", "中断不在拍摄时间之内"),
    "CLOCK_OFFSET_LARGE": (
        "the device's clock is said to be off by more than an hour",
        "所称设备时钟偏差超过一小时",
    ),
    "SIDECAR_UNUSED": (
        "it looks like a sidecar and belongs to no file",
        "形似附带说明，但无对应文件",
    ),
    "LIST_FILE_MISSING": ("this list names files that are not there", "清单列有不存在的文件"),
    "FROM_QUARANTINE": ("it was taken out of quarantine", "经隔离处置后收取"),
}
"""Code -> (English, Chinese)."""
