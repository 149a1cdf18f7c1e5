"""What an S3 server must promise before evidence is left to it, and what it means if it does not.

Names are stored in `store.probed` and written into `accept_missing`, so they never change.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from archive.storage_level import GOVERNANCE, NO_LOCKS


@dataclass(frozen=True, slots=True)
class Guarantee:
    """One promise: its name, what it is, and what follows where it is missing; in both languages.

    `locks` says that it is only asked where objects are locked, `must` that without it no lock may
    be asked for at all, whoever accepts it.
    """

    name: str
    en: str
    zh: str
    without_en: str
    without_zh: str
    locks: bool = False
    must: bool = False


# One row after another is easier to read than one field after another.
# fmt: off
_PLAIN = (
    Guarantee(
        "create_only",
        "An object is created only where there is none (If-None-Match).",
        "仅在对象不存在时才创建（If-None-Match）。",
        "a second write lies over the first, and only the list of versions tells which came first",
        "第二次写入会盖住第一次，只有版本列表能说明先后",
    ),
    Guarantee(
        "create_only_race",
        "Of several who create the same object at once, one succeeds.",
        "多方同时创建同一对象时，只有一方成功。",
        "two writers at the same moment both believe that theirs is the record",
        "两方同时写入时，双方都会以为自己写入的是正式记录",
    ),
    Guarantee(
        "create_only_multipart",
        "An object sent in parts is created only where there is none.",
        "分段上传的对象同样仅在不存在时才创建。",
        "a large object can be laid over another one without an error",
        "大文件可能盖住已有对象而不报错",
    ),
    Guarantee(
        "sha256_enforced",
        "Bytes that have not the SHA-256 they were sent with are refused.",
        "与所附 SHA-256 不符的内容会被拒绝。",
        "damage on the way is only found by the read-back",
        "传输中的损坏只能在回读时发现",
    ),
    Guarantee(
        "md5_enforced",
        "Bytes that have not the MD5 they were sent with are refused.",
        "与所附 MD5 不符的内容会被拒绝。",
        "damage on the way is only found by the read-back",
        "传输中的损坏只能在回读时发现",
    ),
)
_LOCKS = (
    Guarantee(
        "locks_configured",
        "The bucket was made with Object Lock.",
        "存储桶启用了对象锁。",
        "nothing in this bucket can be locked",
        "此桶中的内容均无法锁定",
        locks=True, must=True,
    ),
    Guarantee(
        "versioning",
        "The bucket keeps versions.",
        "存储桶保留各版本。",
        "an overwritten object is gone",
        "被覆盖的对象无法找回",
        locks=True, must=True,
    ),
    Guarantee(
        "keeps_versions",
        "An overwritten or deleted object can still be read by its version.",
        "被覆盖或删除的对象仍可按版本读取。",
        "whoever may write can remove what was written before",
        "有写入权限者即可抹去先前写入的内容",
        locks=True, must=True,
    ),
    Guarantee(
        "sub_resource_safe",
        "Setting a lock leaves the object's bytes alone.",
        "设置锁不会改动对象内容。",
        "the server puts the request in the place of the object: every lock would destroy what it"
        " should keep",
        "服务器会用请求本身替换对象：每次加锁都会毁掉要保护的内容",
        locks=True, must=True,
    ),
    Guarantee(
        "lock_on_put",
        "A lock that is asked for with the write is there.",
        "写入时要求的锁确实生效。",
        "between write and lock an object can be deleted",
        "写入与加锁之间，对象可以被删除",
        locks=True,
    ),
    Guarantee(
        "lock_on_multipart",
        "A lock that is asked for with an upload in parts is there.",
        "分段上传时要求的锁确实生效。",
        "a large object can be deleted until its lock is set after the upload",
        "大文件在上传完成后补设锁之前可以被删除",
        locks=True,
    ),
    Guarantee(
        "lock_lengthens",
        "A lock can be made longer, and then is.",
        "锁可以延长，且延长后生效。",
        "nothing can be kept longer than was known when it was written",
        "无法超过写入时已知的期限继续保存",
        locks=True, must=True,
    ),
    Guarantee(
        "delete_refused",
        "A version under a compliance lock cannot be deleted, by no right.",
        "合规锁下的版本任何权限都不能删除。",
        "whoever has the rights deletes evidence before its time",
        "有权限者可以提前删除证据",
        locks=True,
    ),
    Guarantee(
        "shorten_refused",
        "A compliance lock cannot be shortened.",
        "合规锁不能缩短。",
        "whoever has the rights lets a lock end now, and deletes",
        "有权限者可以让锁立即到期再删除",
        locks=True,
    ),
    Guarantee(
        "downgrade_refused",
        "A compliance lock cannot be turned into a weaker one.",
        "合规锁不能改为较弱的锁。",
        "whoever has the rights weakens the lock first, and deletes",
        "有权限者可以先降级锁再删除",
        locks=True,
    ),
    Guarantee(
        "governance_holds",
        "A governance lock stops whoever has not the right to bypass it.",
        "治理锁能阻止没有绕过权限者。",
        "the governance lock protects nothing",
        "治理锁没有任何保护作用",
        locks=True,
    ),
    Guarantee(
        "legal_hold",
        "A version under a legal hold cannot be deleted.",
        "法律保留下的版本不能删除。",
        "what a court or a case holds is only kept by its date",
        "被封存的内容只能靠期限保存",
        locks=True,
    ),
    Guarantee(
        "far_dates",
        "A lock beyond 2106 keeps its date.",
        "2106 年以后的锁定日期不会出错。",
        "a date beyond 2106 becomes one long past, and the lock is none; this archive asks for no"
        " such date, other tools may",
        "2106 年以后的日期会变成早已过去的日期，锁随即失效；本系统不使用此类日期，其他工具可能会用",
        locks=True,
    ),
    Guarantee(
        "suspend_refused",
        "Versioning cannot be switched off.",
        "版本功能不能关闭。",
        "new objects can be made replaceable without a trace",
        "可以使新对象被覆盖而不留痕迹",
        locks=True,
    ),
)
# fmt: on
GUARANTEES: Mapping[str, Guarantee] = {item.name: item for item in (*_PLAIN, *_LOCKS)}
"""Every guarantee by name, in the order in which the probe asks."""

_STRONG = frozenset({"delete_refused", "shorten_refused", "downgrade_refused"})
_BOTH = frozenset({"lock_on_put", "legal_hold"}) | {g.name for g in _LOCKS if g.must}


def needed(lock_mode: str) -> frozenset[str]:
    """What is asked of a server for a lock mode; without locks only what has to do with none."""
    if lock_mode == NO_LOCKS:
        return frozenset(item.name for item in _PLAIN)
    if lock_mode == GOVERNANCE:
        return frozenset(GUARANTEES) - _STRONG
    return frozenset(GUARANTEES)


def level_of(lock_mode: str, missing: Collection[str]) -> str:
    """The strongest level up to the mode that what is missing leaves; see vocabulary.LEVELS."""
    gone = frozenset(missing)
    if lock_mode == NO_LOCKS or gone & _BOTH:
        return NO_LOCKS
    if lock_mode != GOVERNANCE and not gone & _STRONG:
        return lock_mode
    return NO_LOCKS if "governance_holds" in gone else GOVERNANCE


def unacceptable(missing: Collection[str]) -> list[str]:
    """What nobody can accept as long as objects shall be locked, in the order of the table."""
    return [name for name, item in GUARANTEES.items() if item.must and name in missing]
