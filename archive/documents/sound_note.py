"""The note with a marked copy of sound (录音副本说明): who has it, under which request, since when.

Sound has no face to write on. The same words stand in the tags of the file, where it has any.
"""

from typing import BinaryIO

from archive.documents.cells import moment
from archive.documents.cover_sheet import CoverSheet
from archive.documents.paper import Paper


def write_sound_note(sheet: CoverSheet, stream: BinaryIO) -> None:
    """Write the note as PDF, one page, from what the cover sheet says."""
    say = sheet.say
    title = say("Marked copy of a sound recording", "录音副本说明")
    paper = Paper(stream, f"{title} · {sheet.request}", sheet.released_at, sheet.lang)
    paper.paragraph(title, 20, bold=True)
    paper.y -= 14
    (item,) = sheet.items
    person = f"{sheet.person_name} ({sheet.person}) · {sheet.unit}"
    lines = (
        (say("Request", "申请编号"), sheet.request),
        (say("Handed to", "领取人"), person),
        (say("On behalf of", "代为申请"), sheet.on_behalf),
        (say("At", "交付时间"), moment(sheet.released_at) + " (UTC+8)"),
        (say("Access", "调阅编号"), sheet.access),
        (say("File", "文件"), item.name),
        (say("Made", "制作方式"), item.made),
    )
    for label, text in lines:
        if text is not None:
            paper.paragraph(f"{label}：{text}", 14)
            paper.y -= 4
    paper.y -= 10
    for sentence in _sentences(sheet):
        paper.paragraph(sentence, 11)
        paper.y -= 4
    paper.finish()


def _sentences(sheet: CoverSheet) -> tuple[str, ...]:
    return (
        sheet.say(
            "This is a copy, not the original. Its sound is unchanged; keep this note with it and"
            " read it out before it is played.",
            "本文件为副本，非原件；声音内容未作改动。本说明应与副本一并保存，播放前应宣读。",
        ),
        *(digest for item in sheet.items for digest in item.digests),
    )
