"""Files made to harm: PDF, RTF, OLE, mail, web pages, texts, and what is not what it says."""

import struct
import zlib

from hostile_drops import MiB, drop, scaled
from ole_files import compound, doc, xls
from packages import package, paragraphs, word

_PROGRAM = b"MZ" + b"\0" * 58 + b"\x40\0\0\0PE\0\0" + b"\0" * 200


def pdf(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects, the first of them the catalogue."""
    made, places = b"%PDF-1.7\n", []
    parts = []
    length = len(made)
    for number, data in enumerate(objects, 1):
        part = b"%d 0 obj\n%s\nendobj\n" % (number, data)
        places.append(length)
        parts.append(part)
        length += len(part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d /Root 1 0 R %s>>\n"
    end += b"startxref\n%d\n%%%%EOF"
    count = len(objects) + 1
    return made + b"".join(parts) + end % (count, table, count, trailer, length)


def page(content: bytes, more: bytes = b"", box: bytes = b"0 0 595 842") -> bytes:
    """A PDF of one page; `content` is its whole stream object."""
    return pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R %s>>" % more,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R"
            b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>" % box,
            content,
        ]
    )


def stream(data: bytes, filters: bytes = b"") -> bytes:
    return b"<</Length %d %s>>\nstream\n%s\nendstream" % (len(data), filters, data)


_WORDS = stream(b"BT /F 12 Tf 50 700 Td (sound words) Tj ET")


def flate_bomb() -> bytes:
    packed = zlib.compress(b" " * scaled(40 * MiB, 2000 * MiB), 9)
    packed = zlib.compress(packed, 9)
    return page(stream(packed, b"/Filter[/FlateDecode/FlateDecode]"))


def page_loop() -> bytes:
    return pdf(
        [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1000000000>>"]
    )


def looping_table() -> bytes:
    made = page(_WORDS, b"")
    place = made.rfind(b"xref\n0")
    return made.replace(b"/Root 1 0 R ", b"/Root 1 0 R /Prev %d" % place)


def many_objects() -> bytes:
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"]
    return pdf(objects + [b"null"] * scaled(30_000, 1_000_000))


def looping_fat() -> bytes:
    """Each sector of the document's stream leads back to its first."""
    made = bytearray(doc("行政处罚决定书\r" * 100))
    table = 512 + struct.unpack_from("<I", made, 76)[0] * 512
    struct.pack_into("<8I", made, table, *range(1, 8), 0)
    return bytes(made)


def looping_directory() -> bytes:
    made = bytearray(xls([["登记"]]))
    directory = 512 + struct.unpack_from("<I", made, 48)[0] * 512
    struct.pack_into("<III", made, directory + 128 + 68, 1, 1, 1)
    return bytes(made)


def huge_stream() -> bytes:
    """A workbook whose stream says that it has 2 GB."""
    made = bytearray(xls([["登记"]]))
    directory = 512 + struct.unpack_from("<I", made, 48)[0] * 512
    struct.pack_into("<I", made, directory + 128 + 120, 0x7FFFFFFF)
    return bytes(made)


def nested_mail(depth: int) -> bytes:
    parts = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(depth)
    )
    return b"From: a@b\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\n" + parts + b"\r\nx\r\n"


def overlapping_pieces() -> bytes:
    """A table of 100,000 pieces that all name the whole text."""
    text = "重复" * 2000
    count = 100_000
    ends = struct.pack(f"<{count + 1}I", *range(0, (count + 1) * 4000, 4000))
    table = ends + struct.pack("<HIH", 0, 2048, 0) * count
    clx = b"\x02" + struct.pack("<I", len(table)) + table
    fib = bytearray(2048)
    struct.pack_into("<HHHHHH", fib, 0, 0xA5EC, 0xC1, 0, 0x0804, 0, 0x0200)
    struct.pack_into("<I", fib, 0x4C, count * 4000)
    struct.pack_into("<II", fib, 0x1A2, 0, len(clx))
    return compound({"WordDocument": bytes(fib) + text.encode("utf-16-le"), "1Table": clx})


drop("flate.pdf", "a page that unpacks twice, to gigabytes", flate_bomb)
drop("pages.pdf", "a tree of pages that contains itself, a thousand million pages", page_loop)
drop("objects.pdf", "a million objects", many_objects)
drop("xref.pdf", "a table of objects that leads back to itself", looping_table)
drop(
    "huge-page.pdf", "a page of 10^9 points", lambda: page(_WORDS, box=b"0 0 1000000000 1000000000")
)
drop(
    "script.pdf",
    "JavaScript that runs when it is opened",
    lambda: page(_WORDS, b"/OpenAction<</S/JavaScript/JS(app.launchURL('http://127.0.0.1:9/'))>>"),
    "ACTIVE_CONTENT",
)
drop(
    "launch.pdf",
    "starts a program when it is opened",
    lambda: page(_WORDS, b"/OpenAction<</S/Launch/F(/bin/sh)/Win<</F(cmd.exe)>>>>"),
    "ACTIVE_CONTENT",
)
drop("half.pdf", "a PDF of which only the first half was copied", lambda: page(_WORDS)[:300])
drop(
    "pdf.zip",
    "a PDF and a ZIP in one file",
    lambda: page(_WORDS) + package({"a.txt": b"x"}),
    "NAME_DIFFERS",
)
drop(
    "groups.rtf",
    "a million groups within each other",
    lambda: b"{\\rtf1 x" + b"{" * scaled(100_000, 1_000_000),
    "LIMIT_REACHED",
)
drop(
    "endless.rtf",
    "binary data that says it has 999,999,999 bytes",
    lambda: b"{\\rtf1 x\\bin999999999 " + b"x" * 1000 + b"}",
)
drop(
    "words.rtf",
    "millions of control words",
    lambda: b"{\\rtf1 " + b"\\u1000?\\f1\\par" * scaled(200_000, 10_000_000) + b"}",
    slow=True,
)
drop("loop.doc", "a file table that leads back to its beginning", looping_fat)
drop("pieces.doc", "pieces of text that overlap a million times", overlapping_pieces)
drop("directory.xls", "a directory whose entries are their own neighbours", looping_directory)
drop("stream.xls", "a stream that says it has 2 GB", huge_stream)
drop(
    "macros.doc",
    "a macro project",
    lambda: compound({"WordDocument": b"\xec\xa5" + b"\0" * 998}, ["Macros"]),
    "MACROS_PRESENT",
)
drop(
    "nested.eml",
    "100,000 parts within each other",
    lambda: nested_mail(scaled(20_000, 100_000)),
    "LIMIT_REACHED",
)
drop(
    "headers.eml",
    "headers without an end",
    lambda: b"From: a@b\r\nMessage-ID: <1@x>\r\n" + b"X-A: " + b"b" * scaled(4 * MiB, 50 * MiB),
    "LIMIT_REACHED",
)
drop(
    "attached.eml",
    "an attachment named ../../etc/passwd",
    lambda: (
        b"From: a@b\r\nMessage-ID: <1@x>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'
        b'Content-Disposition: attachment; filename="../../../../etc/passwd"\r\n\r\nx\r\n--b--\r\n'
    ),
    "EMBEDDED_FILES",
)
drop(
    "tags.html",
    "a million tags that never end",
    lambda: b"<!doctype html><html>" + b"<div><script>" * scaled(50_000, 1_000_000),
)
drop(
    "remote.html",
    "a script and pictures on a server",
    lambda: (
        b"<!doctype html><html><script src='http://127.0.0.1:9/x.js'></script>"
        b"<img src='http://127.0.0.1:9/x.png'>" + "正文".encode()
    ),
    "ACTIVE_CONTENT",
)
drop(
    "laughs.xml",
    "a billion laughs in plain XML",
    lambda: b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><d>&c;</d>',
    "ENTITIES_REFUSED",
)
drop("deep.json", "a hundred thousand brackets", lambda: b"[" * 60_000)
drop("number.json", "a number of a million digits", lambda: b'{"a": ' + b"9" * 50_000 + b"}")
drop("line.csv", "one line of 256 MB", lambda: b"a,b;" * (scaled(1 * MiB, 256 * MiB) // 4))
drop(
    "mixed.txt",
    "UTF-8, GBK and UTF-16 in one text",
    lambda: "中文\n".encode() + "处罚决定\n".encode("gbk") + "当事人\n".encode("utf-16-le"),
    "MIXED_ENCODINGS",
)
drop("nul.txt", "a text of nothing but NUL", lambda: b"\0" * 5000)
drop("empty.txt", "a file of no bytes", lambda: b"")
drop("program.docx", "a program under the name of a document", lambda: _PROGRAM, "NAME_DIFFERS")
drop(
    "script.docx",
    "a shell script under the name of a document",
    lambda: b"#!/bin/sh\nrm -rf /\n",
    "NAME_DIFFERS",
)
drop(
    "page.doc",
    "a web page under the name of a document",
    lambda: b"<!doctype html><html><body>x</body></html>",
    "NAME_DIFFERS",
)
drop(
    "word.pdf", "a DOCX under the name of a PDF", lambda: word(paragraphs(["正文"])), "NAME_DIFFERS"
)
drop(
    "text.docx",
    "random bytes under the name of a document",
    lambda: bytes(range(1, 256)) * 40,
    "DOCUMENT_BROKEN",
)
drop(
    "picture.html",
    "a photograph and a web page in one file",
    lambda: (
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\1\0\1\0\0" + b"<html><script>x()</script></html>"
    ),
)
