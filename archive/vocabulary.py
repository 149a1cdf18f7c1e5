"""The words of docs/formats.md §11: every code with its English and its Chinese label.

Codes are what is signed and stored; labels are only for people and may be worded better later.
"""

from collections.abc import Mapping

Labels = Mapping[str, tuple[str, str]]
"""Code -> (English, Chinese), in the order of the documents."""

ROLES: Labels = {
    "archivist": ("archivist", "档案员"),
    "handler": ("handler", "承办人"),
    "approver.department_head": ("head of department", "部门负责人"),
    "approver.division_lead": ("leader in charge", "分管领导"),
    "approver.principal": ("principal", "主要负责人"),
    "approver.county_lead": ("leader at county level or above", "县级以上负责人"),
    "approver.superior": ("superior authority", "上级机关"),
    "legal_office": ("head of the legal office", "法制机构负责人"),
    "inspector.internal": ("internal inspector", "督察/法制/信访/纪检"),
    "inspector.judicial": ("inspector of the judicial bureau", "司法局监督人员"),
    "administrator": ("system administrator", "系统管理员"),
}

CAPACITIES: Labels = {
    "own_case": ("handler of the case", "本案承办人"),
    "same_unit": ("same unit, not a handler of the case", "本单位非承办人"),
    "other_unit": ("other unit of the agency", "本机关其他单位"),
    "internal_supervision": ("internal supervision", "内部监督（督察、法制、信访、纪检）"),
    "judicial_bureau": ("judicial bureau", "司法局（行政执法监督机构）"),
    "authority": (
        "court, procuratorate, police, state security, supervision, justice or audit authority",
        "公检法、国安、监察、司法行政、审计机关",
    ),
    "party": ("party or lawyer", "当事人或律师"),
    "publicity": ("publicity or training", "宣传、培训"),
    "outside_unit": ("outside unit", "外单位"),
}

ACTIONS: Labels = {
    "view": ("view", "查看"),
    "excerpt": ("excerpt", "摘录"),
    "copy": ("copy", "复制"),
    "export": ("export", "导出"),
    "court_bundle": ("bundle for a court", "诉讼证据包"),
}

PURPOSES: Labels = {
    "case_handling": ("case handling", "案件办理"),
    "legal_review": ("legal review", "法制审核"),
    "file_review": ("review of case files", "案卷评查"),
    "supervision": ("supervision of enforcement", "执法监督"),
    "appraisal": ("appraisal", "评议考核"),
    "reconsideration": ("reconsideration or lawsuit", "复议诉讼"),
    "public_opinion": ("response to public opinion", "舆情应对"),
    "decision_making": ("administrative decision-making", "行政决策"),
    "credit": ("credit system", "信用"),
    "complaint": ("letters and complaints", "信访投诉"),
    "training": ("education and training", "教育培训"),
    "party_inquiry": ("inquiry by a party", "当事人查阅"),
    "other": ("other", "其他"),
}

SENSITIVITIES: Labels = {
    "minor": ("minors", "未成年人"),
    "privacy": ("personal privacy", "个人隐私"),
    "trade_secret": ("trade secret", "商业秘密"),
    "work_secret": ("work secret", "工作秘密"),
}

IMPORTANCE: Labels = {
    "ordinary": ("ordinary", "一般"),
    "important": ("important", "重要"),
}
"""Of a record, as its sidecar claims."""

AMENDMENTS: Labels = {
    "media": ("examined", "完整检查"),
    "sidecar": ("sidecar came later", "补交附带说明"),
    "signatures": ("electronic signatures checked", "电子签名查验"),
}
"""What `record.amended` is about."""

RESOLUTIONS: Labels = {
    "accessioned": ("accessioned", "已收存"),
    "redropped": ("was here already", "此前已收存"),
    "amended": ("amended its record", "已补充登记"),
    "rejected": ("rejected", "不予收存"),
    "refused": ("refused as a state secret", "属国家秘密，拒收"),
}
"""How a quarantined drop ended."""

DISPOSITIONS: Labels = {
    "explained": ("explained", "已说明"),
    "misuse": ("misuse", "违规"),
    "false_alarm": ("false alarm", "误报"),
    "referred": ("referred", "已移送"),
}

CATEGORIES: Labels = {
    "permit": ("permit", "行政许可"),
    "penalty": ("penalty", "行政处罚"),
    "coercion": ("coercion", "行政强制"),
    "levy": ("levy", "行政征收"),
    "fee": ("fee", "行政收费"),
    "inspection": ("inspection", "行政检查"),
    "requisition": ("requisition", "征用"),
    "adjudication": ("adjudication", "裁决"),
    "payment": ("payment", "给付"),
    "confirmation": ("confirmation", "确认"),
    "reward": ("reward", "奖励"),
    "other": ("other", "其他"),
}

STAGES: Labels = {
    "start": ("start", "启动"),
    "investigate": ("investigation", "调查取证"),
    "review": ("review", "审核"),
    "decide": ("decision", "决定"),
    "serve": ("service", "送达"),
    "execute": ("execution", "执行"),
    "archive": ("archiving", "归档"),
}
"""Stages of a case, in their order."""

IMPORTANCES: Labels = {
    "ordinary": ("ordinary", "一般"),
    "major": ("major", "重大"),
}

DECISIONS: Labels = {
    "approve": ("approved", "批准"),
    "refuse": ("refused", "拒绝"),
    "withdraw": ("withdrawn", "撤回"),
}

LEVELS: Labels = {
    "none": ("no protection", "无保护"),
    "read-only": ("read-only files", "只读文件"),
    "immutable flag": ("immutable flag of the file system", "文件系统不可变标志"),
    "governance": ("object lock, governance", "对象锁（治理模式）"),
    "compliance": ("object lock, compliance", "对象锁（合规模式）"),
}
"""How well a place protects what is written, weakest first (docs/formats.md §12)."""

PROMOTIONS: Labels = {
    "evidence_used": ("used as evidence", "作为证据使用"),
    "obstruction": ("obstruction of enforcement", "妨害公务"),
    "mass_incident": ("mass or emergency incident", "群体性或突发事件"),
    "important_case": ("major or complex case", "重大、疑难、复杂案件"),
    "permanent": ("to be kept for ever", "永久保存"),
    "other": ("other", "其他"),
}
"""Why a record is kept longer than its class says."""

DERIVATIVES: Labels = {
    "poster": ("poster", "封面图"),
    "contact_sheet": ("contact sheet", "缩略图表"),
    "waveform": ("waveform", "波形图"),
    "spectrogram": ("spectrogram", "声谱图"),
    "proxy": ("proxy", "浏览版"),
    "thumbnail": ("thumbnail", "缩略图"),
    "preview": ("text preview", "文字预览"),
    "excerpt": ("excerpt", "摘录"),
    "marked": ("marked copy", "水印副本"),
}
"""What is made of a record for people to look at (docs/formats.md §13); never evidence."""

FOR_ONE_ACCESS = frozenset({"excerpt", "marked"})
"""Those that are made for one access; of the others the last one of a record counts."""

STANDING: Labels = {key: DERIVATIVES[key] for key in DERIVATIVES if key not in FOR_ONE_ACCESS}
"""The others."""

CONDITIONS: Labels = {
    "sound": ("sound", "完好"),
    "damaged": ("damaged", "受损"),
    "truncated": ("truncated", "不完整（截断）"),
    "unreadable": ("unreadable", "无法读取"),
    "suspicious": ("suspicious", "可疑"),
}
"""Condition of a medium at intake. Damaged evidence is evidence still."""

MEDIA_KINDS: Labels = {
    "audio": ("audio", "录音"),
    "photo": ("photo", "照片"),
    "video": ("video", "录像"),
}
"""What can stand for a row of the list of what is recorded, apart from documents."""

CARRIERS: Labels = {
    "body_camera": ("body-worn camera", "执法记录仪"),
    "camera": ("camera", "照相机"),
    "camcorder": ("video camera", "录像机"),
    "monitoring": ("fixed monitoring", "视频监控"),
    "terminal": ("enforcement terminal", "执法终端"),
    "voice_recorder": ("voice recorder", "录音设备"),
}

RECORDING_KINDS: Labels = {
    "scene": ("scene", "场景类"),
    "interview": ("interview", "约谈类"),
    "check": ("check", "检查类"),
    "confirmation": ("confirmation", "确认类"),
}

REQUIRED: Labels = {
    "always": ("always", "必须"),
    "at_stage": ("once the case is at this stage", "案件进入该环节后必须"),
    "at_close": ("once the case is closed", "结案后必须"),
    "if_claimed": ("if a text record says that it took place", "文字记录表明发生时必须"),
    "if_major": ("in major cases, once at this stage", "重大案件进入该环节后必须"),
}
"""When a row of the list of what is recorded is required (docs/completeness.md)."""

COVERAGE: Labels = {
    "covered": ("covered", "齐全"),
    "partial": ("partial", "不完整"),
    "missing": ("missing", "缺失"),
    "excused": ("excused", "已说明免予"),
    "not_required": ("not required", "不要求"),
}
"""What a case has of a row of the list."""

NOT_COUNTED: Labels = {
    "gone": ("lost or destroyed", "已丢失或销毁"),
    "item_unknown": ("its item is on no row for this case", "所注事项不在本案适用的清单中"),
    "media": ("another kind of record is asked for", "记录类型与事项要求不符"),
    "stage": ("claims another stage than the row", "所注环节与事项不符"),
    "without": ("has a word that excludes it", "含有排除词"),
    "no_name": ("no word of the list in its name or title", "名称、题名中无清单识别词"),
    "no_row_then": (
        "names no row, and no text record says what took place then",
        "未注明事项，录制时间也无相应文字记录",
    ),
}
"""Why a record counts for no row of the list (docs/completeness.md)."""

INTERRUPTIONS: Labels = {
    "device_fault": ("device fault", "设备故障"),
    "damage": ("damaged device", "设备损坏"),
    "weather": ("weather", "天气"),
    "battery": ("battery", "电量不足"),
    "storage": ("storage full", "存储已满"),
    "place_change": ("change of place", "变换场所"),
    "other": ("other", "其他"),
}
"""Why a recording was interrupted."""

REVOCATION_CODES: Labels = {
    "key_compromise": ("key compromised", "密钥泄露"),
    "left": ("left the office", "离岗"),
    "superseded": ("replaced by a new key", "密钥更换"),
    "other": ("other", "其他"),
}

NEEDS: Labels = {
    "reason": ("reason", "调阅事由"),
    "letter": ("letter, sealed as a record", "介绍信或调阅函（已封存入库）"),
    "identity": ("identity document", "身份证件"),
    "letter_or_identity": ("letter or identity document", "介绍信或身份证件"),
    "task": ("number of the supervision task", "监督任务编号"),
    "case": ("case", "案件"),
}
"""What a row of the access rules can ask for."""

FACTS: Labels = {
    "no_approval": ("no approval is needed", "无需审批"),
    "not_blockable": ("cannot be refused", "不得拒绝"),
    "may_be_concealed": ("may be confidential", "可保密进行"),
    "derivative_only": ("redacted derivative only", "只提供脱敏副本"),
    "own_records": ("only records of the own case", "仅限本人案件的资料"),
}
"""What an explanation of the access rules can state."""
