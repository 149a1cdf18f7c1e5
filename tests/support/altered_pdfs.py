"""Signed PDFs that somebody changed, or signed in ways of his own.

filled(form_pdf(), "amount", "100000")      # a value in a form
with_store(signed)                          # what belongs to checking it later
other_document_in_the_gap(signed)           # what was signed stays, another document is read
"""

import io
import re
from collections.abc import Callable
from typing import Any

from asn1crypto import x509 as asn1
from signed_documents import Signers, plain_pdf

PADES = b"/ETSI.CAdES.detached"


def form_pdf() -> bytes:
    """A page with one field of a form."""
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    page = canvas.Canvas(out, invariant=1)
    page.acroForm.textfield(name="amount", value="100", x=72, y=700, width=200, height=30)
    page.showPage()
    page.save()
    return out.getvalue()


def revision(data: bytes, change: Callable[[Any], None]) -> bytes:
    """A revision behind the others, in which `change` was made."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def filled(data: bytes, name: str, value: str) -> bytes:
    """Another value in a field."""
    from pyhanko.pdf_utils import generic

    def change(writer: Any) -> None:
        fields = [one.get_object() for one in writer.root["/AcroForm"]["/Fields"]]
        (field,) = (one for one in fields if one["/T"] == name)
        field["/V"] = generic.pdf_string(value)
        writer.mark_update(field.container_ref)

    return revision(data, change)


def retitled(data: bytes) -> bytes:
    """Another title among the properties."""
    from pyhanko.pdf_utils import generic

    def change(writer: Any) -> None:
        properties = writer.trailer["/Info"]
        properties[generic.pdf_name("/Title")] = generic.pdf_string("Other")
        writer.mark_update(properties.container_ref)

    return revision(data, change)


def with_other_letters(data: bytes) -> bytes:
    """Another font in place of the one that fields are drawn with."""
    from pyhanko.pdf_utils import generic

    def change(writer: Any) -> None:
        fonts = writer.root["/AcroForm"]["/DR"]["/Font"]
        words = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Symbol"}
        font = {generic.pdf_name(key): generic.pdf_name(word) for key, word in words.items()}
        fonts[next(iter(fonts))] = writer.add_object(generic.DictionaryObject(font))
        writer.update_container(fonts)

    return revision(data, change)


def with_store(data: bytes, signers: Signers) -> bytes:
    """Certificates appended, so that it can be checked in years: nothing else."""
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    out = io.BytesIO(data)
    DocumentSecurityStore.add_dss(out, None, certs=[asn1.Certificate.load(signers.root_der)])
    return out.getvalue()


def with_document_timestamp(data: bytes, signers: Signers) -> bytes:
    """A timestamp over the whole document."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.signers import PdfTimeStamper
    from pyhanko_certvalidator import ValidationContext

    out = io.BytesIO()
    roots = ValidationContext(trust_roots=[asn1.Certificate.load(signers.root_der)])
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    PdfTimeStamper(signers.stamper).timestamp_pdf(writer, "sha256", roots, output=out)
    return out.getvalue()


def of_kind(data: bytes, name: bytes) -> bytes:
    """The last signature calls itself another kind."""
    place = data.rindex(PADES)
    return data[:place] + name.ljust(len(PADES)) + data[place + len(PADES) :]


def with_contents(data: bytes, digits: bytes) -> bytes:
    """Other bytes in place of the last signature, which nobody signed."""
    start = data.rindex(b"/Contents <") + len(b"/Contents <")
    end = data.index(b">", start)
    return data[:start] + digits.ljust(end - start, b"0") + data[end:]


def locked(signers: Signers) -> bytes:
    """Signed, and changed only by who knows a password; read by everybody."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.writer import copy_into_new_writer

    copy = copy_into_new_writer(PdfFileReader(io.BytesIO(plain_pdf())))
    copy.encrypt(owner_pass="owner", user_pass="")
    out = io.BytesIO()
    copy.write(out)
    writer = IncrementalPdfFileWriter(io.BytesIO(out.getvalue()))
    writer.encrypt("")
    return signers.sign_by(writer, "王芳", "One", room=8192)


def other_document_in_the_gap(data: bytes) -> bytes:
    """Every byte that was signed, in its order; in the gap where its value stood another page.

    The table of what was signed is found at its place by its number, and there stands another one.
    """
    found = re.search(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+)", data)
    assert found
    first, second = int(found[2]), int(found[3])
    value, gap = bytes.fromhex(data[first + 1 : second - 1].decode()), second - first
    signed = data[:first] + data[second:]
    place = signed.rindex(b"startxref")
    table_at = int(signed[place:].split()[1])
    for mark in (b"\\", b"(", b")"):
        value = value.replace(mark, b"\\" + mark)
    text = b"BT /F 20 Tf 72 720 Td (Fine: 100000) Tj ET"
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>"
    )
    made, places = b"", []
    for number, body in enumerate(
        (
            b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]/SigFlags 3>>>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            page,
            b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
            b"<</FT/Sig/T(One)/V 6 0 R>>",
            b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter%s/ByteRange[0 %d %d %d]/Contents(%s)>>"
            % (PADES, place, place + gap, len(signed) - place, value.replace(b"\r", b"\\r")),
        ),
        1,
    ):
        places.append(place + len(made))
        made += b"%d 0 obj%sendobj\n" % (number, body)
    assert place + len(made) <= table_at
    made = made.ljust(table_at - place) + b"xref\n0 7\n0000000000 65535 f \n"
    made += b"".join(b"%010d 00000 n \n" % one for one in places)
    made += b"trailer<</Size 7/Root 1 0 R>>\n"
    assert len(made) < gap
    return signed[:place] + made.ljust(gap - 1) + b"\n" + signed[place:]
