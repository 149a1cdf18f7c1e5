"""SM2 signatures (GB/T 32918.2), checked only: no secret is used here, so time may tell anything.

    holds(public_point, message, signature)      # DER SEQUENCE of r and s, or both at 32 bytes

`cryptography` knows SM3 and not SM2. The arithmetic is that of any curve over a prime field.
"""

import hashlib

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
USUAL_ID = b"1234567812345678"
"""The identity of GM/T 0009, which everybody signs with."""
Point = tuple[int, int] | None
"""None is the point at infinity."""


def holds(public: bytes, message: bytes, signature: bytes, identity: bytes = USUAL_ID) -> bool:
    """Whether a signature over a message is of this key (an uncompressed point, 65 bytes)."""
    point, pair = _point(public), _pair(signature)
    if point is None or pair is None:
        return False
    r, s = pair
    if not (0 < r < N and 0 < s < N) or (r + s) % N == 0:
        return False
    place = _plus(_times(s, G), _times((r + s) % N, point))
    if place is None:
        return False
    e = int.from_bytes(_sm3(own_digest(point, identity) + message), "big")
    return (e + place[0]) % N == r


def own_digest(point: tuple[int, int], identity: bytes = USUAL_ID) -> bytes:
    """The digest over identity, curve and key that goes in front of every message."""
    numbers = (A, B, *G, *point)
    head = (8 * len(identity)).to_bytes(2, "big") + identity
    return _sm3(head + b"".join(number.to_bytes(32, "big") for number in numbers))


def _sm3(data: bytes) -> bytes:
    return hashlib.new("sm3", data).digest()


def _point(data: bytes) -> tuple[int, int] | None:
    if len(data) != 65 or data[0] != 4:
        return None
    x, y = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
    on_curve = x < P and y < P and (y * y - (x * x * x + A * x + B)) % P == 0
    return (x, y) if on_curve else None


def _pair(signature: bytes) -> tuple[int, int] | None:
    if len(signature) == 64:
        return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    try:
        return decode_dss_signature(signature)
    except ValueError:
        return None


def _plus(one: Point, two: Point) -> Point:
    if one is None or two is None:
        return one or two
    if one[0] == two[0]:
        if (one[1] + two[1]) % P == 0:
            return None
        slope = (3 * one[0] * one[0] + A) * pow(2 * one[1], -1, P)
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, P)
    x = (slope * slope - one[0] - two[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def _times(factor: int, point: Point) -> Point:
    found: Point = None
    while factor:
        if factor & 1:
            found = _plus(found, point)
        point = _plus(point, point)
        factor >>= 1
    return found
