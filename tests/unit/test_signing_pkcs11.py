"""Keys on a real token (SoftHSM), and the URIs that name them."""

import os
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pki_fixture import make_pki, subject
from softhsm import MODULE, PIN, SoftHsm, needs_softhsm

from signing import pkcs11 as tokens
from signing.authority import Validity, issue_person_certificate, read_request
from signing.errors import KeyLoadError, KeyLocked
from signing.keys import P256, RSA
from signing.person_key import make_request, open_person_key
from signing.pkcs11 import KeyUri, Pkcs11Signer
from signing.signatures import check_signature

DATA = b"cunzheng statement v1\n{}"


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory):
    made = SoftHsm.make(tmp_path_factory.mktemp("hsm"))
    made.make_key("zhang", number="01")
    made.make_key("wang", "RSA:2048", number="02")
    made.make_key("p384", "EC:secp384r1", number="03")
    made.make_key("twin", number="04")
    made.make_key("twin", number="05")
    os.environ["SOFTHSM2_CONF"] = made.environment["SOFTHSM2_CONF"]
    tokens.restart(MODULE)
    yield made
    tokens.restart(MODULE)
    del os.environ["SOFTHSM2_CONF"]


def holds(signer: Pkcs11Signer, signature: bytes, data: bytes = DATA) -> bool:
    key = serialization.load_der_public_key(signer.public_key())
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    return True


class TestUri:
    def test_all_parts_are_read(self):
        text = "pkcs11:token=a%20b;object=%E5%BC%A0;id=%01%ff;serial=9?module-path=/lib/x%3B.so"
        assert KeyUri.parse(text) == KeyUri("/lib/x;.so", "a b", b"9", "张", b"\x01\xff")

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("pkcs11:token=a;object=b", "module-path"),
            ("pkcs11:object=b?module-path=/m", "no token"),
            ("pkcs11:token=a?module-path=/m", "no key"),
            ("pkcs11:token=a;object=b?module-path=/m&pin-value=1234", "does not belong"),
            ("pkcs11:token=a;object=b?module-path=/m&pin-source=/f", "does not belong"),
            ("pkcs11:token=a;token=c;object=b?module-path=/m", "malformed"),
            ("pkcs11:token;object=b?module-path=/m", "malformed"),
            ("pkcs11:token=%ff;object=b?module-path=/m", "malformed"),
            ("pkcs11:token=a;object=b;flavour=c?module-path=/m", "not known"),
            ("pkcs11:token=a;object=b;type=cert?module-path=/m", "private key"),
            ("pkcs12:token=a;object=b?module-path=/m", "not known"),
        ],
    )
    def test_what_is_wrong_is_said(self, text, sentence):
        with pytest.raises(KeyLoadError, match=sentence) as caught:
            KeyUri.parse(text)
        assert "1234" not in str(caught.value)

    def test_a_missing_library_is_one_sentence(self):
        with pytest.raises(KeyLoadError, match="cannot be used"):
            Pkcs11Signer.open("pkcs11:token=a;object=b?module-path=/nowhere/lib.so", "1")


class TestToken:
    pytestmark = needs_softhsm

    def test_both_kinds_sign(self, hsm):
        elliptic = Pkcs11Signer.open(hsm.uri("zhang"), PIN)
        numbers = Pkcs11Signer.open(hsm.uri("wang"), PIN)
        assert (elliptic.algorithm, numbers.algorithm) == (P256, RSA)
        # Many, so that numbers with a leading zero or a set top bit are among them.
        for number in range(300):
            data = b"%d" % number
            assert holds(elliptic, elliptic.sign(data), data)
        assert holds(numbers, numbers.sign(DATA))

    def test_wrong_pin_is_one_sentence_without_it(self, hsm):
        for _ in range(2):
            with pytest.raises(KeyLocked, match="PIN") as caught:
                Pkcs11Signer.open(hsm.uri("zhang"), "secret-guess")
            assert "secret-guess" not in str(caught.value)
            # Wrong before and after somebody with the right one has logged in.
            assert Pkcs11Signer.open(hsm.uri("zhang"), PIN).sign(DATA)
        tokens._forget(MODULE)
        with pytest.raises(KeyLocked, match="PIN"):
            Pkcs11Signer.open(hsm.uri("zhang"), "secret-guess")
        with pytest.raises(KeyLoadError, match="not empty"):
            Pkcs11Signer.open(hsm.uri("zhang"), "")

    @pytest.mark.parametrize(
        ("label", "sentence"),
        [("nobody", "no key"), ("twin", "more than one key"), ("p384", "neither P-256")],
    )
    def test_keys_that_will_not_do(self, hsm, label, sentence):
        with pytest.raises(KeyLoadError, match=sentence):
            Pkcs11Signer.open(hsm.uri(label), PIN)

    def test_twins_are_told_apart_by_id(self, hsm):
        by_id = hsm.uri("twin").replace("?", ";id=%05?")
        assert Pkcs11Signer.open(by_id, PIN).sign(DATA)

    def test_a_missing_token_is_one_sentence(self, hsm):
        with pytest.raises(KeyLoadError, match="no token"):
            Pkcs11Signer.open(hsm.uri("zhang").replace("evid", "other"), PIN)

    # A search in a session that is closed makes python-pkcs11 complain as it cleans up.
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
    def test_a_session_that_broke_is_opened_again(self, hsm):
        signer = Pkcs11Signer.open(hsm.uri("zhang"), PIN)
        for again in (
            lambda: signer.sign(DATA),
            lambda: Pkcs11Signer.open(hsm.uri("zhang"), PIN).sign(DATA),
        ):
            with tokens._session(signer._uri, PIN) as session:
                session.close()
            assert holds(signer, again())
        with tokens._session(signer._uri, PIN) as session:
            session.close()
        assert signer.certificates() == []

    def test_several_threads_sign_at_once(self, hsm):
        signers = [Pkcs11Signer.open(hsm.uri(name), PIN) for name in ("zhang", "wang")]
        good: list[bool] = []

        def work(signer: Pkcs11Signer) -> None:
            for number in range(20):
                data = b"%d" % number
                good.append(holds(signer, signer.sign(data), data))

        threads = [threading.Thread(target=work, args=(signers[n % 2],)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert good == [True] * 120

    def test_a_forked_child_signs_and_the_parent_goes_on(self, hsm):
        signer = Pkcs11Signer.open(hsm.uri("zhang"), PIN)
        signer.sign(DATA)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(write, signer.sign(DATA))
            finally:
                os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            signature = pipe.read()
        os.waitpid(child, 0)
        assert holds(signer, signature)
        assert holds(signer, signer.sign(DATA))


class TestPerson:
    pytestmark = needs_softhsm

    def test_a_person_with_a_token(self, hsm, tmp_path: Path):
        bare = open_person_key(hsm.uri("wang"), PIN)
        assert (bare.certificate, bare.chain) == (None, ())
        pki = make_pki()
        public = read_request(make_request(bare.signer, "wang"))
        assert public == bare.signer.public_key()
        life = Validity(pki.now, pki.now.replace(year=pki.now.year + 1))
        certificate = issue_person_certificate(pki.issuing, public, subject("wang"), 5, life)
        hsm.write_certificate(certificate, "wang", "02")
        found = open_person_key(hsm.uri("wang"), PIN)
        assert found.certificate == certificate
        check_signature(certificate, DATA, found.signer.sign(DATA))

    def test_a_certificate_of_another_key_is_refused(self, hsm):
        hsm.make_key("li", number="09")
        hsm.write_certificate(make_pki().sealing_certificate, "li", "09")
        with pytest.raises(KeyLoadError, match="does not belong"):
            open_person_key(hsm.uri("li"), PIN)
