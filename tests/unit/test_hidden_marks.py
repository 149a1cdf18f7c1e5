"""Marks that stand in a title, a property, a part, a tag, another encoding, or behind damage."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

import marked_documents as documents
import pytest

from ingest import sidecar
from ingest.documents.extract import Extracted
from ingest.documents.take_apart import take_apart
from ingest.documents.understand import Understander
from ingest.errors import Classified, SidecarBad

BODY = ["关于某项工作的通知", "各单位：", "现将有关事项通知如下。请认真贯彻执行。"]
LINES = ["机密★10年", *BODY]
CORE = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
CUSTOM = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
ELEMENTS = "http://purl.org/dc/elements/1.1/"


class Here:
    """Takes documents apart in this process."""

    def read(self, source: Any, media_type: str, name: str, *, most: int) -> Extracted:
        return take_apart(io.BytesIO(source), media_type, most=max(most, 1))


def understood(name: str, data: bytes) -> Any:
    head = data[: 1 << 16]
    found = Understander(Here).understand(data, head, len(head) == len(data), name, len(data))
    return json.loads(found.document) if found.document else None


def docx(**properties: str) -> bytes:
    said = "".join(f"<dc:{name}>{value}</dc:{name}>" for name, value in properties.items())
    core = f'<cp:coreProperties xmlns:cp="{CORE}" xmlns:dc="{ELEMENTS}">{said}</cp:coreProperties>'
    return added("docProps/core.xml", core)


def custom(name: str, value: str) -> bytes:
    inner = f'<property name="{name}"><vt:lpwstr>{value}</vt:lpwstr></property>'
    spaces = f'xmlns="{CUSTOM}" xmlns:vt="{TYPES}"'
    return added("docProps/custom.xml", f"<Properties {spaces}>{inner}</Properties>")


def added(part: str, text: str) -> bytes:
    file = io.BytesIO(documents.docx(BODY))
    with zipfile.ZipFile(file, "a") as package:
        package.writestr(part, text)
    return file.getvalue()


def parts(kind: str, *each: tuple[str, str]) -> bytes:
    inner = "".join(f"--x\r\nContent-Type: {name}\r\n\r\n{text}\r\n" for name, text in each)
    head = f"From: a@b.c\r\nSubject: hi\r\nMIME-Version: 1.0\r\nContent-Type: {kind}; boundary=x"
    return f"{head}\r\n\r\n{inner}--x--\r\n".encode()


def mail_in_mail(subject: str) -> bytes:
    word = base64.b64encode(subject.encode()).decode()
    inner = f"From: z@b.c\r\nSubject: =?utf-8?B?{word}?=\r\n\r\nbody"
    return parts("multipart/mixed", ("text/plain", "see below"), ("message/rfc822", inner))


def alternative(line: str) -> bytes:
    page = f"<p>{line}</p><p>通知</p>"
    return parts(
        "multipart/alternative",
        ("text/plain; charset=utf-8", "请用网页格式查看。"),
        ("text/html; charset=utf-8", page),
    )


def page(title: str) -> bytes:
    return documents.html(["通知正文，内容很多。"], f"<title>{title}</title>")


BIG5 = "機密★10年\n關於某項工作的通知\n各單位：\n現將有關事項通知如下。\n"
MARKED = {
    "star.html": page("机密★10年"),
    "title.html": page("【机密】通知"),
    "title.docx": docx(title="【机密】关于布防的通知"),
    "subject.docx": docx(subject="机密"),
    "suffix.docx": docx(description="关于布防的通知（秘密）"),
    "custom.docx": custom("密级", "机密"),
    "suffix.eml": documents.eml("关于通知（机密）", BODY),
    "nested.eml": mail_in_mail("【机密】通知"),
    "alternative.eml": alternative("机密★10年"),
    "text.xml": "<doc><p>机密★10年</p><p>通知</p></doc>".encode(),
    "text.svg": "<svg xmlns='http://www.w3.org/2000/svg'><text>机密★10年</text></svg>".encode(),
    "entity.xml": b"<doc><p>&#26426;&#23494;&#9733;10&#24180;</p><p>x</p></doc>",
    "big5.txt": BIG5.encode("big5"),
    "utf32.txt": "\n".join(LINES).encode("utf-32"),
    "nul.txt": "机密★10年\0\n".encode() + "\n".join(BODY).encode(),
    "ff.txt": b"\xff" + "\n".join(LINES).encode(),
    "escape.txt": b"\x1b[1m" + LINES[0].encode() + b"\x1b[0m\n" + "\n".join(BODY).encode(),
}
NOT_MARKED = {
    "title.html": page("国家秘密与商业秘密"),
    "title.docx": docx(title="机密文件管理办法", subject="保密", description="涉及国家秘密的说明"),
    "custom.docx": custom("密级", "公开"),
    "mail.eml": mail_in_mail("秘密举报"),
    "alternative.eml": alternative("本邮件含商业秘密"),
    "quoted.xml": "<p>标注“<b>机密★10年</b>”的文件应当登记。</p>".encode(),
    "text.xml": "<doc><p>绝密飞行</p><p>影片</p></doc>".encode(),
    "big5.txt": "機密文件管理辦法\n一、各單位應當遵守。\n".encode("big5"),
    "ff.txt": b"\xff" + "保密须知\n机密文件由专人保管。\n".encode(),
}


@pytest.mark.parametrize("name", MARKED)
def test_a_mark_is_found(name: str) -> None:
    with pytest.raises(Classified):
        understood(name, MARKED[name])


@pytest.mark.parametrize("name", NOT_MARKED)
def test_what_only_speaks_of_it_is_taken(name: str) -> None:
    assert understood(name, NOT_MARKED[name])["classification"] in ("examined", "not_examined")


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"pad": "x" * 70_000, "classification": "public"}),
        f'<?xml version="1.0"?><r><pad>{"x" * 70_000}</pad><a>b</a></r>',
        f"<r><pad>{'x' * 70_000}</pad><a>b</a></r>",
    ],
)
def test_fields_that_are_cut_off_are_not_examined(text: str) -> None:
    assert understood("a.json", text.encode())["classification"] == "not_examined"
    short = understood("a.json", text.replace("x" * 60_000, "").encode())
    assert short["classification"] != "not_examined"


def test_lost_bytes_are_not_examined() -> None:
    found = understood("a.txt", b"\xff\xff\n" + "现场检查笔录\n当事人甲\n".encode())
    assert found["classification"] == "not_examined"


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize(
    "fields",
    [
        {"security_level": "秘密"},
        {"classification": {"level": "机密"}},
        {"classification": {"by": "甲", "level": ["机密"]}},
        {"level": "机密"},
        {"密级": {"值": ["绝密"]}},
        {"classification": "机\ufe00密"},
        {"classification": "涉密"},
        {"涉密等级": "机\x01密", "other": 1},
    ],
)
def test_a_sidecar_that_names_it_in_a_field_of_its_own(fields: Any, ascii_only: bool) -> None:
    text = json.dumps({"cunzheng_sidecar": 1, **fields}, ensure_ascii=ascii_only)
    with pytest.raises(Classified):
        sidecar.parse(text.encode())


@pytest.mark.parametrize(
    "fields",
    [
        {"classification": "不涉密", "odd": 1},
        {"是否涉密": "否"},
        {"level": "info", "text": "秘密花园"},
        {"odd": "机密"},
    ],
)
def test_a_bad_sidecar_that_only_speaks_of_it(fields: Any) -> None:
    with pytest.raises(SidecarBad):
        sidecar.parse(json.dumps({"cunzheng_sidecar": 1, **fields}).encode())
