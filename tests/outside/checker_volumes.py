"""Filing a case by docs/formats.md §13: part of the outside checker, standard library alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
SIGNED = {
    "case.excused": "registry case case items",
    "case.filed": "registry case case number ref_code volume",
}
DATA = {"case.excused": "reason", "case.filed": "catalogue note"}
LINE = {"digest", "pages", "page_from", "record", "title"}
CODE = re.compile("[0-9A-Za-z·-]{1,64}")
UNLAWFUL = "REGISTER_UNLAWFUL"


def whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class Volumes:
    """What is filed and excused; mixed into the register of the checker."""

    checker: Any
    cases: dict[str, Json]
    need: Callable[[str, object, str], None]
    canonical: Callable[[Any], str]

    def begin_filing(self) -> None:
        self.codes: set[str] = set()

    def alone(self, case: Json, e: Json, signers: list[Json]) -> list[str]:
        """Roles of the only signer, who never was a handler of the case."""
        name = e["body"]["statements"][0]["statement"]["person"]
        self.need("ENTRY_BAD", len(signers) == 1, "signed by two")
        ever = {*case["handlers"], *case.get("former", ())}
        self.need(UNLAWFUL, name not in ever, "a handler of the case, now or before")
        roles: list[str] = signers[0]["roles"]
        return roles

    def case_excused(self, p: Json, e: Json, _: Json | None, signers: list[Json]) -> None:
        self.need(UNLAWFUL, p["case"] in self.cases, "no such case")
        case = self.cases[p["case"]]
        roles = self.alone(case, e, signers)
        head = "approver.department_head" in roles and signers[0]["unit"] == case["unit"]
        self.need(UNLAWFUL, head or "legal_office" in roles, "not his to excuse")
        ids, each = p["items"], "[a-z][a-z0-9_]{0,31}"
        fine = ids and ids == sorted(set(ids)) and all(re.fullmatch(each, one) for one in ids)
        self.need("ENTRY_BAD", fine, "no rows of a list, in order")

    def case_filed(self, p: Json, e: Json, data: Json | None, signers: list[Json]) -> None:
        self.need(UNLAWFUL, p["case"] in self.cases, "no such case")
        case = self.cases[p["case"]]
        self.need(UNLAWFUL, "archivist" in self.alone(case, e, signers), "no archivist")
        self.need(UNLAWFUL, case.get("closed"), "the case is not closed")
        lines, filed = (data or {})["catalogue"], case.setdefault("volumes", [])
        digest = hashlib.sha256(self.canonical(lines).encode()).hexdigest()
        self.need(UNLAWFUL, p["volume"] == f"sha256:{digest}", "another catalogue was signed")
        following = whole(p["number"]) and p["number"] == len(filed) + 1
        self.need(UNLAWFUL, following, "not the next volume")
        self.need("ENTRY_BAD", CODE.fullmatch(p["ref_code"]), "no reference code")
        self.need(UNLAWFUL, p["ref_code"] not in self.codes, "the code was given before")
        self.need("ENTRY_BAD", 1 <= len(lines) <= 1000, "not 1 to 1,000 lines")
        taken, page = {rid for volume in filed for rid in volume}, 1
        for line in lines:
            self.line(case, line, taken, page)
            taken.add(line["record"])
            page += line["pages"]
        filed.append([line["record"] for line in lines])
        self.codes.add(p["ref_code"])

    def line(self, case: Json, line: Json, taken: set[str], page: int) -> None:
        fine = line.keys() == LINE and whole(line["pages"]) and whole(line["page_from"])
        self.need("ENTRY_BAD", fine, "not the keys of a line")
        rid = line["record"]
        here = rid in self.checker.accessions and rid not in self.checker.destroyed
        self.need("ACCESS_UNLAWFUL", here, f"{rid} is not there")
        fine = rid in case["records"] and rid not in taken
        self.need(UNLAWFUL, fine, f"{rid} is not to be filed")
        content = self.checker.accessions[rid][2]["body"]["content"]
        mine = line["digest"].startswith("sha256:") and line["digest"] in content
        self.need(UNLAWFUL, mine, f"the digest of {rid}")
        pages = line["page_from"] == page and line["pages"] >= 1
        self.need(UNLAWFUL, pages, f"the pages of {rid}")
