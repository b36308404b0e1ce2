"""Whether calls may go out through a connection: its profile, how it authenticates, what is left to pay with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from trunkline.checks import PASS, UNKNOWN
from trunkline.errors import PermissionMissing
from trunkline_telnyx import connections, profiles
from trunkline_telnyx.client import Telnyx
from trunkline_telnyx.connections import CREDENTIAL, CREDENTIALS, FQDN, IP, Connection, Place
from trunkline_telnyx.findings import PORTAL, Finding, not_permitted
from trunkline_telnyx.profiles import Profile


def judge(
    telnyx: Telnyx,
    connection: Connection,
    found: Sequence[Place] | None,
    profile: Profile | Finding,
    countries: Sequence[str],
    credit: Callable[[], Decimal | None],
) -> Finding:
    """The verdict; `found` is where the connection leads, if that may be read. Credit is asked for last."""
    finding = profiles.judge(connection, profile, countries)
    if finding.outcome is not PASS:
        return finding
    open_ = _unauthenticated(telnyx, connection, found)
    if open_ is not None:
        return open_
    left = credit()
    return no_credit() if left is not None and left <= 0 else finding


def _unauthenticated(telnyx: Telnyx, connection: Connection, found: Sequence[Place] | None) -> Finding | None:
    """Why Telnyx may not know whose calls they are; None where the connection is set up to tell."""
    if connection.kind == CREDENTIAL or connection.authentication == CREDENTIALS:
        return None
    if connection.kind not in (FQDN, IP):
        summary = f"Whether {connection.words} takes calls from a SIP host to send them on is not known."
        remedy = f"{PORTAL}, make an FQDN connection with user and password for outbound calls, and give its ID."
        return Finding(UNKNOWN, "connection_kind", summary, remedy)
    try:
        # Those of an IP connection were read to see where it leads.
        known = found if connection.kind == IP and found is not None else connections.addresses(telnyx, connection)
    except PermissionMissing as missing:
        return not_permitted("This API key may not read which addresses may call out.", missing.summary)
    if known:
        return None
    summary = (
        "The connection has neither user and password nor an IP address for outbound calls, so Telnyx may refuse them."
    )
    remedy = f"{PORTAL}, open the connection and set how its outbound calls are authenticated."
    return Finding(UNKNOWN, "no_outbound_authentication", summary, remedy)


def no_credit() -> Finding:
    """The verdict where everything is set up and nothing is left to pay with."""
    summary = "Everything is set up, but the account has no credit left, so Telnyx may block its calls (D19)."
    return Finding(UNKNOWN, "no_credit", summary, f"{PORTAL}, open Billing and add funds.")
