"""Media by docs/formats.md §13: part of the outside checker, standard library alone."""

import re
from typing import Any

Json = dict[str, Any]
KINDS = {
    "record.amended": "registry id detail detail_id what",
    "derived.made": "registry id access digest key parent recipe role size tool",
}
ACTORS = {"derived.made": "system/media"}
OPTIONAL = {"derived.made": {"range", "span"}}
PAYLOADS = {"access.requested": {"span"}, "access.started": {"form", "span"}}
FORMS = ("excerpt", "marked")
MEDIA = "condition essence frames stretches tools"
SIDECAR = "claims digests findings name name_b64 sidecar size"
SIGNATURES = "checked_at findings signatures"
KINDS_OF_SIGNATURES = ("signature", "e_seal", "timestamp")
VERDICTS = {"sound", "damaged", "truncated", "unreadable", "suspicious"}
TECHNICAL = (
    "container duration_ms bit_rate streams created_at device place puid segment captured"
    " condition tools"
)
STREAM = (
    "bit_rate channels codec duration_ms frame_rate frames height index pixel_format profile"
    " rotation sample_rate type width"
)


class BadMedia(ValueError):
    """Not what the page says."""


def keys(text: str, value: Any) -> None:
    if not isinstance(value, dict) or value.keys() != set(text.split()):
        raise BadMedia(f"not the keys of the page: {text}")


def condition(value: Json) -> None:
    keys("findings verdict", value)
    if value["verdict"] not in VERDICTS:
        raise BadMedia("no such verdict")
    for one in value["findings"]:
        keys("code note", one)


def tools(value: list[Json]) -> None:
    for one in value:
        keys("name sha256 version", one)
        if not re.fullmatch("[0-9a-f]{64}", one["sha256"]):
            raise BadMedia("no digest of a program")


def technical(value: Json) -> None:
    """`technical` of record.json."""
    keys(TECHNICAL, value)
    for stream in value["streams"]:
        keys(STREAM, stream)
    if value["device"]:
        keys("make model serial by", value["device"])
    if value["place"]:
        keys("altitude latitude longitude", value["place"])
    if value["segment"]:
        keys("device important number officer profile start unit", value["segment"])
    keys("by claims end offset_ms start zone_assumed", value["captured"])
    for claim in value["captured"]["claims"]:
        keys("by end start", claim)
    condition(value["condition"])
    tools(value["tools"])


def amendment(data: Json) -> None:
    """The data of `record.amended`."""
    condition(data["condition"])
    for one in data["essence"]:
        keys("codec index sha256 type", one)
    for one in data["frames"]:
        keys("decoded index", one)
    keys("black frozen silent", data["stretches"])
    for one in (part for parts in data["stretches"].values() for part in parts):
        keys("from_ms to_ms", one)
    tools(data["tools"])


def signatures(data: Json) -> None:
    """What was found of electronic signatures (§14)."""
    three = (True, False, None)
    for one in data["signatures"]:
        keys("by certificate covers_all form intact issuer kind stated_at trusted", one)
        fine = one["form"] in ("pdf", "ofd") and one["kind"] in KINDS_OF_SIGNATURES
        known = all(one[name] in three for name in ("covers_all", "intact", "trusted"))
        digest = one["certificate"] is None or one["certificate"].startswith("sha256:")
        if not (fine and known and digest):
            raise BadMedia("a signature has another form")
    for one in data["findings"]:
        keys("code note", one)


def inside(inner: Json | None, outer: Json | None) -> bool:
    """Whether a range or span lies in another; None is the whole."""
    if outer is None:
        return True
    return inner is not None and outer["from"] <= inner["from"] < inner["to"] <= outer["to"]


class Copies:
    """Copies made for one access (§13); mixed into the register of the checker."""

    accesses: dict[str, Json]

    def asked_span(self, p: Json) -> None:
        """What a request with a span must be."""
        fine = p["action"] == "excerpt" and p["segments"] and len(p["records"]) == 1
        self.need("ACCESS_UNLAWFUL", fine or "span" not in p, "a span of more than one excerpt")

    def form(self, request: Json, p: Json) -> None:
        """What an access with a form must be."""
        form, span, asked = p.get("form"), p.get("span"), request.get("span")
        covered = any(inside(p["range"], part) for part in request["segments"] or [None])
        self.need("ACCESS_UNLAWFUL", covered, "other bytes than were asked for")
        if form is None:
            plain = span is None and asked is None
            self.need("ACCESS_UNLAWFUL", plain, "a span without a form")
            return
        fine = form in FORMS and not p["resumes"]
        fine = fine and (form == "marked" or (span and p["action"] == "excerpt"))
        self.need("ACCESS_UNLAWFUL", fine, "no such form of an access")
        same = (span is None) == (asked is None) and inside(span, asked)
        self.need("ACCESS_UNLAWFUL", same, "another span than was asked for")
        whole = span is not None or p["range"] is None
        self.need("ACCESS_UNLAWFUL", whole, "a copy of the whole for a part of it")

    def derived_made(self, _: str, e: Json) -> None:
        body = e["body"]
        if body["role"] not in FORMS:
            kept = body["access"] is None and body["key"] is not None
            self.need("ENTRY_BAD", kept, "a derivative of no access that is not kept")
            return
        access = self.accesses.get(body["access"] or "", {"state": ""})
        fine = access["state"] == "open" and access.get("form") == body["role"]
        fine = fine and "made" not in access and body["key"] is None
        self.need("ACCESS_UNLAWFUL", fine, "made for no access that has this form")
        content = self.checker.accessions[access["record"]][2]["body"]["content"]
        fine = access["record"] == e["subject"] and body["parent"] in content
        self.need("ACCESS_UNLAWFUL", fine, "made of another record")
        span, part, asked = body.get("span"), body.get("range"), access.get("span")
        given = {"from": access["start"], "to": access["stop"]}
        fine = (span is None) == (asked is None) == (part is None) and inside(span, asked)
        fine = fine and (part is None or inside(part, given))
        self.need("ACCESS_UNLAWFUL", fine, "beyond what was granted")
        access["made"] = body["size"]

    def made_for(self, access: Json, kind: str, count: int) -> None:
        """The end of an access with a form: what was made went out, or less of it."""
        if "form" in access:
            size = access.get("made", 0 if kind == "aborted" else None)
            fine = count == size if kind == "completed" else count <= size
            self.need("ACCESS_UNLAWFUL", fine, "other bytes than were made")
