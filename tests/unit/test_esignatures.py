"""Electronic signatures in real PDFs and OFDs: good ones, broken ones, what was added later."""

import io
import os
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from signed_documents import NOW, Signers, plain_pdf, revised

from archive.esignatures import check_signatures
from ingest.documents.esignatures import ofd, pdf, sm2
from ingest.documents.esignatures.check import LIMITS, SignatureChecker
from ingest.documents.esignatures.trust import Roots

STATED = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")


class _Clock:
    def now(self) -> datetime:
        return NOW


@pytest.fixture(scope="module")
def signers() -> Signers:
    return Signers()


def checked(data: bytes, form: str = "pdf", roots: tuple[bytes, ...] = ()) -> Any:
    """Signatures, and the codes of what is odd; in this process, to be quick."""
    check = {"pdf": pdf.check, "ofd": ofd.check}[form]
    with closing(Roots(list(roots), NOW)) as trust:
        found = check(io.BytesIO(data), trust).value()
    check_signatures({"checked_at": "2026-11-22T04:05:06.123456Z", **found})
    return found["signatures"], [one["code"] for one in found["findings"]]


def apart(data: bytes, form: str = "pdf", roots: tuple[bytes, ...] = (), **limits: Any) -> Any:
    """The same by the child process and its limits."""
    descriptor = os.memfd_create("test", os.MFD_CLOEXEC)
    os.write(descriptor, data)
    checker = SignatureChecker(_Clock(), lambda: list(roots), replace(LIMITS, **limits))
    try:
        found = checker.check(descriptor, f"application/{form}", lambda: True)
    finally:
        os.close(descriptor)
    check_signatures(found)
    return found["signatures"], [one["code"] for one in found["findings"]]


# --- PDF


def test_one_signature_that_holds(signers: Signers) -> None:
    (one,), codes = checked(signers.pdf())
    assert codes == []
    assert one.pop("certificate").startswith("sha256:")
    assert one.pop("stated_at")
    assert one == {
        "by": "王芳",
        "covers_all": True,
        "form": "pdf",
        "intact": True,
        "issuer": "测试签发机构",
        "kind": "signature",
        "trusted": None,
    }


def test_whom_to_trust_is_said_by_roots(signers: Signers) -> None:
    data = signers.pdf()
    assert checked(data, roots=(signers.root_der,))[0][0]["trusted"] is True
    others = (Signers("别的机构").root_der, Signers("又一机构").root_der)
    assert checked(data, roots=others)[0][0]["trusted"] is False


def test_a_byte_that_was_changed(signers: Signers) -> None:
    data = signers.pdf()
    place = data.index(b"/MediaBox")
    (one,), codes = checked(data[:place] + b"/MediaBoy" + data[place + 9 :])
    assert (one["intact"], codes) == (False, ["SIGNATURE_BROKEN"])


def test_a_revision_that_nobody_signed(signers: Signers) -> None:
    (one,), codes = checked(revised(signers.pdf()))
    assert (one["intact"], one["covers_all"]) == (True, False)
    assert codes == ["CHANGED_AFTER_SIGNING"]


def test_bytes_behind_the_last_revision(signers: Signers) -> None:
    (one,), codes = checked(signers.pdf() + b"\n% whatever comes behind")
    assert (one["intact"], one["covers_all"]) == (True, False)
    assert codes in (["BYTES_APPENDED"], ["CHANGED_AFTER_SIGNING"])


def test_two_people(signers: Signers) -> None:
    found, codes = checked(signers.pdf(twice=True))
    assert [(one["by"], one["intact"], one["covers_all"]) for one in found] == [
        ("王芳", True, False),
        ("李明", True, True),
    ]
    assert codes == ["SIGNED_AGAIN"]


def test_a_timestamp_is_a_line_of_its_own(signers: Signers) -> None:
    found, codes = checked(signers.pdf(stamped=True), roots=(signers.root_der,))
    assert codes == []
    assert [(one["kind"], one["intact"], one["trusted"]) for one in found] == [
        ("signature", True, True),
        ("timestamp", True, True),
    ]
    assert (found[1]["by"], found[1]["stated_at"]) == ("测试时间戳", STATED)


def test_none_is_there() -> None:
    assert checked(plain_pdf()) == ([], ["NO_SIGNATURE_FOUND"])


def test_the_child_says_the_same(signers: Signers) -> None:
    data, roots = signers.pdf(stamped=True), (signers.root_der, Signers("别的").root_der)
    assert apart(data, roots=roots) == checked(data, roots=roots)


@pytest.mark.parametrize(("form", "data"), [("pdf", os.urandom(5000)), ("ofd", b"PK\x03\x04")])
def test_what_is_broken_is_said(form: str, data: bytes) -> None:
    found, codes = apart(data, form)
    assert found == []
    assert codes == ["SIGNATURE_NOT_CHECKED"]


def test_too_much_ends_by_a_limit(signers: Signers) -> None:
    found, codes = apart(signers.pdf(), seconds=0.05)
    assert (found, codes) == ([], ["LIMIT_REACHED"])


# --- OFD


def test_a_seal_that_holds(signers: Signers) -> None:
    (one,), codes = checked(signers.ofd(), "ofd", roots=(signers.root_der,))
    assert codes == []
    assert (one["by"], one["kind"], one["form"]) == ("示例局电子公章", "e_seal", "ofd")
    assert (one["intact"], one["covers_all"], one["trusted"]) == (True, True, True)
    assert one["stated_at"] == STATED


@pytest.mark.parametrize(
    "changed", ["Doc_0/Document.xml", "Doc_0/Pages/Page_0/Content.xml", "OFD.xml"]
)
def test_a_part_that_was_changed(signers: Signers, changed: str) -> None:
    (one,), codes = checked(signers.ofd(changed=changed), "ofd")
    assert (one["intact"], codes) == (False, ["SIGNATURE_BROKEN"])


def test_a_part_that_was_put_in(signers: Signers) -> None:
    (one,), codes = checked(signers.ofd(extra=True), "ofd")
    assert (one["intact"], one["covers_all"]) == (True, False)
    assert codes == ["PARTS_NOT_COVERED"]


def test_a_value_of_another_list(signers: Signers) -> None:
    (one,), codes = checked(signers.ofd(forged=True), "ofd")
    assert (one["intact"], codes) == (False, ["SIGNATURE_BROKEN"])


# --- SM2


def test_the_example_of_the_standard() -> None:
    """GB/T 32918.2, as GM/T 0003.5 has it for the recommended curve."""
    point = bytes.fromhex(
        "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    )
    signature = bytes.fromhex(
        "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
        "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
    )
    assert sm2.holds(point, b"message digest", signature)
    assert not sm2.holds(point, b"message digesu", signature)
    assert not sm2.holds(point, b"message digest", signature[:-1] + b"\0")
    assert not sm2.holds(point[:-1] + b"\0", b"message digest", signature)
    assert not sm2.holds(point, b"message digest", bytes(64))
