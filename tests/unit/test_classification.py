"""What is a classification line on a first page, and what only speaks of one."""

from __future__ import annotations

import time

import pytest

from ingest.classification import is_marked_folder, is_marked_name, is_marked_page

STRAY = ("\ufe00", "\u034f", "\u180e", "\u3164", "\U000e0020", "\U000e0100", "\x01", "\u200b")
"""Characters that nobody sees."""
MARKED = (
    "机密★10年\n关于X的通知",
    "机  密\n标题",
    "000001\n机密★1年\n特急\nXX市公安局文件",
    "绝密★长期",
    "秘密★启封前",
    "密级：秘密\n标题：x",
    "【机密】\n内容",
    "密 级 机密 ★ 五年",
    "絕密\n報告",
    "機密★十年",
    "机密＊５年",
    "TOP SECRET\nReport",
    "S E C R E T\nReport",
    "CONFIDENTIAL\nReport of x.",
    "CLASSIFICATION: SECRET\nReport",
    "Report on things.\nThis is a text of many words.\nIt goes on. And on.\nSECRET//NOFORN",
    "From: a@b\nTo: c@d\nSubject: [机密] 关于\nDate: x\n\n正文。",
    "Subject: Re: 【秘密】通报",
    "From: a@b\nSensitivity: Company-Confidential\n\nHello",
    "X-Classification: SECRET\n\nHello",
    '{"title": "x", "密级": "机密★10年", "b": 1}',
    '{"title": "x", "classification": ["secret"]}',
    '{"\\u5bc6\\u7ea7": "\\u673a\\u5bc6"}',
    '<?xml version="1.0"?><doc><标题>x</标题><密级>秘密</密级></doc>',
    '<doc classification="SECRET"><t>x</t></doc>',
    '<doc><field name="密级">机密</field></doc>',
    "标题,密级,日期\n关于,公开,2024\n关于,机密,2024",
    "密级,机密\n标题,x",
    "标题\t密级\n甲\t秘密★3年",
    "XX局文件\n机密★10年  特急",
    "份号：000001\u3000密级：机密\u3000保密期限：10年\u3000紧急程度：特急",
    "**机密★10年**\n\n# 报告",
    "XX省公安厅\n机密 特急\nX公发〔2024〕5号",
    "密级\n机密",
    "机\u200b密\n报告",
    "秘密\nXX县人民政府办公室文件",
    "绝密级\n报告",
    "机密文件 注意保管",
    "密级：□绝密 ☑机密 □秘密",
    "000012   秘密★5年   特急",
    "---\n密级: 机密\ntitle: x\n---",
    "机密 (10年)",
    "# 机密★10年 关于某事项的通报，内容如下，请各单位认真学习并贯彻落实，有关情况及时报告上级",
    "[SECRET] Minutes of the meeting",
    "标题: x\n密\u3000\u3000级: 秘密\n正文。",
    "标题\n密级：秘密\t第 1 号",
    "标题：关于某事\n作者：张某\n密级：☑机密",
    "<html><head><meta name='classification' content='机密'></head></html>",
    "密级：秘密 ★ 20年\nx",
    "密级(秘密)\nx",
    "密级【机密】",
    "[机密]关于开展的通知",
    "（机密）\n标题",
    "秘密★一年\n标题",
    "机密★保密期限十年\n标题",
    "绝密★2030年12月31日\n",
    "机密★解密时间2030年\n",
    "秘密 · 五年\n标题",
    "机密-10年\n标题",
    "机密/10年",
    "密级：机密/10年",
    "密级：机密（10年）",
    "保密等级：机密",
    "公文密级：机密",
    "密级 秘密",
    "密 级：绝 密",
    "◆机密◆",
    "★机密★\n标题",
    "机密★★★10年",
    "秘密★\n标题",
    "机密☆\nx",
    "绝密，请勿外传\n标题",
    "机密！\n标题",
    "机密。\n标题",
    "TOP-SECRET\nReport",
    "Top Secret\nReport",
    "(SECRET)\nReport",
    "//SECRET//\nReport",
    "SECRET – EYES ONLY\nReport",
    "CONFIDENTIAL – FOR OFFICIAL USE\nReport",
    "CLASSIFIED: SECRET\nx",
    "本件密级：机密\nx",
    "机密级★10年\nx",
    "机密件\n",
    "密级：机密级",
    "份号：01\n密级：机密\n",
    "No. 000123 机密★1年\n",
    "000001\t机密\t特急\nx",
    "Subject: FW: [机密★10年] x",
    "Subject: 【机密】【特急】x",
    "机密 (SECRET)\nx",
    "秘密 SECRET\nx",
    *(f"机{stray}密★10年\nx" for stray in STRAY),
    *(f"S{stray}ECRET\nReport" for stray in STRAY if stray > "\x7f"),
    "机密\U000e0100★10年\nx",
    "\x1b[1m机密★10年\x1b[0m\n关于某事的通知",
    "\ufffd机密★10年\ufffd\nx",
    "<r><密级 代码='2'>机密</密级></r>",
    "<r><密级 a='1' 代码=\"2\">机密</密级></r>",
    "柜中文件\n机密★10年\n各单位：",
)
ONLY_MENTIONED = (
    *(
        f"检查笔录\n检查发现，柜中有一份{seen}\n机密★10年\n{rest}文件，遂予以登记。"
        for seen in ("标有", "印有", "写有“", "封面上盖有")
        for rest in ("字样的", "的")
    ),
    "检查笔录\n柜中文件上为\n机密★10年\n字样，已登记。",
    "<r><密级 代码='0'>公开</密级><p>秘密</p></r>",
    "本案涉及国家秘密，不予公开。",
    "商业秘密\n本文件含商业秘密。",
    "工作秘密\n内容",
    "保密法第九条\n绝密级国家秘密是最重要的国家秘密，泄露会使国家安全和利益遭受特别严重的损害。",
    "保守国家秘密知识问答\n一、什么是国家秘密？",
    '标注"机密★10年"的文件应当登记。',
    "机密★10年的文件应当由专人保管。",
    "密级的划分\n绝密\n最重要的国家秘密，泄露会造成特别严重的损害。\n机密\n重要的国家秘密。\n秘密\n一般的国家秘密。",
    "国家秘密的密级分为：\n绝密\n机密",
    "This e-mail is confidential and may be privileged.",
    "Report\n\nHello,\ntext. text.\nCONFIDENTIALITY NOTICE: this e-mail is confidential.",
    "The Secret Garden",
    "密级：绝密、机密、秘密三级",
    "密级：□绝密 □机密 □秘密",
    "密级：无",
    "密级：公开",
    '{"title":"秘密", "classification": "public"}',
    '{"text": "标注机密★10年的文件"}',
    "个人秘密",
    '{"classification": "非密"}',
    "标题,密级\n秘密文件管理,公开",
    "<doc><p>绝密</p><密级>公开</密级></doc>",
    "密级标注示例：\n机密★10年\n绝密★长期",
    "保密培训讲义\n一、绝密\n二、机密",
    "询问笔录\n被询问人：张三\n问：你知道这是商业秘密吗？\n答：知道，属于公司秘密。",
    "秘密举报人保护办法",
    "机密文件管理规定\n第一条 为加强机密文件管理。",
    "Subject: secretary meeting",
    "Subject: confidential information policy",
    "现场笔录\n内容如下。第二行。\n机密\n然后继续。",
    "The secretary said that it was secret.",
    "1. 秘密\n2. 机密",
    "密级：国家秘密的密级分为绝密、机密、秘密三级。",
    "文件首页应当注明“密级：机密”字样。",
    "标题\n密级：□绝密 □机密 □秘密",
    "公司保密制度\n第一条 绝密、机密、秘密三级。",
    "",
    "会议纪要\n时间：2026年\n保密\n内容。",
    "秘密调查笔录\n时间",
    "公开\n标题",
    "内部资料 注意保管\n标题",
    "机密性评估报告\n一、概述",
    "Classification: Restaurants\nA list",
    "Confidential informant statement\n",
    "# Secret management\n\nUse vault.",
    "SECRET_KEY=abc\nDEBUG=1",
    "secret: abc\nkey: x",
    "client_secret,client_id\na,b",
    '{"secret": "abc"}',
    "<secret>abc</secret>",
    "[secret]\nkey=1",
    "classification,label\ncat,1\ndog,2",
    "密级,标题\n,甲\n内部,乙",
    "姓名,密码\n张三,123",
    "涉密人员登记表\n姓名 密级\n张三 一般",
    "From: a\nSubject: Confidentiality agreement\n\nx",
    "Dear all,\n\nSECRET SANTA\nis on Friday.",
    "商业秘密：秘密",
    "我的秘密\n作文",
    "国家秘密\n定义",
    "密级：非密",
    "密级:/",
    "密级：一般",
    "密级： \n机密文件柜管理",
    "密级\n\n标题",
    "秘密侦查措施审批表",
    "案件名称：侵犯商业秘密案\n密级：普通",
    "文件密级：不涉密",
    "定密：否",
    "密级：无 保密期限：无",
    "是否涉密：否",
)
FORMS_OF_SECRETS = (
    "密级：绝密（ ） 机密（√） 秘密（ ）",
    "密级：绝密（ ）  机密（√）  秘密（ ）",
    "密级：□绝密 ☑机密 □秘密",
    "密级：（√）绝密 （ ）机密",
    "密级：公开（ ） 机密（√）",
    "密级：公开 √机密 秘密",
    "密级：绝密□ 机密☑ 秘密□",
    "密级：\n绝密（ ）\n机密（√）\n秘密（ ）",
    "登记表\n密级 | 绝密（ ） | 机密（√）",
    "登记表\n密级\t☑机密",
    "密级：机密（  ）\n标题：x",
    "密别：机密",
    "标题\n密 别：秘 密",
    "机密 保密期限10年",
    "XX局\n机密 保密期限：长期\n标题",
    "XX局\n机密 保密期限至2030年",
    "1  机密  特急",
    "01  秘密★5年",
    "机密  共3份",
    "《机密》\n标题",
    "标题;密级;机密",
    "classification, secret",
    "CLASSIFICATION SECRET",
)
FORMS_AND_LISTS = (
    *(
        f"{before}密级：{boxes}"
        for before in ("", "登记表\n", "登记表\n编号：1  ")
        for boxes in (
            "绝密（ ） 机密（ ） 秘密（ ） 公开（√）",
            "绝密（ ）  机密（ ）  秘密（ ）  公开（√）",
            "绝密（__） 公开（√）",
            "公开（√） 机密（ ） 秘密（ ）",
            "绝密□ 机密□ 秘密□ 公开☑",
            "绝密□ 公开☑ 秘密□",
            "工作秘密（√） 秘密（ ）",
        )
    ),
    "密级：\n绝密（ ）\n机密（ ）\n秘密（ ）\n公开（√）",
    "登记表\n密级\n机密（ ）\n公开（√）",
    "登记表\n密级 | 绝密（ ） | 公开（√）",
    "登记表\n密级\t机密（ ）\t公开（√）",
    "规定\n第三条 确定、变更密级，机密（含）以上的，由机关负责人批准。",
    "规定\n确定、变更密级，机密（含）以上\n的，由机关负责人批准",
    "labels\nsensitivity, confidential, internal or public",
    "sensitivity, confidential, internal or public are the values.",
    "Values\nof sensitivity: confidential, internal or public",
    "Order\nclassified secret, and the court held so",
    "classified secret, and the court held so",
    "片目\n1  秘密  3张\n2  活着  2张",
    "1  秘密  3张",
    "影片清单\n序号  片名  数量\n1\t秘密\t3",
    "片名  数量\n秘密  3张",
    "书目\n《平凡的世界》\n《秘密》\n《活着》",
)
NAMES_TOO = {
    "通知-机密.docx": True,
    "01-机密-通知.docx": True,
    "通知_机密_v2.docx": True,
    "会议纪要 机密.docx": True,
    "通 知 - 机 密 .docx": True,
    "通知.機密.docx": True,
    "通知—机密10年.docx": True,
    "保密承诺书.docx": False,
    "秘密花园.mp4": False,
    "商业秘密-1.docx": False,
    "商业 秘密.docx": False,
    "国家-秘密.docx": False,
    "关于机密文件销毁的通知.docx": False,
    "定密-绝密-机密-秘密.docx": False,
    "client-secret.json": False,
}
NAMES = {
    "机密★10年 关于某事.docx": True,
    "【机密】关于某事.pdf": True,
    "关于某事（秘密）.doc": True,
    "机密.txt": True,
    "秘密-通报.txt": True,
    "[SECRET] minutes.pdf": True,
    "某文_机密★长期_定稿.pdf": True,
    "秘密举报.docx": False,
    "机密文件管理办法.docx": False,
    "绝密飞行.mp4": False,
    "secret.txt": False,
    "SECRET.pdf": True,
    "[secret] keys.ini": False,
    "国家秘密目录.xlsx": False,
    "（商业秘密）清单.docx": False,
    "secretary.pdf": False,
}


@pytest.mark.parametrize("page", MARKED)
def test_a_marked_page(page: str) -> None:
    assert is_marked_page(page)


@pytest.mark.parametrize("page", ONLY_MENTIONED)
def test_a_page_that_only_speaks_of_it(page: str) -> None:
    assert not is_marked_page(page)


@pytest.mark.parametrize("page", FORMS_OF_SECRETS)
def test_a_form_or_a_line_of_a_secret(page: str) -> None:
    assert is_marked_page(page)


@pytest.mark.parametrize("page", FORMS_AND_LISTS)
def test_a_form_with_empty_boxes_a_sentence_and_a_list_of_titles(page: str) -> None:
    assert not is_marked_page(page)


@pytest.mark.parametrize("page", MARKED)
def test_the_mark_is_found_in_other_letters(page: str) -> None:
    """Full-width letters, other line ends, and a byte-order mark before it."""
    wide = {code: code + 0xFEE0 for code in range(ord("A"), ord("Z") + 1)}
    assert is_marked_page("\ufeff" + page.replace("\n", "\r\n"))
    assert is_marked_page(page.translate(wide)) or "\\u" in page


@pytest.mark.parametrize(("name", "marked"), [*NAMES.items(), *NAMES_TOO.items()])
def test_a_name(name: str, marked: bool) -> None:
    assert is_marked_name(name) is marked


def test_a_folder_is_marked_by_its_whole_name() -> None:
    assert is_marked_folder("机密")
    assert is_marked_folder("绝密★长期")
    assert not is_marked_folder("秘密举报")
    assert not is_marked_folder("2026")


@pytest.mark.parametrize(
    "page",
    [
        "密级:" * 5000,
        "密" + "<" * 20000,
        '{"密级":' * 4000,
        "<密级 a='" * 3000,
        "机密\n" * 10000,
        "(([[密级]])" * 2000,
        "密级," * 5000 + "\n" + "a," * 5000,
        "机密 00000000 " * 1500,
        "0000" * 4000 + "密",
        "密 \t" * 9000,
        "目录\n秘密" + "-" * 50 + "3\n一\n",
        "秘密" + "-" * 19_000 + "3",
        "X-A: 秘密" + "()|" * 6_000 + "x",
        "1" * 58 + "\n秘密",
        "秘密" + "件注意保管" * 11 + "x",
        "秘密" + ",请注意保管" * 9 + "x",
        "秘密★" + "☆-" * 28 + "。",
        "密级" + "\t" * 19_000 + "x",
        "密级\n" + ("-" * 9_000 + "x\n") * 2,
        "密级:" + "绝密()" * 4_900 + "x",
        "密级" + "|" * 9_900 + "绝密()",
        "秘密" + ("\t1张" * 6_600) + "x",
        "密级,机密(" * 3_300,
        "秘密保密期限" + "《秘密》" * 4_900,
    ],
)
def test_no_page_takes_long(page: str) -> None:
    start = time.process_time()
    is_marked_page(page)
    assert time.process_time() - start < 1


def test_a_usual_page_takes_microseconds() -> None:
    page = ("现场检查笔录，检查人员：张某、李某 abc\n" * 300)[:4000]
    start = time.process_time()
    for _ in range(500):
        assert not is_marked_page(page)
    assert (time.process_time() - start) / 500 < 1e-3
