"""The standing sentences of the cover sheet."""

from archive.documents.table import Language


def checking(lang: Language) -> tuple[str, ...]:
    """How anybody checks the copy with tools of the operating system."""
    if lang == "zh":
        return (
            "在副本所在文件夹中运行 sha256sum 文件名"
            "（Windows：certutil -hashfile 文件名 SHA256；macOS：shasum -a 256 文件名），"
            "所得的值应与上列 SHA256 逐字相同；有一字不同，即不是所交付的文件。",
            "文件可以改名，改名不影响结果。摘取部分的摘要值只对所交付的部分有效。",
        )
    return (
        "In the folder of the copy run: sha256sum FILE (Windows: certutil -hashfile FILE SHA256; "
        "macOS: shasum -a 256 FILE). The value must equal the SHA256 above in every character; "
        "where one differs, it is not the file that was handed over.",
        "A file may be renamed, that changes nothing. The digest of an excerpt is that of the part "
        "handed over.",
    )


def limits(lang: Language, *, marked: bool = False) -> tuple[str, ...]:
    """What the sheet does not prove."""
    if lang == "zh":
        marks = (
            "副本带有申请编号、领取人和时间的标记；原件未加任何标记。"
            if marked
            else "原件及副本均未加任何标记（无水印、无页码、无印章）。"
        )
        return (
            "本单随副本交付，不是记录的一部分，也不能代替记录的封存证明。" + marks,
            "本单不证明记录内容真实，只说明所交付的是哪些文件。",
        )
    marks = (
        "The copy is marked with request, person and time; the original carries no marks. "
        if marked
        else "The original carries no marks, nor does the copy (no watermark, page number or "
        "stamp). "
    )
    return (
        "This sheet goes with the copy. It is no part of the record and does not replace the proof "
        "of its seal. "
        + marks
        + "The sheet does not say that the content is true, only which files were handed "
        "over.",
    )
