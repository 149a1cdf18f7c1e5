"""Whether a text can be a rule set: read as strictly as it will be when it is in force."""

from archive.access_rules import AccessRules
from archive.errors import FormatError, UsageError
from archive.oversight.alerts.settings import AlertSettings

RULE_SETS = ("access", "alerts")


def check_rule_text(name: object, text: object) -> None:
    """Raise UsageError saying what is wrong with a text of `access` or `alerts` rules."""
    try:
        if name == "access":
            AccessRules.parse(str(text))
        elif name == "alerts":
            AlertSettings.parse(str(text))
        else:
            raise FormatError("there are rules for access and for alerts")
    except FormatError as error:
        raise UsageError(f"These rules cannot be used: {error}.") from error
