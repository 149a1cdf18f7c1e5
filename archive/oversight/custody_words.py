"""What the chain of custody says in words, and the README beside its proofs."""

import math
from collections.abc import Mapping
from datetime import datetime

from archive import vocabulary
from archive.documents.table import Language
from archive.oversight import events as ev
from archive.oversight.events import Event
from archive.proof_readme import CLIMB
from archive.times import film_clock

KINDS: Mapping[str, tuple[str, str]] = {
    "record.accessioned": ("sealed", "入库封存"),
    "record.redropped": ("dropped again", "重复投放"),
    "record.lost": ("content lost", "内容丢失"),
    "record.amended": ("amended", "补充登记"),
    "derived.made": ("derivative made", "制作衍生件"),
    "case.opened": ("case opened", "案件登记"),
    "case.changed": ("case changed", "案件变更"),
    "case.closed": ("case closed", "案件结案"),
    "case.attached": ("attached to a case", "关联案件"),
    "case.detached": ("detached from a case", "解除关联"),
    "case.linked": ("linked by its own claim", "按声明关联案件"),
    "case.filed": ("its case filed in a volume", "案卷归档"),
    "hold.placed": ("put on hold", "封存保全"),
    "hold.lifted": ("hold lifted", "解除封存保全"),
    "access.requested": ("asked for", "申请调阅"),
    "access.decided": ("decided", "审批"),
    "access.denied": ("try refused", "尝试被拒"),
    "access.started": ("access begun", "开始调阅"),
    "access.completed": ("access completed", "调阅完成"),
    "access.aborted": ("access aborted", "调阅中止"),
    "access.closed": ("request closed", "申请办结"),
    "access.returned": ("copies returned", "副本归还"),
    "access.destroyed": ("copies destroyed", "副本销毁"),
    "access.concealed": ("confidential access", "保密调阅"),
    "access.concealed_end": ("end of a confidential access", "保密调阅结束"),
    "access.opened": ("confidential access opened", "保密调阅公开"),
    "alert.handled": ("alert handled", "告警处置"),
    "retention.set": ("term set", "设定保管期限"),
    "retention.classed": ("retention class", "划定保管类别"),
    "retention.extended": ("kept longer", "延长保管期限"),
    "disposition.proposed": ("destruction proposed", "提请销毁"),
    "disposition.decided": ("destruction decided", "销毁审批"),
    "disposition.executed": ("destruction ordered", "执行销毁"),
    "record.destroyed": ("destroyed", "已销毁"),
    "record.spilled": ("blocked as a secret", "涉密封控"),
    "record.cleared": ("cleared from a store", "已从部分存储清除"),
    "pack.split": ("split off its pack", "拆包单独存放"),
}


def say_what(event: Event, lang: Language) -> str:
    """The codes and figures of an event in a few words."""
    parts = _of_registers(event, lang) if event.kind in _REGISTERS else _of_access(event, lang)
    return ", ".join(filter(None, parts))


_REGISTERS = {kind for kind in KINDS if not kind.startswith("access.")}


def _of_registers(event: Event, lang: Language) -> tuple[str | None, ...]:
    found: tuple[str | None, ...] = ()
    match event:
        case ev.Accessioned():
            found = (event.source, f"{event.size:,} B")
        case ev.CaseChanged():
            found = (event.case,)
        case ev.HoldChanged():
            found = (event.hold, event.case)
        case ev.KeptOrGone():
            found = (event.disposition,)
        case ev.Made():
            span = event.span and f"{film_clock(event.span[0])} – {film_clock(event.span[1])}"
            role = _label(vocabulary.DERIVATIVES, event.role, lang)
            found = (role, span, f"{event.size:,} B", event.access)
        case ev.AlertHandled():
            found = (event.rule, _label(vocabulary.DISPOSITIONS, event.disposition, lang))
        case _:
            pass
    return found


def _of_access(event: Event, lang: Language) -> tuple[str | None, ...]:
    found: tuple[str | None, ...] = ()
    match event:
        case ev.Requested():
            found = (
                event.request,
                _label(vocabulary.CAPACITIES, event.capacity, lang),
                _label(vocabulary.ACTIONS, event.action, lang),
                _label(vocabulary.PURPOSES, event.purpose, lang),
            )
        case ev.Decided():
            role = _label(vocabulary.ROLES, event.role, lang) if event.role else None
            found = (event.request, role, _label(vocabulary.DECISIONS, event.decision, lang))
        case ev.Started():
            found = (event.access, _label(vocabulary.ACTIONS, event.action, lang))
        case ev.Ended():
            found = (event.access, f"{event.bytes:,} B", event.code)
        case ev.Denied():
            action = _label(vocabulary.ACTIONS, event.action, lang) if event.action else None
            found = (event.request, action, event.code)
        case ev.Closed():
            found = (event.request, event.code)
        case ev.Returned():
            found = (event.access, str(event.count))
        case ev.Concealed() | ev.Opened():
            found = (event.access,)
        case _:
            pass
    return found


def _label(labels: vocabulary.Labels, code: str, lang: Language) -> str:
    return labels[code][1 if lang == "zh" else 0] if code in labels else code


_README = """\
Chain of custody of record {record}
记录 {record} 的保管链

What is here / 内容
  custody.*                 the document for people                      供阅读的文件
  NNNN.entry.json           one ledger entry, byte for byte              账本条目原文
  NNNN.tlog-proof           its inclusion proof (C2SP tlog-proof)        该条目的包含证明
  NNNN.detail.json          its free text, where you may see it          所承诺的文字内容(如可提供)
  LOG.note                  the signed head of that log                  该账本的已签名检查点
  LOG.note.p7s, .note.p7s.tst   CMS signature and its timestamp          检查点签名及时间戳
  certificates.pem, crls.pem    certificates and revocation lists        证书与撤销列表

You need bash, GNU coreutils and openssl. Put the archive's root certificate into this folder as
root.pem, received in another way than this folder: whoever made it can make certificates.
需要 bash、GNU coreutils 与 openssl。请将归档机构的根证书存为本目录下的 root.pem;
根证书必须经其他途径取得,不得取自本目录。

1. Every entry stands in the ledger / 每个条目均在账本之中
   Each line must end in "ok" (RFC 6962) / 每行须以 ok 结尾:

$ sum() {{ openssl dgst -sha256 -binary | base64; }}
> hash() {{ {{ printf '\\001'; printf '%s%s' "$1" "$2" | base64 -d; }} | sum; }}
> for proof in *.tlog-proof; do
>   leaf=$({{ printf '\\000'; cat "${{proof%.tlog-proof}}.entry.json"; }} | sum)
>   sed '1,/^$/d' "$proof" > checked.note; log=$(sed -n '1s|.*/||p' checked.note)
>   first=$(sed -n 's/^index //p' "$proof"); last=$(($(sed -n 2p checked.note) - 1))
>   for step in $(sed -n '3,/^$/p' "$proof"); do
{climb}
>   done
>   [ "$leaf" = "$(sed -n 3p checked.note)" ] && cmp -s checked.note "$log.note" && echo "$proof ok"
> done

2. The texts are those that were committed / 文字内容与承诺一致
   Every digest below must stand as "detail" in the entry of the same number.
   下列摘要均应等于同号条目中的 "detail"。

$ for text in *.detail.json; do [ -e "$text" ] && sha256sum "$text"; done; true

3. The archive signed the heads, and when at the latest / 检查点由归档机构签署及其最晚时间
{seals}
An embedded timestamp proves the order of events, not the time against the operator.
A person's own signature stands in the entry under "statements" (docs/formats.md, section 11).
内置时间戳仅证明先后顺序,不能对运行人员证明时间。
人员本人的签名在条目的 "statements" 中(docs/formats.md 第 11 节)。
"""
_SEAL = """
   {log}: {size} entries, {time}

$ openssl cms -verify -binary -inform DER -in {log}.note.p7s -content {log}.note \\
>   -CAfile root.pem -certfile certificates.pem -purpose any -cades -attime {epoch} -out /dev/null

$ openssl ts -verify -token_in -in {log}.note.p7s.tst -data {log}.note.p7s \\
>   -CAfile root.pem -untrusted certificates.pem -attime {epoch}
"""


def readme(record: str, sealed: Mapping[str, tuple[int, datetime]]) -> bytes:
    """How to check the folder; `sealed` is size and genTime of every log's seal."""
    seals = [
        _SEAL.format(
            log=log,
            size=size,
            time=when.strftime("%Y-%m-%d %H:%M:%S UTC"),
            epoch=math.ceil(when.timestamp()),
        )
        for log, (size, when) in sorted(sealed.items())
    ]
    climb = CLIMB.replace(">   ", ">     ")
    return _README.format(record=record, climb=climb, seals="".join(seals)).encode()
