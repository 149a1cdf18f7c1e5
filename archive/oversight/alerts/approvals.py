"""A7: an approver who approves himself, or always the same person."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from archive.oversight.alerts.alert import Alert, raised
from archive.oversight.alerts.settings import AlertSettings, Pair
from archive.oversight.alerts.windows import Span
from archive.oversight.events import Decided, Event, Place

_Office = tuple[str, str | None]
"""A role, and the unit where the role is one of a unit."""
_OF_UNIT = "approver.department_head"


class SamePair:
    """A7. A lone approver of a unit is no sign: others must be at work in the same role."""

    def __init__(self) -> None:
        self._asked: defaultdict[tuple[str, _Office], Span[tuple[str, Place]]] = defaultdict(Span)
        self._given: defaultdict[_Office, Span[tuple[str, str]]] = defaultdict(Span)
        self._told: dict[tuple[str, str], datetime] = {}

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        if not isinstance(event, Decided) or not event.asked or not event.person:
            return
        asker = event.asked.person
        if event.decision == "withdraw" or not asker:
            return
        if event.person == asker:
            words = (
                f"{asker} decided on a request of his own.",
                f"{asker} 审批了本人的申请。",
            )
            yield raised("A7", settings.a7, event, (event.asked.place, event.place), words)
        elif event.decision == "approve" and event.role:
            yield from self._approved(event, asker, event.person, settings.a7)

    def _approved(self, event: Decided, asker: str, approver: str, basics: Pair) -> Iterator[Alert]:
        office = (str(event.role), event.unit if event.role == _OF_UNIT else None)
        window = timedelta(days=basics.days)
        asked, given = self._asked[asker, office], self._given[office]
        for span in (asked, given):
            span.drop(event.at, window)
        asked.add(event.at, (approver, event.place))
        given.add(event.at, (approver, asker))
        told = self._told.get((asker, approver))
        if len(asked) < basics.approvals or (told and event.at - told <= window):
            return
        his = [place for who, place in asked if who == approver]
        others = sum(who != approver and whom != asker for who, whom in given)
        if len(his) * 100 > basics.share_percent * len(asked) and others >= basics.others:
            self._told[asker, approver] = event.at
            yield raised(
                "A7", basics, event, his, _pair(event, asker, len(his), len(asked), others)
            )


def _pair(event: Decided, asker: str, his: int, all_of_them: int, others: int) -> tuple[str, str]:
    share = 100 * his // all_of_them
    return (
        f"{event.person} gave {his} of the {all_of_them} approvals that {asker} got as "
        f"{event.role} ({share} %), though others gave {others} to other people.",
        f"{asker} 在 {event.role} 环节获得的 {all_of_them} 次批准中有 {his} 次（{share}%）来自 "
        f"{event.person}，而同期其他审批人批准他人 {others} 次。",
    )
