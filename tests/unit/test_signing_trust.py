import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pki_fixture import POLICY_OID, make_pki, to_pem

from signing.errors import TrustPolicyError
from signing.note import NoteKey
from signing.trust import Limits, LogKey, TrustPolicy, TsaRoot

PKI = make_pki()
START = datetime(2026, 1, 1, tzinfo=UTC)
KEY = PKI.log_signer.public_key()
ARCHIVE = "cunzheng.local/01kan"
POLICY = TrustPolicy(
    archive=ARCHIVE,
    log_keys=(LogKey(KEY, START), LogKey(bytes(32), START, START + timedelta(days=1.5))),
    ca_roots=PKI.roots,
    tsa_roots=(
        TsaRoot(PKI.roots[0], "internal"),
        TsaRoot(PKI.roots[0], "outside", (POLICY_OID, "1.2.3")),
    ),
    limits=Limits(min_crl_number=7),
)
TEXT = POLICY.to_toml()
ROOT = to_pem(PKI.roots)
MINIMAL = f'''
cunzheng_policy = 1
archive = "{ARCHIVE}"
[[log_key]]
key = "{base64.b64encode(KEY).decode()}"
not_before = 2026-01-01T08:00:00+08:00
[[ca_root]]
pem = """{ROOT}"""
[[tsa_root]]
pem = """{ROOT}"""
kind = "internal"
'''


def test_text_and_back() -> None:
    assert TrustPolicy.parse(TEXT.encode()) == POLICY
    assert TrustPolicy.parse(TEXT.encode()).to_toml() == TEXT


def test_minimal_policy_has_the_documented_limits() -> None:
    policy = TrustPolicy.parse(MINIMAL.encode())
    assert policy.limits == Limits(7200, 86400, 86400, 0)
    assert policy.log_keys == (LogKey(KEY, START),)
    assert policy.tsa_roots == (TsaRoot(PKI.roots[0], "internal"),)


def test_roots_of_people_and_back() -> None:
    assert TrustPolicy.parse(MINIMAL.encode()).person_roots == ()
    roots = make_pki().roots
    policy = replace(POLICY, person_roots=roots)
    assert policy.to_toml().count("[[person_root]]") == 1
    assert TrustPolicy.parse(policy.to_toml().encode()) == policy
    leaf = f'{MINIMAL}[[person_root]]\npem = """{to_pem([PKI.sealing_certificate])}"""\n'
    with pytest.raises(TrustPolicyError, match="root"):
        TrustPolicy.parse(leaf.encode())
    other = f'{MINIMAL}[[person_root]]\npem = """{ROOT}"""\nkind = "internal"\n'
    with pytest.raises(TrustPolicyError, match="Unknown key"):
        TrustPolicy.parse(other.encode())


def test_keys_for_an_origin() -> None:
    origin = f"{ARCHIVE}/main-2026"
    assert POLICY.log_keys_for(origin) == (NoteKey(origin, KEY), NoteKey(origin, bytes(32)))
    late = START + timedelta(days=2)
    assert POLICY.log_keys_for(origin, late) == (NoteKey(origin, KEY),)
    assert POLICY.log_keys_for(origin, START - timedelta(seconds=1)) == ()


@pytest.mark.parametrize(
    "origin",
    [
        "",
        ARCHIVE,
        f"{ARCHIVE}/",
        f"{ARCHIVE}/main",
        f"{ARCHIVE}/x/main-2026",
        f"{ARCHIVE}x/main-2026",
        f"evil/{ARCHIVE}/main-2026",
        f"{ARCHIVE}/main-2026\n",
        f"{ARCHIVE}/Main-2026",
    ],
)
def test_other_origins_have_no_keys(origin: str) -> None:
    assert POLICY.log_keys_for(origin) == ()


def _cut(heading: str) -> str:
    """Drop the first table with this heading."""
    start = MINIMAL.index(heading)
    end = MINIMAL.find("\n[[", start + 1)
    return MINIMAL[:start] + (MINIMAL[end:] if end > 0 else "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cunzheng_policy"),
        ("x", "TOML"),
        (MINIMAL.replace("cunzheng_policy = 1", "cunzheng_policy = 2"), "version"),
        (MINIMAL.replace("cunzheng_policy = 1", "cunzheng_policy = true"), "wrong type"),
        (MINIMAL.replace("cunzheng_policy = 1", "cunzheng_policy = 1\nextra = 1"), "Unknown key"),
        (MINIMAL.replace(ARCHIVE, "no archive"), "archive id"),
        (_cut("[[log_key]]"), "needs a log key"),
        (_cut("[[ca_root]]"), "needs a log key, a CA root"),
        (_cut("[[tsa_root]]"), "TSA root"),
        (MINIMAL.replace("not_before", "not_befor"), "not_before"),
        (MINIMAL.replace("+08:00", ""), "time zone"),
        (MINIMAL.replace("2026-01-01T08:00:00+08:00", '"2026"'), "wrong type"),
        (MINIMAL.replace('key = "', 'key = "!'), "base64"),
        (MINIMAL.replace('key = "', 'key = "AAAA'), "32 bytes"),
        (MINIMAL.replace('"internal"', '"inside"'), "internal or outside"),
        (MINIMAL + "policies = []\n", "accepts no token"),
        (MINIMAL + 'policies = ["x"]\n', "object identifier"),
        (MINIMAL + "policies = [1]\n", "object identifier"),
        (MINIMAL + "extra = 1\n", "Unknown key"),
        (MINIMAL + "[limits]\nmax_age = -1\n", "negative"),
        (MINIMAL + "[limits]\nmax_age = true\n", "wrong type"),
        (MINIMAL + "[limits]\nmax_agee = 1\n", "Unknown key"),
        (MINIMAL.replace("-----BEGIN", "-----BEGIM"), "PEM"),
        (MINIMAL.replace(ROOT, to_pem([PKI.sealing_certificate])), "CA certificate"),
        (MINIMAL.replace(ROOT, ROOT + ROOT), "exactly one"),
        ("log_key = 1\n" + _cut("[[log_key]]"), "wrong type"),
        ("log_key = [1]\n" + _cut("[[log_key]]"), "is a table"),
    ],
)
def test_malformed_policies_are_refused(text: str, words: str) -> None:
    with pytest.raises(TrustPolicyError, match=words):
        TrustPolicy.parse(text.encode())


def test_policy_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(TrustPolicyError):
        TrustPolicy.parse(b"\xff")
