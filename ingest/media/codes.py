"""Every code that a check of media can give, as data: what it makes of the verdict, and words.

The note of a finding (places, counts, seconds) is put after the sentence.
"""

from typing import NamedTuple

SOUND = "sound"
VERDICTS = (SOUND, "suspicious", "damaged", "truncated", "unreadable")
"""From harmless to grave; the gravest code decides."""


class Code(NamedTuple):
    """One code: verdict it leads to, sentence and what to do, each in English and Chinese."""

    verdict: str
    english: str
    chinese: str
    todo: str
    todo_zh: str


_ORIGINAL = "Fetch the original from the device or card again before it is overwritten."
_ORIGINAL_ZH = "请在设备或存储卡被覆盖之前重新采集原件。"
_ASK = "Compare with the device's own list, and ask who handled the file before it arrived."
_ASK_ZH = "与设备自身的清单比对，并询问到达之前何人经手该文件。"
_CLOCK = "Have the clock of the device set, and note its offset."
_CLOCK_ZH = "校准设备时钟，并记下偏差。"
_ZONE = "Find out in which zone the device writes its times; the difference is recorded."
_ZONE_ZH = "请查明设备以何时区记录时间；差值已记录。"
_LOOK = "Look at the passage; an interruption needs a stated reason."
_LOOK_ZH = "请查看该时段；中断须说明理由。"
_NONE = "Nothing has to be done; it is told so that nobody is surprised."
_NONE_ZH = "无需处理；仅作说明。"
_WHOLE = "Ask who cut it, and play it with the edit list ignored to see the rest."
_WHOLE_ZH = "请询问由何人剪辑；忽略编辑列表播放可查看其余部分。"
_NONE_MAKER = "Cameras keep such data of their own; if no camera made it, have an examiner look."
_NONE_MAKER_ZH = "摄像设备常附有此类数据；如非设备所写，请鉴定人员检查。"
_TRY = "Play it; if it does not play, have an examiner look at a copy."
_TRY_ZH = "请播放查看；如无法播放，请鉴定人员检查副本。"
_MEMORY = "Look at it only on a machine kept for that, and never open it by double-click."
_MEMORY_ZH = "仅在专用机器上查看，切勿双击打开。"

# One row after another is easier to read than one field after another.
# fmt: off
CODES = {
    # nothing there
    "EMPTY": Code("unreadable", "The file has no bytes.", "文件没有任何字节。", _ORIGINAL,
     _ORIGINAL_ZH),
    "ONLY_ZEROS": Code("unreadable", "The file holds nothing but zeros.", "文件内容全为零。",
     _ORIGINAL, _ORIGINAL_ZH),
    # structure
    "CUT_SHORT": Code("truncated", "The file ends before what it announces.",
     "文件在其声明的内容结束之前中断。", _ORIGINAL, _ORIGINAL_ZH),
    "NOT_CLOSED": Code("suspicious", "The header was never completed: the recording broke off.",
     "文件头未写完：录制被中断。", _ORIGINAL, _ORIGINAL_ZH),
    "INDEX_MISSING": Code("unreadable", "The index is missing, without which it does not play.",
     "缺少索引，无法播放。", _ORIGINAL, _ORIGINAL_ZH),
    "INDEX_BAD": Code("damaged", "The index contradicts itself or the file.",
     "索引自相矛盾或与文件不符。", _ORIGINAL, _ORIGINAL_ZH),
    "CONTENT_MISSING": Code("damaged", "There is an index, and nothing that it points to.",
     "只有索引而无内容。", _ORIGINAL, _ORIGINAL_ZH),
    "STRUCTURE_BAD": Code("damaged", "The structure is not that of such a file.",
     "文件结构不符合该格式。", _TRY, _TRY_ZH),
    "CHECKSUM_BAD": Code("damaged", "A checksum inside the file is wrong.",
     "文件内部校验值不符。", _ORIGINAL, _ORIGINAL_ZH),
    "SYNC_LOST": Code("damaged", "Parts of the file are not what the format demands there.",
     "文件部分内容不符合格式要求，失去同步。", _ORIGINAL, _ORIGINAL_ZH),
    "PACKETS_LOST": Code("damaged", "The packets are not numbered without a gap.",
     "数据包编号不连续。", _ORIGINAL, _ORIGINAL_ZH),
    "TRAILING_DATA": Code("suspicious", "More bytes follow after the end of the recording.",
     "记录结束之后还附有其他字节。", _ASK, _ASK_ZH),
    "CONTENT_ELSEWHERE": Code("suspicious", "Parts of it are said to lie in another file.",
     "文件声明部分内容位于其他文件，系统不予读取。", _ASK, _ASK_ZH),
    "PADDED": Code(SOUND, "Nothing but zeros follows after the end: room that was reserved.",
     "结束之后只有零字节，为设备预留空间。", _NONE, _NONE_ZH),
    "MAKER_DATA": Code(SOUND, "Pictures, a film or data of the maker follow, as cameras do it.",
     "照片之后附有相机写入的其他画面、短片或厂商数据。", _NONE, _NONE_ZH),
    "SECOND_FILE": Code("suspicious", "A second recording follows in the same file.",
     "同一文件中含有第二份记录。", _ASK, _ASK_ZH),
    "DURATION_DIFFERS": Code("suspicious", "The duration stated is not that of the content.",
     "标注的时长与内容不符。", _ASK, _ASK_ZH),
    "EDIT_HIDES": Code(SOUND, "The edit list leaves out a part of what was recorded.",
     "编辑列表隐去了部分已录内容，播放时不显示。", _WHOLE, _WHOLE_ZH),
    "BOX_UNUSED": Code(SOUND, "A box holds data that no player shows.",
     "文件含有播放器不显示的数据块。", _NONE_MAKER, _NONE_MAKER_ZH),
    "NAME_DIFFERS": Code("suspicious", "The content is not what the file name says.",
     "文件内容与扩展名不符。", _ASK, _ASK_ZH),
    "NO_CREATION_TIME": Code(SOUND, "The file does not say when it was made.",
     "文件未记载创建时间。", _CLOCK, _CLOCK_ZH),
    "PICTURE_TOO_LARGE": Code("suspicious", "It claims more picture than any camera makes.",
     "其声称的画面尺寸超过任何摄像设备。", _MEMORY, _MEMORY_ZH),
    "EXIF_BAD": Code(SOUND, "The data about the photograph cannot be read whole.",
     "照片信息（EXIF）无法完整读取。", _NONE, _NONE_ZH),
    # when it was recorded (captured.py)
    "CLOCK_OFFSET": Code(SOUND, "Two claims about the time of recording differ: a clock was wrong.",
     "关于录制时间的说法不一致：时钟有误。", _CLOCK, _CLOCK_ZH),
    "ZONE_QUESTION": Code(SOUND, "Two claims about the time differ by whole zones, not by a clock.",
     "关于录制时间的说法相差整时区，并非时钟误差。", _ZONE, _ZONE_ZH),
    "CAPTURE_END_STATED": Code(SOUND, "The time in the file seems to be that of the end.",
     "文件内的时间似为录制结束时间。", _NONE, _NONE_ZH),
    "CAPTURE_TIME_UNLIKELY": Code(SOUND, "A time of recording lies in the future or far back.",
     "所称录制时间在未来或过于久远。", _CLOCK, _CLOCK_ZH),
    "CAPTURE_SPAN_DIFFERS": Code(SOUND, "The stated span of the recording is not its length.",
     "所称起止时间与文件时长不符。", _LOOK, _LOOK_ZH),
    # what ffprobe sees
    "PROBE_FAILED": Code("unreadable", "It cannot be read as media.", "无法作为音像文件读取。",
     _TRY, _TRY_ZH),
    "NO_STREAMS": Code("unreadable", "It holds neither picture nor sound.",
     "其中既无画面也无声音。", _ORIGINAL, _ORIGINAL_ZH),
    "HEADER_ERRORS": Code("damaged", "Errors showed when its headers were read.",
     "读取文件头时发现错误。", _TRY, _TRY_ZH),
    "READ_ERRORS": Code("damaged", "Errors showed when its packets were read.",
     "读取数据包时发现错误。", _TRY, _TRY_ZH),
    "FRAMES_MISSING": Code("damaged", "It holds fewer frames than its index says.",
     "实际帧数少于索引所载。", _ORIGINAL, _ORIGINAL_ZH),
    "TIME_GAP": Code("damaged", "The recording stops and goes on later.",
     "记录中断后又继续。", _LOOK, _LOOK_ZH),
    "TIME_BACKWARDS": Code("damaged", "The times in the recording run backwards.",
     "记录中的时间出现倒退。", _LOOK, _LOOK_ZH),
    "ENDS_EARLY": Code("truncated", "The content ends before the stated duration.",
     "内容在标注的时长之前结束。", _ORIGINAL, _ORIGINAL_ZH),
    # what decoding sees
    "DECODE_ERRORS": Code("damaged", "Parts cannot be decoded.", "部分内容无法解码。", _TRY,
     _TRY_ZH),
    "NOTHING_DECODED": Code("unreadable", "Not one picture or sound could be decoded.",
     "没有任何画面或声音可以解码。", _TRY, _TRY_ZH),
    "BLACK": Code(SOUND, "The picture is black for a while.", "有一段黑屏。", _LOOK, _LOOK_ZH),
    "FROZEN": Code(SOUND, "The picture stands still for a while.", "有一段画面静止。", _LOOK,
     _LOOK_ZH),
    "SILENT": Code(SOUND, "There is no sound for a while.", "有一段无声。", _LOOK, _LOOK_ZH),
    # the checks themselves
    "CHECK_UNFINISHED": Code(SOUND, "A check did not come to its end; nothing follows from it.",
     "有一项检查未能完成，不据此作任何判断。", _NONE, _NONE_ZH),
    "LIMIT_REACHED": Code("suspicious", "Looking at it took more than any recording needs.",
     "查看该文件所耗资源超过任何正常记录。", _MEMORY, _MEMORY_ZH),
    "READER_CRASHED": Code("suspicious", "The program that looked at it crashed.",
     "查看该文件的程序崩溃。", _MEMORY, _MEMORY_ZH),
    "TOOLS_MISSING": Code(SOUND, "There was no ffmpeg: only the structure of the file was checked.",
     "缺少 ffmpeg，仅检查了文件结构。", _NONE, _NONE_ZH),
    "LOOK_FAILED": Code("suspicious", "Looking at it failed in a way that nobody foresaw.",
     "查看该文件时发生意外错误。", _TRY, _TRY_ZH),
}
# fmt: on
