"""From what boto3 raises to the errors of the archive: one sentence each, and no secrets.

Only codes and statuses of the server are repeated, never its free text, headers or URLs.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from archive.errors import ArchiveError, ObjectConflict, ObjectMissing, Unreachable, UsageError


class AlreadyThere(ObjectConflict):
    """412: the key is taken. The bytes there may be our own, from a reply that was lost."""


class Contended(Unreachable):
    """409: somebody else is writing this key at this moment; trying again is right."""


class UploadGone(Unreachable):
    """A multipart upload is not known to the server: completed, aborted or expired."""


class AccessRefused(UsageError):
    """403: these credentials may not do this, or a lock forbids it."""


class NotSupported(UsageError):
    """The server does not know the operation, or refuses its parameters."""


class BeyondEnd(NotSupported):
    """416: a range begins behind the last byte."""


_CREDENTIALS = "The S3 server refuses the credentials ({answer}); see s3_profile_… in the settings."
_MISSING = "{what} is not in the store"
_REFUSED = "The S3 server does not accept this for {what} ({answer})."
_CONTENDED = "{what} is being written by somebody else at this moment."
_BY_CODE: dict[str, tuple[type[ArchiveError], str]] = {
    "NoSuchBucket": (
        UsageError,
        "There is no such bucket on the server, asked about {what}; make it first.",
    ),
    "NoSuchUpload": (UploadGone, "The upload of {what} is not known to the server any more."),
    "RequestTimeTooSkewed": (
        Unreachable,
        "The clocks of this machine and of the S3 server are more than 15 minutes apart: set them"
        " right, nothing can be stored until then ({answer}).",
    ),
    "InvalidAccessKeyId": (UsageError, _CREDENTIALS),
    "SignatureDoesNotMatch": (UsageError, _CREDENTIALS),
    "InvalidToken": (UsageError, _CREDENTIALS),
    "ExpiredToken": (UsageError, _CREDENTIALS),
    "AuthorizationHeaderMalformed": (UsageError, _CREDENTIALS),
    "ConditionalRequestConflict": (Contended, _CONTENDED),
    "OperationAborted": (Contended, _CONTENDED),
    "NoSuchKey": (ObjectMissing, _MISSING),
    "NoSuchVersion": (ObjectMissing, _MISSING),
    "InvalidRequest": (NotSupported, _REFUSED),
    "InvalidArgument": (NotSupported, _REFUSED),
}
_BY_STATUS: dict[int, tuple[type[ArchiveError], str]] = {
    403: (AccessRefused, "The S3 server does not allow this for {what} ({answer})."),
    404: (ObjectMissing, _MISSING),
    405: (NotSupported, _REFUSED),
    412: (AlreadyThere, "{what} is already stored with other bytes"),
    416: (BeyondEnd, "{what} has no bytes there."),
    429: (Unreachable, "The S3 server is too busy for {what} ({answer}); try again later."),
    501: (NotSupported, _REFUSED),
    503: (Unreachable, "The S3 server is too busy for {what} ({answer}); try again later."),
}
_OTHERWISE = (Unreachable, "The S3 server cannot serve {what} ({answer}).")


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Translate what boto3 raises; `what` names the key or the bucket in the sentence."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _of_reply(error, what) from error
    except BotoCoreError as error:
        raise _of_client(error, what) from error


def _of_reply(error: Exception, what: str) -> ArchiveError:
    response = getattr(error, "response", {})
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    answer = str(status) if code in ("", str(status)) else f"{status} {code}"
    kind, sentence = _BY_CODE.get(code) or _BY_STATUS.get(status, _OTHERWISE)
    return kind(sentence.format(what=what, answer=answer))


def _of_client(error: Exception, what: str) -> ArchiveError:
    from botocore import exceptions as boto

    missing = (boto.NoCredentialsError, boto.PartialCredentialsError, boto.ProfileNotFound)
    if isinstance(error, missing):
        return UsageError(
            "There are no credentials for the S3 server; set AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY, or name a profile (s3_profile_… in the settings)."
        )
    if isinstance(error, boto.SSLError):
        return Unreachable("The S3 server's certificate does not hold; see s3_ca in the settings.")
    if isinstance(error, boto.ParamValidationError):
        return UsageError(f"The request for {what} is not possible as it is set up.")
    if isinstance(error, boto.ReadTimeoutError | boto.ConnectTimeoutError):
        return Unreachable(f"The S3 server did not answer for {what} in time.")
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError):
        return Unreachable(f"The S3 server cannot be reached for {what}; see s3_endpoint.")
    return Unreachable(f"The S3 server gave no whole answer for {what} ({type(error).__name__}).")
