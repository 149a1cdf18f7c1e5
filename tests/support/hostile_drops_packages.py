"""Packages made to harm: DOCX, XLSX, OFD and plain ZIP."""

import io
import struct
import zipfile
import zlib

from hostile_drops import MiB, drop, scaled
from packages import W, ofd, ofd_line, package, paragraphs, sheet, word

_GOOD = paragraphs(["行政处罚决定书", "当事人：张三"])
_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + "]><d>&l9;</d>"
)
_QUADRATIC = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "'
    + "x" * 50_000
    + '">]><d>'
    + "&a;" * 50_000
    + "</d>"
)
_EXTERNAL = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>'
_REMOTE = '<?xml version="1.0"?><!DOCTYPE d SYSTEM "http://127.0.0.1:9/evil.dtd"><d/>'


def body(xml: str) -> bytes:
    return word("", {"word/document.xml": xml})


def bomb(unpacked: int) -> bytes:
    """A DOCX whose body is blanks, made without holding them."""
    file = io.BytesIO(word(""))
    blank = b" " * MiB
    with (
        zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as made,
        made.open("word/header1.xml", "w", force_zip64=True) as member,
    ):
        member.write(f'<w:hdr xmlns:w="{W}">'.encode())
        for _ in range(unpacked // MiB):
            member.write(blank)
    return file.getvalue()


def nested(levels: int) -> bytes:
    """A ZIP of ten ZIPs of ten ZIPs …"""
    inner = package({"zeros.txt": b"0" * MiB})
    for _ in range(levels):
        inner = package({f"{number}.zip": inner for number in range(10)})
    return inner


def quine() -> bytes:
    """A ZIP that lists itself as its member: its one member overlaps its own headers."""
    name = b"quine.zip"
    made = bytearray(package({name.decode(): b"x" * 60}, level=0))
    directory = made.find(b"PK\x01\x02")
    struct.pack_into("<I", made, directory + 20, len(made))
    struct.pack_into("<I", made, directory + 24, len(made))
    return bytes(made)


def overlapping() -> bytes:
    """Thousands of entries that all mean the same packed bytes."""
    packed = zlib.compress(b"0" * (10 * MiB), 9)[2:-4]
    check = zlib.crc32(b"0" * (10 * MiB))
    facts = struct.pack("<HHHHHIII", 20, 0, 8, 0, 0x21, check, len(packed), 10 * MiB)
    name = b"word/document.xml"
    head = b"PK\x03\x04" + facts + struct.pack("<HH", len(name), 0) + name
    entries = b""
    for number in range(5000):
        raw = (
            (name, b"[Content_Types].xml")[number] if number < 2 else b"word/header%d.xml" % number
        )
        entries += b"PK\x01\x02" + struct.pack("<H", 20) + facts
        entries += struct.pack("<HHHHHII", len(raw), 0, 0, 0, 0, 0, 0) + raw
    end = struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", 0, 0, 5000, 5000, len(entries), len(head + packed), 0
    )
    return head + packed + entries + end


def many_members() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("[Content_Types].xml", "<Types/>")
        made.writestr("word/document.xml", "<d/>")
        for number in range(scaled(12_000, 60_000)):
            made.writestr(f"word/media/{number}", b"")
    return file.getvalue()


def traversal() -> bytes:
    return word(
        _GOOD,
        {
            "../../../../tmp/evil": b"x",
            "/etc/cron.d/evil": b"x",
            "C:\\evil": b"x",
            "..\\evil": b"x",
        },
    )


def twice() -> bytes:
    first = bytearray(word(_GOOD, {"word/documenx.xml": b"<d>other</d>"}))
    return bytes(first).replace(b"word/documenx.xml", b"word/document.xml")


drop(
    "bomb.docx",
    "a header that unpacks to 10 GB",
    lambda: bomb(scaled(100 * MiB, 10_000 * MiB)),
    "LIMIT_REACHED",
)
drop(
    "bomb.xlsx",
    "shared strings of 300 MB in a file of some kilobytes",
    lambda: sheet(
        '<row><c t="s"><v>0</v></c></row>',
        {"xl/sharedStrings.xml": "<sst>" + "<si><t></t></si>" * scaled(2_000_000, 18_000_000)},
    ),
    "LIMIT_REACHED",
    slow=True,
)
drop(
    "bomb.ofd",
    "a page that unpacks to gigabytes",
    lambda: ofd([" " * scaled(20 * MiB, 300 * MiB)]),
    "LIMIT_REACHED",
)
drop("nested.zip", "archives in archives, 10^7 MB in all", lambda: nested(scaled(3, 4)))
drop("quine.zip", "an archive that is its own member", quine)
drop(
    "overlap.docx",
    "5,000 members over the same bytes, 50 GB in all",
    overlapping,
    "DOCUMENT_BROKEN",
)
drop("members.docx", "more members than any document has", many_members, "LIMIT_REACHED")
drop("traversal.docx", "members that lead out of every folder", traversal, "MEMBER_NAMES")
drop(
    "traversal.zip",
    "an archive whose members lead out of every folder",
    lambda: package({"../../../../../../tmp/evil": b"x", "/tmp/evil": b"x"}),
    "MEMBER_NAMES",
)
drop("twice.docx", "two bodies under one name", twice, "MEMBER_NAMES")
drop(
    "laughs.docx",
    "a billion laughs: entities within entities",
    lambda: body(_LAUGHS),
    "ENTITIES_REFUSED",
)
drop(
    "quadratic.docx",
    "one long entity named 50,000 times",
    lambda: body(_QUADRATIC),
    "ENTITIES_REFUSED",
)
drop(
    "external.docx", "an entity that names /etc/passwd", lambda: body(_EXTERNAL), "ENTITIES_REFUSED"
)
drop("remote-dtd.docx", "a document type on a server", lambda: body(_REMOTE), "ENTITIES_REFUSED")
drop(
    "deep.docx",
    "a million elements within each other",
    lambda: word("<w:p>" * scaled(200_000, 1_000_000)),
    "LIMIT_REACHED",
)
drop(
    "attributes.docx",
    "an element with a million attributes",
    lambda: word("<w:p " + " ".join(f'a{n}=""' for n in range(scaled(100_000, 1_000_000))) + "/>"),
)
drop(
    "elements.docx",
    "millions of empty elements",
    lambda: word("<w:p/>" * scaled(500_000, 5_000_000)),
    slow=True,
)
drop(
    "template.docx",
    "a template, a picture and an object on a server",
    lambda: word(
        _GOOD,
        {
            "word/_rels/settings.xml.rels": '<Relationships><Relationship TargetMode="External"'
            ' Type="http://x/attachedTemplate" Target="http://127.0.0.1:9/evil.dotm"/>'
            '<Relationship TargetMode="External" Type="http://x/image"'
            ' Target="\\\\127.0.0.1\\share\\a.png"/></Relationships>'
        },
    ),
    "EXTERNAL_LINKS",
)
drop(
    "macros.docx",
    "a macro that runs when it is opened",
    lambda: word(_GOOD, {"word/vbaProject.bin": b"\xd0\xcf\x11\xe0" + b"AutoOpen" * 100}),
    "MACROS_PRESENT",
)
drop(
    "loop.ofd",
    "pages that name themselves and lead out",
    lambda: ofd(
        [ofd_line("文", 1)],
        extra={
            "OFD.xml": "<x><DocRoot>OFD.xml</DocRoot><DocRoot>../../../../etc/passwd</DocRoot></x>"
        },
    ),
    "EXTERNAL_LINKS",
)
drop(
    "entities.ofd",
    "a billion laughs in an OFD",
    lambda: ofd([], extra={"OFD.xml": _LAUGHS}),
    "ENTITIES_REFUSED",
)
drop(
    "half.docx",
    "a document of which only the first half was copied",
    lambda: word(_GOOD)[:-200],
    "DOCUMENT_BROKEN",
)
