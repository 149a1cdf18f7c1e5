"""Codes of what is odd about signatures in a document, with a sentence in both languages."""

APPENDED = "BYTES_APPENDED"
CHANGED_AFTER = "CHANGED_AFTER_SIGNING"
LIMIT = "LIMIT_REACHED"
NOT_CHECKED = "SIGNATURE_NOT_CHECKED"
NO_CERTIFICATE = "NO_CERTIFICATE"
PARTS_OPEN = "PARTS_NOT_COVERED"
READER_DIED = "READER_DIED"
SIGNATURE_BROKEN = "SIGNATURE_BROKEN"
SIGNED_AGAIN = "SIGNED_AGAIN"
UNSIGNED_FIELD = "NO_SIGNATURE_FOUND"
WEAK = "WEAK_DIGEST"

CODES = {
    APPENDED: ("bytes stand behind what was signed", "签名范围之后另有字节"),
    CHANGED_AFTER: ("the document was changed after it was signed", "签名后文件被更改"),
    LIMIT: ("it takes too much to check", "查验超出限额"),
    NOT_CHECKED: ("a signature could not be checked", "有签名无法查验"),
    NO_CERTIFICATE: ("a signature brings no certificate", "签名未附证书"),
    PARTS_OPEN: ("parts of the document are not covered", "文件有部分未被签名覆盖"),
    READER_DIED: ("the checking process ended", "查验进程异常终止"),
    SIGNATURE_BROKEN: ("a signature does not hold", "签名不成立"),
    SIGNED_AGAIN: ("another signature was added later", "之后又加签"),
    UNSIGNED_FIELD: ("there is no signature", "未发现签名"),
    WEAK: ("a signature over a digest that can be forged", "签名所用摘要算法已可被伪造"),
}
"""Code -> (English, Chinese)."""
