"""Documents written by hand after the patterns were made, in other styles; nothing was made to fit.

Each is a text as an office, a court or a device writes it, with the title and the number that a
clerk would enter. They go into formats in turn, so that 60 files come of them.
"""

import random

from corpus_formats import PACKED, PLAIN
from corpus_texts import Text

BY_HAND: tuple[tuple[str, str | None, str], ...] = (
    ("现场执法检查记录", "（沪）应急检记〔2026〕青浦-17号", """\
（上海市青浦区应急管理局）
现 场 执 法 检 查 记 录
（沪）应急检记〔2026〕青浦-17号
被检查单位：上海恒盛化工仓储有限公司
检查时间：2026年4月9日13时30分至15时10分
检查情况：储罐区未设置明显的安全警示标志。"""),
    ("道路运输违法行为通知书", "冀交运违通〔2025〕130号", """\
河北省道路运输管理局
道路运输违法行为通知书
                                   冀交运违通〔2025〕130号
王建国：
    经调查，你（单位）存在擅自从事道路货物运输经营的行为。
                                   2025年7月21日"""),
    ("税务行政处罚决定书", "铁税稽罚〔2026〕5号", """\
国家税务总局铁岭市税务局稽查局
税务行政处罚决定书
铁税稽罚〔2026〕5 号
被处罚人名称：铁岭市清河区兴旺商贸有限公司
纳税人识别号：91211200MA0XXXXX1R
对你单位2023年1月1日至2024年12月31日情况进行了检查。
二O二六年二月二十八日"""),
    ("公安行政处罚决定书", "银公（治）行罚决字〔2026〕0087号", """\
铁岭市公安局银州分局
公 安 行 政 处 罚 决 定 书
银公（治）行罚决字〔2026〕0087号
违法行为人赵某某，男，1988年5月2日出生。
现查明2026年1月15日22时许，赵某某在某饭店内殴打他人。"""),
    ("卫生监督意见书", "2026-0335", """\
卫 生 监 督 意 见 书
编号：2026-0335
当事人：某某市春天美容院
监督意见：
1. 立即停止使用过期消毒产品；"""),
    ("国务院办公厅关于全面推行行政执法公示制度执法全过程记录制度重大执法决定法制审核制度的指导意见",
     "国办发〔2018〕118号", """\
国务院办公厅关于全面推行行政执法公示制度
执法全过程记录制度重大执法决定法制审核
制度的指导意见
国办发〔2018〕118号
各省、自治区、直辖市人民政府，国务院各部委、各直属机构："""),
    ("行政复议决定书", "辽政行复〔2025〕211号", """\
辽宁省人民政府
行政复议决定书
辽政行复〔2025〕211号
申请人：刘某。
被申请人：沈阳市人民政府。
申请人不服被申请人2025年3月4日作出的《信息公开答复书》（沈政公开〔2025〕18号）。"""),
    ("行政判决书", "（2025）辽12行终33号", """\
辽宁省铁岭市中级人民法院
行 政 判 决 书
（2025）辽12行终33号
上诉人（原审原告）：张三，男，汉族，住铁岭市。"""),
    ("道路交通事故认定书", "第211202420260000158号", """\
铁岭市公安局交通警察支队银州大队
道路交通事故认定书
第211202420260000158号
交通事故时间：2026年03月02日07时40分"""),
    ("关于李某举报事项的答复", None, """\
关于李某举报事项的答复
李某同志：
您于2026年1月6日反映的夜间施工噪声扰民问题已收悉。现答复如下：
一、我局已于1月8日现场核查。"""),
    ("广州市规划和自然资源局听证公告", "穗规资听〔2026〕4号", """\
广州市规划和自然资源局听证公告
穗规资听〔2026〕4号
根据《中华人民共和国行政许可法》的规定，我局定于2026年5月20日上午9时30分举行听证会。"""),
    ("责令停止违法行为通知书", "杭西综执责停通字〔2026〕第070012号", """\
杭州市西湖区综合行政执法局
责令停止违法行为通知书
杭西综执责停通字〔2026〕第070012号
杭州某某置业有限公司："""),
    ("查封/扣押物品清单", "0004512", """\
查封/扣押物品清单
NO.0004512
序号	物品名称	规格	数量
1	电子秤	30kg	2台"""),
    ("勘验笔录", "环勘字2026年第9号", """\
生态环境现场
勘 验 笔 录
环勘字2026年第9号
勘验时间：2026年3月3日10时0分
勘验地点：废水总排口"""),
    ("案件集体讨论笔录", "皖市监集讨〔2026〕2号", """\
安徽省市场监督管理局
案件集体讨论笔录
皖市监集讨〔2026〕2号
案由：涉嫌虚假宣传案
主持人：周局长"""),
    ("罚没物品处理记录", None, """\
罚没物品处理记录
处理物品：卷烟17条
处理方式：公开销毁
处理人：李明  王芳
2026-02-11"""),
    ("深圳市市场监督管理局行政处罚听证告知书", "深市监罚听告〔2026〕福田88号", """\
深圳市市场监督管理局行政处罚听证告知书
深市监罚听告〔2026〕福田88号
深圳市某某科技有限公司（统一社会信用代码：91440300XXXXXXXX1A）："""),
    ("执法音像资料调取审批表", "DQ-2026-019", """\
执法音像资料调取审批表
编号  DQ-2026-019
申请部门  法制科    申请人  孙丽
调取事由  行政复议答复"""),
    ("内蒙古自治区草原行政处罚案件移送书", "内草监移〔2024〕3号", """\
内蒙古自治区草原行政处罚案件移送书
内草监移〔2024〕3号
阿拉善左旗公安局："""),
    ("中华人民共和国行政执法证件管理暂行办法（征求意见稿）", None, """\
中华人民共和国行政执法证件管理暂行办法
（征求意见稿）
第一条　为了规范行政执法证件的管理，制定本办法。
第二条　本办法所称行政执法证件，是指……"""),
    ("送达地址确认书", "2026银市监送字012号", """\
送达地址确认书
案号：2026银市监送字012号
受送达人：王老五
送达地址：铁岭市银州区柴河街"""),
    ("关于对张某某作出不予行政处罚决定的法制审核意见", "法审〔2026〕31号", """\
法审〔2026〕31号
关于对张某某作出不予行政处罚决定的
法制审核意见
执法一大队："""),
    ("消防监督检查记录", "铁消监查字[2026]第0007号", """\
消防监督检查记录
铁消监查字[2026]第0007号
被检查单位（场所）名称：某某KTV
监督检查人员（签名）：陈强"""),
    ("Notice of Intent to Impose Administrative Fine", "2026-AF-0071", """\
Department of Transportation
Enforcement Division

Notice of Intent to Impose Administrative Fine
Docket No. 2026-AF-0071

To: Blue River Freight LLC
On April 3, 2026, an inspector of the Division found that the vehicle was overweight."""),
    ("CITATION AND NOTIFICATION OF PENALTY", "1624088", """\
U.S. Department of Labor
CITATION AND NOTIFICATION OF PENALTY
Inspection Number: 1624088
Issuance Date: 03/14/2026
To: Harbor Steel Inc."""),
    ("Body-worn camera review memo", None, """\
MEMO
Body-worn camera review memo
From: Sgt. Doyle
To: Internal Affairs
I looked at the footage of the stop on 12 May 2026 and found no violation of the policy."""),
    ("Witness Statement", "CR/26/0419", """\
METROPOLITAN POLICE SERVICE
Witness Statement
(Criminal Justice Act 1967, section 9)
Statement of: Anna Brown
URN: CR/26/0419"""),
    ("違反道路交通管理事件裁決書", "北市裁催字第22-AB1234567號", """\
臺北市交通事件裁決所
違反道路交通管理事件裁決書
北市裁催字第22-AB1234567號
受處分人：林志明
中華民國115年2月3日"""),
    ("养殖水域巡查台账", None, """\
养殖水域巡查台账
日期,巡查人,情况
2026-03-01,王刚,正常
2026-03-02,王刚,发现违规网具3件"""),
    ("关于报送2025年度行政执法统计年报的函", "铁市监函〔2026〕7号", """\
铁岭市市场监督管理局
铁市监函〔2026〕7号

关于报送2025年度行政执法统计年报的函

市司法局：
按照《辽宁省行政执法条例》要求，现将我局统计年报随函报送。
附件：2025年度行政执法统计年报"""),
)  # fmt: skip


def holdout_texts() -> list[Text]:
    """As texts whose formats write them line by line."""
    return [
        Text(title, number, blocks=body.splitlines(), shown_title=title)
        for title, number, body in BY_HAND
    ]


FORMATS = ("txt", "docx", "pdf", "rtf", "md", "eml", "html", "ofd", "xlsx", "csv")
"""Those that show a text as it is written."""


def made() -> list[tuple[str, Text, bytes, str]]:
    """Two files of every text: kind, text, bytes, encoding."""
    rng, found = random.Random(77), []
    formats = {**PLAIN, **PACKED}
    for number, text in enumerate(holdout_texts() * 2):
        kind = FORMATS[(number + number // 30) % len(FORMATS)]
        encoding = ("utf-8", "gb18030", "utf-16-le BOM")[number % 3]
        data, codec = formats[kind](text, rng, encoding)
        found.append((kind, text, data, codec))
    return found
