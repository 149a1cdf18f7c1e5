"""Keys on a PKCS #11 token: a smart card, a hardware security module, or SoftHSM.

A key is named by a URI (RFC 7512), its library by ``module-path``:

    pkcs11:token=evid;object=seal?module-path=/usr/lib/softhsm/libsofthsm2.so

SHA-256 is computed here and ECDSA asked for raw, because not every token hashes itself. One process
logs in to a token once; a forked child logs in anew, because sessions do not survive ``fork``.
"""

import hashlib
import hmac
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import unquote_to_bytes

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from signing import der
from signing.errors import CertificateBad, KeyLoadError, KeyLocked
from signing.keys import P256, RSA
from signing.signatures import PersonPublicKey, signing_key

if TYPE_CHECKING:
    from pkcs11 import Session, Token

_Result = TypeVar("_Result")
_PATH = ("token", "serial", "object", "id", "type")
_WRONG_PIN = "The PIN does not open the token."
_SECRETS = ("pin-value", "pin-source")


@dataclass(frozen=True, slots=True)
class KeyUri:
    """Which key on which token; ``token`` is its label, ``module`` the library's path."""

    module: str
    token: str | None
    serial: bytes | None
    label: str | None
    id: bytes | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URI. Raises KeyLoadError; a PIN in the URI is refused."""
        scheme, _, rest = text.partition(":")
        path, _, query = rest.partition("?")
        found = {**_attributes(path, ";"), **_attributes(query, "&")}
        if any(name in found for name in _SECRETS):
            raise KeyLoadError("A PIN does not belong in a PKCS #11 URI.")
        unknown = sorted(found.keys() - {*_PATH, "module-path"})
        if scheme != "pkcs11" or unknown:
            raise KeyLoadError("The PKCS #11 URI has a part that is not known.")
        if found.get("type", b"private") != b"private":
            raise KeyLoadError("The PKCS #11 URI does not name a private key.")
        if "module-path" not in found:
            raise KeyLoadError("The PKCS #11 URI lacks module-path, the path of the library.")
        if not ("token" in found or "serial" in found):
            raise KeyLoadError("The PKCS #11 URI names no token.")
        if not ("object" in found or "id" in found):
            raise KeyLoadError("The PKCS #11 URI names no key: object or id is missing.")
        texts = {name: _text(found.get(name)) for name in ("module-path", "token", "object")}
        return cls(
            texts["module-path"] or "",
            texts["token"],
            found.get("serial"),
            texts["object"],
            found.get("id"),
        )


@dataclass
class _Process:
    """What belongs to one process: its lock, and the tokens that it is logged in to."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    sessions: dict[tuple[str, bytes], tuple["Session", str]] = field(default_factory=dict)
    libraries: dict[str, Any] = field(default_factory=dict)


_process = _Process()


class Pkcs11Signer:
    """A signer whose key never leaves its token. May be used from several threads, and after fork.

    The PIN is kept in memory, because a forked process has to log in again.
    """

    def __init__(self, uri: KeyUri, pin: str, public_key: PersonPublicKey) -> None:
        self._uri = uri
        self._pin = pin
        self._public_key = public_key
        self._key: Any = None

    @classmethod
    def open(cls, uri: str, pin: str) -> Self:
        """Find the key. Raises KeyLocked for the PIN, KeyLoadError for everything else."""
        parsed = KeyUri.parse(uri)
        if not pin:
            raise KeyLoadError("A token needs a PIN that is not empty.")
        return cls(
            parsed, pin, _with_session(parsed, pin, lambda open_: _public_key(open_, parsed))
        )

    @property
    def algorithm(self) -> str:
        """``ecdsa-p256-sha256`` or ``rsa-pkcs1-sha256``."""
        return RSA if isinstance(self._public_key, rsa.RSAPublicKey) else P256

    def public_key(self) -> bytes:
        """Return the DER SubjectPublicKeyInfo."""
        return self._public_key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, data: bytes) -> bytes:
        """Sign, as in ``Signer``. Raises KeyLoadError without the token, KeyLocked for its PIN."""
        return _with_session(self._uri, self._pin, lambda session: self._sign(session, data))

    def certificates(self) -> list[bytes]:
        """Return the DER certificates on the token with the key's id or label. Raises as sign."""
        return _with_session(self._uri, self._pin, self._certificates)

    def _certificates(self, session: "Session") -> list[bytes]:
        from pkcs11 import Attribute, ObjectClass

        key = self._handle(session)
        found: dict[bytes, None] = {}
        for name, value in ((Attribute.ID, key.id), (Attribute.LABEL, key.label)):
            if value:
                query = {Attribute.CLASS: ObjectClass.CERTIFICATE, name: value}
                found.update((bytes(o[Attribute.VALUE]), None) for o in _all(session, query))
        return list(found)

    def _sign(self, session: "Session", data: bytes) -> bytes:
        from pkcs11 import Mechanism

        key = self._handle(session)
        if self.algorithm == RSA:
            return bytes(key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS))
        raw = bytes(key.sign(hashlib.sha256(data).digest(), mechanism=Mechanism.ECDSA))
        half = len(raw) // 2
        numbers = (int.from_bytes(part, "big") for part in (raw[:half], raw[half:]))
        return der.sequence(*map(der.integer, numbers))

    def _handle(self, session: "Session") -> Any:
        """Return the key's handle, which is good for one login of one process."""
        if self._key is None or self._key.session is not session:
            self._key = _private_key(session, self._uri)
        return self._key


def _attributes(part: str, separator: str) -> dict[str, bytes]:
    """Read ``name=value`` pairs with percent-encoding; a name may come once."""
    found: dict[str, bytes] = {}
    for item in filter(None, part.split(separator)):
        name, equals, value = item.partition("=")
        if not equals or name in found:
            raise KeyLoadError("The PKCS #11 URI is malformed.")
        found[name] = unquote_to_bytes(value)
    return found


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise KeyLoadError("The PKCS #11 URI is malformed.") from error


def restart(module: str) -> None:
    """Let go of a library's tokens and begin anew, so that it sees what was plugged in or made."""
    with _process.lock:
        _forget(module)
        if module in _process.libraries:
            _restart(_process.libraries[module])


def _after_fork() -> None:
    """Begin anew in a child: the parent's lock may be held, and its sessions are not ours."""
    global _process  # noqa: PLW0603 - one state for one process
    inherited = _process.libraries
    _process = _Process()
    for module, library in inherited.items():
        _restart(library)
        _process.libraries[module] = library


def _restart(library: Any) -> None:
    """Forget what the library had open. The child of a fork must initialize it itself."""
    from pkcs11 import PKCS11Error

    try:
        library.finalize()
    except PKCS11Error:
        # Libraries that notice the fork say here that they are not initialized.
        return


os.register_at_fork(after_in_child=_after_fork)


def _with_session(uri: KeyUri, pin: str, act: Callable[["Session"], _Result]) -> _Result:
    """Do something with the token. A session that broke, as when a card was out, is renewed once.

    Raises KeyLocked or KeyLoadError.
    """
    from pkcs11 import PKCS11Error

    try:
        with _session(uri, pin) as session:
            return act(session)
    except PKCS11Error:
        _forget(uri.module)
    try:
        with _session(uri, pin) as session:
            return act(session)
    except PKCS11Error as error:
        raise KeyLoadError(f"The token does not answer ({type(error).__name__}).") from error


@contextmanager
def _session(uri: KeyUri, pin: str) -> Iterator["Session"]:
    """Give the process's one session with the token, for one thread at a time."""
    with _process.lock:
        token = _token(uri)
        place = (uri.module, bytes(token.serial))
        held = _process.sessions.get(place)
        if held is None:
            held = (_login(token, pin), pin)
            _process.sessions[place] = held
        elif not hmac.compare_digest(held[1].encode(), pin.encode()):
            raise KeyLocked(_WRONG_PIN)
        yield held[0]


def _token(uri: KeyUri) -> "Token":
    """Find the one token that the URI names."""
    slots = _library(uri.module).get_slots(token_present=True)
    tokens: list[Token] = [slot.get_token() for slot in slots]
    found = [
        token
        for token in tokens
        if uri.token in (None, token.label) and uri.serial in (None, bytes(token.serial))
    ]
    if len(found) != 1:
        missing = "There is no token" if not found else "There is more than one token"
        raise KeyLoadError(f"{missing} of this name ({uri.token or 'by serial number'}).")
    return found[0]


def _library(module: str) -> Any:
    library = _process.libraries.get(module)
    if library is None or not library.initialized:
        from pkcs11 import PKCS11Error, lib

        try:
            library = lib(module)
        except PKCS11Error as error:
            raise KeyLoadError(f"The PKCS #11 library {module} cannot be used.") from error
        _process.libraries[module] = library
    return library


def _login(token: "Token", pin: str) -> "Session":
    import pkcs11

    wrong = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange)
    try:
        return token.open(user_pin=pin)
    except wrong as error:
        raise KeyLocked(_WRONG_PIN) from error
    except pkcs11.PinLocked as error:
        raise KeyLoadError("The token is locked after too many wrong PINs.") from error
    except pkcs11.PKCS11Error as error:
        raise KeyLoadError(f"The token cannot be opened ({type(error).__name__}).") from error


def _forget(module: str) -> None:
    """Give up the sessions with a library's tokens, for example after a card was pulled out."""
    from pkcs11 import PKCS11Error

    with _process.lock:
        for place in [place for place in _process.sessions if place[0] == module]:
            session, _ = _process.sessions.pop(place)
            try:
                session.close()
            except PKCS11Error:
                continue


def _all(session: "Session", query: dict[Any, Any]) -> list[Any]:
    return list(session.get_objects(query))


def _query(uri: KeyUri, kind: Any) -> dict[Any, Any]:
    from pkcs11 import Attribute

    query: dict[Any, Any] = {Attribute.CLASS: kind}
    if uri.label is not None:
        query[Attribute.LABEL] = uri.label
    if uri.id is not None:
        query[Attribute.ID] = uri.id
    return query


def _private_key(session: "Session", uri: KeyUri) -> Any:
    from pkcs11 import ObjectClass

    found = _all(session, _query(uri, ObjectClass.PRIVATE_KEY))
    if len(found) != 1:
        missing = "There is no key" if not found else "There is more than one key"
        raise KeyLoadError(f"{missing} of this name on the token ({uri.label or 'by id'}).")
    return found[0]


def _public_key(session: "Session", uri: KeyUri) -> PersonPublicKey:
    """Find the key, and read the public key object that goes with it."""
    from pkcs11 import Attribute, KeyType, ObjectClass
    from pkcs11.util.ec import encode_ec_public_key
    from pkcs11.util.rsa import encode_rsa_public_key

    private = _private_key(session, uri)
    encoders = {KeyType.EC: encode_ec_public_key, KeyType.RSA: encode_rsa_public_key}
    query = _query(uri, ObjectClass.PUBLIC_KEY)
    if private.id:
        query = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.ID: private.id}
    try:
        found = _all(session, query)
        encode = encoders.get(private.key_type)
        if len(found) != 1 or encode is None:
            raise KeyLoadError("The token has no public key (P-256 or RSA) beside the key.")
        return signing_key(serialization.load_der_public_key(encode(found[0])))
    except CertificateBad as error:
        raise KeyLoadError(str(error)) from error
    except ValueError as error:
        raise KeyLoadError("The token's public key cannot be read.") from error
