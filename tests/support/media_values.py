"""`technical` of record.json and the data of an amendment, as values of the documented form."""

from typing import Any

TOOL = {"name": "ffprobe", "sha256": "ab" * 32, "version": "n8.1.2"}
START = "2026-03-01T00:30:00.000000Z"
END = "2026-03-01T00:30:02.000000Z"


def technical(**changed: Any) -> dict[str, Any]:
    """A sound film of two seconds."""
    stream = {
        "bit_rate": 50_000,
        "channels": None,
        "codec": "h264",
        "duration_ms": 2000,
        "frame_rate": "15/1",
        "frames": 30,
        "height": 120,
        "index": 0,
        "pixel_format": "yuv420p",
        "profile": "High",
        "rotation": -90,
        "sample_rate": None,
        "type": "video",
        "width": 160,
    }
    claims = [{"by": "name", "end": None, "start": START}]
    return {
        "container": "mov,mp4,m4a,3gp,3g2,mj2",
        "duration_ms": 2000,
        "bit_rate": 60_000,
        "streams": [stream],
        "created_at": "2026-03-01T00:30:00Z",
        "device": {"by": "name", "make": None, "model": None, "serial": "0123456"},
        "place": {"altitude": None, "latitude": "31.2304", "longitude": "121.4737"},
        "puid": "fmt/199",
        "segment": {
            "device": "0123456",
            "important": False,
            "number": 7,
            "officer": "012345",
            "profile": "recorder/0123456789abcdef",
            "start": "2026-03-01T08:30:00",
            "unit": None,
        },
        "captured": {
            "by": "name",
            "claims": claims,
            "end": END,
            "offset_ms": None,
            "start": START,
            "zone_assumed": True,
        },
        "condition": {"findings": [], "verdict": "sound"},
        "tools": [TOOL],
        **changed,
    }


def amendment(verdict: str = "damaged", *codes: str) -> dict[str, Any]:
    """What a full check found."""
    findings = [{"code": code, "note": "stream 0"} for code in codes]
    return {
        "condition": {"findings": findings, "verdict": verdict},
        "essence": [{"codec": "h264", "index": 0, "sha256": "cd" * 32, "type": "video"}],
        "frames": [{"decoded": 29, "index": 0}],
        "stretches": {"black": [{"from_ms": 0, "to_ms": 900}], "frozen": [], "silent": []},
        "tools": [TOOL],
    }
