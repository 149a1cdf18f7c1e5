"""A token is stored only if its authority leads to a known root."""

from datetime import UTC, datetime, timedelta

import pytest
from pki_fixture import make_pki

from signing.anchors import check_anchor
from signing.digest import Digest
from signing.errors import CertificateBad
from signing.timestamp import Token, check_token
from signing.tsa_embedded import EmbeddedAuthority

NOW = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)


def _token(pki: object, at: datetime = NOW) -> Token:
    digest = Digest.of("sha256", b"x")
    authority = EmbeddedAuthority(
        pki.tsa_certificate, pki.tsa_signer, pki.intermediates, "1.2.3.4", lambda: at, lambda: 7
    )
    return check_token(authority.timestamp(digest), digest=digest)


def test_a_token_of_our_own_root_is_accepted() -> None:
    pki = make_pki(NOW)
    check_anchor(_token(pki), pki.roots)


def test_a_token_of_a_foreign_root_is_refused() -> None:
    with pytest.raises(CertificateBad, match="does not lead"):
        check_anchor(_token(make_pki(NOW)), make_pki(NOW).roots)


def test_no_root_means_no_trust() -> None:
    with pytest.raises(CertificateBad):
        check_anchor(_token(make_pki(NOW)), [])


def test_a_chain_that_had_expired_at_gentime_is_refused() -> None:
    pki = make_pki(NOW)
    token = _token(pki)
    late = Token(
        **{
            **{f: getattr(token, f) for f in token.__slots__},
            "gen_time": NOW + timedelta(days=40000),
        }
    )
    with pytest.raises(CertificateBad):
        check_anchor(late, pki.roots)
