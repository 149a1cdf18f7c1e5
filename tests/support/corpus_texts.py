"""What the documents of the corpus say: blocks of lines and tables, and the truth about them.

The same at every run. A document is made of what offices write: their name, a title in one of many
forms, a number in one of many forms, a body that cites other numbers and dates, a closing line.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from corpus_words import (
    COMPANIES,
    MARKS,
    MATTERS,
    OFFICES,
    PEOPLE,
    PLACES,
    RECORDS,
    TABLES,
    TITLES,
    chinese_date,
)


@dataclass
class Text:
    """What stands in a document, and what is true of it."""

    title: str
    number: str | None
    blocks: list[str | list[list[str]]] = field(default_factory=list)
    """Lines, and tables of rows of cells."""
    fields: list[tuple[str, str]] = field(default_factory=list)
    """The same as named values, for formats that have them."""
    language: str = "zh"
    shown_title: str = ""
    """As a format that knows what a title is shows it."""

    def line(self, *lines: str) -> None:
        self.blocks += lines


class Writer:
    """Writes texts with one source of randomness."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def date(self) -> tuple[int, int, int]:
        return self.rng.choice((2024, 2025, 2026)), self.rng.randint(1, 12), self.rng.randint(1, 28)

    def shown_date(self, when: tuple[int, int, int]) -> str:
        year, month, day = when
        forms = (
            f"{year}年{month}月{day}日",
            chinese_date(year, month, day),
            chinese_date(year, month, day, "○"),
            f"{year}-{month:02d}-{day:02d}",
            f"{year}/{month}/{day}",
            f"{year} 年 {month} 月 {day} 日",
            f"{year}.{month:02d}.{day:02d}",
        )
        return self.rng.choice(forms)

    def number(self, place: str, office: str, kind: str = "罚") -> str:
        rng = self.rng
        year, serial = rng.choice((2024, 2025, 2026)), rng.randint(1, 980)
        mark = rng.choice(MARKS).format(year)
        forms = (
            f"{place}{office}{kind}{mark}{serial}号",
            f"{place}{office}{kind}{mark}第{serial}号",
            f"{place}{office}{kind}字{mark}第{serial:04d}号",
            f"{place}{office}{kind}决字{mark}{serial:03d}号",
            f"{place}{office}{kind} {mark} 第 {serial} 号",
            f"{place}{office}{kind}字第{year}{serial:04d}号",
            f"{place}{office}{kind}{mark}第310101-{serial:08d}号",
        )
        return rng.choice(forms)

    def office(self) -> tuple[str, str, str]:
        """Short place, short office, full name."""
        (short, place), (office, name) = self.rng.choice(PLACES), self.rng.choice(OFFICES)
        return short, office, place + name

    def noise(self) -> list[str]:
        """What may stand above a document."""
        rng = self.rng
        return rng.choice(
            (
                [],
                [],
                [],
                ["第 1 页 共 3 页"],
                ["000123"],
                ["特急"],
                ["— 1 —", ""],
                ["", ""],
                ["页码：1/2"],
            )
        )

    def spaced(self, title: str) -> str:
        gap = self.rng.choice((" ", "  ", "　"))
        return gap.join(title)

    def decision(self) -> Text:
        rng = self.rng
        place, office, name = self.office()
        title, number = rng.choice(TITLES), self.number(place, office)
        when = self.date()
        text = Text(title, number)
        shown = self.spaced(title) if rng.random() < 0.35 else title
        text.shown_title = shown
        text.line(*self.noise())
        text.line(*rng.choice(([name], [], [self.spaced(name)], [name, ""])))
        text.line(shown)
        text.line(
            rng.choice(
                (
                    number,
                    f"（{number}）" if "（" not in number else number,
                    f"文号：{number}",
                    f"　　　{number}",
                )
            )
        )
        party = rng.choice((*PEOPLE, *COMPANIES))
        text.line(f"当事人：{party}", f"地址：{name[:3]}人民路{rng.randint(1, 300)}号")
        cited = self.number(place, "府", "发")
        text.line(
            f"　　经查，{self.shown_date(self.date())}，当事人{rng.choice(MATTERS)}，违反规定，"
            f"参照《关于规范裁量权的通知》（{cited}）。",
            f"　　本机关决定罚款人民币{rng.randint(1, 50) * 100}元。",
            *rng.choice(([name], [f"{name}（印章）"], [])),
            rng.choice(("", "　　　　　　")) + self.shown_date(when),
        )
        text.fields = [
            *(("文书名称", title), ("文号", number), ("当事人", party)),
            *(
                ("制作日期", self.shown_date(when)),
                ("内容", f"当事人{rng.choice(MATTERS)}，决定予以处罚。"),
            ),
        ]
        return text

    def record(self) -> Text:
        rng = self.rng
        place, office, name = self.office()
        title = rng.choice(RECORDS)
        number = self.number(place, office, rng.choice("询检勘")) if rng.random() < 0.7 else None
        text = Text(title, number)
        text.shown_title = self.spaced(title) if rng.random() < 0.4 else title
        text.line(*self.noise(), *rng.choice(([], [name])), text.shown_title)
        if number:
            text.line(
                rng.choice((f"案号：{number}", f"编号：{number}", f"案　　号：{number}", number))
            )
        one, two = rng.sample(PEOPLE, 2)
        year, month, day = self.date()
        party = rng.choice(PEOPLE)
        text.line(
            f"时间：{year}年{month}月{day}日9时10分至10时05分",
            f"地点：{name[:3]}银州路{rng.randint(1, 90)}号",
            rng.choice((f"执法人员：{one}、{two}", f"询问人：{one}　　记录人：{two}")),
            rng.choice(
                (f"被询问人：{party}　性别：男　年龄：{rng.randint(20, 60)}", f"当事人：{party}")
            ),
            "问：我们是执法人员，这是我们的证件，请你过目。",
            "答：看清楚了。",
            f"问：请你说明{rng.choice(MATTERS)}的经过。",
            "答：我认错，愿意接受处理。",
            f"被询问人签名：{party}　　　{year}年{month}月{day}日",
        )
        text.fields = [
            *(("文书名称", title), ("案号", number or "")),
            *(
                ("当事人", party),
                ("执法人员", f"{one}、{two}"),
                ("日期", f"{year}-{month:02d}-{day:02d}"),
            ),
        ]
        if number is None:
            del text.fields[1]
        return text

    def table(self) -> Text:
        rng = self.rng
        place, office, name = self.office()
        title, number = (
            rng.choice(TABLES),
            self.number(place, office, rng.choice(("立", "证", "送"))),
        )
        text = Text(title, number, shown_title=title)
        text.line(*self.noise(), *rng.choice(([name], [])), title)
        party, (one, two) = rng.choice(COMPANIES), rng.sample(PEOPLE, 2)
        label = rng.choice(("案号", "文书编号", "编号"))
        rows = [
            [label, number, "案由", rng.choice(MATTERS)],
            ["当事人", party, "法定代表人", rng.choice(PEOPLE)],
            ["执法人员", f"{one}、{two}", "日期", self.shown_date(self.date())],
            ["备注", f"见{self.number(place, office, '罚')}"],
        ]
        text.blocks.append(rows)
        text.fields = [
            ("标题", title),
            (label, number),
            ("当事人", party),
            ("执法人员", f"{one}、{two}"),
        ]
        return text

    def circular(self) -> Text:
        """A 关于…的… in the form of GB/T 9704, over one line or several."""
        rng = self.rng
        place, office, name = self.office()
        number = self.number(place, office.replace("（交）", ""), rng.choice(("发", "函", "办")))
        kind = rng.choice(("通知", "决定", "批复", "意见", "公告", "通告", "函", "请示"))
        subject = rng.choice(
            (
                f"关于{rng.choice(('加强', '规范', '做好'))}行政执法全过程记录工作的",
                f"关于对{rng.choice(COMPANIES)}给予行政处罚的",
                f"关于印发《{name[:3]}行政执法音像记录管理办法（试行）》的",
                "关于开展道路货物运输超限超载专项整治的",
            )
        )
        whole = subject + kind
        text = Text(whole, number, shown_title=whole)
        text.line(*self.noise(), *rng.choice(([f"{name}文件"], [name + "文件", ""], [])))
        text.line(rng.choice((number, f"{number}　　　　签发人：{rng.choice(PEOPLE)}")), "")
        cut = rng.choice((0, 0, len(whole) // 2, len(whole) - len(kind) - 1))
        text.line(*((whole[:cut], whole[cut:]) if cut else (whole,)))
        text.line(
            "",
            "各区、县（市）有关部门，各直属单位：",
            f"　　为贯彻落实{self.number('国', '办', '发')}文件要求，现就有关事项通知如下：",
            "　　一、提高认识。",
            "　　二、抓好落实。",
            "　　附件：1. 音像记录事项清单",
            name,
            self.shown_date(self.date()),
        )
        text.fields = [
            ("标题", whole),
            ("文号", number),
            ("发文机关", name),
            ("成文日期", self.shown_date(self.date())),
        ]
        return text

    def court(self) -> Text:
        rng = self.rng
        year = rng.choice((2024, 2025, 2026))
        mark = rng.choice(("（{}）", "({})")).format(year)
        number = f"{mark}{rng.choice('京沪辽粤')}{rng.randint(1, 20):02d}"
        number += f"{rng.choice(('行初', '行终', '行申'))}{rng.randint(1, 999)}号"
        title = rng.choice(("行政判决书", "行政裁定书", "行政赔偿调解书"))
        text = Text(title, number, shown_title=self.spaced(title) if rng.random() < 0.5 else title)
        court = rng.choice(("北京市第一中级人民法院", "辽宁省铁岭市银州区人民法院"))
        text.line(
            court,
            text.shown_title,
            number,
            f"　　原告：{rng.choice(COMPANIES)}。",
            f"　　法定代表人：{rng.choice(PEOPLE)}，经理。",
        )
        text.line(
            f"　　被告：{self.office()[2]}。",
            f"　　原告不服被告作出的{self.number('辽', '交执')}行政处罚决定，向本院提起诉讼。",
        )
        text.line(
            f"审　判　长　{rng.choice(PEOPLE)}",
            chinese_date(*self.date()),
            f"书　记　员　{rng.choice(PEOPLE)}",
        )
        text.fields = [("文书名称", title), ("案号", number), ("法院", court)]
        return text

    def english(self) -> Text:
        rng = self.rng
        title = rng.choice(
            (
                *("Notice of Violation", "Administrative Penalty Decision", "Inspection Report"),
                *(
                    "Record of Interview",
                    "Order to Correct",
                    "Seizure Inventory",
                    "Evidence Receipt",
                ),
            )
        )
        serial, year = rng.randint(1, 999), rng.choice((2024, 2025, 2026))
        code = rng.choice(
            (f"{year}-{serial:04d}", f"SHT/{year}/{serial}", f"NOV-{year}-{serial:05d}")
        )
        label = rng.choice(("Case No.: ", "No. ", "Ref. No.: ", "Decision No. ", "Reference: "))
        text = Text(title, code, language="en")
        text.shown_title = title.upper() if rng.random() < 0.4 else title
        text.title = text.shown_title
        month = rng.choice(("January", "March", "June", "October"))
        text.line(
            *rng.choice(([], ["Shanghai Municipal Transport Commission"], ["Page 1 of 2"])),
            text.shown_title,
            label + code,
        )
        text.line(
            f"Date: {month} {rng.randint(1, 28)}, {year}",
            "Respondent: Yuantong Logistics Co., Ltd.",
            "Officers: Li Ming, Wang Fang",
            "The officers of the commission found that the vehicle was overloaded, and that it had "
            f"no permit for the road in the city. See decision 2023/{serial + 7} of theirs.",
            "You are to pay a fine of 2,000 yuan by the end of the month.",
        )
        text.fields = [
            ("title", text.shown_title),
            ("case_no", code),
            ("date", f"{year}-03-02"),
            ("party", "Yuantong Logistics Co., Ltd."),
        ]
        return text

    def traditional(self) -> Text:
        rng = self.rng
        title = rng.choice(("行政處罰決定書", "詢問筆錄", "違規事項通知書"))
        number = f"府交執罰字第{rng.randint(2024, 2026)}{rng.randint(1, 9999):04d}號"
        text = Text(title, number, shown_title=title, language="zh-Hant")
        text.line(
            "某某市政府交通局",
            title,
            number,
            "受處分人：陳大文",
            "　　經查，當事人違反規定，應予處罰，並於期限內履行。",
            chinese_date(*self.date()),
        )
        text.fields = [("文書名稱", title), ("文號", number), ("受處分人", "陳大文")]
        return text

    def plain(self) -> Text:
        """Without a number: a note, a statement, a plan."""
        rng = self.rng
        title = rng.choice(
            ("情况说明", "执法工作总结", "巡查记录", "勤务日志", "整改报告", "案件办理时间表")
        )
        text = Text(title, None, shown_title=title)
        text.line(*rng.choice(([], [""])), title)
        text.line(
            f"{self.shown_date(self.date())}，依据{self.number('辽', '府', '发')}巡查。",
            "现说明如下：道路通畅，未见异常。",
        )
        text.line(rng.choice(PEOPLE), self.shown_date(self.date()))
        text.fields = [("标题", title), ("巡查人", rng.choice(PEOPLE)), ("内容", "未见异常。")]
        return text

    def any(self) -> Text:
        kinds: Sequence[tuple[Callable[[], Text], int]] = (
            *((self.decision, 8), (self.record, 5), (self.table, 4), (self.circular, 5)),
            *((self.court, 2), (self.english, 4), (self.traditional, 1), (self.plain, 2)),
        )
        makers, weights = zip(*kinds, strict=True)
        return self.rng.choices(makers, weights)[0]()
