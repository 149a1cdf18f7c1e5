"""Filing a case 归档: its volumes with their catalogues, and recordings that are excused."""

from collections.abc import Mapping, Sequence
from typing import Any

from archive.registers.act import Act, SignedRule
from archive.registers.cases import HEAD, cases_of, former_handlers, known_case
from archive.registers.denials import denied
from archive.registers.remarks import remark
from archive.registers.shelf import Shelf, Value
from archive.registers.signers import has_role, sole_signer
from archive.statements.body import SignedBody
from archive.times import format_time
from signing import canonical
from signing.digest import Digest


def volumes_of(shelf: Shelf, case: str) -> Sequence[Value]:
    """Volumes of a case in order: {`number`, `ref_code`, `volume`, `records`, `filed_at`, …}."""
    found = shelf.get("case_volumes", case)
    return found["volumes"] if found else ()


def excused_of(shelf: Shelf, case: str) -> Mapping[str, Value]:
    """What is excused in a case, by the row of the list: {`by`, `at`, `detail`, `detail_id`}."""
    found = shelf.get("case_excused", case)
    return found["items"] if found else {}


def volume_digest(catalogue: Sequence[Mapping[str, Any]]) -> Digest:
    """The digest of a volume: that of its catalogue, which has the digest of every record."""
    return Digest.of("sha256", canonical.encode([dict(line) for line in catalogue]))


def _excused(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    case = body.payload["case"]
    known = known_case(shelf, case)
    signer = sole_signer(shelf, body)
    head = has_role(signer, HEAD) and signer["unit"] == known["unit"]
    if not head and not has_role(signer, "legal_office"):
        raise denied("ROLE_MISSING", f"{HEAD} legal_office")
    _check_no_handler(known, body)
    words = {"detail": body.detail, "detail_id": body.detail_id}
    value = {"by": body.signers[0], "at": format_time(body.accepted_at), **words}
    items = {**excused_of(shelf, case), **dict.fromkeys(body.payload["items"], value)}
    shelf.put("case_excused", case, {"items": items})


def _filed(shelf: Shelf, act: Act, body: SignedBody) -> None:
    payload = body.payload
    case = payload["case"]
    known = known_case(shelf, case)
    if not has_role(sole_signer(shelf, body), "archivist"):
        raise denied("ROLE_MISSING", "archivist")
    _check_no_handler(known, body)
    if known["closed"] is None:
        raise denied("CASE_OPEN", case)
    lines = _signed_lines(act, payload["volume"])
    before = volumes_of(shelf, case)
    if payload["number"] != len(before) + 1:
        raise denied("CATALOGUE_BAD", str(payload["number"]))
    if shelf.get("ref_code", payload["ref_code"]) is not None:
        raise denied("REF_CODE_TAKEN", payload["ref_code"])
    _check_lines(shelf, case, lines, {name for volume in before for name in volume["records"]})
    words = {"detail": body.detail, "detail_id": body.detail_id}
    volume = {
        **{field: payload[field] for field in ("number", "ref_code", "volume")},
        "records": [line["record"] for line in lines],
        "by": body.signers[0],
        "filed_at": format_time(body.accepted_at),
        **words,
    }
    shelf.put("ref_code", payload["ref_code"], {"case": case})
    shelf.put("case_volumes", case, {"volumes": [*before, volume]})


def _signed_lines(act: Act, volume: str) -> Sequence[Mapping[str, Any]]:
    """The catalogue whose digest was signed."""
    data = act.detail()
    if data is None:
        raise denied("CATALOGUE_BAD", remark("TEXT_UNREADABLE"))
    lines: Sequence[Mapping[str, Any]] = data["catalogue"]
    if str(volume_digest(lines)) != volume:
        raise denied("CATALOGUE_BAD", remark("TEXT_OTHER"))
    return lines


def _check_lines(
    shelf: Shelf, case: str, lines: Sequence[Mapping[str, Any]], earlier: set[str]
) -> None:
    """Every line is a record of the case that no volume has yet, and the pages go on."""
    seen, page = set(earlier), 1
    for line in lines:
        record = line["record"]
        known = shelf.get("record", record)
        if known is None:
            raise denied("RECORD_UNKNOWN", record)
        if shelf.get("destroyed", record) is not None:
            raise denied("RECORD_DESTROYED", record)
        listed = line["digest"] == f"sha256:{known['sha256']}"
        if record in seen or case not in cases_of(shelf, record) or not listed:
            raise denied("CATALOGUE_BAD", record)
        if line["page_from"] != page or line["pages"] < 1:
            raise denied("CATALOGUE_BAD", record)
        seen.add(record)
        page += line["pages"]


def _check_no_handler(case: Value, body: SignedBody) -> None:
    """Also who handled it once: else he would be taken off for a day, and excuse himself."""
    for signer in body.signers:
        if signer in case["handlers"]:
            raise denied("CASE_OWN", signer)
        if signer in former_handlers(case):
            raise denied("CASE_OWN", remark("HANDLED_BEFORE", signer))


SIGNED: Mapping[str, SignedRule] = {"case.excused": _excused, "case.filed": _filed}
