"""Cases: tokens that are late, missing or out of order, long silence, certificates."""

from dataclasses import replace
from datetime import timedelta

from archive_builder import Builder
from pki_fixture import serial_of
from verify_cases import Given, Made, case

from archive import layout
from archive.times import format_time
from signing.authority import Revocation
from signing.keys import ED25519, MemorySigner
from signing.trust import Limits, LogKey, TrustPolicy, TsaRoot

LOG = "main-2026"
DAY = 86_400


def _opened(given: Given) -> Builder:
    made = given.empty()
    made.open()
    return made


@case("TIMESTAMP_PENDING")
def token_not_there_yet(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    made.refuse()
    made.seal(token=False)
    return made.verify(), {"TIMESTAMP_PENDING": layout.token_key(LOG, 3)}


@case("TIMESTAMP_LATE", "STALE")
def token_that_never_came(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    made.refuse()
    made.seal(token=False)
    return made.verify(after=DAY + 60), {
        "TIMESTAMP_LATE": layout.token_key(LOG, 3),
        "STALE": LOG,
    }


@case("TIMESTAMP_LATE")
def token_that_came_too_late(given: Given) -> Made:
    made = _opened(given)
    made.seal(token=False)
    made.tick(DAY + 60)
    made.stamp(1)
    return made.verify(), {"TIMESTAMP_LATE": layout.token_key(LOG, 1)}


@case()
def late_token_named_by_a_later_batch(given: Given) -> Made:
    made = _opened(given)
    made.seal(token=False)
    made.refuse()
    made.tick(60)
    token = made.stamp(1, name=False)
    made.seal()
    made.link(tokens=[{"log": LOG, "size": 1, "tst": token}])
    made.seal()
    return made.verify(), {}


@case("TIMESTAMP_MISSING")
def late_token_removed_again(given: Given) -> Made:
    made = _opened(given)
    made.seal(token=False)
    made.refuse()
    token = made.stamp(1, name=False)
    made.seal()
    made.link(tokens=[{"log": LOG, "size": 1, "tst": token}])
    made.seal()
    made.path(layout.token_key(LOG, 1)).unlink()
    return made.verify(), {"TIMESTAMP_MISSING": layout.token_key(LOG, 1)}


@case("TIMESTAMP_ORDER")
def tokens_in_reverse_order(given: Given) -> Made:
    made = _opened(given)
    made.seal(token=False)
    made.refuse()
    made.seal()
    made.stamp(1)
    return made.verify(), {"TIMESTAMP_ORDER": layout.token_key(LOG, 3)}


@case("SEAL_LINK_BAD", "TIMESTAMP_ORDER")
def token_renewed_by_the_operator(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    made.refuse()
    made.seal()
    made.stamp(1)
    return made.verify(), {
        "SEAL_LINK_BAD": layout.token_key(LOG, 1),
        "TIMESTAMP_ORDER": layout.token_key(LOG, 3),
    }


@case("TIMESTAMP_BAD")
def token_from_the_future(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    return made.verify(after=-3600), {"TIMESTAMP_BAD": layout.token_key(LOG, 1)}


@case("CLOCK_DIFFERS")
def entry_from_after_its_token(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    ahead = made.now + timedelta(minutes=10)
    made.entry("log.heartbeat", "log", None, {}, at=ahead)
    made.seal()
    return made.verify(), {"CLOCK_DIFFERS": layout.token_key(LOG, 3)}


@case("CLOCK_DIFFERS")
def record_received_after_its_token(given: Given) -> Made:
    made = _opened(given)
    later = format_time(made.now + timedelta(minutes=10))
    made.accession(b"x", received_at=later)
    made.seal()
    return made.verify(), {"CLOCK_DIFFERS": layout.token_key(LOG, 2)}


@case()
def clocks_that_differ_a_little(given: Given) -> Made:
    made = _opened(given)
    later = format_time(made.now + timedelta(minutes=4))
    made.accession(b"x", received_at=later, first_hash_at=later)
    made.seal()
    return made.verify(), {}


@case("SEAL_GAP")
def long_silence(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    made.tick(3 * 3600)
    made.refuse()
    made.seal()
    return made.verify(), {"SEAL_GAP": layout.token_key(LOG, 3)}


def _outage(made: Builder, since: str, until: str | None) -> None:
    body = {"outage": made.new_id(), "reason": "not_running", "since": since}
    made.entry("outage.started", "log", None, body)
    if until:
        made.entry("outage.ended", "log", None, {**body, "until": until})


@case("OUTAGE_RECORDED")
def long_silence_with_a_recorded_outage(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    since = format_time(made.now)
    made.tick(3 * 3600)
    _outage(made, since, format_time(made.now))
    made.seal()
    return made.verify(), {"OUTAGE_RECORDED": "not_running"}


@case("OUTAGE_RECORDED", "SEAL_GAP")
def outage_without_an_end_excuses_one_silence(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    since = format_time(made.now)
    made.tick(3 * 3600)
    _outage(made, since, None)
    made.seal()
    made.tick(3 * 3600)
    made.refuse()
    made.seal()
    return made.verify(), {"OUTAGE_RECORDED": "not_running", "SEAL_GAP": layout.token_key(LOG, 5)}


@case("STALE", "INTERNAL_TIME")
def archive_that_stopped(given: Given) -> Made:
    return given.small().verify(after=2 * DAY), {"STALE": LOG, "INTERNAL_TIME": LOG}


# ── certificates ──


@case("CERTIFICATE_REVOKED")
def sealing_certificate_revoked_before(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    serial = serial_of(made.pki.sealing_certificate)
    back = made.now - timedelta(minutes=10)
    made.add_crl(2, revoked=[Revocation(serial, back.replace(microsecond=0))])
    made.seal()
    return made.verify(), {"CERTIFICATE_REVOKED": layout.cms_key(LOG, 1)}


@case("CERTIFICATE_REVOKED")
def revocation_known_to_the_inspector_only(given: Given) -> Made:
    made = given.small()
    serial = serial_of(made.pki.tsa_certificate)
    crl = made.pki.crl(
        9, made.now.replace(microsecond=0), revoked=[Revocation(serial, made.now - timedelta(1))]
    )
    return made.verify(extra_crls=[crl]), {"CERTIFICATE_REVOKED": layout.token_key(LOG, 3)}


@case()
def certificate_revoked_afterwards(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    made.tick(60)
    serial = serial_of(made.pki.sealing_certificate)
    crl = made.pki.crl(9, made.now.replace(microsecond=0), revoked=[Revocation(serial, made.now)])
    return made.verify(extra_crls=[crl]), {}


@case("REVOCATION_UNKNOWN")
def no_revocation_list_in_force(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    made.tick(3 * DAY)
    body = {"outage": made.new_id(), "reason": "not_running"}
    since = format_time(made.now - timedelta(days=3))
    made.entry("outage.started", "log", None, {**body, "since": since})
    until = format_time(made.now)
    made.entry("outage.ended", "log", None, {**body, "since": since, "until": until})
    made.seal()
    return made.verify(), {"REVOCATION_UNKNOWN": layout.cms_key(LOG, 4)}


@case("REVOCATION_UNKNOWN")
def newest_revocation_list_withheld(given: Given) -> Made:
    made = given.small()
    policy = replace(made.policy, limits=Limits(min_crl_number=7))
    return made.verify(policy=policy), {"REVOCATION_UNKNOWN": LOG}


@case("CERTIFICATE_BAD")
def sealing_root_not_in_the_policy(given: Given) -> Made:
    from pki_fixture import make_pki

    made = given.small()
    policy = replace(made.policy, ca_roots=make_pki().roots)
    return made.verify(policy=policy), {"CERTIFICATE_BAD": layout.cms_key(LOG, 3)}


@case("TIMESTAMP_BAD")
def token_with_a_policy_that_is_not_accepted(given: Given) -> Made:
    made = given.small()
    root = TsaRoot(made.pki.roots[0], "outside", ("1.2.3.4",))
    policy = replace(made.policy, tsa_roots=(root,))
    return made.verify(policy=policy), {"TIMESTAMP_BAD": layout.token_key(LOG, 3)}


def _second_log_key(made: Builder, first: timedelta) -> TrustPolicy:
    """Seal once more with a new log key; the policy changes keys `first` before that."""
    made.pki = replace(made.pki, log_signer=MemorySigner.generate(ED25519))
    change = made.now - first
    made.refuse()
    made.seal()
    old = replace(made.policy.log_keys[0], not_after=change)
    new = LogKey(made.pki.log_signer.public_key(), change)
    return replace(made.policy, log_keys=(old, new))


@case()
def log_key_changed_in_time(given: Given) -> Made:
    made = given.small()
    policy = _second_log_key(made, timedelta(0))
    return made.verify(policy=policy), {}


@case("SEAL_SIGNATURE_BAD")
def log_key_used_after_its_window(given: Given) -> Made:
    """The retired key still signs, beside a new one that is in force."""
    made = given.small()
    key = made.policy.log_keys[0]
    retired = replace(key, not_after=made.now + timedelta(seconds=30))
    new = LogKey(MemorySigner.generate(ED25519).public_key(), made.now)
    made.tick(60)
    made.refuse()
    size = made.seal()
    policy = replace(made.policy, log_keys=(retired, new))
    return made.verify(policy=policy), {"SEAL_SIGNATURE_BAD": layout.note_key(LOG, size)}


@case("SEAL_SIGNATURE_BAD", "TIMESTAMP_PENDING")
def retired_log_key_without_a_token(given: Given) -> Made:
    made = given.small()
    retired = replace(made.policy.log_keys[0], not_after=made.now + timedelta(seconds=30))
    new = LogKey(MemorySigner.generate(ED25519).public_key(), made.now)
    made.tick(60)
    made.refuse()
    size = made.seal(token=False)
    policy = replace(made.policy, log_keys=(retired, new))
    return made.verify(policy=policy), {
        "SEAL_SIGNATURE_BAD": layout.note_key(LOG, size),
        "TIMESTAMP_PENDING": layout.token_key(LOG, size),
    }


@case("SEAL_SIGNATURE_BAD")
def log_key_used_before_its_window(given: Given) -> Made:
    made = given.small()
    policy = _second_log_key(made, timedelta(seconds=-60))
    return made.verify(policy=policy), {"SEAL_SIGNATURE_BAD": layout.note_key(LOG, 12)}


@case("SEAL_SIGNATURE_BAD")
def log_key_not_in_force_then(given: Given) -> Made:
    made = given.small()
    key = replace(made.policy.log_keys[0], not_before=made.now + timedelta(days=1))
    policy = replace(made.policy, log_keys=(key,))
    return made.verify(policy=policy), {"SEAL_SIGNATURE_BAD": layout.note_key(LOG, 3)}
