"""What to call a connection."""

from __future__ import annotations

from trunkline import e164, names
from trunkline.errors import AccountSuspended, PermissionMissing
from trunkline.numbers import SuggestedName
from trunkline.refusals import NotThere
from trunkline_telnyx import connections
from trunkline_telnyx.client import Telnyx
from trunkline_telnyx.numbers import PATH


def suggest(telnyx: Telnyx) -> SuggestedName:
    """The connection's name, and the first number on it: no resource has the account's own name."""
    name = _connection_name(telnyx)
    return SuggestedName(name, first_number(telnyx))


def _connection_name(telnyx: Telnyx) -> str | None:
    if telnyx.connection_id is None:
        return None
    try:
        name = connections.fetch_any(telnyx, telnyx.connection_id).name
    except (AccountSuspended, NotThere, PermissionMissing):
        return None
    return names.shown(name)


def first_number(telnyx: Telnyx) -> str | None:
    """The first number on the connection, or of the account where none was named; None where none can be read."""
    query = {"filter[status]": "active", "sort": "phone_number", "page[size]": "1"}
    if telnyx.connection_id is not None:
        query["filter[connection_id]"] = telnyx.connection_id
    try:
        page = next(telnyx.pages(PATH, query))
    except (AccountSuspended, NotThere, PermissionMissing):
        return None
    numbers = (row.get("phone_number") for row in page.rows)
    return next((number for number in numbers if isinstance(number, str) and e164.is_e164(number)), None)
