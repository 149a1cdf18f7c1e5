"""Every finding as data: code, outcome, sentence (en, zh), what to do (en, zh)."""

_F, _I, _N = "FAILED", "INDETERMINATE", "INFO"

_KEEP = (
    "Leave the archive as it is, keep this report, and compare with a backup or another replica."
)
_KEEP_ZH = "保持存证库原状，保存本报告，并与备份或其他副本比对。"
_RESTORE = (
    "Keep the damaged object aside, find the right bytes in a backup or replica and put them back."
)
_RESTORE_ZH = "另行保存受损对象，从备份或副本中找回正确的字节并放回原处。"
_REPORT = "Stop sealing, tell the supervising authority, and keep every note, receipt and log."
_REPORT_ZH = "停止封存，报告监督机关，并保存全部检查点、回执和日志。"
_LATER = "Run the verification again later; if it stays, ask the operator of the archive."
_LATER_ZH = "稍后再次核验；如仍存在，请询问存证库运行人员。"
_CLOCK = "Ask the operator what happened in that time and have it recorded."
_CLOCK_ZH = "请运行人员说明该时段发生的情况并予以记录。"
_POLICY = "Compare the policy file with the one received from the archive's owner by another way."
_POLICY_ZH = "将策略文件与经其他途径取得的策略文件比对。"

# One row after another is easier to read than one field after another.
# fmt: off
TABLE: tuple[tuple[str, str, str, str, str, str], ...] = (
    # logs
    ("LOG_MISSING", _F, "The log {subject} is missing.", "日志 {subject} 缺失。", _REPORT,
     _REPORT_ZH),
    ("LOG_ORDER", _F, "The log {subject} does not open, close or follow as it must.",
     "日志 {subject} 的开启、关闭或前后衔接不符合规定。", _REPORT, _REPORT_ZH),
    ("LOG_IDENTITY", _F, "The log {subject} says that it belongs to another archive or log.",
     "日志 {subject} 自称属于其他存证库或日志。", _POLICY, _POLICY_ZH),
    ("ENTRY_AFTER_CLOSE", _F, "{subject} stands after its log was closed.",
     "{subject} 位于日志关闭之后。", _REPORT, _REPORT_ZH),
    # tree and entries
    ("LEDGER_ALTERED", _F, "The ledger {subject} does not have the signed root.",
     "账本 {subject} 与已签名的根不一致。", _KEEP, _KEEP_ZH),
    ("LEDGER_TRUNCATED", _F, "The ledger {subject} is shorter than a signed note proves it was.",
     "账本 {subject} 短于已签名检查点所证明的长度。", _REPORT, _REPORT_ZH),
    ("LEDGER_REWRITTEN", _F, "The ledger {subject} does not extend a signed note kept earlier.",
     "账本 {subject} 不是此前保存的检查点的延续，已被改写。", _REPORT, _REPORT_ZH),
    ("SPLIT_VIEW", _F, "Two signed notes of {subject} contradict each other.",
     "{subject} 的两份已签名检查点相互矛盾。", _REPORT, _REPORT_ZH),
    ("TILE_MISSING", _F, "The tile {subject} is missing.", "数据块 {subject} 缺失。", _RESTORE,
     _RESTORE_ZH),
    ("TILE_ALTERED", _F, "The tile {subject} was altered.", "数据块 {subject} 被改动。",
     _RESTORE, _RESTORE_ZH),
    ("ENTRY_BAD", _F, "{subject} is not a valid entry.", "{subject} 不是有效条目。", _REPORT,
     _REPORT_ZH),
    ("KIND_UNKNOWN", _I, "{subject} has a kind that this version cannot judge.",
     "{subject} 的类型为本版本所不能判断。", "Verify with a newer version.",
     "请用更新的版本核验。"),
    ("REFERENCE_BAD", _F, "{subject} names something that the ledger does not hold.",
     "{subject} 所指的内容在账本中不存在。", _REPORT, _REPORT_ZH),
    ("STREAM_GAP", _F, "{subject} leaves out positions of its stream.",
     "{subject} 所在序列缺号。", _REPORT, _REPORT_ZH),
    ("STREAM_FORK", _F, "{subject} does not follow the entry before it in its stream.",
     "{subject} 与所在序列的前一条不衔接。", _REPORT, _REPORT_ZH),
    ("RECORD_TWICE", _F, "The record {subject} was accessioned more than once.",
     "记录 {subject} 被重复入库。", _REPORT, _REPORT_ZH),
    ("DATABASE_DIFFERS", _F, "The database differs from the ledger at {subject}.",
     "数据库在 {subject} 处与账本不一致。",
     "The ledger holds: keep the database aside and run `cunzheng rebuild`.",
     "以账本为准：另存数据库后运行 `cunzheng rebuild`。"),
    # seals
    ("SEAL_MISSING", _F, "The seal file {subject} is missing.", "封印文件 {subject} 缺失。",
     _RESTORE, _RESTORE_ZH),
    ("SEAL_SIGNATURE_BAD", _F, "The signature {subject} does not hold.", "签名 {subject} 无效。",
     _KEEP, _KEEP_ZH),
    ("SEAL_MISPLACED", _F, "The note {subject} belongs to another size or log.",
     "检查点 {subject} 属于其他长度或日志。", _KEEP, _KEEP_ZH),
    ("SEAL_LINK_BAD", _F, "{subject} is not named as it must be by the batch that follows it.",
     "{subject} 未被后一批次如实记载。", _REPORT, _REPORT_ZH),
    ("SEALING_IN_PROGRESS", _I, "{subject} is being sealed at this moment.",
     "{subject} 正在封存。", _LATER, _LATER_ZH),
    ("SEAL_GAP", _F,
     "Nothing was sealed for too long before {subject}, and no outage is recorded.",
     "{subject} 之前过久未封存，且无中断记录。", _CLOCK, _CLOCK_ZH),
    ("STALE", _I, "The newest timestamp of {subject} is too old.",
     "{subject} 的最新时间戳过旧。",
     "Ask whether the archive still runs; newer entries may have been cut off.",
     "请确认存证库是否仍在运行；较新的条目可能已被截去。"),
    # timestamps
    ("TIMESTAMP_BAD", _F, "The timestamp {subject} is not valid for its seal.",
     "时间戳 {subject} 对其封印无效。", _KEEP, _KEEP_ZH),
    ("TIMESTAMP_MISSING", _F, "The timestamp {subject} is missing although the ledger names it.",
     "账本已记载的时间戳 {subject} 缺失。", _RESTORE, _RESTORE_ZH),
    ("TIMESTAMP_PENDING", _I, "The timestamp {subject} has not come yet.",
     "时间戳 {subject} 尚未取得。", _LATER, _LATER_ZH),
    ("TIMESTAMP_LATE", _F, "The timestamp {subject} came too late, or not at all.",
     "时间戳 {subject} 过晚或始终未取得。", _CLOCK, _CLOCK_ZH),
    ("CLOCK_DIFFERS", _I,
     "Entries below {subject} name a time later than the token that proves them.",
     "{subject} 所证明的条目载有晚于该时间戳的时间。",
     "One of the two clocks was wrong: ask the operator which, before relying on these times.",
     "两个时钟之一有误：采信这些时间之前，请向运行人员查明。"),
    ("TIMESTAMP_ORDER", _F, "The time in {subject} is not later than that of the seal before.",
     "{subject} 的时间不晚于前一封印。", _REPORT, _REPORT_ZH),
    ("INTERNAL_TIME", _N,
     "The timestamps of {subject} are internal: they prove order, not time.",
     "{subject} 的时间戳为内部时间戳：仅证明先后，不能对运行人员证明时间。",
     "Use an outside timestamp authority where time must be proved.",
     "需要证明时间时，请使用外部时间戳服务。"),
    # certificates
    ("CERTIFICATE_BAD", _F,
     "A certificate of {subject} is not trusted by the policy at that time.",
     "{subject} 的证书在当时不为策略所信任。", _POLICY, _POLICY_ZH),
    ("CERTIFICATE_REVOKED", _F, "A certificate of {subject} had been revoked by then.",
     "{subject} 的证书当时已被吊销。", _REPORT, _REPORT_ZH),
    ("REVOCATION_UNKNOWN", _I, "No revocation list in force says whether {subject} was revoked.",
     "没有当时有效的吊销列表可判断 {subject} 是否被吊销。",
     "Obtain the newest CRL from the issuer and pass it with `--crl`.",
     "向签发机构取得最新吊销列表，并以 `--crl` 提供。"),
    ("PKI_MISSING", _F, "The certificate or revocation list {subject} is missing.",
     "证书或吊销列表 {subject} 缺失。", _RESTORE, _RESTORE_ZH),
    ("PKI_ALTERED", _F, "The certificate or revocation list {subject} was altered.",
     "证书或吊销列表 {subject} 被改动。", _RESTORE, _RESTORE_ZH),
    # records and details
    ("RECORD_MISSING", _F, "The description of {subject} is missing.",
     "{subject} 的著录信息缺失。", _RESTORE, _RESTORE_ZH),
    ("RECORD_ALTERED", _F, "The description of {subject} was altered.",
     "{subject} 的著录信息被改动。", _RESTORE, _RESTORE_ZH),
    ("RECORD_DISAGREES", _F, "The description of {subject} disagrees with its entry.",
     "{subject} 的著录信息与条目不一致。", _REPORT, _REPORT_ZH),
    ("RECORD_NOT_IN_LEDGER", _F, "The ledger holds no record {subject}.",
     "账本中没有记录 {subject}。", "Check the identifier; a receipt proves that it was there.",
     "请核对标识；回执可证明其曾经存在。"),
    ("CONTENT_MISSING", _F, "The content of {subject} is missing.", "{subject} 的原文缺失。",
     _RESTORE, _RESTORE_ZH),
    ("CONTENT_ALTERED", _F, "The content of {subject} was altered.", "{subject} 的原文被改动。",
     _RESTORE, _RESTORE_ZH),
    ("CONTENT_LOST", _F,
     "The content of {subject} was lost before it was stored, and is recorded so.",
     "{subject} 的原文在存储前丢失，已有记录。", "Read the reason in the entry's detail.",
     "请查阅该条目的详情说明。"),
    ("SIDECAR_MISSING", _F, "The sidecar of {subject} is missing.", "{subject} 的附随文件缺失。",
     _RESTORE, _RESTORE_ZH),
    ("SIDECAR_ALTERED", _F, "The sidecar of {subject} was altered.",
     "{subject} 的附随文件被改动。", _RESTORE, _RESTORE_ZH),
    ("PIECES_MISSING", _F, "The piece list of {subject} is missing.",
     "{subject} 的分片清单缺失。", _RESTORE, _RESTORE_ZH),
    ("PIECES_ALTERED", _F, "The piece list of {subject} was altered.",
     "{subject} 的分片清单被改动。", _RESTORE, _RESTORE_ZH),
    ("DETAIL_MISSING", _F, "The detail {subject} is missing.", "详情 {subject} 缺失。", _RESTORE,
     _RESTORE_ZH),
    ("DETAIL_ALTERED", _F, "The detail {subject} was altered.", "详情 {subject} 被改动。",
     _RESTORE, _RESTORE_ZH),
    ("OBJECT_UNEXPECTED", _F, "The object {subject} is not named by the ledger.",
     "对象 {subject} 未见于账本。",
     "If sealing was interrupted, let it finish and verify again; else find out who wrote it.",
     "如封存曾中断，请待其完成后再次核验；否则查明何人写入。"),
    # kept from earlier
    ("RECEIPTED_MISSING", _F, "The receipted entry {subject} is not in the ledger.",
     "有回执的条目 {subject} 不在账本中。", _REPORT, _REPORT_ZH),
    ("RECEIPT_BAD", _I, "The receipt {subject} does not prove itself.",
     "回执 {subject} 不能自证。", "Look for the original line in the device's outbox.",
     "请查找设备端的原始回执行。"),
    ("NOTE_UNTRUSTED", _I, "The note {subject} is not signed by a key of the policy.",
     "检查点 {subject} 未由策略中的密钥签名。", _POLICY, _POLICY_ZH),
    # the inspection itself
    ("STORE_UNREADABLE", _I, "{subject} could not be read.", "{subject} 无法读取。",
     "Check the disk, the network and the rights of this account, then verify again.",
     "请检查磁盘、网络及账户权限后再次核验。"),
    ("CHECK_INCOMPLETE", _I, "The check of {subject} could not be finished.",
     "对 {subject} 的核验未能完成。", "Keep the report and tell the makers of this program.",
     "请保存报告并告知本程序的开发者。"),
    ("NOTHING_SELECTED", _I, "No record matches {subject}, so none was checked.",
     "没有记录符合 {subject}，故未核验任何记录。", "Check what was asked for.",
     "请核对核验范围。"),
    # worth knowing
    ("POINTER_STALE", _N, "The pointer {subject} does not show the newest note.",
     "指针 {subject} 未指向最新检查点。", "It is a hint only; the next seal renews it.",
     "仅为提示；下一次封存会更新。"),
    ("OUTAGE_RECORDED", _N, "An outage is recorded: {subject}.", "有中断记录：{subject}。",
     "Read when it began and ended, and why.", "请查看起止时间和原因。"),
    ("POLICY_NOT_INDEPENDENT", _N, "The policy {subject} was read from the archive itself.",
     "策略 {subject} 取自存证库自身。", "Verify with a policy file that was taken away earlier.",
     "请使用此前另行保存的策略文件核验。"),
)
# fmt: on
