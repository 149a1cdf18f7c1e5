"""How far a signature of a PDF reaches, and what came behind it.

    own_bytes(data, one)                 # before anything else: what its byte range leaves out
    reach(data, one, verdict, notice, later=…)

A signature that holds covers one revision of the file. Behind it may stand what belongs to checking
it later (certificates and revocation, a timestamp over the document, dates of the file), which is
no change, and further signatures, which is said. Anything else is a change: a value in a form too,
whoever signed after that.
"""

from collections.abc import Callable
from typing import Any

from ingest.documents.esignatures.codes import APPENDED, CHANGED_AFTER, SIGNED_AGAIN
from ingest.documents.esignatures.pdf_fields import entry
from ingest.documents.esignatures.verdict import Verdict

Notice = Callable[[str, str], None]
"""Code, and what is to be said beside it."""
_DEEPEST = 12
_FORM_KEYS = ("/DA", "/Q", "/NeedAppearances")


def own_bytes(data: bytes, one: Any) -> bool:
    """Whether the range leaves out the digits of this signature, and not one byte more.

    With room for anything else in the gap a whole other document can be laid into it, whose
    readers never come to what was signed.
    """
    range_ = list(one.byte_range)
    if len(range_) != 4 or not all(isinstance(number, int) for number in range_):
        return False
    start, first, second, length = map(int, range_)
    if start != 0 or length < 0 or not 0 < first < second or second + length > len(data):
        return False
    gap = data[first:second].strip(b" \t\r\n\f\0")
    if gap[:1] + gap[-1:] == b"<>":
        gap = gap[1:-1]
    elif data[first - 1 : first] + data[second : second + 1] != b"<>":
        return False
    try:
        return bool(bytes.fromhex(gap.decode("ascii")) == one.pkcs7_content)
    except ValueError:
        return False


def reach(data: bytes, one: Any, verdict: Verdict, notice: Notice, *, later: bool) -> None:
    """Say how much of the file it covers, and what came after it; `later`: others signed then."""
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    verdict.covers_all = int(one.byte_range[2]) + int(one.byte_range[3]) == len(data)
    if verdict.covers_all:
        return
    coverage = one.coverage = one.evaluate_signature_coverage()  # the next asks for it
    if coverage is not SignatureCoverageLevel.ENTIRE_REVISION:
        notice(CHANGED_AFTER, coverage.name.lower())
    elif one.signed_revision == one.reader.xrefs.total_revisions - 1:
        notice(APPENDED, "")
    else:
        _after(one, notice, later=later)


def _after(one: Any, notice: Notice, *, later: bool) -> None:
    """What the revisions after its own brought."""
    changed = one.evaluate_modifications(_policy())
    level = getattr(changed, "modification_level", None)
    allowed = one.docmdp_level
    if level is None:
        notice(CHANGED_AFTER, str(changed))
    elif allowed is not None and level.value > allowed.value:
        notice(CHANGED_AFTER, "more than the signer allowed")
    elif not _form_kept(one):
        notice(CHANGED_AFTER, "how the form is drawn")
    elif level.name not in ("NONE", "LTA_UPDATES"):
        if later and level.name == "FORM_FILLING":
            notice(SIGNED_AGAIN, "")
        else:
            notice(CHANGED_AFTER, level.name.lower())


def _policy() -> Any:
    """As pyHanko's own, but that no other field may be filled, and properties stay as they are."""
    from pyhanko.sign import diff_analysis

    from ingest.documents.esignatures.pdf_properties import DatesOnly, DatesOnlyInXmp

    xmp: Any = DatesOnlyInXmp

    diff: Any = diff_analysis  # its rules have no types
    rules: list[Any] = [
        *(diff.XrefStreamRule(), diff.ObjectStreamRule(), diff.DSSCompareRule()),
        *(DatesOnly(), xmp()),
    ]
    aside = diff.ModificationLevel.LTA_UPDATES
    catalog = diff.CatalogModificationRule()
    fields = [diff.SigFieldCreationRule(), diff.SigFieldModificationRule()]
    return diff.StandardDiffPolicy(
        global_rules=[catalog, *(rule.as_qualified(aside) for rule in rules)],
        form_rule=diff.FormUpdatingRule(field_rules=fields),
    )


def _form_kept(one: Any) -> bool:
    """Whether the fonts and defaults that fields are drawn with are those that were signed."""
    old = entry(one.reader.get_historical_resolver(one.signed_revision).root, "/AcroForm", {})
    new = entry(one.reader.root, "/AcroForm", {})
    if any(key in old and entry(new, key, None) != old[key] for key in _FORM_KEYS):
        return False
    before, after = entry(old, "/DR", {}), entry(new, "/DR", {})
    kinds = [kind for kind in before if isinstance(before[kind], dict)]
    return all(
        _same(before[kind][name], entry(entry(after, kind, {}), name, None), _DEEPEST)
        for kind in kinds
        for name in before[kind]
    )


def _same(old: Any, new: Any, deep: int) -> bool:
    """Whether two objects are alike, what they refer to as well."""
    if new is None or deep == 0:
        return False
    old, new = old.get_object(), new.get_object()
    if getattr(old, "encoded_data", None) != getattr(new, "encoded_data", None):
        return False
    places: Any
    if isinstance(old, dict) and isinstance(new, dict):
        places = old.keys()
        alike = places == new.keys()
    elif isinstance(old, list) and isinstance(new, list):
        places = range(len(old))
        alike = len(old) == len(new)
    else:
        return bool(old == new)
    return alike and all(_same(_raw(old, one), _raw(new, one), deep - 1) for one in places)


def _raw(container: Any, place: Any) -> Any:
    return container.raw_get(place)
