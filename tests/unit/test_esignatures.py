"""Electronic signatures in real PDFs and OFDs: good ones, broken ones, what was added later."""

import base64
import io
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import altered_ofds as ofds
import altered_pdfs as altered
import pypdfium2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from signed_documents import NOW, OFD_PARTS, Signers, plain_pdf, revised

from archive.esignatures import check_signatures
from ingest.documents.esignatures import ofd, pdf, sm2
from ingest.documents.esignatures.check import LIMITS, SignatureChecker
from ingest.documents.esignatures.trust import Roots, roots_in

STATED = NOW.strftime("%Y-%m-%dT%H:%M:%SZ")


class _Clock:
    def now(self) -> datetime:
        return NOW


class _Careless(Signers):
    """Certifies who makes timestamps as it does everybody."""

    def _certificate(self, subject: str, key: Any, *, ca: bool = False, tsa: bool = False) -> Any:
        del tsa
        return super()._certificate(subject, key, ca=ca)


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


@pytest.mark.parametrize("spoil", [base64.b64encode, lambda _: b"", lambda data: data + b"\n"])
def test_a_root_that_is_none_is_named(
    signers: Signers, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "good.cer").write_bytes(signers.root_der)
    (tmp_path / "more.pem").write_bytes(2 * signers.root.public_bytes(Encoding.PEM))
    (tmp_path / "readme.txt").write_text("none")
    assert roots_in(tmp_path) == [signers.root_der] * 3
    (tmp_path / "other.cer").write_bytes(spoil(signers.root_der))
    with pytest.raises(ValueError, match=r"^other\.cer is no certificate"):
        roots_in(tmp_path)


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


def test_not_every_signer_may_say_what_time_it_is() -> None:
    careless = _Careless()
    found, _ = checked(careless.pdf(stamped=True), roots=(careless.root_der,))
    assert [(one["kind"], one["trusted"]) for one in found] == [
        ("signature", True),
        ("timestamp", False),
    ]


def test_another_document_in_the_gap_of_the_signature(signers: Signers) -> None:
    data = altered.other_document_in_the_gap(signers.sign(plain_pdf(), "王芳", "One", room=8192))
    with closing(pypdfium2.PdfDocument(data)) as document:
        assert document[0].get_textpage().get_text_range() == "Fine: 100000"
    (one,), codes = checked(data, roots=(signers.root_der,))
    assert (one["intact"], one["covers_all"], codes) == (False, None, ["SIGNATURE_BROKEN"])


@pytest.mark.parametrize("kind", [b"/adbe.pkcs7.sha1", b"/adbe.x509.rsa_sha1", b"/GM.sm2seal"])
def test_a_kind_that_is_not_known_is_no_want_of_a_signature(signers: Signers, kind: bytes) -> None:
    (one,), codes = checked(altered.of_kind(signers.pdf(), kind))
    assert (one["intact"], codes) == (None, ["SIGNATURE_NOT_CHECKED"])
    found, codes = checked(altered.of_kind(signers.pdf(twice=True), kind))
    assert [(one["by"], one["intact"]) for one in found] == [("王芳", True), (None, None)]
    assert codes == ["SIGNED_AGAIN", "SIGNATURE_NOT_CHECKED"]


@pytest.mark.parametrize("digits", [b"", b"3003020101"])
def test_a_broken_one_hides_no_other(signers: Signers, digits: bytes) -> None:
    found, codes = checked(altered.with_contents(signers.pdf(twice=True), digits))
    assert [(one["by"], one["intact"]) for one in found] == [("王芳", True), (None, None)]
    assert codes == ["SIGNED_AGAIN", "SIGNATURE_NOT_CHECKED"]


def test_a_value_in_a_form_is_a_change_whoever_signs_then(signers: Signers) -> None:
    signed = signers.sign(altered.form_pdf(), "王芳", "One")
    assert checked(signers.sign(signed, "李明", "Two"))[1] == ["SIGNED_AGAIN"]
    changed = altered.filled(signed, "amount", "100000")
    assert checked(changed)[1] == ["CHANGED_AFTER_SIGNING"]
    found, codes = checked(signers.sign(changed, "李明", "Two"))
    assert [one["covers_all"] for one in found] == [False, True]
    assert codes == ["CHANGED_AFTER_SIGNING"]


@pytest.mark.parametrize("change", [altered.retitled, altered.with_other_letters])
def test_what_else_is_a_change(signers: Signers, change: Any) -> None:
    signed = signers.sign(altered.form_pdf(), "王芳", "One")
    assert checked(signers.sign(change(signed), "李明", "Two"))[1] == ["CHANGED_AFTER_SIGNING"]


def test_more_than_the_signer_allowed(signers: Signers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody was to sign after him; pyHanko itself would not have done it."""
    data = signers.sign(plain_pdf(), "王芳", "One", final=True)
    assert checked(altered.with_store(data, signers))[1] == []
    monkeypatch.setattr("pyhanko.sign.validation.read_certification_data", lambda _: None)
    assert checked(signers.sign(data, "李明", "Two"))[1] == ["CHANGED_AFTER_SIGNING"]


def test_what_keeps_it_checkable_is_no_change(signers: Signers) -> None:
    data = altered.with_store(signers.pdf(), signers)
    (one,), codes = checked(data)
    assert (one["intact"], one["covers_all"], codes) == (True, False, [])
    found, codes = checked(altered.with_document_timestamp(data, signers))
    assert [(one["kind"], one["intact"]) for one in found] == [
        ("signature", True),
        ("timestamp", True),
    ]
    assert codes == []
    changed = altered.with_store(revised(signers.pdf()), signers)
    assert checked(changed)[1] == ["CHANGED_AFTER_SIGNING"]


def test_what_cannot_be_read_of_a_timestamp_hides_no_change(
    signers: Signers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise TypeError

    monkeypatch.setattr(pdf, "_stamped", fail)
    (one,), codes = checked(revised(signers.pdf()))
    assert (one["intact"], one["covers_all"]) == (True, False)
    assert codes == ["CHANGED_AFTER_SIGNING", "SIGNATURE_NOT_CHECKED"]


def test_a_digest_that_can_be_forged(signers: Signers) -> None:
    (one,), codes = checked(signers.sign(plain_pdf(), "王芳", "One", digest="sha1"))
    assert (one["intact"], codes) == (True, ["WEAK_DIGEST"])


def test_what_everybody_may_read_is_checked(signers: Signers) -> None:
    (one,), codes = checked(altered.locked(signers))
    assert (one["by"], one["intact"], one["covers_all"], codes) == ("王芳", True, True, [])


def test_none_is_there() -> None:
    assert checked(plain_pdf()) == ([], ["NO_SIGNATURE_FOUND"])


def test_the_child_says_the_same(signers: Signers) -> None:
    data, roots = signers.pdf(stamped=True), (signers.root_der, Signers("别的").root_der)
    assert apart(data, roots=roots) == checked(data, roots=roots)


@pytest.mark.parametrize(
    ("form", "data"), [("pdf", Random(5).randbytes(5000)), ("ofd", b"PK\x03\x04")]
)
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


def test_a_seal_over_one_part_covers_no_other(signers: Signers) -> None:
    """Its list of signatures beside the document takes nothing out of the question."""
    parts = dict(OFD_PARTS)
    parts["OFD.xml"] = parts["OFD.xml"].replace(b"/Signs/Signatures.xml", b"/Signatures.xml")
    files = ofds.sealed(signers, parts, ["OFD.xml"])
    lines = files.pop(f"{ofds.SIGNS}Signatures.xml").replace(b"Sign_0/", b"Signs/Sign_0/")
    files["Doc_0/Signatures.xml"] = lines
    (one,), codes = checked(ofds.package(parts | files), "ofd")
    assert (one["intact"], one["covers_all"]) == (True, False)
    assert codes == ["PARTS_NOT_COVERED"]


def test_what_another_signature_lists_is_not_covered_by_the_first(signers: Signers) -> None:
    parts = ofds.other_pages()
    files = ofds.sealed(signers, OFD_PARTS, [ofds.PAGE])
    found, codes = checked(ofds.package(parts | ofds.with_another(files, parts, b"none")), "ofd")
    assert [(one["intact"], one["covers_all"]) for one in found] == [(True, False), (None, None)]
    assert codes == ["SIGNATURE_NOT_CHECKED", "PARTS_NOT_COVERED"]


@pytest.mark.parametrize("place", ["/Doc_0/x.xml", "/OFD.xml", "/Doc_0/Document.xml"])
def test_a_line_of_the_list_takes_no_part_out_of_the_question(signers: Signers, place: str) -> None:
    files = ofds.sealed(signers, OFD_PARTS, [ofds.PAGE])
    data = ofds.package(OFD_PARTS | ofds.with_entry(files, place))
    found, codes = checked(data, "ofd")
    assert [one["covers_all"] for one in found] == [False, None]
    assert codes == ["SIGNATURE_NOT_CHECKED", "PARTS_NOT_COVERED"]


def test_a_file_beside_the_seal_is_not_its_own(signers: Signers) -> None:
    files = ofds.sealed(signers, OFD_PARTS)
    for name in ("Page.xml", "Sign_0/Seal.esl"):
        data = ofds.package(OFD_PARTS | files | {f"{ofds.SIGNS}{name}": b"0\0"})
        assert checked(data, "ofd")[1] == ["PARTS_NOT_COVERED"]


def test_two_seals_over_everything(signers: Signers) -> None:
    files = ofds.sealed(signers, OFD_PARTS)
    listing = ofds.with_another(files, OFD_PARTS, b"")[f"{ofds.SIGNS}Sign_1/Signature.xml"]
    data = OFD_PARTS | ofds.with_another(files, OFD_PARTS, signers.seal(listing))
    found, codes = checked(ofds.package(data), "ofd")
    assert [(one["intact"], one["covers_all"]) for one in found] == [(True, True)] * 2
    assert codes == []


@pytest.mark.parametrize("algorithm", [ofds.RSA_SHA256, ofds.ECDSA_SHA256])
@pytest.mark.parametrize("digest", ["sha256", "sm3"])
def test_a_seal_of_another_algorithm(signers: Signers, algorithm: str, digest: str) -> None:
    """By the digest of its algorithm, or by that of the parts."""
    files = ofds.sealed_by_other_algorithm(signers, algorithm, digest)
    (one,), codes = checked(ofds.package(OFD_PARTS | files), "ofd", roots=(signers.root_der,))
    assert (one["intact"], one["covers_all"], one["trusted"]) == (True, True, True)
    assert codes == []
    files[f"{ofds.SIGNS}Sign_0/Signature.xml"] += b" "
    (one,), codes = checked(ofds.package(OFD_PARTS | files), "ofd")
    assert (one["intact"], codes) == (False, ["SIGNATURE_BROKEN"])


def test_an_algorithm_that_is_not_known_is_not_checked(signers: Signers) -> None:
    files = ofds.sealed_by_other_algorithm(signers, "1.2.3.4")
    (one,), codes = checked(ofds.package(OFD_PARTS | files), "ofd")
    assert (one["intact"], one["covers_all"], codes) == (None, None, ["SIGNATURE_NOT_CHECKED"])


def test_a_signature_as_a_cms_brings_who_certified_its_signer(signers: Signers) -> None:
    parts = OFD_PARTS | ofds.sealed_by_cms(signers)
    (one,), codes = checked(ofds.package(parts), "ofd", roots=(signers.root_der,))
    assert (one["by"], one["issuer"]) == ("赵敏", "下级机构")
    assert (one["intact"], one["covers_all"], one["trusted"], codes) == (True, True, True, [])
    parts = OFD_PARTS | ofds.sealed_by_cms(signers, named=False)
    (one,), codes = checked(ofds.package(parts), "ofd")
    assert (one["intact"], codes) == (None, ["NO_CERTIFICATE"])


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
