"""Enforcement documents as officers write them; parties, persons and numbers are invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Case:
    """What the documents of one case have in common."""

    number: str
    category: str
    party: str
    person: str
    address: str
    matter: str
    law: str
    amount: int
    officers: tuple[str, str]
    unit: str

    @property
    def served(self) -> str:
        """The document that ends the case for the party."""
        return "行政处罚决定书" if self.amount else "责令改正通知书"

    @property
    def outcome(self) -> str:
        """What the closing form says."""
        paid = f"罚款人民币{self.amount}元已缴纳，" if self.amount else "经复查，"
        return f"{paid}涉案行为已改正。"


CASES = (
    Case(
        "滨市监罚〔2026〕17号",
        "penalty",
        "滨海市渔湾餐饮管理有限公司",
        "林海涛",
        "滨海市渔湾路88号",
        "经营超过保质期的预包装食品",
        "《中华人民共和国食品安全法》第三十四条第（十）项",
        52000,
        ("王建国", "李敏"),
        "滨海市市场监督管理局渔湾所",
    ),
    Case(
        "滨环罚〔2026〕9号",
        "penalty",
        "滨海市宏远金属表面处理厂",
        "赵德顺",
        "滨海市工业园区三号路6号",
        "未按规定运行水污染防治设施",
        "《中华人民共和国水污染防治法》第三十九条",
        120000,
        ("孙晓东", "周洁"),
        "滨海市生态环境保护综合行政执法队",
    ),
    Case(
        "滨应急检〔2026〕41号",
        "inspection",
        "滨海市安达仓储物流有限公司",
        "陈国庆",
        "滨海市港前大道120号",
        "仓库安全出口被货物堵塞",
        "《中华人民共和国安全生产法》第四十一条",
        0,
        ("郑强", "吴丽娜"),
        "滨海市应急管理局执法支队",
    ),
)

_TEMPLATES: dict[str, tuple[str, str]] = {
    "立案审批表": (
        "start",
        "案由：涉嫌{matter}\n案件来源：日常监督检查\n"
        "当事人：{party}　法定代表人：{person}\n住所：{address}\n"
        "简要情况：{date}，执法人员对当事人进行检查，发现其涉嫌{matter}，涉嫌违反{law}。\n"
        "承办人意见：建议立案调查。承办人：{first}、{second}\n部门负责人意见：同意立案。\n",
    ),
    "现场检查笔录": (
        "investigate",
        "检查时间：{date} {start} 至 {end}\n检查地点：{address}\n"
        "被检查人：{party}　现场负责人：{person}\n"
        "检查人员：{first}、{second}\n"
        "告知事项：我们是{unit}的执法人员，已出示执法证件，现依法对你单位进行检查，检查过程全程录音录像，"
        "你是否听清？答：听清了。是否申请回避？答：不申请。\n"
        "检查情况：执法人员在现场负责人陪同下检查，发现当事人{matter}。执法人员当场拍照、录像，"
        "并制作本笔录。现场负责人对上述情况无异议。\n"
        "被检查人确认：以上笔录我已看过，记录属实。签名：{person}\n",
    ),
    "询问笔录": (
        "investigate",
        "询问时间：{date} {start} 至 {end}\n询问地点：{unit}询问室\n"
        "被询问人：{person}\n询问人：{first}　记录人：{second}\n"
        "问：我们是{unit}的执法人员，这是我们的证件，请你过目。\n答：看清楚了。\n"
        "问：你有权申请回避，也应当如实回答。本次询问全程录音录像，你是否明白？\n答：明白。\n"
        "问：请说明你单位{matter}的情况。\n答：是我们管理上的疏忽，当时没有按制度检查，事后已经整改。\n"
        "问：你还有什么补充？\n答：没有。\n以上笔录我已看过，与我说的一致。{person}\n",
    ),
    "先行登记保存证据通知书": (
        "investigate",
        "{party}：\n因你单位涉嫌{matter}，为防止证据灭失，依据《中华人民共和国行政处罚法》第五十六条，"
        "决定对清单所列物品先行登记保存，期限七日。\n"
        "清单：\n1. 涉案物品（见照片）　数量：24　单位：件\n2. 进货台账　数量：1　单位：册\n"
        "执法人员：{first}、{second}　当事人：{person}　{date}\n",
    ),
    "责令改正通知书": (
        "decide",
        "{party}：\n经查，你单位{matter}，违反了{law}的规定。现责令你单位于收到本通知书之日起改正上述行为，"
        "逾期不改正的，将依法处理。\n{unit}\n{date}\n",
    ),
    "法制审核意见书": (
        "review",
        "案件名称：{party}{matter}案\n审核意见：\n一、本机关对本案有管辖权，执法人员具有执法资格。\n"
        "二、事实清楚，证据确实充分。\n三、适用{law}准确，裁量适当。\n四、程序合法，文书齐备。\n"
        "同意提交集体讨论。\n审核人：法制科　{date}\n",
    ),
    "行政处罚告知书": (
        "review",
        "{party}：\n你单位{matter}一案，已调查终结，拟罚款人民币{amount}元。依据《中华人民共和国行政处罚法》"
        "第四十四条、第四十五条，你单位有权陈述、申辩；依据第六十三条，可在收到本告知书之日起五日内申请听证。\n"
        "{unit}\n{date}\n",
    ),
    "行政处罚决定书": (
        "decide",
        "当事人：{party}\n住所：{address}\n法定代表人：{person}\n"
        "经查明：{date}，执法人员检查发现当事人{matter}。上述事实有现场检查笔录、询问笔录、照片、"
        "录音录像等证据证明。\n"
        "本机关认为，当事人的行为违反了{law}，现决定罚款人民币{amount}元。\n"
        "如不服本决定，可在收到之日起六十日内申请行政复议，或者在六个月内提起行政诉讼。\n{unit}\n",
    ),
    "送达回证": (
        "serve",
        "案由：{matter}\n送达文书：{served}（{number}）一份\n受送达人：{party}\n送达地点：{address}\n"
        "送达方式：直接送达\n受送达人签收：{person}　{date}\n送达人：{first}、{second}\n",
    ),
    "结案审批表": (
        "archive",
        "案由：{matter}\n当事人：{party}\n处理结果及执行情况：{outcome}\n"
        "承办人意见：建议结案。{first}、{second}　{date}\n负责人意见：同意结案，材料归档。\n",
    ),
}

KINDS = tuple(_TEMPLATES)


def stage_of(kind: str) -> str:
    """Stage of the procedure that a kind of document belongs to."""
    return _TEMPLATES[kind][0]


def document(kind: str, case: Case, at: datetime, page: int) -> str:
    """Full text of a document with its title and number."""
    body = _TEMPLATES[kind][1].format(
        number=case.number,
        party=case.party,
        person=case.person,
        address=case.address,
        matter=case.matter,
        law=case.law,
        amount=case.amount,
        first=case.officers[0],
        second=case.officers[1],
        unit=case.unit,
        served=case.served,
        outcome=case.outcome,
        date=f"{at.year}年{at.month}月{at.day}日",
        start=f"{at:%H:%M}",
        end=f"{at.hour + 1:02}:{at.minute:02}",
    )
    return f"{case.unit}\n{kind}\n案号：{case.number}\n\n{body}\n第 {page} 页\n"
