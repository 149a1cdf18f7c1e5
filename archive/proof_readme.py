"""README.txt of a proof bundle: how to check it with coreutils and openssl, in two languages.

Every line that begins with `$ ` is a command; the lines below it with `> ` go on with it.
tests/outside runs them as they stand.
"""

import math
from datetime import datetime

from archive.entry import Entry
from archive.sealed_record import SealedRecord
from archive.stored_log import ProvedEntry

CLIMB = """\
>   if [ $((first % 2)) -eq 1 ] || [ "$first" -eq "$last" ]; then
>     leaf=$(hash "$step" "$leaf")
>     while [ $((first % 2)) -eq 0 ] && [ "$first" -ne 0 ]; do
>       first=$((first / 2)); last=$((last / 2))
>     done
>   else
>     leaf=$(hash "$leaf" "$step")
>   fi
>   first=$((first / 2)); last=$((last / 2))"""
"""One step up an inclusion path in shell (RFC 9162 2.1.3.2): `leaf`, `first`, `last`, `step`."""

_README = """\
Proof for record {record}
记录 {record} 的存证证明

What is here / 内容
  entry.json                the ledger entry, byte for byte     账本条目原文
  record.json               the description of the record       记录描述
  proof.tlog-proof          inclusion proof (C2SP tlog-proof)   包含证明
  checkpoint.note           the signed head of the ledger       已签名的账本检查点
  checkpoint.note.p7s       its CMS signature                   检查点的 CMS 签名
  checkpoint.note.p7s.tst   the timestamp of the signature      签名的时间戳
  certificates.pem          certificates of the archive         证书
  crls.pem                  its revocation lists                证书撤销列表

Sealed in the log {log} as entry {index} of {size}, timestamp {time}.
封存于账本 {log} 第 {index} 号条目(共 {size} 条),时间戳 {time}。

You need bash, GNU coreutils and openssl. Put the archive's root certificate into this folder as
root.pem, received in another way than this bundle: whoever made a bundle can make certificates.
需要 bash、GNU coreutils 与 openssl。请将归档机构的根证书存为本目录下的 root.pem;
根证书必须经其他途径取得,不得取自本证明包。
{taking}
1. The content you hold is the record's / 核对所持内容
   Its SHA-256 must be the sha256 in entry.json under "content".
   其 SHA-256 应与 entry.json 中 "content" 的 sha256 一致:
     {sha256}

$ sha256sum -- CONTENT

2. The description is the one in the ledger / 描述与账本一致
   The result must be the "record" in entry.json / 结果应等于 entry.json 的 "record":
     {description}

$ sha256sum record.json

3. The entry stands in the ledger / 条目在账本之中
   Hash the entry and go up the inclusion path (RFC 6962). Both lines must be the same.
   计算条目哈希并沿包含路径上行(RFC 6962),两行应完全相同。

$ sum() {{ openssl dgst -sha256 -binary | base64; }}
> hash() {{ {{ printf '\\001'; printf '%s%s' "$1" "$2" | base64 -d; }} | sum; }}
> leaf=$({{ printf '\\000'; cat entry.json; }} | sum)
> first=$(sed -n 's/^index //p' proof.tlog-proof); last=$(($(sed -n 2p checkpoint.note) - 1))
> for step in $(sed -n '3,/^$/p' proof.tlog-proof); do
{climb}
> done
> echo "$leaf"; sed -n 3p checkpoint.note

4. The checkpoint in the proof is the signed one / 证明中的检查点即被签名者

$ sed '1,/^$/d' proof.tlog-proof | cmp - checkpoint.note && echo same

5. The archive signed the checkpoint / 归档机构签署了检查点

$ openssl cms -verify -binary -inform DER -in checkpoint.note.p7s -content checkpoint.note \\
>   -CAfile root.pem -certfile certificates.pem -purpose any -cades -attime {epoch} -out /dev/null

6. When it did so at the latest / 签署时间不晚于

$ openssl ts -verify -token_in -in checkpoint.note.p7s.tst -data checkpoint.note.p7s \\
>   -CAfile root.pem -untrusted certificates.pem -attime {epoch}
> openssl ts -reply -token_in -in checkpoint.note.p7s.tst -text -token_out | grep 'Time stamp:'

7. The certificate was not revoked then / 当时证书未被撤销

$ openssl cms -cmsout -noout -inform DER -in checkpoint.note.p7s -certsout signer.pem
> openssl verify -CAfile root.pem -untrusted certificates.pem -CRLfile crls.pem -crl_check_all \\
>   -attime {epoch} signer.pem

An embedded timestamp proves the order of events, not the time against the operator.
内置时间戳仅证明先后顺序,不能对运行人员证明时间。
"""


_TAKING = """
0. Take the content out of its pack / 从记录包中取出内容
   The record travels with others in an uncompressed ZIP. Whoever holds the store has it there:
   该记录与其他记录同在一个未压缩的 ZIP 包中,位于存储的:
     {key}
   With a copy of it in this folder as PACK, either of these gives CONTENT; after `unzip PACK`
   `sha256sum -c SHA256SUMS` checks the pack as a whole. Without `unzip` dd is enough.
   将其副本存为本目录下的 PACK 后,以下两条命令任选其一;执行 unzip PACK 之后,
   还可用 sha256sum -c SHA256SUMS 核对整个包。

$ dd if=PACK of=CONTENT iflag=skip_bytes,count_bytes skip={start} count={size} status=none

$ unzip -p PACK {record}/content > CONTENT
"""
"""Only for a record in a pack."""


_GONE = """\
2. The record was destroyed / 该记录已销毁
   Its description and content are gone by a disposition that is in the ledger; the entry with their
   digests remains. A copy that was handed out before is still checked as above.
   其描述与原文已按账本所载的处置销毁，登记条目及摘要仍在；此前交付的副本仍可如上核对。

"""


_BLOCKED = """\
2. The record is blocked / 该记录已封控
   Its description and content are not handed out any more, as the ledger says; the entry with their
   digests remains. A copy that was handed out before is still checked as above.
   其描述与原文按账本所载不再提供，登记条目及摘要仍在；此前交付的副本仍可如上核对。

"""


def _taking(record: SealedRecord) -> str:
    """How to get the content of a packed record; nothing for one that stands alone."""
    part = record.content_part
    if part.pack is None:
        return ""
    return _TAKING.format(key=part.pack, start=part.start, size=part.size, record=record.id)


def readme(record: SealedRecord, gen_time: datetime) -> bytes:
    """The text for one record; `gen_time` is the token's time."""
    proved = record.proved
    sha256 = next(d for d in record.description.digests if d.algorithm == "sha256")
    return _README.format(
        climb=CLIMB,
        taking=_taking(record),
        record=record.id,
        log=proved.log,
        index=proved.index,
        size=proved.size,
        time=gen_time.strftime("%Y-%m-%d %H:%M:%S UTC"),
        sha256=sha256.value.hex(),
        description=str(record.entry.body["record"]).partition(":")[2],
        epoch=math.ceil(gen_time.timestamp()),
    ).encode()


def readme_of_destroyed(
    record: str, proved: ProvedEntry, gen_time: datetime, *, blocked: bool = False
) -> bytes:
    """The same for a record of which only the entry remains, or is shown."""
    before, _, rest = _README.partition("2. The description")
    _, mark, after = rest.partition("3. The entry")
    lines = [line for line in before.splitlines(keepends=True) if "record.json" not in line]
    content: list[str] = Entry.parse(proved.data).body["content"]
    sha256 = next(text for text in content if text.startswith("sha256:"))
    return (
        ("".join(lines) + (_BLOCKED if blocked else _GONE) + mark + after)
        .format(
            climb=CLIMB,
            taking="",
            record=record,
            log=proved.log,
            index=proved.index,
            size=proved.size,
            time=gen_time.strftime("%Y-%m-%d %H:%M:%S UTC"),
            sha256=sha256.partition(":")[2],
            epoch=math.ceil(gen_time.timestamp()),
        )
        .encode()
    )
