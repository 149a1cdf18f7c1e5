"""The name table: what names files may have, and what becomes of each on its way through.

make names
"""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
import sys
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pypdfium2
import pytest
from office_cli import PASSPHRASE, make_office_home
from people_fixture import KEY_PASSPHRASE, People, add_founders, founder_keys
from stored_files import stored

from archive.record import RecordDescription
from cli.output import safe_text
from cli.parts import office_of
from ingest.names import decode_name, safe_for_terminal, source_id

SOURCE = b"names"
CASE = "2026-NAMES"
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of characters that move a cursor, turn the reading direction, or are not seen."""


class Name(NamedTuple):
    """One name, as bytes; `folder` is below the source's folder, `taken` whether it is a drop."""

    what: str
    raw: bytes
    folder: bytes = b""
    taken: bool = True
    source: bytes = SOURCE

    @property
    def content(self) -> bytes:
        """No text: a catalogue shows the first line of one instead of the name."""
        return b"\0\1\2" + repr((self.source, self.folder, self.raw)).encode()


def _taken(folder: bytes = b"", source: bytes = SOURCE, **names: bytes) -> Iterator[Name]:
    for what, raw in names.items():
        yield Name(what.replace("_", " "), raw, folder, source=source)


EVIL_SOURCE = b"\x1b]0;owned\x07\xe2\x80\xaecr\xe4\xff"
EVIL_FOLDER = b"\x1b[2J\n\xe2\x80\xae;rm -rf ~ =cmd()"
DEEP = b"/".join((b"--", "证据".encode("gbk"), b"CON", b"%s%n"))
NAMES: tuple[Name, ...] = (
    *_taken(
        plain=b"plain.txt",
        utf8_Chinese="现场笔录.txt".encode(),
        GBK="现场笔录（二）.txt".encode("gbk"),
        GB18030_of_four_bytes="𠮷田𠀀.txt".encode("gb18030"),
        Big5="證據清單.txt".encode("big5"),
        Shift_JIS="写真テスト.txt".encode("shift_jis"),
        Latin_1="Café – Übung.txt".replace("–", "-").encode("latin-1"),
        invalid_utf8=b"bad\xc3\x28\xa0\xa1.txt",
        cut_utf8="笔录".encode()[:-1] + b".txt",
        overlong_utf8=b"over\xc0\xaf..\xc0\xaf.txt",
        surrogate_in_utf8=b"half\xed\xa0\x80.txt",
        only_high_bytes=b"\xff\xfe\xfd\xfc",
        NFC=unicodedata.normalize("NFC", "évidence.txt").encode(),
        NFD=unicodedata.normalize("NFD", "évidence.txt").encode(),
        Hangul_NFC=unicodedata.normalize("NFC", "증거.txt").encode(),
        Hangul_NFD=unicodedata.normalize("NFD", "증거.txt").encode(),
        compatibility="㈱①ﬁ.txt".encode(),
        newline=b"two\nlines.txt",
        carriage_return=b"over\rwrite.txt",
        tab=b"a\tb.txt",
        escape_sequence=b"\x1b[31mred\x1b[0m.txt",
        title_by_escape=b"\x1b]0;owned\x07.txt",
        C1_control="\u009b31mred.txt".encode(),
        bell_and_backspace=b"ring\x07\x08\x08.txt",
        delete=b"del\x7f.txt",
        every_control=bytes(range(1, 32)),
        bidi_override="invoice\u202etxt.exe".encode(),
        bidi_isolate="a\u2066b\u2069\u2067c.txt".encode(),
        bidi_marks="a\u200e\u200f\u061cb.txt".encode(),
        zero_width="a\u200bb\u2060c\ufeff.txt".encode(),
        line_separator="a\u2028b\u2029c.txt".encode(),
        tag_characters="a\U000e0041\U000e007f.txt".encode(),
        emoji_joined="👩\u200d⚖️.txt".encode(),
        noncharacter="a\ufffe\uffff.txt".encode(),
        private_use="\ue000\U000f0000.txt".encode(),
        of_255_bytes=("笔" * 83 + "ab").encode() + b".txt",
        of_255_ASCII=b"n" * 251 + b".txt",
        many_combining=("Z" + "\u0335\u0489" * 40 + ".txt").encode(),
        trailing_space=b"space.txt ",
        trailing_dot=b"dot.txt.",
        only_space=b" ",
        only_wide_space="\u3000".encode(),
        leading_dash=b"-rf",
        option=b"--output=x.txt",
        device_of_Windows=b"con.txt",
        device_without_ending=b"NUL",
        printf=b"%n%s%x.txt",
        template=b"{0}{name}${HOME}.txt",
        SQL=b"'; DROP TABLE record; --.txt",
        SQL_like=b"%_\\%.txt",
        formula=b"=cmd()+1.txt",
        formula_at=b"@SUM(A1).txt",
        formula_link=b'=HYPERLINK("x","y").csv',
        HTML=b"<script>alert(1)<",
        HTML_attribute=b'" onmouseover="alert(1).txt',
        entity=b"&lt;&#60;&amp;.txt",
        shell=b"$(touch x)`id`;|&>.txt",
        quotes=b'it\'s "quoted".txt',
        backslash=b"a\\..\\..\\windows.txt",
        colon=b"C:stream.txt",
        wildcard=b"*?[a].txt",
        rich_markup=b"[bold red]x[blink] :smile:.txt",
        URL=b"file:%2f%2f..%2f.txt",
        case_upper=b"TWIN.TXT",
        case_lower=b"twin.txt",
        film_json_alone=b"a.mp4.json",
        our_record=b"record.json",
        our_content=b"content",
        our_sidecar=b"sidecar",
        our_quarantine=b"reason.json",
        our_purge=b"01J00000000000000000000000.file",
        empty_stem=b"\xe2\x80\x8b.txt",
        two_that_look_alike=b"ring.txt",
    ),
    *_taken(EVIL_FOLDER, in_an_evil_folder=b"x.txt"),
    *_taken(DEEP, deep_in_odd_folders=b"y.txt"),
    *_taken(source=EVIL_SOURCE, of_an_evil_source=b"z.txt"),
    *_taken(b"\xe2\x80\xae", EVIL_SOURCE, all_of_it_evil="\x1b\n\u202e\u200b".encode() + b"\xff"),
    Name("hidden", b".hidden", taken=False),
    Name("three dots", b"...", taken=False),
    Name("dots json", b"..json", taken=False),
    Name("our refusal", b".refused-01J00000000000000000000000", taken=False),
    Name("temporary", b"copy.part", taken=False),
    Name("of an editor", b"~$notes.txt", taken=False),
    Name("in a hidden folder", b"inside.txt", b".git", taken=False),
)


@dataclass
class Row:
    """What became of one name: every check by its name, with what was wrong or None."""

    name: Name
    shown: str = ""
    problems: list[str] = field(default_factory=list)


PICKED = frozenset(
    (
        *("all of it evil", "every control", "bell and backspace", "two that look alike"),
        *("of 255 bytes", "only high bytes", "device of Windows", "only space"),
    )
)
"""Names that are fetched in ordinary runs: half a second each."""


class NameLab:
    """An office with a file of every name, taken by one watch, all in one case.

    `every`: all records are fetched, not only those of PICKED.
    """

    def __init__(self, folder: Path, names: Sequence[Name] = NAMES, *, every: bool = True) -> None:
        self.folder = folder
        self.every = every
        self.office = make_office_home(folder)
        self.names = names
        for name in names:
            self._put(name)
        self.watched = self.office("watch", "--once")
        self.found = self.office("search", "--json", "--limit", 1000)
        self.records = self._by_content()
        self.case = self._open_case()

    def _put(self, name: Name) -> None:
        parts = (os.fsencode(self.office.home), b"inbox", name.source, name.folder)
        folder = os.path.join(*parts)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name.raw), "xb") as file:
            file.write(name.content)

    def _by_content(self) -> Mapping[bytes, Mapping[str, Any]]:
        """Lines of the search by the content that the record has."""
        found = {}
        for line in self.found.json["records"]:
            place = stored(self.office.home / "store/evidence", line["record"], "content")
            found[place.read()] = line
        return found

    def _open_case(self) -> str:
        bench = self.office.bench()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CUNZHENG_PASSPHRASE", PASSPHRASE)
            people = People(bench.desk("single"), office_of(bench))
            add_founders(people, founder_keys(self.office.home, KEY_PASSPHRASE))
            records = [self.record(name) for name in self.names if name.content in self.records]
            case = people.open_case(CASE, by=people.vouchers[0], handlers=("li",), records=records)
            people.seal()
        bench.database.close()
        return case

    def record(self, name: Name) -> str:
        return str(self.records[name.content]["record"])

    def described(self, name: Name) -> RecordDescription:
        place = stored(self.office.home / "store/evidence", self.record(name), "record.json")
        return RecordDescription.parse(place.read())

    @cached_property
    def receipts(self) -> Mapping[str, Mapping[str, Any]]:
        """Receipts by record."""
        paths = sorted((self.office.home / "outbox").rglob("*.jsonl"))
        lines = [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]
        return {line["record"]: line for line in lines}

    @cached_property
    def copies(self) -> Mapping[str, Path]:
        """Copies of the records in one folder, by one request, by record."""
        wanted = [n for n in self.names if n.taken and (self.every or n.what in PICKED)]
        records = [self.record(name) for name in wanted]
        words = ("--purpose", "case_handling", "--reason", "核对", "--case", CASE)
        asked = self.office("request", *records, "--action", "copy", *words, "--json", person="li")
        assert asked.code == 0, asked.err
        much = ("--count", len(records))
        decided = self.office.decide("wang", asked.json["request"], "approve", *much)
        assert decided.json["state"] == "granted", decided.text
        given = ("--request", asked.json["request"], "-o", self.folder / "copies", "--json")
        done = {one: self.office("fetch", one, *given, person="li") for one in records}
        assert all(one.code == 0 for one in done.values()), [one.err for one in done.values()]
        return {record: self.folder / "copies" / Path(one.json["path"]).name
                for record, one in done.items()}  # fmt: skip


def unclean(text: str) -> list[str]:
    """Characters that no terminal may get, as code points; line breaks are what lines end with."""
    return [f"U+{ord(c):04X}" for c in text if c != "\n" and unicodedata.category(c) in HIDDEN]


# --- checks: each gives what is wrong with one name, or nothing


def described(lab: NameLab, name: Name) -> Iterator[str]:
    """record.json has the exact bytes of name and folder, and a text for people beside them."""
    made = lab.described(name)
    if (made.name_bytes, made.folder_bytes) != (name.raw, name.folder):
        yield f"record.json has {made.name_bytes!r} in {made.folder_bytes!r}"
    if made.value["source"] != source_id(name.source):
        yield f"record.json has the source {made.value['source']!r}"


def receipted(lab: NameLab, name: Name) -> Iterator[str]:
    """The receipt for the sender names it exactly."""
    line = lab.receipts[lab.record(name)]
    raw = base64.b64decode(line["name_b64"]) if line["name_b64"] else line["name"].encode()
    if raw != name.raw:
        yield f"the receipt has {raw!r}"


def shown(lab: NameLab, name: Name) -> Iterator[str]:
    """`show` says the name, in characters that harm no terminal."""
    done = lab.office("show", lab.record(name))
    if done.code != 0:
        yield f"show ends with {done.code}: {done.err}"
    yield from (f"show prints {code}" for code in unclean(done.text))
    if safe_text(decode_name(name.raw).text) not in done.text:
        yield "show does not print the name"


def listed(lab: NameLab, name: Name) -> Iterator[str]:
    """`search --json` has the name as its text, and `search` finds it by exactly that text."""
    text = decode_name(name.raw).text
    if lab.records[name.content]["name"] != text:
        yield f"search --json has {lab.records[name.content]['name']!r}"


def fetched(lab: NameLab, name: Name) -> Iterator[str]:
    """The copy has the content; its name is harmless, and its own."""
    path = lab.copies.get(lab.record(name))
    if path is None:
        return
    if path.read_bytes() != name.content:
        yield "the copy has another content"
    made = path.name
    yield from (f"the copy's name has {code}" for code in unclean(made))
    if len(made.encode()) > 255 or made != made.strip(" .") or made.startswith(("-", ".")):
        yield f"the copy's name may harm: {made!r}"
    if re.search(r'[/\\:*?"<>|\n]', made) or made.casefold().split(".")[0] in ("con", "nul"):
        yield f"the copy's name may harm: {made!r}"


CHECKS = (described, receipted, listed, shown, fetched)


def rows(lab: NameLab, checks: Sequence[Any] = CHECKS) -> list[Row]:
    """Every name with what is wrong with it."""
    found = []
    for name in lab.names:
        row = Row(name, safe_for_terminal(decode_name(name.raw).text))
        if not name.taken:
            if name.content in lab.records:
                row.problems.append("was taken")
        elif name.content not in lab.records:
            row.problems.append("was not taken")
        else:
            row.problems += [f"{c.__name__}: {text}" for c in checks for text in c(lab, name)]
        found.append(row)
    return found


# --- checks of what is printed and written of all of them together


def printed(lab: NameLab) -> Iterator[str]:
    """Nothing on a terminal moves the cursor or turns the reading direction, JSON neither."""
    evil = lab.record(_worst(lab))
    source = source_id(EVIL_SOURCE)
    for arguments in (
        ("search",),
        ("search", "--limit", 1000),
        ("status",),
        ("sources", "list"),
        ("sources", "stats"),
        ("sources", "stats", source),
        ("show", evil),
        ("case", "show", CASE),
        ("case", "check", CASE),
        ("verify",),
    ):
        for front in ((), ("--lang", "zh"), ("--json",)):
            if front and arguments[0] == "verify":
                continue
            done = lab.office(*front, *arguments)
            name = " ".join(map(str, (*front, *arguments)))
            if done.code not in (0, 1):
                yield f"{name} ends with {done.code}: {done.err}"
            yield from (f"{name} prints {code}" for code in sorted({*unclean(done.text)}))
            if "--json" in front:
                json.loads(done.out)
    yield from (f"watch prints {code}" for code in unclean(lab.watched.text))


def written(lab: NameLab) -> Iterator[str]:
    """Tables, pages and bundles that carry names harm nobody who opens them."""
    folder = lab.folder / "written"
    folder.mkdir(exist_ok=True)
    evil = lab.record(_worst(lab))
    for ending in ("csv", "xlsx", "html", "pdf"):
        path = folder / f"catalogue.{ending}"
        done = lab.office("case", "catalogue", CASE, "-o", path, person="li")
        if done.code != 0:
            yield f"case catalogue ends with {done.code}: {done.err}"
            continue
        yield from _harm_in(path)
    done = lab.office("case", "page", CASE, "-o", folder / "page.html", person="li")
    if done.code != 0:
        yield f"case page ends with {done.code}: {done.err}"
    yield from _harm_in(folder / "page.html")
    for number, arguments in enumerate((("report", "custody", evil), ("show", evil, "--proof"))):
        to = folder / str(number)
        to.mkdir()
        done = lab.office(*arguments, "-o", to)
        if done.code != 0:
            yield f"{arguments[0]} ends with {done.code}: {done.err}"
        for path in filter(Path.is_file, to.rglob("*")):
            yield from _harm_in(path)
            yield from (f"{path.name!r} is a name with {code}" for code in unclean(path.name))


def _worst(lab: NameLab) -> Name:
    return next(name for name in lab.names if name.what == "all of it evil")


def _harm_in(path: Path) -> Iterator[str]:
    """What a program that opens a file would do because of a name in it."""
    data = path.read_bytes()
    if path.suffix == ".html":
        text = data.decode()
        if re.search(r"<script>alert|[\"'] onmouseover=\"", text):
            yield f"{path.name} runs a script"
        yield from (f"{path.name} has {code}" for code in sorted({*unclean(text)}))
    elif path.suffix == ".csv":
        for cells in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
            yield from (f"{path.name} has the cell {c!r}" for c in cells if _is_formula(c))
            codes = {code for cell in cells for code in unclean(cell)}
            yield from (f"{path.name} has {code}" for code in sorted(codes))
    elif path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as book:
            sheets = [book.read(n) for n in book.namelist() if n.startswith("xl/worksheets")]
        if any(b"<f>" in sheet or b"<hyperlink" in sheet for sheet in sheets):
            yield f"{path.name} has a formula or a link"
    elif path.suffix == ".pdf":
        with pypdfium2.PdfDocument(data) as document:
            if not len(document):
                yield f"{path.name} has no pages"


def _is_formula(cell: str) -> bool:
    return cell.startswith(tuple("=+-@＝＋－＠\t\r\n"))


def left(lab: NameLab) -> Iterator[str]:
    """What is hidden or temporary lies where it was; everything else is gone from the inbox."""
    inbox = os.path.join(os.fsencode(lab.office.home), b"inbox")
    there = {
        os.path.relpath(os.path.join(folder, name), inbox)
        for folder, _, names in os.walk(inbox)
        for name in names
    }
    wanted = {os.path.join(n.source, n.folder, n.raw) for n in lab.names if not n.taken}
    yield from (f"{path!r} lies in the inbox" for path in sorted(there - wanted))
    yield from (f"{path!r} is gone from the inbox" for path in sorted(wanted - there))


def rebuilt(lab: NameLab) -> Iterator[str]:
    """The database that is made anew from the store has the same names."""
    (lab.office.home / "cunzheng.db").rename(lab.folder / "before.db")
    done = lab.office("rebuild")
    if done.code != 0:
        yield f"rebuild ends with {done.code}: {done.err}"
        return
    before = {line["record"]: line for line in lab.found.json["records"]}
    for line in lab.office("search", "--json", "--limit", 1000).json["records"]:
        known = before.get(line["record"], {})
        if any(line[key] != known.get(key) for key in ("name", "folder", "source", "sha256")):
            yield f"rebuild has {line['name']!r} in {line['folder']!r}"


OUTPUTS = (printed, written, left, rebuilt)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        lab = NameLab(Path(folder))
        found = rows(lab)
        for row in found:
            said = "; ".join(row.problems) or ("exact" if row.name.taken else "left alone")
            print(f"{row.name.what:24} {row.shown[:48]:48} {said}")
        bad = [row for row in found if row.problems]
        problems = [text for check in OUTPUTS for text in check(lab)]
    print(*problems, sep="\n")
    print(f"{len(found)} names, {len(bad)} with problems; outputs: {len(problems)} problems")
    sys.exit(1 if bad or problems else 0)


if __name__ == "__main__":
    main()
