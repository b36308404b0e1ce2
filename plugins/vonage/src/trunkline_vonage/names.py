"""What to call a connection."""

from __future__ import annotations

from trunkline import e164, names
from trunkline.errors import CredentialsRejected, PluginBroken, TrunklineError
from trunkline.numbers import SuggestedName
from trunkline_vonage import accounts
from trunkline_vonage.client import Vonage
from trunkline_vonage.numbers import key_of


def suggest(vonage: Vonage) -> SuggestedName:
    """The account's name where Vonage tells it, else the named or only application's, else the API key."""
    number = _first_number(vonage)
    name = names.shown(accounts.standing(vonage).name or "") or names.shown(_application(vonage) or "")
    return SuggestedName(name or f"account {vonage.api_key}", number)


def _application(vonage: Vonage) -> str | None:
    """The name of the application given, or of the only one there is."""
    wanted = vonage.application_id
    try:
        if wanted:
            rows = [vonage.ask(lambda sdk: sdk.application.get_application(wanted))]
        else:
            embedded = vonage.ask(lambda sdk: sdk.application.list_applications()).get("_embedded")
            found = embedded.get("applications") if isinstance(embedded, dict) else None
            rows = found if isinstance(found, list) else []
    except (PluginBroken, CredentialsRejected):
        raise
    except TrunklineError:
        return None
    name = rows[0].get("name") if len(rows) == 1 and isinstance(rows[0], dict) else None
    return name if isinstance(name, str) else None


def _first_number(vonage: Vonage) -> str | None:
    for page in vonage.pages():
        for row in page.rows:
            number = f"+{key_of(row)[1]}"
            if e164.is_e164(number):
                return number
        return None
    return None
