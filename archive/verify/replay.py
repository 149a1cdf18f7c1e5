"""One act after another through the rule book, with what the rule book leaves to its caller.

Shared by verification and rebuilding, so that both let the same acts count. Signatures of the
entry's own statements were judged before; those inside an opened access are judged here.
"""

from collections.abc import Callable
from datetime import datetime

from archive.errors import FormatError
from archive.registers.act import Act, Unknown
from archive.registers.admit import admit
from archive.registers.concealed import Start
from archive.registers.denials import denied
from archive.registers.keeping import Law
from archive.registers.shelf import Shelf
from archive.statements.body import SignedBody, read_body
from archive.verify.context import Found
from archive.verify.judges import Judges
from archive.verify.statements import Verdict, judge_statement

Claims = Callable[[str, str], bool]
"""Whether a record's own description claims this case number; raises Unknown."""
Withdrawn = Callable[[str, datetime], bool]
"""Whether the register itself says somewhere that a person is revoked from before a moment."""


class Replay:
    """Takes acts in the order of the ledger; `archive_id` is whose statements count.

    Without a `law` acts of retention are Unknown.
    """

    def __init__(
        self,
        shelf: Shelf,
        archive_id: str,
        judges: Judges,
        claims: Claims,
        withdrawn: Withdrawn,
        law: Law | None = None,
    ) -> None:
        self._shelf = shelf
        self._archive_id = archive_id
        self._judges = judges
        self._claims = claims
        self._withdrawn = withdrawn
        self._law = law

    def take(self, act: Act, verdict: Verdict, found: Found) -> SignedBody | None:
        """Let one act count; returns its signed body, None for what the archive itself wrote.

        Raises Denied or FormatError if it does not count, Unknown if nobody can tell.
        """
        if verdict is Verdict.UNKNOWN:
            self._missing(act, read_body(act.kind, act.body))
        if verdict is Verdict.REVOKED:
            self._revoked(act, read_body(act.kind, act.body))
        if act.kind == "access.opened":
            self._opened(act, found)
        if act.kind == "case.linked":
            self._linked(act)
        return admit(self._shelf, act, self._archive_id, self._law)

    def _missing(self, act: Act, body: SignedBody) -> None:
        """Unknown for a certificate that somebody was enrolled with; others are nobody's."""
        for signed in body.statements:
            digest = str(signed.statement.certificate)
            if self._judges.stored(digest) is None:
                enrolled = self._shelf.get("certificate", digest) is not None
                if enrolled or act.kind == "person.enrolled":
                    raise Unknown(f"the certificate {digest} is missing")
        raise denied("SIGNER_UNKNOWN", " ".join(body.signers))

    def _revoked(self, act: Act, body: SignedBody) -> None:
        """Denied unless the register says so too: then its own words decide from when on."""
        for signed in body.statements:
            person, moments = signed.statement.person, (act.at, body.accepted_at)
            verdict = judge_statement(self._judges, signed, moments, act.place, [])
            if verdict is Verdict.REVOKED and not self._withdrawn(person, act.at):
                raise denied("SIGNER_REVOKED", person)

    def _opened(self, act: Act, found: Found) -> None:
        """The statements inside an opened access, at the time when it was concealed."""
        data = act.detail()
        if data is None:
            raise FormatError("access.opened has a detail")
        start = Start.parse(data["start"])
        for signed in start.statements:
            verdict = judge_statement(self._judges, signed, (start.accepted_at,), act.place, found)
            match verdict:
                case Verdict.BAD:
                    raise denied("STATEMENT_BAD", signed.statement.person)
                case Verdict.UNKNOWN:
                    raise Unknown("a signer's certificate is missing")
                case Verdict.REVOKED:
                    details = {"person": signed.statement.person}
                    found.append(("SIGNER_DOUBTFUL", act.place, details))

    def _linked(self, act: Act) -> None:
        """Only records that claim the case's number are linked without anybody's word."""
        case = self._shelf.get("case", act.subject or "")
        if case is None:
            return
        for record in act.body["records"]:
            if self._shelf.get("record", record) is None:
                continue
            if case["number"] is None or not self._claims(record, case["number"]):
                raise denied("ATTACHMENT", record)
