"""Whether a text can be a rule set: read as strictly as it will be when it is in force."""

from archive.access_rules import AccessRules
from archive.errors import FormatError, UsageError
from archive.oversight.alerts.settings import AlertSettings
from archive.record_list import RecordList
from retention.schedule import Schedule

RULE_SETS = ("access", "alerts", "record_list", "retention")


def check_rule_text(name: object, text: object) -> None:
    """Raise UsageError saying what is wrong with the text of a rule set."""
    try:
        if name == "access":
            AccessRules.parse(str(text))
        elif name == "alerts":
            AlertSettings.parse(str(text))
        elif name == "record_list":
            RecordList.parse(str(text))
        elif name == "retention":
            Schedule.parse(str(text))
        else:
            raise FormatError(f"the rule sets are {', '.join(RULE_SETS)}")
    except FormatError as error:
        raise UsageError(f"These rules cannot be used: {error}.") from error
