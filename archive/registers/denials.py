"""Why something is not allowed: every code with its sentence, and the finding it is in `verify`."""

from collections.abc import Mapping

from archive.errors import Denied
from archive.registers.remarks import Remark, restored, worded
from archive.registers.spill_words import SPILL

DENIALS: Mapping[str, tuple[str, str, str]] = {
    # statements
    "STATEMENT_BAD": (
        "STATEMENT_BAD",
        "The signature of the statement does not hold.",
        "声明的签名无效。",
    ),
    "STATEMENT_FOREIGN": (
        "STATEMENT_FOREIGN",
        "The statement was made for another archive.",
        "该声明是为其他存证库作出的。",
    ),
    "STATEMENT_REPLAYED": (
        "STATEMENT_REPLAYED",
        "The statement, or its nonce, was used before.",
        "该声明或其随机数已被使用过。",
    ),
    "STATEMENT_STALE": (
        "STATEMENT_STALE",
        "The statement was not signed at the time at which it was handed in.",
        "声明的签署时间与提交时间不符。",
    ),
    "WRONG_PASSPHRASE": (
        "SIGNER_INVALID",
        "The passphrase or PIN does not open the person's key.",
        "口令或 PIN 无法打开个人密钥。",
    ),
    "SIGNER_UNKNOWN": (
        "SIGNER_INVALID",
        "The person is not enrolled, or not with this certificate.",
        "该人员未登记，或证书与登记不符。",
    ),
    "SIGNER_SUSPENDED": ("SIGNER_INVALID", "The person is suspended.", "该人员已被停用。"),
    "SIGNER_EXPIRED": (
        "SIGNER_INVALID",
        "The person's enrolment has not begun or is over.",
        "该人员的登记尚未生效或已到期。",
    ),
    "SIGNER_REVOKED": (
        "SIGNER_INVALID",
        "The person's key was revoked.",
        "该人员的密钥已被吊销。",
    ),
    "ACCOUNT_OTHER": (
        "SIGNER_INVALID",
        "The person is bound to another account of the operating system.",
        "该人员已绑定其他操作系统账号。",
    ),
    "CERTIFICATE_BAD": (
        "SIGNER_INVALID",
        "The person's certificate is not to be trusted at this time.",
        "该人员的证书此时不可信。",
    ),
    # registers
    "ROLE_MISSING": (
        "REGISTER_UNLAWFUL",
        "The person does not have the role that this needs.",
        "该人员不具备所需角色。",
    ),
    "ROLES_CLASH": (
        "REGISTER_UNLAWFUL",
        "An administrator has no other role.",
        "系统管理员不得兼任其他角色。",
    ),
    "VOUCHERS_MISSING": (
        "REGISTER_UNLAWFUL",
        "This needs the statements of two enrolled people, neither of them concerned.",
        "此事项须由两名与本事无关的已登记人员签署。",
    ),
    "FOUNDING_OVER": (
        "REGISTER_UNLAWFUL",
        "The archive was founded already.",
        "存证库已完成初始登记。",
    ),
    "KEY_TAKEN": (
        "REGISTER_UNLAWFUL",
        "The certificate or key belongs or belonged to somebody, or was revoked.",
        "该证书或密钥已属于他人，或已被吊销。",
    ),
    "PERSON_UNKNOWN": ("REGISTER_UNLAWFUL", "There is no such person.", "没有此人员。"),
    "PERSON_STATE": (
        "REGISTER_UNLAWFUL",
        "The person's state does not allow this.",
        "该人员的当前状态不允许此操作。",
    ),
    "RULES_BAD": ("REGISTER_UNLAWFUL", "The rules cannot be used.", "规则无法使用。"),
    "CASE_UNKNOWN": ("REGISTER_UNLAWFUL", "There is no such case.", "没有此案件。"),
    "CASE_EXISTS": (
        "REGISTER_UNLAWFUL",
        "There is a case with this number already.",
        "已有相同案号的案件。",
    ),
    "ACCOUNT_TAKEN": (
        "REGISTER_UNLAWFUL",
        "The account is bound to somebody else.",
        "该操作系统账户已绑定其他人员。",
    ),
    "CASE_OPEN": ("REGISTER_UNLAWFUL", "The case is not closed yet.", "案件尚未结案。"),
    "CATALOGUE_BAD": (
        "REGISTER_UNLAWFUL",
        "The volume's catalogue is not that of the case.",
        "卷内目录与案件不符。",
    ),
    "REF_CODE_TAKEN": (
        "REGISTER_UNLAWFUL",
        "The reference code was given before.",
        "该档号已被使用。",
    ),
    "CASE_CLOSED": ("REGISTER_UNLAWFUL", "The case is closed.", "案件已结案。"),
    "CASE_DATES": (
        "REGISTER_UNLAWFUL",
        "A case is not closed before the day on which it was opened.",
        "结案日期不得早于立案日期。",
    ),
    "CASE_OWN": (
        "REGISTER_UNLAWFUL",
        "A handler of the case cannot change its register entry.",
        "本案承办人不得变更案件登记。",
    ),
    "RECORD_OTHER": (
        "REGISTER_UNLAWFUL",
        "The record is another unit's; an archivist attaches it.",
        "该记录属于其他单位，须由档案员关联。",
    ),
    "SECOND_MISSING": (
        "REGISTER_UNLAWFUL",
        "Who names handlers needs a second person, unless he heads the unit.",
        "指定承办人须由本单位负责人或两人共同签署。",
    ),
    "ATTACHMENT": (
        "REGISTER_UNLAWFUL",
        "The record is attached already, or is not attached, or does not claim this case.",
        "记录已关联、未关联，或未声明属于本案。",
    ),
    "HOLD_UNKNOWN": (
        "REGISTER_UNLAWFUL",
        "There is no such hold, or it was lifted.",
        "没有此封存，或已解除。",
    ),
    "HOLD_OTHER": (
        "REGISTER_UNLAWFUL",
        "A hold is lifted only by the unit that placed it.",
        "封存只能由作出封存的单位解除。",
    ),
    # retention
    "SCHEDULE_NONE": (
        "RETENTION_UNLAWFUL",
        "No retention schedule is in force.",
        "没有生效的保管期限表。",
    ),
    "SCHEDULE_OTHER": (
        "RETENTION_UNLAWFUL",
        "It goes by another retention schedule than the one in force.",
        "所依据的不是现行的保管期限表。",
    ),
    "CLASS_UNKNOWN": (
        "RETENTION_UNLAWFUL",
        "The retention schedule in force has no such class.",
        "现行保管期限表中没有此类别。",
    ),
    "TERM_DIFFERS": (
        "RETENTION_UNLAWFUL",
        "The end is not what the class gives for this trigger.",
        "到期时间与该类别按起算时间得出的不一致。",
    ),
    "TRIGGER_EARLY": (
        "RETENTION_UNLAWFUL",
        "The time from which the term counts is long before the receipt, and nobody confirmed it.",
        "起算时间远早于接收时间，且未经人员确认。",
    ),
    "TRIGGER_AHEAD": (
        "RETENTION_UNLAWFUL",
        "The time from which the term counts is still to come.",
        "起算时间尚未到来。",
    ),
    # disposition
    "RECORD_DESTROYED": (
        "ACCESS_UNLAWFUL",
        "The record was destroyed by a disposition; its entries and proofs remain.",
        "该记录已依法销毁，仅存登记条目与证明。",
    ),
    "RECORD_HELD": (
        "DESTRUCTION_UNLAWFUL",
        "The record is under a hold.",
        "该记录处于封存状态，不得销毁。",
    ),
    "NOT_DUE": (
        "DESTRUCTION_UNLAWFUL",
        "The record is not due by the retention schedule in force.",
        "按现行保管期限表，该记录尚未到期。",
    ),
    "PACK_PART": (
        "DESTRUCTION_UNLAWFUL",
        "A pack goes as a whole; name all its members, or split off what is kept.",
        "打包存放的记录须整包销毁；请列入全部成员，或先拆出继续保管的成员。",
    ),
    "BEING_DESTROYED": (
        "DESTRUCTION_UNLAWFUL",
        "The destruction of the record has begun and must be finished first.",
        "该记录的销毁已开始执行，须先执行完毕。",
    ),
    "LIST_OTHER": (
        "DESTRUCTION_UNLAWFUL",
        "The list is not the one that was proposed.",
        "清册与所提出的不一致。",
    ),
    "STORES_OTHER": (
        "DESTRUCTION_UNLAWFUL",
        "Not every store is named in which the record was kept.",
        "未列明保存该记录的全部存储。",
    ),
    "DISPOSITION_EXISTS": (
        "DESTRUCTION_UNLAWFUL",
        "There is a disposition with this id already.",
        "已有相同编号的处置。",
    ),
    "DISPOSITION_OPEN": (
        "DESTRUCTION_UNLAWFUL",
        "The record is on another list that is not finished.",
        "该记录已列入另一份尚未办结的清册。",
    ),
    "DISPOSITION_UNKNOWN": (
        "DESTRUCTION_UNLAWFUL",
        "There is no such disposition.",
        "没有此处置。",
    ),
    "DISPOSITION_STATE": (
        "DESTRUCTION_UNLAWFUL",
        "The disposition does not stand where this could follow.",
        "该处置的当前状态不允许此操作。",
    ),
    "DISPOSITION_OWN": (
        "DESTRUCTION_UNLAWFUL",
        "Nobody decides on what he proposed, nor executes what he decided.",
        "提出人不得审批，审批人不得执行。",
    ),
    "SPLIT_BAD": (
        "REGISTER_UNLAWFUL",
        "The record is no member of this pack, or was split off already.",
        "该记录不属于此包，或已拆出。",
    ),
    # requests
    "RULES_NONE": (
        "ACCESS_UNLAWFUL",
        "No access rules are in force.",
        "没有生效的调阅规则。",
    ),
    "NO_CONTENT": (
        "ACCESS_UNLAWFUL",
        "An administrator has no access to content.",
        "系统管理员无权接触内容。",
    ),
    "CAPACITY_UNFIT": (
        "ACCESS_UNLAWFUL",
        "The person cannot ask in this capacity.",
        "该人员不能以此身份申请调阅。",
    ),
    "NEED_MISSING": (
        "ACCESS_UNLAWFUL",
        "Something that the rules ask for is missing.",
        "缺少规则所要求的内容。",
    ),
    "LETTER_OTHER": (
        "ACCESS_UNLAWFUL",
        "The letter is no sealed letter with this content.",
        "所附函件不是内容相符的已存证函件。",
    ),
    "RECORD_UNKNOWN": ("ACCESS_UNLAWFUL", "There is no such record.", "没有此记录。"),
    "DERIVATIVE_ONLY": (
        "ACCESS_UNLAWFUL",
        "Only a redacted derivative may be given out for this.",
        "此用途只能提供脱敏后的派生件。",
    ),
    "REQUEST_EXISTS": (
        "ACCESS_UNLAWFUL",
        "There is a request with this id already.",
        "已有相同编号的申请。",
    ),
    "REQUEST_UNKNOWN": ("DECISION_UNLAWFUL", "There is no such request.", "没有此申请。"),
    "REQUEST_ENDED": ("DECISION_UNLAWFUL", "The request has ended.", "该申请已结束。"),
    "SELF_APPROVAL": (
        "DECISION_UNLAWFUL",
        "Nobody decides on a request of his own.",
        "不得审批本人的申请。",
    ),
    "NOT_APPROVER": (
        "DECISION_UNLAWFUL",
        "This decision is not this person's to take.",
        "该人员无权作出此决定。",
    ),
    "DECIDED_TWICE": (
        "DECISION_UNLAWFUL",
        "The person has decided already.",
        "该人员已作出过决定。",
    ),
    "NOT_BLOCKABLE": (
        "DECISION_UNLAWFUL",
        "Supervision needs no decision and cannot be refused.",
        "监督调阅无需审批，不得拒绝。",
    ),
    "GRANT_BEYOND": (
        "DECISION_UNLAWFUL",
        "The grant goes beyond what the rules allow.",
        "授权超出规则允许的范围。",
    ),
    # accesses
    "REQUEST_NONE": (
        "ACCESS_UNLAWFUL",
        "There is no request for this access.",
        "此次调阅没有对应的申请。",
    ),
    "NOT_REQUESTER": (
        "ACCESS_UNLAWFUL",
        "Only who asked may receive.",
        "只有申请人本人可以调阅。",
    ),
    "NO_GRANT": (
        "ACCESS_UNLAWFUL",
        "The approvals that this needs are not there.",
        "尚未取得所需批准。",
    ),
    "GRANT_EXPIRED": (
        "ACCESS_UNLAWFUL",
        "The grant has not begun or is over.",
        "授权尚未开始或已到期。",
    ),
    "GRANT_EXHAUSTED": ("ACCESS_UNLAWFUL", "The grant is used up.", "授权次数已用完。"),
    "NOT_COVERED": (
        "ACCESS_UNLAWFUL",
        "The request does not cover this record, action or range.",
        "申请未涵盖该记录、操作或范围。",
    ),
    "ACCESS_UNKNOWN": (
        "ACCESS_UNLAWFUL",
        "There is no such access, or it has ended, or has not ended.",
        "没有此次调阅，或其已结束，或其尚未结束。",
    ),
    "ACCESS_EXISTS": (
        "ACCESS_UNLAWFUL",
        "There is an access with this id already.",
        "已有相同编号的调阅。",
    ),
    "COPIES_BEYOND": (
        "ACCESS_UNLAWFUL",
        "More copies come back than were given out.",
        "交回或销毁的副本多于交付的副本。",
    ),
    "NOT_CONCEALABLE": (
        "ACCESS_UNLAWFUL",
        "The rules do not allow this access to be concealed.",
        "规则不允许此次调阅保密进行。",
    ),
    "COMMITMENT_DIFFERS": (
        "ACCESS_UNLAWFUL",
        "What is opened is not what was committed.",
        "公开的内容与先前承诺的不一致。",
    ),
    **SPILL,
    # alerts
    "ALERT_OWN": (
        "ACCESS_UNLAWFUL",
        "Nobody handles an alert about himself.",
        "不得处置涉及本人的预警。",
    ),
}
"""Code -> (finding, English, Chinese)."""


def denied(code: str, more: str | Remark = "") -> Denied:
    """The error for a code; `more` says what is concerned: identifiers and codes, or a remark."""
    sentence = DENIALS[code][1]
    if isinstance(more, Remark):
        return Denied(code, f"{sentence[:-1]} ({more.english()}).", (more.code, *more.values))
    return Denied(code, f"{sentence[:-1]} ({more})." if more else sentence)


def in_chinese(error: Denied) -> str | None:
    """The Chinese sentence of a denial, with what is concerned; None for an unknown code."""
    if error.code not in DENIALS:
        return None
    _, english, chinese = DENIALS[error.code]
    if found := restored(error.facts):
        return f"{chinese[:-1]}（{found.chinese()}）。"
    more = str(error).removeprefix(english[:-1]).removesuffix(".").strip()
    return f"{chinese[:-1]}（{worded(more[1:-1])}）。" if more.startswith("(") else chinese
